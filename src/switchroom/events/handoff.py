"""Facts of a handoff: proposed, declined or committed, given back, expired, or refused because it went in a circle."""

from __future__ import annotations

from typing import Any

from switchroom.events.base import Fact
from switchroom.messages import Message


class HandoffProposed(Fact, frozen=True):
    """An agent asked another to take the conversation, with a reason and the brief that the other requires."""

    index: int
    source: str
    target: str
    reason: str = ""
    brief: dict[str, Any] = {}


class HandoffDeclined(Fact, frozen=True):
    """The target did not accept; the asker is told why."""

    index: int
    source: str
    target: str
    reason: str


class HandoffCommitted(Fact, frozen=True):
    """The target has the conversation.

    Args:
        text: the brief as the target reads it, its newest message.
        learned: what tools told before, as "tool: text", shortened.
        returns: whether the target was asked to hand back.
        due: seconds since the epoch until which it has to answer first, if there is a deadline.
        messages: what the handoff's filter left of the history, if it has one.
    """

    index: int
    source: str
    target: str
    text: str
    reason: str = ""
    brief: dict[str, Any] = {}
    learned: tuple[str, ...] = ()
    returns: bool = False
    due: float | None = None
    messages: tuple[Message, ...] | None = None


class HandoffReturned(Fact, frozen=True):
    """The target gave the conversation back to who asked, with the outcome; `text` is how the asker reads it."""

    index: int
    source: str
    target: str
    text: str
    outcome: dict[str, Any] = {}


class HandoffExpired(Fact, frozen=True):
    """The target did not answer within the handoff's deadline; the asker has the conversation again."""

    source: str
    target: str


class CircleBroken(Fact, frozen=True):
    """A handoff would have gone round the same agents again with nothing learned; `fallback` answers, or the asker itself."""

    index: int
    source: str
    target: str
    fallback: str = ""
