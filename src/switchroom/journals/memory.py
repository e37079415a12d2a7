"""A journal in memory. It holds bytes as the others do, so that nothing is ever resumed from a live object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from switchroom.errors import Fenced
from switchroom.events import RunEvent
from switchroom.events.codec import VERSION, Blobs, decode, encode


class _Entry(NamedTuple):
    seq: int
    path: str
    at: float
    version: int
    body: bytes


class MemoryJournal:
    """Keeps conversations as long as the object lives.

    Attributes:
        entries: what is kept, by conversation; its bodies are the bytes that a file would hold.
    """

    keeps = True
    waits = False

    def __init__(self) -> None:
        self.entries: dict[str, list[_Entry]] = {}
        self._blobs: Blobs = {}

    @staticmethod
    def at(url: str) -> MemoryJournal:
        """The process's journal of a "memory:" URL."""
        return MemoryJournal()

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events; see `Journal.append`."""
        kept = self.entries.setdefault(conversation, [])
        fresh: list[_Entry] = []
        for event in events:
            if event.seq != len(kept) + len(fresh) + 1:
                raise Fenced(f"Conversation '{conversation}': entry {event.seq} is taken; another writer has it.")
            body, blobs = encode(event.fact)
            self._blobs |= blobs
            fresh.append(_Entry(event.seq, event.path, event.at, VERSION, body))
        kept.extend(fresh)

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events after a number; see `Journal.read`."""
        return [
            RunEvent(entry.path, decode(entry.version, entry.body, self._blobs.__getitem__), entry.seq, entry.at)
            for entry in self.entries.get(conversation, [])[after:]
        ]
