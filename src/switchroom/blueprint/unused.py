"""What stands beside an application: tools and agents in its modules that it does not hold, and that no line of them names."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.blueprint.mentions import is_of_user, place_of, shown_path
from switchroom.blueprint.parts import Unused
from switchroom.blueprint.reading import Drawing, unread
from switchroom.blueprint.source import source_of
from switchroom.blueprint.tools import guards_of
from switchroom.config import RunConfig


def unused_beside(app: Any, module: ModuleType) -> Iterator[Unused]:
    """The tools and agents in the modules of an application that are no part of it, and whose names are not used either.

    Args:
        app: what is run.
        module: where it stands.
    """
    drawing = Drawing(RunConfig(), unread)
    drawing.part_of(app)
    seen = {id(thing) for thing in _held(drawing)}
    modules = _modules(module, drawing)
    named = {name for beside in modules for name in _named_in(beside)}
    for beside in modules:
        for name, value in vars(beside).items():
            if name in named or id(value) in seen or id(getattr(value, "invoke", None)) in seen or name.startswith("_"):
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


def _held(drawing: Drawing) -> Iterator[Any]:
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


def _named_in(module: ModuleType) -> Iterator[str]:
    """The names that the source of a module reads anywhere, also from other modules; those of all, if there is no source."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        yield from vars(module)
        return
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                yield from (name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str))
            case _:
                pass


def _written_in(made: Tool, module: ModuleType) -> bool:
    function = source_of(made.invoke)
    return function is None or function.__module__ == module.__name__
