"""A desk of specialists with the recorded tools: each call tells what it told then, and changes the records once."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from switchroom import Agent, Team, Tool
from tests.traces.recordings import ENTRY, Recording, catalogue
from tests.traces.records import Json, changed


def instructions(specialist: str, file: str) -> str:
    """What a specialist is told, and with them their model: who they are, and which customer's file is on the desk."""
    return f"You are the specialist for {specialist}. The file on your desk is {file}."


class Ledger:
    """The effects that were had, one a line; in a file they outlive the process.

    Args:
        file: where they are kept; None keeps them in memory.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.lines = file.read_text().splitlines() if file is not None and file.exists() else []

    def write(self, line: str) -> None:
        """Add an effect, in one piece."""
        self.lines.append(line)
        if self._file is not None:
            file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{line}\n".encode())
            os.close(file)


class Desk:
    """The specialists at work on one recording.

    Args:
        recording: what they do.
        ledger: the effects that were had before, by a desk that is no more.

    Attributes:
        records: what the tools change.
        made: the calls that were made at this desk, as (owner, tool, arguments).
        team: the specialists, each of whom may hand over to each other.
    """

    def __init__(self, recording: Recording, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.records = copy.deepcopy(recording.before)
        self.made: list[tuple[str, str, Json]] = []
        self._recording = recording
        self._effects = recording.effects
        for step in self._effects[: len(self.ledger.lines)]:
            changed(self.records, step.patch)
        owned: dict[str, list[str]] = catalogue(recording.desk)["agents"]
        schemas = {one["function"]["name"]: one["function"] for one in catalogue(recording.desk)["tools"]}
        agents = [
            Agent(
                owner,
                instructions(owner, recording.id),
                tools=[self._tool(owner, schemas[name]) for name in names],
                handoffs=[other for other in owned if other != owner],
            )
            for owner, names in owned.items()
        ]
        self.team = Team(agents, entry=ENTRY)

    def _tool(self, owner: str, schema: Json) -> Tool:
        name = schema["name"]
        plays, effect = (self._tells(name), "read") if owner == ENTRY else (self._does(name), "irreversible")
        return Tool.from_schema(
            name, schema["description"], schema["parameters"], self._noting(owner, name, plays), effect=effect
        )

    def _noting(self, owner: str, name: str, plays: Callable[[Json], str]) -> Callable[..., Awaitable[str]]:
        async def called(**args: Any) -> str:
            self.made.append((owner, name, args))
            return plays(args)

        return called

    def _does(self, name: str) -> Callable[[Json], str]:
        """A tool that has an effect: it is the next one that was recorded, and no other."""

        def does(args: Json) -> str:
            done = len(self.ledger.lines)
            assert done < len(self._effects), f"{name} is called though all is done"
            step = self._effects[done]
            assert (name, args) == (step.tool, step.args)
            self.ledger.write(json.dumps([name, args]))
            changed(self.records, step.patch)
            return step.observation

        return does

    def _tells(self, name: str) -> Callable[[Json], str]:
        """A tool that looks up: what it tells depends on the effects so far, and it may be asked again."""

        def tells(args: Json) -> str:
            done = 0
            for step in self._recording.steps:
                if step.agent != ENTRY:
                    done += 1
                elif done == len(self.ledger.lines) and (step.tool, step.args) == (name, args):
                    return step.observation
            raise AssertionError(f"{name}({args}) was not asked after {len(self.ledger.lines)} effects")

        return tells
