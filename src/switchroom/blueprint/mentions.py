"""Whom a function names: the objects that its code, and that of the user's functions it calls, reads from around it."""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, cast

from switchroom.tool_function import AsyncFunction

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_CLOSURE = ("LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF")


def function_of(given: Any) -> FunctionType | None:
    """The Python function behind something that is called; None if there is none."""
    while True:
        match given:
            case functools.partial():
                given = cast("functools.partial[Any]", given).func
            case MethodType():
                given = given.__func__
            case AsyncFunction():  # of a tool
                given = given.function
            case FunctionType() if hasattr(given, "__wrapped__"):
                given = cast("Any", given).__wrapped__
            case FunctionType():
                return given
            case _:
                kind = cast("type[Any]", type(given))
                called = None if kind is type else getattr(kind, "__call__", None)  # noqa: B004
                return called if isinstance(called, FunctionType) else None


def is_of_user(given: Any) -> bool:
    """Whether a function, a class or a module is the user's: neither of a library nor of ours."""
    module: Any = given if isinstance(given, ModuleType) else sys.modules.get(getattr(given, "__module__", None) or "")
    if module is None or module.__name__.partition(".")[0] in ("switchroom", *sys.stdlib_module_names):
        return False
    file = getattr(module, "__file__", None)
    if file is None:  # of a notebook, or typed in at the prompt
        return module.__name__ == "__main__"
    return not file.startswith(_LIBRARIES)


def mentioned(given: Any) -> Iterator[tuple[str, Any]]:
    """What a function's code, also inside of what it defines, names from its module and from around it."""
    function = function_of(given)
    if function is None:
        return
    around: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            around[name] = cell.cell_contents
        except ValueError:  # it is not there yet
            continue
    for name, is_global in _names(function.__code__):
        if not is_global and name in around:
            yield name, around[name]
        elif is_global and name in function.__globals__:
            yield name, function.__globals__[name]


@functools.lru_cache(maxsize=4096)
def _names(code: CodeType) -> tuple[tuple[str, bool], ...]:
    """The names that code reads from its module (True) and from around it, once each."""
    found: dict[tuple[str, bool], None] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname in _GLOBAL:
            found[str(instruction.argval), True] = None
        elif instruction.opname in _CLOSURE:
            found[str(instruction.argval), False] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.update(dict.fromkeys(_names(constant)))
    return tuple(found)


def functions_behind(given: Any) -> list[FunctionType]:
    """A function and those of the user that it calls by name, directly or not; of what is not the user's, what it holds."""
    found: list[FunctionType] = []
    waiting: list[Any] = [given]
    while waiting:
        function = function_of(waiting.pop(0))
        if function is None or any(function is other for other in found):
            continue
        found.append(function)
        waiting += [value for _, value in mentioned(function) if isinstance(value, FunctionType) and is_of_user(value)]
    return found


def place_of(given: Any) -> str:
    """The file and line where a function or a class is written, as a person would look for it; "" if that is not known."""
    target = given if isinstance(given, type) else function_of(given)
    if target is None:
        return ""
    try:
        file = inspect.getsourcefile(target)
        line = target.__code__.co_firstlineno if isinstance(target, FunctionType) else inspect.getsourcelines(target)[1]
    except (OSError, TypeError):
        return ""
    return "" if file is None else f"{shown_path(file)}:{line}"


def shown_path(file: str) -> str:
    """A file as a person would look for it: from the current folder on, if it stands there."""
    try:
        return str(Path(file).resolve().relative_to(Path.cwd()))
    except ValueError:
        return file
