"""Golden conversations of sessions: routes, handoffs between nodes, fallbacks, interruptions, crashes and waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel

from switchroom import Agent, Decline, Event, HandoffEvent, Node, OutputNode, Session, ToolContext, sequential, tool
from switchroom.history import Summary
from switchroom.session import BackgroundNode, EndCallEvent, JoinedEvent, LogEvent, Reply
from switchroom.testing import call
from tests.golden.agents import careful, effects
from tests.golden.flows import triage
from tests.golden.scene import Line, Run
from tests.golden.world import World, newest


class Count(BaseModel):
    """How many messages a node saw."""

    seen: int = 0


class Router(Node):
    """Routes a message by its first word, which a model is asked for."""

    def __init__(self, world: World) -> None:
        super().__init__("router")
        self.state: Count = Count()
        self.classifier = Agent("classifier", model=world.model(lambda request: newest(request).split()[0]))

    async def process_event(self, event: Event) -> None:
        content = getattr(event, "content", "")
        if content:
            self.state.seen += 1
            event.metadata["route"] = await self.call(self.classifier, content)
        await self.send_event(event)


class Speaker(OutputNode):
    """Says who it is, and how often it was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.state: Count = Count()

    async def process_event(self, event: Event) -> None:
        if isinstance(event, JoinedEvent):
            await self.speak(f"Good day, caller {event.caller['number']}.")
        else:
            await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        self.state.seen += 1
        yield f"{self.name} here, "
        yield f"for the {self.state.seen}. time of caller {self.context.caller.get('number', '?')}."


class Greeter(OutputNode):
    """Hands over to whom the second word of the message names."""

    async def process_event(self, event: Event) -> None:
        if event.type == "internal.handoff_declined":
            await self.speak("They are closed.")
        else:
            await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        target = self.context.messages[-1]["content"].split()[1]
        await self.send_event(HandoffEvent(target=target, reason="theirs", context={"order": "A-17"}))
        yield "One moment."


class Closed(OutputNode):
    """Declines each handoff."""

    async def accepts(self, event: Event) -> Decline | None:
        return Decline("it is late")

    async def generate_response(self) -> AsyncIterator[str]:
        yield "never"


class Broken(OutputNode):
    """Fails until the world is mended."""

    def __init__(self, name: str, world: World) -> None:
        super().__init__(name)
        self.world = world

    async def generate_response(self) -> AsyncIterator[str]:
        self.world.breaks()
        yield "mended"


class Silent(OutputNode):
    """Says nothing."""

    async def generate_response(self) -> AsyncIterator[str]:
        return
        yield


