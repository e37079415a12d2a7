"""A journal in memory that keeps snapshots, counts what is read of it, and can be damaged, deleted, or kept busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Literal, TypeAlias

from switchroom.errors import JournalUnwritable
from switchroom.events import RunEvent
from switchroom.journals import MemoryJournal

Mood: TypeAlias = Literal["ready", "failing", "busy"]


class Shelves(MemoryJournal):
    """Keeps snapshots by conversation.

    Attributes:
        snapshots: the newest of each conversation.
        chunks: the chunks, by conversation and digest.
        written: how often a snapshot was written.
        entries_read: how many entries were read.
        chunks_read: how many chunks were read.
        chunks_written: how many chunks were given with snapshots.
        mood: whether snapshots are written at once, are refused, or have to be waited for.
        gate: lets those that wait go on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.snapshots: dict[str, bytes] = {}
        self.chunks: dict[tuple[str, str], bytes] = {}
        self._generations: dict[str, int] = {}
        self.written = self.entries_read = self.chunks_read = self.chunks_written = 0
        self.mood: Mood = "ready"
        self.gate = asyncio.Event()

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        events = super().read(conversation, after)
        self.entries_read += len(events)
        return events

    def generation(self, conversation: str) -> int:
        return self._generations.get(conversation, 0)

    def read_snapshot(self, conversation: str) -> bytes | None:
        return self.snapshots.get(conversation)

    def write_snapshot(
        self, conversation: str, generation: int, body: bytes, chunks: dict[str, bytes]
    ) -> Awaitable[None] | None:
        match self.mood:
            case "failing":
                raise JournalUnwritable("the disk is full")
            case "busy":
                return self._write_later(conversation, body, chunks)
            case "ready":
                if generation == self.generation(conversation):
                    self._write(conversation, body, chunks)
                return None

    async def _write_later(self, conversation: str, body: bytes, chunks: dict[str, bytes]) -> None:
        await self.gate.wait()
        self._write(conversation, body, chunks)

    def _write(self, conversation: str, body: bytes, chunks: dict[str, bytes]) -> None:
        self.written += 1
        self.chunks_written += len(chunks)
        self.snapshots[conversation] = body
        self.chunks |= {(conversation, digest): chunk for digest, chunk in chunks.items()}

    def read_chunk(self, conversation: str, digest: str) -> bytes | None:
        self.chunks_read += 1
        return self.chunks.get((conversation, digest))

    def delete(self, conversation: str) -> None:
        """Forget a conversation; the next of its name is another generation."""
        self.entries.pop(conversation, None)
        self.snapshots.pop(conversation, None)
        self.chunks = {key: chunk for key, chunk in self.chunks.items() if key[0] != conversation}
        self._generations[conversation] = self.generation(conversation) + 1

    def moved(self) -> Shelves:
        """What another process finds: the same bytes, and nothing remembered of them."""
        other = Shelves()
        for name in self.entries:
            other.append(name, MemoryJournal.read(self, name))
        other.snapshots, other.chunks = dict(self.snapshots), dict(self.chunks)
        other._generations = dict(self._generations)
        return other


class Plain:
    """A journal that only appends and reads, as a user may write one: it keeps no snapshots."""

    keeps = True
    waits = False

    def __init__(self) -> None:
        self._kept = MemoryJournal()

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events."""
        self._kept.append(conversation, events)

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events after a number."""
        return self._kept.read(conversation, after)
