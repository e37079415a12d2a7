"""Opens a journal's file: older files are migrated first, and new ones get their tables."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from switchroom.errors import JournalUnreadable, UserError
from switchroom.journals.failures import busy, is_busy
from switchroom.journals.tables import LAYOUT, create, layout_of, migrate, supply

OPENING_S = 10.0
"""Seconds in which another process may hold up the opening of a file."""
MIGRATION_S = 120.0
"""Seconds in which another process may migrate the file."""
CLOSING_S = 2.0
"""Seconds in which processes that still have an older file open may close it."""
_PAUSE_S = 0.01

T = TypeVar("T")


def prepare_to_write(db: sqlite3.Connection, path: Path, what: str) -> None:
    """Ready a new connection to a journal: bring the file to the present layout.

    Raises:
        UserError: the file is of an older layout, and a process of the older version has it open.
        JournalUnreadable: a newer version wrote the file.
        JournalBusy: another process held it for too long.
    """
    migrate_older(path, what)
    _refuse_newer(patiently(what, lambda: layout_of(db)), what)
    use_wal(db, what)
    db.execute("PRAGMA secure_delete=ON")  # what is deleted or replaced is overwritten, not only unlinked
    if patiently(what, lambda: layout_of(db)) == 0:
        patiently(what, lambda: create(db))


def prepare_to_read(db: sqlite3.Connection, what: str) -> None:
    """Ready a new connection to a journal that is only read. The file stays as it is.

    Raises:
        JournalUnreadable: a newer version wrote the file.
    """
    layout = patiently(what, lambda: layout_of(db), MIGRATION_S)
    _refuse_newer(layout, what)
    if layout == 0:
        raise JournalUnreadable(f"{what} holds no journal.")
    if layout < LAYOUT:
        patiently(what, lambda: supply(db))


def use_wal(db: sqlite3.Connection, what: str) -> None:
    """Switch the file to WAL."""
    patiently(what, lambda: db.execute("PRAGMA journal_mode=WAL"))


def migrate_older(path: Path, what: str) -> None:
    """Bring a file of layout 1 to the present layout. Of several processes that try, one does, and the others wait for it.

    A connection in WAL mode holds a shared lock on the file as long as it is open, so the exclusive lock of the migration shows
    whether a process of the older version has the file open.
    """
    end = time.monotonic() + MIGRATION_S
    blocked_since: float | None = None
    while (layout := _layout_at(path)) is None or layout == 1:
        if layout is None:  # another process migrates
            blocked_since = None
            if time.monotonic() > end:
                raise busy(what, MIGRATION_S)
        elif _migrate_alone(path):
            return
        else:
            blocked_since = blocked_since or time.monotonic()
            if time.monotonic() - blocked_since > CLOSING_S:
                raise UserError(
                    f"{what}: an older Switchroom wrote the file, and a process still has it open. Stop all processes that use "
                    "the file, and start this one again: it brings the file to the present layout."
                )
        time.sleep(_PAUSE_S)


def _layout_at(path: Path) -> int | None:
    """Return the layout of a file; None if another process has the file for itself."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as db:
        try:
            return layout_of(db)
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return None
            raise


def _migrate_alone(path: Path) -> bool:
    """Migrate a file that no other connection has open. Return False if one has."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as db:
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return False
            raise
        if layout_of(db) == 1:
            migrate(db)
        db.execute("COMMIT")  # if anything above fails, closing the connection rolls it back
        return True


def _refuse_newer(layout: int, what: str) -> None:
    if layout > LAYOUT:
        raise JournalUnreadable(
            f"{what} was written by a newer Switchroom (layout {layout}; this one reads up to {LAYOUT}). "
            "Install a newer version."
        )


def patiently(what: str, act: Callable[[], T], seconds: float = OPENING_S) -> T:
    """Act, again while another process holds the file; this holds up the caller, as opening a file does."""
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() > end:
                raise busy(what, seconds) from error
        time.sleep(_PAUSE_S)
