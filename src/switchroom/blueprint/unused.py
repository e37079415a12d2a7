"""What stands beside an application: tools and agents in its modules that nothing names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.blueprint.mentions import is_of_user, mentioned, place_of, shown_path
from switchroom.blueprint.parts import Unused
from switchroom.blueprint.reading import Drawing, unread
from switchroom.blueprint.source import source_of
from switchroom.blueprint.tools import guards_of
from switchroom.config import RunConfig


def unused_beside(app: Any, module: ModuleType) -> Iterator[Unused]:
    """The tools and agents in the modules of an application that neither it nor a function beside it names.

    Args:
        app: what is run.
        module: where it stands.
    """
    drawing = Drawing(RunConfig(), unread)
    drawing.part_of(app)
    used = {id(thing) for thing in _used(drawing)}
    modules = _modules(module, drawing)
    for beside in modules:
        used.update(id(thing) for thing in _named_by_functions(beside))
    seen: set[int] = set()
    for beside in modules:
        for name, value in vars(beside).items():
            if id(value) in used or id(getattr(value, "invoke", None)) in used or id(value) in seen or name.startswith("_"):
                continue
            match value:
                case Tool() if _written_in(value, beside):
                    seen.add(id(value))
                    yield Unused("tool", value.name, place_of(source_of(value.invoke)))
                case Agent():
                    seen.add(id(value))  # pyright: ignore[reportUnknownArgumentType]
                    yield Unused("agent", value.name, shown_path(str(beside.__file__)))
                case _:
                    pass


def _used(drawing: Drawing) -> Iterator[Any]:
    for thing in drawing.objects.values():
        yield thing
        if isinstance(thing, Agent):
            for made in thing.all_tools:
                yield from (inner.invoke for inner in guards_of(made)[1])  # a tool under another name is a copy


def _modules(module: ModuleType, drawing: Drawing) -> list[ModuleType]:
    """The application's module, those of its package, and those in which its functions and nodes are written."""
    names = [module.__name__]
    package = module.__name__.partition(".")[0]
    if getattr(sys.modules.get(package), "__path__", None) is not None:
        names += sorted(name for name in sys.modules if name == package or name.startswith(f"{package}."))
    for thing in drawing.objects.values():
        if isinstance(thing, Agent):
            behind: list[Any] = [source_of(made.invoke) for made in thing.all_tools]
        else:
            behind = [thing if isinstance(thing, FunctionType) else type(thing)]
        names += [one.__module__ for one in behind if one is not None and is_of_user(one)]
    found = [sys.modules[name] for name in dict.fromkeys(names) if name in sys.modules]
    return [one for one in found if is_of_user(one)]


def _named_by_functions(module: ModuleType) -> Iterator[Any]:
    """What the functions and methods of a module name, and what stands in lists and dicts that they name."""
    functions: list[Any] = []
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) == module.__name__:
            functions += vars(value).values() if isinstance(value, type) else [value]
    for function in functions:
        if isinstance(function, FunctionType):
            for _, value in mentioned(function):
                yield value
                yield from value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()


def _written_in(made: Tool, module: ModuleType) -> bool:
    function = source_of(made.invoke)
    return function is None or function.__module__ == module.__name__
