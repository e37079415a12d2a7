"""Plain functions in threads: each call in one of its own, so that no number of waiting ones holds up another."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

EndedLate: TypeAlias = Callable[[object, BaseException | None], None]
"""A function that is given the result or the exception of a thread for which nobody waited any longer."""

LEFT_RUNNING: contextvars.ContextVar[Callable[[threading.Thread], EndedLate] | None] = contextvars.ContextVar(
    "switchroom_left_running", default=None
)
"""A function that is called with the thread when a caller stops waiting for its thread, which cannot be stopped."""


async def threaded(call: Callable[[], T]) -> T:
    """Call a function in a thread, in the caller's context, and return its result.

    Pools have a size, and functions that run agents whose tools are functions again would fill one and wait for each other for
    ever. The threads are daemons: a function that hangs does not keep the process from ending.

    A cancelled caller stops waiting, and the thread goes on: `LEFT_RUNNING` is called, and later its `EndedLate`, on the
    event loop or, once the loop is closed, in the thread.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()
    late: list[EndedLate] = []
    ended: list[tuple[T | None, BaseException | None]] = []

    def body() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = context.run(call)
        except BaseException as error:
            # A future cannot hold StopIteration.
            failure = RuntimeError(f"a tool raised {error!r}") if isinstance(error, StopIteration) else error
        try:
            loop.call_soon_threadsafe(end, result, failure)
        except RuntimeError:  # the loop is closed: nobody waits any more
            ended.append((result, failure))
            tell_late()

    def end(result: T | None, failure: BaseException | None) -> None:
        if outcome.done():  # cancelled; the caller may hear of that only after this
            ended.append((result, failure))
            tell_late()
        elif failure is None:
            outcome.set_result(result)  # pyright: ignore[reportArgumentType]
        else:
            outcome.set_exception(failure)

    def tell_late() -> None:
        if late and ended:
            late.pop()(*ended.pop())

    thread = threading.Thread(target=body, name="switchroom-tool", daemon=True)
    thread.start()
    try:
        return await outcome
    except asyncio.CancelledError:
        left_running = LEFT_RUNNING.get()
        if left_running is not None:
            late.append(left_running(thread))
            if not outcome.cancelled():  # the thread ended at the same moment
                failure = outcome.exception()
                ended.append((None if failure else outcome.result(), failure))
            tell_late()
        raise
