"""The linear machine: for each route a plane between its examples and all others, found by a quasi-Newton method.

What is minimised is the squared hinge loss of all planes together. The steps are taken in the geometry of the planes' own
normals, of which only the shares of the examples are known (`Shares`): each step then costs one product with the examples'
likenesses, and some dozens of them are enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from switchroom.routing.linear.alike import Alike
from switchroom.routing.linear.table import Floats, Ints

PENALTY = 0.3
"""What long normals cost, against mistakes."""

STEPS = 60
MEMORY = 5
CLOSE = 3e-4
"""How much smaller than at the start the slope is to be at the end."""

CLOSE_BY = 3e-4
"""The same where the search began near the end."""


class Shares(NamedTuple):
    """Something that is made of the examples: their shares in it for each route, and its score at each example."""

    shares: Floats
    scores: Floats

    def times(self, factor: float) -> Shares:
        """So many times this."""
        return Shares(self.shares * factor, self.scores * factor)

    def plus(self, other: Shares, factor: float) -> Shares:
        """This and so many times the other."""
        sum = other.times(factor)
        np.add(sum.shares, self.shares, out=sum.shares)
        np.add(sum.scores, self.scores, out=sum.scores)
        return sum

    def dot(self, other: Shares) -> float:
        """The product of the two, as the normals see it."""
        return float(np.vdot(self.shares, other.scores))


class Problem(NamedTuple):
    """What is to be solved.

    Args:
        alike: the examples' likenesses.
        sides: a row for each example: 1 for its own route, -1 for the others.
        weights: how much each example counts, as a column. One that counts nothing has no share, and its score is that of a
            text never seen.
    """

    alike: Alike
    sides: Floats
    weights: Floats

    def missing(self, at: Shares) -> Floats:
        """By how much each example falls short of standing clearly on its sides, times its weight."""
        short = self.sides * at.scores
        np.subtract(1, short, out=short)
        return np.maximum(0, short, out=short)

    def loss(self, at: Shares, missing: Floats) -> float:
        """What is minimised."""
        return float(np.vdot(self.weights * missing, missing)) + PENALTY / 2 * at.dot(at)

    def slope(self, at: Shares, missing: Floats) -> Shares:
        """The loss's slope."""
        shares = PENALTY * at.shares
        shares -= 2 * self.weights * self.sides * missing
        return Shares(shares, self.alike @ shares)


def fitted(problem: Problem, start: Shares | None, tick: Callable[[], None]) -> Shares:
    """The examples' shares in the normals of all planes, and the scores of all examples.

    Args:
        problem: what is to be solved.
        start: where the search begins, if something near is known: the shares of a search with other weights. The end is the
            same from everywhere.
        tick: called before each step.
    """
    at = Shares(np.zeros_like(problem.sides), np.zeros_like(problem.sides))
    missing = problem.missing(at)
    loss, slope = problem.loss(at, missing), problem.slope(at, missing)
    goal = (CLOSE if start is None else CLOSE_BY) ** 2 * slope.dot(slope)
    if start is not None:
        shares = np.where(problem.weights > 0, start.shares, 0)
        at = Shares(shares, problem.alike @ shares)
        missing = problem.missing(at)
        loss, slope = problem.loss(at, missing), problem.slope(at, missing)
    past: deque[tuple[Shares, Shares, float]] = deque(maxlen=MEMORY)
    for _ in range(STEPS):
        tick()
        if slope.dot(slope) <= goal:
            break
        way = _newton(slope, past)
        descent, size = slope.dot(way), 1.0
        while True:
            there = at.plus(way, size)
            missing = problem.missing(there)
            ahead = problem.loss(there, missing)
            if ahead <= loss + 1e-4 * size * descent or size < 1e-6:
                break
            size *= 0.5
        before, slope = slope, problem.slope(there, missing)
        moved, bent = way.times(size), slope.plus(before, -1.0)
        curve = moved.dot(bent)
        if curve > 0:
            past.append((moved, bent, 1 / curve))
        at, loss = there, ahead
    return at


def sides_of(own: Ints, routes: int) -> Floats:
    """The sides on which examples stand, of the number of each one's route; -1 is an example of none."""
    sides = np.full((len(own), routes), -1, dtype=np.float32)
    some = own >= 0
    sides[np.flatnonzero(some), own[some]] = 1
    return sides


def _newton(slope: Shares, past: deque[tuple[Shares, Shares, float]]) -> Shares:
    """The way down: the slope, bent by what the last steps told of the curvature."""
    way = slope
    kept: list[float] = []
    for moved, bent, inverse in reversed(past):
        share = inverse * moved.dot(way)
        kept.append(share)
        way = way.plus(bent, -share)
    if past:
        _, bent, inverse = past[-1]
        way = way.times(1 / (inverse * bent.dot(bent)))
    for (moved, bent, inverse), share in zip(past, reversed(kept), strict=True):
        way = way.plus(moved, share - inverse * bent.dot(way))
    return way.times(-1.0)
