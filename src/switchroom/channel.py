"""A listener's channel: what was pushed waits here until it is pulled, within bounds."""

from __future__ import annotations

import asyncio
import sys
from collections import deque

from msgspec.structs import replace

from switchroom.events import RunEvent, TextDelta

SIZE = 256
"""Entries that a channel holds. When it is full, deltas merge, and whoever notes a fact waits."""


class Channel:
    """A bounded queue of events for one reader."""

    __slots__ = ("_closed", "_entries", "_left", "_more", "_reader", "_writers", "size")

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self._entries: deque[RunEvent] = deque()
        self._more: dict[int, list[str]] = {}
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._closed = False
        self._left = False

    @property
    def has_left(self) -> bool:
        """Return True if the reader is gone."""
        return self._left

    @property
    def full(self) -> bool:
        """Whether a writer has to wait before it goes on."""
        return len(self._entries) >= self.size and not self._left

    def offer(self, event: RunEvent) -> None:
        """Put an event in; it never waits. In a full channel a piece of text is added to the piece before it."""
        if self._left:
            return
        if len(self._entries) >= self.size and isinstance(event.fact, TextDelta) and self._merged(event, event.fact):
            return
        self._entries.append(event)
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    def _merged(self, event: RunEvent, piece: TextDelta) -> bool:
        """Add a piece to the last one of the same answer, as long as nothing but pieces came after that."""
        for place in range(len(self._entries) - 1, -1, -1):
            entry = self._entries[place]
            before = entry.fact
            if not isinstance(before, TextDelta):
                return False
            if (entry.path, before.answer, before.attempt) == (event.path, piece.answer, piece.attempt):
                self._more.setdefault(id(entry), []).append(piece.text)
                return True
        return False

    async def room(self) -> None:
        """Wait until the reader has taken enough."""
        while self.full:
            writer = asyncio.get_running_loop().create_future()
            self._writers.append(writer)
            try:
                await writer
            finally:
                self._writers.remove(writer)

    def widen(self) -> None:
        """Hold whatever comes: no writer waits any more."""
        self.size = sys.maxsize
        for writer in self._writers:
            self._wake(writer)

    def close(self) -> None:
        """Nothing more will be put in; the reader gets what is there, and then the end."""
        self._closed = True
        self._wake(self._reader)

    def leave(self) -> None:
        """The reader is gone: nothing is kept for it any more, and no writer waits."""
        self._left = True
        self._entries.clear()
        self._more.clear()
        for writer in self._writers:
            self._wake(writer)

    async def get(self) -> RunEvent | None:
        """The next event; None at the end."""
        while not self._entries:
            if self._closed:
                return None
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        event = self._entries.popleft()
        more = self._more.pop(id(event), None)
        if more is not None:
            event = _longer(event, more)
        if self._writers and len(self._entries) < self.size:
            for writer in self._writers:  # each looks again whether there is room
                self._wake(writer)
        return event

    @staticmethod
    def _wake(waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _longer(event: RunEvent, pieces: list[str]) -> RunEvent:
    before = event.fact
    assert isinstance(before, TextDelta), "only pieces of text merge"
    return RunEvent(event.path, replace(before, text="".join((before.text, *pieces))), 0, event.at)
