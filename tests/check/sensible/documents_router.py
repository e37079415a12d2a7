"""A chain: the router writes what it knows, specialists pass on what is not theirs, and the last one takes the rest."""

from collections.abc import AsyncIterator
from itertools import pairwise

from switchroom import Event, Node, OutputNode, Session


class Router(Node):
    """Routes by words."""

    async def process_event(self, event: Event) -> None:
        """Write a route on a message."""
        event.metadata["route"] = self.sorted(str(getattr(event, "content", "")))
        await self.send_event(event)

    def sorted(self, text: str) -> str:
        """The route of a text."""
        if "price" in text:
            return "sales"
        return "support" if "broken" in text else "general"


class Specialist(OutputNode):
    """Takes what is routed to it."""

    async def process_event(self, event: Event) -> None:
        """Take what is routed here, and pass on the rest."""
        if event.metadata.get("route") != self.name:
            await self.send_event(event)
            return
        await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        """Answer."""
        yield self.name


class Fallback(OutputNode):
    """Takes what nobody took."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Apologise."""
        yield "I am sorry."


def talk(conversation: str = "c") -> Session:
    """A session over the chain."""
    session = Session(conversation=conversation)
    nodes = [Router(), Specialist("sales"), Specialist("support"), Fallback()]
    for node in nodes:
        session.add_node(node)
    for source, target in pairwise(nodes):
        session.add_edge(source, target)
    return session
