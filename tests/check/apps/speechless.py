"""A graph with a desk that answers, a sales node that has nothing to say, and a background node behind a node that answers."""

from collections.abc import AsyncIterator

from switchroom import Event, Node, OutputNode, Session
from switchroom.session import BackgroundNode


class Router(Node):
    """Routes by a word."""

    async def process_event(self, event: Event) -> None:
        """Write the route on the event."""
        event.metadata["route"] = "sales" if "buy" in getattr(event, "content", "") else "desk"
        await self.send_event(event)


class Desk(OutputNode):
    """Answers."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Say hello."""
        yield "Hello."


session = Session()
for node in (Router("router"), Desk("desk"), OutputNode("sales"), BackgroundNode("notes")):
    session.add_node(node)
session.add_edge("router", "desk", "desk")
session.add_edge("router", "sales", "sales")
session.add_edge("desk", "notes")
