"""Recorded work of two desks, retail and airline, as one noun: what a customer said, what was done, what was answered."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from tests.traces.records import Json, by_kind, changed, found_by

DATA = Path(__file__).parent.parent / "data" / "tau"
ENTRY = "lookup"
"""The specialist who is asked first. They look up; all others change records."""

FAREWELL = "That is done. Thank you for calling, and goodbye."
"""What is answered where a recording ends before anybody answers."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call as it was recorded.

    Args:
        agent: the specialist whose tool it is.
        tool: its name.
        args: with what it was called.
        observation: what it told, errors included.
        patch: how it changed the records.
        says: what was said before it was called.
        id: the call's id, which is not the only one of its kind; "" where none was recorded.
    """

    agent: str
    tool: str
    args: Json
    observation: str
    patch: Sequence[Json] = ()
    says: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a customer said, the calls that followed, and the answer."""

    said: str
    steps: tuple[Step, ...]
    answer: str = FAREWELL


@dataclass(frozen=True, slots=True)
class Recording:
    """Work that was recorded.

    Args:
        id: its name.
        desk: "retail" or "airline".
        turns: what was said and done.
        before: the records as they were found, as far as they were touched.
        after: the records as they were left.
        handoffs: how often the conversation changed specialists, by the count that came with the data.
    """

    id: str
    desk: str
    turns: tuple[Turn, ...]
    before: Json
    after: Json
    handoffs: int

    @property
    def steps(self) -> list[Step]:
        """All calls, in order."""
        return [step for turn in self.turns for step in turn.steps]

    @property
    def effects(self) -> list[Step]:
        """The calls that must not be made twice: those of all specialists who do not just look up."""
        return [step for step in self.steps if step.agent != ENTRY]

    @property
    def moves(self) -> list[tuple[str, str]]:
        """The changes of specialist."""
        way = [ENTRY, *(step.agent for step in self.steps)]
        return [(one, other) for one, other in pairwise(way) if one != other]


@cache
def retail() -> tuple[Recording, ...]:
    """The 80 traces of the retail desk, each a conversation of one turn."""
    return tuple(map(_trace, [*_rows("retail_dev20_traces"), *_rows("retail_train60_traces")]))


@cache
def airline() -> tuple[Recording, ...]:
    """The 40 conversations of the airline desk."""
    return tuple(map(_conversation, _rows("airline_conversations_40")))


@cache
def catalogue(desk: str) -> Json:
    """The schemas of a desk's "tools", and by "agents" which specialist owns which."""
    return json.loads((DATA / f"{desk}_tools.json").read_text())


def _rows(name: str) -> list[Json]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _trace(row: Json) -> Recording:
    steps = tuple(Step(one["agent"], one["tool"], one["args"], one["observation"], one["patch"]) for one in row["steps"])
    before = by_kind(row["initial_records"])
    after = copy.deepcopy(before)
    changed(after, row["final_changes"])
    return Recording(row["id"], "retail", (Turn(row["instruction"], steps),), before, after, row["handoffs"])


def _conversation(row: Json) -> Recording:
    turns = tuple(_turns(row["messages"]))
    changes = [change for turn in turns for step in turn.steps for change in step.patch]
    before = found_by(changes)
    after = copy.deepcopy(before)
    changed(after, changes)
    return Recording(row["id"], "airline", turns, before, after, row["handoffs"])


def _turns(messages: Sequence[Json]) -> Iterator[Turn]:
    """The turns of messages in chat form, of which each user's begins one."""
    begins = [at for at, message in enumerate(messages) if message["role"] == "user"]
    assert begins[0] == 0, "the customer speaks first"
    for at, end in zip(begins, [*begins[1:], len(messages)], strict=True):
        told = {at: message["content"] for at, message in enumerate(messages) if message["role"] == "tool"}
        steps = tuple(_step(messages[call], told[call + 1]) for call in range(at, end) if messages[call].get("tool_calls"))
        ended = messages[end - 1]["role"] == "assistant"
        said = messages[at]["content"]
        yield Turn(said, steps, messages[end - 1]["content"]) if ended else Turn(said, steps)


def _step(message: Json, observation: str) -> Step:
    [call] = message["tool_calls"]
    name, args = call["function"]["name"], json.loads(call["function"]["arguments"])
    return Step(message["agent"], name, args, observation, message["patch"], message.get("content") or "", call["id"])
