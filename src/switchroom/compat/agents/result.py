"""What a run gives back, under that SDK's names; what is not asked for is not computed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar

import switchroom
from switchroom.compat.agents.convert import TResponseInputItem, items_of
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.guardrail import InputGuardrailResult, OutputGuardrailResult
from switchroom.compat.agents.items import ItemHelpers, ModelResponse, RunItem
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.raw import NO_ID, output_of
from switchroom.compat.agents.run_context import RunContextWrapper
from switchroom.compat.agents.running import Running, Stopped
from switchroom.compat.agents.stream_events import AgentUpdatedStreamEvent, RunItemStreamEvent, StreamEvent
from switchroom.compat.agents.transcript import items_from, told
from switchroom.events import StepReturned
from switchroom.messages import Message
from switchroom.schema import as_text

T = TypeVar("T")
ToInputListMode: TypeAlias = Literal["preserve_all", "normalized"]
Drive: TypeAlias = "Callable[[RunResultStreaming], Awaitable[switchroom.RunResult[Any]]]"
"""Takes a run, and tells its events to the result that is to be."""


class RunResultBase:
    """What the results of plain and of streamed runs have in common."""

    _run: Running
    _history: tuple[Message, ...] = ()
    final_output: Any = None

    @property
    def input(self) -> str | list[TResponseInputItem]:
        """What the run was asked: with a session, its history as well; after a filtered handoff, what the filter left."""
        return self._run.input

    @property
    def context_wrapper(self) -> RunContextWrapper[Any]:
        """What user code was given of the run: the caller's context, and the usage."""
        return self._run.wrapper

    @property
    def input_guardrail_results(self) -> list[InputGuardrailResult]:
        """What the input guardrails said."""
        return self._run.input_results

    @property
    def output_guardrail_results(self) -> list[OutputGuardrailResult]:
        """What the output guardrails said."""
        return self._run.output_results

    @property
    def last_agent(self) -> Any:
        """Who was asked last."""
        return self._run.agents[self._run.active]

    @property
    def raw_responses(self) -> list[ModelResponse]:
        """What the models answered."""
        return responses_of(self._run)

    @property
    def last_response_id(self) -> str:
        """The id of an answer that has none. As `previous_response_id` it is refused, so that no history is lost unnoticed."""
        return NO_ID

    @property
    def interruptions(self) -> list[Any]:
        """Calls that wait for a person: none, because options that ask a person are refused."""
        return []

    def final_output_as(self, cls: type[T], raise_if_incorrect_type: bool = False) -> T:
        """The final output, for the type checker of a type.

        Raises:
            TypeError: it is not, and `raise_if_incorrect_type` asks for that.
        """
        if raise_if_incorrect_type and not isinstance(self.final_output, cls):
            raise TypeError(f"The final output is {type(self.final_output).__name__}, not {cls.__name__}.")
        return self.final_output

    def to_input_list(self, *, mode: ToInputListMode = "preserve_all") -> list[TResponseInputItem]:
        """What was asked and what happened, as the input of a next run.

        Args:
            mode: "preserve_all" is everything; "normalized" what the last agent saw, which is less after a filtered handoff.
        """
        asked = ItemHelpers.input_to_new_input_list(self.input)
        if mode == "normalized" and self._run.filtered:
            seen = [*self._history[: self._run.begins], *told(self._run, self._history, self._run.active)]
            return items_of(seen)
        return asked + new_input_items(self._run, self._history)


class RunResult(RunResultBase):
    """The result of a run.

    Attributes:
        final_output: what the run came to, of the type that the agent declares.
        switchroom: the same as Switchroom's own result: facts, events, the trace's id.
    """

    def __init__(self, run: Running, result: switchroom.RunResult[Any]) -> None:
        self._run = run
        self._history = tuple(result.messages)
        self.final_output = _final_output(run, result)
        self.switchroom = result

    @cached_property
    def new_items(self) -> list[RunItem]:
        """What happened, in order. The results of an answer's calls stand in the order of the calls."""
        return new_items(self._run, self._history)

    def __repr__(self) -> str:
        return f"RunResult({self.final_output!r}, last_agent={self.last_agent.name!r})"


