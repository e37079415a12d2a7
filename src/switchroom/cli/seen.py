"""APP as it is looked at and not talked with: what `chat` runs, and also a session, or a function that sets one up."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, cast, get_origin, get_type_hints

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.blueprint import is_step, is_translatable, steps_in, translates
from switchroom.cli.faults import Wrong, told
from switchroom.cli.modules import config_in, module_at, split
from switchroom.config import RunConfig
from switchroom.errors import UserError, unknown
from switchroom.session import Graph, Session
from switchroom.team import Team
from switchroom.workflow.base import Workflow


@dataclass(frozen=True)
class Seen:
    """An application as it is looked at.

    Args:
        reference: as the user wrote it.
        app: an agent, a team, a workflow, a session, or a function of (input, scope).
        config: how it is run.
        module: where it stands.
        original: the agent of another SDK that `app` was made of; None for an application of Switchroom.
    """

    reference: str
    app: Any
    config: RunConfig
    module: ModuleType
    original: Any = None

    @property
    def options(self) -> Any:
        """The options of the other SDK's runs: the module's `config`, if it is of that SDK."""
        config = getattr(self.module, "config", None)
        return config if hasattr(config, "switchroom") else None


NAMES = ("app", "team", "agent", "session", "setup")
"""Where an application is looked for in its module, in this order."""


class _Begun(BaseException):
    """A session that is only looked at would begin now: its graph is built."""


class _Sketch(Session):
    """A session that is built and never begins."""

    __slots__ = ()

    async def start(self) -> Any:
        """Say that the graph is built.

        Raises:
            _Begun: always.
        """
        raise _Begun


def seen(reference: str) -> Seen:
    """The application that the user names. What its module prints is talk.

    Raises:
        Wrong: it cannot be found or imported, or is nothing that can be looked at.
    """
    place, name = split(reference)
    with redirect_stdout(sys.stderr):
        module = module_at(place)
        found = _named(module, place, name) if name else _found(module, place)
        try:
            opened = _opened(found, reference)
            looked_at = Seen(reference, opened, config_in(module), module)
            if not is_translatable(opened):
                return looked_at
            return replace(looked_at, app=opened.team_to_inspect(looked_at.options), original=opened)
        except Wrong:
            raise
        except Exception as error:
            raise Wrong(f"{reference} cannot be set up: {told(error)}") from error


def _named(module: ModuleType, place: str, name: str) -> Any:
    if not hasattr(module, name):
        raise Wrong(unknown(place, "name", name, _known(module)))
    found = getattr(module, name)
    if not _can_be_seen(found):
        raise Wrong(f"{place}:{name} is a {type(found).__name__}. Name an agent, a team, a workflow, a session, or a function.")
    return found


def _found(module: ModuleType, place: str) -> Any:
    for name in NAMES:
        if _can_be_seen(found := getattr(module, name, None)):
            return found
    apps = [value for value in vars(module).values() if _sets_up(value)]
    if len(apps) == 1:
        return apps[0]
    known = _known(module)
    found = _alone(module, place, known, (Session, Team, Workflow))
    if found is None:
        own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
        makers = list(filter(_makes, own))
        found = makers[0] if len(makers) == 1 else _alone(module, place, known, (object,))
    if found is None:
        raise Wrong(f"{place} holds no application. Make a team, an agent, a workflow or a session in it, called 'app'.")
    return found


def _alone(module: ModuleType, place: str, names: list[str], kinds: tuple[type[Any], ...]) -> Any:
    """Of names in a module, the one thing of the first kind of which there is any, parts of others left out; None if none is.

    Raises:
        Wrong: there are several of that kind.
    """
    known = _outermost(module, names)
    for kind in kinds:
        of_kind = [name for name in known if isinstance(getattr(module, name), kind)]
        if len(of_kind) == 1:
            return getattr(module, of_kind[0])
        if of_kind:
            raise Wrong(f"{place} holds {of_kind}. Say which: {place}:{of_kind[0]}, or call it 'app'.")
    return None


def _outermost(module: ModuleType, names: list[str]) -> list[str]:
    """Of names in a module, those of what is no part of another; all if there is none, for they stand in a circle."""
    if len(names) < 2:
        return names
    inner = {id(step) for name in names for step in steps_in(getattr(module, name))}
    return [name for name in names if id(getattr(module, name)) not in inner] or names


def _known(module: ModuleType) -> list[str]:
    """The names of what can be looked at and is no plain function, one for each object."""
    names: dict[int, str] = {}
    for name, value in vars(module).items():
        if is_step(value):
            names.setdefault(id(value), name)
    return list(names.values())


def _sets_up(value: Any) -> bool:
    """Whether it is an application of another SDK, which has a function that sets a session up."""
    return hasattr(value, "setup_handler") and not inspect.isclass(value)


def _can_be_seen(value: Any) -> bool:
    if isinstance(value, Session | Graph) or _sets_up(value) or is_translatable(value):
        return True
    return callable(value) and not inspect.isclass(value) and not isinstance(value, Tool)


def _opened(found: Any, reference: str) -> Any:
    """What is looked at: what a function makes that makes an application, and all else as it is.

    Raises:
        Wrong: it makes none.
    """
    if _sets_up(found):
        session = _Sketch()
        _run(found.setup_handler(session))
        return session
    handler = found
    if not inspect.isfunction(handler):
        return found
    if _is_setup(handler):
        session = _Sketch()
        _run(handler(session))
        return session
    if not _makes(handler):
        if not inspect.signature(handler).parameters:
            said = "a step takes (input, scope), and a function that makes an application says so: `-> Session`, `-> Team`."
            raise Wrong(f"{reference}: '{handler.__name__}' takes nothing; {said}")
        return found
    made = handler()
    made = _run(made) if inspect.isawaitable(made) else made
    if not is_step(made):
        raise Wrong(f"{reference} makes {made!r}. Give back an agent, a team, a workflow, or a session.")
    return made


def _makes(value: Any) -> bool:
    """Whether a function makes an application: it says that it gives one and needs nothing for it, or it is given a session."""
    if not inspect.isfunction(value):
        return False
    if _is_setup(value):
        return True
    needed = [one for one in inspect.signature(value).parameters.values() if one.default is one.empty and one.kind not in _REST]
    made = _hints(value).get("return")
    kind = get_origin(made) or made
    if needed or not isinstance(kind, type):
        return False
    return issubclass(kind, (Agent, Team, Workflow, Session, Graph)) or translates(cast("type[object]", kind))


_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_setup(function: Any) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    return len(parameters) == 1 and (parameters[0].name == "session" or _hints(function).get(parameters[0].name) is Session)


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError:
        return {}


def _run(making: Awaitable[Any]) -> Any:
    """What an async function gives that makes an application, or None where it would begin with it.

    Raises:
        Wrong: the function does not come to an end.
    """

    async def made() -> Any:
        try:
            return await asyncio.wait_for(making, 10)
        except TimeoutError as error:
            raise Wrong("The function that sets the session up waits for something, and did not start it in 10 s.") from error
        except _Begun:
            return None
        except UserError as error:
            raise Wrong(str(error)) from error

    return asyncio.run(made())
