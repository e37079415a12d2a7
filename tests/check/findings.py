"""What is found in an application that is wrong in one thing, and not in the mended one; and nodes to make such of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from switchroom import (
    Event,
    Node,
    OutputNode,
    RunConfig,
    Session,
    tool,
)
from switchroom.check import Finding, check
from switchroom.testing import FunctionModel

CONFIG = RunConfig(model=FunctionModel(lambda request: "hello"))


def findings(app: Any, code: str, config: RunConfig = CONFIG) -> list[Finding]:
    """The findings of a kind."""
    return [finding for finding in check(app, config) if finding.code == code]


def found(wrong: Any, mended: Any, code: str, config: RunConfig = CONFIG) -> tuple[str, str, str]:
    """What is said of an application that is wrong, once; of the mended one nothing of the kind is."""
    [finding] = findings(wrong, code, config)
    assert findings(mended, code, config) == []
    return finding.level, finding.says, finding.remedy


def graph(nodes: Sequence[Node], edges: Sequence[tuple[Any, ...]], **options: Any) -> Session:
    """A session over nodes and edges."""
    session = Session(**options)
    for node in nodes:
        session.add_node(node)
    for edge in edges:
        session.add_edge(*edge)
    return session


class Says(OutputNode):
    """Answers each message."""

    async def generate_response(self) -> AsyncIterator[str]:
        yield self.name


class Picks(OutputNode):
    """Answers what is routed to it, and passes on the rest."""

    async def process_event(self, event: Event) -> None:
        if event.metadata.get("route") == self.name:
            await super().process_event(event)
        else:
            await self.send_event(event)


@tool(effect="read")
def looks_up(order: str) -> str:
    """Look an order up."""
    return order
