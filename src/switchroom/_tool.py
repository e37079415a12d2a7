"""Tools: functions that a model may call, with what has to be known about them to call them safely."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast, overload

import pydantic

from switchroom.context import Enabled, ToolContext
from switchroom.errors import UserError
from switchroom.events import REPEATABLE, Effect
from switchroom.messages import ValidCall
from switchroom.model import ToolSpec
from switchroom.schema import Invalid, explained, fields_of, model_of, strict_object
from switchroom.signature import Signature, bare
from switchroom.step import step_name
from switchroom.tool_function import AsyncFunction, function_call, read_call
from switchroom.tool_names import step_tool_name

Approval: TypeAlias = bool | Callable[[ValidCall], bool | Awaitable[bool]]
Invoke: TypeAlias = Callable[[ToolContext[Any], dict[str, Any]], Awaitable[Any]]

EFFECTS: tuple[Effect, ...] = ("read", "idempotent", "compensable", "irreversible")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NotDone:
    """What a `reconcile` function gives back when the effect did not happen, so that the call may run."""


@dataclass(frozen=True, eq=False)
class Tool:
    """Something that a model may call. Made by `tool`, `Tool.from_schema` or `as_tool`; compared by identity.

    A unit test calls a tool as its function: `await find_order(order_id="7")`, without `await` for a plain function.

    Args:
        name: as the model calls it.
        description: as the model reads it.
        parameters: the JSON schema of its arguments.
        check: validates arguments, and gives the keyword arguments; raises `Invalid`.
        invoke: calls it.
        effect: what a call does to the world: "read" and "idempotent" may run again after a crash, "compensable" and
            "irreversible" never silently.
        needs_approval: whether a person has to approve a call, or a function of the call that says so.
        timeout: seconds a call may take.
        on_error: "raise" ends the run with the tool's exception; "tell_model" gives the model the message.
        on_interrupt: whether a call in flight is finished or cancelled when a person interrupts; by default what only reads
            is cancelled, and all else finished.
        reconcile: `async f(ctx, args)` asked when a crash left the effect unknown: what the call had returned, or `NotDone()`.
        step: the step that is run, of a tool made from one.
        declared: whether somebody said what a call does to the world; undeclared it counts as the gravest.
        is_enabled: whether models are shown it; or a function of the context that says so, sync or async, called before each
            request. A call of a tool that is not enabled is refused, and the model is told.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    check: Callable[[dict[str, Any]], dict[str, Any]]
    invoke: Invoke
    effect: Effect = "irreversible"
    needs_approval: Approval = False
    timeout: float | None = None
    on_error: Literal["raise", "tell_model"] = "raise"
    on_interrupt: Literal["finish", "cancel"] | None = None
    reconcile: Callable[..., Awaitable[Any]] | None = None
    step: Any = None
    declared: bool = True
    is_enabled: Enabled = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UserError(
                f"A tool is called {self.name!r}. Models take 1 to 64 letters, digits, '_' and '-'; pass name=... to rename it."
            )
        if self.effect not in EFFECTS:
            raise UserError(f"Tool '{self.name}' has effect={self.effect!r}; it may be {', '.join(EFFECTS)}.")
        if not isinstance(self.needs_approval, bool) and not callable(self.needs_approval):
            raise UserError(
                f"Tool '{self.name}' has needs_approval={self.needs_approval!r}; give True, False or a function of the call."
            )
        if not isinstance(self.is_enabled, bool) and not callable(self.is_enabled):
            raise UserError(
                f"Tool '{self.name}' has is_enabled={self.is_enabled!r}; give True, False or a function of the context."
            )
        for option, given, known in (
            ("on_error", self.on_error, ("raise", "tell_model")),
            ("on_interrupt", self.on_interrupt, (None, "finish", "cancel")),
        ):
            if given not in known:
                raise UserError(f"Tool '{self.name}' has {option}={given!r}; it may be {', '.join(map(repr, known))}.")
        if self.timeout is not None and self.timeout <= 0:
            raise UserError(f"Tool '{self.name}' has timeout={self.timeout}; give seconds above 0.")

    @cached_property
    def spec(self) -> ToolSpec:
        """The tool as a model is shown it."""
        return ToolSpec(self.name, self.description, self.parameters)

    @property
    def repeatable(self) -> bool:
        """Whether a call whose outcome is unknown may simply run again."""
        return self.effect in REPEATABLE

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the tool's function directly, as a unit test does.

        The arguments are checked and converted as those of a model are. A tool that takes a context is given one first:
        `switchroom.testing.tool_context(deps=..., state=...)`. Approval, timeout and guardrails belong to a run.

        Returns:
            what the function returns: of an async function, something that is to be awaited.

        Raises:
            UserError: the arguments are wrong, or the context is missing.
            TryAgain: the tool would tell the model to call again.
        """
        call = self.invoke if isinstance(self.invoke, AsyncFunction) else None
        context, given = read_call(self.name, call or _function_within(self), args, keywords)
        if context is None and self.step is not None:
            raise UserError(
                f"Tool '{self.name}' runs a step, which takes a context: {self.name}(switchroom.testing.tool_context(), ...). "
                "Or test the step itself: await Runner.run(step, input)."
            )
        try:
            checked = self.check(given)
        except Invalid as fault:
            takes = ", ".join(self.parameters.get("properties", ())) or "no arguments"
            raise UserError(f"Tool '{self.name}' was called with wrong arguments: {fault}. It takes {takes}.") from fault
        if isinstance(context, ToolContext):
            context = cast("ToolContext[Any]", context).of_call(ValidCall(self.name, checked, "direct"))
        return self.invoke(cast("ToolContext[Any]", context), checked) if call is None else call.direct(context, checked)

    @staticmethod
    def from_schema(
        name: str,
        description: str,
        parameters_json_schema: Mapping[str, Any],
        fn: Callable[..., Awaitable[Any]],
        *,
        effect: Effect | None = None,
        is_enabled: Enabled = True,
    ) -> Tool:
        """A tool from a JSON schema and an async function that takes the arguments by keyword.

        Args:
            name: as the model calls it.
            description: as the model reads it.
            parameters_json_schema: an object schema; its properties' plain types and enums are checked.
            fn: `async f(**args)`.
            effect: see `Tool`; by default it is not declared.
            is_enabled: see `Tool`.

        Raises:
            UserError: the schema is not one of an object.
        """
        if parameters_json_schema.get("type", "object") != "object":
            raise UserError(f"Tool '{name}': the parameters' schema has to be of an object.")
        model = model_of(name, *fields_of(parameters_json_schema))

        async def invoke(ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
            return await fn(**args)

        def check(args: dict[str, Any]) -> dict[str, Any]:
            valid = _validated(model, args)
            fields = model.model_fields
            given = {str(fields[name].alias): getattr(valid, name) for name in valid.model_fields_set}
            return {name: given.get(name, value) for name, value in args.items()}

        tool = Tool(name, description, parameters_json_schema, check, invoke, effect or "irreversible")
        return replace(tool, declared=effect is not None, is_enabled=is_enabled)


@overload
def tool(fn: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "irreversible",
    needs_approval: Approval = False,
    is_enabled: Enabled = True,
    **options: Any,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(fn: Callable[..., Any] | None = None, /, **options: Any) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: `@tool`, or `@tool(effect="read", timeout=5)`.

    The schema comes from the signature and the docstring (Google, NumPy or Sphinx style). A first parameter annotated
    `ToolContext` gets the context. A plain `def` runs in a thread.

    Args:
        fn: the function.
        options: `name`, `description`, and the fields of `Tool` from `effect` to `reconcile`, and `is_enabled`.

    Raises:
        UserError: an option is unknown, or a parameter has no schema.
    """
    local_names = sys._getframe(1).f_locals  # pyright: ignore[reportPrivateUsage]
    if fn is not None:
        return _from_function(fn, local_names, options)

    def make(function: Callable[..., Any]) -> Tool:
        return _from_function(function, local_names, options)

    return make


