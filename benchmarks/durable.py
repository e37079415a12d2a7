"""A turn that is kept in an SQLite file, beside bare inserts of the same rows with a commit for each."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks import ours
from benchmarks.measure import Row, Work, compare
from switchroom import RunConfig, Runner
from switchroom.events.codec import VERSION, encode
from switchroom.journals import SqliteJournal

TABLE = """
CREATE TABLE entries (conversation TEXT NOT NULL, seq INTEGER NOT NULL, path TEXT NOT NULL, at REAL NOT NULL,
version INTEGER NOT NULL, fact TEXT NOT NULL, PRIMARY KEY (conversation, seq)) WITHOUT ROWID
"""
INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)"


def rows() -> list[Row]:
    """Return the rows: CPU microseconds of a turn, with all turns in one conversation and in 100 by turns."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            _row(Path(folder, "one"), "durable turn, 1 conversation", lambda turn: "c"),
            _row(Path(folder, "many"), "durable turn, 100 at once", lambda turn: f"c{turn % 100}"),
        ]


def _row(folder: Path, name: str, conversation: Callable[[int], str]) -> Row:
    folder.mkdir()
    journal = SqliteJournal(folder / "ours.db")
    config = RunConfig(journal=journal)
    turns = count()

    async def turn() -> None:
        await Runner.run(ours.greeter, "hi", conversation=conversation(next(turns)), config=config)

    return compare(name, 3.0, (_bare(folder, conversation), turn), 300)


def _bare(folder: Path, conversation: Callable[[int], str]) -> Work:
    """Return what inserts the rows of one turn, each in a transaction of its own."""
    facts = _facts_of_a_turn(folder / "example.db")
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute(TABLE)
    turns = count()

    async def inserted() -> None:
        turn = next(turns)
        for place, (path, fact) in enumerate(facts):
            db.execute(INSERT, (conversation(turn), turn * len(facts) + place, path, 0.0, VERSION, fact))

    return inserted


def _facts_of_a_turn(path: Path) -> list[tuple[str, str]]:
    """Return the entries of a turn as paths and JSON."""
    journal = SqliteJournal(path)
    Runner.run_sync(ours.greeter, "hi", conversation="c", config=RunConfig(journal=journal))
    return [(event.path, encode(event.fact)[0].decode()) for event in journal.read_sync("c")]
