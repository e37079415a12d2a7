"""A line with a desk and a sales department: a session, and functions that make one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from switchroom import Event, HandoffEvent, Node, OutputNode, Session
from switchroom.session import EndCallEvent


class Router(Node):
    """Routes by what is asked, and ends the call when somebody says bye."""

    async def process_event(self, event: Event) -> None:
        content = getattr(event, "content", "")
        if "bye" in content:
            await self.send_event(EndCallEvent())
        event.metadata["route"] = "sales" if "price" in content else "desk"
        await self.send_event(event)


class Desk(OutputNode):
    """Says nothing, hands over, fails, or says in which session it is, as it is asked to."""

    async def generate_response(self) -> AsyncIterator[str]:
        asked = self.context.messages[-1]["content"]
        if "hush" in asked:
            return
        if "fail" in asked:
            raise ValueError("boom")
        if "buy" in asked:
            await self.send_event(HandoffEvent(target="sales", reason="wants to buy", context={"what": asked}))
            yield "One moment."
        else:
            yield f"This is {self.session_id}."


class Sales(OutputNode):
    """Names a price."""

    async def generate_response(self) -> AsyncIterator[str]:
        yield "Five dollars."


def build(session: Session) -> Session:
    """The line's graph."""
    for node in (Router("router"), Desk("desk"), Sales("sales")):
        session.add_node(node)
    session.add_edge("router", "desk", "desk")
    session.add_edge("router", "sales", "sales")
    return session


session = build(Session())


def make() -> Session:
    """Makes the session anew."""
    return build(Session())


async def setup(session: Session) -> None:
    """Sets a session up, and waits until it is over."""
    build(session)
    await session.start()
    await session.wait_until_complete()
