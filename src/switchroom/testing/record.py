"""A conversation's record as turns, and a turn's as the attempts that were made at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import msgspec

from switchroom.conversation import Conversation
from switchroom.events import AnsweredWhileWaiting, AnyFact, PersonAnswered, RunEvent, TurnStarted
from switchroom.messages import Message
from switchroom.rules.evolve import evolve
from switchroom.rules.state import State


class Part(msgspec.Struct, frozen=True):
    """An attempt's record: what happened, and what a person had answered before."""

    events: tuple[RunEvent, ...]

    @property
    def answers(self) -> list[PersonAnswered]:
        """What a person answered, so that the turn could go on."""
        return [event.fact for event in self.events if isinstance(event.fact, PersonAnswered)]

    @property
    def asides(self) -> list[AnsweredWhileWaiting]:
        """The messages that came in this attempt while a person was asked, with their answers."""
        return [event.fact for event in self.events if isinstance(event.fact, AnsweredWhileWaiting)]


class Turn(msgspec.Struct, frozen=True):
    """A turn's record.

    Args:
        start: how it began.
        root: the path of the step that answers it.
        before: what the turns before left to its agents.
        parts: the attempts at it, in order.
    """

    start: TurnStarted
    root: str
    before: State
    parts: tuple[Part, ...]

    def asked_with(self, answer: RunEvent) -> Sequence[Message]:
        """The messages that were new to an agent when its model gave an answer of this turn."""
        events = [event for part in self.parts for event in part.events if event.seq < answer.seq]
        state = _fold(events, answer.path, self.before if answer.path == self.root else State())
        return state.history[state.heard :]


def turns_of(events: Sequence[RunEvent]) -> list[Turn]:
    """The turns of a conversation's record."""
    known = Conversation()
    turns: list[Turn] = []
    for turn in _split(events, lambda start: start.attempt == 1):
        known = known.after(turn)
        parts = tuple(Part(tuple(attempt)) for attempt in _split(turn, lambda start: True))
        turns.append(Turn(cast("TurnStarted", turn[0].fact), known.root.path, known.before, parts))
    return turns


def _split(events: Sequence[RunEvent], begins: Callable[[TurnStarted], bool]) -> list[Sequence[RunEvent]]:
    starts = [index for index, event in enumerate(events) if isinstance(event.fact, TurnStarted) and begins(event.fact)]
    return [events[start:end] for start, end in zip(starts, [*starts[1:], len(events)], strict=True)]


def _fold(events: Iterable[RunEvent], path: str, state: State) -> State:
    """What is known of an agent's run after what was noted at its path."""
    for event in events:
        if event.path == path:
            state = evolve(state, cast("AnyFact", event.fact))
    return state
