"""What a person hears in answer to one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from switchroom.events import RunEvent, TurnAnswered, TurnCut
from switchroom.result import Waiting
from switchroom.rules.speech import is_partial, is_truncated
from switchroom.session.parts import BETWEEN


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
        partial: parts of what the answer is made of are missing.
        waiting: what a person is asked before there is an answer; see `session.answer`. With a text, the text is the answer to
            a message that came meanwhile.
        earlier: the replies to earlier messages of the session whose own callers got an error; each is delivered once.
        truncated: the text of an answer ends too early, because the model's server cut it off, as at a token limit.
    """

    text: str = ""
    parts: list[str] = field(default_factory=list[str])
    answered_by: str = ""
    turn: int = 0
    events: Sequence[RunEvent] = field(default=(), repr=False)
    fallback: bool = False
    interrupted: bool = False
    partial: bool = False
    waiting: tuple[Waiting, ...] = ()
    earlier: tuple[Reply, ...] = ()
    truncated: bool = False


def reply_in(events: Sequence[RunEvent], path: str, turn: int) -> Reply | None:
    """Return the reply that a turn of a session noted last; None while it has none.

    Args:
        events: the events of the turn.
        path: the path of the session's graph in the turn.
        turn: the number of the turn.
    """
    for event in reversed(events):
        if event.path == path and isinstance(event.fact, TurnAnswered | TurnCut):
            return reply_of(event.fact, events, turn)
    return None


def reply_of(fact: TurnAnswered | TurnCut, events: Sequence[RunEvent], turn: int) -> Reply:
    """Return the reply for the fact of an answer, or of the heard part of an interrupted one."""
    parts = [part.text for part in fact.parts]
    match fact:
        case TurnAnswered():
            by, fallback, cut = fact.by, fact.fallback, False
        case TurnCut():
            by, fallback, cut = fact.parts[-1].speaker if fact.parts else "", False, True
    given = Reply(BETWEEN.join(parts), parts, by, turn, tuple(events), fallback, cut, is_partial(events))
    return replace(given, truncated=True) if not fallback and is_truncated(events) else given
