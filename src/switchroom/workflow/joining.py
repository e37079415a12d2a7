"""Putting branches together: by a function of all of them, by a function of each by its name, or by any other step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_type_hints

from switchroom.context import settled
from switchroom.errors import UserError, unknown
from switchroom.step import step_name
from switchroom.threads import threaded
from switchroom.workflow.base import checked
from switchroom.workflow.branches import Branches


def joined(join: Any, branches: Collection[str]) -> Any:
    """The step that puts branches together.

    A function whose parameters are called as branches are is given each by its name: of one that failed its `Failure`, and None
    of one that was stopped.

    Raises:
        UserError: it is no step, or its parameters match neither the branches nor all of them together.
    """
    checked(join, "parallel: join")
    if not inspect.isroutine(join):
        return join
    parameters = inspect.signature(join).parameters.values()
    wanted = [given for given in parameters if given.kind not in (given.VAR_POSITIONAL, given.VAR_KEYWORD)]
    rest = any(given.kind is given.VAR_KEYWORD for given in parameters)
    names = [given.name for given in wanted]
    if (wanted or rest) and all(name in branches for name in names):
        return _by_name(join, branches if rest else names)
    if len(wanted) == 1 or (len(wanted) == 2 and names[1] == "scope"):
        return join
    owner = f"parallel: join '{step_name(join)}' takes"
    stranger = next((name for name in names if name not in branches), "")
    said = unknown(f"{owner} {names}, and the workflow", "branch", stranger, branches) if names else f"{owner} no parameter."
    raise UserError(f"{said} Let it take one parameter, for all that the branches gave, or parameters called as branches are.")


def _by_name(join: Callable[..., Any], names: Collection[str]) -> Callable[[Branches], Any]:
    """A step that gives a function each branch by its name, and declares to return what the function does."""
    waits = inspect.iscoroutinefunction(join)

    async def joining(found: Mapping[str, Any]) -> Any:
        given = {name: found.get(name) for name in names}
        return await (join(**given) if waits else settled(await threaded(lambda: join(**given))))

    joining.__name__ = joining.__qualname__ = step_name(join)
    try:
        joining.__annotations__ = {"return": get_type_hints(join).get("return", Any)}
    except (NameError, TypeError):  # a type that only its own function can see: plain values have to do
        joining.__annotations__ = {}
    return joining
