"""Watches that no node stops the event loop, and says which one did while it still does."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import logging
import sys
import threading
import time
from types import FrameType
from typing import Any

log = logging.getLogger("switchroom.session")

PATIENCE = 1.0
"""Seconds of real time in which the loop has to come round."""


class Watchdog:
    """Asks the loops at work for a sign of life, from a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: dict[asyncio.AbstractEventLoop, _Watched] = {}
        self._work = threading.Event()
        self._started = False

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """A turn begins on a loop."""
        watched = self._loops.get(loop)
        if watched is not None:
            watched.turns += 1
            return
        with self._lock:
            self._loops[loop] = _Watched(threading.get_ident())
            if not self._started:
                self._started = True
                # Not of the threads that a program counts and waits for: it is there as long as the process is.
                _thread.start_new_thread(self._watch, ())
        self._work.set()

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """It is over."""
        watched = self._loops[loop]
        watched.turns -= 1
        if not watched.turns:
            with self._lock:
                del self._loops[loop]

    def _watch(self) -> None:
        while True:
            self._work.wait()
            time.sleep(PATIENCE / 4)
            with self._lock:
                loops = list(self._loops.items())
                if not loops:
                    self._work.clear()
            for loop, watched in loops:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    watched.look(loop)


class _Watched:
    """A loop at work: since when a sign of life is awaited from it."""

    def __init__(self, thread: int) -> None:
        self.turns = 1
        self._thread = thread
        self._asked: float | None = None
        self._seen: FrameType | None = None
        self._reported = False

    def look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask for a sign of life, or report that there was none."""
        if self._asked is None:
            self._asked = time.monotonic()
            loop.call_soon_threadsafe(self._alive)
        elif not self._reported and time.monotonic() - self._asked > PATIENCE:
            frame = sys._current_frames().get(self._thread)  # pyright: ignore[reportPrivateUsage]
            node = _node_in(frame)
            if node is not None and node is self._seen and frame is not None:  # twice: it is not many who take a little each
                self._reported = True
                log.error(
                    "Node '%s' blocks the event loop for more than %g s (%s:%d): nobody else is served. "
                    "Await what takes time, or use asyncio.to_thread.",
                    node.f_locals["self"].name,
                    PATIENCE,
                    frame.f_code.co_filename,
                    frame.f_lineno,
                )
            self._seen = node

    def _alive(self) -> None:
        self._asked = self._seen = None
        self._reported = False


def _node_in(frame: FrameType | None) -> FrameType | None:
    """The frame of the node's method that a thread is in, the innermost; None if it is in none."""
    while frame is not None:
        this: Any = frame.f_locals.get("self")
        if this is not None and hasattr(this, "process_event"):
            return frame
        frame = frame.f_back
    return None


watchdog = Watchdog()
