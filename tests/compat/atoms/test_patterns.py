"""The documents' node graphs, with the imports changed: what a person hears, on every turn, in both generations of names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from io import StringIO
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Session, UserError, set_default_model
from switchroom.compat.atoms import AgentSession, AtomsApp, CrewSession, OpenAIClient
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from tests.compat.atoms.patterns import agents, crews
from tests.helpers import soon

Heard = list[tuple[str, str]]


@pytest.fixture(params=[agents, crews], ids=["agents", "crews"])
def pattern(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The documents' module; what it leaves out, which is what its agents say, is supplied."""
    module: Any = request.param

    class Billing(module.SalesAgent):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.name = "billing-agent"

        async def process_event(self, event: Any) -> None:
            event.metadata["route"] = {"billing": "sales", "sales": "billing"}.get(event.metadata.get("route"), "")
            await super().process_event(event)  # pyright: ignore[reportUnknownMemberType]

    for name in ("SalesAgent", "SupportAgent", "SchedulerAgent", "FallbackAgent"):
        monkeypatch.setattr(getattr(module, name), "generate_response", speaking)
    monkeypatch.setattr(Billing, "generate_response", speaking)
    monkeypatch.setattr(module, "BillingAgent", Billing, raising=False)
    return module


async def speaking(self: Any) -> AsyncIterator[str]:
    """Says who it is, and what it was told last."""
    told = getattr(self, "handoff_context", None)
    yield f"{self.name}: " + (f"hello {told['user_name']}" if told else self.context.messages[-1]["content"])


async def heard(session: Session, *messages: str) -> Heard:
    """What a person hears of each answer: who, and what."""
    replies = [await soon(session.send(message)) for message in messages]
    return [(reply.answered_by, reply.text) for reply in replies]


async def over(nodes: Sequence[Any], *messages: str) -> tuple[Session, Heard]:
    """What is heard over a graph of a node and those that it leads to."""
    session = Session()
    for node in nodes:
        session.add_node(node)
    for node in nodes[1:]:
        session.add_edge(nodes[0], node)
    await session.start()
    return session, await heard(session, *messages)


def test_the_sessions_of_both_generations_are_ours():
    assert AgentSession is CrewSession is Session


async def test_the_router_puts_each_message_through_to_one_agent(pattern: Any):
    session = Session()
    setting_up = asyncio.ensure_future(pattern.setup(session))
    told = await heard(session, "I want to buy a demo", "it is broken", "an invoice came", "so what", "the price again")
    assert told == snapshot(
        [
            ("sales-agent", "sales-agent: I want to buy a demo"),
            ("support-agent", "support-agent: it is broken"),
            ("billing-agent", "billing-agent: an invoice came"),
            ("support-agent", "support-agent: so what"),
            ("sales-agent", "sales-agent: the price again"),
        ]
    )
    assert not setting_up.done()
    await session.stop()
    await soon(setting_up)


async def test_a_handoff_is_answered_once_by_its_target_in_the_same_turn(pattern: Any):
    greeter, scheduler = pattern.GreeterAgent(name="greeter"), pattern.SchedulerAgent(name="scheduler")
    greeter.user_name = "Ann"
    session, told = await over([greeter, scheduler], "hi", "I need an appointment", "on Monday")
    assert told == snapshot(
        [
            ("greeter", "Hello! How can I help you today?"),
            ("scheduler", "Let me transfer you to our scheduling assistant.\nscheduler: hello Ann"),
            ("scheduler", "scheduler: hello Ann"),
        ]
    )
    assert session.active == "scheduler"
    assert scheduler.handoff_context == {"user_name": "Ann"}