function_tool = tool


def as_tool(step: Any, name: str | None = None, description: str | None = None, is_enabled: Enabled = True) -> Tool:
    """Any step as a tool; its input is one text, or the fields of the step's `input_type`."""
    called = name or step_name(step)
    input_type: type[Any] | None = getattr(step, "input_type", None)
    if input_type is not None and not hasattr(input_type, "model_json_schema"):
        raise UserError(f"The input_type of '{called}' is {input_type!r}; as a tool it needs a pydantic model.")
    model = model_of(called, {"input": (str, ...)}) if input_type is None else input_type

    def check(args: dict[str, Any]) -> dict[str, Any]:
        validated = _validated(model, args)
        return {"input": args["input"] if input_type is None else validated}

    async def invoke(ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        return await ctx.scope.call(step, args["input"])

    doc = inspect.getdoc(step) if inspect.isroutine(step) else ""
    about = description or getattr(step, "description", "") or doc or ""
    schema = strict_object(model.model_json_schema())
    return Tool(step_tool_name(called), about, schema, check, invoke, "read", step=step, is_enabled=is_enabled)


def _from_function(fn: Callable[..., Any], local_names: Mapping[str, Any], options: dict[str, Any]) -> Tool:
    options = dict(options)  # a decorator may be used again
    fields = ("effect", "needs_approval", "timeout", "on_error", "on_interrupt", "reconcile", "is_enabled")
    known = ("name", "description", *fields)
    for option in options:
        if option not in known:
            raise UserError(f"tool({option}=...) is not known; there is {', '.join(known)}.")
    if isinstance(fn, Tool):
        raise UserError(f"tool({fn.name}): '{fn.name}' is a tool already; pass its function.")
    if not callable(fn):
        raise UserError(f"tool({fn!r}): pass a function, or options by name, such as tool(name={fn!r}).")
    name = options.pop("name", None) or getattr(bare(fn), "__name__", type(fn).__name__)
    read = Signature(fn, f"Tool '{name}'", local_names)
    about = options.pop("description", None) or read.summary
    declared = "effect" in options
    return Tool(name, about, read.schema, read.check, function_call(fn, read.wants_context), declared=declared, **options)


def _function_within(tool: Tool) -> AsyncFunction | None:
    """Return how the function of a tool is called, also of one with guards around it; None if there is no function."""
    call: Any = tool.invoke
    while guarded := getattr(call, "guarded", ()):
        call = guarded[0].invoke
    return call if isinstance(call, AsyncFunction) else None


def _validated(model: type[pydantic.BaseModel], args: dict[str, Any]) -> pydantic.BaseModel:
    try:
        return model.model_validate(args)
    except pydantic.ValidationError as error:
        raise Invalid(explained(error)) from error
