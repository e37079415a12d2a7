"""A client of the caller's own in whatever event loop runs: a connection belongs to the loop in which it was opened.

One loop at a time uses the client itself. When that loop ends, its connections are closed, and the client stays open for the
next. A loop that comes meanwhile, in another thread, uses a copy with connections of its own.
"""

from __future__ import annotations

import asyncio
import copy
import threading
import weakref
from collections.abc import Iterator
from typing import Any, cast

from switchroom.models.per_loop import PerLoop

# The libraries have no way to give a client other connections, so that the names of their private attributes stand here:
# a client of httpx has transports, a transport (or the one that it wraps) has a pool, and a pool has connections.


async def client_here(client: Any) -> Any:
    """Return the client, or a copy of it with connections of its own, for use in the running loop."""
    http = getattr(client, "_client", None)
    if http is None or getattr(client, "is_closed", bool)():
        return client  # of no kind that is known here, or closed, which the SDK says better
    here = await _of(client, http).get()
    if here is http:
        return client
    copied = copy.copy(client)
    copied._client = here
    return copied


_kept: weakref.WeakKeyDictionary[Any, tuple[Any, PerLoop[Any]]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _of(client: Any, http: Any) -> PerLoop[Any]:
    with _lock:
        kept = _kept.get(client)
        if kept is None or kept[0] is not http:
            kept = _kept[client] = (http, _per_loop(http))
        return kept[1]


class _Home:
    """The loop that uses a client itself."""

    def __init__(self) -> None:
        self.loop: weakref.ref[asyncio.AbstractEventLoop] | None = None


def _per_loop(http: Any) -> PerLoop[Any]:
    home = _Home()

    async def here() -> Any:
        loop = asyncio.get_running_loop()
        with _lock:
            owner = None if home.loop is None else home.loop()
            if owner is not None and not owner.is_closed():
                return _copied(http)
            if home.loop is not None:
                _forget_connections(http)  # the loop ended without a word to anybody
            home.loop = weakref.ref(loop)
            return http

    async def leave(used: Any) -> None:
        for pool in _pools(used):
            await pool.aclose()  # closes the connections; the pool itself goes on
        if used is http:
            home.loop = None

    return PerLoop(here, leave)


def _copied(http: Any) -> Any:
    """Return a client of the HTTP library as the given one, with connections of its own."""
    copied = copy.copy(http)
    # The SDK's class closes itself when it is collected, and so would close what a copy shares with its original.
    copied.__class__ = next(kind for kind in type(http).__mro__ if "__del__" not in vars(kind))
    copied._transport = _with_own_pool(http._transport)
    copied._mounts = {pattern: transport and _with_own_pool(transport) for pattern, transport in http._mounts.items()}
    return copied


def _with_own_pool(transport: Any) -> Any:
    copied = copy.copy(transport)
    for name, value in _fields(transport):
        if _is_pool(value):
            pool = copy.copy(value)
            pool._connections, pool._requests = [], []
            setattr(copied, name, pool)
        elif _is_transport(value):
            setattr(copied, name, _with_own_pool(value))
    return copied


def _pools(http: Any) -> Iterator[Any]:
    """Yield the pools of a client's transports, and of those that they wrap."""
    todo: list[Any] = [http._transport, *http._mounts.values()]
    while todo:
        for _, value in _fields(todo.pop()):
            if _is_pool(value):
                yield value
            elif _is_transport(value):
                todo.append(value)


def _forget_connections(http: Any) -> None:
    for pool in _pools(http):
        pool._connections, pool._requests = [], []


def _fields(transport: Any) -> list[tuple[str, Any]]:
    return list(cast("dict[str, Any]", getattr(transport, "__dict__", {})).items())


def _is_pool(value: Any) -> bool:
    fields = getattr(value, "__dict__", {})
    return "_connections" in fields and "_requests" in fields and hasattr(value, "handle_async_request")


def _is_transport(value: Any) -> bool:
    return hasattr(value, "handle_async_request")
