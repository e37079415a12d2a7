"""The tools of an agent as parts: what each does to the world, whom it runs, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from switchroom._tool import Tool
from switchroom.blueprint.mentions import place_of
from switchroom.blueprint.parts import Deeds, ToolPart
from switchroom.blueprint.source import source_of


def tool_part(made: Tool, part_of: Callable[[Any], str], read: Callable[[Any], Deeds | None]) -> ToolPart:
    """A tool as an agent has it.

    Args:
        made: the tool.
        part_of: gives the id of the part that a step is.
        read: reads what a function does.
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
        timed=any(tool.timeout is not None for tool in guarded) or "timeout" in guards,
        tells=made.on_error == "tell_model",
        runs="" if made.step is None else part_of(made.step),
        guards=guards,
        deeds=None if function is None or made.step is not None else read(function),
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


def model_guards(model: Any) -> tuple[str, ...]:
    """What stands around a model, the outermost first."""
    guards: list[str] = []
    while "guarded" in getattr(model, "__dict__", {}):
        guards.append(f"model: {guard_name(model.through)}")
        model = model.guarded
    return tuple(guards)


def guard_name(through: Any) -> str:
    """What a guard is called that makes calls by a function: the module of ours in which that is written, such as "retry"."""
    module = str(getattr(through, "__module__", ""))
    if module == "switchroom.wrap.tries":  # a try of a step, which goes through the guard
        held = [cell.cell_contents for cell in through.__closure__ or ()]
        return guard_name(next(value for value in held if callable(value)))
    return module.rpartition(".")[2] or "guard"
