"""Learning from examples: the machine is fitted to all of them, and to all but some at a time, to see how it fares on those."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from switchroom.routing.linear.alike import BIAS, Alike, columns_of
from switchroom.routing.linear.calibration import calibrated
from switchroom.routing.linear.grams import grams_of
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
    alike = Alike(matrix, lesson.dense)
    examples, routes = len(lesson.texts), len(lesson.routes)
    own = np.concatenate([lesson.own, np.arange(routes)])
    problem = Problem(alike, sides_of(own, routes), np.ones((len(own), 1), dtype=np.float32))
    parts = parts_of(lesson.own)
    count = int(parts.max()) + 1
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        progress(min(0.99, ticks / (STEPS * (count + 1))))

    whole = fitted(problem, None, tick)
    unseen = np.zeros((examples, routes), dtype=np.float32)
    for part in range(count):
        ticks = STEPS * (part + 1)
        apart = np.flatnonzero(parts == part)
        weights = problem.weights.copy()
        weights[apart] = 0
        unseen[apart] = fitted(problem._replace(weights=weights), whole, tick).scores[apart]
    calibration = calibrated(unseen, lesson.own)
    nothing = np.zeros((0, routes), dtype=np.float32)
    dense = nothing if lesson.dense is None else lesson.dense.T @ whole.shares
    shift = BIAS * whole.shares.sum(axis=0)
    model = Linear.of(table, columns_of(matrix, whole.shares), shift, dense, calibration)
    confidence = [float(calibration.probabilities(scores).max()) for scores in unseen]
    progress(1.0)
    return Learned(model, confidence, (unseen.argmax(axis=1) == lesson.own).tolist())


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
