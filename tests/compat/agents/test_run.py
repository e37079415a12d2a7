"""Running: agents as they are when a run begins, runs inside runs, limits, and ways to wait for the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

import switchroom
from switchroom import set_default_model
from switchroom.compat.agents import (
    Agent,
    AgentOutputSchema,
    AgentsException,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelRefusalError,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunResult,
    ToolExecutionConfig,
    UserError,
    function_tool,
)
from switchroom.errors import ModelMisbehaved
from switchroom.events import StepStarted, ToolStarted
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.models import Reply
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.compat.ways import told
from tests.helpers import facts_of, run_of


class Verdict(BaseModel):
    good: bool
    why: str = ""


def _says(text: str) -> FunctionModel:
    return FunctionModel(lambda request: text)


async def test_an_agent_is_run_as_it_is_when_the_run_begins() -> None:
    agent = Agent("clerk", model=_says("one"))
    assert (await Runner.run(agent, "hi")).final_output == "one"
    agent.model = _says("two")
    agent.name = "clerk again"
    result = await Runner.run(agent, "hi")
    assert (result.final_output, result.last_agent.name) == ("two", "clerk again")


async def test_a_tool_that_is_added_in_a_run_is_there_in_the_next() -> None:
    model = ScriptedModel([call("learn"), "Done.", "Done."])
    agent = Agent("clerk", model=model)

    @function_tool
    def learn() -> str:
        """Learn to sing."""
        agent.tools.append(sing)
        return "learned"

    @function_tool
    def sing() -> str:
        """Sing."""
        return "la"

    agent.tools.append(learn)
    await Runner.run(agent, "hi")
    await Runner.run(agent, "hi")
    assert [[spec.name for spec in request.tools] for request in model.requests] == [["learn"], ["learn"], ["learn", "sing"]]


async def test_instructions_may_be_functions_of_context_and_agent() -> None:
    def plain(context: RunContextWrapper[str], agent: Agent[str]) -> str:
        return f"{agent.name} serves {context.context}"

    async def later(context: RunContextWrapper[str], agent: Agent[str]) -> str:
        return plain(context, agent)

    for instructions in (plain, later):
        model = ScriptedModel(["Hello."])
        agent = Agent[str]("clerk", instructions=instructions, model=model)
        result = await Runner.run(agent, "hi", context="Ann")
        assert model.requests[0].instructions == "clerk serves Ann"
        assert await agent.get_system_prompt(result.context_wrapper) == "clerk serves Ann"
    assert await Agent("clerk", instructions="Serve.").get_system_prompt(RunContextWrapper(None)) == "Serve."


async def test_instructions_that_take_something_else_are_refused() -> None:
    agent = Agent("clerk", instructions=lambda: "hi", model=_says("one"))
    with pytest.raises(UserError, match=r"called as f\(context, agent\)"):
        await Runner.run(agent, "hi")


@pytest.mark.parametrize("output_type", [Verdict, AgentOutputSchema(Verdict, strict_json_schema=False)])
async def test_an_output_is_of_the_declared_type(output_type: Any) -> None:
    model = ScriptedModel(["I think so.", '{"good": true}'])
    result = await Runner.run(Agent("judge", output_type=output_type, model=model), "Is it?")
    assert result.final_output == Verdict(good=True)
    assert result.final_output_as(Verdict).good
    assert told(result) == ['judge: {"good": true}']
    with pytest.raises(TypeError, match="is Verdict, not str"):
        result.final_output_as(str, raise_if_incorrect_type=True)


async def test_a_model_that_does_not_mend_its_ways_ends_the_run() -> None:
    agent = Agent("judge", output_type=Verdict, model=_says("I think so."))
    with pytest.raises(ModelBehaviorError, match="4 times in a row") as caught:
        await Runner.run(agent, "Is it?")
    assert caught.value.message == str(caught.value)
    assert isinstance(caught.value, ModelMisbehaved)
    assert caught.value.run_data is not None
    assert len(caught.value.run_data.raw_responses) == 4


async def test_a_refusal_where_a_type_is_declared_ends_the_run() -> None:
    refusal = switchroom.Message("assistant", "I will not.", refusal=True)
    with pytest.raises(ModelRefusalError, match="I will not"):
        await Runner.run(Agent("judge", output_type=Verdict, model=ScriptedModel([refusal])), "Is it?")
    result = await Runner.run(Agent("judge", model=ScriptedModel([refusal])), "Is it?")
    assert result.to_input_list()[1]["content"] == [{"type": "refusal", "refusal": "I will not."}]


@function_tool
def again() -> str:
    """Do it again."""
    return "once more"


async def test_a_run_ends_at_its_turns() -> None:
    agent = Agent("clerk", tools=[again], model=FunctionModel(lambda request: call("again")))
    with pytest.raises(MaxTurnsExceeded, match="Allow more than max_turns=3") as caught:
        await Runner.run(agent, "hi", max_turns=3)
    assert isinstance(caught.value, AgentsException | switchroom.RunError)
    data = caught.value.run_data
    assert data is not None
    assert (len(data.new_items), len(data.raw_responses), data.last_agent) == (6, 3, agent)
    assert run_of(caught.value).usage.requests == 3


async def test_a_run_has_ten_turns_where_nothing_is_said_and_any_number_with_none() -> None:
    def answer(request: ModelRequest) -> Reply:
        return "Enough." if len(request.messages) > 60 else call("again")

    agent = Agent("clerk", tools=[again], model=FunctionModel(answer))
    with pytest.raises(MaxTurnsExceeded, match="max_turns=10"):
        await Runner.run(agent, "hi")
    assert (await Runner.run(agent, "hi", max_turns=None)).context_wrapper.usage.requests == 31


async def test_a_run_inside_a_tool_is_a_child_and_counts_its_own_turns() -> None:
    worker = Agent("worker", tools=[again], model=ScriptedModel([call("again")] * 8 + ["Worked."]))

    @function_tool
    async def work() -> str:
        """Let the worker work."""
        return (await Runner.run(worker, "Work!")).final_output

    boss = Agent("boss", tools=[work], model=ScriptedModel([call("work"), "Well done."]))
    result = await Runner.run(boss, "hi", max_turns=2)
    assert result.final_output == "Well done."
    assert result.context_wrapper.usage.requests == 2
    assert result.switchroom.usage.requests == 11
    paths = [event.path for event in result.switchroom.events if isinstance(event.fact, StepStarted)]
    assert paths == ["turn#1/boss#0", "turn#1/boss#0/work#1.0/worker#0"]
    assert told(result) == snapshot(["boss calls work({})", "boss is told Worked.", "boss: Well done."])


async def test_runs_inside_a_tool_may_go_on_at_once() -> None:
    together = asyncio.Barrier(3)

    async def answer(request: ModelRequest) -> Reply:
        await together.wait()
        return f"{request.messages[-1].text} done"

    worker = Agent("worker", model=FunctionModel(answer))

    @function_tool
    async def work() -> str:
        """Let three work."""
        results = await asyncio.gather(*(Runner.run(worker, f"part {part}") for part in range(3)))
        return "; ".join(result.final_output for result in results)

    boss = Agent("boss", tools=[work], model=ScriptedModel([call("work"), "Well done."]))
    result = await Runner.run(boss, "hi")
    assert told(result)[1] == "boss is told part 0 done; part 1 done; part 2 done"


async def test_a_run_inside_takes_the_model_that_the_outer_options_name() -> None:
    model = ScriptedModel([call("work"), "Worked.", "Well done."])

    @function_tool
    async def work() -> str:
        """Let the worker work."""
        return (await Runner.run(Agent("worker"), "Work!")).final_output

    result = await Runner.run(Agent("boss", tools=[work]), "hi", run_config=RunConfig(model=model))
    assert [request.agent for request in model.requests] == ["boss", "worker", "boss"]
    assert result.final_output == "Well done."


async def test_the_model_of_the_options_goes_before_the_agents_own() -> None:
    agent = Agent("clerk", model=_says("my own"))
    assert (await Runner.run(agent, "hi", run_config=RunConfig(model=_says("the run's")))).final_output == "the run's"
    assert (await Runner.run(agent, "hi", run_config={"model": _says("the run's")})).final_output == "the run's"
    set_default_model(_says("the default"))
    try:
        assert (await Runner.run(agent, "hi")).final_output == "my own"
        assert (await Runner.run(Agent("clerk"), "hi")).final_output == "the default"
    finally:
        set_default_model(None)


async def test_an_agent_without_a_model_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="Agent 'clerk' has no model"):
        await Runner.run(Agent("clerk"), "hi")


async def test_what_fails_in_a_run_inside_is_told_to_the_outer_model() -> None:
    worker = Agent("worker", tools=[again], model=FunctionModel(lambda request: call("again")))

    @function_tool
    async def work() -> str:
        """Let the worker work."""
        return (await Runner.run(worker, "Work!", max_turns=1)).final_output

    boss = Agent("boss", tools=[work], model=ScriptedModel([call("work"), "I give up."]))
    result = await Runner.run(boss, "hi")
    assert told(result)[1].startswith("boss is told [failed: MaxTurnsExceeded: The run of 'worker' had 1 model answers")


async def test_what_fails_in_a_run_inside_carries_how_far_it_had_come() -> None:
    worker = Agent("worker", tools=[again], model=FunctionModel(lambda request: call("again")))
    caught: list[MaxTurnsExceeded] = []

    @function_tool
    async def work() -> str:
        """Let the worker work."""
        try:
            return (await Runner.run(worker, "Work!", max_turns=1)).final_output
        except MaxTurnsExceeded as error:
            caught.append(error)
            return "given up"

    await Runner.run(Agent("boss", tools=[work], model=ScriptedModel([call("work"), "Well."])), "hi")
    assert caught[0].run_data is not None
    assert [item.type for item in caught[0].run_data.new_items] == ["tool_call_item", "tool_call_output_item"]


def test_a_run_is_waited_for_in_a_script() -> None:
    assert Runner.run_sync(Agent("clerk", model=_says("one")), "hi").final_output == "one"


async def test_a_run_is_waited_for_where_a_loop_runs_as_in_a_notebook() -> None:
    assert Runner.run_sync(Agent("clerk", model=_says("one")), "hi").final_output == "one"
    failing = Agent("clerk", tools=[again], model=ScriptedModel([call("again")]))
    with pytest.raises(MaxTurnsExceeded):
        Runner.run_sync(failing, "hi", max_turns=1)


async def test_a_run_is_waited_for_in_the_thread_of_a_tool_and_is_a_child_there() -> None:
    @function_tool
    def work() -> str:
        """Let the worker work."""
        return Runner.run_sync(Agent("worker", model=_says("Worked.")), "Work!").final_output

    result = await Runner.run(Agent("boss", tools=[work], model=ScriptedModel([call("work"), "Well done."])), "hi")
    assert told(result)[1] == "boss is told Worked."
    assert result.switchroom.by_agent["worker"].requests == 1


async def test_a_run_cannot_be_waited_for_in_the_loop_of_another() -> None:
    @function_tool
    async def work() -> str:
        """Stop the loop."""
        return Runner.run_sync(Agent("worker", model=_says("Worked.")), "Work!").final_output

    with pytest.raises(UserError, match=r"await Runner\.run"):
        await Runner.run(Agent("boss", tools=[work], model=ScriptedModel([call("work")])), "hi")


async def test_a_run_inside_a_step_of_switchroom_is_its_child() -> None:
    async def step(text: str) -> str:
        return (await Runner.run(Agent("clerk", model=_says("Hello.")), text)).final_output

    result = await switchroom.Runner.run(step, "hi")
    assert (result.final_output, result.by_agent["clerk"].requests) == ("Hello.", 1)


async def test_options_that_only_switchroom_has_are_passed_on() -> None:
    journal = MemoryJournal()
    kinds: list[str] = []
    options = switchroom.RunConfig(journal=journal, listeners=(lambda event: kinds.append(event.kind),), deadline=5)
    config = RunConfig(switchroom=options)
    result = await Runner.run(Agent("clerk", model=_says("Hello.")), "hi", run_config=config)
    assert len(journal.entries[result.switchroom.conversation]) == len(result.switchroom.facts)
    assert "text_delta" in kinds
    with pytest.raises(UserError, match="call_model_input_filter"):
        RunConfig(switchroom=switchroom.RunConfig(history=lambda messages: messages))


async def test_as_many_tools_run_at_once_as_the_options_say() -> None:
    config = RunConfig(tool_execution=ToolExecutionConfig(max_function_tool_concurrency=1))
    agent = Agent("clerk", tools=[again], model=ScriptedModel([[call("again"), call("again")], "Done."]))
    result = await Runner.run(agent, "hi", run_config=config)
    kinds = [fact.index for fact in facts_of(ToolStarted, result.switchroom.events)]
    assert kinds == [0, 1]
    assert config.for_runner(None).parallel_tools == 1


async def test_an_agent_is_a_tool_of_another() -> None:
    model = ScriptedModel([call("translate_to_french", input="Hello"), "It is: Bonjour"])
    french = Agent("French Desk", model=ScriptedModel(["Bonjour"]))
    tool = french.as_tool("translate_to_french", "Translate to French.")
    result = await Runner.run(Agent("boss", tools=[tool], model=model), "hi")
    [spec] = model.requests[0].tools
    assert (spec.name, spec.description) == ("translate_to_french", "Translate to French.")
    assert told(result) == snapshot(
        ['boss calls translate_to_french({"input":"Hello"})', "boss is told Bonjour", "boss: It is: Bonjour"]
    )
    assert result.context_wrapper.usage.requests == 3
    assert french.as_tool(None, None).name == "french_desk"


async def test_what_an_agent_gives_as_a_tool_may_be_said() -> None:
    async def length(result: RunResult) -> str:
        return f"{len(result.final_output)} letters"

    french = Agent("french", model=ScriptedModel(["Bonjour"]))
    tool = french.as_tool(custom_output_extractor=length)
    result = await Runner.run(Agent("boss", tools=[tool], model=ScriptedModel([call("french", input="Hello"), "So."])), "hi")
    assert told(result)[1] == "boss is told 7 letters"


async def test_an_agent_as_a_tool_has_the_context_of_its_caller_and_its_own_turns() -> None:
    def instructions(context: RunContextWrapper[str], agent: Agent[str]) -> str:
        return f"Serve {context.context}."

    model = ScriptedModel([call("again"), call("again"), "Done."])
    inner = Agent[str]("inner", instructions=instructions, tools=[again], model=model)
    outer = Agent[str]("outer", tools=[inner.as_tool(max_turns=2)], model=ScriptedModel([call("inner", input="hi"), "So."]))
    result = await Runner.run(outer, "hi", context="Ann")
    assert model.requests[0].instructions == "Serve Ann."
    assert "MaxTurnsExceeded" in told(result)[1]


async def test_a_clone_is_another_agent() -> None:
    agent = Agent("clerk", instructions="Serve.", model=_says("one"))
    clone = agent.clone(name="other", model=_says("two"))
    assert (clone.instructions, clone.tools is agent.tools) == ("Serve.", True)
    assert [(await Runner.run(one, "hi")).final_output for one in (agent, clone)] == ["one", "two"]


async def test_what_is_no_agent_and_no_list_is_refused() -> None:
    with pytest.raises(UserError, match=r"pass an Agent of switchroom\.compat\.agents"):
        await Runner.run(switchroom.Agent("clerk"), "hi")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=r"pass an Agent of switchroom\.compat\.agents"):
        Runner.run_sync("clerk", "hi")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=r"tools is .* give a list"):
        Agent("clerk", tools=(again,))  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="no option 'modell'"):
        await Runner.run(Agent("clerk"), "hi", run_config={"modell": "x"})
