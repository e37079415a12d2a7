"""Handoffs: the terms on which one agent puts a conversation through to another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, Unpack

import msgspec
import pydantic

from switchroom.context import Enabled
from switchroom.errors import UserError, unknown
from switchroom.history import HistoryPolicy
from switchroom.model import ToolSpec
from switchroom.schema import Invalid, as_json, as_model, explained, strict_object
from switchroom.tool_names import marked_name, tool_name

RECOMMENDED_PROMPT_PREFIX = (
    "You are one of several agents who share a conversation with one person. Each has a field of its own. "
    "When a request lies outside yours, put it through by calling the tool transfer_to_<agent> whose description fits; "
    "give the reason, and whatever the tool asks for, so that nobody has to ask again. "
    "The person notices only that they are helped: do not speak of transfers, tools or other agents."
)
"""A beginning for the instructions of an agent that has handoffs."""


class Decline(msgspec.Struct, frozen=True):
    """What `accepts` gives back when the target does not take the conversation; the asker is told the reason."""

    reason: str


Accepts: TypeAlias = Callable[[Any, Any], "Decline | Awaitable[Decline | None] | None"]


@dataclass(frozen=True, eq=False)
class Handoff:
    """A target and the terms; made by `handoff`."""

    target: Any
    requires: type[pydantic.BaseModel] | None = None
    accepts: Accepts | None = None
    returns: type[pydantic.BaseModel] | None = None
    filter: HistoryPolicy | None = None
    deadline: float | None = None
    is_enabled: Enabled = True

    @property
    def target_name(self) -> str:
        """The target's name."""
        return self.target if isinstance(self.target, str) else self.target.name


class Terms(TypedDict, total=False):
    """The options of `handoff`, which describes them."""

    requires: type[pydantic.BaseModel] | None
    accepts: Accepts | None
    returns: type[pydantic.BaseModel] | None
    filter: HistoryPolicy | None
    deadline: float | None
    is_enabled: Enabled


def handoff(target: Any, **terms: Unpack[Terms]) -> Handoff:
    """Let an agent hand over to `target`, on terms.

    Args:
        target: an agent, or the name of one in the team.
        terms: the options by name; each may be left out.
        requires: what the target needs to know; its fields are asked of the model beside the reason, and make up the brief.
        accepts: `f(ctx, brief)`, sync or async: `Decline(reason)` refuses, None accepts. The brief is of the type that
            `requires` names, or a dict without one.
        returns: the outcome that the target owes the asker; it gets the tool `return_to_<asker>` with these fields.
        filter: which messages the target gets to see, from all so far: a function of them, or a policy of
            `switchroom.history` such as `keep_last(10)` or `Summary(...)`.
        deadline: seconds from the commit to the target's first answer; then the asker has the conversation again.
        is_enabled: whether the asker's model is shown the handoff; or a function of the context that says so, sync or async,
            called before each request.

    Raises:
        UserError: the deadline is not above 0, or an option is not of its type.
    """
    if not isinstance(target, str) and not hasattr(target, "handoffs"):
        raise UserError(f"handoff({target!r}): pass an agent, or the name of one in the team.")
    for option in terms:
        if option not in Terms.__annotations__:
            raise UserError(unknown("handoff(...)", "option", option, Terms.__annotations__))
    made = Handoff(target, **terms)
    requires = made.requires
    if made.deadline is not None and not made.deadline > 0:
        raise UserError(f"handoff(deadline={made.deadline}): give seconds above 0.")
    for option, given in (("requires", requires), ("returns", made.returns)):
        if given is not None and not (isinstance(given, type) and issubclass(given, pydantic.BaseModel)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"handoff({option}={given!r}): pass a pydantic model's class.")
    if requires is not None and "reason" in requires.model_fields:
        raise UserError(f"handoff(requires={requires.__name__}): the field 'reason' is there anyway; give it another name.")
    if not isinstance(made.is_enabled, bool) and not callable(made.is_enabled):
        raise UserError(f"handoff(is_enabled={made.is_enabled!r}): give True, False or a function of the context.")
    return made


class Transfer:
    """A handoff as a tool: how the model is shown it, and how its arguments are read."""

    __slots__ = ("spec", "terms", "type")

    def __init__(self, name: str, description: str, terms: Handoff, type: type[pydantic.BaseModel] | None) -> None:
        self.terms = terms
        self.type = type
        schema: dict[str, Any] = {"type": "object"} if type is None else strict_object(type.model_json_schema())
        fields: dict[str, Any] = {"reason": {"type": "string", "description": "why, in a few words"}}
        fields |= schema.get("properties", {})
        self.spec = ToolSpec(name, description, {**schema, "properties": fields})

    def read(self, args: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The reason and the fields.

        Raises:
            Invalid: the fields are not what the type asks for.
        """
        fields = {name: value for name, value in args.items() if name != "reason"}
        reason = str(args.get("reason") or "")
        if self.type is None:
            return reason, fields
        try:
            return reason, as_json(as_model(self.type, fields))
        except pydantic.ValidationError as error:
            raise Invalid(explained(error)) from error


def transfer_name(called: str) -> str:
    """Return the name of the tool by which a model hands over to an agent, from the agent's name as a tool's name."""
    return f"transfer_to_{called}"


def return_name(called: str) -> str:
    """Return the name of the tool by which a model gives the conversation back, from the asker's name as a tool's name."""
    return f"return_to_{called}"


def transfer_names(agent: str) -> tuple[str, str]:
    """Return the names that the tool may have by which a model hands over to an agent, the one without doubt first."""
    return transfer_name(marked_name(agent)), transfer_name(tool_name(agent))
