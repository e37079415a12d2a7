"""A race of two: a second call begins when the first takes long, the first answer wins, and the other call is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from switchroom.errors import RunError
from switchroom.failure import add_note, told
from switchroom.wrap.alarm import Alarm
from switchroom.wrap.stop import Stop

T = TypeVar("T")


class Hearing(Protocol):
    """Whom of the two somebody has heard. Where nobody listens, there is no need of one."""

    def heard(self) -> int | None:
        """Which of the two (0, 1) was heard; None if nobody was."""
        ...

    async def turn_over(self, reason: str) -> bool:
        """Let the other be heard instead. False: who was heard cannot be taken back."""
        ...


class Outcome(msgspec.Struct, Generic[T]):
    """How a race ended.

    Args:
        answer: what won.
        winner: which of the two (0, 1) it came from.
        other: what the loser answered, if it answered too.
        cut: whether the loser was ended before it had answered or failed.
    """

    answer: T
    winner: int = 0
    other: T | None = None
    cut: bool = False


class Race(Generic[T]):
    """One call, and a second one if that takes long.

    The first call needs no task of its own: it runs in the caller's, and is stopped when the second has won.

    Args:
        second: begins the second call; None if it is not to begin now.
        hearing: whom somebody has heard, if somebody listens.

    Attributes:
        rival: the second call, if it has begun.
    """

    __slots__ = ("_hearing", "_running", "_second", "_stop", "rival")

    def __init__(self, second: Callable[[], Coroutine[Any, Any, T] | None], hearing: Hearing | None = None) -> None:
        self._second = second
        self._hearing = hearing
        self._running = True
        self.rival: asyncio.Task[T] | None = None

    async def run(self, first: Awaitable[T], alarm: Alarm, after: float) -> Outcome[T]:
        """What wins, if the second call begins so many seconds after the first.

        Raises:
            Exception: what the first call raised; both failed, or what was heard of one cannot be taken back.
        """
        loop = asyncio.get_running_loop()
        stop = self._stop = Stop(loop)
        alarm.set(self, after, loop)
        try:
            answer = await first
        except asyncio.CancelledError:
            if not stop.stopped or not stop.over() or self.rival is None:
                raise
            return Outcome(self.rival.result(), 1, cut=True)
        except Exception as error:
            self._running = False
            return await self._first_failed(error)
        else:
            self._running = False
            return Outcome(answer) if self.rival is None else await self._first_answered(answer, self.rival)
        finally:
            alarm.clear(self, loop)
            self._running = False
            if stop.stopped:  # the first call made something else of it
                stop.over()
            if self.rival is not None:
                await _end(self.rival)

    def __call__(self) -> None:
        """It takes long: begin the second call."""
        if not self._running or self._heard() is not None:
            return
        second = self._second()
        if second is not None:
            self.rival = asyncio.create_task(second)
            self.rival.add_done_callback(self._rival_ended)

    def _rival_ended(self, rival: asyncio.Task[T]) -> None:
        if self._running and _error(rival) is None and self._heard() != 0:
            self._stop()

    def _heard(self) -> int | None:
        return None if self._hearing is None else self._hearing.heard()

    async def _first_answered(self, answer: T, rival: asyncio.Task[T]) -> Outcome[T]:
        if self._heard() == 1 and self._hearing is not None:
            await asyncio.wait([rival])
            error = _error(rival)
            if error is None:
                return Outcome(rival.result(), 1, answer)
            if not await self._hearing.turn_over(told(error)):
                raise error
            return Outcome(answer)
        if not rival.done():
            return Outcome(answer, cut=True)
        return Outcome(answer, other=rival.result() if _error(rival) is None else None)

    async def _first_failed(self, error: Exception) -> Outcome[T]:
        rival = self.rival
        if rival is None:
            raise error
        if self._heard() == 0 and self._hearing is not None and not await self._hearing.turn_over(told(error)):
            raise error
        await asyncio.wait([rival])
        other = _error(rival)
        if other is None:
            return Outcome(rival.result(), 1)
        if not isinstance(other, Exception):
            raise other
        add_note(error, f"It was asked twice, and the second failed too: {type(other).__name__}: {told(other)}")
        raise error


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    """What a task that is done failed with; None if it gave something."""
    return RunError("The second of two calls cancelled itself.") if task.cancelled() else task.exception()


async def _end(task: asyncio.Task[Any]) -> None:
    """End a task and wait until it has ended, also when this is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        task.cancel()
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if not task.cancelled():
        task.exception()
    if cancelled is not None:
        raise cancelled
