"""Other processes at the same file: each runs a few lines, says when it is ready, and ends when it is told."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO

from tests.patience import HANGS_S


class Process:
    """A process that runs a program with `file`, `say(text)` and `wait()`, which returns the next line from here."""

    def __init__(self, program: str, file: Path) -> None:
        before = (
            "import os, sqlite3, sys, time\n"
            "from switchroom.events import RunEvent, StepReturned, TurnStarted\n"
            "from switchroom.journals import SqliteJournal\n"
            "file = sys.argv[1]\n"
            "def say(text): print(text, flush=True)\n"
            "def wait(): return sys.stdin.readline().strip()\n"
        )
        self.running = subprocess.Popen(
            [sys.executable, "-c", before + program, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def heard(self) -> str:
        """Return the next line that the process says."""
        return self._stream(self.running.stdout).readline().strip()

    def tell(self, text: str = "") -> None:
        """Send the process a line."""
        stream = self._stream(self.running.stdin)
        stream.write(text + "\n")
        stream.flush()

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        os.kill(self.running.pid, number)

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        self.running.kill()
        self.running.wait(HANGS_S)

    def rest(self) -> str:
        """Return all that the process says until its end."""
        return self.running.communicate(timeout=HANGS_S)[0].strip()

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


@contextlib.contextmanager
def process(program: str, file: Path) -> Generator[Process]:
    """Run a program beside the block."""
    started = Process(program, file)
    try:
        yield started
    finally:
        if started.running.poll() is None:
            started.kill()
        for stream in (started.running.stdin, started.running.stdout):
            if stream is not None:
                stream.close()
