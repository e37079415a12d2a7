"""What agents remember, in an SQLite file: a table beside a journal's, or in a file of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from switchroom.errors import JournalUnreadable, UserError
from switchroom.journals.place import place_of

PATIENCE = 10.0
"""Seconds in which another process may hold the file's lock."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_memory (
    agent_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (agent_id, key)
) WITHOUT ROWID
"""
_PUT = "INSERT INTO agent_memory VALUES (?, ?, ?) ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value"
_FIND = "SELECT value FROM agent_memory WHERE agent_id = ? AND key = ?"
_DROP = "DELETE FROM agent_memory WHERE agent_id = ? AND key = ? RETURNING key"
# As bytes: of a text, SQLite's functions see only what stands before a NUL.
_LISTED = """
SELECT key, value FROM agent_memory
WHERE agent_id = ?1 AND key >= ?2 AND substr(CAST(key AS BLOB), 1, ?3) = CAST(?2 AS BLOB) ORDER BY key
"""


class SqliteMemories:
    """Keeps agents' memories in a file, which several processes may share.

    Args:
        path: the file; it is created, with the folders above it. ":memory:" for none.
        synchronous: SQLite's setting, as of `SqliteJournal`.

    Raises:
        JournalUnreadable: the file is no database, or is damaged.
        UserError: it cannot be opened, or has another table of that name.
    """

    def __init__(self, path: str | Path, synchronous: str = "NORMAL") -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            # Who waits for another process's lock waits on the event loop, and does not hold it up.
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        except (OSError, ValueError, sqlite3.OperationalError) as error:
            raise UserError(f"The memories in {path} cannot be opened: {error}.") from error
        try:
            self._prepare(synchronous)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise self._unreadable(error) from error

    @staticmethod
    def at(url: str) -> SqliteMemories:
        """The memories of a URL: that of a journal, such as "sqlite:///relative.db", or "memory:".

        Raises:
            UserError: the URL is of another form.
        """
        if url == "memory:":
            return SqliteMemories(":memory:")
        return SqliteMemories(*place_of(url, "db"))

    def _prepare(self, synchronous: str) -> None:
        """Make the table, which happens once for a file, and may have to wait for others who do the same."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute(f"PRAGMA synchronous={synchronous}")
                self._db.execute(_SCHEMA)
                break
            except sqlite3.OperationalError as error:
                if not _is_locked(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)
        columns = [(name, rank > 0) for _, name, _, _, _, rank in self._db.execute("PRAGMA table_info(agent_memory)")]
        if columns != [("agent_id", True), ("key", True), ("value", False)]:
            raise UserError(
                f"{self.path} has another table 'agent_memory', with {[name for name, _ in columns]}. "
                "Rename it, or give AgentMemory a file of its own."
            )

    async def put(self, agent: str, key: str, value: Any) -> None:
        """Keep a value; see `Memories.put`."""
        await self._execute(_PUT, (agent, key, to_json(value).decode()))

    async def find(self, agent: str, key: str) -> tuple[Any] | None:
        """What is kept under a key; see `Memories.find`."""
        rows = await self._execute(_FIND, (agent, key))
        return (self._value(rows[0][0]),) if rows else None

    async def drop(self, agent: str, key: str) -> bool:
        """Keep nothing under a key any more; see `Memories.drop`."""
        return bool(await self._execute(_DROP, (agent, key)))

    async def listed(self, agent: str, prefix: str) -> dict[str, Any]:
        """What is kept under keys that begin so; see `Memories.listed`."""
        rows = await self._execute(_LISTED, (agent, prefix, len(_bytes(prefix))))
        return {key: self._value(value) for key, value in rows}

    async def _execute(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        end = time.monotonic() + PATIENCE
        for value in values:
            if isinstance(value, str):
                _bytes(value)
        while True:
            try:
                with self._lock:
                    return self._db.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                if not _is_locked(error) or time.monotonic() > end:
                    raise self._unreadable(error) from error
            await asyncio.sleep(0.005)

    def _value(self, text: str) -> Any:
        try:
            return from_json(text)
        except ValueError as error:
            raise JournalUnreadable(f"The memories in {self.path} are damaged: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _unreadable(self, error: sqlite3.DatabaseError) -> JournalUnreadable:
        return JournalUnreadable(f"The memories in {self.path} cannot be read or written: {error}.")

    def __repr__(self) -> str:
        return f"SqliteMemories({str(self.path)!r})"


def _is_locked(error: sqlite3.DatabaseError) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{text!r} is no valid Unicode ({error}), and cannot be a key.") from error
