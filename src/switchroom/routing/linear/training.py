"""Learning from examples: the machine is fitted to all of them, and to all but some at a time, to see how it fares on those."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from switchroom.routing.linear.alike import BIAS, Alike, Sums
from switchroom.routing.linear.calibration import calibrated
from switchroom.routing.linear.grams import grams_of
from switchroom.routing.linear.groups import groups_of
from switchroom.routing.linear.machine import STEPS, Problem, fitted, sides_of
from switchroom.routing.linear.model import Linear
from switchroom.routing.linear.table import Floats, Ints, Matrix, Table

PARTS = ((150, 20), (600, 10), (6000, 5))
"""Up to so many examples, in so many parts are they set aside."""

FEW_PARTS = 3
_SEED = 20_240_601
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Lesson(NamedTuple):
    """What is to be learned.

    Args:
        texts: the examples.
        own: the number of each one's route; -1 where it is for none of them.
        routes: the routes' names. They are words, too, and count as an example each.
        dense: what an encoder makes of the texts and then of the names, a row each; None without an encoder.
    """

    texts: Sequence[str]
    own: Ints
    routes: Sequence[str]
    dense: Floats | None


class Learned(NamedTuple):
    """What came of it.

    Args:
        model: the model.
        confidence: for each example, how sure a model was that had not seen it.
        right: whether that one's likeliest route was the example's own.
    """

    model: Linear
    confidence: list[float]
    right: list[bool]


def learn(lesson: Lesson, progress: Callable[[float], None]) -> Learned:
    """Learn from examples.

    Args:
        lesson: the examples.
        progress: told the share that is done, from 0 to 1.
    """
    grams = [grams_of(text) for text in [*lesson.texts, *map(spoken, lesson.routes)]]
    table = Table.of(grams)
    matrix = Matrix.of(map(table.row_of, grams), len(table.columns))
    examples, routes = len(lesson.texts), len(lesson.routes)
    own = np.concatenate([lesson.own, np.arange(routes)])
    parts = np.concatenate([parts_of(lesson.own), np.full(routes, -1)])
    groups = groups_of(matrix, lesson.dense, own)
    count = int(parts.max()) + 1
    searches = 0

    def ticker() -> Callable[[], None]:
        """What a search tells of its steps, each search from where the one before it was to end."""
        nonlocal searches
        searches += 1
        steps = iter(range(STEPS * (searches - 1) + 1, STEPS * searches + 1))
        return lambda: progress(min(0.99, next(steps) / (STEPS * (count + 1) * len(groups))))

    everything = Examples(matrix, lesson.dense, own, parts)
    apart = [(places := np.flatnonzero(parts == part), everything.take(places)) for part in range(count)]
    taught = Taught.nothing(matrix, lesson.dense, routes)
    for group in groups:
        _teach(taught, everything.take(group.rows), apart, group.routes, ticker)
    unseen = taught.unseen[:examples]
    calibration = calibrated(unseen, lesson.own)
    model = Linear.of(table, taught.weights, taught.shift, taught.encoded, calibration)
    confidence = [float(calibration.probabilities(scores).max()) for scores in unseen]
    progress(1.0)
    return Learned(model, confidence, (unseen.argmax(axis=1) == lesson.own).tolist())


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples as numbers, the routes' names behind them.

    Args:
        matrix: their grams.
        dense: what an encoder makes of them; None without one.
        own: the number of each one's route; -1 where it is for none.
        parts: the part in which each is set aside; -1 where it never is.
    """

    matrix: Matrix
    dense: Floats | None
    own: Ints
    parts: Ints

    def take(self, rows: Ints) -> Examples:
        """Some of them."""
        dense = None if self.dense is None else self.dense[rows]
        return Examples(self.matrix.take(rows), dense, self.own[rows], self.parts[rows])

    def planes(self, shares: Floats) -> Planes:
        """The planes of which these examples have such shares."""
        encoded = np.zeros((0, shares.shape[1]), dtype=np.float32) if self.dense is None else self.dense.T @ shares
        return Planes(self._sums.of_columns(shares), BIAS * shares.sum(axis=0), encoded)

    def scores(self, planes: Planes) -> Floats:
        """The score of each example for each plane."""
        scores = self._sums.of_rows(planes.weights)
        scores += planes.shift
        if self.dense is not None:
            scores += self.dense @ planes.encoded
        return scores

    @cached_property
    def _sums(self) -> Sums:
        return Sums(self.matrix)


class Planes(NamedTuple):
    """Planes of some routes: the weights of grams, what scores begin with, and the weights of an encoder's numbers, if any."""

    weights: Floats
    shift: Floats
    encoded: Floats


class Taught(NamedTuple):
    """What is learned of all routes, group by group.

    Args:
        weights, shift, encoded: the planes, as in `Planes`; `encoded` has no rows without an encoder.
        unseen: the scores that examples got from planes that had not seen them.
    """

    weights: Floats
    shift: Floats
    encoded: Floats
    unseen: Floats

    @staticmethod
    def nothing(matrix: Matrix, dense: Floats | None, routes: int) -> Taught:
        """What is known before anything is learned."""
        width = 0 if dense is None else dense.shape[1]
        heights = (matrix.width, 1, width, matrix.height)
        weights, shift, encoded, unseen = (np.zeros((height, routes), dtype=np.float32) for height in heights)
        return Taught(weights, shift[0], encoded, unseen)


def _teach(
    taught: Taught,
    seen: Examples,
    apart: Sequence[tuple[Ints, Examples]],
    routes: Ints,
    ticker: Callable[[], Callable[[], None]],
) -> None:
    """Learn the planes of some routes, and what the examples of each part score on planes that have not seen this part.

    Args:
        taught: takes what is learned.
        seen: the examples that the planes are learned from.
        apart: for each part, the places of its examples among all, and these examples.
        routes: the numbers of the routes.
        ticker: makes what each search is followed by.
    """
    place = np.full(len(taught.shift) + 1, -1)  # the last is for examples of no route
    place[routes] = np.arange(len(routes))
    sides = sides_of(place[seen.own], len(routes))
    problem = Problem(Alike(seen.matrix, seen.dense), sides, np.ones((len(sides), 1), dtype=np.float32))
    whole = fitted(problem, None, ticker())
    planes = seen.planes(whole.shares)
    taught.weights[:, routes], taught.shift[routes] = planes.weights, planes.shift
    taught.encoded[:, routes] = planes.encoded
    for part, (places, examples) in enumerate(apart):
        weights = (seen.parts != part).astype(np.float32)[:, None]
        without = fitted(problem._replace(weights=weights), whole, ticker())
        taught.unseen[np.ix_(places, routes)] = examples.scores(seen.planes(without.shares))


def parts_of(own: Ints) -> Ints:
    """The part in which each example is set aside; the examples of a route are spread evenly over the parts."""
    count = next((parts for most, parts in PARTS if len(own) <= most), FEW_PARTS)
    count = max(2, min(count, len(own)))
    random = np.random.default_rng(_SEED)
    parts = np.zeros(len(own), dtype=np.int64)
    at = 0
    for route in np.unique(own):
        places = random.permutation(np.flatnonzero(own == route))
        parts[places] = (np.arange(len(places)) + at) % count
        at += len(places)
    return parts


def spoken(route: str) -> str:
    """A route's name as words: "cancel_order", "cancelOrder" and "cancel-order" are the same two."""
    return _CAPITAL.sub(" ", route.replace("_", " "))
