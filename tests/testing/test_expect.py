"""Expectations: found in the order of the run, and where something is not there, said with what comes nearest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, RunConfig, RunContext, Runner, RunResult, Team, ToolContext, UserError, handoff, tool
from switchroom.guardrail import Trip, on_output
from switchroom.journals import MemoryJournal
from switchroom.messages import Message
from switchroom.model import ModelRequest, ModelResponse
from switchroom.testing import call, expect
from switchroom.testing.expect import Expectation
from switchroom.usage import Usage
from tests.laws.worlds import answering
from tests.testing.desk import World, asked_for, busy, desk, recorded


async def charged() -> RunResult[Any]:
    """A refund, by way of triage and billing."""
    return await Runner.run(desk(World()), "I was charged twice")


def unmet(expectation: Callable[[], Expectation]) -> str:
    """What is said of an expectation that is not met."""
    with pytest.raises(AssertionError) as raised:
        expectation()
    return str(raised.value)


# what is there --------------------------------------------------------------------------------------------------------


async def test_a_run_is_as_it_is_expected():
    result = await charged()
    (
        expect(result)
        .says("One moment.", agent="triage")
        .handoff("triage", "billing", reason="charged twice", brief={"order": "A-17"})
        .asked("billing")
        .tool("look_up", args={"order": "A-17"}, returns={"order": "A-17", "paid": [4_900, 4_900]}, agent="billing")
        .tool("refund", args={"cents": 4_900}, returns="refunded $49.00", failed=False)
        .no_tool("refund")
        .answer("Done: refunded $49.00.", by="billing")
    )
    expect(result).agents(["triage", "billing"]).requests(3).requests(at_most=2, of="billing").usage(requests=3, total_tokens=0)


async def test_texts_are_wanted_exactly_by_pattern_by_part_or_by_a_function():
    result = await charged()
    expect(result).handoff("triage", "billing", reason=re.compile(r"charged (twice|double)"))
    expect(result).handoff("triage", "billing", reason=str.islower, brief=lambda brief: brief["order"].startswith("A"))
    expect(result).tool("refund", args=lambda args: args["cents"] > 4_000, returns=re.compile(r"\$\d+"))
    expect(result).tool("look_up", returns=lambda text: "4900" in text)  # pyright: ignore[reportUnknownLambdaType]
    expect(result).says(contains=["One", "moment"]).answer(contains="refunded", matches=r"\$49\.\d\d")


async def test_an_expectation_can_be_gone_on_from_in_two_ways():
    put_through = expect(await charged()).handoff("triage", "billing")
    put_through.tool("refund")
    put_through.tool("look_up").tool("refund")


async def test_calls_of_one_answer_are_met_in_their_order_whichever_was_quicker():
    @tool(effect="read")
    async def wait(n: int) -> int:
        await asyncio.sleep(0.03 - 0.01 * n)
        return n

    model = answering([call("wait", n=0), call("wait", n=1), call("wait", n=2)], "done")
    result = await Runner.run(Agent("clerk", tools=[wait], model=model), "go")
    expect(result).tool("wait", returns=0).tool("wait", returns=1).tool("wait", returns=2).answer("done")


async def test_the_answers_of_a_conversation_are_met_turn_by_turn():
    cassette, _ = await recorded(desk(World()), "hi", "I was charged twice")
    expect(cassette).answer(contains="hi", by="triage").handoff("triage", "billing").answer(contains="refunded", by="billing")


async def test_a_handoff_declined_and_a_conversation_given_back_are_met():
    class Outcome(BaseModel):
        paid: int

    declined = await Runner.run(desk(World(), transfer={"accepts": busy}), "I was charged twice")
    expect(declined).declined("triage", "billing", reason="we are closed").answer(by="triage")

    asker = Agent("a", model=answering(call("transfer_to_b", reason="x"), "thanks"), handoffs=[handoff("b", returns=Outcome)])
    team = Team([asker, Agent("b", model=answering(call("return_to_a", paid=5)))])
    expect(await Runner.run(team, "go")).returned("b", "a", outcome={"paid": 5}).answer("thanks", by="a").agents(
        ["a", "b", "a"]
    )


async def test_what_a_person_is_asked_is_met_until_it_is_answered():
    cassette, result = await asked_for(desk(World(), approve=True))
    expect(result).tool("look_up").waits_for("refund", args={"cents": 4_900})
    expect(cassette).waits_for("refund")

    _, result = await asked_for(desk(World(), approve=True), True)
    assert "open question" in unmet(lambda: expect(result).waits_for("refund"))


async def test_the_shared_state_is_met_at_the_end():
    class Count(BaseModel):
        n: int = 0
        note: str = "fresh"

    @tool(effect="idempotent")
    async def count(ctx: ToolContext) -> str:
        await ctx.update(n=ctx.state.n + 1)
        return "counted"

    result = await Runner.run(Agent("clerk", tools=[count], model=answering(call("count"), "done")), "go", state=Count())
    expect(result).state(n=1, note="fresh")
    expect(result.events).state(n=1, note="fresh")
    assert unmet(lambda: expect(result).state(n=2)) == snapshot("""\
