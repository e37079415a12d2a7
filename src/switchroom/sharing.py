"""Sharing for journals that only append and read: queues and message ids inside this process."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Hashable, Sequence
from typing import cast
from uuid import uuid4
from weakref import WeakKeyDictionary

from switchroom.errors import Fenced
from switchroom.events import RunEvent, TurnStarted
from switchroom.journal import Accepted, Journal, SharedJournal, Ticket


class LocalState:
    """The queues and message ids of a journal that only this process shares."""

    def __init__(self) -> None:
        self.owner = uuid4().hex
        self.lock = threading.Lock()
        self.tickets: dict[str, list[int]] = {}
        self.accepted: dict[tuple[str, str], Accepted] = {}
        self.last = 0


_states: WeakKeyDictionary[Journal, LocalState] = WeakKeyDictionary()


class LocalSharing:
    """Adds to a journal that only appends and reads the sharing between callers of one process.

    Args:
        journal: the journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        try:
            self._state = _states.setdefault(journal, LocalState())
        except TypeError:  # a journal that cannot be a key is shared by nobody
            self._state = LocalState()

    @property
    def keeps(self) -> bool:
        """See `Journal.keeps`."""
        return self._journal.keeps

    @property
    def waits(self) -> bool:
        """See `Journal.waits`."""
        return self._journal.waits

    @property
    def place(self) -> Hashable:
        """See `SharedJournal.place`."""
        return self._state

    @property
    def is_local(self) -> bool:
        """Return True: the sharing ends with this process."""
        return True

    @property
    def owner(self) -> str:
        """See `SharedJournal.owner`."""
        return self._state.owner

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None] | None:
        """See `Journal.append`."""
        return self._journal.append(conversation, events)

    def read(self, conversation: str, after: int = 0) -> list[RunEvent] | Awaitable[list[RunEvent]]:
        """See `Journal.read`."""
        return self._journal.read(conversation, after)

    def is_alive(self, owner: str) -> bool:
        """See `SharedJournal.is_alive`."""
        return owner == self._state.owner

    def generation(self, conversation: str) -> int:
        """See `SharedJournal.generation`."""
        return 0

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> Awaitable[None] | None:
        """See `SharedJournal.claim`."""
        queued = self._state.tickets.get(conversation)
        if queued and min(queued) != ticket:
            raise Fenced(f"Conversation '{conversation}': another caller is first.")
        started = events[0].fact
        if isinstance(started, TurnStarted) and (conversation, started.message_id) in self._state.accepted:
            raise Fenced(f"Conversation '{conversation}': another caller has sent message '{started.message_id}'.")
        pending = self._journal.append(conversation, events)
        if pending is not None:
            return self._claimed_later(pending, conversation, events)
        return self._claimed(conversation, events)

    async def _claimed_later(self, pending: Awaitable[None], conversation: str, events: Sequence[RunEvent]) -> None:
        await pending
        self._claimed(conversation, events)

    def _claimed(self, conversation: str, events: Sequence[RunEvent]) -> None:
        started = events[0].fact
        if isinstance(started, TurnStarted) and started.message_id:
            self._state.accepted[conversation, started.message_id] = Accepted(started.turn, events[0].seq)

    def take_ticket(self, conversation: str) -> int:
        """See `SharedJournal.take_ticket`."""
        state = self._state
        with state.lock:
            state.last += 1
            state.tickets.setdefault(conversation, []).append(state.last)
            return state.last

    def drop_ticket(self, conversation: str, number: int) -> None:
        """See `SharedJournal.drop_ticket`."""
        with self._state.lock:
            queued = self._state.tickets.get(conversation, [])
            if number in queued:
                queued.remove(number)
            if not queued:
                self._state.tickets.pop(conversation, None)

    def first_ticket(self, conversation: str) -> Ticket | None:
        """See `SharedJournal.first_ticket`."""
        queued = self._state.tickets.get(conversation)
        return Ticket(min(queued), self._state.owner) if queued else None

    def request_interrupt(self, conversation: str, turn: int) -> None:
        """Do nothing: there is no other process."""

    def requested_interrupts(self) -> list[tuple[str, int]]:
        """Return no requests: there is no other process."""
        return []

    def drop_interrupt(self, conversation: str, turn: int) -> None:
        """Do nothing: there are no requests."""

    def accepted(self, conversation: str, message_id: str) -> Accepted | None:
        """See `SharedJournal.accepted`."""
        return self._state.accepted.get((conversation, message_id))

    def read_snapshot(self, conversation: str) -> bytes | None:
        """Return None: the journal keeps no snapshots."""
        return None

    def write_snapshot(self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]) -> None:
        """Do nothing: the journal keeps no snapshots."""

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        """Return None: the journal keeps no snapshots."""
        return None


def shared(journal: Journal) -> SharedJournal:
    """Return the journal itself if it can be shared, else the journal with sharing between the callers of this process."""
    return cast("SharedJournal", journal) if hasattr(journal, "claim") else LocalSharing(journal)
