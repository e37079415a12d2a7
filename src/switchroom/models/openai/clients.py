"""Several clients of one server, each with a bounded pool of connections.

httpcore's pool goes through all its requests and connections whenever a request begins or ends. In one pool for all, a request
costs more the more there are at once. In several bounded pools a request costs the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

MOST_CLIENTS = 8
"""Clients that are opened at most. They share the connections that the SDK's own client may have."""

FULL_REQUESTS = 12
"""Requests that a client has in flight before another one is opened. Its share of kept connections is not smaller."""


@dataclass(slots=True)
class _Opened:
    """An open client and its requests in flight."""

    client: Any
    requests: int = 0


class Clients:
    """Clients of one server in one event loop. The first one is opened at once, and others as requests come at the same time.

    Requests one after the other all go through the first client, and so over one connection that is kept alive.

    Args:
        open_client: opens a client that may have one of so many equal shares of the connections.
    """

    def __init__(self, open_client: Callable[[int], Any]) -> None:
        self._open = open_client
        self._opened = [_Opened(open_client(MOST_CLIENTS))]

    @contextlib.contextmanager
    def lend(self) -> Generator[Any]:
        """Give a client for one request: the first that is not full, or a new one, or the one with the fewest requests."""
        opened = self._free()
        opened.requests += 1
        try:
            yield opened.client
        finally:
            opened.requests -= 1

    async def close(self) -> None:
        """Close all clients, also where closing one fails; then the first failure is raised."""
        closed = await asyncio.gather(*(opened.client.close() for opened in self._opened), return_exceptions=True)
        for failure in closed:
            if isinstance(failure, BaseException):
                raise failure

    def _free(self) -> _Opened:
        for opened in self._opened:
            if opened.requests < FULL_REQUESTS:
                return opened
        if len(self._opened) < MOST_CLIENTS:
            self._opened.append(_Opened(self._open(MOST_CLIENTS)))
            return self._opened[-1]
        return min(self._opened, key=lambda opened: opened.requests)


def share_of(limits: Any, count: int) -> Any:
    """Return the limits of one of `count` pools that together keep to these limits, rounded up."""
    connections, kept = limits.max_connections, limits.max_keepalive_connections
    return type(limits)(
        max_connections=None if connections is None else -(-connections // count),
        max_keepalive_connections=None if kept is None else -(-kept // count),
        keepalive_expiry=limits.keepalive_expiry,
    )
