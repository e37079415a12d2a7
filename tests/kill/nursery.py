"""A clean process that has everything loaded, and forks one process for each life of the conversation."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


class Nursery:
    """The near end: asks for lives, one after the other, and says how each ended.

    Args:
        desk: the module whose `live` is a life.
    """

    def __init__(self, desk: str = "tests.kill.desk") -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.nursery", desk],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, folder: Path, said: str | None, given: dict[str, Any], death: dict[str, Any]) -> dict[str, Any]:
        """One life: what it gave, or {"killed": True}."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), said, given, death]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def serve() -> None:
    """The far end: fork for each order, wait, and say how the life ended."""
    desk = import_module(sys.argv[1])
    gc.collect()
    gc.freeze()  # a collection in a forked process leaves alone what it shares with this one
    for line in sys.stdin:
        folder, said, given, death = json.loads(line)
        outcome = Path(folder) / "outcome.json"
        outcome.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            try:
                told = desk.live(Path(folder), said, given, death)
            except BaseException:
                told = {"failed": traceback.format_exc()}
            outcome.write_text(json.dumps(told))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and not outcome.exists()
        print(json.dumps({"killed": True}) if killed else outcome.read_text(), flush=True)


if __name__ == "__main__":
    serve()
