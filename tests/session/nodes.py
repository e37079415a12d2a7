"""Small nodes, and sessions over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from switchroom import Event, HandoffEvent, Node, OutputNode, Session


class Router(Node):
    """Routes a message to whom its second word names, by metadata; specialists take what is theirs."""

    def __init__(self) -> None:
        super().__init__("router")

    async def process_event(self, event: Event) -> None:
        content = getattr(event, "content", None)
        if content is not None:
            event.metadata["route"] = content.replace(",", " ").split()[1]
        await self.send_event(event)


class Sayer(OutputNode):
    """Says who it is, after a while; takes only what is routed to it, or what is not routed."""

    def __init__(self, name: str, after: float = 0.0, raises: Exception | None = None) -> None:
        super().__init__(name)
        self.after = after
        self.raises = raises
        self.spoke = 0

    async def process_event(self, event: Event) -> None:
        if event.metadata.get("route", self.name) == self.name:
            await super().process_event(event)
        else:
            await self.send_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        self.spoke += 1
        if self.after:
            await asyncio.sleep(self.after)
        if self.raises is not None:
            raise self.raises
        yield f"{self.name} "
        yield "here"


class Silent(OutputNode):
    """Could speak, and passes after a while."""

    def __init__(self, name: str, after: float = 0.0) -> None:
        super().__init__(name)
        self.after = after

    async def generate_response(self) -> AsyncIterator[str]:
        await asyncio.sleep(self.after)
        return
        yield


class Handing(OutputNode):
    """Says something, and hands over."""

    def __init__(self, name: str, *targets: str, says: str = "One moment.", **context: Any) -> None:
        super().__init__(name)
        self.targets = targets
        self.says = says
        self.given = context

    async def generate_response(self) -> AsyncIterator[str]:
        for target in self.targets:
            await self.send_event(HandoffEvent(target=target, reason="theirs", context=self.given))
        if self.says:
            yield self.says


def graph(first: Node, *others: Node, **options: Any) -> Session:
    """A session over a node that leads to the others."""
    session = Session(**options)
    for node in (first, *others):
        session.add_node(node)
    for node in others:
        session.add_edge(first, node)
    return session


async def started(first: Node, *others: Node, **options: Any) -> Session:
    """The same, begun."""
    session = graph(first, *others, **options)
    await session.start()
    return session
