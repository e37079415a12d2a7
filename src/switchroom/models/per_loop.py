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
        self._making: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()

    async def get(self) -> T:
        """The one of the loop that runs."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            async with self._making.setdefault(loop, asyncio.Lock()):
                if loop not in self._made:
                    self._made[loop] = await self._kept(loop)
        return self._made[loop]

    async def _kept(self, loop: asyncio.AbstractEventLoop) -> T:
        made = await self._make()
        open = _Open(made, self._close)
        keeper = _keeping(open)
        await anext(keeper)
        open.owner = weakref.finalize(self, _dismiss, loop, keeper, open)
        open.owner.atexit = False
        return made


class _Open(Generic[T]):
    """Something that is closed once, whatever ends first: the loop, or all who could use it."""

    def __init__(self, made: T, close: Callable[[T], Awaitable[object]]) -> None:
        self._made = made
        self._close = close
        self._closing: asyncio.Task[None] | None = None
        self.owner: weakref.finalize[Any, Any] | None = None

    async def end(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._closed())
        await asyncio.shield(self._closing)

    async def _closed(self) -> None:
        if self.owner is not None:
            self.owner.detach()
        await self._close(self._made)


async def _keeping(open: _Open[Any]) -> AsyncGenerator[None]:
    """Waits for the end of the loop: a loop that is shut down closes its generators."""
    try:
        yield
    finally:
        await open.end()


_ending: set[asyncio.Task[None]] = set()


def _dismiss(loop: asyncio.AbstractEventLoop, keeper: AsyncGenerator[None], open: _Open[Any]) -> None:
    """Close what nobody can use any more, in its loop; whoever collects garbage may be another thread."""

    def end() -> None:
        task = loop.create_task(_let_go(keeper, open))
        _ending.add(task)
        task.add_done_callback(_ending.discard)

    if not loop.is_closed():
        loop.call_soon_threadsafe(end)


async def _let_go(keeper: AsyncGenerator[None], open: _Open[Any]) -> None:
    await open.end()  # not by closing the keeper: at the same time the loop may do that
