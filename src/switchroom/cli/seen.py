"""APP as it is looked at and not talked with: what `chat` runs, and also a session, or a function that sets one up."""

from __future__ import annotations

import asyncio
import inspect
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_type_hints

from switchroom.cli.app import NAMES, alone, config_in, module_at, split
from switchroom.cli.faults import Wrong, told
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
    """

    reference: str
    app: Any
    config: RunConfig
    module: ModuleType


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
            return Seen(reference, _opened(found), config_in(module), module)
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
    for name in (*NAMES, "session", "setup"):
        if _can_be_seen(found := getattr(module, name, None)):
            return found
    apps = [value for value in vars(module).values() if _sets_up(value)]
    found = apps[0] if len(apps) == 1 else alone(module, place, _known(module), (Session, Team, Workflow, object))
    if found is not None:
        return found
    raise Wrong(f"{place} holds no application. Make a team, an agent, a workflow or a session in it, called 'app'.")


def _known(module: ModuleType) -> list[str]:
    """The names of what can be looked at and is no plain function, one for each object."""
    from switchroom.blueprint import is_step

    names: dict[int, str] = {}
    for name, value in vars(module).items():
        if is_step(value):
            names.setdefault(id(value), name)
    return list(names.values())


def _sets_up(value: Any) -> bool:
    """Whether it is an application of another SDK, which has a function that sets a session up."""
    return hasattr(value, "setup_handler") and not inspect.isclass(value)


def _can_be_seen(value: Any) -> bool:
    if isinstance(value, Session | Graph) or _sets_up(value):
        return True
    return callable(value) and not inspect.isclass(value)


def _opened(found: Any) -> Any:
    """What is looked at: the session that a function sets up or gives, and all else as it is."""
    handler = getattr(found, "setup_handler", None) or found
    if not inspect.isfunction(handler):
        return found
    parameters = list(inspect.signature(handler).parameters.values())
    hints = _hints(handler)
    if len(parameters) == 1 and (parameters[0].name == "session" or hints.get(parameters[0].name) is Session):
        return _set_up(handler)
    if not parameters and hints.get("return") is Session:
        return handler()
    return found


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError:
        return {}


def _set_up(handler: Any) -> Session:
    """The session that a function builds: it is given one that never begins.

    Raises:
        Wrong: the function does not come to an end.
    """
    session = _Sketch()

    async def build() -> None:
        try:
            await asyncio.wait_for(handler(session), 10)
        except TimeoutError as error:
            raise Wrong("The function that sets the session up waits for something, and did not start it in 10 s.") from error
        except _Begun:
            pass
        except UserError as error:
            raise Wrong(str(error)) from error

    asyncio.run(build())
    return session
