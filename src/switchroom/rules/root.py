"""What is known of a conversation as a whole: its turn, the shared state, who is asked."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from switchroom.events import (
    AnsweredWhileWaiting,
    AttemptHeld,
    AttemptReleased,
    PersonAnswered,
    PersonAsked,
    QuorumReached,
    RunEvent,
    StateChanged,
    StepFailed,
    StepReturned,
    TurnStarted,
)
from switchroom.messages import Message
from switchroom.step import segment

Phase: TypeAlias = Literal["new", "open", "returned", "failed"]


class Asked(msgspec.Struct, frozen=True):
    """A question to a person that waits for its answer, and the path of the run that asked."""

    path: str
    fact: PersonAsked


class Root(msgspec.Struct, frozen=True, gc=False):
    """A conversation.

    Args:
        turn: the number of its last turn, from 1.
        attempt: how many times that turn was begun.
        name: the name of the step that answers it.
        messages: what that turn was asked, if an agent answers it.
        input: the same as JSON, if another step does.
        path: the path of that step.
        phase: how far that turn is.
        shared: the state that the agents share, as JSON.
        asked: the open questions to a person, by id.
        owner: the id of the process that made the last attempt.
        began: the number of the entry with which the turn began.
        since: when the last attempt began, in seconds since the epoch.
        live: the last attempt has no outcome yet, or a tool that it started still runs, as far as its owner is alive.
        running: the tools that run after the attempt has its outcome.
        asides: the messages that came while a person was asked, and their answers.
    """

    turn: int = 0
    attempt: int = 0
    name: str = ""
    messages: tuple[Message, ...] = ()
    input: Any = None
    path: str = ""
    phase: Phase = "new"
    shared: dict[str, Any] | None = None
    asked: dict[str, Asked] = {}
    owner: str = ""
    began: int = 0
    since: float = 0.0
    live: bool = False
    running: tuple[str, ...] = ()
    asides: tuple[Message, ...] = ()


def evolve_root(root: Root, event: RunEvent) -> Root:
    """The conversation after an event. Facts that do not concern it (`Fact.concerns_root`) leave it as it is."""
    fact = event.fact
    match fact:
        case StepReturned() if event.path != root.path:
            return _heard(root, event.path + "/") if root.asked else root
        case QuorumReached():
            return _heard(root, *(f"{event.path}/{segment(name)}#" for name in fact.lost)) if root.asked else root
        case StepFailed() if event.path != root.path:
            return root
        case TurnStarted(attempt=1):
            shared = root.shared if fact.state is None else fact.state
            path = f"turn#{fact.turn}/{fact.name}#0"
            return Root(
                fact.turn,
                1,
                fact.name,
                fact.messages,
                fact.input,
                path,
                "open",
                shared,
                owner=fact.owner,
                began=event.seq,
                since=event.at,
                live=True,
            )
        case TurnStarted():
            return replace(root, attempt=fact.attempt, phase="open", owner=fact.owner, since=event.at, live=True, running=())
        case AttemptHeld():
            return replace(root, running=fact.tools)
        case AttemptReleased():
            return replace(root, live=False, running=())
        case AnsweredWhileWaiting():
            return replace(root, asides=(*root.asides, fact.message, Message("assistant", fact.text)))
        case StateChanged() if fact.changes:
            return replace(root, shared={**(root.shared or {}), **fact.changes})
        case StepReturned():
            return replace(root, phase="returned", asked={}, live=bool(root.running))
        case StepFailed():
            return replace(root, phase="failed", live=bool(root.running))
        case PersonAsked():
            return replace(root, asked=root.asked | {fact.id: Asked(event.path, fact)})
        case PersonAnswered():
            asked = root.asked.copy()  # many times faster than building it anew, where one answer has thousands of calls
            asked.pop(fact.id, None)
            return replace(root, asked=asked)
        case _:
            return root


def _heard(root: Root, *below: str) -> Root:
    """The conversation without the questions of what is over: nothing is made of the answer any more."""
    return replace(root, asked={id: asked for id, asked in root.asked.items() if not asked.path.startswith(below)})
