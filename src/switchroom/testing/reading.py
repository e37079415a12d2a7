"""What a whole run came to, read off its moments: who had the conversation, what was used, the state, the open questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switchroom.events import (
    AnswerReplaced,
    CircleBroken,
    HandoffCommitted,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    StateChanged,
    StepStarted,
    TurnStarted,
)
from switchroom.testing.transcript import Moment, is_turns_own
from switchroom.usage import Usage


def agents_of(moments: Sequence[Moment]) -> list[str]:
    """Who had the conversation, one after the other."""
    had: list[str] = []
    for moment in moments:
        name = _has_it(moment) if is_turns_own(moment.event.path) else ""
        if name and had[-1:] != [name]:
            had.append(name)
    return had


def _has_it(moment: Moment) -> str:
    """The agent who has the conversation after a moment, if that says so."""
    match moment.fact:
        case StepStarted(agent=agent):
            return agent
        case HandoffCommitted(target=target) | HandoffReturned(target=target):
            return target
        case HandoffExpired(source=source):
            return source
        case CircleBroken(fallback=fallback):
            return fallback
        case _:
            return ""


def answers_of(moments: Sequence[Moment], agent: str | None) -> list[ModelAnswered]:
    """What models answered, those of one agent or all."""
    answers = [moment.fact for moment in moments if isinstance(moment.fact, ModelAnswered)]
    return [answer for answer in answers if agent in (None, answer.agent)]


def usage_of(moments: Sequence[Moment], agent: str | None) -> Usage:
    """What models used, those of one agent or all."""
    return sum((answer.usage for answer in answers_of(moments, agent)), Usage())


def state_of(moments: Sequence[Moment], known: dict[str, Any]) -> dict[str, Any]:
    """The shared state at the end, as far as the run says what it is beside what is known of it."""
    known = dict(known)
    for moment in moments:
        match moment.fact:
            case TurnStarted(state=dict() as state):
                known = dict(state)
            case StateChanged(changes=changes):
                known |= changes
            case _:
                pass
    return known


def questions_of(moments: Sequence[Moment]) -> list[Moment]:
    """What a person was asked and has not answered."""
    answered = {moment.fact.id for moment in moments if isinstance(moment.fact, PersonAnswered)}
    return [moment for moment in moments if isinstance(moment.fact, PersonAsked) and moment.fact.id not in answered]


def answered_by(moments: Sequence[Moment], end: Moment) -> str | None:
    """Who gave the answer with which a turn ended."""
    before = moments[: moments.index(end)]
    givers = [moment for moment in before if isinstance(moment.fact, ModelAnswered | AnswerReplaced)]
    return next((one.fact.agent for one in reversed(givers) if one.event.path == end.event.path), None)
