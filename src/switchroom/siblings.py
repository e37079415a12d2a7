"""Runs beside one another: user code may start several at once, and stop waiting for some before they are done."""

from __future__ import annotations

import asyncio
from typing import Any


class Siblings:
    """The runs below the root of an attempt that are going on."""

    __slots__ = ("_free", "_held", "_running", "_suspended", "_watchers")

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any] | None] = {}
        self._suspended: set[str] = set()
        self._held: dict[str, int] = {}  # places at or below which somebody waits for a person, and how many do
        self._free = 0  # runs that nobody at or below them holds up
        self._watchers: list[asyncio.Future[None]] = []

    def begins(self, path: str) -> None:
        """Know of a run below the root while it goes on, for user code may start several and not wait for all."""
        self._running[path] = asyncio.current_task()
        self._free += path not in self._held

    def ended(self, path: str) -> bool:
        """It goes on no more; whether it is over, and does not wait for a person."""
        over = path not in self._suspended
        if not over:
            self._suspended.remove(path)
            self._hold(path, -1)
        del self._running[path]
        self._free -= path not in self._held
        if self._watchers:
            self._tell()
        return over

    async def others_done(self, path: str) -> None:
        """Wait, before a run leaves because a person is asked, until all runs beside it are done or wait as well.

        Whoever started them side by side would cancel or forget the others: `asyncio.TaskGroup` the one, `gather` the other.
        """
        self._suspended.add(path)
        self._hold(path, 1)
        self._tell()
        await asyncio.sleep(0)  # a run that was started beside this one may not have had its first step
        while self._free:
            change = asyncio.get_running_loop().create_future()
            self._watchers.append(change)
            await change

    def _hold(self, path: str, by: int) -> None:
        """Count that somebody at a place waits for a person, or does so no more, there and at all places around."""
        while path:
            before = self._held.get(path, 0)
            if before + by:
                self._held[path] = before + by
            else:
                del self._held[path]
            if path in self._running and not (before and before + by):
                self._free -= by
            path = path.rpartition("/")[0]

    def _tell(self) -> None:
        if self._free:
            return
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._watchers.clear()

    async def finish(self, path: str = "") -> None:
        """Wait for what user code started below a path beside a run that waits for a person, and forgot: it waits as well."""
        while others := self._others(path):
            await asyncio.wait(others)

    async def stop(self, path: str = "") -> None:
        """Stop what was started below a path and is not waited for any more: what started it has ended.

        It is waited for, also when this is cancelled meanwhile.
        """
        stopped: set[asyncio.Task[Any]] = set()
        cancelled: asyncio.CancelledError | None = None
        while others := self._others(path):
            for task in others - stopped:
                task.cancel()
            stopped |= others
            try:
                await asyncio.wait(others)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def _others(self, path: str) -> set[asyncio.Task[Any]]:
        here = asyncio.current_task()
        below = [task for place, task in self._running.items() if place.startswith(path)]
        return {task for task in below if task is not None and task is not here}
