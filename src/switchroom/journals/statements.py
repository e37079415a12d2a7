"""What a journal does in SQLite: each function is one transaction, or one statement that is its own."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from switchroom.errors import Fenced, JournalUnreadable
from switchroom.events import RunEvent
from switchroom.journal import Accepted, Ticket
from switchroom.journals.listed import Listed
from switchroom.journals.rows import Batch, Row, event_of
from switchroom.journals.tables import OF_A_CONVERSATION, transaction

# An entry follows the one before it. The key refuses a number that is taken. NULL, which the column refuses, stands for the
# number of an entry that must not be written: one that would leave a gap, as a writer does whose conversation was deleted
# meanwhile, and a claim whose conditions do not hold. (`INSERT ... SELECT ... WHERE` on the same table costs 1.5 us more.)
_FOLLOWS = "?2 = 1 OR EXISTS (SELECT 1 FROM entries WHERE conversation = ?1 AND seq = ?2 - 1)"
APPEND = f"INSERT INTO entries VALUES (?1, CASE WHEN {_FOLLOWS} THEN ?2 END, ?3, ?4, ?5, ?6)"
_CLAIM = f"""
INSERT INTO entries VALUES (?1, CASE WHEN ({_FOLLOWS})
AND NOT EXISTS (SELECT 1 FROM tickets WHERE conversation = ?1 AND number < ?7)
AND coalesce((SELECT generation FROM tombstones WHERE digest = ?8), 0) = ?9
THEN ?2 END, ?3, ?4, ?5, ?6)
RETURNING EXISTS (SELECT 1 FROM waiting WHERE conversation = ?1)
"""
_READ = "SELECT seq, path, at, version, fact FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq"
_LAST = """
SELECT path, at, EXISTS (SELECT 1 FROM waiting WHERE conversation = ?1) FROM entries
WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1
"""
_NO_TICKET = 2**63 - 1


@lru_cache(4096)
def digest_of(conversation: str) -> bytes:
    """Return the key of a conversation's tombstone, which does not tell the id."""
    return blake2b(conversation.encode(), digest_size=16).digest()


def append_row(db: sqlite3.Connection, row: Row) -> None:
    """Append one entry."""
    try:
        db.execute(APPEND, row)
    except sqlite3.IntegrityError as error:
        raise Fenced(f"Conversation '{row[0]}': entry {row[1]} is taken; another writer has it.") from error


def append_rows(db: sqlite3.Connection, rows: list[Row]) -> None:
    """Append entries together."""
    with transaction(db):
        for row in rows:
            append_row(db, row)


def append_batch(db: sqlite3.Connection, batch: Batch, settles: bool) -> None:
    """Append entries with their blobs. Note that a person is asked; with `settles`, that nobody is asked any more."""
    with transaction(db):
        for row in batch.rows:
            append_row(db, row)
        _keep_with(db, batch, settles)


def _keep_with(db: sqlite3.Connection, batch: Batch, settles: bool) -> None:
    conversation = batch.rows[0][0]
    if batch.blobs:
        db.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", batch.blobs.items())
        db.executemany("INSERT OR IGNORE INTO blob_references VALUES (?, ?)", [(conversation, d) for d in batch.blobs])
    if settles:
        settle(db, conversation)
    elif batch.asked:
        db.execute("INSERT OR REPLACE INTO waiting VALUES (?, ?)", (conversation, batch.asked))


def claim_rows(db: sqlite3.Connection, rows: list[Row], generation: int) -> bool:
    """Claim a conversation that nobody queues for, with entries. Return True if the conversation may wait for a person."""
    first, *others = rows
    if not others:
        return _claim(db, first, generation, 0)
    with transaction(db):
        may_wait = _claim(db, first, generation, 0)
        for row in others:
            append_row(db, row)
    return may_wait


def claim_batch(
    db: sqlite3.Connection, batch: Batch, generation: int, ticket: int, message: tuple[str, int, int] | None
) -> bool:
    """Claim a conversation with entries, blobs, a message id, or a ticket, which stays queued."""
    first, *others = batch.rows
    conversation = first[0]
    with transaction(db):
        may_wait = _claim(db, first, generation, ticket)
        for row in others:
            append_row(db, row)
        if message is not None:
            try:
                db.execute("INSERT INTO message_ids VALUES (?, ?, ?, ?)", (conversation, *message))
            except sqlite3.IntegrityError as error:
                raise Fenced(f"Conversation '{conversation}': another caller has sent message '{message[0]}'.") from error
        _keep_with(db, batch, settles=False)
    return may_wait or batch.asked > 0


