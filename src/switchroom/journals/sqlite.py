"""A journal in an SQLite file (WAL): the embedded default, which survives the death of the process."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from switchroom.errors import Fenced, JournalUnreadable, UserError
from switchroom.events import RunEvent
from switchroom.events.codec import VERSION, decode, encode
from switchroom.journals.memories import SqliteMemories
from switchroom.journals.place import SYNCHRONOUS, place_of

LAYOUT = 1
"""The version of the tables; the entries carry the codec's version each."""

_SCHEMA = """
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


class SqliteJournal:
    """Keeps conversations in a file, which several processes may share.

    Args:
        path: the file; it is created, with the folders above it.
        synchronous: SQLite's setting. "NORMAL" survives the death of the process at any point; "FULL" also the loss of
            power, for a disk flush at each fact.

    Raises:
        JournalUnreadable: the file is no journal, is damaged, or was written by a newer version.
    """

    keeps = True
    waits = False

    def __init__(self, path: str | Path, synchronous: str = "NORMAL") -> None:
        if synchronous.upper() not in SYNCHRONOUS:
            raise UserError(f"synchronous={synchronous!r}: it may be NORMAL, FULL or EXTRA.")
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
        except (OSError, sqlite3.OperationalError) as error:
            raise UserError(f"The journal {self.path} cannot be opened: {error}.") from error
        try:
            self._prepare(synchronous)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise self._unreadable(error) from error
        except JournalUnreadable:
            self._db.close()
            raise

    @staticmethod
    def at(url: str) -> SqliteJournal:
        """The journal of a URL: "sqlite:///relative.db", "sqlite:////absolute.db", with "?synchronous=full" if wanted.

        Raises:
            UserError: the URL is of another form.
        """
        return SqliteJournal(*place_of(url, "journal"))

    def _prepare(self, synchronous: str) -> None:
        layout = self._db.execute("PRAGMA user_version").fetchone()[0]
        if layout > LAYOUT:
            raise JournalUnreadable(
                f"The journal {self.path} was written by a newer Switchroom (layout {layout}; this one reads up to {LAYOUT}). "
                "Install a newer version."
            )
        self._use_wal()
        self._db.execute(f"PRAGMA synchronous={synchronous}")
        if layout < LAYOUT:
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={LAYOUT}; COMMIT;")

    def _use_wal(self) -> None:
        """Switch the file to WAL. The switch does not heed the timeout, so it is tried again while another process makes it."""
        for left in range(200, -1, -1):
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or not left:
                    raise
                time.sleep(0.02)

    @cached_property
    def memories(self) -> SqliteMemories:
        """What agents remember, in the same file."""
        return SqliteMemories(self.path)

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events; see `Journal.append`."""
        rows: list[tuple[str, int, str, float, int, str]] = []
        large: dict[str, bytes] = {}
        for event in events:
            body, blobs = encode(event.fact)
            large |= blobs
            rows.append((conversation, event.seq, event.path, event.at, VERSION, body.decode()))
        with self._lock:
            try:
                if len(rows) == 1 and not large:
                    self._db.execute(_INSERT, rows[0])
                else:
                    self._append_together(rows, large)
            except sqlite3.IntegrityError as error:
                raise Fenced(f"Conversation '{conversation}': entry {rows[0][1]} is taken; another writer has it.") from error
            except sqlite3.DatabaseError as error:
                raise self._unreadable(error) from error

    def _append_together(self, rows: list[tuple[str, int, str, float, int, str]], large: dict[str, bytes]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", large.items())
            self._db.executemany(_INSERT, rows)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            raise

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events after a number; see `Journal.read`."""
        with self._lock:
            try:
                rows = self._db.execute(_SELECT, (conversation, after)).fetchall()
            except sqlite3.DatabaseError as error:
                raise self._unreadable(error) from error
        events: list[RunEvent] = []
        for expected, (seq, path, at, version, body) in enumerate(rows, start=after + 1):
            if seq != expected:
                raise JournalUnreadable(
                    f"The journal {self.path} lacks entry {expected} of conversation '{conversation}'. "
                    "Restore it from a backup."
                )
            body = body.encode() if isinstance(body, str) else bytes(body)
            events.append(RunEvent(path, decode(version, body, self._blob), seq, at))
        return events

    def conversations(self) -> list[str]:
        """The conversations that are kept, by name."""
        try:
            with self._lock:
                rows = self._db.execute("SELECT DISTINCT conversation FROM entries ORDER BY conversation").fetchall()
        except sqlite3.DatabaseError as error:
            raise JournalUnreadable(f"The journal {self.path} cannot be read: {error}") from error
        return [name for (name,) in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
        if "memories" in self.__dict__:
            self.memories.close()

    def _blob(self, digest: str) -> bytes:
        with self._lock:
            row = self._db.execute("SELECT body FROM blobs WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise JournalUnreadable(f"The journal {self.path} lacks the value {digest}. Restore it from a backup.")
        return row[0]

    def _unreadable(self, error: sqlite3.DatabaseError) -> JournalUnreadable:
        return JournalUnreadable(f"The journal {self.path} cannot be read or written: {error}.")


_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, path, at, version, fact FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq"
