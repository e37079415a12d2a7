"""What is known of the runs in a trace: who has the conversation, what the last answer calls, which spans are open."""

from __future__ import annotations

from msgspec.structs import replace

from switchroom.events import (
    AnswerCut,
    AnswerRejected,
    CallsJudged,
    CircleBroken,
    Delta,
    Fact,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    PersonAnswered,
    StepStarted,
    ToolReturned,
)
from switchroom.messages import ToolCall
from switchroom.tracing.spans import Open

ANSWER = -1
"""Stands among the unsettled calls of an answer that has none, until the answer is judged."""


class Run:
    """The run of a step: of an agent or a team, or of a function.

    Attributes:
        path: its place.
        name: of the step.
        agent: who has the conversation; "" of a function.
        calls: what the last answer asks for.
        unsettled: the places of those that have no result yet.
        last: when something was noted here last, in seconds since the epoch.
        span: while the agent has the conversation, or the function runs; None before it was opened.
        tools: the spans of the last answer's calls, by their places.
        hook: of the function of the agent's own that ran last, the path and the span.
        over: the run has ended in this attempt.
    """

    __slots__ = ("agent", "calls", "hook", "last", "name", "over", "path", "span", "tools", "unsettled")

    def __init__(self, path: str, started: StepStarted) -> None:
        self.path = path
        self.name = started.name
        self.agent = started.agent
        self.calls: tuple[ToolCall, ...] = ()
        self.unsettled: set[int] = set()
        self.last = 0.0
        self.span: Open | None = None
        self.tools: dict[int, Open] = {}
        self.hook: tuple[str, Open] | None = None
        self.over = False

    def learn(self, fact: Fact | Delta) -> None:
        """Know what a fact of this run says, in this attempt or one before."""
        match fact:
            case ModelAnswered():
                self.agent = fact.agent
                self.calls = fact.message.calls
                self.unsettled = set(range(len(self.calls))) or {ANSWER}
                self.tools = {}
            case CallsJudged():
                self._judged(fact)
            case AnswerRejected() | AnswerCut():
                self.calls, self.unsettled = (), set()
            case ToolReturned() | HandoffDeclined() | PersonAnswered(yes=False):
                self.unsettled.discard(fact.index)
            case HandoffCommitted() | HandoffReturned():
                self.agent, self.calls, self.unsettled = fact.target, (), set()
            case HandoffExpired():
                self.agent = fact.source
            case CircleBroken():
                self.agent = fact.fallback or self.agent
                self.unsettled.discard(fact.index)
            case _:
                pass

    def _judged(self, fact: CallsJudged) -> None:
        calls = list(self.calls)
        for index, verdict in enumerate(fact.verdicts[: len(calls)]):
            if verdict.args is not None:
                calls[index] = replace(calls[index], args=verdict.args)
            if verdict.kind == "refused":
                self.unsettled.discard(index)
        self.calls = tuple(calls)

    def place_of(self, segment: str) -> int | None:
        """The place of the call whose body a segment such as "refund#2.0" names; None of a function of the agent's own."""
        name, _, place = segment.rpartition("#")
        _, dot, index = place.partition(".")
        if not dot or not index.isdecimal() or int(index) >= len(self.calls):
            return None
        return int(index) if self.calls[int(index)].name == name else None
