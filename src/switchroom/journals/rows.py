"""Entries as rows of a table and back. A row of any other shape is damaged."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple, TypeAlias

from switchroom.errors import JournalUnreadable
from switchroom.events import PersonAsked, RunEvent, StepReturned, TurnStarted
from switchroom.events.codec import VERSION, Blobs, decode, encode

Row: TypeAlias = tuple[str, int, str, float, int, str]
"""Conversation, number, path, time, codec version, fact."""


class Batch(NamedTuple):
    """Events that are appended together.

    Args:
        rows: the entries.
        blobs: their large values, by digest.
        asked: the number of the last entry that asks a person; 0 if none does.
        returned: True if the last entry is the outcome of the turn.
    """

    rows: list[Row]
    blobs: Blobs
    asked: int
    returned: bool


def plain_rows(conversation: str, events: Sequence[RunEvent], may_wait: Container[str]) -> list[Row] | None:
    """Encode events that change nothing but the table of entries; None if one of them is another. Most events are plain.

    Args:
        conversation: the id.
        events: the events.
        may_wait: the conversations that may wait for a person.

    Raises:
        UserError: the fact holds what JSON cannot.
    """
    rows: list[Row] = []
    for event in events:
        kind = type(event.fact)
        if kind is PersonAsked or (kind is StepReturned and conversation in may_wait):
            return None
        body, blobs = encode(event.fact)
        if blobs:
            return None
        rows.append((conversation, event.seq, event.path, event.at, VERSION, body.decode()))
    return rows


def batch_of(conversation: str, events: Sequence[RunEvent]) -> Batch:
    """Encode events.

    Raises:
        UserError: a fact holds what JSON cannot.
    """
    rows: list[Row] = []
    blobs: Blobs = {}
    asked = 0
    returned = False
    for event in events:
        body, large = encode(event.fact)
        if large:
            blobs |= large
        kind = type(event.fact)
        if kind is PersonAsked:
            asked = event.seq
        returned = kind is StepReturned and event.path.count("/") == 1
        rows.append((conversation, event.seq, event.path, event.at, VERSION, body.decode()))
    return Batch(rows, blobs, asked, returned)


def message_of(events: Sequence[RunEvent]) -> tuple[str, int, int] | None:
    """Return the message id, the turn and the number of the entry that begins a turn; None if it names no message id."""
    match events[0]:
        case RunEvent(fact=TurnStarted(message_id=id, turn=turn), seq=seq) if id:
            return id, turn, seq
        case _:
            return None


def event_of(row: tuple[Any, ...], blob: Callable[[str], bytes], what: str) -> RunEvent:
    """Decode a row of number, path, time, version and fact.

    Args:
        row: the values.
        blob: gives a large value by its digest.
        what: the subject of error texts.

    Raises:
        JournalUnreadable: the row is damaged, or a newer version wrote it.
    """
    match row:
        case (int(seq), str(path), float() | int() as at, int(version), str() | bytes() as body):
            fact = body.encode() if isinstance(body, str) else body
            return RunEvent(path, decode(version, fact, blob), seq, at)
        case _:
            shown = ", ".join(type(value).__name__ for value in row)
            raise JournalUnreadable(f"{what} is damaged: an entry's row holds {shown}. Restore it from a backup.")
