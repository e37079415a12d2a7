"""The server as a process of its own, so that what it costs is not counted with what is measured."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def running(script: str = "fifty") -> Generator[str]:
    """Run a server in another process, as long as the `with` lasts; it ends with this process too, however that dies.

    Args:
        script: the name of what it answers, one of `scripts.SCRIPTS`.

    Yields:
        The URL that a client takes as its base URL.
    """
    command = [sys.executable, "-m", "tests.servers", "--script", script, "--while-stdin"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError(f"The server did not start: {' '.join(command)}")
            yield url
        finally:
            process.stdin.close()
            process.wait()
