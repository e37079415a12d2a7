"""The first difference between a record and what the code asks now, as a message that shows it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from switchroom.messages import Message
from switchroom.testing.prompt import Asked, Prompt
from switchroom.testing.sameness import said

LINES = 40
"""Lines of a difference that are shown."""

NOTHING = "nothing more here"


class Difference(msgspec.Struct, frozen=True):
    """Where a played run leaves its record.

    Args:
        path: the place.
        entry: the number of the record's entry that does not fit, 0 if it has none.
        recorded: what the record has there, in a line.
        now: what the code does there now, in a line.
        details: what differs, part by part.
        wording: whether it is only in how things are put, and not in what is done.
    """

    path: str
    entry: int
    recorded: str
    now: str
    details: Sequence[str] = ()
    wording: bool = False

    def __str__(self) -> str:
        where = f"at {self.path}" + (f", entry {self.entry} of the record" if self.entry else "")
        advice = "If this is meant, record the conversation anew"
        advice += "; strict=False compares what is done, and not what is asked." if self.wording else "."
        head = [f"The code goes another way than the record {where}:", f"  record: {self.recorded}", f"  now:    {self.now}"]
        return "\n".join([*head, *(f"  {line}" for line in self.details), advice])


def changed(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The parts that differ, each as a small diff."""
    names = [*recorded, *(name for name in now if name not in recorded)]
    lines: list[str] = []
    for name in names:
        if name in recorded and name in now and recorded[name] == now[name]:
            continue
        old = _text(recorded[name]) if name in recorded else ""
        new = _text(now[name]) if name in now else ""
        lines += [f"{name}:", *(f"  {line}" for line in diff(old, new))]
    return lines


def diff(old: str, new: str) -> list[str]:
    """What differs between two texts, with a line around it."""
    found = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]
    lines = ["..." if line.startswith("@@") else f"{line[:1]} {line[1:]}".rstrip() for line in found]
    if lines[:1] == ["..."]:
        lines = lines[1:]
    return lines if len(lines) <= LINES else [*lines[:LINES], f"... and {len(lines) - LINES} lines more"]


def asked_otherwise(messages: Sequence[Message], prompt: Prompt | None, now: Asked) -> tuple[str, list[str]]:
    """What is asked otherwise now than when the record was made: which part, and how.

    Args:
        messages: those that were new when the recorded answer was given.
        prompt: how the agent was put to its model then; None where only a digest of it was kept.
        now: what is asked now.
    """
    agent = now.prompt.agent
    before, after = said(messages), said(now.messages)
    if before != after:
        return f"{agent} is told something else", changed({"messages": before}, {"messages": after})
    if list(messages) != list(now.messages):
        return f"{agent} is told something else", changed(_whole(messages), _whole(now.messages))
    if prompt is None:
        return f"{agent} is told the same, and asked with something else changed", _unknown(now.prompt)
    old, new = prompt.told(), now.prompt.told()
    parts = [name for name in old if name in new and old[name] != new[name]]
    known = [name for name in old if name in new]  # a tool that is there or not is named among the tools
    details = changed({name: old[name] for name in known}, {name: new[name] for name in known})
    return f"{agent} is asked with {_listed(parts)} changed", details


def _whole(messages: Sequence[Message]) -> dict[str, Any]:
    return {f"message {place}": msgspec.to_builtins(message) for place, message in enumerate(messages, start=1)}


def _unknown(prompt: Prompt) -> list[str]:
    """What can be said where the record has no more than a digest of how the agent was put to its model."""
    shown = prompt.told()
    lines = [
        "It is its instructions, name, version, tools or output type: the record has no more than a digest of them.",
        "To see which: play it with the old code, save `played.cassette`, and play that with the new code.",
        "now it is asked with:",
    ]
    for name in ("version", "instructions", "tools", "output type"):
        if shown[name]:
            lines += [f"  {name}:", *(f"    {line}" for line in shown[name].splitlines()[:LINES])]
    return lines


def _listed(names: Sequence[str]) -> str:
    *first, last = names or ["something that is not shown"]
    return f"{', '.join(first)} and {last}" if first else last


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
