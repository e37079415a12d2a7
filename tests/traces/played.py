"""A recording played from its first word to its last, streamed, and all that has to hold of it then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from switchroom import Model, RunConfig, Runner, RunResult
from switchroom.events import (
    CallsJudged,
    CircleBroken,
    Fact,
    HandoffCommitted,
    ModelAnswered,
    RunEvent,
    TextDelta,
    ToolReturned,
    TurnStarted,
)
from switchroom.journal import Journal
from switchroom.journals import MemoryJournal
from switchroom.usage import Usage
from tests.traces.desk import Desk
from tests.traces.recordings import Recording
from tests.traces.script import Answer, Script

F = TypeVar("F", bound=Fact)


@dataclass
class Played:
    """A recording that was played.

    Attributes:
        desk: who did it.
        results: of each turn.
        events: of each turn, deltas included, as its reader got them.
    """

    desk: Desk
    results: list[RunResult[Any]] = field(default_factory=list[RunResult[Any]])
    events: list[list[RunEvent]] = field(default_factory=list[list[RunEvent]])

    def facts(self, kind: type[F]) -> list[F]:
        """What happened of a kind, in all turns."""
        return [event.fact for turn in self.events for event in turn if isinstance(event.fact, kind)]

    @property
    def usage(self) -> Usage:
        """What all answers used."""
        return sum((result.usage for result in self.results), Usage())


async def played(recording: Recording, model: Model, journal: Journal | None = None) -> Played:
    """Say what the customer said, message by message, and take each answer as a stream."""
    play = Played(Desk(recording))
    config = RunConfig(model=model, journal=journal or MemoryJournal(), max_turns=1000)
    for turn in recording.turns:
        async with Runner.stream(play.desk.team, turn.said, config=config, conversation=recording.id) as events:
            play.events.append([event async for event in events])
        play.results.append(events.result)
    return play


def check(recording: Recording, script: Script, play: Played) -> None:
    """Each call was made once, in its order, by its owner, and told what it told then; each message got its answer."""
    answers = script.answers
    assert play.facts(CircleBroken) == []
    steps = recording.steps
    assert play.desk.made == [(step.agent, step.tool, step.args) for step in steps]
    assert play.desk.records == recording.after
    assert [(fact.agent, fact.tool, fact.text) for fact in play.facts(ToolReturned)] == [
        (step.agent, step.tool, step.observation) for step in steps
    ]
    committed = play.facts(HandoffCommitted)
    assert [(fact.source, fact.target) for fact in committed] == recording.moves
    assert len(committed) == recording.handoffs
    assert "refused" not in [verdict.kind for fact in play.facts(CallsJudged) for verdict in fact.verdicts]
    _check_the_answers(recording, answers, play)


def _check_the_answers(recording: Recording, answers: Sequence[Answer], play: Played) -> None:
    """Each message of the customer began a turn and got its one answer, from whoever had the conversation, shown as it is."""
    given = play.facts(ModelAnswered)
    assert [(fact.agent, fact.message.text) for fact in given] == [(answer.agent, answer.text) for answer in answers]
    assert play.usage.requests == len(answers)
    began = play.facts(TurnStarted)
    assert [[message.text for message in fact.messages] for fact in began] == [[turn.said] for turn in recording.turns]
    assert [result.turn for result in play.results] == list(range(1, len(recording.turns) + 1))
    for result, turn in zip(play.results, recording.turns, strict=True):
        assert result.final_output == heard_of(result.events)
        assert result.final_output.rpartition(turn.answer)[1:] == (turn.answer, "")
    last = [result.last_agent.name if result.last_agent else "" for result in play.results]
    assert last == [answer.agent for answer in answers if not answer.calls]
    for turn in play.events:
        assert shown(turn) == [event.text for event in turn if isinstance(event.fact, ModelAnswered) and event.text]


def shown(turn: list[RunEvent]) -> list[str]:
    """The texts that the reader of a turn was shown, the pieces of each answer joined."""

    def pieces() -> Iterator[TextDelta]:
        for event in turn:
            if isinstance(event.fact, TextDelta):
                yield event.fact

    return ["".join(piece.text for piece in answer) for _, answer in groupby(pieces(), key=lambda piece: piece.answer)]


def heard_of(events: Iterable[RunEvent]) -> str:
    """Return all that the customer heard in a turn: the texts of the answers, each in lines of its own."""
    answers = [event.fact.message.text for event in events if isinstance(event.fact, ModelAnswered)]
    return "\n".join(text for text in answers if text)
