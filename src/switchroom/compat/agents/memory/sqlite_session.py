"""Sessions in SQLite, in memory or in a file."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Generator
from pathlib import Path
from typing import cast

from switchroom.compat.agents.convert import TResponseInputItem
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.memory.session_settings import SessionSettings


class SQLiteSession:
    """A session in SQLite, in memory or in a file, which several processes may share and that SDK can read as well.

    Args:
        session_id: its name; one file holds many sessions.
        db_path: the file; by default nothing is left when the object goes.
        sessions_table: the table with a row for each session.
        messages_table: the table with a row for each item.
        session_settings: how much of it runs get to see.
    """

    def __init__(
        self,
        session_id: str,
        db_path: str | Path = ":memory:",
        sessions_table: str = "agent_sessions",
        messages_table: str = "agent_messages",
        session_settings: SessionSettings | None = None,
    ) -> None:
        self.session_id = session_id
        self.db_path = db_path
        self.session_settings = session_settings or SessionSettings()
        for table in (sessions_table, messages_table):
            if not table.isidentifier():
                raise UserError(f"SQLiteSession '{session_id}': {table!r} is no name of a table; use letters, digits and '_'.")
        self._sessions = sessions_table
        self._items = messages_table
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(str(db_path), isolation_level=None, check_same_thread=False, timeout=10)
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA.format(sessions=sessions_table, items=messages_table)} COMMIT;")
        except sqlite3.DatabaseError as error:
            raise UserError(f"SQLiteSession '{session_id}': the file {db_path} cannot be opened: {error}.") from error

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in their order; with a limit, the newest. Without one the session's own settings hold."""
        wanted = self.session_settings.limit if limit is None else limit
        with self._writing() as db:
            rows = db.execute(
                f"SELECT message_data FROM {self._items} WHERE session_id = ? ORDER BY id DESC LIMIT ?",
                (self.session_id, -1 if wanted is None else wanted),
            ).fetchall()
        return [json.loads(row) for (row,) in reversed(rows)]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Keep more items, all or none."""
        rows = [(self.session_id, json.dumps(item)) for item in items]
        with self._writing() as db:
            db.execute(f"INSERT OR IGNORE INTO {self._sessions} (session_id) VALUES (?)", (self.session_id,))
            db.executemany(f"INSERT INTO {self._items} (session_id, message_data) VALUES (?, ?)", rows)
            db.execute(f"UPDATE {self._sessions} SET updated_at = CURRENT_TIMESTAMP WHERE session_id = ?", (self.session_id,))

    async def pop_item(self) -> TResponseInputItem | None:
        """Take the newest item away, and give it; None if there is none."""
        with self._writing() as db:
            row = db.execute(
                f"SELECT id, message_data FROM {self._items} WHERE session_id = ? ORDER BY id DESC LIMIT 1", (self.session_id,)
            ).fetchone()
            if row is None:
                return None
            db.execute(f"DELETE FROM {self._items} WHERE id = ?", (row[0],))
        return cast("TResponseInputItem", json.loads(row[1]))

    async def clear_session(self) -> None:
        """Forget all items."""
        with self._writing() as db:
            db.execute(f"DELETE FROM {self._items} WHERE session_id = ?", (self.session_id,))
            db.execute(f"DELETE FROM {self._sessions} WHERE session_id = ?", (self.session_id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """One transaction, alone in this process and in all others."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


_SCHEMA = """
CREATE TABLE IF NOT EXISTS {sessions} (
    session_id TEXT PRIMARY KEY,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS {items} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES {sessions} (session_id) ON DELETE CASCADE,
    message_data TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS idx_{items}_session_id ON {items} (session_id, id);
"""
