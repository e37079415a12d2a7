"""What belongs to an event loop, such as a client with open connections: made once for each, closed when it is of no use."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Something for each event loop: closed when the loop ends, or when nobody has this object any more.

    Args:
        make: makes it.
        close: closes it; has to know nothing of who uses it, or it would keep that alive.
    """

    def __init__(self, make: Callable[[], Awaitable[T]], close: Callable[[T], Awaitable[object]]) -> None:
        self._make = make
        self._close = close
        self._made: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, T] = weakref.WeakKeyDictionary()

    async def get(self) -> T:
        """The one of the loop that runs."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            made = await self._make()
            if loop not in self._made:  # somebody else was quicker meanwhile
                self._made[loop] = made
                await self._keep(loop, made)
        return self._made[loop]

    async def _keep(self, loop: asyncio.AbstractEventLoop, made: T) -> None:
        no_owner: list[weakref.finalize[Any, Any]] = []
        keeper = _kept(made, self._close, no_owner)
        await anext(keeper)
        no_owner.append(weakref.finalize(self, _dismiss, loop, keeper))
        no_owner[0].atexit = False


async def _kept(
    made: T, close: Callable[[T], Awaitable[object]], no_owner: list[weakref.finalize[Any, Any]]
) -> AsyncGenerator[T]:
    """Holds it. A loop that is shut down closes its generators, and with this one what it holds."""
    try:
        yield made
    finally:
        no_owner[0].detach()
        await close(made)


_closing: set[asyncio.Task[None]] = set()


def _dismiss(loop: asyncio.AbstractEventLoop, keeper: AsyncGenerator[Any]) -> None:
    """Close what nobody can use any more, in its loop; whoever collects garbage may be another thread."""

    def close() -> None:
        task = loop.create_task(_closed(keeper))
        _closing.add(task)
        task.add_done_callback(_closing.discard)

    if not loop.is_closed():
        loop.call_soon_threadsafe(close)


async def _closed(keeper: AsyncGenerator[Any]) -> None:
    await keeper.aclose()
