"""What hostile or careless nodes do to a session: each message still has its one answer, and the log says what was wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, Session, UserError, tool
from switchroom.errors import ConversationWaiting
from switchroom.journals import MemoryJournal
from switchroom.session import SENTENCE, BackgroundNode
from switchroom.testing import FunctionModel, call
from tests.session.nodes import Handing, Router, Sayer, graph, started
from tests.virtual import in_no_time

UNSPEAKABLE = "\ud800"
"""Text that no encoding holds."""


class Endless(OutputNode):
    """Says a word without end, and never awaits anything."""

    async def generate_response(self) -> AsyncIterator[str]:
        while True:
            yield "word "


async def test_a_speaker_without_end_that_awaits_nothing_is_stopped_at_the_deadline():
    session = await started(Endless("endless"), deadline=0.2)
    reply = await session.send("go")
    assert reply.fallback
    assert reply.parts[-1] == SENTENCE
    await session.stop()


async def test_a_speaker_of_very_many_parts_lets_others_have_their_turn():
    class Chatty(OutputNode):
        async def process_event(self, event: Event) -> None:
            for _ in range(20_000):
                await self.speak("x")

    session = await started(Chatty())
    other = await started(Sayer("other"))
    chatting = asyncio.ensure_future(session.send("go"))
    await asyncio.sleep(0)
    await other.send("hello")
    assert not chatting.done()
    assert len((await chatting).parts) == 20_000


async def test_a_handoff_to_a_router_routes_the_message_anew():
    class Moody(Node):
        away = False

        async def process_event(self, event: Event) -> None:
            self.away = self.away or isinstance(event, HandoffEvent)
            event.metadata["route"] = "sales" if self.away else "desk"
            await self.send_event(event)

    session = Session()
    for node in (Moody("router"), Handing("desk", "router", says="Not mine."), Sayer("sales")):
        session.add_node(node)
    session.add_edge("router", "desk", "desk")
    session.add_edge("router", "sales", "sales")
    await session.start()
    reply = await session.send("hello")
    assert (reply.parts, reply.answered_by, session.active) == (["Not mine.", "sales here"], "sales", "router")
    assert [message.text for message in session.messages] == ["hello", "Not mine.", "sales here"]


async def test_a_target_that_only_stores_the_handoff_is_given_the_message_then():
    class Storing(OutputNode):
        order = "?"

        async def process_event(self, event: Event) -> None:
            if isinstance(event, HandoffEvent):
                self.order = event.context["order"]
            else:
                await super().process_event(event)

        async def generate_response(self) -> AsyncIterator[str]:
            yield f"order {self.order}"

    session = await started(Handing("desk", "storing", order="A-17"), Storing("storing"))
    assert (await session.send("hello")).parts == ["One moment.", "order A-17"]


async def test_a_handoff_to_who_only_listens_says_so(caplog: pytest.LogCaptureFixture):
    session = await started(Handing("desk", "ear"), BackgroundNode("ear"))
    assert (await session.send("hello")).fallback
    assert "Node 'desk' hands over to 'ear', which only listens. Name a node that speaks." in caplog.text


async def test_what_a_node_raises_that_is_no_exception_is_a_failure_all_the_same(caplog: pytest.LogCaptureFixture):
    class Abort(BaseException):
        pass

    class Aborting(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            raise Abort
            yield

    session = await started(Aborting("aborting"))
    assert (await session.send("hello")).text == SENTENCE
    assert (await session.send("again")).turn == 2
    assert "Node 'aborting' raised Abort." in caplog.text


class Teller(OutputNode):
    """Tells a story, a word a second."""

    async def generate_response(self) -> AsyncIterator[str]:
        for word in ("once ", "upon ", "a time"):
            yield word
            await asyncio.sleep(1)


def interrupted(session: Session, *heard: int | None) -> tuple[Any, float]:
    """The reply that is interrupted after one and a half seconds, and when it came."""

    async def talk() -> tuple[Any, float]:
        await session.start()
        telling = asyncio.ensure_future(session.send("tell"))
        await asyncio.sleep(1.5)
        await asyncio.gather(*(session.interrupt(heard=count) for count in heard))
        reply = await telling
        now = asyncio.get_running_loop().time()
        await session.stop()
        return reply, now

    return in_no_time(talk())


def test_a_fallback_can_be_interrupted():
    session = graph(Sayer("broken", raises=ValueError("boom")), fallback=Teller("teller"))
    reply, now = interrupted(session, None)
    assert (reply.text, reply.interrupted, now) == ("once upon ", True, 1.5)
    assert [message.text for message in session.messages] == ["tell", "once upon "]


@pytest.mark.parametrize("heard", [(None, 3), (3, None), (3, 9), (9, 3)])
def test_of_two_interruptions_at_once_the_one_that_heard_less_holds(heard: tuple[int | None, ...]):
    session = graph(Teller("teller"))
    assert interrupted(session, *heard)[0].text == "onc"
    assert [message.text for message in session.messages] == ["tell", "onc"]


async def test_an_interruption_right_after_a_message_was_sent_stops_its_answer():
    session = await started(Sayer("a"))
    sending = asyncio.ensure_future(session.send("hello"))
    await asyncio.sleep(0)
    await session.interrupt()
    reply = await sending
    assert (reply.text, reply.interrupted) == ("", True)
    assert [message.text for message in session.messages] == ["hello"]


@pytest.mark.parametrize("when", ["", 7])
def test_a_condition_that_cannot_be_one_is_refused(when: Any):
    session = graph(Node("a"))
    session.add_node(Sayer("b"))
    with pytest.raises(UserError, match="give a plain function of the event, or a route"):
        session.add_edge("a", "b", when)


def test_a_condition_that_would_have_to_be_awaited_is_refused():
    async def when(event: Event) -> bool:
        return False

    session = graph(Node("a"))
    session.add_node(Sayer("b"))
    with pytest.raises(UserError, match="give a plain function of the event, or a route"):
        session.add_edge("a", "b", when)  # pyright: ignore[reportArgumentType]


class Anything(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    held: object = None


class Counted(BaseModel):
    count: int = 0
    text: str = ""


@pytest.mark.parametrize("state", [Anything(held=object()), Counted(text=UNSPEAKABLE)])
async def test_a_state_that_cannot_be_kept_is_refused_at_the_start(state: BaseModel):
    node = Sayer("a")
    node.state = state
    with pytest.raises(UserError, match="Node 'a' keeps a state that JSON cannot hold"):
        await graph(node).start()


class Spoiling(OutputNode):
    """Comes to keep what cannot be kept, and counts in another node's state."""

    def __init__(self, state: Any, spoiled: Any, counting: Node) -> None:
        super().__init__("spoiling")
        self.state = state
        self.spoiled = spoiled
        self.counting = counting

    async def generate_response(self) -> AsyncIterator[str]:
        self.state = self.spoiled
        self.counting.state.count += 1
        yield str(self.counting.state.count)


