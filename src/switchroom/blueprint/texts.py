"""The texts that an expression in a function may be, as far as its source says them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias, cast

from switchroom.blueprint.mentions import is_of_user, mentioned
from switchroom.blueprint.roles import labels_of_function
from switchroom.blueprint.source import dotted, tree_of

Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

DEEP = 4
"""Functions called by one another that are followed."""


class Written(NamedTuple):
    """A function of the user's: its tree, what its code names, and whose method it is."""

    tree: Method
    known: dict[str, Any]
    owner: type[Any] | None = None


def written(function: Any, owner: type[Any] | None = None) -> Written | None:
    """A function as it is written; None if there is no source."""
    tree = tree_of(function) if inspect.isfunction(function) else None
    found = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
    return (
        Written(found, dict(mentioned(function)), owner) if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) else None
    )


def texts_given(function: Any) -> tuple[str, ...] | None:
    """The texts that a function may return; None if some are not known before it runs."""
    found = set(_returned(function, None, DEEP))
    return tuple(sorted(cast("set[str]", found))) if found and None not in found else None


def texts_of(value: ast.expr, where: Written, deep: int = DEEP) -> Iterator[str | None]:
    """The texts that an expression may be; None for what it may be beside these."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=None):
            return
        case ast.Await():
            yield from texts_of(value.value, where, deep)
        case ast.IfExp():
            yield from texts_of(value.body, where, deep)
            yield from texts_of(value.orelse, where, deep)
        case ast.BoolOp(op=ast.Or(), values=values):
            for one in values:
                yield from texts_of(one, where, deep)
        case ast.Subscript(value=held):
            yield from _held(_found(held, where))
        case ast.Call():
            yield from _called(value, where, deep)
        case ast.Name(id=name) if assigned := list(_assigned(name, where, deep)):
            yield from assigned
        case ast.Name() | ast.Attribute() if isinstance(found := _found(value, where), str):
            yield str(found.value) if isinstance(found, Enum) else found
        case _:
            yield None


def _called(call: ast.Call, where: Written, deep: int) -> Iterator[str | None]:
    match call:
        case ast.Call(func=ast.Attribute(value=held, attr="get"), args=[_, default]):
            yield from _held(_found(held, where))
            yield from texts_of(default, where, deep)
        case _:
            yield from _returned(_found(call.func, where), where.owner, deep)


def _returned(function: Any, owner: type[Any] | None, deep: int) -> Iterator[str | None]:
    source = written(function, owner) if deep and isinstance(function, FunctionType) and is_of_user(function) else None
    if source is None:
        yield None
        return
    labels = labels_of_function(function)
    if labels is not None:
        yield from labels
        return
    inner = {
        id(node) for one in ast.walk(source.tree) if _is_function(one) and one is not source.tree for node in ast.walk(one)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Return) and node.value is not None and id(node) not in inner:
            yield from texts_of(node.value, source, deep - 1)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _held(found: Any) -> Iterator[str | None]:
    """The texts that a dict holds; None where it is no dict of texts."""
    values = list(cast("Mapping[Any, Any]", found).values()) if isinstance(found, dict) else []
    yield from values if values and all(isinstance(one, str) for one in values) else [None]


def _found(value: ast.expr, where: Written) -> Any:
    """What names lead to: what the code names, an enum's member, what a class has; None if that is not known."""
    first, *others = dotted(value) or [""]
    found: Any = where.owner if first == "self" else where.known.get(first)
    for name in others:
        match found:
            case Enum() if name in ("name", "value"):
                found = getattr(found, name)
            case type():
                kind = cast("type[Any]", found)
                found = kind.__members__.get(name) if issubclass(kind, Enum) else inspect.getattr_static(kind, name, None)
                found = getattr(found, "__func__", found)
            case _:
                return None
    return found


def _assigned(name: str, where: Written, deep: int) -> Iterator[str | None]:
    """The texts that a local name is given; None for what is not known before it runs."""
    otherwise = sum(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) for node in ast.walk(where.tree)
    )
    for node in ast.walk(where.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                otherwise -= 1
                yield from [None] if isinstance(value, ast.Name) else texts_of(value, where, deep)
            case ast.For(
                target=ast.Tuple(elts=[_, ast.Name(id=given)]),
                iter=ast.Call(func=ast.Attribute(value=held, attr="items")),
            ) if given == name:
                otherwise -= 1
                yield from _held(_found(held, where))
            case _:
                pass
    if otherwise or any(argument.arg == name for argument in where.tree.args.args):
        yield None
