"""What each fact of a live session makes of its state: one case per fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from switchroom.events import (
    CallEnded,
    CallerJoined,
    EventRouted,
    FallbackCalled,
    NodeDidNotHandOver,
    NodeFailed,
    NodeHandedOver,
    NodeLogged,
    Part,
    SessionFact,
    SpeakerSilenced,
    StatesKept,
    TurnAnswered,
    TurnCut,
)
from switchroom.messages import Message
from switchroom.rules.live import NO_SESSION
from switchroom.rules.state import State


def evolve_session(state: State, fact: SessionFact) -> State:
    """The state after a fact of the session's own. What a turn commits, it commits with its answer."""
    live = state.live or NO_SESSION
    match fact:
        case TurnAnswered():
            said = messages_of(fact.parts)
            live = replace(
                live,
                active=fact.active,
                answered=True,
                tail=len(said),
                seats={**live.seats, **fact.seats},
                states={**live.states, **fact.states},
            )
            return replace(state, history=state.history.plus(*said), live=live)
        case TurnCut():
            heard = messages_of(fact.parts)
            history = state.history
            if live.tail:
                history = history.without_last(live.tail)
            live = replace(live, active=fact.active, answered=True, tail=len(heard), states={**live.states, **fact.states})
            return replace(state, history=history.plus(*heard), live=live)
        case StatesKept():
            return replace(state, live=replace(live, states={**live.states, **fact.states}))
        case CallerJoined():
            return replace(state, live=replace(live, caller=fact.caller, variables=fact.variables))
        case CallEnded():
            return replace(state, live=replace(live, ended=True, to=fact.to))
        case (
            EventRouted()
            | NodeFailed()
            | SpeakerSilenced()
            | NodeHandedOver()
            | NodeDidNotHandOver()
            | NodeLogged()
            | FallbackCalled()
        ):
            return state
        case _:
            assert_never(fact)


def messages_of(parts: Sequence[Part]) -> list[Message]:
    """What the parts of an answer add to the history."""
    said: list[Message] = []
    for part in parts:
        said.extend(part.messages or (Message("assistant", part.text, agent=part.speaker),))
    return said
