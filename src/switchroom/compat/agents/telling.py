"""The events of a run as that SDK streams them: folded from the facts, by the rules of the runtime itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from switchroom.compat.agents.items import RunItem
from switchroom.compat.agents.raw import RawAnswer
from switchroom.compat.agents.running import BY_TOOLS, Running
from switchroom.compat.agents.stream_events import (
    AgentUpdatedStreamEvent,
    RawResponsesStreamEvent,
    RunItemStreamEvent,
    StreamEvent,
)
from switchroom.compat.agents.transcript import items_from, outward, spoken
from switchroom.compat.agents.usage import usage_of
from switchroom.events import AnswerWithdrawn, AnyFact, HandoffCommitted, ModelAnswered, RunEvent, StepReturned, TextDelta
from switchroom.messages import Message
from switchroom.rules.evolve import evolve
from switchroom.rules.state import State

_NAMES = {
    "message_output_item": "message_output_created",
    "reasoning_item": "reasoning_item_created",
    "tool_call_item": "tool_called",
    "tool_call_output_item": "tool_output",
    "handoff_call_item": "handoff_requested",
    "handoff_output_item": "handoff_occured",
}


class Telling:
    """Makes events of a run's facts; those of runs inside it are not told.

    Args:
        run: the run.
        path: its place; where none is given, that of the first fact that has one of its own.
    """

    def __init__(self, run: Running, path: str = "") -> None:
        self._run = run
        self._path = path
        self._state = State()
        self._told = 0
        self._raw: RawAnswer | None = None
        self._pending: Message | None = None

    def take(self, event: RunEvent) -> Iterator[StreamEvent]:
        """The events that a fact or a piece of text comes to."""
        if not self._path and event.kind == "step_started":
            self._path = event.path
        if event.path != self._path:
            return
        match event.fact:
            case TextDelta():
                yield from self._raw_events(self._speaking(event.at).piece(event.fact.text))
            case ModelAnswered() if event.fact.model != BY_TOOLS:
                yield from self._answered(event)
            case _:
                yield from self._happened(event)

    def _answered(self, event: RunEvent) -> Iterator[StreamEvent]:
        fact = cast("ModelAnswered", event.fact)
        self._fold(event)
        [message] = outward(self._run, [fact.message], fact.agent)
        yield from self._raw_events(self._speaking(event.at).end(message, usage_of(fact.usage), fact.model))
        self._raw = None
        if message.calls:
            yield from _items(spoken(self._run, message))
        else:
            self._pending = message  # it may be of no use; only when it is the output, it is told
        self._told = len(self._state.history)

    def _happened(self, event: RunEvent) -> Iterator[StreamEvent]:
        fact = event.fact
        asker = self._state.asker
        self._fold(event)
        if isinstance(fact, AnswerWithdrawn):
            self._raw = None
        if isinstance(fact, StepReturned) and self._pending is not None:
            yield from _items(spoken(self._run, self._pending))
        if isinstance(fact, HandoffCommitted) and fact.messages is not None:
            self._told = len(self._state.history)  # a filter made another history of it
        if not self._state.calls:
            yield from _items(items_from(self._run, self._results(), asker))
        if isinstance(fact, HandoffCommitted):
            yield AgentUpdatedStreamEvent(self._run.agents[fact.target])

    def _results(self) -> list[Message]:
        """The results that entered the history since it was looked at."""
        history = self._state.history
        answered = max(self._told - 1, 0)  # with the answer whose calls they belong to
        shown = outward(self._run, history[answered:], self._state.agent)[self._told - answered :]
        self._told = len(history)
        return [message for message in shown if message.role == "tool"]

    def _fold(self, event: RunEvent) -> None:
        self._state = evolve(self._state, cast("AnyFact", event.fact))
        if event.kind == "step_started":
            self._told = len(self._state.history)

    def _speaking(self, at: float) -> RawAnswer:
        if self._raw is None:
            self._raw = RawAnswer(at)
        return self._raw

    @staticmethod
    def _raw_events(data: Iterable[object]) -> Iterator[StreamEvent]:
        return (RawResponsesStreamEvent(one) for one in data)


def _items(items: Iterable[RunItem]) -> Iterator[StreamEvent]:
    for item in items:
        yield RunItemStreamEvent(_NAMES[item.type], item)  # pyright: ignore[reportArgumentType]
