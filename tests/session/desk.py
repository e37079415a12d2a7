"""The session that is killed: a router that asks a model, a speaker that hands over, an agent with tools, nodes with states.

What happens outside of the journal is a line in a file, so that it can be counted after the process is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, Session, ToolContext, tool
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.testing import FunctionModel
from tests.kill.desk import DeadlyJournal, World

CONVERSATION = "kill"
QUESTION = "I was charged twice."
LATER = "Thank you."

world = World(Path(), {})


class Count(BaseModel):
    """How many turns a node saw."""

    turns: int = 0


class Router(Node):
    """Asks a model where a message belongs."""

    def __init__(self) -> None:
        super().__init__("router")
        self.state: Count = Count()

    async def process_event(self, event: Event) -> None:
        self.state.turns += 1
        event.metadata["route"] = await self.call(classifier, getattr(event, "content", ""))
        await self.send_event(event)


class Greeter(OutputNode):
    """Hands charges over to billing, with a word."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target="billing", reason="charges", context={"order": "A-7"}))
        yield "One moment."


@tool(effect="idempotent")
async def note_case(ctx: ToolContext[Any]) -> str:
    """Note the case."""
    world.does("note_case", ctx.effect_key)
    return "noted"


@tool(effect="irreversible")
async def refund(ctx: ToolContext[Any]) -> str:
    """Pay the money back."""
    world.does("refund", ctx.effect_key)
    return "refunded"


def answers(request: ModelRequest) -> Reply:
    """The next answer of whoever is asked, by what it reads."""
    done = [message.text for message in request.messages if message.role == "tool"]
    newest = request.messages[-1]
    world.write("asked", f"{request.agent}:{len(request.messages)}")
    if request.agent == "classifier":
        return "charges"
    if newest.role == "user":
        return f"You are welcome, after {len(done)} things."
    return [call("note_case"), call("refund")] if "puts the conversation" in newest.text else f"Done: {', '.join(done)}."


model = FunctionModel(answers)
classifier = Agent("classifier", model=model)
clerk = Agent("clerk", model=model, tools=[note_case, refund])


def session(folder: Path, death: Mapping[str, Any]) -> Session:
    """The session, as each process makes it."""
    made = Session(conversation=CONVERSATION, journal=DeadlyJournal(folder / "journal.db", death))
    router, greeter, billing = Router(), Greeter("greeter"), OutputNode("billing", step=clerk)
    for node in (router, greeter, billing):
        made.add_node(node)
    made.add_edge(router, greeter)
    made.add_edge(greeter, billing)
    return made


def live(folder: Path, said: str | None, given: Mapping[str, Any], death: Mapping[str, Any]) -> dict[str, Any]:
    """One process: it answers what was left unanswered, and then what is said now."""
    global world
    world = World(folder, death)

    async def run() -> dict[str, Any]:
        talk = session(folder, death)
        resumed = await talk.start()
        waiting = resumed.waiting if resumed is not None else ()
        if waiting:  # a refund of which a crash left it unknown whether it happened
            resumed = await talk.answer({one.id: f"refund {effect_key(one.id)}" in world.lines("effects") for one in waiting})
        if said is not None and all(message.text != said for message in talk.messages):
            resumed = await talk.send(said)
        told = {
            "messages": [(message.role, message.agent, message.text) for message in talk.messages],
            "active": talk.active,
            "answer": None if resumed is None else resumed.text,
            "states": talk.graph.states(),
        }
        await talk.stop()
        return told

    return asyncio.run(run())


def effect_key(id: str) -> str:
    """The key of a call's effect, from the id of the question about it."""
    return f"{CONVERSATION}:{id.rpartition('@')[0]}"
