"""The output of a turn is what was heard in it, and that of a part of a run is its last answer."""

from __future__ import annotations

from typing import Any

from switchroom import Agent, RunConfig, Runner, Session, ToolContext, parallel, sequential, tool
from switchroom.compat.agents import Agent as TheirAgent
from switchroom.compat.agents import Runner as TheirRunner
from switchroom.events import ModelAnswered, StepReturned, TextDelta, ToolReturned
from switchroom.guardrail import Pass, on_output
from switchroom.testing import FunctionModel, ScriptedModel, call, transcript
from tests.helpers import facts_of, keeping


def desk(**options: Any) -> Agent[str]:
    """An agent that says a word and hands over to billing."""
    billing = Agent("billing", model=ScriptedModel(["Billing has it."]), **options)
    model = ScriptedModel([["One moment.", call("transfer_to_billing", reason="theirs")]])
    return Agent("triage", model=model, handoffs=[billing])


async def streamed(step: Any) -> tuple[str, Any]:
    """The streamed text, answer by answer, and the result."""
    shown: dict[int, str] = {}
    async with Runner.stream(step, "x") as events:
        async for event in events:
            match event.fact:
                case TextDelta(text=text, answer=answer):
                    shown[answer] = shown.get(answer, "") + text
                case _:
                    pass
        return "\n".join(shown.values()), events.result


async def test_the_streamed_text_of_a_run_with_a_handoff_is_its_final_output():
    text, result = await streamed(desk())
    assert text == result.final_output == result.text == "One moment.\nBilling has it."


async def test_what_is_said_beside_a_tool_call_is_a_part_too():
    @tool(effect="read")
    async def look() -> str:
        return "found"

    agent = Agent("clerk", model=ScriptedModel([["I look.", call("look")], call("look"), "Found."]), tools=[look])
    text, result = await streamed(agent)
    assert text == result.final_output == "I look.\nFound."


async def test_the_journal_a_resume_and_the_next_turn_know_the_same():
    config = keeping()
    result = await Runner.run(desk(), "x", config=config, conversation="c")
    [returned] = facts_of(StepReturned, result.events)
    assert (returned.output, returned.last) == ("One moment.\nBilling has it.", "Billing has it.")
    again = await Runner.resume(desk(), config=config, conversation="c")
    assert again.final_output == again.text == result.final_output
    assert [message.text for message in again.messages if message.role == "assistant"] == ["One moment.", "Billing has it."]


async def test_a_transcript_tells_each_part_once():
    told = transcript(await Runner.run(desk(), "x"))
    assert told.count("Billing has it.") == told.count("One moment.") == 1


async def test_a_session_says_what_a_run_gives():
    async with Session(desk()) as session:
        assert (await session.send("x")).text == (await Runner.run(desk(), "x")).final_output


async def test_a_typed_output_is_the_object_and_the_text_is_what_was_heard():
    billing = Agent("billing", model=ScriptedModel(["5"]), output_type=int)
    model = ScriptedModel([["One moment.", call("transfer_to_billing", reason="theirs")]])
    result = await Runner.run(Agent("triage", model=model, handoffs=[billing]), "x")
    assert (result.final_output, result.text) == (5, "One moment.\n5")


async def test_a_part_of_a_run_passes_its_last_answer_on():
    boss = Agent("boss", model=ScriptedModel([call("triage", input="x"), "done"]), tools=[desk()])
    result = await Runner.run(boss, "x")
    assert [fact.text for fact in facts_of(ToolReturned, result.events)] == ["Billing has it."]
    assert result.final_output == "done"
    assert (await Runner.run(sequential(desk()), "x")).final_output == "Billing has it."
    assert (await Runner.run(parallel(one=desk()), "x")).final_output == {"one": "Billing has it."}


async def test_a_run_inside_a_tool_gives_its_last_answer():
    seen: list[tuple[str, str]] = []

    @tool(effect="read")
    async def ask(ctx: ToolContext) -> str:
        result = await Runner.run(desk(), "x")
        seen.append((result.final_output, result.text))
        return "asked"

    await Runner.run(Agent("boss", model=ScriptedModel([call("ask"), "done"]), tools=[ask]), "x")
    assert seen == [("Billing has it.", "One moment.\nBilling has it.")]


async def test_what_a_guardrail_holds_back_is_not_heard_unjudged():
    async def polite(context: Any, text: str) -> Pass:
        return Pass()

    @tool(effect="read")
    async def look() -> str:
        return "found"

    model = ScriptedModel([["The code is 1234.", call("look")], "Found."])
    agent = Agent("clerk", model=model, tools=[look], guardrails=[on_output(polite, hold=True)])
    text, result = await streamed(agent)
    assert text == result.final_output == "Found."
    assert [fact.held for fact in facts_of(ModelAnswered, result.events)] == [True, False]
    model = ScriptedModel([["The code is 1234.", call("look")], "Found."])
    agent = Agent("clerk", model=model, tools=[look], guardrails=[on_output(polite, hold=True)])
    async with Session(agent) as session:
        assert (await session.send("x")).text == "Found."


async def test_the_text_of_a_run_that_waits_is_what_was_said_so_far():
    @tool(needs_approval=True)
    async def pay() -> str:
        return "paid"

    model = ScriptedModel([["I ask first.", call("pay")], "Paid."])
    agent, config = Agent("clerk", model=model, tools=[pay]), keeping()
    result = await Runner.run(agent, "x", config=config, conversation="c")
    assert (result.final_output, result.text) == (None, "I ask first.")
    answers = {result.waiting[0].id: True}
    result = await Runner.resume(agent, config=config, conversation="c", answers=answers)
    assert result.final_output == result.text == "I ask first.\nPaid."


async def test_the_text_of_a_workflow_is_its_output_as_text():
    async def count(text: str) -> dict[str, int]:
        return {"n": 1}

    result = await Runner.run(sequential(count), "x")
    assert (result.final_output, result.text) == ({"n": 1}, '{"n":1}')


async def test_their_runner_gives_the_last_answer_alone():
    def answer(request: Any) -> Any:
        if request.agent == "triage":
            return ["One moment.", call("transfer_to_billing")]
        return "Billing has it."

    billing = TheirAgent[Any]("billing", model=FunctionModel(answer))
    triage = TheirAgent[Any]("triage", model=FunctionModel(answer), handoffs=[billing])
    assert (await TheirRunner.run(triage, "x")).final_output == "Billing has it."
    streaming = TheirRunner.run_streamed(triage, "x")
    async for _ in streaming.stream_events():
        pass
    assert streaming.final_output == "Billing has it."


async def test_a_run_without_listeners_says_the_same():
    assert (await Runner.run(desk(), "x", config=RunConfig())).final_output == "One moment.\nBilling has it."
