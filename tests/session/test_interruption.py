"""Interruption: what was heard stays said and nothing else, the message that interrupts is answered, nothing is half done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import Agent, Event, OutputNode, Session, UserError, tool
from switchroom.events import NodeHandedOver, ToolReturned
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.session import LogEvent
from switchroom.testing import FunctionModel, call
from tests.examples import times
from tests.helpers import facts_of
from tests.session.nodes import Handing, Sayer, started
from tests.virtual import in_no_time


class Teller(OutputNode):
    """Tells a long story, a word a second; answers anything else at once."""

    async def generate_response(self) -> AsyncIterator[str]:
        asked = self.context.messages[-1]["content"]
        if asked != "tell":
            yield f"you said {asked}"
            return
        for word in ("once ", "upon ", "a ", "time"):
            yield word
            await asyncio.sleep(1)


def told(*nodes: Any, after: float, heard: int | None = None, message: str | None = None) -> tuple[Any, Any, list[str]]:
    """The reply that is interrupted after some seconds, the next one, and what was kept."""

    async def talk() -> tuple[Any, Any, list[str]]:
        session = await started(*nodes)
        telling = asyncio.ensure_future(session.send("tell"))
        await asyncio.sleep(after)
        following = await session.interrupt(message, heard=heard)
        reply = await telling
        kept = [message.text for message in session.messages]
        await session.stop()
        return reply, following, kept

    return in_no_time(talk())


def test_what_was_said_until_then_stays_said_and_nothing_else():
    reply, following, kept = told(Teller(), after=1.5)
    assert (reply.text, reply.interrupted, following) == ("once upon ", True, None)
    assert kept == ["tell", "once upon "]


def test_only_what_was_heard_stays():
    reply, _, kept = told(Teller(), after=2.5, heard=4)
    assert (reply.text, kept) == ("once", ["tell", "once"])


def test_of_an_answer_of_which_nothing_was_heard_nothing_stays():
    reply, _, kept = told(Teller(), after=2.5, heard=0)
    assert (reply.text, reply.parts, reply.answered_by, kept) == ("", [], "", ["tell"])


def test_the_message_that_interrupts_is_answered_next():
    reply, following, kept = told(Teller(), after=0.5, message="wait")
    assert (reply.text, following.text, following.turn) == ("once ", "you said wait", 2)
    assert kept == ["tell", "once ", "wait", "you said wait"]


def test_an_interruption_after_the_answer_cuts_what_was_not_heard_of_it():
    reply, _, kept = told(Teller(), after=10, heard=9)
    assert (reply.text, reply.interrupted) == ("once upon a time", False)
    assert kept == ["tell", "once upon"]


def test_an_interruption_after_the_answer_of_all_that_was_said_changes_nothing():
    _, _, kept = told(Teller(), after=10)
    assert kept == ["tell", "once upon a time"]


def test_characters_are_counted_over_all_parts_as_in_the_replys_text():
    class Slow(Sayer):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "It is shipped."
            await asyncio.sleep(5)

    reply, _, kept = told(Handing("greeter", "closer"), Slow("closer"), after=1, heard=len("One moment.\nIt is"))
    assert (reply.parts, kept) == (["One moment.", "It is"], ["tell", "One moment.", "It is"])


def test_a_handoff_is_committed_once_its_target_was_heard_and_else_never_proposed():
    class Slow(Sayer):
        async def generate_response(self) -> AsyncIterator[str]:
            await asyncio.sleep(2)
            yield "Here. "
            await asyncio.sleep(2)

    async def talk(after: float) -> tuple[str | None, list[NodeHandedOver]]:
        session = await started(Handing("greeter", "closer"), Slow("closer"))
        telling = asyncio.ensure_future(session.send("tell"))
        await asyncio.sleep(after)
        await session.interrupt()
        reply = await telling
        active = session.active
        await session.stop()
        return active, facts_of(NodeHandedOver, reply.events)

    assert in_no_time(talk(1)) == (None, [])
    active, handed = in_no_time(talk(3))
    assert (active, len(handed)) == ("closer", 1)


def test_a_cut_answer_is_what_a_restarted_session_knows():
    async def talk() -> tuple[list[str], list[str]]:
        journal = MemoryJournal()
        session = Session(conversation="c", journal=journal)
        session.add_node(Teller())
        await session.start()
        await session.send("tell")
        await session.interrupt(heard=4)
        await session.stop()
        again = Session(conversation="c", journal=journal)
        again.add_node(teller := Teller())
        before = [message.text for message in again.messages]
        await again.start()
        await again.send("and")
        knew = [message["content"] for message in teller.context.messages]
        await again.stop()
        return before, knew

    assert in_no_time(talk()) == (["tell", "once"], ["tell", "once", "and", "you said and"])


@pytest.mark.parametrize("effect", ["irreversible", "read"])
async def test_a_tool_in_flight_ends_as_it_declares(effect: Any):
    reached, go_on = asyncio.Event(), asyncio.Event()

    @tool(effect=effect)
    async def work() -> str:
        reached.set()
        await go_on.wait()
        return "done"

    def model(request: ModelRequest) -> Any:
        return call("work") if request.messages[-1].text == "hello" else "done"

    journal = MemoryJournal()
    session = Session(Agent("clerk", model=FunctionModel(model), tools=[work]), journal=journal)
    sending = asyncio.ensure_future(session.send("hello"))
    await reached.wait()
    interrupting = asyncio.ensure_future(session.interrupt())
    await asyncio.sleep(0)
    go_on.set()
    await interrupting
    reply = await sending
    assert reply.interrupted
    assert await session.interrupt("and?") is not None  # comes after the end of the turn before
    assert len(facts_of(ToolReturned, journal.read(session.session_id))) == (1 if effect == "irreversible" else 0)
    await session.stop()


async def test_a_stream_that_is_left_early_interrupts_its_answer():
    stop = asyncio.Event()

    class Endless(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "again "
            await stop.wait()

    session = await started(Endless())
    async with session.stream("hello") as events:
        async for event in events:
            if event.kind == "text_delta":
                break
    assert [message.text for message in session.messages] == ["hello", "again "]
    await session.stop()


async def test_a_stream_that_is_left_before_its_turn_cuts_nobody_elses_answer():
    line = asyncio.Event()

    class Slow(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "one "
            await line.wait()
            yield "two"

    session = await started(Slow("slow"))
    first = asyncio.ensure_future(session.send("hello"))
    await asyncio.sleep(0)
    async with session.stream("never mind"):
        pass
    line.set()
    assert (await first).text == "one two"
    assert [message.text for message in session.messages] == ["hello", "one two"]
    await session.stop()


async def test_a_reader_who_does_not_read_holds_up_no_answer():
    class Chatty(OutputNode):
        async def process_event(self, event: Event) -> None:
            for number in range(400):
                await self.send_event(LogEvent(message=f"{number}", level="debug"))
            await super().process_event(event)

        async def generate_response(self) -> AsyncIterator[str]:
            yield "done"

    session = await started(Chatty("chatty"), deadline=0.2)
    async with session.stream("hello"):
        assert (await session.send("and me")).text
    await session.stop()


@pytest.mark.parametrize("heard", [-1, True, 1.5, "4"])
async def test_what_is_no_number_of_characters_is_refused(heard: Any):
    session = await started(Sayer("sales"))
    with pytest.raises(UserError, match="number of characters"):
        await session.interrupt(heard=heard)
    await session.stop()


async def test_interrupting_when_nobody_speaks_does_nothing():
    session = await started(Sayer("sales"))
    assert await session.interrupt() is None
    assert await session.interrupt(heard=0) is None
    assert (await session.send("hello")).text == "sales here"
    await session.stop()


@given(
    cuts=st.lists(st.tuples(st.floats(0, 6), st.none() | st.integers(0, 20), st.booleans()), min_size=1, max_size=6),
    ticks=st.integers(0, 12),
)
@settings(deadline=None, max_examples=times(75))
def test_however_interruptions_fall_each_message_has_one_answer_of_what_was_heard(
    cuts: list[tuple[float, int | None, bool]], ticks: int
):
    async def talk() -> tuple[list[Any], list[tuple[str, str]]]:
        session = await started(Handing("greeter", "teller", says="One moment."), Teller("teller"))
        sends: list[asyncio.Future[Any]] = []
        for n, (after, heard, speaks) in enumerate(cuts):
            sends.append(asyncio.ensure_future(session.send("tell")))
            if after > 5:  # at once: within the steps of one moment
                for _ in range(ticks):
                    await asyncio.sleep(0)
            else:
                await asyncio.sleep(after)
            interrupting = asyncio.ensure_future(session.interrupt(f"wait {n}" if speaks else None, heard=heard))
            if speaks:
                sends.append(interrupting)
            else:
                await interrupting
        replies = await asyncio.gather(*sends)
        kept = [(message.role, message.text) for message in session.messages]
        await session.stop()
        return list(replies), kept

    replies, kept = in_no_time(talk())
    by_turn = sorted(replies, key=lambda reply: reply.turn)
    assert [reply.turn for reply in by_turn] == list(range(1, len(replies) + 1))
    assert [text for role, text in kept if role == "user"] == [said_in(reply) for reply in by_turn]
    answers = turns_of(kept)
    assert len(answers) == len(by_turn)
    for reply, answer in zip(by_turn, answers, strict=True):
        assert reply.text.startswith("\n".join(answer))  # a person may have heard less of it than was said


def said_in(reply: Any) -> str:
    [started] = [event.fact for event in reply.events if event.kind == "turn_started"]
    return started.messages[0].text


def turns_of(kept: list[tuple[str, str]]) -> list[list[str]]:
    """The answers in what was kept, by message."""
    answers: list[list[str]] = []
    for role, text in kept:
        if role == "user":
            answers.append([])
        else:
            answers[-1].append(text)
    return answers
