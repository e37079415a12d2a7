"""From checked examples to what is saved of a router: numbered, encoded, learned from, with a threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec.structs import replace

from switchroom.errors import UserError
from switchroom.routing.linear.file import Saved
from switchroom.routing.linear.table import Floats
from switchroom.routing.linear.training import Lesson, learn, spoken
from switchroom.routing.thresholds import Curve

Encoder: TypeAlias = Callable[[Sequence[str]], Any]
Options: TypeAlias = tuple[str, float | None, Encoder | None, Callable[[float], None] | None]
"""Name, threshold, encoder, and who is told of the progress."""

LOWEST = 0.1
"""The threshold where no text is known that is for none of the routes."""

DENSE = 1.0
"""How much an encoder's numbers count, against a text's grams."""


def learned(texts: Sequence[str], labels: Sequence[str], strange: Sequence[str], options: Options) -> Saved:
    """Learn from examples that were checked."""
    name, threshold, encoder, progress = options
    routes = sorted(set(labels))
    number = {route: place for place, route in enumerate(routes)}
    own = np.array([number[label] for label in labels] + [-1] * len(strange))
    everything = [*texts, *strange]
    dense = None if encoder is None else encoded(encoder, [*everything, *map(spoken, routes)])
    result = learn(Lesson(everything, own, routes, dense), progress or _nobody)
    curve = Curve.of(zip(result.confidence, result.right, (own >= 0).tolist(), strict=True))
    if threshold is None:
        threshold = max(LOWEST, curve.best()) if strange else LOWEST
    counts = tuple(int(count) for count in np.bincount(own[own >= 0], minlength=len(routes)))
    return Saved(name, tuple(routes), counts, float(threshold), curve, result.model)


def with_threshold(saved: Saved, threshold: float) -> Saved:
    """The same with another threshold."""
    return replace(saved, threshold=threshold)


def encoded(encoder: Encoder, texts: Sequence[str], width: int | None = None) -> Floats:
    """What an encoder makes of texts: a row of length one for each.

    Raises:
        UserError: it gives something else than as many rows of finite numbers, of the width that was learned with.
    """
    given = encoder(texts)
    try:
        rows = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        rows = np.zeros((0, 0), dtype=np.float32)
    if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1] or not np.isfinite(rows).all():
        raise UserError(
            f"The encoder gave {rows.shape} for {len(texts)} texts. It gives a row of finite numbers for each text."
        )
    if width is not None and rows.shape[1] != width:
        raise UserError(
            f"The encoder gives {rows.shape[1]} numbers for a text, and the router learned with {width}. Use that one."
        )
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (DENSE * rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _nobody(share: float) -> None:
    """Nobody wants to know of the progress."""