class Closing(OutputNode):
    """Puts something on record, says good-bye, and ends the call."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(LogEvent(message="the caller leaves", data={"after": len(self.context.messages)}))
        await self.send_event(EndCallEvent(reason="said bye"))
        yield "Good-bye."


LATE_S = 0.02
"""Seconds after which the listener has heard a message."""


class Listener(BackgroundNode):
    """Counts messages, a little later than they are answered."""

    def __init__(self) -> None:
        super().__init__("listener")
        self.state: Count = Count()

    async def process_event(self, event: Event) -> None:
        await asyncio.sleep(LATE_S)
        self.state.seen += 1


class Teller(OutputNode):
    """Tells a story that never ends; answers anything else at once."""

    async def generate_response(self) -> AsyncIterator[str]:
        asked = self.context.messages[-1]["content"]
        if asked != "tell":
            yield f"You said {asked}"
            return
        for word in ("Once ", "upon ", "a time"):
            yield word
        await asyncio.Event().wait()


async def apologise(text: str) -> str:
    """Say that nobody answers."""
    return "Sorry, a colleague calls you back."


def clerk(world: World) -> Agent[str]:
    """An agent with tools."""
    rounds = [[call("note_order", order="A-17")], [call("charge", cents=5)]]
    return Agent("clerk", tools=effects(world), model=world.rounds(clerk=rounds))


def line(world: World, **options: Any) -> Session:
    """A session over a graph of many nodes."""
    session = Session(fallback=apologise, **options)
    router = Router(world)
    routes = {
        "sales": Speaker("sales"),
        "too": Speaker("second"),
        "transfer": Greeter("greeter"),
        "break": Broken("broken", world),
        "hush": Silent("silent"),
        "bye": Closing("closing"),
    }
    for node in (router, *routes.values(), Closed("closed"), OutputNode("billing", step=clerk(world)), Listener()):
        session.add_node(node)
    for route, node in routes.items():
        session.add_edge(router, node, route)
    session.add_edge(router, "second", "sales")
    session.add_edge("greeter", "closed")
    session.add_edge("greeter", "billing")
    session.add_edge(router, "sales", lambda event: isinstance(event, JoinedEvent))
    session.add_edge(router, "listener")
    session.add_edge(router, "sales", "And")
    return session


async def whole_day(session: Session) -> Reply:
    """Say what brings every node to speak, and end the call."""
    await session.join({"number": 7}, {"plan": "gold"})
    for text in ("sales please", "break it", "hush now", "transfer closed", "transfer billing", "and thanks"):
        await session.send(text)
        await asyncio.sleep(2 * LATE_S)
    return await session.speak("Are you still there?")


async def good_bye(session: Session) -> Reply:
    """End the call."""
    await session.send("sales please")
    reply = await session.send("bye")
    await asyncio.sleep(2 * LATE_S)
    return reply


def story(world: World, **options: Any) -> Session:
    """A session whose only node tells a story."""
    session = Session(**options)
    session.add_node(Teller("teller"))
    return session


async def cut_short(session: Session) -> Reply | None:
    """Interrupt an answer while it is given, and another when it is complete."""

    async def read() -> None:
        async with session.stream("tell") as events:
            async for event in events:
                if event.kind == "text_delta":
                    break

    await read()
    await session.send("and then?")
    await session.interrupt(heard=8)
    telling = asyncio.ensure_future(session.send("tell"))
    await asyncio.sleep(0.05)
    reply = await session.interrupt("wait", heard=4)
    await telling
    return reply


def slow(world: World, **options: Any) -> Session:
    """A session whose node takes too long, and which has no fallback of its own."""
    session = Session(deadline=0.2, **options)
    session.add_node(Teller("teller"))
    return session


def over_team(world: World, **options: Any) -> Session:
    """A session over a team."""
    return Session(triage(world), **options)


def over_summary(world: World, **options: Any) -> Session:
    """A session over an agent that sees a summary of what is old."""
    historian = Agent("historian", model=world.rounds(historian=["They spoke."]))
    return Session(Agent("clerk", model=world.rounds(), history=Summary(historian, over=40, keep=1)), **options)


def over_careful(world: World, **options: Any) -> Session:
    """A session over an agent whose tools a person approves."""
    return Session(careful(world), **options)


def money(world: World, **options: Any) -> Session:
    """A session that hands over to an agent whose tool a person approves."""

    @tool(effect="irreversible", needs_approval=True)
    async def refund(ctx: ToolContext[Any]) -> str:
        """Pay money back."""
        world.happens("refund", ctx.effect_key)
        return "refunded"

    agent = Agent("payer", tools=[refund], model=world.rounds(payer=[call("refund")]))
    session = Session(**options)
    session.add_node(Greeter("greeter"))
    session.add_node(OutputNode("billing", step=agent))
    session.add_edge("greeter", "billing")
    return session


def in_a_row(world: World) -> Any:
    """A session's graph as a step of a workflow."""
    session = Session()
    session.add_node(Speaker("sales"))
    return sequential(session.graph, lambda text: f"<{text}>")


def says(*texts: str) -> Any:
    """Say some texts, one after the other."""

    async def talk(session: Session) -> Reply | None:
        reply = None
        for text in texts:
            reply = await session.send(text)
        return reply

    return talk


FINISHED = (
    Line("line", line, whole_day),
    Line("line with its end", line, good_bye),
    Line("line cut short", story, cut_short),
    Line("line out of time", slow, says("tell")),
    Line("line over a team", over_team, says("hello", "and then?")),
    Line("line with a summary", over_summary, says("My parcel is late. " * 6, "It was sent on Monday. " * 6)),
    Run("graph in a row", in_a_row),
)
KILLED = (
    Line(
        "line killed in its router",
        line,
        says("sales please", "transfer billing"),
        "killed",
        ("before classifier answers 0#2",),
    ),
    Line("line killed in a model", line, says("transfer billing"), "killed", ("before clerk answers 1#1",)),
    Line("line killed in a repeatable tool", line, says("transfer billing"), "killed", ("after note_order#1",)),
    Line("line killed in a payment", line, says("transfer billing"), "killed", ("after charge#1",), {"charge": True}),
    Line("line killed before a payment", line, says("transfer billing"), "killed", ("before charge#1",), {"charge": False}),
    Line("line killed over a team", over_team, says("hello"), "killed", ("before billing answers 1#1",)),
)
WAITING = (
    Line("line waits for approval", money, says("please billing"), "waiting", answers={"refund": True}),
    Line("line waits over an agent", over_careful, says("hello"), "waiting", answers={"refund": False, "waive": True}),
    Line(
        "line waits with an unknown effect", line, says("transfer billing"), "waiting", ("after charge#1", ""), {"charge": True}
    ),
)
