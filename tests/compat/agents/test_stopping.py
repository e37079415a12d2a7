"""Where the result of a tool is the output of the run."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom.compat.agents import (
    Agent,
    FunctionToolResult,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    ToolsToFinalOutputResult,
    UserError,
    function_tool,
    output_guardrail,
)
from switchroom.compat.agents.guardrail import GuardrailFunctionOutput
from switchroom.messages import ToolCall
from switchroom.testing import ScriptedModel, call
from tests.compat.ways import told


class Place(BaseModel):
    city: str


@function_tool
def where() -> Place:
    """Where it is."""
    return Place(city="Nice")


@function_tool
def look() -> str:
    """Look."""
    return "seen"


def _agent(behavior: Any, *answers: Any, **options: Any) -> Agent[Any]:
    return Agent("clerk", tools=[look, where], tool_use_behavior=behavior, model=ScriptedModel(answers), **options)


async def test_the_result_of_the_first_tool_is_the_output() -> None:
    result = await Runner.run(_agent("stop_on_first_tool", [call("look"), call("where")]), "hi")
    assert result.final_output == "seen"
    assert told(result) == snapshot(
        ["clerk calls look({})", "clerk calls where({})", "clerk is told seen", 'clerk is told {"city":"Nice"}']
    )
    assert (result.context_wrapper.usage.requests, len(result.raw_responses)) == (1, 1)


async def test_the_result_of_a_named_tool_is_the_output() -> None:
    agent = _agent({"stop_at_tool_names": ["where"]}, call("look"), [call("look"), call("where")], output_type=Place)
    assert (await Runner.run(agent, "hi")).final_output == Place(city="Nice")


async def test_a_function_decides_from_the_results() -> None:
    seen: list[list[FunctionToolResult]] = []

    def decide(context: RunContextWrapper[str], results: list[FunctionToolResult]) -> ToolsToFinalOutputResult:
        seen.append(results)
        return ToolsToFinalOutputResult(results[0].output == Place(city="Nice"), f"It is in {context.context}.")

    async def later(context: RunContextWrapper[str], results: list[FunctionToolResult]) -> ToolsToFinalOutputResult:
        return decide(context, results)

    for behavior in (decide, later):
        agent = _agent(behavior, call("look"), call("where"))
        assert (await Runner.run(agent, "hi", context="France")).final_output == "It is in France."
    assert [[result.tool.name for result in results] for results in seen] == [["look"], ["where"], ["look"], ["where"]]
    assert seen[1][0].run_item.output == Place(city="Nice")


async def test_what_is_refused_is_no_result() -> None:
    agent = _agent("stop_on_first_tool", call("nothing"), [ToolCall("look", "{")], call("look"))
    assert (await Runner.run(agent, "hi")).final_output == "seen"


async def test_the_results_of_another_agent_are_none_of_this_one() -> None:
    second = Agent("second", tools=[look], tool_use_behavior="stop_on_first_tool")
    first = Agent("first", tools=[look], handoffs=[second])
    model = ScriptedModel([[call("look"), call("transfer_to_second")], "I answer myself."])
    result = await Runner.run(first, "hi", run_config=RunConfig(model=model))
    assert result.final_output == "I answer myself."


async def test_the_last_turn_may_be_a_tool_s() -> None:
    assert (await Runner.run(_agent("stop_on_first_tool", call("look")), "hi", max_turns=1)).final_output == "seen"


async def test_a_stream_tells_no_message_that_nobody_said() -> None:
    result = Runner.run_streamed(_agent("stop_on_first_tool", call("look")), "hi")
    seen = [event.name async for event in result.stream_events() if event.type == "run_item_stream_event"]
    assert (seen, result.final_output) == (["tool_called", "tool_output"], "seen")


async def test_a_session_keeps_the_result_and_no_message() -> None:
    session = SQLiteSession("a")
    await Runner.run(_agent("stop_on_first_tool", call("look")), "hi", session=session)
    assert [item.get("type", item.get("role")) for item in await session.get_items()] == [
        "user",
        "function_call",
        "function_call_output",
    ]


async def test_such_an_output_is_judged_as_any() -> None:
    @output_guardrail
    def never(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output, True)

    with pytest.raises(OutputGuardrailTripwireTriggered) as caught:
        await Runner.run(_agent("stop_on_first_tool", call("look"), output_guardrails=[never]), "hi")
    assert caught.value.run_data is not None
    assert [item.type for item in caught.value.run_data.new_items] == ["tool_call_item", "tool_call_output_item"]


class Parcel(Place):
    weight: int = 1


class Opaque:
    """An object of which there is no JSON."""


OBJECTS: dict[str, Any] = {
    "typed": Place(city="Nice"), "subtype": Parcel(city="Nice"), "other type": {"city": 1}, "set": {"a"}, "opaque": Opaque(),
    "text": "plain", "empty": "", "none": None, "number": 7,
}  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("output_type", [None, Place, dict])
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_object_stays_the_object_that_it_is(kind: str, output_type: Any, streamed: bool) -> None:
    value = OBJECTS[kind]
    judged: list[Any] = []

    def decide(context: Any, results: list[FunctionToolResult]) -> ToolsToFinalOutputResult:
        return ToolsToFinalOutputResult(True, value)

    @output_guardrail
    def judge(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        judged.append(output)
        return GuardrailFunctionOutput(None, False)

    agent = _agent(decide, call("look"), "Never said.", output_type=output_type, output_guardrails=[judge])
    if streamed:
        result: Any = Runner.run_streamed(agent, "hi")
        async for _ in result.stream_events():
            pass
    else:
        result = await Runner.run(agent, "hi")
    assert result.final_output is value
    assert judged[0] is value
    assert (len(judged), len(result.raw_responses)) == (1, 1)


@pytest.mark.parametrize("behavior", ["stop_on_first_tool", {"stop_at_tool_names": ["fetch"]}], ids=["first", "named"])
@pytest.mark.parametrize("kind", ["typed", "subtype", "other type", "text", "empty"])
@pytest.mark.parametrize("output_type", [None, Place])
async def test_the_result_of_a_tool_stays_the_object_that_it_is(behavior: Any, kind: str, output_type: Any) -> None:
    @function_tool
    def fetch() -> Any:
        """Fetch."""
        return OBJECTS[kind]

    model = ScriptedModel([call("fetch"), "Never said."])
    agent = Agent("clerk", tools=[fetch], tool_use_behavior=behavior, output_type=output_type, model=model)
    assert (await Runner.run(agent, "hi")).final_output is OBJECTS[kind]


async def test_an_agent_that_declares_text_gives_text() -> None:
    agent = _agent("stop_on_first_tool", call("where"), output_type=str)
    assert (await Runner.run(agent, "hi")).final_output == '{"city":"Nice"}'


async def test_an_answer_of_the_model_is_still_of_the_declared_type() -> None:
    agent = _agent({"stop_at_tool_names": ["where"]}, "Nice", '{"city": "Nice"}', output_type=Place)
    assert (await Runner.run(agent, "hi")).final_output == Place(city="Nice")


async def test_an_agent_inside_a_tool_gives_its_object_to_the_extractor() -> None:
    seen: list[Any] = []

    async def extract(result: Any) -> str:
        seen.append(result.final_output)
        return "it is there"

    ask = _agent("stop_on_first_tool", call("where")).as_tool("ask", "Ask.", extract)
    await Runner.run(Agent("outer", tools=[ask], model=ScriptedModel([call("ask", input="hi"), "Done."])), "hi")
    assert seen == [Place(city="Nice")]


async def test_another_behaviour_is_refused() -> None:
    with pytest.raises(UserError, match="tool_use_behavior is 'stop_sometimes'"):
        await Runner.run(_agent("stop_sometimes", call("look")), "hi")
