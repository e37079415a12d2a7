"""What a function does, read from its source: whom it waits for, and how it takes a failure."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from switchroom.blueprint.mentions import function_of, functions_behind, is_of_user, mentioned
from switchroom.blueprint.parts import Deeds

_MODULES = """
aioboto3 aiohttp aiomysql aioredis aiosmtplib aiosqlite asyncpg boto3 botocore elasticsearch ftplib google grpc http httpx
httpx2 imaplib kafka ldap3 mysql openai paramiko pika poplib psycopg psycopg2 pymongo pymysql redis requests smtplib socket
sqlalchemy stripe subprocess telnetlib twilio urllib urllib3 websockets xmlrpc
"""
OUTSIDE = frozenset(_MODULES.split())
"""Modules whose functions ask something outside of the process."""

_RUNS = ("run", "run_sync", "call", "enter", "chat", "handle_query")
_OWN = ("update", "call", "now", "random", "uuid", "speak", "send_event", "process_event", "generate_response")


@lru_cache(maxsize=4096)
def tree_of(given: Any) -> ast.AST | None:
    """The syntax tree of a function or a class, with the lines that it has in its file; None if there is no source."""
    try:
        lines, first = inspect.getsourcelines(given)
    except (OSError, TypeError):
        return None
    try:
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except SyntaxError:  # a lambda in the middle of something
        return None
    return ast.increment_lineno(tree, first - 1)


def deeds_of(given: Any) -> Deeds | None:
    """What a function does, and the user's functions that it calls; None if there is no source."""
    found = [
        deeds for function in functions_behind(given) if is_of_user(function) and (deeds := _own_deeds(function)) is not None
    ]
    if not found:
        return None
    return Deeds(
        waits_outside=any(deeds.waits_outside for deeds in found),
        bounded=any(deeds.bounded for deeds in found),
        handles=found[0].handles,
        gathers=found[0].gathers,
        swallows=tuple(line for deeds in found for line in deeds.swallows),
    )


@lru_cache(maxsize=4096)
def _own_deeds(function: FunctionType) -> Deeds | None:
    tree = tree_of(function)
    if tree is None:
        return None
    return Deeds(
        waits_outside=_waits_outside(function, tree),
        bounded=_is_bounded(tree),
        handles=any(isinstance(node, ast.Try | ast.TryStar) and node.handlers for node in ast.walk(tree)),
        gathers=tuple(_gathers(tree)),
        swallows=tuple(_swallows(tree)),
    )


def dotted(node: ast.AST) -> list[str]:
    """The names in `a.b.c`; [] if it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def _waits_outside(function: FunctionType, tree: ast.AST) -> bool:
    known = dict(mentioned(function))
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    return any(
        _asks_outside(node, known, id(node) in awaited, _context(function))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )


def _asks_outside(call: ast.Call, known: dict[str, Any], awaited: bool, context: str) -> bool:
    names = dotted(call.func)
    if not names:
        return awaited and isinstance(call.func, ast.Attribute) and call.func.attr not in (*_RUNS, *_OWN)
    root = known.get(names[0])
    if _home(root) in OUTSIDE:
        return True
    if not awaited or hasattr(builtins, names[0]):
        return False
    if names[0] in known:  # ours, asyncio's, or a function of the user, which is looked at itself
        return not isinstance(root, ModuleType | FunctionType | type) and _home(root) not in ("switchroom", "asyncio")
    if names[0] in (context, "scope", "self"):
        return len(names) > 2 or names[-1] not in (*_RUNS, *_OWN)
    return len(names) > 1 and names[-1] not in _RUNS


def _context(function: FunctionType) -> str:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return next((name for name in names if "Context" in str(function.__annotations__.get(name, ""))), "")


def _home(value: Any) -> str:
    name: Any = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    if not isinstance(name, str):
        name = type(value).__module__
    return name.partition(".")[0]


def _is_bounded(tree: ast.AST) -> bool:
    """Whether something in it is given a time: `timeout=`, `asyncio.timeout(...)`, `wait_for(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else (dotted(node.func) or [""])[-1]
            if called in ("timeout", "timeout_at", "wait_for", "fail_after", "move_on_after"):
                return True
            if any(keyword.arg in ("timeout", "deadline") for keyword in node.keywords):
                return True
    return False


def _gathers(tree: ast.AST) -> Iterator[int]:
    """Lines with `gather(...)` of agents, in which the first failure loses what the others gave."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or (dotted(node.func) or [""])[-1] != "gather":
            continue
        kept = any(keyword.arg == "return_exceptions" for keyword in node.keywords)
        called = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
        if not kept and any(isinstance(func, ast.Attribute) and func.attr in _RUNS for func in called):
            yield node.lineno


def _swallows(tree: ast.AST) -> Iterator[int]:
    """Lines with `except Exception: pass`, or one that says no exception at all."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body):
            caught = (dotted(node.type) or [""])[-1] if node.type is not None else "BaseException"
            if caught in ("Exception", "BaseException"):
                yield node.lineno


def source_of(given: Any) -> FunctionType | None:
    """The user's function behind a tool or a step: itself, or what a wrapper of ours holds."""
    function = function_of(given)
    if function is None or is_of_user(function):
        return function
    held = [value for _, value in mentioned(function) if (behind := function_of(value)) is not None and is_of_user(behind)]
    return source_of(held[0]) if held else None
