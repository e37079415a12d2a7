"""The errors of SQLite as errors of a journal: busy, not writable, or not readable."""

from __future__ import annotations

import sqlite3

from switchroom.errors import JournalBusy, JournalError, JournalUnreadable, JournalUnwritable, UserError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


def is_busy(error: sqlite3.Error) -> bool:
    """Return True if another connection held a lock that the statement needed."""
    return _code(error) in _BUSY


def busy(what: str, seconds: float) -> JournalBusy:
    """Return the error for a lock that was held longer than `seconds`."""
    return JournalBusy(
        f"{what} could not be used for {seconds:g} s: another process held its lock. Nothing was written. Try again, and look "
        "for a process that is stopped in the middle of a transaction."
    )


def failure(what: str, error: sqlite3.Error, writes: bool) -> JournalError | UserError:
    """Return the error to raise for an error of SQLite.

    Args:
        what: the subject of the error text, such as "The journal chats.db".
        error: the error of SQLite.
        writes: True if the statement was to write.
    """
    code = _code(error)
    if code in _BUSY:
        return busy(what, 0)
    if code == sqlite3.SQLITE_FULL:
        return JournalUnwritable(f"{what} cannot be written: {error}. Nothing was written. Make room on the disk.")
    if writes and code in _UNWRITABLE:
        return JournalUnwritable(f"{what} cannot be written: {error}. Nothing was written.")
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return UserError(f"{what} was closed. Close it after the last run that uses it.")
    return JournalUnreadable(f"{what} cannot be read or written: {error}.")


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code, without the bits of the extended one; -1 for an error that SQLite did not raise."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else code & 0xFF
