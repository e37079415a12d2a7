"""What happened in a live session, each thing as one line that a person can read."""

from __future__ import annotations

from typing import assert_never

from switchroom.events import (
    CallEnded,
    CallerJoined,
    EventRouted,
    FallbackCalled,
    NodeDidNotHandOver,
    NodeFailed,
    NodeHandedOver,
    NodeLogged,
    SessionFact,
    SpeakerSilenced,
    StatesKept,
    TurnAnswered,
    TurnCut,
)
from switchroom.testing.quoting import data, quoted


def session_line(fact: SessionFact) -> str:
    """A fact of a session in one line."""
    match fact:
        case CallerJoined():
            return f"somebody joins{f': {data(fact.caller)}' if fact.caller else ''}"
        case EventRouted():
            return f"{fact.node} routes to {fact.route}"
        case NodeFailed():
            return f"{fact.node} fails with {fact.error}: {fact.message}"
        case SpeakerSilenced():
            return f"{fact.node} is not heard" + (f", for {fact.heard} was" if fact.heard else "")
        case NodeHandedOver():
            reason = f" ({fact.reason})" if fact.reason else ""
            return f"{fact.source} -> {fact.target}{reason}{f' {data(fact.context)}' if fact.context else ''}"
        case NodeDidNotHandOver():
            return f"{fact.source} -> {fact.target} refused ({fact.why})"
        case NodeLogged():
            return f"{fact.node} records {quoted(fact.message)}{f' {data(fact.data)}' if fact.data else ''}"
        case CallEnded():
            return f"{fact.node} " + (f"puts the call through to {fact.to}" if fact.to else "ends the call")
        case FallbackCalled():
            return f"the fallback is called ({fact.reason})"
        case TurnAnswered():
            said = " | ".join(f"{part.speaker}: {quoted(part.text)}" for part in fact.parts)
            return f"answered by {said}" if said else "nobody had to answer"
        case TurnCut():
            said = " | ".join(f"{part.speaker}: {quoted(part.text)}" for part in fact.parts)
            return f"a person interrupts after {said}" if said else "a person interrupts before a word"
        case StatesKept():
            return f"{', '.join(fact.states)} keep what changed"
        case _:
            assert_never(fact)
