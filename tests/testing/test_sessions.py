"""A session's record is played as any other: no model is asked, and the first thing that goes another way is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from switchroom import Agent, Event, HandoffEvent, Message, Node, OutputNode, Session, UserError
from switchroom.digest import digest
from switchroom.errors import Diverged
from switchroom.events import ModelAnswered
from switchroom.journals import MemoryJournal
from switchroom.roster import roster_of
from switchroom.session import EndCallEvent
from switchroom.testing import Cassette, FunctionModel
from tests.laws.test_streams import told


class Router(Node):
    """Puts messages through by their first word."""

    async def process_event(self, event: Event) -> None:
        content = getattr(event, "content", None)
        if content is not None:
            event.metadata["route"] = content.split()[0]
        await self.send_event(event)


class Desk(OutputNode):
    """Hands over to the agent."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target="agent", reason="theirs", context={"order": "A-17"}))
        yield "One moment."


class Door(OutputNode):
    """Says good-bye, and ends the call."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(EndCallEvent(reason="said bye"))
        yield "Good-bye."


def unasked(request: Any) -> str:
    raise AssertionError(f"a play asked {request.agent}'s model")


def helping(request: Any) -> str:
    return "How can I help?"


def built(model: Any, journal: MemoryJournal | None = None, routes: str = "desk agent door") -> Session:
    session = Session(conversation="c-1", journal=journal)
    session.add_node(Router("router"))
    agent = Agent("helper", "Help.", model=FunctionModel(model))
    nodes = (Desk("desk"), OutputNode("agent", step=agent), Door("door"))
    for node, route in zip(nodes, routes.split(), strict=True):
        session.add_node(node)
        session.add_edge("router", node, route)
    return session


async def recorded(*messages: str, heard: int | None = None) -> Cassette:
    journal = MemoryJournal()
    session = built(helping, journal)
    async with session:
        await session.join({"name": "Ann"}, greeting="Hello.")
        for message in messages:
            await session.send(message)
        if heard is not None:
            await session.interrupt(heard=heard)
    return Cassette.from_journal(journal, "c-1")


async def test_a_session_is_played_turn_by_turn_without_its_models():
    cassette = await recorded("agent please", "desk please", "and more")
    played = await cassette.play(built(unasked))
    assert [turn.final_output for turn in played.turns] == [
        "Hello.",
        "How can I help?",
        "One moment.\nHow can I help?",
        "How can I help?",
    ]
    assert told(list(played.events)) == told(list(cassette.events))


async def test_a_call_that_was_ended_is_played_to_its_end():
    cassette = await recorded("door please")
    played = await cassette.play(built(unasked).graph)
    assert [event.kind for event in played.events][-4:] == ["event_routed", "call_ended", "turn_answered", "step_returned"]


async def test_a_graph_that_routes_otherwise_by_now_goes_another_way_than_the_record():
    cassette = await recorded("desk please")
    with pytest.raises(Diverged, match="The code goes another way than the record"):
        await cassette.play(built(unasked, routes="door agent desk"))


async def test_a_session_that_was_interrupted_cannot_be_played_and_says_so():
    cassette = await recorded("agent please", heard=3)
    with pytest.raises(UserError, match="A person interrupted the session at entry"):
        await cassette.play(built(unasked))


async def test_a_record_of_an_earlier_version_whose_digests_cover_all_messages_is_played():
    journal = MemoryJournal()
    agent = Agent("helper", "Help.", model=FunctionModel(helping))
    async with Session(agent, conversation="c-1", journal=journal) as session:
        for message in ("hello", "where is it?"):
            await session.send(message)
    events = Cassette.from_journal(journal, "c-1").events

    def earlier(*said: tuple[Literal["user", "assistant"], str]) -> Cassette:
        """The record, whose last digest covers these messages."""
        messages = [Message(role, text, agent="helper" if role == "assistant" else "") for role, text in said]
        last = next(event for event in reversed(events) if isinstance(event.fact, ModelAnswered))
        described = roster_of(agent)["helper"].described
        fact = replace(last.fact, digest=digest((described, "Help.", messages)))
        return Cassette("c-1", tuple(replace(last, fact=fact) if event is last else event for event in events))

    then: tuple[tuple[Literal["user", "assistant"], str], ...] = (("assistant", "How can I help?"), ("user", "where is it?"))
    played = await earlier(("user", "hello"), *then).play(Session(agent, conversation="c-1"))
    assert [turn.final_output for turn in played.turns] == ["How can I help?"] * 2
    with pytest.raises(Diverged):
        await earlier(("user", "good morning"), *then).play(Session(agent, conversation="c-1"))
