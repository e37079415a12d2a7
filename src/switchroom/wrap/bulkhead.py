"""A bulkhead: so many calls at once and so many that wait, so that what is slow does not take everything down with it."""

from __future__ import annotations

import asyncio
from typing import Any

from switchroom.errors import BulkheadFull, UserError
from switchroom.wrap.checks import count
from switchroom.wrap.each_loop import EachLoop
from switchroom.wrap.guarded import around, guard, kind_of


class Bulkhead:
    """Places for calls. One bulkhead may guard several things that share a server; of things inside one another it guards one.

    Args:
        at_once: calls that go on at the same time, in one event loop.
        queue: calls that may wait for a place, first come, first served.
        name: what errors call it.

    Raises:
        UserError: a number is out of range.
    """

    def __init__(self, at_once: int, queue: int = 0, *, name: str = "") -> None:
        self.at_once = count(at_once, "Bulkhead(at_once=...)")
        self.queue = count(queue, "Bulkhead(queue=...)", 0)
        self.name = name
        self._lines: EachLoop[_Line] = EachLoop(lambda loop, before: _Line(asyncio.Semaphore(self.at_once)))

    async def call(self, fn: Any, /, *args: Any) -> Any:
        """Make a call when there is a place for it.

        Raises:
            BulkheadFull: there is none, and no room to wait.
        """
        line = self._lines.get()
        if line.inside >= self.at_once + self.queue:
            whose = f" '{self.name}'" if self.name else ""
            raise BulkheadFull(f"The bulkhead{whose} is full: {self.at_once} calls go on, and {self.queue} wait for a place.")
        line.inside += 1
        try:
            async with line.places:
                return await fn(*args)
        finally:
            line.inside -= 1


class _Line:
    """The places of one event loop, and how many calls have one or wait for one."""

    __slots__ = ("inside", "places")

    def __init__(self, places: asyncio.Semaphore) -> None:
        self.places = places
        self.inside = 0


@guard
def bulkhead(guarded: Any, places: Bulkhead) -> Any:
    """Let so many calls of a model, a tool or a step go on at once, and so many wait.

    Args:
        guarded: the model, tool or step.
        places: `Bulkhead(at_once=8, queue=16)`.

    Returns:
        one that raises `BulkheadFull` where there is no place, and no room to wait.

    Raises:
        UserError: `places` is no bulkhead.
    """
    if not isinstance(places, Bulkhead):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"bulkhead(places={places!r}): pass Bulkhead(at_once=8, queue=16).")
    return around(guarded, kind_of(guarded, "bulkhead"), places.call)
