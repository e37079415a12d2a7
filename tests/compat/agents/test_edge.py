"""What a model is asked with: settings, and what may still be changed of a request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai.types.shared import Reasoning

from switchroom import Message
from switchroom.compat.agents import (
    Agent,
    ModelSettings,
    ModelTimeoutError,
    RunConfig,
    RunContextWrapper,
    Runner,
    function_tool,
)
from switchroom.compat.agents.run import CallModelData, ModelInputData
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.models import OpenAIResponses
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.compat.ways import told


@function_tool
def look() -> str:
    """Look."""
    return "seen"


async def _asked(settings: ModelSettings, *answers: Any, tools: bool = True, config: RunConfig | None = None) -> list[Settings]:
    model = ScriptedModel([*answers, "Done."])
    agent = Agent("clerk", tools=[look] if tools else [], model=model, model_settings=settings)
    await Runner.run(agent, "hi", run_config=config)
    return [request.settings for request in model.requests]


async def test_settings_reach_the_model() -> None:
    settings = ModelSettings(
        temperature=0.2,
        top_p=0.9,
        max_tokens=50,
        store=False,
        metadata={"a": "b"},
        verbosity="low",
        extra_body={"seed": 7},
        extra_args={"seed": 8},
    )
    extra = {"top_p": 0.9, "verbosity": "low", "metadata": {"a": "b"}, "store": False, "seed": 8}
    assert await _asked(settings) == [Settings(0.2, 50, None, extra)]


async def test_settings_of_the_run_take_the_place_of_the_agents_own() -> None:
    config = RunConfig(model_settings=ModelSettings(temperature=1, extra_args={"a": 1}))
    own = ModelSettings(temperature=0, max_tokens=5, extra_args={"b": 2})
    assert await _asked(own, config=config) == [Settings(1, 5, None, {"a": 1, "b": 2})]


async def test_a_choice_of_tool_holds_until_one_was_called() -> None:
    required = ModelSettings(tool_choice="required")
    choices = [settings.tool_choice for settings in await _asked(required, call("look"), call("look"))]
    assert choices == ["required", None, None]


async def test_a_choice_of_tool_may_hold_on() -> None:
    model = ScriptedModel([call("look"), "Done."])
    settings = ModelSettings(tool_choice="required")
    agent = Agent("clerk", tools=[look], model=model, model_settings=settings, reset_tool_choice=False)
    await Runner.run(agent, "hi")
    assert [request.settings.tool_choice for request in model.requests] == ["required", "required"]


async def test_parallel_calls_are_spoken_of_where_there_are_tools() -> None:
    settings = ModelSettings(parallel_tool_calls=False)
    assert (await _asked(settings))[0].extra == {"parallel_tool_calls": False}
    assert (await _asked(settings, tools=False))[0].extra == {}


@pytest.mark.parametrize("reasoning", [{"effort": "low"}, Reasoning(effort="low")])
def test_reasoning_is_asked_for_in_the_words_of_the_protocol(reasoning: Any) -> None:
    settings = ModelSettings(reasoning=reasoning)
    assert settings.for_model(tools=False, responses=False).extra == {"reasoning_effort": "low"}
    assert settings.for_model(tools=False, responses=True).extra == {"reasoning": {"effort": "low"}}
    assert ModelSettings(reasoning={"summary": "auto"}).for_model(tools=False, responses=False).extra == {}
    assert OpenAIResponses("gpt-test", api_key="any").name == "openai:gpt-test"


async def test_a_model_that_takes_too_long_ends_the_run() -> None:
    async def never(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.Event().wait()
        raise AssertionError

    agent = Agent("clerk", model=never, model_settings=ModelSettings(timeout=0.01))
    with pytest.raises(ModelTimeoutError, match=r"0\.01 s") as caught:
        await Runner.run(agent, "hi")
    assert caught.value.timeout_seconds == 0.01


async def test_a_timeout_of_the_model_s_own_is_left_as_it_is() -> None:
    async def late(request: ModelRequest, emit: Emit) -> ModelResponse:
        raise TimeoutError("the server did not answer")

    agent = Agent("clerk", model=late, model_settings=ModelSettings(timeout=5))
    with pytest.raises(TimeoutError, match="the server did not answer"):
        await Runner.run(agent, "hi")


async def test_what_a_model_is_asked_may_be_changed_before() -> None:
    seen: list[CallModelData] = []

    async def last_only(data: CallModelData) -> ModelInputData:
        seen.append(data)
        return ModelInputData(data.model_data.input[-1:], f"{data.model_data.instructions} Be brief, {data.context}.")

    model = ScriptedModel([call("look"), "Done."])
    agent = Agent("clerk", instructions="Serve.", tools=[look], model=model)
    given: list[Any] = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]
    result = await Runner.run(agent, given, context="Ann", run_config=RunConfig(call_model_input_filter=last_only))
    assert [[message.text for message in request.messages] for request in model.requests] == [["two"], ["seen"]]
    assert {request.instructions for request in model.requests} == {"Serve. Be brief, Ann."}
    assert [(len(data.model_data.input), data.agent) for data in seen] == [(2, agent), (4, agent)]
    assert told(result) == ["clerk calls look({})", "clerk is told seen", "clerk: Done."]


async def test_user_code_sees_what_was_asked_and_used_so_far() -> None:
    noted: list[tuple[int, int]] = []

    @function_tool
    def note(wrapper: RunContextWrapper[Any]) -> str:
        """Note."""
        noted.append((wrapper.usage.requests, len(wrapper.turn_input)))
        return "noted"

    await Runner.run(Agent("clerk", tools=[note], model=ScriptedModel([call("note"), call("note"), "Done."])), "hi")
    assert noted == [(1, 1), (2, 3)]


async def test_calls_without_ids_or_with_the_same_get_ids_of_their_own() -> None:
    def answer(request: ModelRequest) -> Any:
        if len(request.messages) > 4:
            return "Done."
        return Message("assistant", calls=(ToolCall("look", {}, "same"), ToolCall("look", {}, "same")))

    result = await Runner.run(Agent("clerk", tools=[look], model=FunctionModel(answer)), "hi")
    ids = [item["call_id"] for item in result.to_input_list() if item.get("type") == "function_call"]
    assert ids == ["call_1_0", "call_1_1", "call_4_0", "call_4_1"]
