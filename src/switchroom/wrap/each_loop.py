"""What belongs to an event loop, such as a line of those who wait: one for each loop, while there is the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class EachLoop(Generic[T]):
    """Something for each event loop, made when it is first asked for.

    Args:
        make: makes it, of the one before, if the loop of that one is closed.
    """

    def __init__(self, make: Callable[[T | None], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """The one of the loop that runs."""
        loop = asyncio.get_running_loop()
        made = self._made.get(loop)
        if made is None:
            before: T | None = None
            for other in list(self._made):  # by hand: what is held knows its loop, so that no weak reference would ever end
                if other.is_closed():
                    before = self._made.pop(other, None)
            made = self._made[loop] = self._make(before)
        return made
