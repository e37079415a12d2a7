"""A retail desk of specialists that plays recorded traces: each call gives what it gave then, and changes the records once."""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from switchroom import Agent, Team, Tool
from switchroom.reply import Reply
from switchroom.testing import call

DATA = Path(__file__).parent.parent / "data" / "tau"
ENTRY = "lookup"

Json = dict[str, Any]


def traces() -> list[Json]:
    """The recorded traces."""
    return [json.loads(line) for line in (DATA / "retail_dev20_traces.jsonl").read_text().splitlines()]


def catalogue() -> Json:
    """The tools' schemas, and which specialist owns which."""
    return json.loads((DATA / "retail_tools.json").read_text())


def tokens(pointer: str) -> list[str]:
    """The parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]


def changed(records: Json, changes: Sequence[Json]) -> None:
    """Apply changes to the fields of records; each says what it finds, so that one made twice or out of order is found out."""
    for change in changes:
        *way, last = tokens(change["path"])
        place = records
        for part in way:
            place = place[part]
        if change["op"] == "add":
            assert last not in place, f"{change['path']} is there already"
        else:
            assert place[last] == change["old"], f"{change['path']} is not what it was"
        if change["op"] == "remove":
            del place[last]
        else:
            place[last] = copy.deepcopy(change["value"])


def records_of(trace: Json) -> Json:
    """The records as a trace finds them."""
    records: Json = {}
    for pointer, record in trace["initial_records"].items():
        kind, _, name = pointer.partition("/")
        records.setdefault(kind, {})[name] = copy.deepcopy(record)
    return records


def expected(trace: Json) -> Json:
    """The records as a trace leaves them."""
    records = records_of(trace)
    changed(records, trace["final_changes"])
    return records


class Desk:
    """Specialists with the recorded tools.

    Attributes:
        records: what the tools change.
        made: the calls that were made, as (owner, tool, arguments).
        team: the specialists, each of whom may hand over to each other.
    """

    def __init__(self, trace: Json) -> None:
        self.records = records_of(trace)
        self.made: list[tuple[str, str, Json]] = []
        self._steps: list[Json] = trace["steps"]
        owned: dict[str, list[str]] = catalogue()["agents"]
        schemas = {one["function"]["name"]: one["function"] for one in catalogue()["tools"]}
        agents = [
            Agent(
                owner,
                f"You are the specialist for {owner}.",
                tools=[self._tool(owner, schemas[name]) for name in names],
                handoffs=[other for other in owned if other != owner],
            )
            for owner, names in owned.items()
        ]
        self.team = Team(agents, entry=ENTRY)

    def _tool(self, owner: str, schema: Json) -> Tool:
        effect = "read" if owner == ENTRY else "irreversible"
        return Tool.from_schema(
            schema["name"], schema["description"], schema["parameters"], self._plays(owner, schema["name"]), effect=effect
        )

    def _plays(self, owner: str, name: str) -> Callable[..., Awaitable[str]]:
        async def play(**args: Any) -> str:
            assert len(self.made) < len(self._steps), f"{name} is called though the trace is over"
            step = self._steps[len(self.made)]
            assert (name, args) == (step["tool"], step["args"])
            self.made.append((owner, name, args))
            changed(self.records, step["patch"])
            return step["observation"]

        return play


def script(steps: Sequence[Json], active: str = ENTRY) -> list[Reply]:
    """The answers that make the recorded calls, a handoff before each change of specialist."""
    answers: list[Reply] = []
    for step in steps:
        if step["agent"] != active:
            active = step["agent"]
            answers.append(call(f"transfer_to_{active}", reason=f"{step['tool']} is for {active}"))
        answers.append(call(step["tool"], **step["args"]))
    return [*answers, "done"]
