"""The tools of an agent as parts: what each does to the world, whom it runs, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from switchroom._tool import Tool
from switchroom.blueprint.mentions import place_of
from switchroom.blueprint.parts import ToolPart
from switchroom.blueprint.source import deeds_of, source_of


def tool_part(made: Tool, part_of: Callable[[Any], str]) -> ToolPart:
    """A tool as an agent has it.

    Args:
        made: the tool.
        part_of: gives the id of the part that a step is.
    """
    guards, guarded = guards_of(made)
    inner = guarded[-1]
    function = source_of(inner.invoke)
    return ToolPart(
        name=made.name,
        description=made.description,
        effect=made.effect,
        declared=made.declared,
        approval=made.needs_approval is not False,
        timed=any(tool.timeout is not None for tool in guarded) or "timed" in guards,
        tells=made.on_error == "tell_model",
        runs="" if made.step is None else part_of(made.step),
        guards=guards,
        deeds=None if function is None or made.step is not None else deeds_of(function),
        where="" if function is None else place_of(function),
    )


def guards_of(made: Tool) -> tuple[tuple[str, ...], list[Tool]]:
    """What stands around a tool, the outermost first, and the tools inside of one another, the outermost first."""
    guards: list[str] = []
    inside = [made]
    while True:
        call = inside[-1].invoke
        guarded: tuple[Tool, ...] = getattr(call, "guarded", ())
        if not guarded:
            return tuple(guards), inside
        guards.append(guard_name(getattr(call, "through", None)))
        inside.append(guarded[0])


def guard_name(through: Any) -> str:
    """What the guard is called that makes calls by a function: the name of what made the function."""
    while True:
        held = [cell.cell_contents for cell in getattr(through, "__closure__", None) or ()]
        name = str(getattr(through, "__qualname__", "guarded")).partition(".")[0]
        inner = [value for value in held if getattr(value, "__qualname__", "").endswith("through")]
        if name != "tried" or not inner:
            return name
        through = inner[0]
