"""A run while it goes on: its events, pulled by `async for`, and a way to interrupt it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Generic

from typing_extensions import TypeVar

from switchroom.channel import Channel
from switchroom.errors import UserError
from switchroom.events import RunEvent
from switchroom.interruption import Interruption
from switchroom.messages import Input, messages_from
from switchroom.result import RunResult
from switchroom.runner.turn import Order, Prepare, take
from switchroom.team import speaks

Out = TypeVar("Out", default=Any)


class RunStream(Generic[Out]):
    """The events of a run. Used as `async with Runner.stream(...) as events: async for event in events: ...`.

    The iteration ends with the run, and raises what the run raised. Leaving the block early cancels the run.
    """

    def __init__(self, order: Order, prepare: Prepare) -> None:
        self._order = order
        self._prepare = prepare
        self._channel = order.channel or Channel()
        self._task: asyncio.Task[RunResult[Out]] | None = None

    async def __aenter__(self) -> RunStream[Out]:
        self._task = asyncio.ensure_future(take(self._order, self._prepare))  # pyright: ignore[reportAttributeAccessIssue]
        self._task.add_done_callback(lambda task: self._channel.close())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task = self._running()
        self._channel.leave()
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen: it was raised by the iteration, or the block was left before it

    def __aiter__(self) -> RunStream[Out]:
        return self

    async def __anext__(self) -> RunEvent:
        self._running()
        event = await self._channel.get()
        if event is None:
            self._running().result()
            raise StopAsyncIteration
        return event

    @property
    def result(self) -> RunResult[Out]:
        """What the run gave, once it is over.

        Raises:
            UserError: it is not over, or was cancelled.
        """
        task = self._running()
        if not task.done():
            raise UserError("The run is not over. Take its events to the end before you ask for the result.")
        if task.cancelled():
            raise UserError(
                "The run was cancelled, for its block was left early. With a journal, Runner.resume goes on with it."
            )
        return task.result()

    def interrupt(self, message: Input, heard: int | None = None) -> Awaitable[None]:
        """Interrupt what is being said with a person's message, which is answered next.

        Args:
            message: what the person says.
            heard: how many characters of the answer were heard; by default all that was shown.

        Returns:
            something that can be awaited until the interruption has taken effect.

        Raises:
            UserError: the run is over, is no agent's or team's, or (when awaited) was complete before.
        """
        task = self._running()
        attempt = self._order.attempt
        if not speaks(self._order.step):
            raise UserError("Only the run of an agent or a team can be interrupted.")
        if attempt is None and not task.done():
            raise UserError("The run has not begun. Take its first event, then interrupt.")
        if task.done() or attempt is None or attempt.root.phase != "open":
            raise UserError("The run is over. Send the message as the next turn.")
        said_now = self._order.config.redacted(messages_from(message))
        interruptions = [Interruption(said, heard if i == 0 else None) for i, said in enumerate(said_now)]
        for interruption in interruptions:
            attempt.interrupt(interruption)
        return interruptions[-1].taken

    def _running(self) -> asyncio.Task[RunResult[Out]]:
        if self._task is None:
            raise UserError("The stream has not begun. Write `async with Runner.stream(...) as events:`.")
        return self._task
