"""The live attempts of this process by conversation, and the callers that wait for one to end."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, cast
from weakref import WeakSet, WeakValueDictionary

from switchroom.errors import Fenced, JournalError, UserError
from switchroom.events import RunEvent
from switchroom.journal import Journal, SharedJournal, Soon
from switchroom.loops import running_loop
from switchroom.rules.root import Root
from switchroom.sharing import shared

log = logging.getLogger("switchroom")

LOOK_S = 0.2
"""Seconds between two looks at the requests of other processes and at the facts that are still to be written."""

AGAIN_S = 0.01
"""Seconds in which the requests of other processes are not looked at again before the next command of a run."""


class Owned(Protocol):
    """An attempt as the table of its process knows it."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop on which the attempt runs."""
        ...

    @property
    def turn(self) -> int:
        """Return the number of the turn."""
        ...

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the tools that the attempt has started and that have not ended."""
        ...

    @property
    def within(self) -> Owned | None:
        """Return the attempt whose code started this one, if any."""
        ...

    @property
    def runs_in_thread(self) -> bool:
        """Return True while the thread of a tool runs for which nobody waits any longer."""
        ...

    def leave_behind(self) -> None:
        """Refuse what the attempt records from now on."""
        ...

    @property
    def has_begun(self) -> bool:
        """Return True once the fact that begins the attempt is recorded."""
        ...

    @property
    def has_ended(self) -> bool:
        """Return True if the attempt is over and every tool that it started has ended."""
        ...

    def stop(self) -> bool:
        """Ask the attempt to end with what its caller has been shown. Return False if it cannot be interrupted."""
        ...


class Table:
    """The live attempts of this process over one store, shared by threads and by journal objects.

    Args:
        journal: a journal over the store.
        process: stands for this process.

    Attributes:
        attempts: the live attempts by conversation.
        journal: the journal object over the store that was used last.
        process: the process that the table is of.
        is_local: no other process can use the store.
    """

    def __init__(self, journal: SharedJournal, process: object) -> None:
        self.attempts: dict[str, Owned] = {}
        self.journal = journal
        self.process = process
        self.is_local = journal.is_local
        self._lock = threading.Lock()
        _all_tables.add(self)
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._unwritten: dict[str, list[RunEvent]] = {}
        self._looking: set[asyncio.AbstractEventLoop] = set()
        self._looked_at = -AGAIN_S

    # attempts --------------------------------------------------------------------------------------------------------

    def live(self, conversation: str) -> Owned | None:
        """Return the live attempt at a conversation in this process.

        An attempt ends with its event loop, or when the last thread of a tool has ended that outlives the loop.
        """
        attempt = self.attempts.get(conversation)
        if attempt is None or (attempt.loop.is_closed() and not attempt.runs_in_thread):
            return None
        return attempt

    def enter(self, conversation: str, attempt: Owned) -> bool:
        """Register an attempt as live. Return False if another attempt at the conversation is live."""
        with self._lock:
            if self.live(conversation) is not None:
                return False
            self.attempts[conversation] = attempt
        self._look_after(attempt.loop)
        return True

    def force(self, conversation: str, attempt: Owned) -> Owned | None:
        """Register an attempt in place of whatever attempt is live, and return that one."""
        with self._lock:
            before = self.attempts.get(conversation)
            self.attempts[conversation] = attempt
        self._look_after(attempt.loop)
        return before

    def leave(self, conversation: str, attempt: Owned, before: Owned | None = None) -> None:
        """Unregister an attempt, and wake the callers that wait for the conversation.

        Args:
            conversation: the id.
            attempt: the attempt.
            before: the attempt that this one did not succeed in replacing; it is live again.
        """
        with self._lock:
            if self.attempts.get(conversation) is attempt:
                del self.attempts[conversation]
                if before is not None and not before.has_ended:
                    self.attempts[conversation] = before
        if self._waiters:
            self.wake(conversation)

    def is_live(self, conversation: str, root: Root) -> bool:
        """Return True if the last attempt at a conversation has not ended, here or in another process."""
        if self.live(conversation) is not None:
            return True
        return root.live and root.owner not in ("", self.journal.owner) and self.journal.is_alive(root.owner)

    # waiting ---------------------------------------------------------------------------------------------------------

    async def change(self, conversation: str, seconds: float) -> None:
        """Wait until an attempt at the conversation ends in this process, at most for a time."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiters.setdefault(conversation, []).append(waiter)
        try:
            await asyncio.wait([waiter], timeout=seconds)
        finally:
            with self._lock:
                waiters = self._waiters.get(conversation, [])
                if waiter in waiters:
                    waiters.remove(waiter)
                if not waiters:
                    self._waiters.pop(conversation, None)

    def wake(self, conversation: str) -> None:
        """Let the callers that wait for a conversation look again."""
        with self._lock:
            waiters = self._waiters.pop(conversation, [])
        for waiter in waiters:
            call_on(waiter.get_loop(), partial(_wake, waiter))

    def drop(self, row: Callable[[], Soon[None]]) -> None:
        """Remove a row of the queue, now or as soon as the journal can: other processes wait for the removal.

        Args:
            row: removes the row.
        """
        try:
            pending = row()
        except JournalError:
            pending = asyncio.sleep(LOOK_S, None)
            done = False
        else:
            done = True
        if pending is not None:
            task = asyncio.ensure_future(_dropped(pending, done, row))
            _background.add(task)
            task.add_done_callback(_background.discard)

    # facts that could not be written ---------------------------------------------------------------------------------

    def keep(self, conversation: str, events: Sequence[RunEvent], loop: asyncio.AbstractEventLoop) -> None:
        """Keep facts that the journal could not take, to be written before anything else of the conversation."""
        with self._lock:
            self._unwritten[conversation] = list(events)
        _owing.add(self)
        self._look_later(loop)

    def unwritten(self, conversation: str) -> list[RunEvent] | None:
        """Return the facts of a conversation that are still to be written."""
        return self._unwritten.get(conversation)

    @property
    def owes(self) -> bool:
        """Return True if facts are still to be written."""
        return bool(self._unwritten)

    async def write(self, conversation: str) -> None:
        """Write the facts of a conversation that the journal could not take before.

        Raises:
            JournalBusy, JournalUnwritable: the journal cannot take them yet; they are kept.
        """
        events = self._unwritten.get(conversation)
        if events is None:
            return
        try:
            pending = self.journal.append(conversation, events)
            if pending is not None:
                await pending
        except Fenced:  # another process has gone on: it asked a person what became of the calls
            log.warning("Conversation '%s': %d facts came too late to be written.", conversation, len(events))
        with self._lock:
            if self._unwritten.get(conversation) is events:
                del self._unwritten[conversation]
            if not self._unwritten:
                _owing.discard(self)
        self.wake(conversation)

    # looking after other processes -----------------------------------------------------------------------------------

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the requests of other processes from now on, if there can be any."""
        if not self.is_local:
            self._look_later(loop)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop not in self._looking and not loop.is_closed():
            self._looking.add(loop)
            loop.call_later(LOOK_S, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking.discard(loop)
        for conversation in list(self._unwritten):
            task = loop.create_task(self._write_quietly(conversation))
            task.add_done_callback(lambda _: None)
        here = [attempt for attempt in list(self.attempts.values()) if attempt.loop is loop]
        if here and not self.is_local:
            try:
                self.heed_requests()
            except (JournalError, UserError) as error:
                log.warning("The requests of other processes cannot be read: %s", error)
        if (here and not self.is_local) or self._unwritten:
            self._look_later(loop)

    async def _write_quietly(self, conversation: str) -> None:
        try:
            await self.write(conversation)
        except JournalError:
            log.debug("Conversation '%s': facts are still to be written.", conversation)

    def look_again(self, now: float) -> None:
        """Heed the requests of other processes, unless they were looked at just before.

        Args:
            now: the time of the caller's loop.
        """
        if not 0 <= now - self._looked_at < AGAIN_S:
            self._looked_at = now
            self.heed_requests()

    def heed_requests(self) -> None:
        """Interrupt the attempts of this process that other processes asked to end."""
        requests = self.journal.requested_interrupts()
        if not isinstance(requests, list):  # the store is busy; the next look sees them
            _close(requests)
            return
        for conversation, turn in requests:
            attempt = self.live(conversation)
            if attempt is not None and attempt.turn == turn:
                if attempt.loop is running_loop():
                    attempt.stop()
                else:
                    call_on(attempt.loop, attempt.stop)


async def _dropped(pending: Awaitable[None], done: bool, row: Callable[[], Soon[None]]) -> None:
    """Await the removal of a row, and try it again until it is done; in a thread if the loop ends before."""
    try:
        while True:
            try:
                await pending
                if done:
                    return
                pending, done = row() or asyncio.sleep(0), True
            except JournalError:
                pending, done = asyncio.sleep(LOOK_S), False
    except asyncio.CancelledError:
        again = _dropped(asyncio.sleep(LOOK_S), False, row)
        threading.Thread(target=asyncio.run, args=(again,), name="switchroom-queue", daemon=True).start()
        raise


def call_on(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Call a function on a loop, if it is not closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _close(pending: Awaitable[object]) -> None:
    close: Callable[[], object] | None = getattr(pending, "close", None) or getattr(pending, "cancel", None)
    if close is not None:
        close()


# journals --------------------------------------------------------------------------------------------------------------

_background: set[asyncio.Task[None]] = set()
"""Tasks that nobody awaits, held so that they run to their end."""

_tables: WeakValueDictionary[Hashable, Table] = WeakValueDictionary()
"""Attempts and callers hold the table that they use, so a table goes when nothing of its store is in use."""

_all_tables: WeakSet[Table] = WeakSet()
"""All tables, those of journals that no other object shares among them."""

_owing: set[Table] = set()
"""The tables with facts that are still to be written."""

_tables_lock = threading.Lock()


_process = [object()]
"""Stands for this process; a forked child has another one."""


def table_at(journal: Journal) -> Table:
    """Return this process's table for the store of a journal. The journal keeps the table, so that asking again is cheap."""
    table: Table | None = getattr(journal, _TABLE, None)
    if table is None or table.process is not _process[0]:
        sharing = shared(journal)
        with _tables_lock:
            if sharing.place is sharing:  # no other object is over the store, and a key would keep this one
                table = Table(sharing, _process[0])
            else:
                table = _tables.get(sharing.place)
                if table is None:
                    table = _tables[sharing.place] = Table(sharing, _process[0])
        with suppress(AttributeError):  # a journal without room for the table is asked for its place each time
            setattr(journal, _TABLE, table)
        table.journal = sharing
    elif table.journal is not journal and hasattr(journal, "claim"):
        table.journal = cast("SharedJournal", journal)  # the object that was used before may be closed by now
    return table


_TABLE = "_switchroom_table"


def _forget() -> None:
    """Forget the attempts of the parent: a forked child owns none of them, and what goes on in it records nothing."""
    global _tables_lock
    _tables_lock = threading.Lock()  # another thread of the parent may have held it
    _process[0] = object()
    for table in list(_all_tables):
        for attempt in table.attempts.values():
            attempt.leave_behind()
        table.attempts.clear()
    _tables.clear()
    _owing.clear()


os.register_at_fork(after_in_child=_forget)
