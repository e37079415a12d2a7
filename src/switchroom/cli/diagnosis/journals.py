"""Where conversations are kept: whether the journal can be opened, is one, and has turns that are not finished."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from switchroom.cli.diagnosis.finding import Finding
from switchroom.conversation import recall
from switchroom.errors import JournalError, JournalUnreadable, UserError
from switchroom.journal import Journal, journal_at
from switchroom.journals.place import Place, place_of
from switchroom.journals.sqlite import SqliteJournal

MOST = 1000
"""Conversations that are looked through for turns that are not finished."""
_SHOWN = 3
_SQLITE = "sqlite:///"


def journal(where: Journal | str, reference: str) -> Iterator[Finding]:
    """The findings about a journal.

    Args:
        where: the journal or its URL.
        reference: the application, for commands that go on with a turn; "" for none.
    """
    match where:
        case SqliteJournal(path=path):
            yield from _file(Place(str(path)), _SQLITE + str(path), reference)
        case str() if where.startswith(_SQLITE):
            try:
                place = place_of(where, "journal")
            except UserError as error:
                yield Finding("journal", "fault", str(error))
                return
            if place.read_only:
                yield from _opened(place, where, reference)
            else:
                yield from _file(place, where, reference)
        case str():
            try:
                journal_at(where)
            except UserError as error:
                yield Finding("journal", "fault", str(error))
            else:
                yield Finding("journal", "ok", f"{where}: conversations last as long as the process.")
        case _:
            yield Finding("journal", "ok", f"{type(where).__name__}, an adapter of the application's own")


def _file(place: Place, url: str, reference: str) -> Iterator[Finding]:
    path = Path(place.path)
    folder = next(place for place in path.absolute().parents if os.path.lexists(place))
    if fault := _unfit(folder):
        says = f"The journal {path} cannot be written: {fault}."
        yield Finding("journal", "fault", says, "Name a file in a folder that you may write to, on a local disk.")
    elif not os.path.lexists(path):
        yield Finding("journal", "ok", f"{path} is not there yet; it is made with the first conversation.")
    elif path.is_dir():
        yield Finding("journal", "fault", f"The journal {path} is a folder.", "Name a file.")
    elif not os.access(path, os.W_OK):
        yield Finding(
            "journal", "fault", f"The journal {path} may not be written to.", f"chmod u+w {path}, or name another file."
        )
    else:
        yield from _opened(place, url, reference)


def _unfit(folder: Path) -> str:
    """Why no journal can be kept in a folder; "" if one can. It is tried, and nothing is left behind."""
    if not folder.is_dir():
        return f"{folder} is no folder"
    try:
        with TemporaryDirectory(prefix=".switchroom-", dir=folder) as aside:
            probe = Path(aside, "probe.db")
            SqliteJournal(probe).close()
            with closing(sqlite3.connect(probe)) as db:
                mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    except OSError as error:
        return f"{folder} says: {error.strerror or error}"
    except (UserError, JournalError, sqlite3.Error) as error:
        return f"in {folder} SQLite fails: {error}"
    return "" if mode == "wal" else f"in {folder} SQLite keeps its log as '{mode}' and not as WAL, as on network drives"


def _opened(place: Place, url: str, reference: str) -> Iterator[Finding]:
    path = Path(place.path)
    elsewhere = "Move it away and restore it from a backup, or name another file."
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            tables = sorted(name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        if tables and "entries" not in tables:
            says = f"{path} holds tables of something else ({', '.join(tables[:_SHOWN])}), and no journal yet."
            yield Finding("journal", "warning", says, "Give the journal a file of its own, unless they are to share one.")
            return
        with closing(SqliteJournal(*place[:2], read_only=place.read_only)) as kept:
            yield from _turns(kept, url, reference)
    except JournalUnreadable as error:
        yield Finding("journal", "fault", str(error), elsewhere)
    except (UserError, JournalError) as error:  # the text says what to do
        yield Finding("journal", "fault", str(error))
    except sqlite3.Error as error:
        yield Finding("journal", "fault", f"The journal {path} cannot be read: {error}.", elsewhere)


def _turns(kept: SqliteJournal, url: str, reference: str) -> Iterator[Finding]:
    names = kept.conversations()
    waiting: list[str] = []
    broken: list[str] = []
    damaged: list[str] = []
    for name in names[:MOST]:
        try:
            root = asyncio.run(recall(kept, name)).root
        except JournalUnreadable as error:
            damaged.append(f"Conversation '{name}' cannot be read: {error}")
            continue
        if root.phase == "open":
            (waiting if root.asked else broken).append(name)
    looked = f", the first {MOST} looked through" if len(names) > MOST else ""
    says = f"{kept.path}: {_count(len(names))}{looked}"
    if waiting:
        says += f"; {_named(waiting)} waiting for a person's answer"
    yield Finding("journal", "ok", f"{says}.")
    if damaged:
        more = f" So it is with {len(damaged) - 1} more." if len(damaged) > 1 else ""
        yield Finding("journal", "fault", damaged[0] + more, "Restore the journal from a backup.")
    if broken:
        says = f"{_named(broken)} in the middle of a turn: a process ended there, or is at it now."
        again = f"switchroom chat {reference or 'APP'} --conversation {broken[0]} --journal {url}"
        yield Finding("journal", "warning", says, f"It is finished with the next message, or by: {again}")


def _count(number: int) -> str:
    return f"{number} conversation{'' if number == 1 else 's'}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{_count(len(names))} ({', '.join(names[:_SHOWN])}{more}) {'is' if len(names) == 1 else 'are'}"
