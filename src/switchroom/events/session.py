"""Facts of a live session: what its nodes did with a message, and how the turn was answered."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from switchroom.events.base import Fact
from switchroom.messages import Message


class Part(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What one speaker said of an answer.

    Args:
        speaker: the name of the node, or of the agent where the session is one step.
        text: what was heard.
        messages: what the speaker's run adds to the history, its calls and their results included; () for the text alone.
    """

    speaker: str
    text: str
    messages: tuple[Message, ...] = ()


class Asking(msgspec.Struct, frozen=True, gc=False):
    """An agent inside of a node that waits for the conversation to come back, and whom it asked."""

    asker: str
    target: str


class Seat(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the agents inside of a node go on from in the next turn.

    Args:
        agent: who of them has the conversation.
        asking: who waits for it to come back.
        upto: how many messages were summarised.
        summary: what they came to.
    """

    agent: str
    asking: tuple[Asking, ...] = ()
    upto: int = 0
    summary: str = ""


class CallerJoined(Fact, frozen=True):
    """Somebody is on the line: what is known of them, and what the conversation begins with."""

    caller: dict[str, Any] = {}
    variables: dict[str, Any] = {}


class EventRouted(Fact, frozen=True):
    """A node wrote a route into an event of some type and sent it on."""

    node: str
    route: str
    event: str = ""


class NodeFailed(Fact, frozen=True):
    """A node raised an exception, or did what it must not. `through` are the paths of the runs inside whose failure it is."""

    node: str
    error: str
    message: str
    through: tuple[str, ...] = ()


class SpeakerSilenced(Fact, frozen=True):
    """A node wanted to speak, and was not heard: `heard` was first."""

    node: str
    heard: str


class NodeHandedOver(Fact, frozen=True):
    """A node gave the conversation to another, who has begun to answer; the turn's answer commits it."""

    source: str
    target: str
    reason: str = ""
    context: dict[str, Any] = {}


class NodeDidNotHandOver(Fact, frozen=True):
    """A handoff did not come about: declined, one too many, round in a circle, or of a speaker who was not heard."""

    source: str
    target: str
    why: str


class NodeLogged(Fact, frozen=True):
    """A node put something on record."""

    node: str
    message: str
    level: str = "info"
    data: dict[str, Any] = {}


class CallEnded(Fact, frozen=True):
    """A node ended the call, or put it through to a person outside: then `to` says to whom."""

    node: str
    reason: str = ""
    to: str = ""


class FallbackCalled(Fact, frozen=True):
    """Nobody answered, or who was about to failed or took too long: the fallback speaks."""

    reason: Literal["silence", "failure", "deadline"]


class TurnAnswered(Fact, frozen=True):
    """The turn has its one answer, and with it all that the answer commits.

    Args:
        parts: what was heard, by speaker.
        by: the last speaker; "" where nobody had to speak.
        active: the node at which the next message enters; "" for the entries.
        seats: where agents inside of nodes go on, by node; those that changed.
        states: the states of nodes that changed, as JSON.
        fallback: the fallback had to speak.
    """

    parts: tuple[Part, ...] = ()
    by: str = ""
    active: str = ""
    seats: dict[str, Seat] = {}
    states: dict[str, Any] = {}
    fallback: bool = False


class TurnCut(Fact, frozen=True):
    """A person interrupted the answer, while it was given or after: `parts` is what was heard of it, and all there is."""

    parts: tuple[Part, ...] = ()
    active: str = ""
    states: dict[str, Any] = {}


class StatesKept(Fact, frozen=True):
    """States of nodes changed after the turn was answered, as JSON."""

    states: dict[str, Any]
