"""Agents: a name, instructions, tools and handoffs, as a frozen value."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Generic, TypeAlias, cast

from typing_extensions import TypeVar

from switchroom._handoff import Handoff
from switchroom._tool import Tool, as_tool, tool
from switchroom.context import Enabled, RunContext
from switchroom.errors import UserError
from switchroom.guardrail import Guardrail
from switchroom.history import HistoryPolicy, Summary
from switchroom.model import Model, Settings

Out = TypeVar("Out", covariant=True, default=str)
Instructions: TypeAlias = str | Callable[[RunContext[Any]], str | Awaitable[str]]


@dataclass(frozen=True, eq=False)
class Agent(Generic[Out]):
    """An agent; compared by identity.

    Args:
        name: how others, paths and results call it.
        instructions: its system prompt, or a function of the context, sync or async, that gives it.
        model: a model or the name of one; absent: the run's, the default, `SWITCHROOM_MODEL`.
        tools: tools, functions (made tools with no effect declared), and steps that have a name and a description.
        handoffs: agents, names of agents in the same team, or `handoff(...)` with terms.
        output_type: what its final answer is checked against.
        input_type: the fields that it takes when it is used as a tool.
        guardrails: made by `on_input`, `on_output`, `on_tool`.
        description: what it is for, as other agents' models read it.
        version: of its logic; resuming an unfinished turn under another raises `Diverged`.
        settings: what it asks of its model.
        history: which messages its model gets to see, such as `keep_last(50)`; absent: what the run's config says.
        deps_type: the type of the handles that its tools expect, for the reader and the type checker.

    Raises:
        UserError: two tools or handoffs have one name, it hands over to itself, or something in the lists is of no use.
    """

    name: str
    instructions: Instructions = ""
    _: KW_ONLY
    model: Model | str | None = None
    tools: Sequence[Any] = ()
    handoffs: Sequence[Agent[Any] | Handoff | str] = ()
    output_type: type[Out] = cast("type[Out]", str)
    input_type: type[Any] | None = None
    guardrails: Sequence[Guardrail] = ()
    description: str = ""
    version: str = ""
    settings: Settings = Settings()
    history: HistoryPolicy | None = None
    deps_type: type[Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"An agent is called {self.name!r}; give it a name.")
        if not isinstance(self.instructions, str) and not callable(self.instructions):
            raise UserError(
                f"Agent '{self.name}': instructions is {self.instructions!r}; give text, or a function of the context."
            )
        if self.model is not None and not isinstance(self.model, str) and not _may_answer(self.model):
            raise UserError(f"Agent '{self.name}': model is {self.model!r}; give a model or the name of one.")
        if inspect.isfunction(self.model) and self.model.__code__.co_argcount < 2:
            raise UserError(
                f"Agent '{self.name}': a model takes (request, emit). "
                "A function of the request alone is made one by switchroom.testing.FunctionModel(fn)."
            )
        if self.history is not None and not callable(self.history) and not isinstance(self.history, Summary):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"Agent '{self.name}': history is {self.history!r}; give a policy such as keep_last(50).")
        for option in ("tools", "handoffs", "guardrails"):
            if not isinstance(getattr(self, option), list | tuple):
                raise UserError(f"Agent '{self.name}': {option} is {getattr(self, option)!r}; give a list.")
        for option, kinds in (("handoffs", (Agent, Handoff, str)), ("guardrails", (Guardrail,))):
            for given in getattr(self, option):
                if not isinstance(given, kinds):
                    known = ", ".join(kind.__name__ for kind in kinds)
                    raise UserError(f"Agent '{self.name}': {option} holds {given!r}; it takes {known}.")
        seen: set[str] = set()
        for made in self.all_tools:
            if made.name in seen:
                raise UserError(f"Agent '{self.name}' has two tools called '{made.name}'; rename one with tool(name=...).")
            seen.add(made.name)
        targets = [
            given if isinstance(given, str) else (given.target_name if isinstance(given, Handoff) else given.name)
            for given in self.handoffs
        ]
        for target in targets:
            if target == self.name:
                raise UserError(f"Agent '{self.name}' hands over to itself; remove '{target}' from its handoffs.")
            if targets.count(target) > 1:
                raise UserError(f"Agent '{self.name}' has two handoffs to '{target}'; keep one.")

    @cached_property
    def all_tools(self) -> tuple[Tool, ...]:
        """Its tools, with functions and steps made tools."""
        return tuple(_as_tool(given, self.name) for given in self.tools)

    @cached_property
    def terms(self) -> tuple[Handoff, ...]:
        """Its handoffs, with agents and names made handoffs without terms."""
        return tuple(given if isinstance(given, Handoff) else Handoff(given) for given in self.handoffs)

    def as_tool(self, name: str | None = None, description: str | None = None, is_enabled: Enabled = True) -> Tool:
        """This agent as a tool of another, which stays in charge; its run is a child of the caller's."""
        return as_tool(self, name, description, is_enabled)

    async def __call__(self, input: Any, scope: Any) -> Out:
        """Answer as a step of a larger run."""
        return await scope.call(self, input)

    def __repr__(self) -> str:
        return f"Agent({self.name!r})"


def _may_answer(model: object) -> bool:
    return callable(model) and not isinstance(model, type | Agent | Tool)


def _as_tool(given: Any, owner: str) -> Tool:
    if isinstance(given, Tool):
        return given
    if callable(given) and hasattr(given, "name") and hasattr(given, "description"):
        return as_tool(given)
    if callable(given):
        return tool(given)
    raise UserError(f"Agent '{owner}': tools holds {given!r}; it takes tools, functions, and steps with name and description.")
