"""An SQLite file that threads, event loops and processes share, and that never holds up an event loop.

A statement is tried at once, without waiting for locks. Only if another process holds the lock, the caller gets an awaitable.
The awaitable tries again every few milliseconds; one caller of each event loop tries, the others queue behind.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, cast
from weakref import WeakSet

from switchroom.errors import JournalUnwritable, UserError
from switchroom.journal import Soon
from switchroom.journals.failures import busy, failure, is_busy
from switchroom.journals.place import SYNCHRONOUS, Place
from switchroom.threads import threaded
from switchroom.wrap.each_loop import EachLoop

BUSY_S = 30.0
"""Seconds in which another process may hold the file's lock."""
TRIES = 4
"""Tries that are made at once: most other writers are done within microseconds."""
_SHORTEST_S, _LONGEST_S = 0.001, 0.01

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Database:
    """A connection to a file, opened anew in a forked child.

    Args:
        place: the file and its settings; ":memory:" for none.
        what: the subject of error texts, such as "The journal chats.db".
        prepare: called with each new connection before any other use.

    Raises:
        UserError: the file cannot be opened.
        JournalError: the file is no database, is damaged, busy or full.
    """

    def __init__(self, place: Place, what: str, prepare: Callable[[sqlite3.Connection, Place], None]) -> None:
        if place.synchronous.upper() not in SYNCHRONOUS:
            raise UserError(f"synchronous={place.synchronous!r}: it may be NORMAL, FULL or EXTRA.")
        self.place = place
        self.what = what
        self.lock = threading.Lock()
        self._prepare = prepare
        self._queues: EachLoop[asyncio.Lock] = EachLoop(lambda loop, before: asyncio.Lock())
        self.connection: sqlite3.Connection | None = self._connect()
        _all.add(self)

    def _connect(self) -> sqlite3.Connection:
        path = Path(self.place.path)
        try:
            if self.place.read_only:
                name, uri = f"{path.absolute().as_uri()}?mode=ro", True
            else:
                name, uri = self.place.path, False
                if name != ":memory:":
                    path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(name, uri=uri, isolation_level=None, check_same_thread=False, timeout=0)
        except (OSError, sqlite3.OperationalError) as error:
            raise UserError(f"{self.what} cannot be opened: {error}.") from error
        try:
            self._prepare(db, self.place)
            db.execute(f"PRAGMA synchronous={self.place.synchronous}")
        except sqlite3.Error as error:
            db.close()
            raise failure(self.what, error, writes=False) from error
        except BaseException:
            db.close()
            raise
        return db

    def read(self, job: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> Soon[T]:
        """Call `job(connection, *args)`, which reads. Return its result, or an awaitable if the file is busy."""
        return self._run(job, args, False)

    def write(self, job: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> Soon[T]:
        """Call `job(connection, *args)`, which writes in one transaction. Return its result, or an awaitable if busy.

        Cancelling the awaitable gives up a write that has not happened.

        Raises:
            JournalUnwritable: the file is full, or may only be read.
        """
        if self.place.read_only:
            raise self._only_read()
        return self._run(job, args, True)

    def write_row(self, statement: str, row: tuple[Any, ...], job: Callable[[sqlite3.Connection, Any], None]) -> Soon[None]:
        """Execute one statement, as `write` calls `job`, which executes it for one row. The common case pays nothing else."""
        if self.connection is not None and not self.place.read_only:
            try:
                with self.lock:
                    self.connection.execute(statement, row)
                return None
            except sqlite3.Error:  # nothing was written: the job finds out what to do
                pass
        return self.write(job, row)

    def _run(self, job: Callable[[sqlite3.Connection, *Ts], T], args: tuple[*Ts], writes: bool) -> Soon[T]:
        for _ in range(TRIES):
            try:
                with self.lock:
                    return job(self.connection or self._reopen(), *args)
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise failure(self.what, error, writes) from error
        return self._retry(lambda db: job(db, *args), writes)

    def read_at_once(self, job: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts, seconds: float = BUSY_S) -> T:
        """Call `job(connection, *args)`, which reads, and hold up the caller for at most `seconds` if the file is busy."""
        return self._insist(lambda db: job(db, *args), False, seconds)

    def write_at_once(self, job: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        """Call `job(connection, *args)`, which writes, now or not at all.

        Raises:
            JournalBusy: the file is busy.
        """
        if self.place.read_only:
            raise self._only_read()
        return self._insist(lambda db: job(db, *args), True, 0.0)

    def _insist(self, job: Callable[[sqlite3.Connection], T], writes: bool, seconds: float) -> T:
        end = time.monotonic() + seconds
        while True:
            try:
                with self.lock:
                    return job(self.connection or self._reopen())
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise failure(self.what, error, writes) from error
                if time.monotonic() >= end:
                    raise busy(self.what, seconds) from error
            time.sleep(_LONGEST_S)

    async def write_apart(self, job: Callable[[sqlite3.Connection], None]) -> None:
        """Call `job(connection)` in a thread, with a connection of its own: for work that takes long.

        Cancelling it interrupts the work.
        """
        if self.place.read_only:
            raise self._only_read()
        db = self._connect()
        given_up = threading.Event()

        def work() -> None:
            end = time.monotonic() + BUSY_S
            try:
                while not given_up.is_set():
                    try:
                        return job(db)
                    except sqlite3.Error as error:
                        if not is_busy(error):
                            raise failure(self.what, error, writes=True) from error
                        if time.monotonic() > end:
                            raise busy(self.what, BUSY_S) from error
                    time.sleep(_LONGEST_S)
            finally:
                db.close()

        try:
            await threaded(work)
        finally:
            given_up.set()
            with suppress(sqlite3.ProgrammingError):  # it is closed already
                db.interrupt()

    def _only_read(self) -> JournalUnwritable:
        return JournalUnwritable(f"{self.what} was opened with mode=ro, for reading only. Nothing was written.")

    async def _retry(self, job: Callable[[sqlite3.Connection], T], writes: bool) -> T:
        end = time.monotonic() + BUSY_S
        pause = _SHORTEST_S
        async with self._queues.get():
            while True:
                try:
                    with self.lock:
                        return job(self.connection or self._reopen())
                except sqlite3.Error as error:
                    if not is_busy(error):
                        raise failure(self.what, error, writes) from error
                    if time.monotonic() > end:
                        raise busy(self.what, BUSY_S) from error
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_S)

    def _reopen(self) -> sqlite3.Connection:
        self.connection = self._connect()
        return self.connection

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            if self.connection is not None:
                self.connection.close()


async def settled(value: Soon[T]) -> T:
    """Return a value that may have to be awaited."""
    return await cast("Awaitable[T]", value) if inspect.isawaitable(value) else cast("T", value)


_all: WeakSet[Database] = WeakSet()
_held: list[Database] = []
"""The databases whose locks the thread that forks holds, so that no connection is in use at that moment."""
_left: list[sqlite3.Connection] = []
"""Connections that a forked child must not touch: they were in use when it was made."""
_FORK_S = 1.0


def _before_fork() -> None:
    _held.extend(database for database in list(_all) if database.lock.acquire(timeout=_FORK_S))


def _after_fork() -> None:
    for database in _held:
        database.lock.release()
    _held.clear()


def _leave_parent() -> None:
    """Close the parent's connections in a forked child.

    A connection that stays open would share its locks with the child's new ones, within SQLite, and the locks are the parent's.
    """
    for database in list(_all):
        if database.place.path != ":memory:" and database.connection is not None:
            if database in _held:
                database.connection.close()
            else:
                _left.append(database.connection)
            database.connection = None
        database.lock = threading.Lock()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_leave_parent)
