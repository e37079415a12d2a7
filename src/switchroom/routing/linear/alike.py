"""How alike texts are: the products of a matrix's rows with one another, without ever writing all of them down."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from switchroom.routing.linear.table import Floats, Ints, Matrix

WHOLE = 3000
"""Rows up to which the products are computed once, and kept."""

OFTEN = 16
"""A column that at least one row in so many has is multiplied as a whole."""

AT_ONCE = 1 << 23
"""Numbers that are gathered at a time."""

BIAS = 0.1
"""How alike all texts are, whatever is in them."""


class Bundle(NamedTuple):
    """Lines of equal length: what they stand for, and for each of their entries the other side's place and the value."""

    lines: Ints
    others: Ints
    values: Floats


class Alike:
    """The products of rows with one another, as a matrix that only multiplies.

    Args:
        matrix: the rows.
        dense: more columns for each row, all of which have values.
    """

    def __init__(self, matrix: Matrix, dense: Floats | None = None) -> None:
        self.height = matrix.height
        rows = matrix.rows
        counts = np.bincount(matrix.columns, minlength=matrix.width)
        often = counts * OFTEN >= self.height
        once = counts <= 1
        # A gram of a single text makes this text more like itself, and like no other.
        mine = once[matrix.columns]
        self._own = np.bincount(rows[mine], matrix.values[mine] ** 2, minlength=self.height).astype(np.float32)[:, None]
        place = np.cumsum(often) - 1
        whole = often[matrix.columns]
        self._often = np.zeros((self.height, int(often.sum())), dtype=np.float32)
        self._often[rows[whole], place[matrix.columns[whole]]] = matrix.values[whole]
        if dense is not None:
            self._often = np.concatenate([self._often, dense], axis=1)
        rest = ~(mine | whole)
        names, columns = np.unique(matrix.columns[rest], return_inverse=True)
        self._between = len(names)
        self._up = list(_bundles(columns, rows[rest], matrix.values[rest]))
        self._down = list(_bundles(rows[rest], columns, matrix.values[rest]))
        self._all: Floats | None = None
        if self.height <= WHOLE:
            self._all = self._products()

    def __matmul__(self, right: Floats) -> Floats:
        """The products with a matrix of as many rows."""
        return self._times(right) if self._all is None else self._all @ right

    def _products(self) -> Floats:
        """All products. A column that few rows have adds to the products of each two of them."""
        result = self._often @ self._often.T
        result += BIAS
        result[np.diag_indices(self.height)] += self._own[:, 0]
        flat = result.reshape(-1)
        for bundle in self._up:
            rows, values = bundle.others, bundle.values[:, 0, :]
            step = max(1, AT_ONCE // rows.shape[1] ** 2)
            for at in range(0, len(rows), step):
                some, worth = rows[at : at + step], values[at : at + step]
                places = some[:, :, None] * self.height + some[:, None, :]
                np.add.at(flat, places.reshape(-1), (worth[:, :, None] * worth[:, None, :]).reshape(-1))
        return result

    def _times(self, right: Floats) -> Floats:
        result = self._often @ (self._often.T @ right)
        result += self._own * right
        result += BIAS * right.sum(axis=0)
        if self._between:
            between = np.zeros((self._between, right.shape[1]), dtype=np.float32)
            for bundle in self._up:
                between[bundle.lines] = _gathered(bundle, right)
            for bundle in self._down:
                result[bundle.lines] += _gathered(bundle, between)
        return result


class Sums:
    """The sums over a matrix's rows and over its columns, for which its entries are put in order once.

    Args:
        matrix: the rows.
    """

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix

    def of_columns(self, shares: Floats) -> Floats:
        """For each column, the sum of the shares of the rows that have it, each times its value."""
        return _summed(self._matrix.width, self._by_columns, shares)

    def of_rows(self, weights: Floats) -> Floats:
        """For each row, the sum of the weights of the columns that it has, each times its value."""
        return _summed(self._matrix.height, self._by_rows, weights)

    @cached_property
    def _by_columns(self) -> list[Bundle]:
        return list(_bundles(self._matrix.columns, self._matrix.rows, self._matrix.values))

    @cached_property
    def _by_rows(self) -> list[Bundle]:
        return list(_bundles(self._matrix.rows, self._matrix.columns, self._matrix.values))


def _summed(height: int, bundles: list[Bundle], right: Floats) -> Floats:
    result = np.zeros((height, right.shape[1]), dtype=np.float32)
    for bundle in bundles:
        result[bundle.lines] = _gathered(bundle, right)
    return result


def _bundles(lines: Ints, others: Ints, values: Floats) -> Iterator[Bundle]:
    """The entries of a matrix by lines, lines of equal length together."""
    order = np.argsort(lines, kind="stable")
    names, begins, lengths = np.unique(lines[order], return_index=True, return_counts=True)
    others, values = others[order], values[order]
    for length in np.unique(lengths):
        which = lengths == length
        entries: Ints = np.add.outer(begins[which], np.arange(int(length)))
        yield Bundle(names[which], others[entries], values[entries][:, None, :])


def _gathered(bundle: Bundle, right: Floats) -> Floats:
    """For each line of a bundle, the sum of the other side's rows, each times its value."""
    height, length = bundle.others.shape
    step = max(1, AT_ONCE // (length * right.shape[1]))
    parts = [(bundle.values[at : at + step] @ right[bundle.others[at : at + step]])[:, 0, :] for at in range(0, height, step)]
    return np.concatenate(parts)
