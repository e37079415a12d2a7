"""Transcripts: a run as a person reads it, the same whenever the conversation is the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, RunConfig, RunContext, Runner, Team, ToolContext, UserError, handoff, tool
from switchroom.events import Fact, RunEvent
from switchroom.guardrail import Replace, Trip, on_input, on_output
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import FunctionModel, call, transcript
from switchroom.testing.lines import line
from tests.helpers import asked_by_person, last
from tests.laws.facts import facts
from tests.laws.worlds import answering
from tests.testing.desk import World, asked_for, busy, desk, recorded


async def test_a_conversation_in_lines():
    cassette, _ = await recorded(desk(World()), "hi", "I was charged twice")
    assert transcript(cassette) == snapshot("""\
person: "hi"
triage: "Hello! You said: hi"
person: "I was charged twice"
triage: "One moment."
triage -> billing (charged twice) {"order":"A-17"}
billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
billing calls refund(order='A-17', cents=4900) -> "refunded $49.00"
billing: "Done: refunded $49.00."\
""")


async def test_a_person_is_asked_and_says_no():
    cassette, _ = await asked_for(desk(World(), approve=True), (False, "too much"))
    assert transcript(cassette) == snapshot("""\
person: "I was charged twice"
triage: "One moment."
triage -> billing (charged twice) {"order":"A-17"}
billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
billing asks a person to approve refund(order='A-17', cents=4900)
attempt 2 at turn 1
a person says no (too much)
billing: "Done: [a person did not approve this: too much]."\
""")


async def test_a_handoff_that_is_declined_and_one_that_comes_back():
    class Outcome(BaseModel):
        paid: int

    declined = await Runner.run(desk(World(), transfer={"accepts": busy}), "I was charged twice")
    assert transcript(declined) == snapshot("""\
person: "I was charged twice"
triage: "One moment."
triage -> billing declined (we are closed)
triage: "Hello! You said: [billing declined: we are closed]"\
""")

    asker = Agent("a", model=answering(call("transfer_to_b", reason="x"), "thanks"), handoffs=[handoff("b", returns=Outcome)])
    team = Team([asker, Agent("b", model=answering(call("return_to_a", paid=5)))])
    assert transcript(await Runner.run(team, "go")) == snapshot("""\
person: "go"
a -> b (x)
b -> a returned {"paid":5}
a: "thanks"\
""")


async def test_what_runs_inside_is_indented_and_calls_stand_in_their_order_whichever_was_quicker():
    def model(request: ModelRequest) -> Reply:
        if request.agent == "boss" and asked_by_person(request):
            return ["I ask around.", call("research", input="cats"), call("look", n=1), call("look", n=2)]
        return f"{request.agent} about {last(request)}"

    @tool(effect="read")
    async def look(n: int) -> dict[str, int]:
        await asyncio.sleep(0.02 if n == 1 else 0)
        return {"n": n}

    research = Agent("research", model=FunctionModel(model), description="looks things up").as_tool()
    boss = Agent("boss", model=FunctionModel(model), tools=[research, look])

    async def report(input: str, scope: Any) -> dict[str, Any]:
        await scope.uuid()
        async with asyncio.TaskGroup() as group:
            first, second = [group.create_task(scope.call(boss, topic)) for topic in ("cats", "dogs")]
        return {"first": first.result(), "second": len(second.result())}

    assert transcript(await Runner.run(report, "go")) == snapshot("""\
report is given "go"
  boss begins, person: "cats"
  boss: "I ask around."
    research begins, person: "cats"
    research: "research about cats"
  boss calls research(input='cats') -> "research about cats"
  boss calls look(n=1) -> {"n":1}
  boss calls look(n=2) -> {"n":2}
  boss: "boss about {"n":2}"
  boss begins, person: "dogs"
  boss: "I ask around."
    research begins, person: "cats"
    research: "research about cats"
  boss calls research(input='cats') -> "research about cats"
  boss calls look(n=1) -> {"n":1}
  boss calls look(n=2) -> {"n":2}
  boss: "boss about {"n":2}"
