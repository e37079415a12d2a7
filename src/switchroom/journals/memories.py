"""What agents remember, in an SQLite file: a table beside a journal's, or in a file of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from switchroom.errors import JournalUnreadable, UserError
from switchroom.journals.database import Database, settled
from switchroom.journals.opening import migrate_older, patiently, use_wal
from switchroom.journals.place import Place, place_of

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
        read_only: True to read only.

    Raises:
        JournalUnreadable: the file is no database, or is damaged.
        UserError: it cannot be opened, or has another table of that name.
    """

    def __init__(self, path: str | Path, synchronous: str = "NORMAL", read_only: bool = False) -> None:
        self.path = path
        self._database = Database(Place(str(path), synchronous, read_only), f"The memories in {path}", self._prepare)

    @staticmethod
    def at(url: str) -> SqliteMemories:
        """The memories of a URL: that of a journal, such as "sqlite:///relative.db", or "memory:".

        Raises:
            UserError: the URL is of another form.
        """
        if url == "memory:":
            return SqliteMemories(":memory:")
        return SqliteMemories(*place_of(url, "db"))

    def _prepare(self, db: sqlite3.Connection, place: Place) -> None:
        """Make the table, which happens once for a file. A journal in the file is brought to its present layout first."""
        what = f"The memories in {self.path}"
        if not place.read_only:
            if place.path != ":memory:":
                migrate_older(Path(place.path), what)
            use_wal(db, what)
            patiently(what, lambda: db.execute(_SCHEMA))
        columns = [(name, rank > 0) for _, name, _, _, _, rank in db.execute("PRAGMA table_info(agent_memory)")]
        if columns != [("agent_id", True), ("key", True), ("value", False)]:
            raise UserError(
                f"{self.path} has another table 'agent_memory', with {[name for name, _ in columns]}. "
                "Rename it, or give AgentMemory a file of its own."
            )

    async def put(self, agent: str, key: str, value: Any) -> None:
        """Keep a value; see `Memories.put`."""
        await self._write(_PUT, agent, key, to_json(value).decode())

    async def find(self, agent: str, key: str) -> tuple[Any] | None:
        """What is kept under a key; see `Memories.find`."""
        rows = await settled(self._database.read(_execute, _FIND, (_checked(agent), _checked(key))))
        return (self._value(rows[0][0]),) if rows else None

    async def drop(self, agent: str, key: str) -> bool:
        """Keep nothing under a key any more; see `Memories.drop`."""
        return bool(await self._write(_DROP, agent, key))

    async def listed(self, agent: str, prefix: str) -> dict[str, Any]:
        """What is kept under keys that begin so; see `Memories.listed`."""
        length = len(_checked(prefix).encode())
        rows = await settled(self._database.read(_execute, _LISTED, (_checked(agent), prefix, length)))
        return {key: self._value(value) for key, value in rows}

    async def _write(self, statement: str, *values: str) -> list[Any]:
        return await settled(self._database.write(_execute, statement, tuple(_checked(value) for value in values)))

    def _value(self, text: Any) -> Any:
        try:
            return from_json(text)
        except (TypeError, ValueError) as error:
            raise JournalUnreadable(f"The memories in {self.path} are damaged: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __repr__(self) -> str:
        return f"SqliteMemories({str(self.path)!r})"


def _execute(db: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
    return db.execute(statement, values).fetchall()


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{text!r} is no valid Unicode ({error}), and cannot be a key.") from error
    return text