def _claim(db: sqlite3.Connection, row: Row, generation: int, ticket: int) -> bool:
    try:
        claimed = db.execute(_CLAIM, (*row, ticket or _NO_TICKET, digest_of(row[0]), generation)).fetchall()
    except sqlite3.IntegrityError as error:
        raise Fenced(
            f"Conversation '{row[0]}': entry {row[1]} was refused. Another caller has it or comes first, "
            "or the conversation was deleted."
        ) from error
    return claimed[0][0] == 1


def settle(db: sqlite3.Connection, conversation: str) -> None:
    """Note that the conversation waits for nobody."""
    db.execute("DELETE FROM waiting WHERE conversation = ?", (conversation,))


def read(db: sqlite3.Connection, what: str, conversation: str, after: int) -> list[RunEvent]:
    """Read the entries with numbers above `after`; `what` is the subject of error texts."""

    def blob(digest: str) -> bytes:
        row = db.execute("SELECT body FROM blobs WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise JournalUnreadable(f"{what} lacks the value {digest}. Restore it from a backup.")
        if not isinstance(row[0], bytes) or blake2b(row[0], digest_size=16).hexdigest() != digest:
            raise JournalUnreadable(f"{what}: the value {digest} is damaged. Restore it from a backup.")
        return row[0]

    events: list[RunEvent] = []
    for expected, row in enumerate(db.execute(_READ, (conversation, after)).fetchall(), start=after + 1):
        if row[0] != expected:
            raise JournalUnreadable(
                f"{what} lacks entry {expected} of conversation '{conversation}'. Restore it from a backup."
            )
        events.append(event_of(row, blob, what))
    return events


def generation(db: sqlite3.Connection, conversation: str) -> int:
    """Return how many times the conversation was deleted."""
    row = db.execute("SELECT generation FROM tombstones WHERE digest = ?", (digest_of(conversation),)).fetchone()
    return row[0] if row else 0


def take_ticket(db: sqlite3.Connection, conversation: str, owner: str) -> int:
    """Queue a caller of the owner."""
    number = db.execute("INSERT INTO tickets (conversation, owner) VALUES (?, ?)", (conversation, owner)).lastrowid
    assert number is not None
    return number


def drop_ticket(db: sqlite3.Connection, conversation: str, number: int) -> None:
    """Take a caller out of the queue."""
    db.execute("DELETE FROM tickets WHERE number = ? AND conversation = ?", (number, conversation))


def drop_tickets_of(db: sqlite3.Connection, owner: str) -> None:
    """Take all callers of a process that has ended out of all queues."""
    db.execute("DELETE FROM tickets WHERE owner = ?", (owner,))


def first_ticket(db: sqlite3.Connection, conversation: str) -> Ticket | None:
    """Return the queued ticket with the lowest number, whoever has it."""
    row = db.execute(
        "SELECT number, owner FROM tickets WHERE conversation = ? ORDER BY number LIMIT 1", (conversation,)
    ).fetchone()
    return Ticket(*row) if row else None


def request_interrupt(db: sqlite3.Connection, conversation: str, turn: int) -> None:
    """Ask for the end of a turn. Requests for earlier turns came too late, and are removed."""
    with transaction(db):
        db.execute("DELETE FROM interrupts WHERE conversation = ? AND turn < ?", (conversation, turn))
        db.execute("INSERT OR IGNORE INTO interrupts VALUES (?, ?)", (conversation, turn))


def requested_interrupts(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return all requests."""
    return db.execute("SELECT conversation, turn FROM interrupts").fetchall()


def drop_interrupt(db: sqlite3.Connection, conversation: str, turn: int) -> None:
    """Remove a request."""
    db.execute("DELETE FROM interrupts WHERE conversation = ? AND turn = ?", (conversation, turn))


def accepted(db: sqlite3.Connection, conversation: str, message_id: str) -> Accepted | None:
    """Return the turn that a message id stands for."""
    row = db.execute(
        "SELECT turn, seq FROM message_ids WHERE conversation = ? AND message_id = ?", (conversation, message_id)
    ).fetchone()
    return Accepted(*row) if row else None


def read_snapshot(db: sqlite3.Connection, conversation: str) -> bytes | None:
    """Return the snapshot of the present generation."""
    row = db.execute("SELECT generation, body FROM snapshots WHERE conversation = ?", (conversation,)).fetchone()
    if row is None or row[0] != generation(db, conversation):
        return None
    return row[1] if isinstance(row[1], bytes) else None


def write_snapshot(db: sqlite3.Connection, conversation: str, of: int, body: bytes, chunks: dict[str, bytes]) -> None:
    """Replace the snapshot, unless the conversation was deleted since."""
    with transaction(db):
        if generation(db, conversation) != of:
            return
        db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (conversation, of, body))
        rows = [(conversation, digest, chunk) for digest, chunk in chunks.items()]
        db.executemany("INSERT OR REPLACE INTO snapshot_chunks VALUES (?, ?, ?)", rows)


def read_chunk(db: sqlite3.Connection, conversation: str, digest: str) -> bytes | None:
    """Return a chunk of the history."""
    row = db.execute(
        "SELECT body FROM snapshot_chunks WHERE conversation = ? AND digest = ?", (conversation, digest)
    ).fetchone()
    return row[0] if row and isinstance(row[0], bytes) else None


def note_owner(db: sqlite3.Connection, id: str, started_at: float, ended: list[str]) -> None:
    """Note that a process began, and forget those that have ended, with their callers."""
    with transaction(db):
        db.execute("INSERT OR IGNORE INTO owners VALUES (?, ?)", (id, started_at))
        db.executemany("DELETE FROM owners WHERE id = ?", [(one,) for one in ended])


def erase(db: sqlite3.Connection, conversation: str, of: int, last: int) -> None:
    """Remove all rows of a conversation, and the blobs that no other conversation uses; count the deletion."""
    with transaction(db):
        found = db.execute("SELECT max(seq) FROM entries WHERE conversation = ?", (conversation,)).fetchone()[0]
        if generation(db, conversation) != of or (found or 0) != last:
            raise Fenced(f"Conversation '{conversation}': another caller wrote to it or deleted it.")
        digests = db.execute("SELECT digest FROM blob_references WHERE conversation = ?", (conversation,)).fetchall()
        for table in OF_A_CONVERSATION:
            db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))
        db.executemany(
            "DELETE FROM blobs WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM blob_references WHERE digest = ?1)", digests
        )
        db.execute("INSERT OR REPLACE INTO tombstones VALUES (?, ?)", (digest_of(conversation), of + 1))


def compact(db: sqlite3.Connection) -> None:
    """Rewrite the file and empty the write-ahead log.

    `secure_delete` overwrites deleted rows where they were. But a page that was split keeps copies of rows in its unused
    part, and only a new file is free of them.
    """
    db.execute("VACUUM")
    is_busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:  # SQLite returns it as a value
        error = sqlite3.OperationalError("another connection reads or writes")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error


def listed(db: sqlite3.Connection, what: str, prefix: str, after: str, limit: int, only_waiting: bool) -> list[Listed]:
    """List conversations in the order of their ids. Each costs a look at the index, whatever its length."""
    table = "waiting" if only_waiting else "entries"
    first = f"SELECT conversation FROM {table} WHERE conversation >= ? ORDER BY conversation LIMIT 1"
    following = f"SELECT conversation FROM {table} WHERE conversation > ? ORDER BY conversation LIMIT 1"
    page: list[Listed] = []
    row = db.execute(following, (after,)).fetchone() if after >= prefix else db.execute(first, (prefix,)).fetchone()
    while row is not None and len(page) < limit:
        match (id := row[0], *(db.execute(_LAST, row).fetchone() or ())):
            case (str(),) if id.startswith(prefix):  # only a damaged file lacks the entries
                pass
            case (str(), str(path), float() | int() as at, may_wait) if id.startswith(prefix):
                page.append(Listed(id, path, at, may_wait == 1))
            case (str(), *_) if not id.startswith(prefix):
                break
            case _:
                raise JournalUnreadable(f"{what} is damaged: the last entry of conversation {id!r}. Restore it from a backup.")
        row = db.execute(following, (id,)).fetchone()
    return page


def names(db: sqlite3.Connection) -> list[Any]:
    """Return the ids of all conversations, in their order."""
    return [name for (name,) in db.execute("SELECT DISTINCT conversation FROM entries ORDER BY conversation")]
