"""Facts counted: what each agent did, added up fact by fact at a cost that does not grow with what was said before."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, cast

import msgspec

from switchroom.events import (
    AnswerCut,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    CallsJudged,
    CircleBroken,
    Delta,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffFact,
    HandoffReturned,
    InputJudged,
    ModelAnswered,
    RunEvent,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
    TurnStarted,
)
from switchroom.messages import Message
from switchroom.prices import price_of
from switchroom.tokens import count_message, count_tokens
from switchroom.usage import Usage


class Tally(msgspec.Struct):
    """What an agent did so far; `AgentMetrics` says what the numbers mean."""

    runs: int = 0
    failures: int = 0
    error: str | None = None
    usage: Usage = Usage()
    counted: bool = False
    cost: Decimal | None = Decimal(0)
    model_seconds: float = 0.0
    tool_seconds: float = 0.0
    confidence: float | None = None
    tools: Counter[str] = msgspec.field(default_factory=Counter[str])
    given: int = 0
    taken: int = 0
    declined: int = 0
    returned: int = 0
    rejected: int = 0
    withdrawn: int = 0


class _Place:
    """A run of an agent or a team: who has the conversation, and what its next answer will have read.

    Attributes:
        agent: who has it.
        last: when something was noted here last.
        running: the places of the calls that go on, and since when any does.
        read: tokens of what models read here, as far as they were counted.
        unread: what was said since. As long as servers count, nobody does here.
        failing: whether it ended with a failure, and may be tried again.
    """

    __slots__ = ("agent", "failing", "last", "read", "running", "since", "unread")

    def __init__(self, agent: str, at: float) -> None:
        self.agent = agent
        self.last = at
        self.running: set[int] = set()
        self.since = 0.0
        self.read = 0
        self.unread: list[Message | str] = []
        self.failing = False


class RunTally:
    """Counts the facts of one run into the tallies of its agents, by name. A listener."""

    withdraws = True
    deltas = False

    def __init__(self, agents: dict[str, Tally]) -> None:
        self._agents = agents
        self._places: dict[str, _Place] = {}
        self._began: float | None = None

    def __call__(self, event: RunEvent) -> None:
        """Count an event."""
        fact = event.fact
        at = event.at
        if isinstance(fact, Delta):
            return
        if isinstance(fact, TurnStarted):
            return self._begin(fact, at)
        place = self._places.get(event.path)
        agent = fact.source if isinstance(fact, HandoffFact) else event.agent
        if place is None and agent:  # where it begins; or later, for a listener that is not told all
            place = self._places[event.path] = _Place(agent, at if self._began is None else self._began)
            self._of(agent).runs += 1
        if place is not None:
            self._count(place, fact, at)
            place.last = max(place.last, at)

    def _begin(self, fact: TurnStarted, at: float) -> None:
        """Another attempt goes on where the last was cut off; the time between them is nobody's work."""
        self._began = at
        if fact.attempt == 1:
            self._places = {}
        for place in self._places.values():
            place.last = at
            place.running = set()

    def _of(self, agent: str) -> Tally:
        known = self._agents.get(agent)
        if known is None:
            known = self._agents[agent] = Tally()
        return known

    def _count(self, place: _Place, fact: Any, at: float) -> None:
        match fact:
            case StepStarted():
                place.unread += fact.messages
            case ModelAnswered():
                self._answered(place, fact, at)
            case ToolStarted() | ToolReturned() | ToolFailed() | ToolSuspended():
                self._called(place, fact, at)
            case StepReturned() | StepFailed():
                self._ended(place, fact)
            case AnswerRejected():
                self._of(fact.agent).rejected += 1
                place.unread.append(fact.reason)
            case AnswerWithdrawn():
                self._of(fact.agent).withdrawn += 1
            case AnswerReplaced():
                place.unread[-1:] = [fact.text]
            case AnswerCut():
                self._stopped(place, at)
                place.unread += [fact.heard, fact.message]
            case InputJudged(messages=messages) if messages is not None:
                place.unread[len(place.unread) - len(messages) :] = messages
            case CallsJudged():
                place.unread += [verdict.reason for verdict in fact.verdicts if verdict.reason]
            case HandoffCommitted() | HandoffDeclined() | HandoffReturned() | HandoffExpired() | CircleBroken():
                self._handed(place, fact)
            case _:
                pass

    def _answered(self, place: _Place, fact: ModelAnswered, at: float) -> None:
        tally = self._of(fact.agent)
        tally.model_seconds += max(0.0, at - place.last)
        usage = fact.usage
        if usage.requests and not usage.total_tokens:
            place.read += sum(count_tokens(said) for said in place.unread)
            place.unread = []
            usage = Usage(usage.requests, place.read, count_message(fact.message), estimated=usage.requests)
            price = None
        else:
            price = price_of(usage, fact.model, at=at)
        tally.usage += usage
        tally.counted = tally.counted or usage.estimated > 0
        tally.cost = None if price is None or tally.cost is None else tally.cost + price
        place.unread.append(fact.message)

    def _called(self, place: _Place, fact: ToolStarted | ToolReturned | ToolFailed | ToolSuspended, at: float) -> None:
        match fact:
            case ToolStarted():
                self._of(fact.agent).tools[fact.tool] += 1
                if not place.running:
                    place.since = at
                place.running.add(fact.index)
                return
            case ToolReturned():
                place.unread.append(fact.text)
            case ToolFailed() | ToolSuspended():
                pass
        if fact.index in place.running:
            place.running.discard(fact.index)
            if not place.running:
                self._of(place.agent).tool_seconds += max(0.0, at - place.since)

    def _stopped(self, place: _Place, at: float) -> None:
        if place.running:
            place.running = set()
            self._of(place.agent).tool_seconds += max(0.0, at - place.since)

    def _ended(self, place: _Place, fact: StepReturned | StepFailed) -> None:
        tally = self._of(place.agent)
        match fact:
            case StepFailed():
                tally.failures += 0 if place.failing else 1
                tally.error = f"{fact.error}: {fact.message}" if fact.message else fact.error
                place.failing = True
            case StepReturned():
                if place.failing:
                    tally.failures -= 1
                    place.failing = False
                if not tally.failures:
                    tally.error = None
                told = confidence_of(fact.output)
                tally.confidence = tally.confidence if told is None else told

    def _handed(self, place: _Place, fact: Any) -> None:
        agent = place.agent
        match fact:
            case HandoffCommitted():
                self._of(fact.source).given += 1
                self._of(fact.target).taken += 1
                agent = fact.target
                if fact.messages is not None:
                    place.read = 0
                    place.unread = [*fact.messages]
                place.unread.append(fact.text)
            case HandoffReturned():
                self._of(fact.source).returned += 1
                agent = fact.target
                place.unread.append(fact.text)
            case HandoffDeclined():
                self._of(fact.target).declined += 1
                place.unread.append(fact.reason)
            case HandoffExpired():
                agent = fact.source
            case CircleBroken():
                agent = fact.fallback or agent
            case _:
                pass
        if agent != place.agent:
            place.agent = agent
            self._of(agent).runs += 1


def confidence_of(output: Any) -> float | None:
    """How sure an output says that it is: its `confidence`, where it has one that is a number."""
    told = cast("dict[str, Any]", output).get("confidence") if isinstance(output, dict) else getattr(output, "confidence", None)
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
