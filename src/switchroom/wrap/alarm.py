"""Waking after a while: for many calls whose time hardly ever runs out, one timer of the event loop does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import TypeAlias

from switchroom.wrap.each_loop import EachLoop

Ring: TypeAlias = Callable[[], None]


class Alarm:
    """Calls functions after a while, unless it is told before that there is no need.

    A timer of the event loop for each costs more than what is timed. Here those that were not needed cost an entry in a dict.
    """

    def __init__(self) -> None:
        self._lines = EachLoop(_Line)

    def set(self, ring: Ring, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Call a function in so many seconds, in a loop, which is the one that runs."""
        self._lines.of(loop).set(ring, seconds)

    def clear(self, ring: Ring, loop: asyncio.AbstractEventLoop) -> None:
        """Do not call it any more; nothing happens where it was called."""
        self._lines.of(loop).due.pop(ring, None)


class _Line:
    """Who waits in one event loop.

    Attributes:
        due: when each is to be called, in the order in which they were set.
    """

    __slots__ = ("_armed", "_last", "_loop", "_mixed", "_timer", "due")

    def __init__(self, loop: asyncio.AbstractEventLoop, before: _Line | None) -> None:
        self.due: dict[Ring, float] = {}
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._armed = inf
        self._last = 0.0
        self._mixed = False  # whether one that was set later may be due earlier

    def set(self, ring: Ring, seconds: float) -> None:
        when = self.due[ring] = self._loop.time() + seconds
        if when < self._last:
            self._mixed = True
        self._last = when
        if when < self._armed:
            self._arm(when)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = when
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._armed = inf
        now = self._loop.time()
        for ring in self._over(now):
            del self.due[ring]
            ring()
        if self.due:
            self._arm(min(self.due.values()) if self._mixed else next(iter(self.due.values())))
        else:
            self._mixed = False

    def _over(self, now: float) -> list[Ring]:
        over: list[Ring] = []
        for ring, when in self.due.items():
            if when <= now:
                over.append(ring)
            elif not self._mixed:
                break
        return over
