"""What a run gives back: its output, who gave it, what it used, and the facts that it consists of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from switchroom.agent import Agent
from switchroom.attempt import Attempt
from switchroom.events import Fact, ModelAnswered, Question, RunEvent, RunInterrupted
from switchroom.messages import Message
from switchroom.rules.root import Root
from switchroom.rules.speech import is_partial, is_truncated, joined, spoken_parts
from switchroom.rules.state import State
from switchroom.schema import as_text
from switchroom.usage import Usage

Out = TypeVar("Out", default=Any)


class Waiting(msgspec.Struct, frozen=True):
    """What a person is asked.

    Args:
        id: to be given to `Runner.resume(answers={id: True})`.
        agent: who wants to call the tool.
        tool: its name.
        args: with what.
        question: "approval": may it be called; "unknown_effect": did it happen before the crash?
    """

    id: str
    agent: str
    tool: str
    args: dict[str, Any]
    question: Question = "approval"


class RunResult(Generic[Out]):
    """The result of a run, or of a part of it. What is not asked for is not computed.

    Attributes:
        path: the place of the run.
        final_output: the output. Of a turn's agent that answers with text, all that was heard in the turn, each part in a line
            of its own; of a nested run, its last answer; of an agent with an `output_type`, the object. None while a person is
            asked.
        waiting: what a person is asked.
    """

    __slots__ = ("_attempt", "_final", "final_output", "path", "waiting")

    def __init__(self, attempt: Attempt, path: str, final_output: Out, final: State) -> None:
        self.path = path
        self.final_output = final_output
        self.waiting: tuple[Waiting, ...] = waiting_of(attempt.root) if attempt.root.asked else ()
        self._attempt = attempt
        self._final = final

    @property
    def text(self) -> str:
        """The text that was heard, each part in a line of its own; of a step that is no agent, its output as text.

        For an agent that answers with text it equals `final_output`. If a person is asked first, it is what was said so far.
        """
        parts = spoken_parts(self.events, self.path)
        if parts or self.final_output is None:
            return joined(parts)
        return as_text(self.final_output, self.path)

    @property
    def partial(self) -> bool:
        """Whether a workflow in this run answered with parts missing; the `AnsweredInPart` facts name the parts."""
        return is_partial(self.events)

    @property
    def truncated(self) -> bool:
        """True if the text of an answer ends too early, because the server cut it off, as at a token limit."""
        return is_truncated(self.events)

    @property
    def conversation(self) -> str:
        """The id under which the conversation is kept; "" without a journal."""
        return self._attempt.conversation if self._attempt.journal.keeps else ""

    @property
    def turn(self) -> int:
        """The number of the turn in its conversation, from 1."""
        return self._attempt.root.turn

    @property
    def events(self) -> Sequence[RunEvent]:
        """What happened, in order, with where and when."""
        events = self._attempt.events
        if self.path == self._attempt.root.path:
            return tuple(events)
        return tuple(event for event in events if event.path == self.path or event.path.startswith(self.path + "/"))

    @property
    def facts(self) -> list[Fact]:
        """What happened, in order."""
        return [event.fact for event in self.events if isinstance(event.fact, Fact)]

    @property
    def last_agent(self) -> Agent[Any] | None:
        """Who had the conversation at the end; None when no agent took part."""
        name = self._final.agent
        if not name:
            name = next((e.fact.agent for e in reversed(self.events) if isinstance(e.fact, ModelAnswered)), "")
        return next((roster.agents[name] for roster in self._attempt.rosters.values() if name in roster.agents), None)

    @property
    def usage(self) -> Usage:
        """What all model answers of the turn used, children included."""
        return sum((fact.usage for fact in self._answers()), Usage())

    @property
    def by_agent(self) -> dict[str, Usage]:
        """The same for each agent by name."""
        usage: dict[str, Usage] = {}
        for fact in self._answers():
            usage[fact.agent] = usage.get(fact.agent, Usage()) + fact.usage
        return usage

    @property
    def interrupted(self) -> bool:
        """Whether another message ended the run (`when_busy="interrupt"`), and the output is what had been shown by then."""
        return any(isinstance(event.fact, RunInterrupted) and event.path == self.path for event in self.events)

    @property
    def messages(self) -> Sequence[Message]:
        """The conversation so far, as the last agent knows it."""
        return self._final.history

    @property
    def state(self) -> Any:
        """The state that the conversation's agents share, as it is now; None if there is none."""
        return self._attempt.shared.read(self._attempt.root.shared)

    @property
    def trace_id(self) -> str:
        """An id of the run for logs and traces; a child has its parent's."""
        return self._attempt.trace_id

    def _answers(self) -> list[ModelAnswered]:
        return [event.fact for event in self.events if isinstance(event.fact, ModelAnswered)]

    def __repr__(self) -> str:
        waits = f", waiting={list(self.waiting)}" if self.waiting else ""
        return f"RunResult({self.final_output!r}{waits})"


def waiting_of(root: Root) -> tuple[Waiting, ...]:
    """Return what a person is asked in a conversation."""
    facts = [asked.fact for asked in root.asked.values()]
    return tuple(Waiting(fact.id, fact.agent, fact.tool, fact.args, fact.question) for fact in facts)
