"""A journal in memory. It holds bytes as the others do, so that nothing is ever resumed from a live object."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Hashable, Sequence

import msgspec

from switchroom.errors import Fenced
from switchroom.events import PersonAsked, RunEvent, StepReturned
from switchroom.events.codec import VERSION, Blobs, decode, encode
from switchroom.journal import Accepted, Soon, Ticket
from switchroom.journals.listed import Listed
from switchroom.journals.rows import message_of


class _Entry(msgspec.Struct, frozen=True, gc=False):
    seq: int
    path: str
    at: float
    version: int
    body: bytes


class _Chat(msgspec.Struct):
    """The tables beside the entries whose rows go when a conversation is deleted."""

    tickets: dict[int, str] = {}
    accepted: dict[str, Accepted] = {}
    interrupts: set[int] = set()
    snapshot: bytes | None = None
    chunks: dict[str, bytes] = {}
    blobs: Blobs = {}
    may_wait: bool = False


class MemoryJournal:
    """Keeps conversations as long as the object lives. It is a `SharedJournal` for the threads of one process.

    Attributes:
        entries: what is kept, by conversation; its bodies are the bytes that a file would hold.
    """

    keeps = True
    waits = False

    def __init__(self) -> None:
        self.entries: dict[str, list[_Entry]] = {}
        self._chats: dict[str, _Chat] = {}
        self._generations: dict[str, int] = {}
        self._tickets = 0
        self._lock = threading.Lock()

    @staticmethod
    def at(url: str) -> MemoryJournal:
        """The process's journal of a "memory:" URL."""
        return MemoryJournal()

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events; see `Journal.append`."""
        with self._lock:
            self._append(conversation, events)

    def _append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        last = len(self.entries.get(conversation, ()))
        fresh: list[_Entry] = []
        large: Blobs = {}
        waits: bool | None = None
        for seq, event in enumerate(events, start=last + 1):
            if event.seq != seq:
                raise Fenced(f"Conversation '{conversation}': entry {event.seq} is taken; another writer has it.")
            body, blobs = encode(event.fact)
            large |= blobs
            fresh.append(_Entry(seq, event.path, event.at, VERSION, body))
            if type(event.fact) is PersonAsked:
                waits = True
            elif type(event.fact) is StepReturned and event.path.count("/") == 1:
                waits = False
        self.entries.setdefault(conversation, []).extend(fresh)
        if large:
            self._chat(conversation).blobs.update(large)
        if waits or (waits is False and conversation in self._chats):
            self._chat(conversation).may_wait = waits

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events after a number; see `Journal.read`."""
        with self._lock:
            entries = self.entries.get(conversation, [])[after:]
            chat = self._chats.get(conversation)
        blobs: Blobs = {} if chat is None else chat.blobs
        return [RunEvent(one.path, decode(one.version, one.body, blobs.__getitem__), one.seq, one.at) for one in entries]

    def _chat(self, conversation: str) -> _Chat:
        return self._chats.setdefault(conversation, _Chat())

    # owners: see `SharedJournal`

    @property
    def place(self) -> Hashable:
        """Return the journal itself: no other object is over the same store."""
        return self

    @property
    def is_local(self) -> bool:
        """Return True: no other process can use the journal."""
        return True

    @property
    def owner(self) -> str:
        """Return the id of this process."""
        return _process.id

    def is_alive(self, owner: str) -> bool:
        """Return True for this process: no other one uses the journal."""
        return owner == _process.id

    def generation(self, conversation: str) -> int:
        """Return how many times the conversation was deleted."""
        return self._generations.get(conversation, 0)

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> None:
        """Append the events that begin an attempt; see `SharedJournal.claim`."""
        message = message_of(events)
        with self._lock:
            chat = self._chats.get(conversation)
            if self._generations.get(conversation, 0) != generation:
                raise Fenced(f"Conversation '{conversation}' was deleted.")
            if chat is not None:
                if any(not ticket or number < ticket for number in chat.tickets):
                    raise Fenced(f"Conversation '{conversation}': another caller comes first.")
                if message is not None and message[0] in chat.accepted:
                    raise Fenced(f"Conversation '{conversation}': another caller has sent message '{message[0]}'.")
            self._append(conversation, events)
            if message is not None:
                self._chat(conversation).accepted[message[0]] = Accepted(*message[1:])

    # the queue

    def take_ticket(self, conversation: str) -> int:
        """Queue a caller; return the ticket's number."""
        with self._lock:
            self._tickets += 1
            self._chat(conversation).tickets[self._tickets] = _process.id
            return self._tickets

    def drop_ticket(self, conversation: str, number: int) -> None:
        """Take a caller out of the queue."""
        with self._lock:
            self._chat(conversation).tickets.pop(number, None)

    def first_ticket(self, conversation: str) -> Ticket | None:
        """Return the queued ticket with the lowest number; those of a process from which this one was forked are removed."""
        with self._lock:
            tickets = self._chat(conversation).tickets
            for number in [number for number, owner in tickets.items() if owner != _process.id]:
                del tickets[number]
            return Ticket(number := min(tickets), tickets[number]) if tickets else None

    def request_interrupt(self, conversation: str, turn: int) -> None:
        """Ask for the end of a turn."""
        with self._lock:
            chat = self._chat(conversation)
            chat.interrupts = {other for other in chat.interrupts if other >= turn} | {turn}

    def requested_interrupts(self) -> list[tuple[str, int]]:
        """Return the turns that are asked to end."""
        with self._lock:
            return [(name, turn) for name, chat in self._chats.items() for turn in chat.interrupts]

    def drop_interrupt(self, conversation: str, turn: int) -> None:
        """Remove a request."""
        with self._lock:
            self._chat(conversation).interrupts.discard(turn)

    def accepted(self, conversation: str, message_id: str) -> Accepted | None:
        """Return the turn that a message id stands for."""
        chat = self._chats.get(conversation)
        return None if chat is None else chat.accepted.get(message_id)

    # snapshots

    def read_snapshot(self, conversation: str) -> bytes | None:
        """Return the newest snapshot."""
        chat = self._chats.get(conversation)
        return None if chat is None else chat.snapshot

    def write_snapshot(self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]) -> Soon[None]:
        """Replace the snapshot, and keep chunks of the history."""
        with self._lock:
            if self._generations.get(conversation, 0) == generation:
                chat = self._chat(conversation)
                chat.snapshot = body
                chat.chunks.update(chunks)

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        """Return a chunk of the history."""
        chat = self._chats.get(conversation)
        return None if chat is None else chat.chunks.get(digest)

    # conversations: see `Catalogue`

    def list_conversations(self, prefix: str, after: str, limit: int, only_waiting: bool) -> list[Listed]:
        """List conversations in the order of their ids."""
        with self._lock:
            names = sorted(name for name, kept in self.entries.items() if kept and name > after and name.startswith(prefix))
            page: list[Listed] = []
            for name in names:
                chat = self._chats.get(name)
                may_wait = chat is not None and chat.may_wait
                if may_wait or not only_waiting:
                    last = self.entries[name][-1]
                    page.append(Listed(name, last.path, last.at, may_wait))
            return page[:limit]

    async def erase(self, conversation: str, generation: int, last: int) -> None:
        """Remove all that is kept of a conversation, and count the deletion.

        Raises:
            Fenced: the generation is another, or the last entry is.
        """
        with self._lock:
            found = len(self.entries.get(conversation, ()))
            if self._generations.get(conversation, 0) != generation or found != last:
                raise Fenced(f"Conversation '{conversation}': another caller wrote to it or deleted it.")
            self.entries.pop(conversation, None)
            self._chats.pop(conversation, None)
            self._generations[conversation] = generation + 1

    async def compact(self) -> None:
        """Do nothing: memory that is free is not read."""


class _Process:
    """The id of this process at all journals in memory."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.id = secrets.token_hex(16)


_process = _Process()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.renew)