In the state 'n' is 1, not 2.
The run:
  person: "go"
  state: n=1
  clerk calls count() -> "counted"
  clerk: "done"\
""")
    assert unmet(lambda: expect(result).state(m=2)).splitlines()[0] == snapshot(
        'The run does not say what \'m\' is in the state; it says {"n":1,"note":"fresh"}.'
    )


async def test_the_result_of_a_later_turn_knows_all_of_the_state_and_its_events_what_changed():
    class Count(BaseModel):
        n: int = 0
        note: str = "fresh"

    async def count(input: str, scope: Any) -> str:
        await scope.update(n=scope.state.n + 1)
        return "counted"

    config = RunConfig(journal=MemoryJournal(), state_type=Count)
    _, result = await recorded(count, "go", "and again", config=config, state=Count())
    expect(result).state(n=2, note="fresh")
    expect(result.events).state(n=2)
    assert "does not say what 'note' is" in unmet(lambda: expect(result.events).state(note="fresh"))


async def test_typed_answers_are_met_as_values():
    class Answer(BaseModel):
        n: int

    result = await Runner.run(Agent("clerk", output_type=Answer, model=answering('{"n": 7}')), "go")
    expect(result).answer(Answer(n=7)).requests(1)
    expect(result).answer({"n": 7}, contains='"n":7')
    expect(await Runner.run(_parts, "go")).answer(["a", "b"])


async def _parts(input: str, scope: Any) -> list[str]:
    return ["a", "b"]


async def test_failures_and_tripped_guardrails_are_met_of_the_exception():
    async def no_secrets(ctx: RunContext, text: str) -> Trip:
        return Trip("secrets")

    @tool(effect="read")
    async def fetch(item: str) -> str:
        raise LookupError(f"no {item}")

    with pytest.raises(LookupError) as raised:
        await Runner.run(Agent("clerk", tools=[fetch], model=answering(call("fetch", item="7"))), "go")
    expect(raised.value).tool("fetch", args={"item": "7"}, failed=True).fails(LookupError, contains="no 7")
    assert "final answer" in unmet(lambda: expect(raised.value).answer())

    with pytest.raises(Exception, match="secrets") as tripped:
        await Runner.run(Agent("clerk", model=answering("done"), guardrails=[on_output(no_secrets)]), "go")
    expect(tripped.value).guardrail("no_secrets", agent="clerk", reason="secrets").fails("GuardrailTripped")


async def test_a_failure_that_the_model_was_told_is_a_failed_call():
    @tool(effect="read", on_error="tell_model")
    async def fetch() -> str:
        raise LookupError("no")

    result = await Runner.run(Agent("clerk", tools=[fetch], model=answering(call("fetch"), "sorry")), "go")
    expect(result).tool("fetch", failed=True).answer("sorry")


async def test_usage_is_bounded_for_all_and_for_one():
    async def model(request: ModelRequest, emit: Any) -> ModelResponse:
        return ModelResponse(Message("assistant", "done"), Usage(1, 100, 20))

    result = await Runner.run(Agent("clerk", model=model), "go")
    expect(result).usage(input_tokens=100, output_tokens=20, total_tokens=120, of="clerk")
    assert unmet(lambda: expect(result).usage(input_tokens=99)).splitlines()[0] == snapshot(
        "The run used 100 input_tokens, more than 99."
    )
    assert unmet(lambda: expect(result).requests(2, of="clerk")).splitlines()[0] == snapshot(
        "Agent 'clerk' had 1 model answers, not 2."
    )
    assert unmet(lambda: expect(result).requests(at_most=0)).splitlines()[0] == snapshot(
        "The run had 1 model answers, more than 0."
    )
    with pytest.raises(UserError, match="usage has"):
        expect(result).usage(money=3)


async def test_facts_alone_are_enough():
    result = await charged()
    expect(result.facts).handoff("triage", "billing").tool("refund", args={"cents": 4_900}).answer(by="billing")


# what is not there ----------------------------------------------------------------------------------------------------


async def test_what_comes_nearest_is_shown_with_what_is_wrong_and_the_run_from_there():
    result = await charged()
    said = unmet(lambda: expect(result).handoff("triage", "billing").tool("refund", args={"order": "A-18", "cents": 4_900}))
    assert said == snapshot("""\
