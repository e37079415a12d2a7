"""A graph of nodes that pass on what they get, and none that speaks; and a function that sets it up."""

from switchroom import Event, Node, Session


class Router(Node):
    """Routes by a word."""

    async def process_event(self, event: Event) -> None:
        """Write the route on the event."""
        event.metadata["route"] = "sales" if "buy" in getattr(event, "content", "") else "support"
        await self.send_event(event)


async def setup(session: Session) -> None:
    """Set the session up."""
    router, notes = Router("router"), Node("notes")
    session.add_node(router)
    session.add_node(notes)
    session.add_edge(router, notes)
    await session.start()
    await session.wait_until_complete()
