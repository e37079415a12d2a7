"""Stopping a call from outside in the task that made it, and knowing that cancellation from all others."""

from __future__ import annotations

import asyncio


class Stop:
    """Cancels the task that makes a call, as `asyncio.timeout` does it.

    Args:
        loop: the one that runs.

    Attributes:
        stopped: whether it did, and the task has not been told that it is over.
    """

    __slots__ = ("_host", "_others", "stopped")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        host = asyncio.current_task(loop)
        assert host is not None, "coroutines run in tasks"
        self._host = host
        self._others = host.cancelling()
        self.stopped = False

    def __call__(self) -> None:
        """Stop the call; only while it is under way."""
        self.stopped = True
        self._host.cancel()

    def over(self) -> bool:
        """Take the cancellation back. False: somebody else cancelled the task, too."""
        self.stopped = False
        return self._host.uncancel() <= self._others
