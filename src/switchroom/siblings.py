"""Runs beside one another: user code may start several at once, and stop waiting for some before they are done."""

from __future__ import annotations

import asyncio
from typing import Any

from switchroom.active_paths import ActivePaths


class Siblings:
    """The runs below the root of an attempt that are going on."""

    __slots__ = ("_active", "_below", "_running", "_suspended", "_watchers")

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any] | None] = {}
        self._below: dict[str, set[str]] = {}  # the paths at which runs go on and those around them, by the path around
        self._active = ActivePaths()  # a run is blocked where somebody at or below it waits for a person
        self._suspended: set[str] = set()
        self._watchers: list[asyncio.Future[None]] = []

    def begins(self, path: str) -> None:
        """Know of a run below the root while it goes on, for user code may start several and not wait for all."""
        self._running[path] = asyncio.current_task()
        self._active.start(path)
        while path:
            parent = path.rpartition("/")[0]
            below = self._below.get(parent)
            if below is not None:
                below.add(path)
                return
            self._below[parent] = {path}
            path = parent

    def ended(self, path: str) -> bool:
        """It goes on no more; whether it is over, and does not wait for a person."""
        over = path not in self._suspended
        if not over:
            self._suspended.remove(path)
            self._active.unblock(path)
        del self._running[path]
        self._active.end(path)
        self._forget(path)
        if self._watchers:
            self._tell()
        return over

    def _forget(self, path: str) -> None:
        """Remove a path at and below which no run goes on any more, and those around it that are left so."""
        while path and path not in self._below and path not in self._running:
            parent = path.rpartition("/")[0]
            below = self._below[parent]
            below.remove(path)
            if below:
                return
            del self._below[parent]
            path = parent

    async def others_done(self, path: str) -> None:
        """Wait, before a run leaves because a person is asked, until all runs beside it are done or wait as well.

        Whoever started them side by side would cancel or forget the others: `asyncio.TaskGroup` the one, `gather` the other.
        """
        self._suspended.add(path)
        self._active.block(path)
        self._tell()
        await asyncio.sleep(0)  # a run that was started beside this one may not have had its first step
        while self._active.unblocked:
            change = asyncio.get_running_loop().create_future()
            self._watchers.append(change)
            await change

    def _tell(self) -> None:
        if self._active.unblocked:
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
        """The tasks of the runs below a path, but for the one that asks. It looks at no run that is not below."""
        here = asyncio.current_task()
        places = list(self._below.get(path.removesuffix("/"), ()))
        others: set[asyncio.Task[Any]] = set()
        for place in places:  # which grows on the way
            places += self._below.get(place, ())
            task = self._running.get(place)
            if task is not None and task is not here:
                others.add(task)
        return others
