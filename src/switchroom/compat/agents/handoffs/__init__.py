"""Handoffs: agents as tools by which a model puts the conversation through.

A model sees of a handoff what that SDK shows it: the tool's name and parameters, and who is there now as its result. What
Switchroom's own handoffs add, a brief, stands in the facts of the run (`result.switchroom.facts`).
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from typing_extensions import TypeVar

from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.exceptions import ModelBehaviorError, UserError
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.run_context import RunContextWrapper, TContext
from switchroom.compat.agents.strict import strict
from switchroom.compat.agents.tool import Enabled
from switchroom.context import settled
from switchroom.schema import explained

TAgent = TypeVar("TAgent", default=Any)


@dataclass(frozen=True)
class HandoffInputData:
    """What an `input_filter` is given, and gives back.

    Args:
        input_history: what the run was asked; after a filter, what that left of it.
        pre_handoff_items: what happened before the answer that hands over.
        new_items: what that answer brought, the handoff's call and output included.
        run_context: the context of the run.
        input_items: what the next agent is to see in place of `new_items`, if that is something else.
    """

    input_history: str | tuple[dict[str, Any], ...]
    pre_handoff_items: tuple[Any, ...]
    new_items: tuple[Any, ...]
    run_context: RunContextWrapper[Any] | None = None
    input_items: tuple[Any, ...] | None = None

    def clone(self, **changes: Any) -> HandoffInputData:
        """The same with some fields changed."""
        return replace(self, **changes)


HandoffInputFilter: TypeAlias = Callable[[HandoffInputData], HandoffInputData]
"""Says what the next agent sees. It is not async: what has to be awaited can be in `on_handoff`, which runs before it."""


@dataclass(eq=False)
class Handoff(Generic[TContext, TAgent]):
    """A handoff; made by `handoff`, for its target is known by nothing else.

    Args:
        tool_name: as the model calls it.
        tool_description: as the model reads it.
        input_json_schema: the JSON schema of its arguments.
        on_invoke_handoff: `async f(context, arguments)` that gives the target.
        agent_name: the target's name.
        input_filter: what the target sees.
        nest_handoff_history: has no counterpart.
        strict_json_schema: for the reader.
        is_enabled: whether models are shown it, or `f(context, agent)` that says so, sync or async, before each request.
        agent: the target.
        input_model: the pydantic model of its arguments, as the field `input`, if it takes any.
    """

    tool_name: str
    tool_description: str
    input_json_schema: dict[str, Any]
    on_invoke_handoff: Callable[[RunContextWrapper[Any], str], Awaitable[Any]]
    agent_name: str
    input_filter: HandoffInputFilter | None = None
    nest_handoff_history: bool | None = None
    strict_json_schema: bool = True
    is_enabled: Enabled = True
    agent: Any = field(default=None, kw_only=True, repr=False)
    input_model: type[BaseModel] | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        refuse(f"Handoff '{self.tool_name}'", nest_handoff_history=self.nest_handoff_history)

    def get_transfer_message(self, agent: Any) -> str:
        """What the model reads as the result of the call: who is there now."""
        return json.dumps({"assistant": agent.name})

    @staticmethod
    def default_tool_name(agent: Any) -> str:
        """The name where none is given: `transfer_to_<name>`, in lower case, with `_` for all that is no letter or digit."""
        return called(f"transfer_to_{agent.name}")

    @staticmethod
    def default_tool_description(agent: Any) -> str:
        """The description where none is given."""
        about = f": {agent.handoff_description}" if agent.handoff_description else "."
        return f"Hand the conversation over to {agent.name}{about}"


def called(name: str) -> str:
    """A name as that SDK makes a tool's name of it."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name).lower()


def handoff(
    agent: Any,
    tool_name_override: str | None = None,
    tool_description_override: str | None = None,
    on_handoff: Callable[..., Any] | None = None,
    input_type: Any = None,
    input_filter: HandoffInputFilter | None = None,
    nest_handoff_history: bool | None = None,
    is_enabled: Enabled = True,
) -> Handoff[Any, Any]:
    """Let an agent hand over to another, on terms.

    Args:
        agent: the target.
        tool_name_override: as the model calls it; absent: `transfer_to_<name>`.
        tool_description_override: as the model reads it.
        on_handoff: `f(context)`, or `f(context, input)` with an `input_type`; sync or async, before the target has the
            conversation. What it raises ends the run.
        input_type: the type of what the model gives with the call. What is not of it goes back to the model.
        input_filter: what the target sees.
        is_enabled: whether models are shown it, or `f(context, agent)` that says so.

    Raises:
        UserError: an `input_type` without `on_handoff`, one that takes something else, or an async filter.
    """
    refuse(f"handoff(to '{agent.name}')", nest_handoff_history=nest_handoff_history)
    _check(agent.name, on_handoff, input_type, input_filter)
    adapter: TypeAdapter[Any] | None = None if input_type is None else TypeAdapter(input_type)

    async def invoke(context: RunContextWrapper[Any], arguments: str = "") -> Any:
        if on_handoff is None:
            return agent
        if adapter is None:
            await settled(on_handoff(context))
            return agent
        try:
            given = adapter.validate_json(arguments)
        except ValidationError as fault:
            raise ModelBehaviorError(f"The input of the handoff to '{agent.name}' is not valid: {explained(fault)}") from fault
        await settled(on_handoff(context, given))
        return agent

    name = tool_name_override or Handoff.default_tool_name(agent)
    fields: Any = {"input": (input_type, ...)}
    return Handoff(
        name,
        tool_description_override or Handoff.default_tool_description(agent),
        strict({"type": "object"} if adapter is None else adapter.json_schema()),
        invoke,
        agent.name,
        input_filter,
        is_enabled=is_enabled,
        agent=agent,
        input_model=None if input_type is None else create_model(f"{name}_input", **fields),
    )


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many arguments by position."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    return True


def _check(target: str, on_handoff: Any, input_type: Any, input_filter: Any) -> None:
    if input_type is not None and on_handoff is None:
        raise UserError(f"handoff(to '{target}'): input_type without on_handoff; pass the function that gets the input.")
    if on_handoff is not None:
        form = ("context",) if input_type is None else ("context", "input")
        if not takes(on_handoff, len(form)):
            raise UserError(f"handoff(to '{target}'): on_handoff is called as f({', '.join(form)}), which it does not take.")
    if inspect.iscoroutinefunction(input_filter):
        raise UserError(
            f"handoff(to '{target}'): input_filter is async, and has to be plain. Await what it needs in on_handoff, before it."
        )


__getattr__ = missing_from(__name__)
