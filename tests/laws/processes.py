"""Processes over one journal, in one event loop: each has its own owner id, and its death is seen by the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from switchroom.errors import Fenced, JournalBusy, JournalUnwritable
from switchroom.events import RunEvent
from switchroom.journal import Accepted, Soon, Ticket
from switchroom.journals import MemoryJournal
from switchroom.journals.rows import message_of

Trouble: TypeAlias = Literal["slow", "busy", "unwritable"]


@dataclass(frozen=True)
class Fault:
    """Trouble with some writes of a store: they take a while, are refused as busy, or as not writable.

    Args:
        first: the number of the first write that it concerns.
        writes: how many writes it concerns.
        trouble: its kind.
    """

    first: int
    writes: int
    trouble: Trouble

    def concerns(self, write: int) -> bool:
        return self.first <= write < self.first + self.writes


SLOW_S = 0.03


@dataclass
class Store:
    """What the processes share: entries, tickets, interrupts, and which of the processes have not ended."""

    faults: Sequence[Fault] = ()
    memory: MemoryJournal = field(default_factory=MemoryJournal)
    accepted: dict[tuple[str, str], Accepted] = field(default_factory=dict[tuple[str, str], Accepted])
    tickets: dict[str, dict[int, str]] = field(default_factory=dict[str, dict[int, str]])
    interrupts: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    alive: set[str] = field(default_factory=set[str])
    last: int = 0
    writes: int = 0

    def trouble(self) -> Trouble | None:
        """Return what goes wrong with the next write."""
        self.writes += 1
        return next((fault.trouble for fault in self.faults if fault.concerns(self.writes)), None)


class Process:
    """The journal of one process. It is a `SharedJournal`. A dead process writes nothing more.

    Args:
        store: what the processes share.
        owner: the id of the process.
    """

    keeps = True
    waits = False
    is_local = False

    def __init__(self, store: Store, owner: str) -> None:
        self.store = store
        self.owner = owner
        store.alive.add(owner)

    @property
    def place(self) -> Hashable:
        """Return the process itself: each has a table of its own."""
        return self

    def die(self) -> None:
        """End the process: nothing of it is written from now on."""
        self.store.alive.discard(self.owner)

    def is_alive(self, owner: str) -> bool:
        """Return True if a process has not ended."""
        return owner in self.store.alive

    def _in_trouble(self) -> Trouble | None:
        """Raise what goes wrong with the next write; return "slow" for a write that takes a while."""
        self._check_alive()
        trouble = self.store.trouble()
        match trouble:
            case "busy":
                raise JournalBusy("Another process writes.")
            case "unwritable":
                raise JournalUnwritable("The disk is full.")
            case _:
                return trouble

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None] | None:
        """Keep events, now or after a while."""
        if self._in_trouble() == "slow":
            return self._append_later(conversation, events)
        return self.store.memory.append(conversation, events)

    async def _append_later(self, conversation: str, events: Sequence[RunEvent]) -> None:
        await asyncio.sleep(SLOW_S)
        self._check_alive()
        self.store.memory.append(conversation, events)

    def _check_alive(self) -> None:
        if self.owner not in self.store.alive:
            raise Fenced(f"Process {self.owner} is dead.")

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """Return the events after a number."""
        return self.store.memory.read(conversation, after)

    def generation(self, conversation: str) -> int:
        """Return 0: nothing is deleted."""
        return 0

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> Awaitable[None] | None:
        """Append the events that begin an attempt."""
        if self._in_trouble() == "slow":
            return self._claim_later(conversation, events, ticket)
        return self._claim(conversation, events, ticket)

    async def _claim_later(self, conversation: str, events: Sequence[RunEvent], ticket: int) -> None:
        await asyncio.sleep(SLOW_S)
        self._check_alive()
        self._claim(conversation, events, ticket)

    def _claim(self, conversation: str, events: Sequence[RunEvent], ticket: int) -> None:
        queued = self.store.tickets.get(conversation, {})
        message = message_of(events)
        if any(not ticket or number < ticket for number in queued):
            raise Fenced(f"Conversation '{conversation}': another caller comes first.")
        if message is not None and (conversation, message[0]) in self.store.accepted:
            raise Fenced(f"Conversation '{conversation}': another caller has sent the message.")
        self.store.memory.append(conversation, events)
        if message is not None:
            self.store.accepted[conversation, message[0]] = Accepted(*message[1:])

    def take_ticket(self, conversation: str) -> Soon[int]:
        """Queue a caller of the process."""
        if self._in_trouble() == "slow":
            return self._take_later(conversation)
        return self._take(conversation)

    async def _take_later(self, conversation: str) -> int:
        await asyncio.sleep(SLOW_S)
        self._check_alive()
        return self._take(conversation)

    def _take(self, conversation: str) -> int:
        self.store.last += 1
        self.store.tickets.setdefault(conversation, {})[self.store.last] = self.owner
        return self.store.last

    def drop_ticket(self, conversation: str, number: int) -> Soon[None]:
        """Take a caller out of the queue."""
        if self.owner not in self.store.alive:
            return None
        if self._in_trouble() == "slow":
            return self._drop_later(conversation, number)
        self.store.tickets.get(conversation, {}).pop(number, None)
        return None

    async def _drop_later(self, conversation: str, number: int) -> None:
        await asyncio.sleep(SLOW_S)
        self.store.tickets.get(conversation, {}).pop(number, None)

    def first_ticket(self, conversation: str) -> Ticket | None:
        """Return the queued ticket with the lowest number, without those of the dead."""
        queued = self.store.tickets.get(conversation, {})
        for number in [number for number, owner in queued.items() if owner not in self.store.alive]:
            del queued[number]
        return Ticket(number := min(queued), queued[number]) if queued else None

    def request_interrupt(self, conversation: str, turn: int) -> None:
        """Ask for the end of a turn."""
        self.store.interrupts.add((conversation, turn))

    def requested_interrupts(self) -> list[tuple[str, int]]:
        """Return all requests; a dead process reads none."""
        return list(self.store.interrupts) if self.owner in self.store.alive else []

    def drop_interrupt(self, conversation: str, turn: int) -> None:
        """Remove a request."""
        self.store.interrupts.discard((conversation, turn))

    def accepted(self, conversation: str, message_id: str) -> Accepted | None:
        """Return the turn that a message id stands for."""
        return self.store.accepted.get((conversation, message_id))

    def read_snapshot(self, conversation: str) -> bytes | None:
        """Return None: there are no snapshots."""
        return None

    def write_snapshot(self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]) -> None:
        """Do nothing: there are no snapshots."""

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        """Return None: there are no snapshots."""
        return None
