"""Nodes that reach into one another, keep what is lost with the process, and hand over and route to nobody."""

from collections.abc import AsyncIterator

from switchroom import Event, HandoffEvent, Node, OutputNode, Session


class Cart(OutputNode):
    """Sells things, and remembers them in an attribute."""

    def __init__(self) -> None:
        super().__init__("cart")
        self.items: list[str] = []

    async def generate_response(self) -> AsyncIterator[str]:
        """Say how much there is."""
        self.items.append("thing")
        if len(self.items) > 3:
            await self.send_event(HandoffEvent(target="cashier", reason="enough"))
        yield f"{len(self.items)} things"


class Hall(Node):
    """Looks into the cart before it routes."""

    def __init__(self, cart: Cart) -> None:
        super().__init__("hall")
        self.cart = cart
        self.visits = 0

    async def process_event(self, event: Event) -> None:
        """Route to the cart while it is not full."""
        self.visits += 1
        event.metadata["route"] = "cart" if len(self.cart.items) < 5 else "storage"
        await self.send_event(event)


session = Session()
cart = Cart()
hall = Hall(cart)
session.add_node(hall)
session.add_node(cart)
session.add_edge(hall, cart, when="cart")