@pytest.mark.parametrize(
    ("state", "spoiled"), [(Anything(), Anything(held=object())), (Counted(), Counted(text=UNSPEAKABLE))], ids=["type", "text"]
)
async def test_one_state_that_cannot_be_kept_takes_no_answer_and_no_other_state_with_it(
    state: BaseModel, spoiled: BaseModel, caplog: pytest.LogCaptureFixture
):
    journal = MemoryJournal()
    for expected in ("1", "2"):
        counting = Node("counting")
        counting.state = Counted()
        session = await started(counting, Spoiling(state, spoiled, counting), conversation="c", journal=journal)
        assert (await session.send("hello")).text == expected
        await session.stop()
    assert "What node 'spoiling' keeps now is not kept" in caplog.text


async def test_a_reason_that_no_encoding_holds_is_told_by_its_escapes():
    class Bad(Handing):
        async def generate_response(self) -> AsyncIterator[str]:
            await self.send_event(HandoffEvent(target="agent", reason=UNSPEAKABLE))
            yield "One moment."

    seen: list[str] = []

    def model(request: Any) -> str:
        seen.append(request.messages[-1].text)
        return "hello"

    agent = OutputNode("agent", step=Agent("agent", "x", model=FunctionModel(model)))
    session = await started(Bad("desk"), agent)
    assert (await session.send("hello")).parts == ["One moment.", "hello"]
    assert "Reason: '\\ud800'" in seen[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"caller": [1]}, r"join\(caller=...\) gave \[1\]; give a mapping"),
        ({"variables": "x"}, "give a mapping"),
        ({"greeting": 5}, "give what is said, as text"),
        ({"greeting": UNSPEAKABLE}, "no valid Unicode"),
    ],
    ids=["caller", "variables", "greeting", "unicode"],
)
async def test_who_joins_with_what_is_of_no_use_is_told_so(given: Any, told: str):
    session = await started(Sayer("a"))
    with pytest.raises(UserError, match=told):
        await session.join(**given)
    assert (await session.send("hello")).turn == 1


async def test_metadata_that_is_no_mapping_is_refused():
    session = await started(Sayer("a"))
    with pytest.raises(UserError, match="give a mapping of names to values"):
        await session.send("hello", metadata=[1])  # pyright: ignore[reportArgumentType]


async def test_a_stream_is_used_once():
    session = await started(Sayer("a"))
    stream = session.stream("hello")
    async with stream as events:
        async for _ in events:
            pass
    with pytest.raises(UserError, match="used already"):
        async with stream:
            pass
    assert stream.reply.text == "a here"


@tool(needs_approval=True)
async def refund(cents: int) -> str:
    """Give money back."""
    return f"refunded {cents}"


async def test_who_speaks_while_a_person_is_asked_is_told_how_to_answer_in_a_session():
    def model(request: Any) -> Any:
        return "done" if request.messages[-1].role == "tool" else call("refund", cents=5)

    session = Session(Agent("billing", "x", tools=[refund], model=FunctionModel(model)), while_waiting=None)
    [asked] = (await session.send("refund me")).waiting
    with pytest.raises(ConversationWaiting, match=r"Answer first: session\.answer\(\{'turn#1/.*': True\}\), or False"):
        await session.send("hello?")
    assert (await session.answer({asked.id: True})).text == "done"
    with pytest.raises(UserError, match="asks nobody anything"):
        await session.answer({asked.id: True})


async def test_the_active_node_is_one_that_is_there():
    journal = MemoryJournal()
    first = await started(Handing("desk", "sales"), Sayer("sales"), conversation="c", journal=journal)
    await first.send("hello")
    await first.stop()
    assert first.active == "sales"
    second = await started(Router(), Sayer("other"), conversation="c", journal=journal)
    assert second.active is None
