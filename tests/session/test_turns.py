"""Turns: who is heard of those who would speak, what happens when nobody does, and what is held until it is decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from switchroom import Event, Node, OutputNode, RunConfig, Session, UserError
from switchroom.events import FallbackCalled, NodeFailed, SpeakerSilenced, TurnAnswered
from switchroom.session import SENTENCE, BackgroundNode, MessageEvent
from tests.helpers import facts_of, kinds
from tests.session.nodes import Router, Sayer, Silent, graph, started
from tests.virtual import in_no_time


async def test_a_router_puts_a_message_through_and_the_answer_says_who_gave_it():
    session = await started(Router(), Sayer("sales"), Sayer("support"))
    reply = await session.send("to support, please")
    assert (reply.text, reply.parts, reply.answered_by, reply.turn) == ("support here", ["support here"], "support", 1)
    assert [(message.role, message.content) for message in session.messages] == [
        ("user", "to support, please"),
        ("assistant", "support here"),
    ]


async def test_of_two_who_speak_the_first_by_the_order_of_edges_is_heard_and_the_other_is_on_record():
    session = await started(Node("entry"), Sayer("slow", after=0.01), Sayer("quick"))
    reply = await session.send("hello")
    assert reply.text == "slow here"
    assert facts_of(SpeakerSilenced, reply.events) == [SpeakerSilenced("quick", "slow")]


def test_text_is_held_until_those_before_have_passed():
    async def told() -> list[tuple[float, str]]:
        session = graph(Node("entry"), Silent("passing", after=2.0), Sayer("sales"))
        await session.start()
        loop = asyncio.get_running_loop()
        async with session.stream("hello") as events:
            heard = [(loop.time(), event.text) async for event in events if event.kind == "text_delta"]
        await session.stop()
        return heard

    assert in_no_time(told()) == [(2.0, "sales "), (2.0, "here")]


async def test_a_join_of_three_ways_answers_once():
    entry, ways, join = Node("entry"), [Node(name) for name in "abc"], Sayer("join")
    session = Session()
    for node in (entry, *ways, join):
        session.add_node(node)
    for way in ways:
        session.add_edge(entry, way)
        session.add_edge(way, join)
    await session.start()
    reply = await session.send("hello")
    assert reply.text == "join here"
    assert join.spoke == 1


async def test_nobody_is_left_without_an_answer_when_all_are_silent():
    session = await started(Node("entry"), Silent("sales"))
    reply = await session.send("hello")
    assert (reply.text, reply.answered_by, reply.fallback) == (SENTENCE, "fallback", True)
    assert facts_of(FallbackCalled, reply.events) == [FallbackCalled("silence")]
    assert session.messages[-1].text == SENTENCE


async def test_the_fallback_is_a_node_or_a_step():
    async def step(input: str, scope: Any) -> str:
        return f"step heard {input}"

    for fallback, text in ((Sayer("last"), "last here"), (step, "step heard hello")):
        session = Session(fallback=fallback)
        session.add_node(Silent("quiet"))
        await session.start()
        reply = await session.send("hello")
        assert (reply.text, reply.fallback) == (text, True)


async def test_a_fallback_that_fails_is_followed_by_a_sentence(caplog: pytest.LogCaptureFixture):
    session = Session(fallback=Sayer("last", raises=ValueError("secret")))
    session.add_node(Silent("quiet"))
    await session.start()
    reply = await session.send("hello")
    assert (reply.text, reply.answered_by) == (SENTENCE, "last")
    assert "secret" in caplog.text


async def test_a_node_that_fails_does_not_silence_the_others_and_its_exception_is_not_heard(caplog: pytest.LogCaptureFixture):
    session = await started(Node("entry"), Sayer("broken", raises=ValueError("secret")), Sayer("sales"))
    reply = await session.send("hello")
    assert reply.text == "sales here"
    assert facts_of(NodeFailed, reply.events) == [NodeFailed("broken", "ValueError", "secret")]
    assert "Node 'broken' failed: ValueError: secret" in caplog.text


async def test_who_fails_in_the_middle_is_followed_by_the_fallback_and_what_was_heard_stays():
    class Breaking(Sayer):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "As I was "
            raise ValueError("secret")

    session = Session(fallback=Sayer("last"))
    session.add_node(Breaking("sales"))
    await session.start()
    reply = await session.send("hello")
    assert reply.parts == ["As I was ", "last here"]
    assert reply.answered_by == "last"
    assert "secret" not in reply.text


def test_who_takes_too_long_is_followed_by_the_fallback_within_the_deadline():
    async def told() -> tuple[str, float]:
        session = Session(deadline=20, fallback=Sayer("last"))
        session.add_node(Sayer("slow", after=100))
        await session.start()
        reply = await session.send("hello")
        took = asyncio.get_running_loop().time()
        await session.stop()
        return reply.text, took

    text, took = in_no_time(told())
    assert text == "last here"
    assert took <= 20


def test_an_answer_that_is_complete_is_given_at_the_deadline_whatever_came_before_it():
    async def told() -> str:
        session = graph(Node("entry"), Silent("hanging", after=100), Sayer("sales"))
        await session.start()
        reply = await session.send("hello")
        await session.stop()
        return reply.text

    assert in_no_time(told()) == "sales here"


def test_messages_are_answered_in_the_order_in_which_they_are_sent():
    async def told() -> list[tuple[int, str]]:
        session = Session()
        session.add_node(Echo("echo"))
        await session.start()
        replies = await asyncio.gather(*(session.send(f"{5 - n}") for n in range(5)))
        await session.stop()
        return [(reply.turn, reply.text) for reply in replies]

    assert in_no_time(told()) == [(n + 1, f"{5 - n}") for n in range(5)]


class Echo(OutputNode):
    async def generate_response(self) -> AsyncIterator[str]:
        text = self.context.messages[-1]["content"]
        await asyncio.sleep(float(text))
        yield text


def test_a_node_that_only_listens_holds_up_nobody():
    class Slow(BackgroundNode):
        heard: str = ""

        async def process_event(self, event: Event) -> None:
            await asyncio.sleep(5)
            assert isinstance(event, MessageEvent)
            self.heard = event.content

    async def told() -> tuple[float, str, str]:
        listener = Slow("listener")
        session = graph(Node("entry"), listener, Sayer("sales"))
        await session.start()
        reply = await session.send("hello")
        at = asyncio.get_running_loop().time()
        await session.send("again")  # comes after what is still done for the one before
        heard = listener.heard
        await session.stop()
        return at, reply.text, heard

    assert in_no_time(told()) == (0.0, "sales here", "hello")


async def test_each_receiver_has_a_copy_with_metadata_of_its_own():
    class Marker(Node):
        async def process_event(self, event: Event) -> None:
            event.metadata["by"] = self.name
            await self.send_event(event)

    class Keeper(Node):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.got: list[Event] = []

        async def process_event(self, event: Event) -> None:
            self.got.append(event)

    keepers = [Keeper("one"), Keeper("two")]
    session = Session()
    entry, marks = Node("entry"), [Marker("a"), Marker("b")]
    for node in (entry, *marks, *keepers, last := Sayer("last")):
        session.add_node(node)
    for mark, keeper in zip(marks, keepers, strict=True):
        session.add_edge(entry, mark)
        session.add_edge(mark, keeper)
    session.add_edge(entry, last)
    await session.start()
    await session.send("hello", metadata={"channel": "phone"})
    [one], [two] = keepers[0].got, keepers[1].got
    assert (one.metadata, two.metadata) == ({"channel": "phone", "by": "a"}, {"channel": "phone", "by": "b"})
    assert (one.id, one.turn, one.source) == (two.id, 1, "a")


def routed_to_sales(event: Event) -> bool:
    return event.metadata.get("route") == "sales"


@pytest.mark.parametrize("when", ["sales", routed_to_sales])
async def test_an_edge_with_a_condition_lets_only_some_events_pass(when: str | Callable[[Event], bool]):
    session = Session()
    for node in (router := Router(), sales := Sayer("sales"), rest := Sayer("rest")):
        session.add_node(node)
    session.add_edge(router, sales, when)
    session.add_edge(router, rest, lambda event: event.metadata["route"] != "sales")
    await session.start()
    assert [(await session.send(text)).answered_by for text in ("to sales", "to rest")] == ["sales", "rest"]


async def test_a_condition_that_raises_is_a_failure_of_the_node_that_sends(caplog: pytest.LogCaptureFixture):
    session = Session()
    session.add_node(entry := Node("entry"))
    session.add_node(sales := Sayer("sales"))
    session.add_edge(entry, sales, lambda event: event.metadata["nothing"] == 1)
    await session.start()
    reply = await session.send("hello")
    assert reply.text == SENTENCE
    assert "Node 'entry' failed: KeyError" in caplog.text


async def test_what_a_speaker_says_several_times_is_parts_of_its_answer():
    class Talker(OutputNode):
        async def process_event(self, event: Event) -> None:
            await self.speak("One moment.")
            await super().process_event(event)
            await self.speak("Anything else?")

        async def generate_response(self) -> AsyncIterator[str]:
            yield "It is "
            yield "shipped."

    session = await started(Talker("talker"))
    reply = await session.send("where is it?")
    assert reply.text == "One moment.\nIt is shipped.\nAnything else?"
    [answer] = facts_of(TurnAnswered, reply.events)
    assert [part.speaker for part in answer.parts] == ["talker"] * 3


async def test_a_stream_shows_the_pieces_as_they_are_heard_and_has_the_reply_at_its_end():
    session = await started(Sayer("sales"))
    async with session.stream("hello") as events:
        told = [event async for event in events]
        assert events.reply.text == "".join(event.text for event in told if event.kind == "text_delta") == "sales here"
    assert {event.agent for event in told if event.kind == "text_delta"} == {"sales"}
    assert kinds(told)[0] == "turn_started"
    assert "turn_answered" in kinds(told)


async def test_listeners_of_the_config_hear_of_each_fact():
    told: list[str] = []
    session = graph(Sayer("sales"), config=RunConfig(listeners=(lambda event: told.append(event.kind),)))
    await session.start()
    await session.send("hello")
    await session.stop()
    assert told == ["turn_started", "step_started", "text_delta", "text_delta", "turn_answered", "step_returned"]


async def test_a_mute_session_keeps_what_is_said_and_says_nothing():
    session = await started(Sayer("sales"))
    session.mute()
    reply = await session.send("are you there?")
    assert (reply.text, reply.parts, reply.fallback) == ("", [], False)
    session.unmute()
    assert (await session.send("and now?")).text == "sales here"
    assert [message.text for message in session.messages] == ["are you there?", "and now?", "sales here"]


async def test_what_yields_no_text_is_a_fault_of_the_node_that_is_explained(caplog: pytest.LogCaptureFixture):
    class Wrong(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield 7  # pyright: ignore[reportReturnType]

    class Plain(OutputNode):
        def generate_response(self) -> Any:
            return "text"

    class Sync(Node):
        def process_event(self, event: Event) -> Any:
            return None

    for node, told in (
        (Wrong("wrong"), "it yields text"),
        (Plain("plain"), "no asynchronous generator"),
        (Sync("s"), "no coroutine"),
    ):
        session = graph(node, fallback=Sayer("last"))
        await session.start()
        assert (await session.send("hello")).text == "last here"
        assert told in caplog.text


async def test_text_that_no_encoding_holds_is_a_fault_and_the_person_has_an_answer(caplog: pytest.LogCaptureFixture):
    class Wrong(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "\ud800"

    session = await started(Wrong("wrong"))
    assert (await session.send("hello")).text == SENTENCE
    assert "no valid Unicode" in caplog.text


async def test_a_node_that_waits_for_its_own_sessions_answer_is_told_so(caplog: pytest.LogCaptureFixture):
    class Asking(OutputNode):
        session: Session

        async def process_event(self, event: Event) -> None:
            await self.session.send("me too")

    node = Asking("asking")
    session = graph(node)
    node.session = session
    await session.start()
    assert (await session.send("hello")).text == SENTENCE
    assert "waits for an answer of its own session" in caplog.text


async def test_routes_are_logged_with_where_they_were_taken(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "switchroom.session"):
        session = await started(Router(), Sayer("sales"), conversation="c-1")
        await session.send("to sales")
    [record] = caplog.records
    about = vars(record)
    assert record.getMessage() == "router routes to sales"
    assert (about["event_type"], about["route"], about["session_id"], about["turn"]) == ("user.message", "sales", "c-1", 1)
    assert len(about["trace_id"]) == 32


async def test_sending_what_is_no_event_says_what_to_send(caplog: pytest.LogCaptureFixture):
    class Wrong(Node):
        async def process_event(self, event: Event) -> None:
            await self.send_event("hello")  # pyright: ignore[reportArgumentType]

    session = graph(Wrong("wrong"), fallback=Sayer("last"))
    await session.start()
    await session.send("hello")
    assert "it sends an Event" in caplog.text


async def test_a_node_alone_can_be_looked_at_but_has_nowhere_to_send():
    node = Sayer("sales")
    assert (node.session_id, node.context.messages, repr(node)) == ("", [], "Sayer('sales')")
    with pytest.raises(UserError, match="is in no session"):
        await node.send_event(Event())
