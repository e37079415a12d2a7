"""An answer while it is given: the events of a turn, pulled by `async for`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from switchroom.channel import Channel
from switchroom.errors import UserError
from switchroom.events import RunEvent
from switchroom.session.reply import Reply

Send = Callable[[Channel], Awaitable[Reply]]


class SessionStream:
    """The events of a turn. Used as `async with session.stream("...") as events: async for event in events: ...`.

    The iteration ends with the answer, and raises what `send` would raise. Leaving the block early interrupts the
    answer.
    """

    def __init__(self, send: Send, leave: Callable[[Channel], Awaitable[object]]) -> None:
        self._send = send
        self._leave = leave
        self._channel = Channel()
        self._task: asyncio.Task[Reply] | None = None

    async def __aenter__(self) -> SessionStream:
        if self._task is not None:
            raise UserError("The stream was used already. Each session.stream(...) says its message once.")
        self._task = asyncio.ensure_future(self._send(self._channel))  # pyright: ignore[reportAttributeAccessIssue]
        self._task.add_done_callback(lambda task: self._channel.close())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task = self._sent()
        self._channel.leave()
        if not task.done():
            await asyncio.sleep(0)  # the message may not have been put yet
            await self._leave(self._channel)
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen: it was raised by the iteration, or the block was left before it

    def __aiter__(self) -> SessionStream:
        return self

    async def __anext__(self) -> RunEvent:
        self._sent()
        event = await self._channel.get()
        if event is None:
            self._sent().result()
            raise StopAsyncIteration
        return event

    @property
    def reply(self) -> Reply:
        """The answer, once it is complete.

        Raises:
            UserError: it is not.
        """
        task = self._sent()
        if not task.done():
            raise UserError("The answer is not complete. Take the events to the end before you ask for the reply.")
        return task.result()

    def _sent(self) -> asyncio.Task[Reply]:
        if self._task is None:
            raise UserError("The stream has not begun. Write `async with session.stream(...) as events:`.")
        return self._task
