"""What every router is: something that decides, at once or awaited, and a step that `route(...)` can run."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, TypeVar

from switchroom.errors import UserError
from switchroom.loops import run_in_new_loop
from switchroom.routing.asked import Asked, Conversation, asked_in, asked_of
from switchroom.routing.decision import Decision

T = TypeVar("T")


class Router(ABC):
    """Decides who is to answer.

    Every router has `decide(...)`, and `await adecide(...)` for the same. One that asks a model says that it `waits`: inside a
    running event loop it is awaited. As a step, `route(router, {...})` runs it as its classifier.

    Attributes:
        name: how decisions and paths call it.
        routes: the routes that it knows.
        waits: whether it has to wait for something, such as the network.
    """

    name: str
    routes: tuple[str, ...]
    waits: bool = False

    @abstractmethod
    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide, in a run's scope or, where that is None, outside of any."""

    async def adecide(self, conversation: Conversation, /) -> Decision:
        """Decide who is to answer the last message.

        Raises:
            UserError: what was given is no conversation.
        """
        return await self.judge(asked_of(conversation), None)

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
            return run_in_new_loop(self.adecide(conversation))
        raise UserError(
            f"Router '{self.name}' asks a model, and decide(...) would stop the event loop. Write `await router.adecide(...)`."
        )

    async def __call__(self, input: Any, scope: Any, /) -> Decision:
        """Decide as a step of a run, where what was said before is known."""
        return await self.judge(asked_in(input, scope), scope)


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise UserError("A router waits for something and does not say so. Set `waits = True` in its class.")
