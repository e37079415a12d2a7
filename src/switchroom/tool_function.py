"""A tool's function: called by a run with checked arguments, or directly, as a unit test does."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from switchroom.arguments import shown
from switchroom.context import ToolContext, settled
from switchroom.errors import UserError
from switchroom.threads import threaded


class AsyncFunction:
    """An async function as a run calls it: with the context, if the function takes it, and the arguments by name."""

    __slots__ = ("function", "takes_context")

    def __init__(self, function: Callable[..., Any], takes_context: bool) -> None:
        self.function = function
        self.takes_context = takes_context

    def __call__(self, ctx: ToolContext[Any], args: dict[str, Any]) -> Awaitable[Any]:
        """Return what is to be awaited for the result."""
        return self.function(ctx, **args) if self.takes_context else self.function(**args)

    def direct(self, ctx: Any, args: dict[str, Any]) -> Any:
        """Return what is to be awaited for the result, as the function itself does."""
        return self.function(ctx, **args) if self.takes_context else self.function(**args)


class PlainFunction(AsyncFunction):
    """A plain function as a run calls it: in a thread, so that it does not stop the others."""

    __slots__ = ()

    async def __call__(self, ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        """Call the function in a thread, and return its result."""
        # An async function behind a plain decorator gives its coroutine from the thread.
        return await settled(await threaded(lambda: self.direct(ctx, args)))


def function_call(fn: Callable[..., Any], takes_context: bool) -> AsyncFunction:
    """Return how a run calls a function."""
    is_async = inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(getattr(fn, "__call__", None))  # noqa: B004
    return AsyncFunction(fn, takes_context) if is_async else PlainFunction(fn, takes_context)


def read_call(
    tool: str, call: AsyncFunction | None, args: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Read the arguments of a direct call as the context and the arguments by name.

    Args:
        tool: the tool's name, for error messages.
        call: how the tool's function is called; None for a tool that has none, which takes its arguments by name.
        args: the arguments by position.
        keywords: the arguments by name.

    Returns:
        the context, None if there is none; and the arguments, which are still to be checked.

    Raises:
        UserError: the context is missing, an argument is given twice, or there are too many.
    """
    if call is None:
        if len(args) > 1:
            raise UserError(f"Tool '{tool}' takes its arguments by name, such as {tool}(order=1); only a context has no name.")
        return (args[0] if args else None), dict(keywords)
    names = list(inspect.signature(call.function).parameters)
    given = dict(keywords)
    context: Any = None
    if call.takes_context:
        first, *names = names
        context, args = (args[0], args[1:]) if args else (given.pop(first, None), ())
        _check_context(tool, context)
    if len(args) > len(names):
        raise UserError(f"Tool '{tool}' takes {len(names)} arguments ({', '.join(names)}), and was called with {len(args)}.")
    for name, value in zip(names, args, strict=False):
        if name in given:
            raise UserError(f"Tool '{tool}' was called with two values for '{name}', by position and by name.")
        given[name] = value
    return context, given


_PLAIN = (str, bytes, int, float, list, dict, tuple, set, type(None))


def _check_context(tool: str, context: Any) -> None:
    if isinstance(context, _PLAIN):
        got = "none" if context is None else shown(context)
        raise UserError(
            f"Tool '{tool}' takes a ToolContext before its arguments, and was given {got}. In a test, make one: "
            f"{tool}(switchroom.testing.tool_context(deps=..., state=...), ...)."
        )
