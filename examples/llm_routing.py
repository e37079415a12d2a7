"""A node asks a model whose a message is, and an edge for each label leads there: LLM-Based Routing.

Messages are parted by " / ": each is a turn of one conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from command import asked, command, say
from reading import spoken, stem, words
from switchroom import Agent, Event, Node, OutputNode, RunConfig, Session
from switchroom.model import ModelRequest

classifier = Agent(
    "classifier",
    "Classify what the person wants. Answer with one word: SALES (prices, demos), SUPPORT (faults, help), "
    "BILLING (invoices, refunds), or GENERAL for everything else.",
)
DESKS = (
    Agent("sales", "Answer questions on prices and demos."),
    Agent("support", "Help with what does not work."),
    Agent("billing", "Answer questions on invoices and refunds."),
)
general = Agent("general", "Help with what fits nobody else, and say what this desk is for.")

SIGNS = {
    "SALES": frozenset(words("price prices demo buy cost plan")),
    "SUPPORT": frozenset(words("broken help error crash crashes issue bug")),
    "BILLING": frozenset(words("invoice bill refund payment charged money")),
}


class SmartRouter(Node):
    """Routes by what a model says."""

    async def process_event(self, event: Event) -> None:
        """Ask for the label of a message; what no edge is for, the fallback answers."""
        content = getattr(event, "content", "")
        if content:
            label = str(await self.call(classifier, content))
            event.metadata["route"] = label.strip().strip(".").lower()
        await self.send_event(event)


def app(config: RunConfig | None = None) -> Session:
    """The router and the desks; the general agent answers where nobody else does."""
    session = Session(fallback=OutputNode(step=general), config=config)
    router = SmartRouter("router")
    session.add_node(router)
    for agent in DESKS:
        node = OutputNode(step=agent)
        session.add_node(node)
        session.add_edge(router, node, agent.name)
    return session


async def talk(texts: Sequence[str], config: RunConfig) -> None:
    """Each message, and who answered it."""
    async with app(config) as session:
        for text in texts:
            say(f"> {text}")
            reply = await session.send(text)
            say(f"{reply.answered_by}: {reply.text}")


def offline(request: ModelRequest) -> str:
    """The label most of whose words are in the message; and each desk's answer."""
    said = {stem(word) for word in spoken(request.messages[-1].text)}
    match request.agent:
        case "classifier":
            best = max(SIGNS, key=lambda label: len(SIGNS[label] & said))
            return f"{best}." if SIGNS[best] & said else "GENERAL."
        case "sales":
            return "A seat is $9 a month. Shall I show you a demo?"
        case "support":
            return "What do you see when it happens?"
        case "billing":
            return "Please tell me the invoice's number."
        case _:
            return "This desk is for prices, faults and invoices. What can we do for you?"


if __name__ == "__main__":
    text, model = asked(command(__doc__, "The app crashes / I want a refund / Do you like poems?"), offline)
    asyncio.run(talk(text.split(" / "), RunConfig(model=model)))
