"""A line of nodes: a router by words, specialists, one who is handed the conversation, a log."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, RunConfig, Session
from switchroom.session import BackgroundNode
from switchroom.testing import FunctionModel

WORDS = {"book": "scheduler", "price": "sales"}


class Calls(BaseModel):
    """How many there were."""

    count: int = 0


class Router(Node):
    """Routes by words."""

    state: Calls

    def __init__(self) -> None:
        super().__init__("router")
        self.state = Calls()

    async def process_event(self, event: Event) -> None:
        """Write a route on a message."""
        self.state.count += 1
        for word, route in WORDS.items():
            if word in str(getattr(event, "content", "")):
                event.metadata["route"] = route
                break
        else:
            event.metadata["route"] = "general"
        await self.send_event(event)


class Scheduler(OutputNode):
    """Asks when, and hands over to who confirms it."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Ask, and hand over."""
        yield "When? "
        await self.send_event(HandoffEvent(target="confirmer", reason="booked", context={"day": "Monday"}))


class Says(OutputNode):
    """Answers from the history."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Say again what was said."""
        for message in self.context.messages[-1:]:
            yield f"You said: {message['content']}"


class Log(BackgroundNode):
    """Listens."""

    async def process_event(self, event: Event) -> None:
        """Put down what came by."""
        print(event.type)


async def setup(session: Session) -> None:
    """Build the line, and serve a call."""
    router = Router()
    for node in (router, Scheduler("scheduler"), Says("confirmer"), OutputNode("sales", step=Agent("seller")), Log("log")):
        session.add_node(node)
    session.add_node(Says("general"))
    session.add_edge(router, "log")
    for route in ("scheduler", "sales", "general"):
        session.add_edge(router, route, when=route)
    session.add_edge("scheduler", "confirmer")
    await session.start()
    await session.wait_until_complete()


config = RunConfig(model=FunctionModel(lambda request: "hello"))
