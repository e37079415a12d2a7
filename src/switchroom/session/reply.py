"""What a person hears in answer to one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from switchroom.events import RunEvent
from switchroom.result import Waiting


@dataclass(frozen=True)
class Reply:
    """The one answer to a message.

    Attributes:
        text: all that was heard, the parts in lines of their own.
        parts: what each speaker said, in order: a node's parting words, then the answer of whom it handed over to.
        answered_by: the last speaker.
        turn: the number of the turn, from 1.
        events: what happened up to the answer, as `session.stream` gives it.
        fallback: nobody else answered, so that the fallback did.
        interrupted: a person interrupted, and `text` is what they had heard.
        waiting: what a person is asked before there is an answer; see `session.answer`.
    """

    text: str = ""
    parts: list[str] = field(default_factory=list[str])
    answered_by: str = ""
    turn: int = 0
    events: Sequence[RunEvent] = field(default=(), repr=False)
    fallback: bool = False
    interrupted: bool = False
    waiting: tuple[Waiting, ...] = ()
