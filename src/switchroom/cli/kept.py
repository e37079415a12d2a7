"""Where conversations are kept, as a person at the command line reads it."""

from __future__ import annotations

import os
from pathlib import Path

from switchroom.cli.diagnosis.finding import hidden
from switchroom.journal import Journal
from switchroom.journals.memory import MemoryJournal
from switchroom.journals.sqlite import SqliteJournal

_SQLITE = "sqlite:///"


def default_journal() -> str:
    """The journal of conversations that were given none: an SQLite file in the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return f"{_SQLITE}{Path(home) / 'switchroom' / 'chats.db'}"


def place(where: Journal | str | None) -> str:
    """Where a journal keeps conversations for other processes, without its password; "" if they end with this one.

    Args:
        where: the journal or its URL.
    """
    match where:
        case None | MemoryJournal():
            return ""
        case SqliteJournal(path=path):
            return str(path)
        case str() if where.startswith("memory:"):
            return ""
        case str() if where.startswith(_SQLITE):
            return where.partition("?")[0].removeprefix(_SQLITE)
        case str():
            return hidden(where)
        case _:
            return type(where).__name__
