"""A greeter, a scheduler and a confirmer who hand over with what they learned: the Handoff Pattern, with Shared Context.

Messages are parted by " / ": each is a turn of one conversation.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from command import asked, command, say
from switchroom import Agent, Event, HandoffEvent, OutputNode, RunConfig, Session
from switchroom.model import ModelRequest

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


class Appointment(BaseModel):
    """What is known of an appointment so far."""

    day: str = ""
    hour: str = ""


def said(node: OutputNode) -> str:
    """What the person said last."""
    return str(node.context.messages[-1]["content"])


def read(text: str, before: Appointment) -> Appointment:
    """The appointment, with what a text adds to it."""
    day = next((day for day in DAYS if day.casefold() in text.casefold()), before.day)
    hour = re.search(r"\bat (\d{1,2})\b|\b(\d{1,2})(?::00| o'clock)", text, re.IGNORECASE)
    return Appointment(day=day, hour=(hour.group(1) or hour.group(2)) if hour else before.hour)


class Greeter(OutputNode):
    """Greets, and puts through who wants an appointment."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Answer, or hand over."""
        if "appointment" in said(self).casefold():
            known = read(said(self), Appointment())
            await self.send_event(HandoffEvent(target="scheduler", reason="wants an appointment", context=known.model_dump()))
            yield "One moment, I put you through."
        else:
            yield "Hello! I can give you an appointment."


class Taking(OutputNode):
    """Takes over with what came along."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.state = Appointment()

    async def process_event(self, event: Event) -> None:
        """Note what a handoff brings, then answer."""
        if isinstance(event, HandoffEvent) and event.target == self.name:
            self.state = Appointment.model_validate(event.context)
        await super().process_event(event)


class Scheduler(Taking):
    """Asks for what is missing, and puts through when nothing is."""

    async def generate_response(self) -> AsyncIterator[str]:
        """Ask, or hand over."""
        self.state = read(said(self), self.state)
        match self.state:
            case Appointment(day=""):
                yield "Which day suits you?"
            case Appointment(hour=""):
                yield f"And when on {self.state.day}?"
            case known:
                await self.send_event(HandoffEvent(target="confirmer", reason="complete", context=known.model_dump()))


class Confirmer(Taking):
    """Says it again, in its agent's words."""

    def __init__(self, agent: Agent[Any]) -> None:
        super().__init__("confirmer")
        self.agent = agent

    async def generate_response(self) -> AsyncIterator[str]:
        """Confirm."""
        yield str(await self.call(self.agent, f"{self.state.day} at {self.state.hour}"))


def app(config: RunConfig | None = None) -> Session:
    """The three in a row; a handoff finds its target wherever it stands."""
    session = Session(config=config)
    nodes = (
        Greeter("greeter"),
        Scheduler("scheduler"),
        Confirmer(Agent("confirming", "Confirm the appointment in a sentence.")),
    )
    for node in nodes:
        session.add_node(node)
    for one, other in pairwise(nodes):
        session.add_edge(one, other)
    return session


async def talk(texts: Sequence[str], config: RunConfig) -> None:
    """Each message, and its answer in the parts that were heard."""
    async with app(config) as session:
        for text in texts:
            say(f"> {text}")
            reply = await session.send(text)
            for part in reply.parts:
                say(f"  {part}")
            say(f"  [{session.active or 'greeter'} has the conversation]")


def offline(request: ModelRequest) -> str:
    """The confirmation."""
    return f"See you on {request.messages[-1].text} o'clock."


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Hi / I need an appointment / On Tuesday / At 10, please"), offline)
    asyncio.run(talk(text.split(" / "), RunConfig(model=model)))
