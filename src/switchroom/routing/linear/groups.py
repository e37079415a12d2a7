"""Routes in groups of bounded size, each learned apart: from its own examples and the nearest ones of other routes.

The planes of a one-against-all machine do not depend on one another, so each group may be fitted alone. Examples far from a
route hardly move its plane: training each plane against hard negatives only, and splitting the routes by balanced bisection of
their centroids, are known from extreme classification (Prabhu et al., "Parabel", WWW 2018; Jain et al., "Slice", WSDM 2019).
Each group costs the same, and their number grows with the number of routes. Finding what is near costs one product of all
examples with all centroids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from switchroom.routing.linear.alike import columns_of, rows_of
from switchroom.routing.linear.table import Floats, Ints, Matrix

MOST_TOGETHER = 64
"""Routes up to which all are learned together, from all examples."""

OWN_EXAMPLES = 400
"""Examples of its own routes that a group has at most, where it has more than one route."""

OTHERS_PER_OWN = 2
"""Examples of other routes that a group is learned from, for each of its own."""

_POWER_STEPS = 30


class Group(NamedTuple):
    """Routes that are learned together.

    Args:
        routes: their numbers.
        rows: the examples that they are learned from.
    """

    routes: Ints
    rows: Ints


def groups_of(matrix: Matrix, dense: Floats | None, own: Ints) -> list[Group]:
    """Divide routes into groups, similar ones together.

    Args:
        matrix: the examples.
        dense: more columns for each example, all of which have values.
        own: the number of each example's route; -1 where it is for none.
    """
    count = int(own.max()) + 1
    if count <= MOST_TOGETHER:
        return [Group(np.arange(count), np.arange(len(own)))]
    placed = np.flatnonzero(own >= 0)
    sizes = np.bincount(own[placed], minlength=count)
    shares = np.zeros((len(own), count), dtype=np.float32)
    shares[placed, own[placed]] = 1 / sizes[own[placed]]
    near = rows_of(matrix, columns_of(matrix, shares))
    if dense is not None:
        near += dense @ (dense.T @ shares)
    between = np.zeros((count, count), dtype=np.float32)
    np.add.at(between, own[placed], near[placed] / sizes[own[placed], None])
    limit = max(OWN_EXAMPLES, int(sizes.max()))
    return [Group(routes, _rows(near, own, routes)) for routes in _halved(np.arange(count), between, sizes, limit)]


def _halved(routes: Ints, between: Floats, sizes: Ints, limit: int) -> Iterator[Ints]:
    """Halve routes until their examples are within the limit. Similar routes stay on one side."""
    total = int(sizes[routes].sum())
    if total <= limit or len(routes) == 1:
        yield np.sort(routes)
        return
    order = routes[np.argsort(_direction(between[np.ix_(routes, routes)]), kind="stable")]
    cut = int(np.searchsorted(np.cumsum(sizes[order]), total / 2)) + 1
    cut = min(max(1, cut), len(order) - 1)
    yield from _halved(order[:cut], between, sizes, limit)
    yield from _halved(order[cut:], between, sizes, limit)


def _direction(between: Floats) -> Floats:
    """Return where each centroid lies along the direction in which they differ most, by power iteration."""
    centred = between - between.mean(axis=0) - between.mean(axis=1)[:, None] + between.mean()
    way: Floats = centred[:, int(np.diag(centred).argmax())]
    for _ in range(_POWER_STEPS):
        length = float(np.linalg.norm(way))
        if length < 1e-12:
            break
        way = centred @ (way / length)
    return way


def _rows(near: Floats, own: Ints, routes: Ints) -> Ints:
    """Return all examples of the routes, and the nearest others: for each route as many, the nearest first."""
    inside = np.isin(own, routes)
    mine, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    room = OTHERS_PER_OWN * max(len(mine), OWN_EXAMPLES)
    if room < len(others):
        order = np.argsort(-near[np.ix_(others, routes)], axis=0, kind="stable")
        first: Ints = np.unique(order.ravel(), return_index=True)[1]  # of each example, its first place in the order
        others = others[np.argsort(first, kind="stable")[:room]]
    return np.sort(np.concatenate([mine, others]))
