"""What a node does, by the source of its class: what it passes on, where it routes, whom it hands over to, what it keeps."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from switchroom.blueprint.mentions import mentioned
from switchroom.blueprint.parts import Habits
from switchroom.blueprint.source import dotted, tree_of
from switchroom.session import Node

Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_WORDS = """
add append appendleft clear discard extend extendleft insert pop popitem popleft remove reverse setdefault sort update
"""
_CHANGING = frozenset(_WORDS.split())
"""Methods that change what they are called on."""

_OPEN = "name place session_id process_event generate_response speak send_event call accepts run as_tool description"
_TOUCHED = frozenset(_OPEN.split())
"""What one node or agent may use of another."""


class _Written(NamedTuple):
    """A method of the user's: its tree, and what its code names."""

    tree: Method
    known: dict[str, Any]


def habits_of(node: Node, is_step: Callable[[Any], bool]) -> Habits:
    """What a node does; of one whose class is ours, what that class does."""
    methods = list(_methods(type(node)))
    own = [method.tree for method in methods if method.tree.name == "process_event"]
    routes: set[str] = set()
    targets: set[str] = set()
    any_route = any_target = False
    for method in methods:
        for said in _routes(method):
            any_route |= said is None
            routes |= set() if said is None else {said}
        for said in _targets(method):
            any_target |= said is None
            targets |= set() if said is None else {said}
    return Habits(
        own_way=bool(own),
        passes_on=any(map(_passes_on, own)) if own else not node.speaks and not node.listens_only,
        routes=tuple(sorted(routes)),
        any_route=any_route,
        hands_to=tuple(sorted(targets)),
        hands_to_any=any_target,
        keeps=tuple(_keeps(methods)),
        reaches=tuple(_reaches(node, methods, is_step)),
    )


def _methods(kind: type[Any]) -> Iterator[_Written]:
    """The methods that the user's classes have, those of subclasses first."""
    seen: set[str] = set()
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == "switchroom" or base is object:
            continue
        for name, method in vars(base).items():
            if inspect.isfunction(method) and name not in seen:
                seen.add(name)
                tree = tree_of(method)
                found = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
                if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield _Written(found, dict(mentioned(method)))


def _passes_on(method: Method) -> bool:
    """Whether a `process_event` sends the event on that it is given."""
    given = [argument.arg for argument in method.args.args][1:2]
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "send_event"
        and node.args
        and dotted(node.args[0]) == given
        for node in ast.walk(method)
    )


def _routes(method: _Written) -> Iterator[str | None]:
    """The routes that are written on events; None for one that is not known before it runs."""
    for node in ast.walk(method.tree):
        if isinstance(node, ast.Assign) and any(map(_is_route, node.targets)):
            yield from _constants(node.value, method)


def _is_route(target: ast.expr) -> bool:
    """Whether it is `....metadata["route"]`."""
    match target:
        case ast.Subscript(value=ast.Attribute(attr="metadata"), slice=ast.Constant(value="route")):
            return True
        case _:
            return False


def _targets(method: _Written) -> Iterator[str | None]:
    """Whom events name that hand over; None for one that is not known before it runs."""
    for node in ast.walk(method.tree):
        if isinstance(node, ast.Call) and (dotted(node.func) or [""])[-1].endswith("HandoffEvent"):
            given = [keyword.value for keyword in node.keywords if keyword.arg == "target"]
            if given:
                yield from _constants(given[0], method)


def _constants(value: ast.expr, method: _Written) -> Iterator[str | None]:
    """The texts that an expression may be; None for what it may be beside these."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=None):
            return
        case ast.IfExp():
            yield from _constants(value.body, method)
            yield from _constants(value.orelse, method)
        case ast.Name(id=name) if isinstance(method.known.get(name), str):
            yield method.known[name]
        case ast.Name(id=name) if (assigned := list(_assigned(name, method))) and None not in assigned:
            yield from assigned
        case _:
            yield None


def _assigned(name: str, method: _Written) -> Iterator[str | None]:
    """The texts that a local name is given; None for what is not known before it runs."""
    written = [node for node in ast.walk(method.tree) if isinstance(node, ast.Name) and node.id == name]
    otherwise = sum(isinstance(node.ctx, ast.Store) for node in written)
    for node in ast.walk(method.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                otherwise -= 1
                yield from [None] if isinstance(value, ast.Name) else _constants(value, method)
            case _:
                pass
    if otherwise or any(argument.arg == name for argument in method.tree.args.args):
        yield None


def _keeps(methods: list[_Written]) -> Iterator[tuple[str, int]]:
    """Attributes that change after the constructor, and are not the state, with the first line where they do."""
    seen = {"state"}
    for method in methods:
        if method.tree.name in ("__init__", "__post_init__"):
            continue
        for node in ast.walk(method.tree):
            for name in _changed(node):
                if name not in seen:
                    seen.add(name)
                    yield name, getattr(node, "lineno", 0)


def _changed(node: ast.AST) -> Iterator[str]:
    """The attributes of `self` that a statement or a call changes."""
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            written = [inner for target in targets for inner in (target.elts if isinstance(target, ast.Tuple) else [target])]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            written = [target]
        case ast.Call(func=ast.Attribute(attr=called, value=value)) if called in _CHANGING:
            written = [value]
        case _:
            return
    for target in written:
        inside = isinstance(target, ast.Subscript) or isinstance(node, ast.Call)
        while isinstance(target, ast.Subscript):
            target = target.value
        names = dotted(target)
        if names[:1] == ["self"] and (len(names) == 2 or (inside and len(names) > 2) or len(names) > 2):
            yield names[1]


def _reaches(node: Node, methods: list[_Written], is_step: Callable[[Any], bool]) -> Iterator[tuple[str, int]]:
    """What methods touch of other nodes or agents, beside what these are for."""
    seen: set[str] = set()
    for method in methods:
        for inner in ast.walk(method.tree):
            if not isinstance(inner, ast.Attribute):
                continue
            names = dotted(inner)
            if names[:1] == ["self"] and len(names) == 3:
                other = node.__dict__.get(names[1])
            elif len(names) == 2 and names[0] != "self":
                other = method.known.get(names[0])
            else:
                continue
            if other is node or isinstance(other, type | Enum) or not (isinstance(other, Node) or is_step(other)):
                continue
            touched = ".".join(names)
            if names[-1] not in _TOUCHED and touched not in seen:
                seen.add(touched)
                yield touched, inner.lineno
