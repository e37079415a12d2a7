"""APP on the command line: `app.py[:name]` or `package.module[:name]` becomes a step and its configuration."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from switchroom.agent import Agent
from switchroom.cli.faults import Wrong, told
from switchroom.config import RunConfig
from switchroom.defaults import model_for
from switchroom.errors import UserError, unknown
from switchroom.roster import roster_of
from switchroom.team import Team

NAMES = ("app", "team", "agent")
"""Where an application is looked for in its module, in this order."""


@dataclass(frozen=True)
class App:
    """An application as the command line runs it.

    Args:
        reference: as the user wrote it.
        step: what answers.
        config: how it is run.
        routes: for agents that stand for another route than their name, which; None for who takes what is for nobody.
    """

    reference: str
    step: Any
    config: RunConfig
    routes: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    @property
    def honest(self) -> str:
        """What its models say of themselves, where one is no language model; "" otherwise."""
        models = [model_for(agent, self.config.model) for agent in self.agents] or [self.config.model]
        return next((said for model in models if (said := getattr(model, "honest", ""))), "")

    @property
    def agents(self) -> list[Agent[Any]]:
        """The agents that can be reached, as far as that is known before the run."""
        if not isinstance(self.step, Agent | Team):
            return []
        return list(roster_of(self.step).agents.values())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def load_app(reference: str) -> App:
    """The application that the user names, ready to be run.

    Raises:
        Wrong: it cannot be found, or an agent has no model.
    """
    app = find_app(reference)
    try:
        for agent in app.agents:
            model_for(agent, app.config.model)
    except UserError as error:
        raise Wrong(str(error)) from error
    return app


def find_app(reference: str) -> App:
    """The application that the user names, as it stands in its module.

    Raises:
        Wrong: it is not there, cannot be imported, or holds nothing that can be run.
    """
    place, name = _split(reference)
    module = _from_file(place) if place.endswith(".py") else _from_import(place)
    step = _named(module, place, name) if name else _found(module, place)
    config = getattr(module, "config", None)
    routes = getattr(module, "routes", None)
    return App(
        reference,
        step,
        config if isinstance(config, RunConfig) else RunConfig(),
        cast("Mapping[str, str | None]", routes) if isinstance(routes, Mapping) else {},
    )


def _split(reference: str) -> tuple[str, str]:
    """The module's place, and the name in it or ""."""
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
    known = _runnable(module)
    for kind in (Team, Agent):
        of_kind = [name for name in known if isinstance(getattr(module, name), kind)]
        if len(of_kind) == 1:
            return getattr(module, of_kind[0])
        if of_kind:
            raise Wrong(f"{place} holds {of_kind}. Say which: {place}:{of_kind[0]}, or call it 'app'.")
    raise Wrong(f"{place} holds nothing that can be run. Make a Team or an Agent in it, called 'app'.")


def _runnable(module: ModuleType) -> list[str]:
    """The names of agents and teams in a module, one for each object."""
    names: dict[int, str] = {}
    for name, value in vars(module).items():
        if isinstance(value, Agent | Team):
            names.setdefault(id(value), name)  # pyright: ignore[reportUnknownArgumentType]
    return list(names.values())


def _runs(value: Any) -> bool:
    if isinstance(value, Agent | Team):
        return True
    return callable(value) and not inspect.isclass(value)
