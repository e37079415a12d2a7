"""A process that is there to be killed: it goes on with a turn, and stops between a tool's effect and the record of it.

`python -m switchroom.cli.doomed FOLDER CONVERSATION TOOL` reads a person's answers as a line of JSON from stdin, writes each
event as a line to stdout, and an empty line when it has come to that moment. There it waits for its end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import msgspec

from switchroom.cli.stage import Stage
from switchroom.events import RunEvent, ToolReturned
from switchroom.journal import Journal
from switchroom.runner import Runner


class Cut:
    """A journal that does not live to see a tool's result.

    Args:
        journal: what keeps all before.
        tool: the tool.
    """

    keeps = True
    waits = False

    def __init__(self, journal: Journal, tool: str) -> None:
        self.read = journal.read
        self._journal = journal
        self._tool = tool

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events, unless they tell what the tool returned."""
        if any(isinstance(event.fact, ToolReturned) and event.fact.tool == self._tool for event in events):
            _wait_for_the_end()
        self._journal.append(conversation, events)


def _wait_for_the_end() -> NoReturn:
    _send(b"")
    sys.stdin.read()  # ends only when whoever started this process is gone
    os._exit(1)


def _send(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


class Pipe:
    """Tells the reader of stdout each event, at once."""

    withdraws = True

    def __call__(self, event: RunEvent) -> None:
        """Tell an event."""
        _send(msgspec.json.encode({"path": event.path, "fact": event.fact}))


def main(folder: str, conversation: str, tool: str) -> None:
    """Go on with the turn until the tool has returned."""
    stage = Stage(Path(folder))
    told = sys.stdin.readline()
    if not told:  # it is not needed any more
        return
    answers = msgspec.json.decode(told, type=dict[str, bool])
    config = replace(stage.app.config, journal=Cut(stage.journal, tool), listeners=(Pipe(),))
    asyncio.run(Runner.resume(stage.app.step, conversation=conversation, config=config, answers=answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
