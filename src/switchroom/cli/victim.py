"""The other end of the process that is there to be killed: started early, followed through a pipe, and killed by its id."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

import msgspec

from switchroom.cli.turns import Show
from switchroom.events import AnyFact, RunEvent, TextDelta

PATIENCE = 20.0
"""Seconds after which a silent process is killed all the same."""


class Sent(msgspec.Struct):
    """An event as the pipe carries it."""

    path: str
    fact: AnyFact | TextDelta


class Victim:
    """A process that goes on with a turn until it is killed.

    Args:
        process: as it was started.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @staticmethod
    async def started(folder: Path, conversation: str, tool: str) -> Victim:
        """The process, which waits for a person's answers. It is killed after the tool's effect, before that is recorded."""
        command = [sys.executable, "-m", "switchroom.cli.doomed", str(folder), conversation, tool]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=2**24, start_new_session=True)
        return Victim(process)

    async def go_on(self, answers: Mapping[str, bool], show: Show) -> bool:
        """Let it go on, show what it does, and kill it at its moment.

        Returns:
            whether it came to that moment; if not, it ended by itself or was silent for too long, and is dead as well.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(answers) + b"\n")
        try:
            while line := await asyncio.wait_for(self._process.stdout.readline(), PATIENCE):
                if not line.strip():
                    return True
                sent = msgspec.json.decode(line, type=Sent)
                await show(RunEvent(sent.path, sent.fact))
            return False
        except TimeoutError:
            return False
        finally:
            await self.kill()

    async def kill(self) -> None:
        """Kill it, if it lives, and wait for its end."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
