"""Runs beside one another: user code may start several at once, and stop waiting for some before they are done."""

from __future__ import annotations

import asyncio
from typing import Any


class Siblings:
    """The runs below the root of an attempt that are going on."""

    __slots__ = ("_running", "_suspended", "_watchers")

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any] | None] = {}
        self._suspended: set[str] = set()
        self._watchers: list[asyncio.Future[None]] = []

    def begins(self, path: str) -> None:
        """Know of a run below the root while it goes on, for user code may start several and not wait for all."""
        self._running[path] = asyncio.current_task()

    def ended(self, path: str) -> bool:
        """It goes on no more; whether it is over, and does not wait for a person."""
        del self._running[path]
        over = path not in self._suspended
        self._suspended.discard(path)
        if self._watchers:
            self._tell()
        return over

    async def others_done(self, path: str) -> None:
        """Wait, before a run leaves because a person is asked, until all runs beside it are done or wait as well.

        Whoever started them side by side would cancel or forget the others: `asyncio.TaskGroup` the one, `gather` the other.
        """
        self._suspended.add(path)
        self._tell()
        await asyncio.sleep(0)  # a run that was started beside this one may not have had its first step
        while any(not self._held_up(other) for other in self._running):
            change = asyncio.get_running_loop().create_future()
            self._watchers.append(change)
            await change

    def _held_up(self, path: str) -> bool:
        """Whether a run waits for a person, itself or below it."""
        return any(waiting == path or waiting.startswith(path + "/") for waiting in self._suspended)

    def _tell(self) -> None:
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
