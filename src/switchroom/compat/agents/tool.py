"""Tools: functions that a model may call, with the schema of their parameters.

What differs from that SDK: a result that is no text reaches the model as JSON, arguments that are not valid are sent back to
the model before the function is called, and the account of a failure names it, where nothing else is said.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_type_hints, overload

import switchroom
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.exceptions import ModelBehaviorError, UserError
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.run_context import RunContextWrapper
from switchroom.compat.agents.strict import strict
from switchroom.compat.agents.tool_context import ToolContext
from switchroom.context import settled
from switchroom.failure import told
from switchroom.schema import Invalid
from switchroom.signature import Signature, bare
from switchroom.threads import threaded

ToolErrorFunction: TypeAlias = Callable[[RunContextWrapper[Any], Exception], "str | Awaitable[str]"]
ToolTimeoutBehavior: TypeAlias = Literal["error_as_result", "raise_exception"]
Enabled: TypeAlias = "bool | Callable[[RunContextWrapper[Any], Any], bool | Awaitable[bool]]"


def default_tool_error_function(ctx: RunContextWrapper[Any], error: Exception) -> str:
    """What a model reads of a tool's exception where nothing else is said: its type and its text."""
    return f"[failed: {type(error).__name__}: {told(error)}]"


def _anything(args: dict[str, Any]) -> None:
    """What a tool made by hand takes, its own function finds out."""


@dataclass
class FunctionTool:
    """A tool; mostly made by `@function_tool`.

    Args:
        name: as the model calls it.
        description: as the model reads it.
        params_json_schema: the JSON schema of its arguments.
        on_invoke_tool: `async f(context, arguments)` with the arguments as JSON text.
        strict_json_schema: whether the schema demands all fields and allows no others; for the reader.
        is_enabled: whether models are shown it, or `f(context, agent)` that says so, sync or async, before each request.
        timeout_seconds: seconds that a call may take.
        timeout_behavior: whether the model is told of a call that took too long, or `ToolTimeoutError` ends the run.
        agent: the agent that a call runs, of a tool made by `agent.as_tool`.

    Raises:
        UserError: one of the other options of that SDK was given; it says what to do.
    """

    name: str
    description: str
    params_json_schema: Mapping[str, Any]
    on_invoke_tool: Callable[[ToolContext[Any], str], Awaitable[Any]]
    strict_json_schema: bool = True
    is_enabled: Enabled = True
    tool_input_guardrails: list[Any] | None = None
    tool_output_guardrails: list[Any] | None = None
    needs_approval: Any = False
    timeout_seconds: float | None = None
    timeout_behavior: ToolTimeoutBehavior = "error_as_result"
    timeout_error_function: Any = None
    defer_loading: bool = False
    custom_data_extractor: Any = field(default=None, kw_only=True, repr=False)
    allowed_callers: Any = field(default=None, kw_only=True, repr=False)
    output_json_schema: Any = field(default=None, kw_only=True, repr=False)
    failure_error_function: ToolErrorFunction | None = field(default=default_tool_error_function, kw_only=True, repr=False)
    check: Callable[[dict[str, Any]], Any] = field(default=_anything, kw_only=True, repr=False)
    agent: Any = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        refuse(
            f"Tool '{self.name}'",
            needs_approval=self.needs_approval,
            tool_input_guardrails=self.tool_input_guardrails,
            tool_output_guardrails=self.tool_output_guardrails,
            timeout_error_function=self.timeout_error_function,
            defer_loading=self.defer_loading,
            custom_data_extractor=self.custom_data_extractor,
            allowed_callers=self.allowed_callers,
            output_json_schema=self.output_json_schema,
        )


Tool: TypeAlias = FunctionTool | switchroom.Tool
"""What an agent takes as a tool: those made here, and Switchroom's own."""


@dataclass
class FunctionToolResult:
    """What a call of a tool came to: the tool, what it returned, and the run's item of it."""

    tool: FunctionTool
    output: Any
    run_item: Any


