"""The module that APP names, imported: a file, or a module of a package."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import cast

from switchroom.cli.faults import Wrong, told
from switchroom.config import RunConfig


def config_in(module: ModuleType) -> RunConfig:
    """How the application of a module is run: its `config`, if it has one, also one of a compatibility layer."""
    config = getattr(module, "config", None)
    config = getattr(config, "switchroom", config)
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


def routes_in(module: ModuleType) -> Mapping[str, str | None]:
    """The routes that a module says of its agents, beside its application; none if it says none."""
    routes = getattr(module, "routes", None)
    return cast("Mapping[str, str | None]", routes) if isinstance(routes, Mapping) else {}
