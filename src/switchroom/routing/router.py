"""What every router is: something that decides, at once or awaited, and a step that `route(...)` can run."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, TypeVar

from switchroom.errors import UserError
from switchroom.routing.asked import Conversation
from switchroom.routing.decision import Decision

T = TypeVar("T")


class Router(ABC):
    """Decides who is to answer.

    `decide(...)` is there for every router, and `await adecide(...)`, too. A router that asks a model waits for it: inside a
    running event loop, use `adecide`. As a step, `route(router, {...})` runs it as its classifier.

    Attributes:
        name: how decisions and paths call it.
        routes: the routes that it knows.
        waits: whether deciding takes an event loop, because something is asked over the network.
    """

    name: str
    routes: tuple[str, ...]
    waits: bool = False

    @abstractmethod
    async def adecide(self, conversation: Conversation, /) -> Decision:
        """Decide who is to answer the last message.

        Raises:
            UserError: what was given is no conversation.
        """

    def decide(self, conversation: Conversation, /) -> Decision:
        """The same, and waited for.

        Raises:
            UserError: what was given is no conversation; or the router waits, and an event loop is running.
        """
        if not self.waits:
            return _at_once(self.adecide(conversation))
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.adecide(conversation))
        raise UserError(
            f"Router '{self.name}' asks a model, and decide(...) would stop the event loop. Write `await router.adecide(...)`."
        )

    async def __call__(self, input: Any, scope: Any, /) -> Decision:
        """Decide as a step of a run."""
        return await self.adecide(input)


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("a router that waits says so (`waits`)")
