"""A journal in an SQLite file (WAL): the embedded default, which survives the death of the process."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Awaitable, Hashable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from switchroom.errors import JournalError
from switchroom.events import RunEvent
from switchroom.journal import Accepted, Soon, Ticket
from switchroom.journals import statements
from switchroom.journals.database import Database, settled
from switchroom.journals.listed import Listed
from switchroom.journals.memories import SqliteMemories
from switchroom.journals.opening import prepare_to_read, prepare_to_write
from switchroom.journals.owners import Owner, folder_of, is_alive, owner_at
from switchroom.journals.place import Place, place_of
from switchroom.journals.rows import Batch, Row, batch_of, message_of, plain_rows


class SqliteJournal:
    """Keeps conversations in a file, which several processes may share. It is a `SharedJournal`.

    Args:
        path: the file; it is created, with the folders above it.
        synchronous: SQLite's setting. "NORMAL" survives the death of the process at any point; "FULL" also the loss of
            power, for a disk flush at each fact.
        read_only: True to read only. The file must exist; it is not changed, and no lock is taken.

    Raises:
        UserError: the file cannot be opened or locked, or a process of an older version has it open.
        JournalUnreadable: the file is no journal, is damaged, or was written by a newer version.
    """

    keeps = True
    waits = False

    def __init__(self, path: str | Path, synchronous: str = "NORMAL", *, read_only: bool = False) -> None:
        self.path = Path(path)
        self._what = f"The journal {self.path}"
        self._folder = folder_of(self.path)
        self._database = Database(Place(str(path), synchronous, read_only), self._what, self._prepare)
        status = os.stat(self.path)
        self._place = ("sqlite", status.st_dev, status.st_ino)
        # Conversations that may wait for a person, as far as this process knows: so a turn that asked nobody pays nothing.
        self._may_wait: set[str] = set()
        self._owner: Owner | None = None
        if not read_only:
            self._register()

    @staticmethod
    def at(url: str) -> SqliteJournal:
        """The journal of a URL: "sqlite:///relative.db", "sqlite:////absolute.db"; options are "?synchronous=full", "?mode=ro".

        Raises:
            UserError: the URL is of another form.
        """
        path, synchronous, read_only = place_of(url, "journal")
        return SqliteJournal(path, synchronous, read_only=read_only)

    def _prepare(self, db: sqlite3.Connection, place: Place) -> None:
        if place.read_only:
            prepare_to_read(db, self._what)
        else:
            prepare_to_write(db, self.path, self._what)

    def _register(self) -> Owner:
        """Take this process's lock at the file, and note the process in the file: for error texts, so it need not succeed."""
        owner = self._owner = owner_at(self.path)
        with suppress(JournalError):
            self._database.write_at_once(statements.note_owner, owner.id, time.time(), owner.removed)
        return owner

    @cached_property
    def memories(self) -> SqliteMemories:
        """What agents remember, in the same file."""
        return SqliteMemories(*self._database.place)

    # entries

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None] | None:
        """Keep events; see `Journal.append`."""
        if (rows := plain_rows(conversation, events, self._may_wait)) is not None:
            if len(rows) == 1:
                return self._database.write_row(statements.APPEND, rows[0], statements.append_row)
            return self._database.write(statements.append_rows, rows)
        batch = batch_of(conversation, events)
        return self._database.write(self._append, batch, batch.returned and conversation in self._may_wait)

    def _append(self, db: sqlite3.Connection, batch: Batch, settles: bool) -> None:
        statements.append_batch(db, batch, settles)
        conversation = batch.rows[0][0]
        if settles:
            self._may_wait.discard(conversation)
        elif batch.asked:
            self._may_wait.add(conversation)

    def read(self, conversation: str, after: int = 0) -> Soon[list[RunEvent]]:
        """The events after a number; see `Journal.read`."""
        return self._database.read(statements.read, self._what, conversation, after)

    def read_sync(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """Read as `read` does; if another process holds the file, block the caller."""
        return self._database.read_at_once(statements.read, self._what, conversation, after)

    def conversations(self) -> list[str]:
        """The conversations that are kept, by name."""
        return self._database.read_at_once(statements.names)

    # owners: see `SharedJournal`

    @property
    def place(self) -> Hashable:
        """Return the device and the inode of the file, with the kind of the journal."""
        return self._place

    @property
    def is_local(self) -> bool:
        """Return False: other processes can open the file."""
        return False

    @property
    def owner(self) -> str:
        """Return the id of this process at the file; "" if the file was opened for reading only."""
        if self._database.place.read_only:
            return ""
        owner = self._owner
        if owner is None or owner.is_left:
            owner = self._register()
        return owner.id

    def is_alive(self, owner: str) -> bool:
        """Return True if the process with this id has not ended."""
        return owner == self.owner or is_alive(self._folder, owner)

    def generation(self, conversation: str) -> Soon[int]:
        """Return how many times the conversation was deleted."""
        return self._database.read(statements.generation, conversation)

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> Soon[None]:
        """Append the events that begin an attempt; see `SharedJournal.claim`."""
        message = message_of(events)
        is_plain = not ticket and message is None
        if is_plain and (rows := plain_rows(conversation, events, self._may_wait)) is not None:
            return self._database.write(self._claim_plainly, rows, generation)
        return self._database.write(self._claim, batch_of(conversation, events), generation, ticket, message)

    def _claim_plainly(self, db: sqlite3.Connection, rows: list[Row], generation: int) -> None:
        if statements.claim_rows(db, rows, generation):
            self._may_wait.add(rows[0][0])

    def _claim(
        self, db: sqlite3.Connection, batch: Batch, generation: int, ticket: int, message: tuple[str, int, int] | None
    ) -> None:
        if statements.claim_batch(db, batch, generation, ticket, message):
            self._may_wait.add(batch.rows[0][0])

    # the queue

    def take_ticket(self, conversation: str) -> Soon[int]:
        """Queue this process's caller; return the ticket's number."""
        return self._database.write(statements.take_ticket, conversation, self.owner)

    def drop_ticket(self, conversation: str, number: int) -> Soon[None]:
        """Take a caller out of the queue."""
        return self._database.write(statements.drop_ticket, conversation, number)

    def first_ticket(self, conversation: str) -> Soon[Ticket | None]:
        """Return the first queued ticket whose process has not ended."""
        return self._database.read(self._first_alive, conversation)

    def _first_alive(self, db: sqlite3.Connection, conversation: str) -> Ticket | None:
        while (first := statements.first_ticket(db, conversation)) is not None and not self.is_alive(first.owner):
            if self._database.place.read_only:
                return None  # the tickets behind it are of no use to a reader either
            statements.drop_tickets_of(db, first.owner)
        return first

    def request_interrupt(self, conversation: str, turn: int) -> Soon[None]:
        """Ask the process that answers a turn to end it."""
        return self._database.write(statements.request_interrupt, conversation, turn)

    def requested_interrupts(self) -> Soon[list[tuple[str, int]]]:
        """Return the turns that are asked to end."""
        return self._database.read(statements.requested_interrupts)

    def drop_interrupt(self, conversation: str, turn: int) -> Soon[None]:
        """Remove a request."""
        return self._database.write(statements.drop_interrupt, conversation, turn)

    def accepted(self, conversation: str, message_id: str) -> Soon[Accepted | None]:
        """Return the turn that a message id stands for."""
        return self._database.read(statements.accepted, conversation, message_id)

    # snapshots

    def read_snapshot(self, conversation: str) -> Soon[bytes | None]:
        """Return the newest snapshot of the present generation."""
        return self._database.read(statements.read_snapshot, conversation)

    def write_snapshot(self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]) -> Soon[None]:
        """Replace the snapshot, and keep chunks of the history."""
        return self._database.write(statements.write_snapshot, conversation, generation, body, chunks)

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        """Return a chunk of the history; None if it is gone, or cannot be read now."""
        try:
            return self._database.read_at_once(statements.read_chunk, conversation, digest, seconds=0.0)
        except JournalError:
            return None

    # conversations: see `Catalogue`

    def list_conversations(self, prefix: str, after: str, limit: int, only_waiting: bool) -> Soon[list[Listed]]:
        """List conversations in the order of their ids; see `Catalogue.list_conversations`."""
        return self._database.read(statements.listed, self._what, prefix, after, limit, only_waiting)

    async def erase(self, conversation: str, generation: int, last: int) -> None:
        """Remove all that is kept of a conversation, and count the deletion; see `Catalogue.erase`."""
        await settled(self._database.write(statements.erase, conversation, generation, last))
        self._may_wait.discard(conversation)

    async def compact(self) -> None:
        """Rewrite the file, so that nothing is left of erased conversations. It takes as long as copying the file.

        Raises:
            JournalBusy, JournalUnwritable: the file was not rewritten, and may still hold parts of erased conversations.
        """
        try:
            await self._database.write_apart(statements.compact)
        except JournalError as error:
            raise type(error)(
                f"{self._what} could not be rewritten: the conversations are deleted, but parts of them may still be in the "
                f"file. Call Conversations.compact() to try again. ({error})"
            ) from error

    def close(self) -> None:
        """Close the file. The process stays its owner until the process ends."""
        self._database.close()
        if "memories" in self.__dict__:
            self.memories.close()

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"