@overload
def function_tool(func: Callable[..., Any], /) -> FunctionTool: ...
@overload
def function_tool(
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: str | None = None,
    use_docstring_info: bool = True,
    failure_error_function: ToolErrorFunction | None = default_tool_error_function,
    strict_mode: bool = True,
    is_enabled: Enabled = True,
    timeout: float | None = None,
    timeout_behavior: ToolTimeoutBehavior = "error_as_result",
    **absent: Any,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    func: Callable[..., Any] | None = None, /, **options: Any
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a tool of a function: `@function_tool`, or with options.

    The schema comes from the signature and the docstring. A first parameter annotated `RunContextWrapper` or `ToolContext` gets
    the context. A plain `def` runs in a thread.

    Args:
        func: the function.
        options: `name_override`, `description_override`; `use_docstring_info`, whether the docstring describes tool and
            parameters (its style is found out, `docstring_style` is not needed); `failure_error_function`,
            `f(context, error)` that puts a failure into words for the model, or None, with which the exception ends the run
            as its own type; `strict_mode`, whether the model has to give all parameters, also those with defaults;
            `is_enabled`, `timeout` and `timeout_behavior` as of `FunctionTool`.

    Raises:
        UserError: a parameter has no schema, or an option has no counterpart.
    """
    names = sys._getframe(1).f_locals  # pyright: ignore[reportPrivateUsage]
    if func is not None:
        return _made(func, names, **options)
    return lambda function: _made(function, names, **options)


def _made(
    fn: Callable[..., Any],
    names: Mapping[str, Any],
    *,
    name_override: str | None = None,
    description_override: str | None = None,
    docstring_style: str | None = None,
    use_docstring_info: bool = True,
    strict_mode: bool = True,
    failure_error_function: ToolErrorFunction | None = default_tool_error_function,
    is_enabled: Enabled = True,
    timeout: float | None = None,
    timeout_behavior: ToolTimeoutBehavior = "error_as_result",
    **absent: Any,
) -> FunctionTool:
    name = name_override or getattr(bare(fn), "__name__", type(fn).__name__)
    refuse(f"function_tool of '{name}'", **absent)
    described, takes_context = _without_context(fn, name, names, documented=use_docstring_info)
    try:
        read = Signature(described, f"Tool '{name}'", names)
    except switchroom.UserError as error:
        raise UserError(str(error)) from error
    known = frozenset(read.schema["properties"])

    def check(args: dict[str, Any]) -> dict[str, Any]:
        """Return the keywords of a model's arguments; as in that SDK, arguments of no parameter are ignored."""
        return read.check({given: value for given, value in args.items() if given in known})

    async def invoke(context: ToolContext[Any], arguments: str) -> Any:
        try:
            keywords = check(json.loads(arguments or "{}"))
        except (ValueError, Invalid) as fault:
            raise ModelBehaviorError(f"The arguments of tool '{name}' are not valid: {fault}") from fault
        given = (context,) if takes_context else ()
        if inspect.iscoroutinefunction(fn):
            return await fn(*given, **keywords)
        return await settled(await threaded(lambda: fn(*given, **keywords)))

    invoke.__wrapped__ = fn  # pyright: ignore[reportFunctionMemberAccess] - for those who read what a tool does
    return FunctionTool(
        name,
        description_override or read.summary,
        strict(read.schema) if strict_mode else read.schema,
        invoke,
        strict_mode,
        is_enabled,
        timeout_seconds=timeout,
        timeout_behavior=timeout_behavior,
        failure_error_function=failure_error_function,
        check=check,
    )


def _without_context(
    fn: Callable[..., Any], name: str, names: Mapping[str, Any], *, documented: bool
) -> tuple[Callable[..., Any], bool]:
    """A function with the parameters that a model gives, to be read and not called; and whether another gets the context."""
    signature = inspect.signature(fn)
    parameters = list(signature.parameters.values())
    target = bare(fn) if inspect.isroutine(bare(fn)) else type(fn).__call__
    first = parameters[0].name if parameters else ""
    try:
        hint = get_type_hints(target, localns=dict(names)).get(first)
    except NameError as error:
        raise UserError(
            f"Tool '{name}': an annotation cannot be resolved: {error}. Define the type at module level."
        ) from error
    kind = getattr(hint, "__origin__", hint)
    takes_context = isinstance(kind, type) and issubclass(kind, RunContextWrapper)

    def described() -> None: ...

    described.__wrapped__ = target  # pyright: ignore[reportFunctionMemberAccess] - whose module its annotations are read in
    described.__name__ = name
    described.__doc__ = inspect.getdoc(target) if documented else None
    left = parameters[1:] if takes_context else parameters
    described.__signature__ = signature.replace(parameters=left)  # pyright: ignore[reportFunctionMemberAccess]
    hints: dict[str, Any] = getattr(target, "__annotations__", {})
    described.__annotations__ = {one: hints[one] for one in hints if not (takes_context and one == first)}
    return described, takes_context


__getattr__ = missing_from(__name__)