There is no call of refund with args['order'] "A-18", args['cents'] 4900, from here on.
  nearest: billing calls refund(order='A-17', cents=4900) -> "refunded $49.00"
           args['order'] is "A-17", not "A-18"
The run from there:
  billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
  billing calls refund(order='A-17', cents=4900) -> "refunded $49.00"
  billing: "Done: refunded $49.00."\
""")


async def test_a_name_that_is_nearly_right_is_offered():
    result = await charged()
    assert unmet(lambda: expect(result).handoff("triage", "biling")) == snapshot("""\
There is no handoff triage -> biling.
  nearest: triage -> billing (charged twice) {"order":"A-17"}
           target is "billing", not "biling"
  Did you mean 'billing'?
The run:
  person: "I was charged twice"
  triage: "One moment."
  triage -> billing (charged twice) {"order":"A-17"}
  billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
  billing calls refund(order='A-17', cents=4900) -> "refunded $49.00"
  billing: "Done: refunded $49.00."\
""")
    assert "Did you mean 'look_up'?" in unmet(lambda: expect(result).tool("lookup"))
    assert "Did you mean" not in unmet(lambda: expect(result).tool("fly"))


async def test_what_was_there_earlier_is_shown():
    result = await charged()
    assert unmet(lambda: expect(result).tool("refund").tool("look_up")) == snapshot("""\
There is no call of look_up, from here on.
  earlier: billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
The run from there:
  billing: "Done: refunded $49.00."\
""")


async def test_a_call_that_was_not_to_be_is_shown_where_it_is():
    result = await charged()
    assert unmet(lambda: expect(result).handoff("triage", "billing").no_tool("refund")) == snapshot("""\
'refund' is not to be called, and billing calls refund(order='A-17', cents=4900).
The run from there:
  billing calls look_up(order='A-17') -> {"order":"A-17","paid":[4900,4900]}
  billing calls refund(order='A-17', cents=4900) -> "refunded $49.00"
  billing: "Done: refunded $49.00."\
""")


async def test_another_order_of_agents_is_shown():
    result = await charged()
    assert unmet(lambda: expect(result).agents(["triage"])).splitlines()[0] == snapshot(
        "The conversation was with ['triage', 'billing'], not with ['triage']."
    )


async def test_another_answer_is_shown():
    result = await charged()
    assert unmet(lambda: expect(result).answer(contains="no refund", by="triage")).splitlines()[:4] == snapshot(
        [
            'There is no final answer with output containing "no refund", agent "triage".',
            '  nearest: desk returns "One moment.\\nDone: refunded $49.00."',
            '           output is "Done: refunded $49.00.", not containing "no refund"',
            '           agent is "billing", not "triage"',
        ]
    )
    assert unmet(lambda: expect(result).answer("done").answer()).splitlines()[:3] == snapshot(
        [
            'There is no final answer with output "done".',
            '  nearest: desk returns "One moment.\\nDone: refunded $49.00."',
            '           output is "Done: refunded $49.00.", not "done"',
        ]
    )


async def test_a_predicate_is_called_by_its_name():
    def generous(args: Any) -> bool:
        return args["cents"] > 10_000

    result = await charged()
    assert unmet(lambda: expect(result).tool("refund", args=generous)).splitlines()[:3] == snapshot(
        [
            "There is no call of refund with args as generous wants them.",
            "  nearest: billing calls refund(order='A-17', cents=4900) -> \"refunded $49.00\"",
            '           args is {"order":"A-17","cents":4900}, not as generous wants them',
        ]
    )


async def test_nothing_in_an_empty_run():
    assert unmet(lambda: expect([]).tool("refund")) == snapshot("""\
There is no call of refund.
The run:
  (nothing more)\
""")


async def test_an_expectation_of_what_is_no_run_is_refused():
    with pytest.raises(UserError, match="This is no run"):
        expect("a text")
