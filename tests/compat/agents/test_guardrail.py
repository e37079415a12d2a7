"""Guardrails: when they are asked, about what, and what comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom.compat.agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OutputGuardrail,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    RunContextWrapper,
    Runner,
    function_tool,
    input_guardrail,
    output_guardrail,
)
from switchroom.events import GuardTripped
from switchroom.testing import ScriptedModel, call
from tests.helpers import facts_of, run_of

Said = GuardrailFunctionOutput


class Answer(BaseModel):
    text: str


@input_guardrail
async def polite(context: RunContextWrapper[Any], agent: Agent[Any], given: str | list[Any]) -> Said:
    return Said({"agent": agent.name, "given": given, "context": context.context}, "damn" in str(given))


@output_guardrail(name="short answers")
def short(context: RunContextWrapper[Any], agent: Agent[Any], output: Any) -> Said:
    return Said({"agent": agent.name, "output": output}, len(str(output)) > 20)


async def test_guardrails_that_let_pass_leave_what_they_said() -> None:
    agent = Agent("clerk", input_guardrails=[polite], output_guardrails=[short], model=ScriptedModel(["Hello."]))
    result = await Runner.run(agent, "hi", context="Ann")
    [before], [after] = result.input_guardrail_results, result.output_guardrail_results
    assert (before.guardrail, before.output.output_info) == (polite, {"agent": "clerk", "given": "hi", "context": "Ann"})
    assert (after.guardrail, after.agent, after.agent_output) == (short, agent, "Hello.")
    assert (polite.get_name(), short.get_name()) == ("polite", "short answers")


async def test_an_input_that_trips_is_seen_by_no_model() -> None:
    model = ScriptedModel([])
    agent = Agent("clerk", input_guardrails=[polite], model=model)
    with pytest.raises(InputGuardrailTripwireTriggered, match="polite") as caught:
        await Runner.run(agent, "damn")
    assert caught.value.guardrail_result.output.tripwire_triggered
    assert model.requests == []
    assert caught.value.run_data is not None
    assert caught.value.run_data.input_guardrail_results == [caught.value.guardrail_result]
    [tripped] = facts_of(GuardTripped, run_of(caught.value).events)
    assert (tripped.guardrail, tripped.agent) == ("polite", "clerk")


async def test_an_output_that_trips_is_no_result() -> None:
    agent = Agent("clerk", output_guardrails=[short], model=ScriptedModel(["Much more than twenty characters."]))
    with pytest.raises(OutputGuardrailTripwireTriggered, match="short answers") as caught:
        await Runner.run(agent, "hi")
    assert caught.value.guardrail_result.agent_output == "Much more than twenty characters."
    assert caught.value.run_data is not None
    assert [item.type for item in caught.value.run_data.new_items] == ["message_output_item"]
    assert caught.value.run_data.output_guardrail_results == [caught.value.guardrail_result]


async def test_an_output_guardrail_is_given_the_typed_output() -> None:
    agent = Agent("clerk", output_type=Answer, output_guardrails=[short], model=ScriptedModel(['{"text": "Hi."}']))
    result = await Runner.run(agent, "hi")
    assert result.output_guardrail_results[0].agent_output == Answer(text="Hi.")


async def test_only_the_first_agent_is_asked_before_and_only_the_last_one_after() -> None:
    second = Agent("second", input_guardrails=[polite], output_guardrails=[short])
    first = Agent("first", input_guardrails=[polite], output_guardrails=[short], handoffs=[second])
    config = RunConfig(model=ScriptedModel([call("transfer_to_second"), "Hello."]))
    result = await Runner.run(first, "hi", run_config=config)
    assert [one.output.output_info["agent"] for one in result.input_guardrail_results] == ["first"]
    assert [one.agent.name for one in result.output_guardrail_results] == ["second"]


async def test_guardrails_of_the_run_are_asked_too() -> None:
    config = RunConfig(model=ScriptedModel(["Hello."]), input_guardrails=[polite], output_guardrails=[short])
    result = await Runner.run(Agent("clerk"), "hi", run_config=config)
    assert (len(result.input_guardrail_results), len(result.output_guardrail_results)) == (1, 1)


async def test_an_input_is_judged_once_and_whole() -> None:
    agent = Agent("clerk", input_guardrails=[polite], model=ScriptedModel(["Hello."]))
    given = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]
    result = await Runner.run(agent, given)
    assert [one.output.output_info["given"] for one in result.input_guardrail_results] == [given]


async def test_an_input_with_nothing_of_a_person_is_judged_as_well() -> None:
    model = ScriptedModel([])
    agent = Agent("clerk", input_guardrails=[polite], model=model)
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent, [{"role": "assistant", "content": "damn"}])
    assert model.requests == []


async def test_guardrails_are_asked_at_once_and_the_first_that_trips_stops_the_others() -> None:
    both = asyncio.Barrier(2)
    ended: list[str] = []

    async def trips(context: Any, agent: Any, given: Any) -> Said:
        await both.wait()
        return Said("first", True)

    async def waits(context: Any, agent: Any, given: Any) -> Said:
        await both.wait()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return Said("never", False)

    agent = Agent("clerk", input_guardrails=[InputGuardrail(waits), InputGuardrail(trips)], model=ScriptedModel([]))
    with pytest.raises(InputGuardrailTripwireTriggered, match="trips"):
        await Runner.run(agent, "hi")
    assert ended == ["cancelled"]


async def test_results_of_guardrails_stand_in_the_order_of_the_guardrails() -> None:
    second_first = asyncio.Event()

    async def one(context: Any, agent: Any, output: Any) -> Said:
        await second_first.wait()
        return Said("one", False)

    async def two(context: Any, agent: Any, output: Any) -> Said:
        second_first.set()
        return Said("two", False)

    guardrails = [OutputGuardrail(one), OutputGuardrail(two)]
    result = await Runner.run(Agent("clerk", output_guardrails=guardrails, model=ScriptedModel(["Hello."])), "hi")
    assert [said.output.output_info for said in result.output_guardrail_results] == ["one", "two"]


async def test_one_that_does_not_run_in_parallel_is_asked_before_the_others() -> None:
    asked: list[str] = []

    @input_guardrail
    def others(context: Any, agent: Any, given: Any) -> Said:
        asked.append("others")
        return Said(None, False)

    @input_guardrail(run_in_parallel=False)
    def first(context: Any, agent: Any, given: Any) -> Said:
        asked.append("first")
        return Said(None, "damn" in given)

    agent = Agent("clerk", input_guardrails=[others, first], model=ScriptedModel(["Hello."]))
    await Runner.run(agent, "hi")
    with pytest.raises(InputGuardrailTripwireTriggered, match="first"):
        await Runner.run(agent, "damn")
    assert asked == ["first", "others", "first"]


async def test_a_guardrail_may_run_an_agent_and_the_run_is_part_of_the_run() -> None:
    class Verdict(BaseModel):
        homework: bool

    judge = Agent("judge", output_type=Verdict, model=ScriptedModel(['{"homework": true}']))

    @input_guardrail
    async def homework(context: RunContextWrapper[str], agent: Agent[str], given: Any) -> Said:
        result = await Runner.run(judge, given, context=context.context)
        return Said(result.final_output, result.final_output.homework)

    agent = Agent[str]("tutor", input_guardrails=[homework], model=ScriptedModel([]))
    with pytest.raises(InputGuardrailTripwireTriggered) as caught:
        await Runner.run(agent, "Solve x + 1 = 2", context="Ann")
    assert caught.value.guardrail_result.output.output_info == Verdict(homework=True)
    assert run_of(caught.value).by_agent["judge"].requests == 1


async def test_what_a_guardrail_raises_leaves_the_run_as_itself() -> None:
    def broken(context: Any, agent: Any, given: Any) -> Said:
        raise ConnectionError("the line is down")

    with pytest.raises(ConnectionError, match="the line is down"):
        await Runner.run(Agent("clerk", input_guardrails=[InputGuardrail(broken)], model=ScriptedModel([])), "hi")


async def test_a_tripped_run_inside_a_tool_is_told_to_the_model() -> None:
    inner = Agent("inner", input_guardrails=[polite], model=ScriptedModel([]))

    @function_tool
    async def ask(words: str) -> str:
        """Ask the other."""
        return (await Runner.run(inner, words)).final_output

    model = ScriptedModel([call("ask", words="damn"), "I see."])
    await Runner.run(Agent("outer", tools=[ask], model=model), "hi")
    told = "[failed: InputGuardrailTripwireTriggered: Input guardrail 'polite' tripped.]"
    assert model.requests[1].messages[-1].text == told
