"""A run and its drained stream are one thing: the same facts, the same output, and pieces of text that make up the answers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from switchroom import Agent, Message, RunConfig, Runner, RunResult
from switchroom.events import (
    AttemptHeld,
    AttemptReleased,
    Delta,
    Fact,
    HandoffCommitted,
    ModelAnswered,
    RunEvent,
    TextDelta,
    TurnStarted,
    ValueDrawn,
)
from switchroom.events.codec import encode
from switchroom.journals import MemoryJournal
from switchroom.testing import FunctionModel, call, deltas
from tests.examples import times
from tests.laws.plans import Plan, World, build, concurrent, plans
from tests.laws.worlds import CONVERSATION, answering, kept, sign, yes

EXAMPLES = settings(max_examples=times(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(events: list[RunEvent]) -> list[tuple[str, bytes]]:
    """Facts and where they happened, without when, without what chance gave, and without how attempts ended."""
    facts = [(event.path, event.fact) for event in events if isinstance(event.fact, Fact)]
    return [(path, encode(plain(fact))[0]) for path, fact in facts if not isinstance(fact, AttemptHeld | AttemptReleased)]


def plain(fact: Fact) -> Fact:
    """Return the fact without what chance gave, the order in which calls ended, and the id of the process."""
    match fact:
        case ValueDrawn():
            return replace(fact, value=0)
        case TurnStarted():
            return replace(fact, owner="")
        case HandoffCommitted():
            return replace(fact, learned=tuple(sorted(fact.learned)))
        case _:
            return fact


async def drained(step: Any, input: Any, config: RunConfig) -> tuple[list[RunEvent], RunResult[Any]]:
    """All events of a stream, and its result."""
    async with Runner.stream(step, input, config=config) as stream:
        events = [event async for event in stream]
        return events, stream.result


def answers_and_pieces(events: list[RunEvent]) -> tuple[list[str], list[str]]:
    """The texts of the answers, and what the pieces shown for each of them make up."""
    shown: dict[tuple[str, int], str] = defaultdict(str)
    given_answers: dict[str, int] = defaultdict(int)
    texts: list[str] = []
    joined: list[str] = []
    for event in events:
        match event.fact:
            case TextDelta(text=text, answer=answer):
                shown[event.path, answer] += text
            case ModelAnswered(message=message):
                given_answers[event.path] += 1
                texts.append(message.text)
                joined.append(shown[event.path, given_answers[event.path]])
            case _:
                pass
    return texts, joined


async def check_the_stream(plan: Plan) -> None:
    """Run the plan, stream it, and compare."""
    config = RunConfig(max_turns=1000)
    heard: list[RunEvent] = []
    ran = await Runner.run(build(plan, World()), "go", config=config)
    listened = await Runner.run(build(plan, World()), "go", config=RunConfig(max_turns=1000, listeners=(heard.append,)))
    events, streamed = await drained(build(plan, World()), "go", config)

    assert ran.final_output == streamed.final_output == listened.final_output
    assert list(ran.messages) == list(streamed.messages)
    assert told(events) == told(list(streamed.events))
    assert told(heard) == told(list(listened.events))
    runs = [told(list(one.events)) for one in (ran, streamed, listened)]
    if concurrent(plan):  # what runs side by side may be noted in another order
        runs = [sorted(facts) for facts in runs]
    assert runs[0] == runs[1] == runs[2]
    texts, joined = answers_and_pieces(events)
    assert joined == texts
    assert [event.seq for event in events if event.seq] == list(range(1, len(streamed.events) + 1))
    assert all((event.seq == 0) == isinstance(event.fact, Delta) for event in events)


@EXAMPLES
@given(plans(approvals=False))
def test_a_run_equals_its_drained_stream(plan: Plan):
    asyncio.run(check_the_stream(plan))


async def check_the_pieces(text: str) -> None:
    """Stream one answer."""
    agent = Agent("agent", model=FunctionModel(lambda request: Message("assistant", text)))
    events, result = await drained(agent, "go", RunConfig())
    pieces = [event.text for event in events if event.kind == "text_delta"]

    assert "".join(pieces) == result.final_output == text
    assert all(pieces)


@settings(max_examples=times(40), deadline=None)
@given(st.text(st.sampled_from(" \t\n a.é👩\u200d\u3000\u202e-"), min_size=1, max_size=40).filter(str.strip))
def test_the_pieces_of_any_text_make_up_the_text(text: str):
    asyncio.run(check_the_pieces(text))


async def test_pieces_are_shown_as_the_model_says_them():
    agent = Agent("agent", model=FunctionModel(lambda request: deltas(["a", "bc ", "", " d"])))
    events, result = await drained(agent, "go", RunConfig())

    assert [event.text for event in events if event.kind == "text_delta"] == ["a", "bc ", " d"]
    assert result.final_output == "abc  d"


async def test_a_stream_that_waits_for_a_person_ends_and_says_so():
    agent = Agent("agent", tools=[sign], model=answering(call("sign"), "done"))
    journal = MemoryJournal()
    config = RunConfig(journal=journal)
    async with Runner.stream(agent, "go", config=config, conversation=CONVERSATION) as stream:
        events = [event async for event in stream]
        waiting = stream.result.waiting

    assert [one.tool for one in waiting] == ["sign"]
    assert told(events) == told(kept(journal))
    resumed = await Runner.resume(agent, conversation=CONVERSATION, config=config, answers=yes(waiting))
    assert resumed.final_output == "done"


async def test_a_stream_that_is_left_early_stops_the_run_and_keeps_what_was_noted():
    journal = MemoryJournal()
    config = RunConfig(journal=journal)
    agent = Agent("agent", model=answering("a long answer that nobody hears to its end"))
    async with Runner.stream(agent, "go", config=config, conversation=CONVERSATION) as stream:
        async for event in stream:
            if event.kind == "text_delta":
                break
    assert not asyncio.all_tasks() - {asyncio.current_task()}
    assert not any(isinstance(event.fact, ModelAnswered) for event in kept(journal))

    result = await Runner.resume(agent, conversation=CONVERSATION, config=config)
    assert result.final_output == "a long answer that nobody hears to its end"


@pytest.mark.parametrize("count", [1, 255, 256, 257, 2000])
async def test_a_reader_that_takes_its_time_misses_no_word(count: int):
    text = " ".join(f"w{i}" for i in range(count))
    agent = Agent("agent", model=answering(text))
    pieces: list[str] = []
    async with Runner.stream(agent, "go") as stream:
        async for event in stream:
            if event.kind == "text_delta":
                pieces.append(event.text)
                for _ in range(3):
                    await asyncio.sleep(0)

    assert "".join(pieces) == text
