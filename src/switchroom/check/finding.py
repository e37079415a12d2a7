"""A finding: what is wrong with an application or may go wrong with it, with whom, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from switchroom.blueprint import Blueprint, ToolPart

Level: TypeAlias = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found.

    Args:
        code: which kind of finding it is, as it is written in `--ignore`.
        level: an "error" leaves somebody without an answer, or a part without a use; a "warning" may.
        who: whom it is about, such as "agent 'billing'".
        says: what is wrong, in a sentence.
        remedy: what to do.
        where: the file and line, where that is known.
    """

    code: str
    level: Level
    who: str
    says: str
    remedy: str
    where: str = ""


Rule: TypeAlias = Callable[[Blueprint], Iterator[Finding]]
"""Finds one kind of thing in a blueprint; it looks at nothing else."""


def owned(app: Blueprint) -> list[tuple[ToolPart, list[str]]]:
    """The tools of an application, each with the agents that have it."""
    tools: dict[tuple[str, str], ToolPart] = {}
    owners: dict[tuple[str, str], list[str]] = {}
    for part in app.of_kind("agent"):
        for tool in part.tools:
            tools.setdefault((tool.name, tool.where), tool)
            owners.setdefault((tool.name, tool.where), []).append(part.name)
    return [(tools[key], names) for key, names in owners.items()]


def begun(text: str) -> str:
    """A text as a sentence begins."""
    return text[:1].upper() + text[1:]


def quoted(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    """Names as a person lists them: "'a', 'b' and 'c'"."""
    shown = [f"'{name}'" for name in names]
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else "".join(shown)
