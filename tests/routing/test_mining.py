"""Mining: messages that bounced become candidate examples, with who answered in the end."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from switchroom import Agent, Decline, Message, RunConfig, Runner, Team, handoff, route
from switchroom.events import HandoffCommitted, ModelAnswered, RunEvent, TurnStarted
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
