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

from switchroom.routing.linear.alike import WHOLE, Sums
from switchroom.routing.linear.table import Floats, Ints, Matrix

ROUTES_TOGETHER = 64
"""Routes up to which all are learned together, from all examples."""

OWN_EXAMPLES = 250
"""Examples of its own routes that a group has at most, unless these are too few routes."""

ROUTES_APART = 8
"""Routes of the mean number of examples that a group has room for at least."""

OTHERS_PER_OWN = 5
"""Examples of other routes that a group is learned from, for each of its own. With 2, CLINC150 loses .004 of its accuracy."""

WORTHWHILE = 4 / 3
"""How many times the examples of a group there are in all, before groups are worth what it costs to find them."""

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

    All are one group where they are few, and where groups would have too many examples for their products to be kept.

    Args:
        matrix: the examples.
        dense: more columns for each example, all of which have values.
        own: the number of each example's route; -1 where it is for none.
    """
    count = int(own.max()) + 1
    placed = np.flatnonzero(own >= 0)
    limit = max(OWN_EXAMPLES, ROUTES_APART * round(len(placed) / count))
    height = limit * (1 + OTHERS_PER_OWN)
    if count <= ROUTES_TOGETHER or len(own) <= WORTHWHILE * height or height > WHOLE:
        return [Group(np.arange(count), np.arange(len(own)))]
    sizes = np.bincount(own[placed], minlength=count)
    shares = np.zeros((len(own), count), dtype=np.float32)
    shares[placed, own[placed]] = 1 / sizes[own[placed]]
    sums = Sums(matrix)
    near = sums.of_rows(sums.of_columns(shares))
    if dense is not None:
        near += dense @ (dense.T @ shares)
    between = np.zeros((count, count), dtype=np.float32)
    np.add.at(between, own[placed], near[placed] / sizes[own[placed], None])
    divided = _divided(np.arange(count), between, sizes, -(-len(placed) // limit))
    return [Group(routes, _rows(near, own, routes, limit)) for routes in divided]


def _divided(routes: Ints, between: Floats, sizes: Ints, count: int) -> Iterator[Ints]:
    """Divide routes into so many groups of about as many examples, by halves. Similar routes stay on one side."""
    if count == 1 or len(routes) == 1:
        yield np.sort(routes)
        return
    order = routes[np.argsort(_direction(between[np.ix_(routes, routes)]), kind="stable")]
    filled = np.cumsum(sizes[order])
    left = count // 2
    cut = min(max(1, int(np.abs(filled - filled[-1] * left / count).argmin()) + 1), len(order) - 1)
    yield from _divided(order[:cut], between, sizes, left)
    yield from _divided(order[cut:], between, sizes, count - left)


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


def _rows(near: Floats, own: Ints, routes: Ints, limit: int) -> Ints:
    """Return all examples of the routes, and the nearest others: for each route as many, the nearest first."""
    inside = np.isin(own, routes)
    mine, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    room = OTHERS_PER_OWN * max(len(mine), limit)
    if room < len(others):
        order = np.argsort(-near[np.ix_(others, routes)], axis=0, kind="stable")
        first: Ints = np.unique(order.ravel(), return_index=True)[1]  # of each example, its first place in the order
        others = others[np.argsort(first, kind="stable")[:room]]
    return np.sort(np.concatenate([mine, others]))
