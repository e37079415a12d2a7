"""An interview in phases, told of on a bus and remembered: Event-Driven Coordination, Conversation State, Agent Memory.

Answers are parted by " / ": each is a turn of one conversation.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from command import asked, command, say
from switchroom import Agent, AgentMemory, ConversationState, EventBus, OutputNode, RunConfig, Session
from switchroom.model import ModelRequest
from switchroom.session import AgentEvent

ASKED = {"objective": "What is the dashboard for?", "sources": "Where does the data come from?", "metrics": "What is counted?"}


class Phase(Enum):
    """How far the interview is."""

    OBJECTIVE = "objective"
    SOURCES = "sources"
    METRICS = "metrics"
    DONE = "done"


class Interview(ConversationState[Phase]):
    """What a dashboard needs."""

    required_fields: tuple[str, ...] = tuple(ASKED)


class Interviewer(OutputNode):
    """Takes an answer at a time, tells the others, and asks for what is missing."""

    def __init__(self, agent: Agent[Any], bus: EventBus) -> None:
        super().__init__("interviewer")
        self.agent = agent
        self.bus = bus
        self.state = Interview(session_id="interview")

    async def generate_response(self) -> AsyncIterator[str]:
        """Note the answer, and ask on."""
        field = self.state.missing[0] if self.state.missing else ""
        answer = str(self.context.messages[-1]["content"])
        if field:
            phases = list(Phase)
            self.state.update(phases[phases.index(Phase(field)) + 1], {field: answer})
            await self.bus.publish(AgentEvent("requirement.gathered", data={field: answer}, source_agent=self.name))
        missing = self.state.missing
        yield str(await self.call(self.agent, ASKED[missing[0]] if missing else "complete"))


def app(bus: EventBus | None = None, config: RunConfig | None = None) -> Session:
    """The interviewer alone on the line."""
    session = Session(config=config)
    agent = Agent("asking", "Put the question kindly; if nothing is missing, thank the person.")
    session.add_node(Interviewer(agent, bus or EventBus()))
    return session


async def talk(answers: Sequence[str], config: RunConfig, db: str) -> None:
    """The interview, what was told on the bus, and what is remembered of it."""
    bus, memory = EventBus(), AgentMemory("planner", db)

    async def plan(event: AgentEvent) -> None:
        for field, value in event.data.items():
            await memory.remember(field, value)

    async def announce(event: AgentEvent) -> None:
        say(f"  [{event.source_agent} tells: {', '.join(event.data)}]")

    bus.subscribe("requirement.*", plan)
    bus.subscribe("requirement.gathered", announce)
    async with app(bus, config) as session:
        for answer in answers:
            say(f"> {answer}")
            reply = await session.send(answer)
            say(reply.text)
        state: Interview = session.graph.nodes["interviewer"].state
    say(f"phase {state.phase.value}, complete: {state.is_complete()}")
    for field, value in (await AgentMemory("planner", db).items()).items():
        say(f"remembered {field}: {value}")


def offline(request: ModelRequest) -> str:
    """The question as it stands, or thanks."""
    question = request.messages[-1].text
    return "Thank you, that is all." if question == "complete" else question


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Sales by month / The orders' database / Revenue"), offline)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(talk(text.split(" / "), RunConfig(model=model), f"sqlite:///{Path(folder) / 'memory.db'}"))
