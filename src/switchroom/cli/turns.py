"""Turns of a conversation as the command line takes them: each one shown while it runs, and given back with what ended it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pydantic

from switchroom.arguments import Answers
from switchroom.channel import Channel
from switchroom.cli.app import App
from switchroom.cli.faults import give_up
from switchroom.cli.terminal import Left, ctrl_c
from switchroom.conversation import Conversation, recall
from switchroom.errors import UserError
from switchroom.events import RunEvent
from switchroom.failure import attribute_of
from switchroom.journal import journal_at
from switchroom.result import RunResult
from switchroom.runner import Runner, RunStream
from switchroom.runner.turn import Order, resume
from switchroom.session import Graph

Show: TypeAlias = Callable[[RunEvent], Awaitable[None]]
Instead: TypeAlias = Callable[[], "tuple[str, int] | None"]
"""Asks the person who interrupted what they say instead: the text, and how many characters they heard; None to go on."""


@dataclass(frozen=True)
class Turn:
    """A turn that was taken.

    Args:
        result: what came of it, or as much as there was.
        error: what ended it, if it failed.
        left_over: what the person said into an answer that was complete by then: the next message.
    """

    result: RunResult[Any]
    error: Exception | None = None
    left_over: str = ""


class Line:
    """The line to an application in one conversation.

    Args:
        app: what answers.
        conversation: the conversation's id.
        show: told each event.
        instead: asked on Ctrl-C; without it Ctrl-C ends the command.
    """

    def __init__(self, app: App, conversation: str, show: Show, instead: Instead | None = None) -> None:
        self.app = app
        self.conversation = conversation
        self._config = replace(app.config, withdraws=True)
        self._show = show
        self._instead = instead
        if isinstance(app.step, Graph):
            app.step.session_id = conversation

    async def over(self) -> str:
        """Why nothing more is answered, if a session's call has ended; "" otherwise."""
        live = (await self.known()).state.live
        if live is None or not live.ended:
            return ""
        return f"The call was put through to {live.to}." if live.to else "The call has ended."

    async def known(self) -> Conversation:
        """The conversation as its journal has it.

        Raises:
            Wrong: the journal cannot be read.
        """
        try:
            return await recall(journal_at(self._config.journal), self.conversation)
        except Exception as error:
            give_up(error)

    async def say(self, message: str, state: pydantic.BaseModel | None = None) -> Turn:
        """Send a message as the next turn.

        Args:
            message: what the person says.
            state: the shared state; without it a new conversation begins with the one that the configuration makes, else with
                an empty one of the declared type.
        """
        if state is None and self._config.state is None and (await self.known()).root.turn == 0:
            state = self._empty_state()
        step, config, conversation = self.app.step_for_turn(), self._config, self.conversation
        return await self._take(Runner.stream(step, message, state=state, config=config, conversation=conversation))

    def _empty_state(self) -> pydantic.BaseModel | None:
        try:
            return self._config.state_type() if self._config.state_type else None
        except pydantic.ValidationError:  # it has to be filled by a caller who knows with what
            return None

    async def go_on(self, answers: Mapping[str, bool | tuple[bool, str]] | None = None) -> Turn:
        """Finish the last turn, with a person's answers where it waits for them."""
        given: Answers = answers or {}
        order = Order(self.app.step_for_turn(), self._config, None, None, None, self.conversation, given, channel=Channel())
        return await self._take(RunStream(order, resume))

    async def _take(self, stream: RunStream[Any]) -> Turn:
        try:
            async with stream as events:
                left_over = await (self._watched(events) if self._instead is None else self._interruptible(events))
                return Turn(events.result, None, left_over)
        except Left:
            raise
        except Exception as error:
            run: RunResult[Any] | None = attribute_of(error, "run")
            if run is None:
                give_up(error)
            return Turn(run, error)

    async def _watched(self, events: RunStream[Any]) -> str:
        async for event in events:
            await self._show(event)
        return ""

    async def _interruptible(self, events: RunStream[Any]) -> str:
        """Show the events; on Ctrl-C, put what the person says instead into the run. Gives back what came too late for that."""
        said, taken = "", None
        with ctrl_c() as pressed:
            while True:
                pull = asyncio.ensure_future(_next(events))
                press = asyncio.ensure_future(pressed.wait())
                try:
                    while not pull.done():
                        await asyncio.wait((pull, press), return_when=asyncio.FIRST_COMPLETED)
                        if press.done():
                            said, taken = self._interrupt(events) or (said, taken)
                            pressed.clear()
                            press = asyncio.ensure_future(pressed.wait())
                    event = pull.result()
                finally:
                    pull.cancel()
                    press.cancel()
                if event is None:
                    return said if taken is None or await _was_late(taken) else ""
                await self._show(event)

    def _interrupt(self, events: RunStream[Any]) -> tuple[str, Awaitable[None] | None] | None:
        """What the person says instead, and what tells whether the run took it; None if they let it go on."""
        assert self._instead is not None
        answer = self._instead()
        if answer is None:
            return None
        text, heard = answer
        if isinstance(self.app.step, Graph):
            self.app.step.exchange.interrupt(heard)
            return text, None
        try:
            return text, events.interrupt(text, heard)
        except UserError:
            return text, None


async def _next(events: RunStream[Any]) -> RunEvent | None:
    try:
        return await anext(events)
    except StopAsyncIteration:
        return None


async def _was_late(taken: Awaitable[None]) -> bool:
    try:
        await taken
    except UserError:
        return True
    return False
