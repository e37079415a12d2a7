"""What belongs to an event loop, such as a line of those who wait: one for each loop, while there is the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class EachLoop(Generic[T]):
    """Something for each event loop, made when it is first asked for.

    Args:
        make: makes it, of the loop, and of the one before if the loop of that one is closed.
    """

    def __init__(self, make: Callable[[asyncio.AbstractEventLoop, T | None], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """The one of the loop that runs."""
        return self.of(asyncio.get_running_loop())

    def of(self, loop: asyncio.AbstractEventLoop) -> T:
        """The one of a loop, which is the one that runs: to ask for that costs a call of the system in some Pythons."""
        made = self._made.get(loop)
        return self._new(loop) if made is None else made

    def _new(self, loop: asyncio.AbstractEventLoop) -> T:
        before: T | None = None
        for other in list(self._made):  # by hand: what is held knows its loop, so that no weak reference would ever end
            if other.is_closed():
                before = self._made.pop(other, None)
        made = self._made[loop] = self._make(loop, before)
        return made
