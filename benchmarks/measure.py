"""Measuring: CPU time per operation, the best of several rounds, ours and the floor's taken in turn."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

Work = Callable[[], Awaitable[object]]
ROUNDS = 7


class Row(NamedTuple):
    """A measured row.

    Args:
        name: what was done.
        floor: CPU microseconds of the floor.
        ours: CPU microseconds of Switchroom.
        goal: the ratio that is not to be exceeded.
    """

    name: str
    floor: float
    ours: float
    goal: float

    @property
    def ratio(self) -> float:
        """How many times the floor's time ours is."""
        return self.ours / self.floor


def compare(name: str, goal: float, work: tuple[Work, Work], count: int, per: int = 1) -> Row:
    """Measure the floor's work and ours, `count` times a round; `per` is how many operations one piece of work has."""
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for side in (0, 1):
            best[side] = min(best[side], _round(work[side], count) / per)
    return Row(name, best[0], best[1], goal)


def _round(work: Work, count: int) -> float:
    async def repeat() -> float:
        await work()
        gc.collect()
        began = time.process_time()
        for _ in range(count):
            await work()
        return (time.process_time() - began) / count * 1e6

    return asyncio.run(repeat())
