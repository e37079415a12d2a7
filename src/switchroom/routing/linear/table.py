"""Texts as rows of numbers: which grams are known, how rare each is, and how long a text with unknown ones is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log, sqrt
from operator import mul
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from switchroom.routing.linear.grams import WEIGHTS, Grams, grams_of

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]

MANY = 4000
"""Texts from which on a gram has to stand in two of them to be known: what stands in one teaches little then."""

MOST = 40_000
"""Grams that are known at most, the most frequent ones."""

_SCALE = sqrt(sum(weight * weight for weight in WEIGHTS))


class Row(NamedTuple):
    """A text as numbers: the columns of the grams that are known, and their values. Its length is 1 if all are known.

    The first `words` of them are single words.
    """

    columns: list[int]
    values: list[float]
    words: int


class Table:
    """Knows grams by column, and how rare they are.

    Args:
        columns: the grams in the order of their columns, `family` + gram, the most frequent first.
        counts: in how many texts each stood.
        texts: in how many texts they were counted.
    """

    def __init__(self, columns: Sequence[str], counts: Sequence[int], texts: int) -> None:
        self.columns = list(columns)
        self.counts = list(counts)
        self.texts = texts
        self._found: dict[str, dict[str, int]] = {family: {} for family in FAMILIES}
        for column, gram in enumerate(self.columns):
            self._found[gram[0]][gram[1:]] = column
        self._rare = [_rarity(count, texts) for count in counts]
        self._unknown = _rarity(0, texts)

    @staticmethod
    def of(texts: Sequence[Grams]) -> Table:
        """The table of the grams of some texts."""
        counts: Counter[str] = Counter()
        for grams in texts:
            for family, kind in zip(FAMILIES, grams, strict=True):
                counts.update(family + gram for gram in kind)
        least = 2 if len(texts) > MANY else 1
        known = [(gram, count) for gram, count in counts.items() if count >= least]
        known.sort(key=lambda one: (-one[1], one[0]))
        del known[MOST:]
        return Table([gram for gram, _ in known], [count for _, count in known], len(texts))

    def row(self, text: str) -> Row:
        """A text as numbers."""
        return self.row_of(grams_of(text))

    def row_of(self, grams: Grams) -> Row:
        """The grams of a text as numbers. Each family has its share of the length, in which unknown grams count, too."""
        columns: list[int] = []
        values: list[float] = []
        rarity = self._rare
        for family, kind, weight in zip(FAMILIES, grams, WEIGHTS, strict=True):
            here = [column for column in map(self._found[family].get, kind) if column is not None]
            if here:
                rare = [rarity[column] for column in here]
                unknown = len(kind) - len(here)
                length = sqrt(sum(map(mul, rare, rare)) + unknown * self._unknown * self._unknown)
                share = weight / (length * _SCALE)
                columns += here
                values += [value * share for value in rare]
        known = self._found[FAMILIES[0]]
        return Row(columns, values, sum(gram in known for gram in grams.words if " " not in gram))


FAMILIES = ("w", "p", "c")


def _rarity(count: int, texts: int) -> float:
    return log((1 + texts) / (1 + count)) + 1


class Matrix(NamedTuple):
    """Rows one below the other, only what is not zero: the entries of row i begin at `starts[i]`."""

    starts: Ints
    columns: Ints
    values: Floats
    width: int

    @staticmethod
    def of(rows: Iterable[Row], width: int) -> Matrix:
        """The matrix of some rows."""
        starts, columns, values = [0], list[int](), list[float]()
        for row in rows:
            columns += row.columns
            values += row.values
            starts.append(len(columns))
        return Matrix(np.array(starts), np.array(columns, dtype=np.int64), np.array(values, dtype=np.float32), width)

    @property
    def rows(self) -> Ints:
        """The number of each entry's row."""
        return np.repeat(np.arange(self.height), np.diff(self.starts))

    def take(self, rows: Ints) -> Matrix:
        """The matrix of some of its rows, in the order of their numbers."""
        lengths = np.diff(self.starts)[rows]
        starts: Ints = np.concatenate([[0], np.cumsum(lengths)])
        entries: Ints = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(int(starts[-1]))
        return Matrix(starts, self.columns[entries], self.values[entries], self.width)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return len(self.starts) - 1
