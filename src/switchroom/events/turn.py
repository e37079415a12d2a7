"""Facts of a turn as a whole: that an attempt at it began, and what changed in the state that its agents share."""

from __future__ import annotations

from typing import Any, ClassVar

from switchroom.events.base import Fact
from switchroom.messages import Message


class TurnStarted(Fact, frozen=True):
    """An attempt at a turn began. Every attempt begins with it, so that a writer who lost the conversation is refused.

    The first attempt keeps the input: `messages` for agents, `input` as JSON for other steps. `state` is the shared state
    that the caller gave, as JSON. `owner` is the id of the process that makes the attempt; appending the fact is its claim to
    the conversation. `message_id` is the caller's own id of the message.
    """

    concerns_root: ClassVar[bool] = True
    turn: int
    attempt: int
    name: str
    messages: tuple[Message, ...] = ()
    input: Any = None
    state: dict[str, Any] | None = None
    owner: str = ""
    message_id: str = ""


class AttemptHeld(Fact, frozen=True):
    """An attempt has its outcome, but the named tools that it started still run. The attempt lives until they end."""

    concerns_root: ClassVar[bool] = True
    tools: tuple[str, ...]


class AttemptReleased(Fact, frozen=True):
    """An attempt ended without an outcome (it was cancelled, or waits for a person), or its last tool ended after it."""

    concerns_root: ClassVar[bool] = True


class AnsweredWhileWaiting(Fact, frozen=True):
    """A message came while the turn waited for a person, and was answered with `text` at once."""

    concerns_root: ClassVar[bool] = True
    message: Message
    text: str


class StateChanged(Fact, frozen=True):
    """Somebody changed fields of the shared state; their new values as JSON, and the path of the code that did it."""

    concerns_root: ClassVar[bool] = True
    changes: dict[str, Any]
    by: str = ""
