"""What a node does, by the source of its class: what it passes on, where it routes, whom it hands over to, what it keeps."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from switchroom.blueprint.parts import Habits
from switchroom.blueprint.source import dotted
from switchroom.blueprint.texts import Method, Written, texts_of, written
from switchroom.session import Node, OutputNode

_WORDS = """
add append appendleft clear discard extend extendleft insert pop popitem popleft remove reverse setdefault sort update
"""
_CHANGING = frozenset(_WORDS.split())
"""Methods that change what they are called on."""

_OPEN = "name place session_id process_event generate_response speak send_event call accepts run as_tool description"
_TOUCHED = frozenset(_OPEN.split())
"""What one node or agent may use of another."""


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
    routing = [method.tree for method in methods if any(map(_routed, ast.walk(method.tree)))]
    may_not_route = bool(routing) and all(tree in own and _may_pass_by(tree.body) for tree in routing)
    return Habits(
        own_way=bool(own),
        speechless=isinstance(node, OutputNode) and node.has_no_words and not own,
        passes_on=any(map(_passes_on, own)) if own else not node.speaks and not node.listens_only,
        sends=any(_sends(method.tree) for method in methods),
        routes=tuple(sorted(routes)),
        any_route=any_route,
        may_not_route=may_not_route,
        hands_to=tuple(sorted(targets)),
        hands_to_any=any_target,
        keeps=tuple(_keeps(methods)),
        reaches=tuple(_reaches(node, methods, is_step)),
    )


def _methods(kind: type[Any]) -> Iterator[Written]:
    """The methods that the user's classes have, those of subclasses first."""
    seen: set[str] = set()
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == "switchroom" or base is object:
            continue
        for name, method in vars(base).items():
            if inspect.isfunction(method) and name not in seen:
                seen.add(name)
                source = written(method, kind)
                if source is not None:
                    yield source


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


def _sends(method: Method) -> bool:
    """Return True if a method sends events along the edges, or calls something that may: `super()`, or a function of `self`."""
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(attr="send_event"), args=[ast.Call(func=made), *_]):
                if not (dotted(made) or [""])[-1].endswith("HandoffEvent"):  # which goes to its target, not along an edge
                    return True
            case ast.Call(func=ast.Attribute(attr="send_event")) | ast.Call(func=ast.Name(id="super")):
                return True
            case ast.Call(args=args, keywords=keywords):
                if any(dotted(given) == ["self"] for given in (*args, *(keyword.value for keyword in keywords))):
                    return True
            case _:
                pass
    return False


def _routes(method: Written) -> Iterator[str | None]:
    """The routes that are written on events; None for one that is not known before it runs."""
    for node in ast.walk(method.tree):
        for value in _routed(node):
            yield from texts_of(value, method)


def _routed(node: ast.AST) -> list[ast.expr]:
    """What a statement or a call writes as a route: `metadata["route"] = value`, `setdefault("route", value)`, `update()`."""
    match node:
        case ast.Assign(targets=targets, value=value) if any(map(_is_route, targets)):
            return [value]
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value="route"), value]):
            return [value]
        case ast.Call(func=ast.Attribute(attr="update"), args=[ast.Dict(keys=keys, values=values)]):
            return [
                value for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant) and key.value == "route"
            ]
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return [keyword.value for keyword in keywords if keyword.arg == "route"]
        case _:
            return []


def _is_route(target: ast.expr) -> bool:
    """Whether it is `....metadata["route"]`, under whatever name."""
    return isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and target.slice.value == "route"


def _may_pass_by(body: list[ast.stmt]) -> bool:
    """Whether statements may be run to their end, for a message, without a route being written."""
    return not any(map(_routes_always, body))


def _routes_always(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(test=test, body=body, orelse=orelse):
            return not _may_pass_by(body) and (_sorts_events(test) or not _may_pass_by(orelse))
        case ast.For(orelse=orelse) | ast.AsyncFor(orelse=orelse) | ast.While(orelse=orelse):
            return not _may_pass_by(orelse)
        case ast.Match(cases=cases):
            others = [case for case in cases if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None]
            return bool(others) and not any(_may_pass_by(case.body) for case in cases)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            tried = not _may_pass_by([*body, *orelse]) and not any(_may_pass_by(handler.body) for handler in handlers)
            return tried or not _may_pass_by(final)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return not _may_pass_by(body)
        case _:
            return any(_routed(node) for node in ast.walk(statement))


def _sorts_events(test: ast.expr) -> bool:
    """Whether a condition tells messages from other events, by their class or their type."""
    return any(
        (isinstance(node, ast.Name) and node.id in ("isinstance", "hasattr"))
        or (isinstance(node, ast.Attribute) and node.attr == "type")
        for node in ast.walk(test)
    )


def _targets(method: Written) -> Iterator[str | None]:
    """Whom events name that hand over; None for one that is not known before it runs."""
    for node in ast.walk(method.tree):
        if isinstance(node, ast.Call) and (dotted(node.func) or [""])[-1].endswith("HandoffEvent"):
            given = [keyword.value for keyword in node.keywords if keyword.arg == "target"]
            if given:
                yield from texts_of(given[0], method)


def _keeps(methods: list[Written]) -> Iterator[tuple[str, int]]:
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


def _reaches(node: Node, methods: list[Written], is_step: Callable[[Any], bool]) -> Iterator[tuple[str, int]]:
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
