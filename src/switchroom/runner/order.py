"""What a caller asked for, as one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from switchroom.arguments import Answers
from switchroom.attempt import Attempt
from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.journal import Accepted
from switchroom.messages import Message
from switchroom.ownership import Owned
from switchroom.tracing.tracer import Tracer


class Order(msgspec.Struct):
    """What a caller asked for, and the attempt at it, once there is one.

    Args:
        step: what answers.
        config: the options of the run.
        input: what the step is given.
        deps: the caller's handles.
        state: the shared state that the caller gave.
        conversation: the id; "" for a new conversation.
        answers: what a person answered, by the ids of the questions.
        channel: the reader of a stream.
        attempt: the attempt that runs.
        tracer: the listener that makes the trace.
        message_id: the caller's own id of the message; "" for none.
        takeover: take the conversation from an attempt that is live.
        ticket: the caller's place in the conversation's queue, if it has one already.
        turn: the turn that is resumed; None for the last turn at the moment of the call.
        called_at: when the caller asked, by the loop's clock.
        within: the attempt whose code asked, if any.
        patience_s: seconds for which a turn without a deadline waits for a busy journal to take its first fact; None for as
            long as the journal itself waits.
        finish: finishes an unfinished turn that stands before this message; None for the usual way.
        kept: the input as the journal keeps it, once it was read.
    """

    step: Any
    config: RunConfig
    input: Any = None
    deps: Any = None
    state: Any = None
    conversation: str = ""
    answers: Answers = {}
    channel: Channel | None = None
    attempt: Attempt | None = None
    tracer: Tracer | None = None
    message_id: str = ""
    takeover: bool = False
    ticket: int = 0
    turn: Accepted | None = None
    called_at: float = 0.0
    within: Owned | None = None
    patience_s: float | None = None
    finish: Callable[[Order], Awaitable[None]] | None = None
    kept: tuple[tuple[Message, ...], Any] | None = None

    @property
    def due(self) -> float | None:
        """When the run has to be over, by the loop's clock; None without a deadline."""
        return None if self.config.deadline is None else self.called_at + self.config.deadline
