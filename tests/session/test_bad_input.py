"""What people get wrong in building graphs is said at once, and what nodes do that they must not harms nobody else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, RunConfig, Session, UserError
from switchroom.events import NodeFailed
from switchroom.journal import NO_JOURNAL
from switchroom.session import SENTENCE, watchdog
from tests.helpers import facts_of, soon
from tests.patience import HANGS_S
from tests.session.nodes import Handing, Router, Sayer, Silent, graph, started
from tests.virtual import in_no_time


def built(*edges: tuple[Node, Node], nodes: list[Node] | None = None, **options: Any) -> Session:
    session = Session(**options)
    for node in nodes if nodes is not None else list(dict.fromkeys(node for edge in edges for node in edge)):
        session.add_node(node)
    for source, target in edges:
        session.add_edge(source, target)
    return session


# building ------------------------------------------------------------------------------------------------------------


def test_a_node_is_added_once():
    session = Session()
    session.add_node(sales := Sayer("sales"))
    with pytest.raises(UserError, match="Node 'sales' was added already"):
        session.add_node(sales)
    with pytest.raises(UserError, match="'sales' is another node's name"):
        session.add_node(Sayer("sales"))


def test_a_node_belongs_to_one_session():
    sales = Sayer("sales")
    Session().add_node(sales)
    with pytest.raises(UserError, match="Node 'sales' is in another session"):
        Session().add_node(sales)
    with pytest.raises(UserError, match="Node 'sales' is in another session"):
        Session(fallback=sales)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Sayer, r"Pass an instance: Sayer\(\)"),
        ("sales", "Pass a Node or an OutputNode"),
        (Agent("clerk"), "Pass a Node or an OutputNode"),
        (None, "Pass a Node or an OutputNode"),
    ],
)
def test_only_nodes_are_added(given: Any, told: str):
    with pytest.raises(UserError, match=told):
        Session().add_node(given)


def test_a_node_whose_constructor_does_not_call_ours_is_told_so():
    class Forgetful(Node):
        def __init__(self) -> None:
            self.calls = 0

    with pytest.raises(UserError, match=r"Forgetful.__init__ does not call Node's. Begin it with super\(\).__init__"):
        Session().add_node(Forgetful())


def test_a_constructor_that_raises_raises_where_it_is_called():
    class Broken(Node):
        def __init__(self) -> None:
            super().__init__("broken")
            raise ConnectionError("no database")

    session = Session()
    with pytest.raises(ConnectionError, match="no database"):
        session.add_node(Broken())


@pytest.mark.parametrize("name", ["", "  ", 7])
def test_a_node_has_a_name(name: Any):
    with pytest.raises(UserError, match="give it a name"):
        Node(name)


def test_an_edge_to_a_stranger_is_refused():
    session = built(nodes=[Sayer("sales")])
    with pytest.raises(UserError, match=r"stranger: the session has no node 'salse'; it has \['sales'\].*Did you mean 'sales'"):
        session.add_edge("sales", "salse")
    with pytest.raises(UserError, match="no node 'support'"):
        session.add_edge("sales", Sayer("support"))
    with pytest.raises(UserError, match="stranger"):
        session.add_edge(Sayer("sales"), "sales")  # another node of that name


def test_an_edge_is_drawn_once_and_its_condition_can_be_asked():
    session = built(nodes=[Node("a"), Sayer("b")])
    session.add_edge("a", "b")
    with pytest.raises(UserError, match="'a' is connected to 'b' already"):
        session.add_edge("a", "b")
    with pytest.raises(UserError, match="give a plain function of the event, or a route"):
        session.add_edge("a", "b", 7)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: built(), "has no nodes"),
        (lambda: built((Node("a"), Node("b"))), "has no node that speaks"),
        (lambda: circle(Sayer("a"), Sayer("b")), "No message can enter"),
        (lambda: circle(Node("a"), Node("b"), entry=Sayer("entry")), "circle a -> b has no exit"),
    ],
)
async def test_a_graph_in_which_somebody_would_be_left_hanging_does_not_start(make: Callable[[], Session], told: str):
    with pytest.raises(UserError, match=told):
        await make().start()


def circle(one: Node, two: Node, entry: Node | None = None) -> Session:
    edges = [(one, two), (two, one)]
    return built(*edges) if entry is None else built((entry, one), *edges)


async def test_a_circle_with_an_exit_starts():
    one, two = Node("one"), Node("two")
    await built((Node("entry"), one), (one, two), (two, one), (two, Sayer("exit"))).start()


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), True, "5", None])
def test_a_deadline_is_a_number_of_seconds(deadline: Any):
    with pytest.raises(UserError, match="give the seconds"):
        Session(deadline=deadline)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"conversation": ""}, "give the id of the conversation"),
        ({"conversation": 7}, "give the id of the conversation"),
        ({"step": "clerk"}, "does not speak"),
        ({"step": Sayer}, "does not speak"),
        ({"fallback": Node("last")}, "does not speak"),
        ({"config": RunConfig(deadline=3)}, "leave it out of the RunConfig"),
        ({"journal": NO_JOURNAL}, "keeps its conversation"),
        ({"journal": "chats.db"}, "is no URL"),
    ],
)
def test_a_session_says_what_is_of_no_use_to_it(options: Any, told: str):
    with pytest.raises(UserError, match=told):
        Session(**options)


async def test_nothing_is_added_to_a_session_that_has_begun_or_is_over_a_step():
    session = await started(Sayer("sales"))
    with pytest.raises(UserError, match="add its nodes before"):
        session.add_node(Sayer("support"))
    with pytest.raises(UserError, match="add its edges before"):
        session.add_edge("sales", "sales")
    with pytest.raises(UserError, match="over a step has no other nodes"):
        Session(Agent("clerk")).add_node(Sayer("support"))


async def test_a_fallback_of_the_name_of_another_node_is_refused():
    session = Session(fallback=Sayer("sales"))
    session.add_node(Sayer("sales"))
    with pytest.raises(UserError, match="The fallback and another node are called 'sales'"):
        await session.start()


@pytest.mark.parametrize("message", ["", "  ", b"bytes", 7, "\ud800", []])
async def test_a_message_of_no_use_is_refused_and_makes_no_turn(message: Any):
    session = await started(Sayer("sales"))
    with pytest.raises(UserError):
        await session.send(message)
    assert (await session.send("hello")).turn == 1


# misbehaving ---------------------------------------------------------------------------------------------------------


async def test_a_node_that_floods_delays_nobody_beyond_measure_and_no_event_is_lost():
    class Flood(Node):
        async def process_event(self, event: Event) -> None:
            for _ in range(100_000):
                await self.send_event(Event(type="drop", id="x"))
            await self.send_event(event)

    class Sink(OutputNode):
        got = 0

        async def process_event(self, event: Event) -> None:
            self.got += 1
            await super().process_event(event)

        async def generate_response(self) -> AsyncIterator[str]:
            yield "still here"

    sink = Sink("sink")
    session = graph(Flood("flood"), sink, deadline=300)
    await session.start()
    assert (await session.send("hello")).text == "still here"
    assert sink.got == 100_001
    await session.stop()


def test_a_circle_that_runs_without_end_is_cut_and_the_person_has_an_answer(caplog: pytest.LogCaptureFixture):
    class Round(OutputNode):
        async def process_event(self, event: Event) -> None:
            await self.send_event(event)

    async def told() -> tuple[str, list[str]]:
        one, two = Round("one"), Round("two")
        session = built((Node("entry"), one), (one, two), (two, one))
        await session.start()
        reply = await session.send("hello")
        await session.stop()
        return reply.text, [fact.error for fact in facts_of(NodeFailed, reply.events)]

    assert in_no_time(told()) == (SENTENCE, ["Circle"])
    assert "went round" in caplog.text


async def test_what_is_sent_after_the_turn_has_ended_is_dropped_and_told(caplog: pytest.LogCaptureFixture):
    late: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    class Leaving(Sayer):
        async def process_event(self, event: Event) -> None:
            async def later() -> None:
                await over.wait()
                await self.send_event(event)
                await self.speak("me too")

            late.append(asyncio.create_task(later()))
            await super().process_event(event)

    session = await started(Leaving("leaving"), Sayer("next"))
    await session.send("hello")
    await session.send("hello")  # the first turn is over for certain
    over.set()
    await soon(late[0])
    assert "Node 'leaving' sent an event of type 'user.message' after its turn had ended; it was dropped." in caplog.text
    assert "Node 'leaving' wanted to speak when no turn was its own" in caplog.text
    assert [message.text for message in session.messages] == ["hello", "leaving here", "hello", "leaving here"]
    await session.stop()


async def test_what_is_sent_outside_of_any_turn_is_dropped_and_told(caplog: pytest.LogCaptureFixture):
    sales = Sayer("sales")
    session = await started(sales)
    await sales.send_event(Event(type="tick"))
    assert "Node 'sales' sent an event of type 'tick' outside of any turn" in caplog.text
    with pytest.raises(UserError, match="outside of any turn"):
        await sales.call(Agent("clerk"), "hello")
    await session.stop()


def test_a_node_that_swallows_its_cancellation_is_left_to_itself_and_cannot_harm_later_turns(caplog: pytest.LogCaptureFixture):
    class Stubborn(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            text = self.context.messages[-1]["content"]
            if text == "go on":
                yield "fine"
                return
            for _ in range(3):
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    continue
            yield await self.call(late, "x")

    async def late(input: str) -> str:
        return "too late"

    async def told() -> list[str]:
        session = await started(Stubborn("stubborn"), deadline=10)
        texts = [(await session.send(text)).text for text in ("wait", "go on")]
        await asyncio.sleep(1000)
        texts.append((await session.send("go on")).text)
        kept = [message.text for message in session.messages]
        await session.stop()
        assert kept == ["wait", SENTENCE, "go on", "fine", "go on", "fine"]
        return texts

    assert in_no_time(told()) == [SENTENCE, "fine", "fine"]
    assert "stubborn did not end when cancelled, and is left to itself" in caplog.text


def test_a_step_that_swallows_its_cancellation_is_left_to_itself(caplog: pytest.LogCaptureFixture):
    async def stubborn(input: str, scope: Any) -> str:
        if input == "go on":
            return "fine"
        for _ in range(3):
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                continue
        return "too late"

    async def told() -> list[str]:
        session = Session(stubborn, deadline=10)
        texts = [(await session.send(text)).text for text in ("wait", "go on")]
        await asyncio.sleep(1000)
        texts.append((await session.send("go on")).text)
        await session.stop()
        return texts

    assert in_no_time(told()) == [SENTENCE, "fine", "fine"]
    assert "left to itself" in caplog.text


async def test_a_node_that_cancels_itself_has_failed(caplog: pytest.LogCaptureFixture):
    session = await started(Sayer("odd", raises=asyncio.CancelledError()), fallback=Sayer("last"))  # pyright: ignore[reportArgumentType]
    assert (await session.send("hello")).text == "last here"
    assert "Node 'odd' cancelled itself" in caplog.text


async def test_a_node_that_blocks_the_loop_is_reported_while_it_does(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watchdog, "PATIENCE", 0.1)
    reported = caplog.records

    class Blocking(Sayer):
        seen = False

        async def generate_response(self) -> AsyncIterator[str]:
            until = time.monotonic() + HANGS_S
            while not self.seen and time.monotonic() < until:
                self.seen = any("blocks the event loop" in record.getMessage() for record in reported)
                time.sleep(0.01)
            yield "done"

    node = Blocking("blocking")
    session = await started(node)
    assert (await session.send("hello")).text == "done"
    assert node.seen
    [record] = [record for record in reported if record.levelno == logging.ERROR]
    assert "Node 'blocking'" in record.getMessage()
    assert "test_bad_input.py" in record.getMessage()
    await session.stop()


async def test_a_handoff_between_nodes_that_go_round_stops_after_some(caplog: pytest.LogCaptureFixture):
    class Counting(Handing):
        count = 0

        async def generate_response(self) -> AsyncIterator[str]:
            self.count += 1
            self.given = {"count": self.count}  # each time with something new
            async for piece in super().generate_response():
                yield piece

    session = await started(Counting("one", "two", says=""), Counting("two", "one", says=""), fallback=Sayer("last"))
    assert (await session.send("hello")).text == "last here"


async def test_a_graph_without_speakers_may_rely_on_its_fallback():
    session = Session(fallback=Sayer("last"))
    session.add_node(Router())
    await session.start()
    assert (await session.send("to nobody")).text == "last here"


async def test_metadata_that_json_cannot_hold_is_refused_before_the_turn():
    session = await started(Silent("quiet"))
    with pytest.raises(UserError, match=r"send\(metadata=\.\.\.\)"):
        await session.send("hello", metadata={"lock": asyncio.Lock()})


@pytest.mark.parametrize("place", ["step", "node", "fallback"])
async def test_an_agent_without_a_model_stops_the_start(place: str, monkeypatch: pytest.MonkeyPatch):
    for name in ("SWITCHROOM_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    lone = Agent("lone")
    match place:
        case "step":
            session = Session(lone)
        case "node":
            session = built(nodes=[OutputNode("desk", step=lone)])
        case _:
            session = Session(fallback=lone)
            session.add_node(Sayer("b"))
    with pytest.raises(UserError, match="Agent 'lone' has no model"):
        await session.start()


async def test_who_is_to_answer_and_can_say_nothing_is_told_of(caplog: pytest.LogCaptureFixture):
    async with built(nodes=[OutputNode("sales")]) as session:
        assert (await session.send("hi")).fallback
    assert "Node 'sales' was to answer, and says nothing: it has neither a generate_response nor a step." in caplog.messages


class Mute(OutputNode):
    async def generate_response(self) -> AsyncIterator[str]:
        for piece in ("", "  ", "\n"):
            yield piece


def told_of_silence(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if "says nothing" in message]


async def test_a_speaker_that_yields_no_text_is_told_of_unless_a_fallback_is_there_for_it(caplog: pytest.LogCaptureFixture):
    async with built(nodes=[Mute("desk")]) as session:
        assert (await session.send("hi")).fallback
    assert told_of_silence(caplog) == ["Node 'desk' was to answer, and says nothing: its generate_response yielded no text."]
    caplog.clear()
    last = Session(fallback=Sayer("last"))
    last.add_node(Mute("desk"))
    async with last:
        assert (await last.send("hi")).fallback
    assert told_of_silence(caplog) == []


async def test_a_step_that_returns_no_text_is_told_of(caplog: pytest.LogCaptureFixture):
    async def nothing(input: str) -> None:
        return None

    async with built(nodes=[OutputNode("desk", step=nothing)]) as session:
        assert (await session.send("hi")).fallback
    assert told_of_silence(caplog) == ["Node 'desk' was to answer, and says nothing: its step returned no text."]


async def test_who_is_not_heard_because_another_was_is_not_told_of(caplog: pytest.LogCaptureFixture):
    async with built(nodes=[Sayer("first"), Mute("second")]) as session:
        assert not (await session.send("hi")).fallback
    assert told_of_silence(caplog) == []


async def test_a_state_that_is_not_kept_is_told_of(caplog: pytest.LogCaptureFixture):
    node = Sayer("b")
    node.state = {"n": 0}
    await built(nodes=[node]).start()
    assert "Node 'b' has a dict as its state, which is not kept. Make it a pydantic model." in caplog.messages


@pytest.mark.parametrize("step", ["sales", 3])
def test_what_is_no_step_is_refused_when_a_node_is_made_of_it(step: Any):
    with pytest.raises(UserError, match=r"OutputNode\(step=.*\): pass an agent, a team, or a function"):
        OutputNode("a", step=step)


async def test_what_is_no_journal_and_what_are_no_answers_are_refused():
    with pytest.raises(UserError, match="journal=3 is no journal"):
        Session(Agent("a"), journal=3)  # pyright: ignore[reportArgumentType]
    session = built(nodes=[Sayer("b")])
    with pytest.raises(UserError, match="give the answers by the ids"):
        await session.answer(["x"])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("verdict", [False, "no"])
async def test_a_target_that_says_neither_yes_nor_a_decline_is_told_of(verdict: Any, caplog: pytest.LogCaptureFixture):
    class Picky(Sayer):
        def accepts(self, event: Event) -> Any:
            return verdict

    class Asking(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            await self.send_event(HandoffEvent(target="picky"))
            yield "One moment."

    async with built((Asking("asking"), Picky("picky"))) as session:
        await session.send("hi")
    assert f"Node 'picky': accepts gave {verdict!r}; it gives None or Decline(reason)." in caplog.text