class RunResultStreaming(RunResultBase):
    """The result of a run that goes on: its events are taken by `stream_events`, and what it came to stands here at the end.

    The run goes on whether its events are taken or not, until it is over or cancelled.

    Attributes:
        new_items: what happened so far.
        current_agent: who has the conversation.
        max_turns: how many answers models may give.
        is_complete: whether the run is over.
        run_loop_exception: what it failed with, if it did.
        switchroom: Switchroom's own result, when it is over and did not fail.
    """

    def __init__(self, run: Running, drive: Drive) -> None:
        self._run = run
        self._events: asyncio.Queue[StreamEvent | None] = asyncio.Queue()
        self.new_items: list[RunItem] = []
        self.current_agent: Any = run.start
        self.max_turns = run.max_turns
        self.is_complete = False
        self._ending: asyncio.Future[None] | None = None
        self.run_loop_exception: BaseException | None = None
        self.switchroom: switchroom.RunResult[Any] | None = None
        self.run_loop_task = asyncio.ensure_future(self._go(drive))
        self.run_loop_task.add_done_callback(self._over)

    @property
    def current_turn(self) -> int:
        """How many answers models were asked for."""
        return self._run.turns

    @property
    def last_agent(self) -> Any:
        """Who has the conversation."""
        return self.current_agent

    async def _go(self, drive: Drive) -> None:
        try:
            self.switchroom = result = await drive(self)
            self._history = tuple(result.messages)
            self.new_items = new_items(self._run, self._history)
            self.current_agent = self._run.agents[self._run.active]
            self.final_output = _final_output(self._run, result)
        except BaseException as error:
            self.run_loop_exception = None if isinstance(error, asyncio.CancelledError | Stopped) else error
            if not isinstance(error, Exception):
                raise

    def _over(self, task: asyncio.Task[None]) -> None:
        self.is_complete = True
        self._events.put_nowait(None)

    def tell(self, event: StreamEvent) -> None:
        """Let whoever takes the events have another."""
        match event:
            case RunItemStreamEvent():
                self.new_items.append(event.item)
            case AgentUpdatedStreamEvent():
                self.current_agent = event.new_agent
            case _:
                pass
        if not self.is_complete:
            self._events.put_nowait(event)

    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        """The events of the run, to be taken once.

        Raises:
            Exception: what the run failed with, when all its events were taken.
        """
        while not (self.is_complete and self._events.empty()):
            event = await self._events.get()
            if event is None:
                self._events.put_nowait(None)  # for whoever takes events beside this one, or asks once more
                break
            yield event
        if self._ending is not None:
            await self._ending
        if self.run_loop_exception is not None:
            raise self.run_loop_exception

    def cancel(self, mode: Literal["immediate", "after_turn"] = "immediate") -> None:
        """Stop the run. No model is asked after that.

        Args:
            mode: "immediate" ends the events at once, and the session keeps the calls that began; "after_turn" lets the
                answer that was asked for come, and its tools return.

        Raises:
            UserError: there is no such mode.
        """
        if mode not in ("immediate", "after_turn"):
            raise UserError(f"cancel(mode={mode!r}): there are 'immediate' and 'after_turn'.")
        if self.is_complete:
            return
        self._run.cancelled = True
        if mode == "immediate":
            self.is_complete = True
            while not self._events.empty():
                self._events.get_nowait()
            self._events.put_nowait(None)
            if self._run.keeper is not None:
                self._ending = asyncio.ensure_future(self._run.keeper.end())
            self.run_loop_task.cancel()

    def __repr__(self) -> str:
        return f"RunResultStreaming(is_complete={self.is_complete}, final_output={self.final_output!r})"


def _final_output(run: Running, result: switchroom.RunResult[Any]) -> Any:
    if not run.stopped:
        return _last_output(result)
    if run.agents[run.active].output_type is str:
        return as_text(run.final, f"tool_use_behavior of agent '{run.agents[run.active].name}'")
    return run.final


def _last_output(result: switchroom.RunResult[Any]) -> Any:
    """Return the output of the agent that answered last: that SDK leaves out what was said on the way."""
    for event in reversed(result.events):
        if event.path == result.path and isinstance(event.fact, StepReturned):
            return event.fact.last or result.final_output
    return result.final_output


def new_items(run: Running, history: tuple[Message, ...]) -> list[RunItem]:
    """The items of a run with this history."""
    return [*run.before, *items_from(run, told(run, history, run.active))]


def new_input_items(run: Running, history: tuple[Message, ...]) -> list[TResponseInputItem]:
    """The same as items of a next run's input."""
    before = [item.to_input_item() for item in run.before if item.type != "reasoning_item"]
    return [*before, *items_of(told(run, history, run.active))]


def responses_of(run: Running) -> list[ModelResponse]:
    """What the models of a run answered so far."""
    return [ModelResponse(output_of(answer.message), answer.usage, NO_ID) for answer in run.answers]


__getattr__ = missing_from(__name__)
