"""An event loop whose clock jumps to the next timer when nothing else is left to do, so that tests of time take none."""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GLANCE = 0.01
"""Seconds of real time after which it is looked again whether threads are done."""

STANDSTILL = 1000
"""Turns of the loop at one and the same time, after which the clock creeps on: what computes with times relies on that."""


def in_no_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop with a virtual clock, and leave no task behind.

    What is wrong in a way that would wait for ever fails at once: nothing is ready, and no timer will ever make it so.

    Raises:
        AssertionError: it waits for what cannot happen, or left tasks that had not ended.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:

        async def alone() -> T:
            try:
                return await main
            finally:
                left = asyncio.all_tasks() - {asyncio.current_task()}
                assert not left, f"tasks were left behind: {left}"

        return runner.run(alone())


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` begins at 0 and goes on by jumps: `now`.

    While threads of a test are at work, or a connection is open, time passes as it does for everybody.
    """

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.DefaultSelector):
    """Waits for no time that it can pass over."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._threads = set(threading.enumerate())
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        at_work = not self._threads.issuperset(threading.enumerate())  # before: one that ends in between would be missed
        ready = super().select(0)
        self._turns += 1
        if self._turns > STANDSTILL:
            self._loop.now += time.get_clock_info("monotonic").resolution
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if at_work or len(self.get_map()) > 1:  # the loop's own pipe is always there
            began = time.monotonic()
            ready = super().select(GLANCE if timeout is None else min(timeout, GLANCE))
            self._loop.now += time.monotonic() - began
            return ready
        assert timeout is not None, "the loop waits for what can never happen"
        self._loop.now += timeout
        self._turns = 0
        return []
