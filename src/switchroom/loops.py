"""Code that is not async beside code that is: running a coroutine, finding the loop, awaiting nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_new_loop(running: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own, and return its result; the loop that the caller has set stays set.

    `asyncio.run` leaves the caller's thread without one, so that a program with a loop of its own could not go on with it.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(running)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread; None if none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Done:
    """Something to await that is done already, so that who forgets to await it loses nothing."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()
