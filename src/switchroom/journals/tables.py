"""The tables of a journal in SQLite, and how an older file gets them."""

from __future__ import annotations

import re
import sqlite3
from types import TracebackType

LAYOUT = 2
"""The version of the tables; the entries carry the codec's version each."""

_FIRST = """
CREATE TABLE IF NOT EXISTS entries (
    conversation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    path TEXT NOT NULL,
    at REAL NOT NULL,
    version INTEGER NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (digest TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""
# The tombstone of a conversation holds a digest of the id, because a deleted conversation's id may name a person.
_SECOND = """
CREATE TABLE blob_references (
    conversation TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (conversation, digest)
) WITHOUT ROWID;
CREATE INDEX blob_references_by_digest ON blob_references (digest);
CREATE TABLE snapshots (conversation TEXT PRIMARY KEY, generation INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE snapshot_chunks (
    conversation TEXT NOT NULL, digest TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (conversation, digest)
);
CREATE TABLE message_ids (
    conversation TEXT NOT NULL, message_id TEXT NOT NULL, turn INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (conversation, message_id)
) WITHOUT ROWID;
CREATE TABLE tickets (number INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL, owner TEXT NOT NULL);
CREATE INDEX tickets_by_conversation ON tickets (conversation, number);
CREATE TABLE interrupts (conversation TEXT NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (conversation, turn)) WITHOUT ROWID;
CREATE TABLE tombstones (digest BLOB PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE waiting (conversation TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (id TEXT PRIMARY KEY, started_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE inbox (
    conversation TEXT NOT NULL, message_id TEXT NOT NULL, turn INTEGER NOT NULL, at REAL NOT NULL, body BLOB NOT NULL,
    UNIQUE (conversation, message_id)
);
"""
OF_A_CONVERSATION = (
    "entries",
    "blob_references",
    "snapshots",
    "snapshot_chunks",
    "message_ids",
    "tickets",
    "interrupts",
    "waiting",
    "inbox",
)
"""The tables whose rows are of one conversation each."""

_ASKED = """
INSERT INTO waiting
SELECT conversation, seq FROM (
    SELECT conversation, max(seq) AS seq FROM entries WHERE fact LIKE '{"kind":"person_asked"%' GROUP BY conversation
) AS asked
WHERE NOT EXISTS (
    SELECT 1 FROM entries AS later
    WHERE later.conversation = asked.conversation AND later.seq > asked.seq
    AND later.fact LIKE '{"kind":"step_returned"%' AND later.path LIKE '%/%' AND later.path NOT LIKE '%/%/%'
)
"""
_REFERENCE = re.compile(rb'"\\u0000blob":"([0-9a-f]{32})"')


class transaction:
    """Runs a block in one transaction that writes; rolls it back if the block raises.

    Args:
        db: the connection.
    """

    __slots__ = ("_db",)

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None:
            try:
                self._db.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # a full disk has rolled it back already
            self._db.execute("ROLLBACK")


def layout_of(db: sqlite3.Connection) -> int:
    """Return the layout of an open file; 0 for a file without a journal."""
    return db.execute("PRAGMA user_version").fetchone()[0]


def create(db: sqlite3.Connection) -> None:
    """Make the tables in a file without a journal. Several processes may do so at the same moment."""
    with transaction(db):
        if layout_of(db) == 0:
            _run(db, _FIRST + _SECOND)
            db.execute(f"PRAGMA user_version={LAYOUT}")


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file of layout 1 to the present layout, within the caller's transaction."""
    _run(db, _SECOND)
    _find_references(db)
    db.execute(_ASKED)
    db.execute(f"PRAGMA user_version={LAYOUT}")


def supply(db: sqlite3.Connection) -> None:
    """Give a connection that only reads a file of layout 1 the tables that the file lacks, as temporary ones."""
    _run(db, _SECOND.replace("CREATE TABLE ", "CREATE TEMP TABLE ").replace("CREATE INDEX ", "CREATE INDEX temp."))
    db.execute(_ASKED)


def _run(db: sqlite3.Connection, script: str) -> None:
    """Execute statements one by one: `executescript` would commit the transaction first."""
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


def _find_references(db: sqlite3.Connection) -> None:
    """Note the blobs that each conversation uses, those within other blobs included."""
    within = {digest: _references(body) for digest, body in db.execute("SELECT digest, body FROM blobs")}
    for conversation, fact in db.execute("SELECT conversation, fact FROM entries WHERE instr(fact, '\\u0000blob')"):
        used: set[str] = set()
        new = _references(fact)
        while new:
            used |= new
            new = {inner for digest in new for inner in within.get(digest, ())} - used
        db.executemany("INSERT OR IGNORE INTO blob_references VALUES (?, ?)", [(conversation, digest) for digest in used])


def _references(body: object) -> set[str]:
    match body:
        case str():
            return {digest.decode() for digest in _REFERENCE.findall(body.encode())}
        case bytes():
            return {digest.decode() for digest in _REFERENCE.findall(body)}
        case _:  # a damaged row: reading it will say so
            return set()