report returns {"first":"boss about {\\"n\\":2}","second":18}\
""")


async def test_what_guardrails_replace_the_state_and_refused_calls_are_told():
    class Count(BaseModel):
        n: int = 0

    async def shout(ctx: RunContext, text: str) -> Replace:
        return Replace(text.upper())

    @tool(effect="idempotent")
    async def count(ctx: ToolContext) -> str:
        await ctx.update(n=ctx.state.n + 1)
        return "counted"

    model = answering(call("counts"), call("count"), "done")
    agent = Agent("clerk", model=model, tools=[count], guardrails=[on_input(shout), on_output(shout)])
    assert transcript(await Runner.run(agent, "count", state=Count())) == snapshot("""\
person: "count"
clerk's guardrails replace the input by person: "COUNT"
clerk calls counts() -> refused: you called a tool that is not there: the agent has no tool 'counts'; it has ['count']. Did you mean 'count'?
state: n=1
clerk calls count() -> "counted"
clerk: "done"
clerk's answer is replaced by "DONE"
clerk returns "DONE"\
""")  # noqa: E501


async def test_failures_and_tripped_guardrails_are_told_of_an_exception():
    async def no_secrets(ctx: RunContext, text: str) -> Trip:
        return Trip("secrets")

    @tool(effect="read")
    async def fetch(item: str) -> str:
        raise LookupError(f"no {item}")

    with pytest.raises(LookupError) as raised:
        await Runner.run(Agent("clerk", tools=[fetch], model=answering(call("fetch", item="7"))), "go")
    assert transcript(raised.value) == snapshot("""\
person: "go"
clerk calls fetch(item='7') -> raises LookupError: no 7
clerk fails with LookupError: no 7\
""")
    with pytest.raises(Exception, match="secrets") as tripped:
        await Runner.run(Agent("clerk", model=answering("done"), guardrails=[on_output(no_secrets)]), "go")
    assert transcript(tripped.value) == snapshot("""\
person: "go"
clerk: "done"
guardrail no_secrets of clerk trips: secrets
clerk fails with GuardrailTripped: Guardrail 'no_secrets' tripped: secrets\
""")


async def test_typed_answers_chat_histories_and_long_texts_are_shown_short():
    class Answer(BaseModel):
        n: int

    chat = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "x" * 500},
    ]
    agent = Agent("clerk", output_type=Answer, model=answering("line one\nline two", '{"n": 7}'))
    told = transcript(await Runner.run(agent, chat))
    assert told.replace("x" * 190, "(...)") == snapshot("""\
person: "(...)xxxxxxx..." (after 2 more)
clerk: "line one\\nline two"
clerk's answer is rejected: value: Invalid JSON: expected value at line 1 column 1
clerk: "{"n": 7}"
clerk returns {"n":7}\
""")


async def test_a_run_is_told_from_its_result_its_events_its_facts_and_its_exception_alike():
    result = await Runner.run(desk(World()), "I was charged twice")
    assert transcript(result) == transcript(result.events) == transcript(result.facts) == transcript(list(result.events))


async def test_a_stream_is_told_without_its_deltas():
    async with Runner.stream(desk(World()), "hi") as stream:
        events = [event async for event in stream]
    assert transcript(events) == transcript(stream.result)


async def test_what_is_no_run_is_refused():
    running = Runner.run(Agent("clerk", model=answering("hi")), "x")
    with pytest.raises(UserError, match="a coroutine; await it first"):
        transcript(running)
    running.close()
    for thing in (42, "text", None, [1, 2], ValueError("no run")):
        with pytest.raises(UserError, match="This is no run"):
            transcript(thing)


async def test_a_part_of_a_run_is_told_too():
    worker = Agent("worker", model=answering("worked"))
    told: list[str] = []

    @tool(effect="read")
    async def work() -> str:
        told.append(transcript(await Runner.run(worker, "inside")))
        return "done"

    await Runner.run(Agent("boss", tools=[work], model=answering(call("work"), "done")), "go", config=RunConfig())
    assert told == snapshot(
        [
            """\
worker begins, person: "inside"
worker: "worked"\
"""
        ]
    )


@given(facts())
def test_any_fact_has_a_line_of_its_own(fact: Fact):
    shown = line(RunEvent("turn#1/clerk#0", fact))
    assert shown
    assert len(shown.splitlines()) == 1
    transcript([fact])
