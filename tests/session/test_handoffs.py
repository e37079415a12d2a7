"""Handoffs across the graph: addressed, committed by the answer, declined, refused when they go round, and taken back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from switchroom import Decline, Event, HandoffEvent, Node, OutputNode, Session
from switchroom.events import NodeDidNotHandOver, NodeHandedOver
from switchroom.session import SENTENCE, HandoffDeclinedEvent
from tests.helpers import facts_of
from tests.session.nodes import Handing, Router, Sayer, Silent, graph, started
from tests.virtual import in_no_time


class Told(Sayer):
    """Remembers the handoff with which the conversation came, and what was said before it speaks."""

    got: Any = None
    knew: list[str] = []

    async def process_event(self, event: Event) -> None:
        if isinstance(event, HandoffEvent):
            self.got = (event.source, event.reason, event.context)
        await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        self.knew = [message["content"] for message in self.context.messages]
        async for piece in super().generate_response():
            yield piece


async def test_the_target_answers_in_the_same_turn_and_keeps_the_conversation():
    closer = Told("closer")
    session = await started(Handing("greeter", "closer", budget=5), closer)
    first, second = await session.send("hello"), await session.send("and now?")
    assert (first.parts, first.answered_by) == (["One moment.", "closer here"], "closer")
    assert closer.got == ("greeter", "theirs", {"budget": 5})
    assert (second.text, session.active) == ("closer here", "closer")
    assert closer.knew == ["hello", "One moment.", "closer here", "and now?"]
    assert facts_of(NodeHandedOver, first.events) == [NodeHandedOver("greeter", "closer", "theirs", {"budget": 5})]


async def test_a_handoff_reaches_a_sibling_and_what_stands_before():
    session = Session()
    router, one, two = Router(), Handing("one", "two"), Sayer("two")
    for node in (router, one, two):
        session.add_node(node)
    session.add_edge(router, one, "one")
    session.add_edge(router, two, "two")
    await session.start()
    assert (await session.send("to one")).parts == ["One moment.", "two here"]

    class Passing(Sayer):
        async def process_event(self, event: Event) -> None:
            if isinstance(event, HandoffEvent):
                await super().process_event(event)
            else:
                await self.send_event(event)

    session = Session()
    before, after = Passing("before"), Handing("after", "before")
    for node in (before, after):
        session.add_node(node)
    session.add_edge(before, after)
    await session.start()
    assert (await session.send("hello")).parts == ["One moment.", "before here"]


async def test_a_silent_node_may_hand_over_without_a_word():
    class Choosing(Node):
        async def process_event(self, event: Event) -> None:
            await self.send_event(HandoffEvent(target="sales", reason="buys"))

    session = await started(Choosing("choosing"), Sayer("sales"))
    assert (await session.send("hello")).parts == ["sales here"]
    assert session.active == "sales"


async def test_the_first_of_two_handoffs_wins():
    session = await started(Handing("greeter", "one", "two"), Sayer("one"), Sayer("two"))
    reply = await session.send("hello")
    assert reply.answered_by == session.active == "one"
    assert facts_of(NodeDidNotHandOver, reply.events) == [NodeDidNotHandOver("greeter", "two", "it had handed over already")]


async def test_the_handoff_of_a_speaker_who_is_not_heard_is_dropped():
    session = await started(Node("entry"), Sayer("sales"), Handing("support", "closer"), Sayer("closer", after=0.01))
    reply = await session.send("hello")
    assert (reply.text, session.active) == ("sales here", None)


async def test_a_handoff_of_a_node_that_fails_is_dropped(caplog: pytest.LogCaptureFixture):
    class Failing(Handing):
        async def generate_response(self) -> AsyncIterator[str]:
            async for piece in super().generate_response():
                yield piece
            raise ValueError("secret")

    session = await started(Failing("greeter", "sales"), Sayer("sales"))
    reply = await session.send("hello")
    assert (reply.parts, session.active) == (["One moment.", SENTENCE], None)
    assert facts_of(NodeDidNotHandOver, reply.events) == [NodeDidNotHandOver("greeter", "sales", "the node failed")]


async def test_when_the_target_says_nothing_the_fallback_does_and_control_returns():
    session = await started(Handing("greeter", "mute"), Silent("mute"), fallback=Sayer("last"))
    reply = await session.send("hello")
    assert reply.parts == ["One moment.", "last here"]
    assert session.active is None


def test_a_target_that_takes_too_long_leaves_the_conversation_where_it_was():
    async def told() -> tuple[list[str], str | None]:
        session = graph(Handing("greeter", "slow"), Sayer("slow", after=100), deadline=10)
        await session.start()
        reply = await session.send("hello")
        active = session.active
        await session.stop()
        return reply.parts, active

    assert in_no_time(told()) == (["One moment.", SENTENCE], None)


async def test_a_circle_of_handoffs_without_anything_new_is_broken_to_the_fallback():
    session = await started(Handing("one", "two", says=""), Handing("two", "one", says=""), fallback=Sayer("last"))
    reply = await session.send("hello")
    assert (reply.text, session.active) == ("last here", None)
    refused = facts_of(NodeDidNotHandOver, reply.events)
    assert [(one.source, one.target) for one in refused] == [("one", "two")]


async def test_the_conversation_can_be_handed_back_on_a_later_turn():
    class Back(Handing):
        async def generate_response(self) -> AsyncIterator[str]:
            if "back" in self.context.messages[-1]["content"]:
                async for piece in super().generate_response():
                    yield piece
            else:
                yield "sales here"

    class Entry(Handing):
        async def generate_response(self) -> AsyncIterator[str]:
            if "buy" in self.context.messages[-1]["content"]:
                async for piece in super().generate_response():
                    yield piece
            else:
                yield "entry here"

    session = await started(Entry("entry", "sales"), Back("sales", "entry"))
    told = [(await session.send(text)).parts for text in ("buy", "more", "go back", "hm")]
    assert told == [["One moment.", "sales here"], ["sales here"], ["One moment.", "entry here"], ["entry here"]]


async def test_a_target_may_decline_and_the_asker_answers_knowing_why():
    class Closed(Sayer):
        async def accepts(self, event: Event) -> Decline | None:
            return Decline("closed today")

    class Asking(Handing):
        why = ""

        async def process_event(self, event: Event) -> None:
            if isinstance(event, HandoffDeclinedEvent):
                self.why = event.reason
            await super().process_event(event)

        async def generate_response(self) -> AsyncIterator[str]:
            if self.why:
                yield f"They are {self.why}."
            else:
                async for piece in super().generate_response():
                    yield piece

    session = await started(Asking("greeter", "sales"), Closed("sales"))
    reply = await session.send("hello")
    assert reply.parts == ["One moment.", "They are closed today."]
    assert session.active is None
    assert facts_of(NodeHandedOver, reply.events) == []


async def test_a_handoff_to_nobody_is_a_failure_that_names_who_is_there(caplog: pytest.LogCaptureFixture):
    session = await started(Handing("greeter", "scheduller"), Sayer("scheduler"))
    assert (await session.send("hello")).text == SENTENCE
    assert "Node 'greeter' hands over: the session has no node 'scheduller'; it has ['greeter', 'scheduler']." in caplog.text
    assert "Did you mean 'scheduler'?" in caplog.text


async def test_a_handoff_to_oneself_is_a_failure(caplog: pytest.LogCaptureFixture):
    session = await started(Handing("greeter", "greeter"))
    assert (await session.send("hello")).text == SENTENCE
    assert "hands over to itself" in caplog.text


async def test_any_event_of_the_type_of_handoffs_is_one_and_the_target_gets_the_senders_own_class():
    class Case(Event):
        type: str = "internal.handoff"
        target: str
        order: str

    class Sending(OutputNode):
        async def process_event(self, event: Event) -> None:
            await self.send_event(Case(target="sales", order="A-7"))

    class Taking(Sayer):
        order = ""

        async def process_event(self, event: Event) -> None:
            if isinstance(event, Case):
                self.order = event.order
            await super().process_event(event)

    sales = Taking("sales")
    session = await started(Sending("entry"), sales)
    assert (await session.send("hello")).answered_by == "sales"
    assert sales.order == "A-7"


async def test_what_json_cannot_hold_travels_in_a_handoff_and_is_told_by_its_text_on_record():
    closer = Told("closer")
    session = await started(Handing("greeter", "closer", line=asyncio.Queue, odd="\ud800"), closer)
    reply = await session.send("hello")
    assert closer.got[2]["line"] is asyncio.Queue
    [handed] = facts_of(NodeHandedOver, reply.events)
    assert handed.context == {"line": repr(asyncio.Queue), "odd": "'\\ud800'"}


async def test_handoffs_are_logged_with_where_they_went(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "switchroom.session"):
        session = await started(Handing("greeter", "closer"), Sayer("closer"), conversation="c-1")
        await session.send("hello")
    [record] = caplog.records
    about = vars(record)
    assert record.getMessage() == "greeter hands over to closer: theirs"
    assert (about["event_type"], about["route"], about["session_id"], about["turn"]) == ("internal.handoff", "closer", "c-1", 1)
