"""A router node, three specialists, and one who takes the rest: the Router Pattern, with a Fallback Agent, and Monitoring.

Messages are parted by " / ": each is a turn of one conversation.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence

from command import asked, command, say
from switchroom import Agent, Event, Node, OutputNode, RunConfig, Session
from switchroom.model import ModelRequest
from switchroom.routing import KeywordRouter

ROUTES = KeywordRouter(
    {
        "sales": ["buy", "price", "prices", "demo", "seats"],
        "support": ["broken", "issue", "error", "crashes"],
        "billing": ["invoice", "payment", "bill", "charged"],
    }
)
PRICE = 9


class Router(Node):
    """Puts on each message whose it is, where its words say so; the rest is answered by who takes what nobody does."""

    async def process_event(self, event: Event) -> None:
        """Put the route on the message, and pass it on."""
        content = getattr(event, "content", "")
        route = ROUTES.decide(content).route if content else None
        if route is not None:
            event.metadata["route"] = route
        await self.send_event(event)


SPECIALISTS = (
    Agent("sales", "Answer questions on prices and demos."),
    Agent("support", "Help with what does not work."),
    Agent("billing", "Answer questions on invoices and payments."),
)
general = Agent("general", "Help with anything else: say what this desk is for, and offer a person.")


def app(config: RunConfig | None = None) -> Session:
    """The router, an edge to each specialist by its route, and the general agent where nobody else answers."""
    session = Session(conversation="line-1", fallback=OutputNode(step=general), config=config)
    router = Router("router")
    session.add_node(router)
    for agent in SPECIALISTS:
        node = OutputNode(step=agent)
        session.add_node(node)
        session.add_edge(router, node, agent.name)
    return session


class Monitor(logging.Handler):
    """Prints where messages went, from the records that a session logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the fields of a record that is about a route."""
        if (route := getattr(record, "route", "")) and (session := getattr(record, "session_id", "")):
            print(f"  [{session}] turn {getattr(record, 'turn', '?')} goes to {route}")


async def talk(texts: Sequence[str], config: RunConfig) -> None:
    """Each message, and its one answer."""
    async with app(config) as session:
        for text in texts:
            say(f"> {text}")
            reply = await session.send(text)
            say(f"{reply.answered_by}: {reply.text}")


def offline(request: ModelRequest) -> str:
    """Each specialist's answer by what the message holds."""
    text = request.messages[-1].text
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    match request.agent:
        case "sales":
            seats = max(numbers, default=1)
            return f"{seats} x ${PRICE} a month is ${seats * PRICE}."
        case "support":
            return "Which error does it show?" if not numbers else f"Error {numbers[0]} is new to us; a colleague looks at it."
        case "billing":
            return f"I look at invoice {numbers[0]}." if numbers else "Which invoice is it?"
        case _:
            return "This desk is for prices, faults and invoices. Shall a colleague call you?"


if __name__ == "__main__":
    text, model = asked(
        command(__doc__, "What is the price of 5 seats? / It is broken, error 17 / My bill? / Sing a song"), offline
    )
    log = logging.getLogger("switchroom.session")
    log.addHandler(Monitor())
    log.setLevel(logging.INFO)
    log.propagate = False
    asyncio.run(talk(text.split(" / "), RunConfig(model=model)))
