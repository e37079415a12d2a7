"""APP on the command line: `app.py[:name]` or `package.module[:name]` becomes a step and its configuration."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from switchroom.agent import Agent
from switchroom.cli.faults import Wrong, told
from switchroom.config import RunConfig
from switchroom.defaults import model_for
from switchroom.errors import UserError, unknown
from switchroom.roster import roster_of
from switchroom.team import Team
from switchroom.workflow.base import Workflow

NAMES = ("app", "team", "agent")
"""Where an application is looked for in its module, in this order."""


@dataclass(frozen=True)
class App:
    """An application as the command line runs it.

    Args:
        reference: as the user wrote it.
        step: what answers.
        config: how it is run.
    """

    reference: str
    step: Any
    config: RunConfig

    @property
    def honest(self) -> str:
        """What its models say of themselves, where one is no language model; "" otherwise."""
        models = [model_for(agent, self.config.model) for agent in self.agents] or [self.config.model]
        return next((said for model in models if (said := getattr(model, "honest", ""))), "")

    @property
    def agents(self) -> list[Agent[Any]]:
        """The agents that can be reached, as far as that is known before the run."""
        if isinstance(self.step, Agent | Team):
            return list(roster_of(self.step).agents.values())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        from switchroom.blueprint import steps_in

        return [step for step in steps_in(self.step) if isinstance(step, Agent)]


def load_app(reference: str) -> App:
    """The application that the user names, ready to be run.

    Raises:
        Wrong: it cannot be found, or cannot answer: an agent has no model, or hands over to nobody that is there.
    """
    from switchroom.check import fatal  # and all that can be in an application with it

    app = find_app(reference)
    try:
        for finding in fatal(app.step, app.config):
            raise Wrong(f"{finding.says} {finding.remedy}")
    except UserError as error:
        raise Wrong(str(error)) from error
    return app


def find_app(reference: str) -> App:
    """The application that the user names, as it stands in its module.

    Raises:
        Wrong: it is not there, cannot be imported, or holds nothing that can be run.
    """
    place, name = split(reference)
    module = module_at(place)
    step = _named(module, place, name) if name else _found(module, place)
    return App(reference, step, config_in(module))


def config_in(module: ModuleType) -> RunConfig:
    """How the application of a module is run: its `config`, if it has one."""
    config = getattr(module, "config", None)
    return config if isinstance(config, RunConfig) else RunConfig()


def module_at(place: str) -> ModuleType:
    """The module at a place, imported.

    Raises:
        Wrong: it is not there, or cannot be imported.
    """
    return _from_file(place) if place.endswith(".py") else _from_import(place)


def split(reference: str) -> tuple[str, str]:
    """The module's place, and the name in it or "".

    Raises:
        Wrong: it is no reference to an application.
    """
    before, colon, name = reference.rpartition(":")
    if colon and name.isidentifier():
        return before, name
    if not reference or (colon and not name):
        raise Wrong(f"APP is {reference!r}. Write app.py, app.py:name, package.module or package.module:name.")
    return reference, ""


def _from_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        folder = path.parent
        beside = [str(folder / file.name) for file in folder.glob("*.py")] if folder.is_dir() else []
        raise Wrong(f"There is no file '{place}' in {Path.cwd()}.{_meant(place, beside)}")
    path = path.resolve()
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_app"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a file that ends in .py has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be found by their module's name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Wrong(f"{place} cannot be imported: {told(error)}") from error
    return module


def _from_import(place: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    if Path(place).exists() or "/" in place or not all(part.isidentifier() for part in place.split(".")):
        raise Wrong(f"APP is '{place}', which is no Python file and no module. Write app.py, or package.module.")
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            beside = [file.name for file in Path.cwd().glob("*.py")]
            raise Wrong(f"There is no module '{error.name}' to be imported.{_meant(f'{place}.py', beside)}") from error
        raise Wrong(f"{place} cannot be imported: {told(error)}") from error
    except (Exception, SystemExit) as error:
        raise Wrong(f"{place} cannot be imported: {told(error)}") from error


def _meant(given: str, known: list[str]) -> str:
    close = get_close_matches(given, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _named(module: ModuleType, place: str, name: str) -> Any:
    if not hasattr(module, name):
        raise Wrong(unknown(place, "name", name, _runnable(module)))
    step = getattr(module, name)
    if not _runs(step):
        raise Wrong(f"{place}:{name} is a {type(step).__name__}. Name an Agent, a Team, or a function of (input, scope).")
    return step


def _found(module: ModuleType, place: str) -> Any:
    for name in NAMES:
        if _runs(step := getattr(module, name, None)):
            return step
    found = alone(module, place, _runnable(module), (Team, Workflow, Agent))
    if found is not None:
        return found
    raise Wrong(f"{place} holds nothing that can be run. Make a Team or an Agent in it, called 'app'.")


def alone(module: ModuleType, place: str, names: list[str], kinds: tuple[type[Any], ...]) -> Any:
    """Of names in a module, the one thing of the first kind of which there is any, parts of others left out; None if none is.

    Raises:
        Wrong: there are several of that kind.
    """
    known = outermost(module, names)
    for kind in kinds:
        of_kind = [name for name in known if isinstance(getattr(module, name), kind)]
        if len(of_kind) == 1:
            return getattr(module, of_kind[0])
        if of_kind:
            raise Wrong(f"{place} holds {of_kind}. Say which: {place}:{of_kind[0]}, or call it 'app'.")
    return None


def _runnable(module: ModuleType) -> list[str]:
    """The names of agents, teams and workflows in a module, one for each object."""
    names: dict[int, str] = {}
    for name, value in vars(module).items():
        if isinstance(value, Agent | Team | Workflow):
            names.setdefault(id(value), name)  # pyright: ignore[reportUnknownArgumentType]
    return list(names.values())


def outermost(module: ModuleType, names: list[str]) -> list[str]:
    """Of names in a module, those of what is no part of another; all if there is none, for they stand in a circle."""
    if len(names) < 2:
        return names
    from switchroom.blueprint import steps_in  # not for an application that is called 'app'

    inner = {id(step) for name in names for step in steps_in(getattr(module, name))}
    return [name for name in names if id(getattr(module, name)) not in inner] or names


def _runs(value: Any) -> bool:
    if isinstance(value, Agent | Team):
        return True
    return callable(value) and not inspect.isclass(value)
