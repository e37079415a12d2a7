"""Mining: messages that bounced become candidate examples, with who answered in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

from switchroom import (
    Agent,
    Decline,
    Event,
    HandoffEvent,
    Message,
    Node,
    OutputNode,
    RunConfig,
    Runner,
    Session,
    Team,
    handoff,
    route,
)
from switchroom.events import (
    CircleBroken,
    Fact,
    HandoffCommitted,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    RunEvent,
    TurnStarted,
)
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.routing import KeywordRouter
from switchroom.routing.mining import Bounced, bounced
from switchroom.testing import FunctionModel, call


def passing(*hops: str) -> list[RunEvent]:
    """A turn in which a conversation was handed along some agents, the last of whom answered."""
    facts = [
        TurnStarted(1, 1, "desk", (Message("user", "my parcel is late"),)),
        *(HandoffCommitted(0, one, other, "") for one, other in pairwise(hops)),
        ModelAnswered(hops[-1], Message("assistant", "It is on its way.")),
    ]
    return [RunEvent("turn#1/desk#0", fact, seq) for seq, fact in enumerate(facts, start=1)]


def test_a_message_that_was_handed_on_at_once_belongs_to_who_answered():
    assert list(bounced(passing("desk", "billing", "orders"))) == [
        Bounced("my parcel is late", "orders", "billing", "handed on", 1)
    ]


def test_a_message_that_was_handed_over_once_did_not_bounce():
    assert list(bounced(passing("desk", "billing"))) == []


def test_a_declined_handoff_is_found_in_a_journal():
    def answer(request: ModelRequest) -> object:
        last = request.messages[-1]
        if request.agent == "desk":
            return call("transfer_to_orders") if "declined" in last.text or last.role == "tool" else call("transfer_to_billing")
        return f"{request.agent} here"

    model = FunctionModel(answer)  # pyright: ignore[reportArgumentType]
    billing, orders = Agent("billing", model=model), Agent("orders", model=model)
    full = handoff(billing, accepts=lambda ctx, brief: Decline("not a charge"))
    team = Team([Agent("desk", model=model, handoffs=[full, orders]), billing, orders])
    journal = MemoryJournal()
    asyncio.run(Runner.run(team, "my parcel is late", conversation="c", config=RunConfig(journal=journal)))
    assert list(bounced(journal.read("c"))) == [Bounced("my parcel is late", "orders", "billing", "declined", 1)]


def test_a_message_that_a_router_left_open_belongs_to_who_took_it():
    app = route(KeywordRouter({"sales": ["price"], "support": ["broken"]}), {"sales": str, "support": str}, fallback=general)
    journal = MemoryJournal()
    asyncio.run(Runner.run(app, "what does it cost?", conversation="c", config=RunConfig(journal=journal)))
    (found,) = bounced(journal.read("c"))
    assert (found.text, found.route, found.why) == ("what does it cost?", "fallback", "left open")


async def general(text: str) -> str:
    return "Let me see."


def turn(*facts: Fact) -> list[RunEvent]:
    """A turn that began with a question about an invoice."""
    began = TurnStarted(1, 1, "desk", (Message("user", "why was I charged?"),))
    return [RunEvent("turn#1/desk#0", fact, seq) for seq, fact in enumerate((began, *facts), start=1)]


def said(agent: str) -> ModelAnswered:
    return ModelAnswered(agent, Message("assistant", "Let me see."))


def test_who_gave_a_message_back_should_not_have_had_it():
    events = turn(HandoffCommitted(0, "desk", "orders", ""), HandoffReturned(0, "orders", "desk", "not mine"), said("desk"))
    assert list(bounced(events)) == [Bounced("why was I charged?", "desk", "orders", "handed back", 1)]


def test_who_did_not_answer_in_time_lost_the_message_to_who_did():
    events = turn(HandoffCommitted(0, "desk", "orders", ""), HandoffExpired("desk", "orders"), said("desk"))
    assert list(bounced(events)) == [Bounced("why was I charged?", "desk", "orders", "expired", 1)]


def test_a_message_that_went_in_a_circle_belongs_to_who_broke_it():
    events = turn(CircleBroken(0, "orders", "billing", "general"), said("general"))
    assert list(bounced(events)) == [Bounced("why was I charged?", "general", "billing", "circle", 1)]


async def test_a_message_that_a_node_handed_on_is_found_in_the_journal_of_a_session():
    class Hall(Node):
        async def process_event(self, event: Event) -> None:
            event.metadata["route"] = "orders"
            await self.send_event(event)

    class Orders(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            await self.send_event(HandoffEvent(target="billing", reason="it is about money"))
            yield "One moment."

    class Billing(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "I look at it."

    journal = MemoryJournal()
    session = Session(conversation="c", journal=journal)
    for node in (Hall("hall"), Orders("orders"), Billing("billing")):
        session.add_node(node)
    session.add_edge("hall", "orders", "orders")
    session.add_edge("hall", "billing", "billing")
    async with session:
        await session.send("why was I charged?")
    assert list(bounced(journal.read("c"))) == [Bounced("why was I charged?", "billing", "orders", "handed on", 1)]
