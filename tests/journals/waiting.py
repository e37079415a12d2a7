"""A journal that has to be awaited, as one on a network: what holds at once has to hold over a wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from switchroom.events import RunEvent
from switchroom.journals import MemoryJournal


async def at_once(events: Sequence[RunEvent]) -> None:
    """Let others run once."""
    await asyncio.sleep(0)


class WaitingJournal:
    """Keeps in memory, and waits before each reading and writing.

    Attributes:
        before: awaited before events are written.
        writing: how many writings are under way.
        most: how many there were at most.
    """

    keeps = True
    waits = True

    def __init__(self, before: Callable[[Sequence[RunEvent]], Awaitable[None]] = at_once) -> None:
        self.kept = MemoryJournal()
        self.before = before
        self.writing = 0
        self.most = 0

    async def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        self.writing += 1
        self.most = max(self.most, self.writing)
        try:
            await self.before(events)
            self.kept.append(conversation, events)
        finally:
            self.writing -= 1

    async def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        await asyncio.sleep(0)
        return self.kept.read(conversation, after)
