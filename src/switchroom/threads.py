"""Plain functions in threads: each call in one of its own, so that no number of waiting ones holds up another."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from switchroom.failure import told

T = TypeVar("T")


async def threaded(call: Callable[[], T]) -> T:
    """Call a function in a thread, in the caller's context, and give what it gave.

    Pools have a size, and functions that run agents whose tools are functions again would fill one and wait for each other for
    ever. The threads are daemons: a function that hangs does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def body() -> None:
        try:
            result = context.run(call)
        except BaseException as error:
            end(_fail, error)
        else:
            end(_give, result)

    def end(how: Callable[[asyncio.Future[T], object], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(how, outcome, what)

    threading.Thread(target=body, name="switchroom-tool", daemon=True).start()
    return await outcome


def _give(outcome: asyncio.Future[T], result: object) -> None:
    if not outcome.done():
        outcome.set_result(result)  # pyright: ignore[reportArgumentType]


def _fail(outcome: asyncio.Future[T], error: object) -> None:
    if not outcome.done():
        if isinstance(error, StopIteration):  # a future cannot hold it
            error = RuntimeError(f"a tool raised StopIteration: {told(error)}")
        outcome.set_exception(error)  # pyright: ignore[reportArgumentType]
