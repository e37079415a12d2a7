"""What keeps facts: an append-only list of entries for each conversation, one writer at a time."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Hashable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from switchroom.adapters import load
from switchroom.arguments import as_given, check_name
from switchroom.errors import UserError
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


T = TypeVar("T")

Soon: TypeAlias = "T | Awaitable[T]"
"""A value, or something to await for the value: a journal in a file answers at once unless another process is writing."""


class Ticket(NamedTuple):
    """The place of a caller in the queue of a busy conversation: a number, and the id of the caller's process."""

    number: int
    owner: str


class Accepted(NamedTuple):
    """The turn that a message id stands for, and the number of the entry with which the turn began."""

    turn: int
    seq: int


class SharedJournal(Journal, Protocol):
    """A journal that several callers, threads and processes use at the same time.

    Each method may return an awaitable where a write, or rarely a read, has to wait for another process. Cancelling such an
    awaitable gives the write up if it has not happened: then nothing was written and CancelledError is raised. If the write
    has happened already, the awaitable returns normally.
    """

    @property
    def place(self) -> Hashable:
        """Return a value that is equal for all journal objects over the same store in this process."""
        ...

    @property
    def is_local(self) -> bool:
        """Return True if no other process can use the store."""
        ...

    @property
    def owner(self) -> str:
        """Return the id of this process at the store. A forked child has another id."""
        ...

    def is_alive(self, owner: str) -> bool:
        """Return True if the process with this id has not ended. The own id is alive."""
        ...

    def generation(self, conversation: str) -> Soon[int]:
        """Return how many times the conversation was deleted."""
        ...

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> Soon[None]:
        """Append the events that begin an attempt, all or none. The first event is a `TurnStarted`.

        A message id of the `TurnStarted` is kept with its turn. The claimant's ticket stays queued: a claimant that finishes
        another caller's turn first keeps its place.

        Args:
            conversation: the id.
            events: numbered from the conversation's last entry on.
            generation: the generation that the claimant has read.
            ticket: the claimant's ticket; 0 for a claimant that has not queued.

        Raises:
            Fenced: the last entry is not the one before `events`, the generation is another, a ticket with a lower number
                (any ticket, if `ticket` is 0) is queued, or the message id is taken.
        """
        ...

    def take_ticket(self, conversation: str) -> Soon[int]:
        """Queue this process's caller; return the ticket's number, above 0 and above all numbers before."""
        ...

    def drop_ticket(self, conversation: str, number: int) -> Soon[None]:
        """Take a caller out of the queue; a number that is not queued is ignored."""
        ...

    def first_ticket(self, conversation: str) -> Soon[Ticket | None]:
        """Return the queued ticket with the lowest number. Tickets of processes that have ended are removed first."""
        ...

    def request_interrupt(self, conversation: str, turn: int) -> Soon[None]:
        """Ask the process that answers a turn to end the turn with what its caller has been shown."""
        ...

    def requested_interrupts(self) -> Soon[list[tuple[str, int]]]:
        """Return the turns that are asked to end, as (conversation, turn)."""
        ...

    def drop_interrupt(self, conversation: str, turn: int) -> Soon[None]:
        """Remove a request; a turn without one is ignored."""
        ...

    def accepted(self, conversation: str, message_id: str) -> Soon[Accepted | None]:
        """Return the turn that a message id stands for; None for an unknown id."""
        ...

    def read_snapshot(self, conversation: str) -> Soon[bytes | None]:
        """Return the newest snapshot of the conversation's present generation; None if there is none."""
        ...

    def write_snapshot(self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]) -> Soon[None]:
        """Replace the conversation's snapshot, and keep chunks of its history by their digests.

        A snapshot of another generation than the conversation's present one is ignored.
        """
        ...

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        """Return a chunk of a conversation's history by its digest; None if it is gone. It waits for nobody."""
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


NO_JOURNAL = NoJournal()
_opened: dict[tuple[int, str], Journal] = {}
_checked_types: set[type] = set()
"""The types of journals that were checked already: a check costs a fifth of a turn's start."""


def journal_at(where: Journal | str | None) -> Journal:
    """The journal that a configuration names: an object, a URL such as "sqlite:///chats.db" or "memory:", or None.

    A URL is opened once per process.

    Raises:
        UserError: no adapter is known for the URL.
        JournalUnreadable: what is there is no journal, or of a newer version.
    """
    if where is None:
        return NO_JOURNAL
    if type(where) in _checked_types:
        return where  # pyright: ignore[reportReturnType] - a text is not among the checked types
    check_journal(where, "journal")
    if not isinstance(where, str):
        _checked_types.add(type(where))
        return where
    key = (os.getpid(), where)  # a database connection does not survive a fork
    if key not in _opened:
        scheme, colon, _ = where.partition(":")
        if not colon:
            raise UserError(f"journal={where!r} is no URL. Write 'sqlite:///{where}' for a file, or 'memory:'.")
        _opened[key] = load("journal", scheme)(where)
    return _opened[key]


def check_journal(given: Any, where: str) -> None:
    """Check that a value is a journal, a text that may be a URL, or None. Nothing is opened.

    Args:
        given: the value.
        where: the name of the argument, for the error message.

    Raises:
        UserError: it is none of them.
    """
    if given is None:
        return
    if isinstance(given, str):
        check_name(given, where, "a journal or its URL")
        return
    called = all(callable(getattr(given, name, None)) for name in ("append", "read"))
    if isinstance(given, type) or not called or not hasattr(given, "keeps") or not hasattr(given, "waits"):
        raise UserError(
            f"{as_given(where, given)} is no journal. Give an object with `append`, `read`, `keeps` and `waits`, "
            "or a URL such as 'sqlite:///chats.db'."
        )
