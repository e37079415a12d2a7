"""A sign of life on a terminal: a line with the seconds that a turn has been silent, erased before anything else is written."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable

from rich.console import Console

SILENCE_S = 1.0
"""Seconds without an event after which the line appears, and after which it is renewed."""


class Pulse:
    """Writes a line such as "thinking … 3 s" while a turn is silent; nothing where nobody looks.

    Args:
        console: where the line is written, if it is a terminal that can erase it.
        is_free: tells whether the cursor stands at the beginning of a line, so that nothing is written into another line.
    """

    def __init__(self, console: Console, is_free: Callable[[], bool]) -> None:
        self._console = console
        self._is_free = is_free
        self._is_seen = console.is_terminal and os.environ.get("TERM") != "dumb"
        self._seconds = 0
        self._is_shown = False

    def erase(self) -> None:
        """Erase the line, and count from now."""
        self._seconds = 0
        if self._is_shown:
            self._is_shown = False
            self._write("\r\x1b[K")

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncGenerator[None]:
        """Show the line whenever the turn inside the block is silent."""
        if not self._is_seen:
            yield
            return
        beat = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beat.cancel()
            self.erase()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(SILENCE_S)
            self._seconds += 1
            if self._is_free():
                faint, plain = ("", "") if self._console.color_system is None else ("\x1b[2m", "\x1b[0m")
                self._write(f"\r\x1b[K  {faint}thinking … {self._seconds} s{plain}")
                self._is_shown = True

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
