"""Coroutines that are waited for by code that is not async."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_new_loop(running: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own, and return its result; the loop that the caller has set stays set.

    `asyncio.run` leaves the caller's thread without one, so that a program with a loop of its own could not go on with it.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(running)
