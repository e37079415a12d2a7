"""What keeps facts: an append-only list of entries for each conversation, one writer at a time."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Sequence
from typing import Protocol

from switchroom.adapters import load
from switchroom.errors import Fenced, UserError
from switchroom.events import RunEvent


class Journal(Protocol):
    """Where the facts of conversations are kept, by conversation and number.

    An adapter either writes at once and returns None, or sets `waits` and returns what is to be awaited.
    """

    @property
    def keeps(self) -> bool:
        """Whether anything is there to be read afterwards."""
        ...

    @property
    def waits(self) -> bool:
        """Whether `append` and `read` have to be awaited."""
        ...

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None] | None:
        """Keep events, all or none. They carry the next numbers of the conversation.

        Raises:
            Fenced: one of the numbers is taken: somebody else writes.
            UserError: a fact holds what JSON cannot.
        """
        ...

    def read(self, conversation: str, after: int = 0) -> list[RunEvent] | Awaitable[list[RunEvent]]:
        """The events of a conversation with numbers above `after`, in their order; [] if there is none.

        Raises:
            JournalUnreadable: it is damaged, or a newer version wrote it.
        """
        ...


class NoJournal:
    """Keeps nothing. A run without a journal goes the same way as one with; it only cannot be resumed."""

    keeps = False
    waits = False

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Forget the events."""

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """Nothing."""
        return []


class Gone:
    """Stands in the place of the journal when an attempt is over and something of it still runs: it keeps nothing more."""

    keeps = True
    waits = False

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Refuse the events.

        Raises:
            Fenced: always.
        """
        raise Fenced(f"Conversation '{conversation}': the turn in which this runs is over.")

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """Nothing."""
        return []


NO_JOURNAL = NoJournal()
GONE = Gone()
_opened: dict[tuple[int, str], Journal] = {}


def journal_at(where: Journal | str | None) -> Journal:
    """The journal that a configuration names: an object, a URL such as "sqlite:///chats.db" or "memory:", or None.

    A URL is opened once per process.

    Raises:
        UserError: no adapter is known for the URL.
        JournalUnreadable: what is there is no journal, or of a newer version.
    """
    if where is None:
        return NO_JOURNAL
    if not isinstance(where, str):
        if not hasattr(where, "append"):
            raise UserError(f"journal={where!r} is no journal. Give one, or a URL such as 'sqlite:///chats.db'.")
        return where
    key = (os.getpid(), where)  # a database connection does not survive a fork
    if key not in _opened:
        scheme, colon, _ = where.partition(":")
        if not colon:
            raise UserError(f"journal={where!r} is no URL. Write 'sqlite:///{where}' for a file, or 'memory:'.")
        _opened[key] = load("journal", scheme)(where)
    return _opened[key]
