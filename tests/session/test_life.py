"""A session's life: greeting, speaking unasked, ends of calls, restarts, other processes, and nobody left hanging meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, RunConfig, RunError, Runner, Session, UserError
from switchroom.errors import Fenced
from switchroom.events import CallEnded, ModelAnswered, NodeLogged, RunEvent, StatesKept, TurnAnswered
from switchroom.journals import MemoryJournal
from switchroom.session import SENTENCE, BackgroundNode, EndCallEvent, JoinedEvent, LogEvent, TransferEvent
from switchroom.testing import FunctionModel
from tests.helpers import facts_of, kinds, soon
from tests.session.nodes import Handing, Sayer, graph, started
from tests.virtual import in_no_time


class Greeter(OutputNode):
    """Greets who joins, by name."""

    async def process_event(self, event: Event) -> None:
        if isinstance(event, JoinedEvent):
            await self.speak(f"Hello {event.caller.get('name', 'there')}!")
        else:
            await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        yield f"{self.context.caller.get('name')} has {self.context.variables.get('tier')}"


async def test_who_joins_is_greeted_and_what_is_known_of_them_stays_known_after_a_restart():
    journal = MemoryJournal()
    session = await started(Greeter("greeter"), conversation="c", journal=journal)
    reply = await session.join({"name": "Ann"}, {"tier": "gold"})
    assert (reply.text, reply.answered_by, reply.turn) == ("Hello Ann!", "greeter", 1)
    await session.stop()
    again = await started(Greeter("greeter"), conversation="c", journal=journal)
    assert (await again.send("me?")).text == "Ann has gold"
    assert [message.text for message in again.messages] == ["Hello Ann!", "me?", "Ann has gold"]


async def test_a_greeting_is_said_when_no_node_greets_and_nobody_has_to():
    session = await started(Sayer("sales"))
    assert (await session.join(greeting="Welcome.")).text == "Welcome."
    silent = await session.join()
    assert (silent.text, silent.fallback) == ("", False)


async def test_an_application_may_speak_unasked():
    session = Session(Agent("clerk", model=FunctionModel(lambda request: f"{len(request.messages)} messages")))
    assert (await session.speak("Your order has arrived.")).text == "Your order has arrived."
    assert (await session.send("great")).text == "2 messages"


async def test_a_node_may_end_the_call_and_the_answer_is_still_heard():
    class Closing(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "Goodbye."
            await self.send_event(EndCallEvent(reason="done"))

    session = await started(Closing("closing"))
    waiting = asyncio.ensure_future(session.wait_until_complete())
    reply = await session.send("bye")
    assert reply.text == "Goodbye."
    assert facts_of(CallEnded, reply.events) == [CallEnded("closing", "done")]
    await soon(waiting)
    with pytest.raises(RunError, match="has ended"):
        await session.send("one more thing")


async def test_a_call_that_has_ended_stays_ended_after_a_restart():
    class Passing(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            await self.send_event(TransferEvent(to="the desk", reason="angry"))
            yield "A colleague takes over."

    journal = MemoryJournal()
    session = await started(Passing("passing"), conversation="c", journal=journal)
    first, second = await asyncio.gather(session.send("a person!"), session.send("now!"), return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert (first.text, session.ended, session.transferred_to) == ("A colleague takes over.", True, "the desk")
    assert isinstance(second, RunError)
    assert "was put through to the desk" in str(second)
    again = await started(Passing("passing"), conversation="c", journal=journal)
    with pytest.raises(RunError, match="was put through to the desk"):
        await again.send("hello?")


async def test_what_a_node_puts_on_record_is_in_the_journal_and_in_the_log(caplog: pytest.LogCaptureFixture):
    class Recording(Sayer):
        async def process_event(self, event: Event) -> None:
            await self.send_event(LogEvent(message="a rude word", level="warning", data={"word": "damn"}))
            await super().process_event(event)

    session = await started(Recording("sales"), conversation="c-1")
    reply = await session.send("damn")
    assert facts_of(NodeLogged, reply.events) == [NodeLogged("sales", "a rude word", "warning", {"word": "damn"})]
    [record] = caplog.records
    about = vars(record)
    assert (record.levelname, record.getMessage(), about["session_id"]) == ("WARNING", "a rude word", "c-1")
    assert about["data"] == {"word": "damn"}


async def test_sending_before_the_start_waits_for_it():
    session = graph(Sayer("sales"))
    sending = [asyncio.ensure_future(session.send(text)) for text in ("one", "two")]
    await asyncio.sleep(0)
    assert not any(one.done() for one in sending)
    await session.start()
    assert [(await one).turn for one in sending] == [1, 2]


def test_sending_to_a_session_that_nobody_starts_does_not_wait_for_ever():
    async def told() -> str:
        session = graph(Sayer("sales"), deadline=5)
        with pytest.raises(UserError) as raised:
            await session.send("hello")
        return str(raised.value)

    assert "was not started" in in_no_time(told())


async def test_a_session_over_a_step_needs_no_start_and_may_have_one():
    async def shout(input: str) -> str:
        return input.upper()

    assert (await Session(shout).send("hi")).text == "HI"
    async with Session(shout) as session:
        assert (await session.send("ho")).text == "HO"
    assert await session.wait_until_complete() is None


async def test_stopping_tells_everybody_who_waits():
    class Hanging(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            await asyncio.Event().wait()
            yield ""

    session = await started(Hanging("hanging"))
    completing = asyncio.ensure_future(session.wait_until_complete())
    sending = [asyncio.ensure_future(session.send(text)) for text in ("one", "two")]
    for _ in range(5):
        await asyncio.sleep(0)
    await soon(session.stop())
    for one in sending:
        with pytest.raises(RunError, match="stopped"):
            await soon(one)
    await soon(completing)


async def test_a_turn_that_a_stop_cut_off_is_answered_by_the_next_start():
    line = asyncio.Event()

    class Slow(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            await line.wait()
            yield "here I am"

    journal = MemoryJournal()
    session = await started(Slow("slow"), conversation="c", journal=journal)
    sending = asyncio.ensure_future(session.send("hello"))
    while "step_started" not in kinds(journal.read("c")):
        await asyncio.sleep(0)
    await session.stop()
    with pytest.raises(RunError, match="the next start answers"):
        await sending
    line.set()
    again = graph(Slow("slow"), conversation="c", journal=journal)
    reply = await again.start()
    assert reply is not None
    assert (reply.text, reply.turn) == ("here I am", 1)
    assert [message.text for message in again.messages] == ["hello", "here I am"]


class Counting(OutputNode):
    """Counts its turns in its state, and in an attribute."""

    class Count(BaseModel):
        turns: int = 0

    def __init__(self) -> None:
        super().__init__("counting")
        self.state: Counting.Count = Counting.Count()
        self.attribute = 0

    async def generate_response(self) -> AsyncIterator[str]:
        self.state.turns += 1
        self.attribute += 1
        yield f"{self.state.turns} {self.attribute}"


async def test_of_a_node_only_its_state_survives_the_process():
    journal = MemoryJournal()
    session = await started(Counting(), conversation="c", journal=journal)
    assert [(await session.send("x")).text for _ in range(2)] == ["1 1", "2 2"]
    await session.stop()
    again = await started(Counting(), conversation="c", journal=journal)
    assert (await again.send("x")).text == "3 1"


async def test_a_state_of_another_type_than_it_was_kept_with_says_so():
    class Other(Counting):
        class Worded(BaseModel):
            turns: str

        def __init__(self) -> None:
            super().__init__()
            self.state: Any = Other.Worded(turns="")

    journal = MemoryJournal()
    session = await started(Counting(), conversation="c", journal=journal)
    await session.send("x")
    await session.stop()
    again = await started(Other(), conversation="c", journal=journal)
    with pytest.raises(UserError, match="What node 'counting' kept is no Worded any more: turns"):
        await again.send("x")


async def test_what_changes_after_the_answer_is_kept_too():
    class Late(BackgroundNode):
        class Seen(BaseModel):
            messages: int = 0

        def __init__(self) -> None:
            super().__init__("late")
            self.state: Late.Seen = Late.Seen()

        async def process_event(self, event: Event) -> None:
            for _ in range(20):
                await asyncio.sleep(0)
            self.state.messages += 1

    journal = MemoryJournal()
    session = await started(Node("entry"), Sayer("sales"), Late(), conversation="c", journal=journal)
    await session.send("one")
    await session.send("two")
    assert facts_of(StatesKept, journal.read("c"))[0] == StatesKept({"late": {"messages": 1}})
    await session.stop()


async def test_the_active_node_of_an_older_graph_that_is_gone_lets_messages_enter_anew():
    journal = MemoryJournal()
    session = await started(Handing("greeter", "closer"), Sayer("closer"), conversation="c", journal=journal)
    await session.send("hello")
    await session.stop()
    again = await started(Sayer("other"), conversation="c", journal=journal)
    assert (await again.send("hello")).text == "other here"


async def test_recorded_steps_are_not_run_again_wherever_the_turn_broke_off():
    asked: list[str] = []

    def session(journal: MemoryJournal) -> Session:
        def model(request: Any) -> str:
            asked.append(request.agent)
            return "sales" if request.agent == "classifier" else f"{request.agent} {len(request.messages)}"

        class Router(Node):
            async def process_event(self, event: Event) -> None:
                event.metadata["route"] = await self.call(Agent("classifier", model=FunctionModel(model)), "x")
                await self.send_event(event)

        class Sales(OutputNode):
            async def generate_response(self) -> AsyncIterator[str]:
                await self.send_event(HandoffEvent(target="closer"))
                yield await self.call(Agent("thinker", model=FunctionModel(model)), "y")

        nodes = [Router("router"), Sales("sales"), OutputNode("closer", step=Agent("clerk", model=FunctionModel(model)))]
        made = Session(conversation="c", journal=journal)
        for node in nodes:
            made.add_node(node)
        made.add_edge(nodes[0], nodes[1])
        made.add_edge(nodes[1], nodes[2])
        return made

    whole = MemoryJournal()
    talk = session(whole)
    await talk.start()
    expected = (await talk.send("hello")).parts
    await talk.stop()
    events = whole.read("c")
    assert len(asked) == 3
    for cut in range(1, len(events)):
        journal = MemoryJournal()
        journal.append("c", events[:cut])
        known = len(facts_of(ModelAnswered, events[:cut]))
        asked.clear()
        again = session(journal)
        await again.start()
        assert [message.text for message in again.messages] == ["hello", *expected]
        assert len(asked) == 3 - known
        assert len(facts_of(TurnAnswered, journal.read("c"))) == 1
        await again.stop()


async def test_another_process_that_has_the_conversation_fences_this_one_off():
    class Stolen(MemoryJournal):
        def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
            if any(isinstance(event.fact, TurnAnswered) for event in events):
                raise Fenced("another writer has it")
            super().append(conversation, events)

    session = await started(Sayer("sales"), conversation="c", journal=Stolen())
    with pytest.raises(Fenced):
        await session.send("hello")
    await session.stop()


async def test_who_gives_up_waiting_is_answered_all_the_same():
    session = await started(Sayer("sales", after=0.01))
    sending = asyncio.ensure_future(session.send("hello"))
    await asyncio.sleep(0)
    sending.cancel()
    assert (await session.send("again")).turn == 2
    assert [message.text for message in session.messages] == ["hello", "sales here", "again", "sales here"]


async def test_the_first_send_of_a_restarted_session_over_a_step_answers_what_was_left_before():
    line = asyncio.Event()

    async def slow(input: str, scope: Any) -> str:
        if input == "one":
            await line.wait()
        return f"did {input}"

    journal = MemoryJournal()
    session = Session(slow, conversation="c", journal=journal)
    sending = asyncio.ensure_future(session.send("one"))
    while "step_started" not in kinds(journal.read("c")):
        await asyncio.sleep(0)
    await session.stop()
    with pytest.raises(RunError):
        await sending
    line.set()
    again = Session(slow, conversation="c", journal=journal)
    assert [message.text for message in again.messages] == ["one"]
    assert (await again.send("two")).turn == 2
    assert [message.text for message in again.messages] == ["one", "did one", "two", "did two"]


async def test_a_journal_that_fails_is_told_to_who_waits():
    class Full(MemoryJournal):
        full = False

        def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
            if self.full:
                raise RunError("the disk is full")
            super().append(conversation, events)

    journal = Full()
    session = await started(Sayer("sales"), journal=journal)
    journal.full = True
    with pytest.raises(RunError, match="the disk is full"):
        await session.send("hello")
    journal.full = False
    assert (await session.send("hello")).text == "sales here"
    await session.stop()


async def test_a_conversation_of_another_step_is_refused():
    journal = MemoryJournal()
    clerk = Agent("clerk", model=FunctionModel(lambda request: "hi"))
    await Runner.run(clerk, "hello", conversation="c", config=RunConfig(journal=journal))
    session = Session(clerk, conversation="c", journal=journal)
    with pytest.raises(UserError, match="is answered by 'clerk'"):
        await session.send("hello")


async def test_a_failing_fallback_never_shows_its_exception():
    async def fallback(input: str, scope: Any) -> str:
        raise RuntimeError("password 1234")

    session = Session(fallback=fallback)
    session.add_node(Sayer("sales", raises=ValueError("password 5678")))
    await session.start()
    reply = await session.send("hello")
    assert reply.text == SENTENCE
    assert all("1234" not in message.text and "5678" not in message.text for message in session.messages)


async def test_a_cancelled_callers_reply_comes_with_the_next_one_once():
    """Also if the message was sent twice under its id, and both callers were cancelled."""
    gate = asyncio.Event()

    async def echo(text: str) -> str:
        await gate.wait()
        return f"echo {text}"

    session = Session(echo)
    cancelled = [asyncio.create_task(session.send("one", message_id="m-1")) for _ in range(2)]
    await asyncio.sleep(0)
    for task in cancelled:
        task.cancel()
    await asyncio.wait(cancelled)
    gate.set()
    replies = [await session.send(text) for text in ("two", "three")]
    assert [reply.text for reply in replies] == ["echo two", "echo three"]
    assert [[one.text for one in reply.earlier] for reply in replies] == [["echo one"], []]


async def test_a_reader_that_left_its_stream_takes_no_reply_of_others_along():
    gate = asyncio.Event()

    async def echo(text: str) -> str:
        if text != "four":
            await gate.wait()
        return f"echo {text}"

    session = Session(echo)
    one = asyncio.create_task(session.send("one"))
    await asyncio.sleep(0)
    one.cancel()
    async with session.stream("two") as events:
        gate.set()
        await anext(events)
    reply = await session.send("three")
    assert [earlier.text for earlier in reply.earlier] == ["echo one"]