async def test_the_prequalifier_collects_and_then_connects_the_closer(pattern: Any, monkeypatch: pytest.MonkeyPatch):
    asked: Iterator[str] = iter(["name", "company", "budget", "timeline"])

    class Prequal(pattern.PrequalAgent):
        waiting_for = ""

        def _qualification_complete(self) -> bool:
            if self.waiting_for:
                self.collected_data[self.waiting_for] = self.context.messages[-1]["content"]
            return len(self.collected_data) == 4

        def _next_question(self) -> str:
            self.waiting_for = next(asked)
            return f"What is your {self.waiting_for}?"

    class Closer(pattern.SchedulerAgent):
        got: Any = None

        async def process_event(self, event: Any) -> None:
            if event.type == "internal.handoff":
                assert isinstance(event, pattern.HandoffEvent)
                self.got = event.context
            await super().process_event(event)  # pyright: ignore[reportUnknownMemberType]

        async def generate_response(self) -> AsyncIterator[str]:
            yield f"Hello {self.got['lead_name']} of {self.got['company']}, for {self.got['budget']} by {self.got['timeline']}."

    closer = Closer(name="closer")
    _, told = await over([Prequal(), closer], "hi", "Ann", "Acme", "$5", "June", "and now?")
    assert [by for by, _ in told] == ["prequal-agent"] * 4 + ["closer"] * 2
    assert told[4][1] == "Great! Let me connect you with our sales team.\nHello Ann of Acme, for $5 by June."


async def test_a_model_routes_and_is_asked_once_for_each_message(pattern: Any):
    asked: list[str] = []

    def model(request: ModelRequest) -> str:
        assert request.agent == "smart-router"
        assert "Classify the user intent" in request.messages[0].text
        asked.append(request.messages[-1].text)
        return " Sales\n" if "price" in asked[-1] else "GENERAL" if "weather" in asked[-1] else "support"

    set_default_model(FunctionModel(model))
    try:
        nodes = [pattern.SmartRouterNode(), pattern.SalesAgent(), pattern.SupportAgent(), pattern.FallbackAgent(name="general")]
        _, told = await over(nodes, "what price?", "it hurts", "nice weather")
    finally:
        set_default_model(None)
    assert [by for by, _ in told] == ["sales-agent", "support-agent", "general"]
    assert asked == ["what price?", "it hurts", "nice weather"]


async def test_the_fallback_agent_takes_what_nobody_claims(pattern: Any):
    nodes = [pattern.FallbackAgent(name="fallback-agent")]
    _, told = await over(nodes, "anything")
    assert told == [("fallback-agent", "fallback-agent: anything")]


async def test_the_logging_router_says_which_event_goes_where_in_which_session(pattern: Any, caplog: pytest.LogCaptureFixture):
    class Router(pattern.LoggingRouterNode):
        def _determine_route(self, event: Any) -> str:
            return "sales" if "buy" in event.content else "support"

    with caplog.at_level(logging.INFO):
        session, told = await over([Router(name="router"), pattern.SalesAgent(), pattern.SupportAgent()], "buy", "help")
    assert [by for by, _ in told] == ["sales-agent", "support-agent"]
    theirs = [record for record in caplog.records if record.name == "patterns"]
    ours = [record for record in caplog.records if record.name == "switchroom.session"]
    for records in (theirs, ours):
        about = [vars(record) for record in records]
        assert [(one["event_type"], one["route"], one["session_id"]) for one in about] == [
            ("user.message", "sales", session.session_id),
            ("user.message", "support", session.session_id),
        ]
    assert [vars(record)["turn"] for record in ours] == [1, 2]
    assert len({vars(record)["trace_id"] for record in ours}) == 2


def test_an_application_talks_in_the_terminal(pattern: Any):
    said = StringIO()
    AtomsApp(setup_handler=pattern.setup).run(source=StringIO("buy it\n\nhelp me\n"), sink=said)
    assert said.getvalue() == "sales-agent: buy it\nsupport-agent: help me\n"


def test_an_application_that_cannot_be_set_up_says_why():
    async def setup(session: Session) -> None:
        raise UserError("no agents today")

    with pytest.raises(UserError, match="no agents today"):
        AtomsApp(setup_handler=setup).run(source=StringIO("hello\n"), sink=StringIO())


async def test_a_client_asks_outside_of_any_node_and_in_pieces():
    set_default_model(FunctionModel(lambda request: f"heard {request.messages[-1].text}"))
    try:
        client = OpenAIClient(model="gpt-4o-mini", temperature=0)
        whole = await client.chat([{"role": "user", "content": "hi"}])
        pieces = [piece.content async for piece in await client.chat([{"role": "user", "content": "ho"}], stream=True)]
    finally:
        set_default_model(None)
    assert (whole.content, whole.usage.requests, "".join(pieces)) == ("heard hi", 1, "heard ho")
