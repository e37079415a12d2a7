"""A manager whose tools are workers: it divides the work, and stays in charge."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from switchroom._tool import Tool, as_tool, tool
from switchroom.agent import Agent
from switchroom.errors import UserError
from switchroom.step import step_name
from switchroom.team import speaks

Out = TypeVar("Out")


def supervisor(manager: Agent[Out], workers: Mapping[str, Any] | Sequence[Any]) -> Agent[Out]:
    """A manager who has workers as tools beside its own; it is an agent, and so a step.

    What a worker uses is counted up into the run. A worker that fails does not end the run: the manager is told the kind of the
    error and its message, and goes on. What the developer has to change does end it.

    Args:
        manager: an agent; its instructions say how the work is divided.
        workers: by the name under which the manager calls them: agents, teams, workflows and functions of (input, scope), which
            are given a text (or the fields of their `input_type`); other functions and tools, with their own parameters. In a
            list they go by their own names.

    Returns:
        the manager with its workers.

    Raises:
        UserError: the manager is no agent, there are no workers, or one cannot be a tool.
    """
    if not isinstance(manager, Agent):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"supervisor: the manager is {manager!r}. Pass an agent.")
    match workers:
        case Mapping():
            given = [(str(name), worker) for name, worker in workers.items()]
        case list() | tuple():
            given = [(step_name(worker), worker) for worker in workers]
        case _:
            raise UserError(f"supervisor: workers is {workers!r}. Pass a dict of names and workers, or a list.")
    if not given:
        raise UserError(f"supervisor: agent '{manager.name}' has no workers. Pass at least one.")
    return replace(manager, tools=[*manager.tools, *(_hired(name, worker) for name, worker in given)])


def _hired(name: str, worker: Any) -> Tool:
    match worker:
        case Tool():
            hired = replace(worker, name=name)
        case _ if speaks(worker) or hasattr(worker, "parts") or _takes_scope(worker):
            hired = as_tool(worker, name)
        case _ if callable(worker):
            hired = replace(tool(worker), name=name)
        case _:
            raise UserError(
                f"supervisor: worker '{name}' is {worker!r}. Pass an agent, a team, a workflow, a tool or a function."
            )
    return replace(hired, on_error="tell_model")


def _takes_scope(worker: Any) -> bool:
    """Return True for a step that is called with one input and the scope: a function, a session's graph, any such object."""
    if isinstance(worker, type) or not callable(worker):
        return False
    return list(inspect.signature(worker).parameters)[1:] == ["scope"]
