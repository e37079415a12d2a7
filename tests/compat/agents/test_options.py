"""Options that cannot do harm are accepted; those that would lose something are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from switchroom import set_default_model
from switchroom.compat import agents
from switchroom.compat.agents import (
    Agent,
    Handoff,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    SQLiteSession,
    ToolExecutionConfig,
    UserError,
    function_tool,
    handoff,
    trace,
)
from switchroom.models import OpenAIChat, OpenAIResponses, retrying
from switchroom.testing import ScriptedModel
from tests.servers.http import serving
from tests.servers.said import Said


def _clerk(*answers: str, **options: Any) -> Agent[Any]:
    return Agent("clerk", model=ScriptedModel(answers or ("Hello.",)), **options)


def _nothing() -> str:
    """Nothing."""
    return ""


def _handoff_by_hand(**options: Any) -> Any:
    return Handoff("go", "", {}, _invoke, "clerk", **options)


async def _invoke(context: Any, arguments: str) -> None: ...


def _function_tool(**options: Any) -> Any:
    return function_tool(**options)(_nothing)


def _agent_as_tool(**options: Any) -> Any:
    return _clerk().as_tool("ask", "Ask.", **options)


def _handoff(**options: Any) -> Any:
    return handoff(_clerk(), **options)


def _chat(**options: Any) -> Any:
    return OpenAIChatCompletionsModel("m", **options)


def _responses(**options: Any) -> Any:
    return OpenAIResponsesModel("m", **options)


def _trace(**options: Any) -> Any:
    return trace("w", **options)


DEFAULTS: dict[Callable[..., Any], dict[str, Any]] = {
    RunConfig: {
        "nest_handoff_history": False, "handoff_history_mapper": None, "tracing": None, "tool_error_formatter": None,
        "session_settings": None, "reasoning_item_id_policy": None, "sandbox": None, "tool_execution": None,
        "tool_not_found_behavior": "raise_error", "tool_name_collision_policy": "warn",
        "output_guardrail_blocked_message": None,
    },
    ToolExecutionConfig: {"max_function_tool_concurrency": None, "pre_approval_tool_input_guardrails": False},
    ModelSettings: {"retry": None, "context_management": None, "prompt_cache_options": None, "preserve_raw_usage": None},
    _function_tool: {
        "name_override": None, "description_override": None, "docstring_style": None, "use_docstring_info": True,
        "strict_mode": True, "is_enabled": True, "needs_approval": False, "tool_input_guardrails": None,
        "tool_output_guardrails": None, "timeout": None, "timeout_behavior": "error_as_result",
        "timeout_error_function": None, "defer_loading": False, "custom_data_extractor": None, "allowed_callers": None,
        "output_type": None, "output_json_schema": None,
    },
    _agent_as_tool: {
        "custom_output_extractor": None, "is_enabled": True, "on_stream": None, "run_config": None, "max_turns": None,
        "hooks": None, "previous_response_id": None, "conversation_id": None, "session": None, "needs_approval": False,
        "parameters": None, "input_builder": None, "include_input_schema": False, "on_stream_max_pending_events": 1024,
    },
    _handoff: {"nest_handoff_history": None, "is_enabled": True},
    _handoff_by_hand: {"nest_handoff_history": None, "strict_json_schema": True},
    _chat: {
        "should_replay_reasoning_content": None, "strict_feature_validation": False, "buffer_streamed_tool_calls": True,
    },
    _responses: {"model_is_explicit": True},
    _trace: {"tracing": None},
}  # fmt: skip
"""The options of that SDK with its own defaults, as version 0.24.0 has them, and some that mean the same here."""


@pytest.mark.parametrize(
    ("call", "option", "given"),
    [(call, option, given) for call, options in DEFAULTS.items() for option, given in options.items()],
)
async def test_an_option_may_be_given_as_that_sdk_has_it_by_default(call: Callable[..., Any], option: str, given: Any) -> None:
    call(**{option: given})


async def test_options_of_a_streamed_run_may_be_given_by_place_as_there() -> None:
    seen: list[Any] = []

    def instructions(context: Any, agent: Any) -> str:
        seen.append(context.context)
        return ""

    result = Runner.run_streamed(_clerk(instructions=instructions), "hi", "Ann", 3)
    async for _ in result.stream_events():
        pass
    assert (seen, result.max_turns) == (["Ann"], 3)


async def test_usage_may_be_asked_for() -> None:
    for wanted in (True, False, None):
        await Runner.run(_clerk(model_settings=ModelSettings(include_usage=wanted)), "hi")


async def test_a_provider_of_models_is_not_asked_beside_a_model_object() -> None:
    config = RunConfig(model_provider=object())
    assert (await Runner.run(_clerk(), "hi", run_config=config)).final_output == "Hello."
    named = Agent[Any]("named", model="gpt-test")
    config = RunConfig(model_provider=object(), model=ScriptedModel(["From the run."]))
    assert (await Runner.run(named, "hi", run_config=config)).final_output == "From the run."


@pytest.mark.parametrize("model", ["gpt-test", None])
async def test_a_provider_of_models_is_refused_where_it_would_be_asked(model: str | None) -> None:
    set_default_model(ScriptedModel(["Not from there."]))
    config = RunConfig(model_provider=object())
    try:
        with pytest.raises(UserError, match=r"agent 'named': model_provider=.* Instead: a model is a name"):
            await Runner.run(Agent[Any]("named", model=model), "hi", run_config=config)
        second = Agent[Any]("named", model=model)
        with pytest.raises(UserError, match="model_provider"):
            await Runner.run(_clerk(handoffs=[second]), "hi", run_config=config)
    finally:
        set_default_model(None)


@pytest.mark.parametrize("kind", [OpenAIChat, OpenAIResponses])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_headers_and_query_are_sent(kind: type[OpenAIChat], wrapped: bool) -> None:
    async with serving(Said("Hello.")) as server:
        model: Any = kind("gpt-test", base_url=server.url, api_key="any")
        settings = ModelSettings(extra_headers={"X-Team": "billing"}, extra_query={"version": "7"})
        asked_through: Any = retrying(model) if wrapped else model
        agent = Agent[Any]("clerk", model=asked_through, model_settings=settings)
        await Runner.run(agent, "hi")
        config = RunConfig(model_settings=ModelSettings(extra_headers={"X-Team": "sales"}))
        async for _ in Runner.run_streamed(agent, "hi", run_config=config).stream_events():
            pass
        await Runner.run(Agent[Any]("plain", model=model), "hi")
        assert [asked.headers.get("x-team") for asked in server.requests] == ["billing", "sales", None]
        assert [asked.query == "version=7" for asked in server.requests] == [True, True, False]


async def test_the_id_of_an_answer_without_one_does_not_lose_the_history() -> None:
    result = await Runner.run(_clerk(), "My name is Ann.")
    streamed = Runner.run_streamed(_clerk(), "My name is Ann.")
    async for _ in streamed.stream_events():
        pass
    for id in (result.last_response_id, result.raw_responses[-1].response_id, streamed.last_response_id):
        with pytest.raises(UserError, match=r"previous_response_id=.*session=SQLiteSession.*to_input_list"):
            await Runner.run(_clerk(), "What is my name?", previous_response_id=id)
        with pytest.raises(UserError, match="previous_response_id"):
            Runner.run_streamed(_clerk(), "What is my name?", previous_response_id=id)
        with pytest.raises(UserError, match="previous_response_id"):
            _clerk().as_tool("ask", "Ask.", previous_response_id=id)
    first = await Runner.run(_clerk(), "hi", previous_response_id=None, session=SQLiteSession("a"))
    assert first.final_output == "Hello."


async def test_nobody_waits_for_a_person() -> None:
    result = await Runner.run(_clerk(), "hi")
    assert result.interruptions == []


GENERIC = ("Agent", "AgentBase", "Handoff", "InputGuardrail", "OutputGuardrail", "RunContextWrapper", "Span", "ToolContext",
           "ToolsToFinalOutputFunction")  # fmt: skip
"""The names of version 0.24.0 that take a type in brackets, and exist here."""


@pytest.mark.parametrize("name", GENERIC)
def test_what_is_generic_there_takes_a_type_here(name: str) -> None:
    assert getattr(agents, name)[Any] is not None


def test_a_processor_may_be_annotated_as_there() -> None:
    program = """
from typing import Any
from switchroom.compat.agents import Agent, Span, SpanData, Trace, TracingProcessor
from switchroom.compat.agents.tracing.spans import TSpanData

class Printing(TracingProcessor):
    def on_span_end(self, span: Span[Any]) -> None: ...
    def on_span_start(self, span: Span[SpanData]) -> None: ...
"""
    exec(program)


def test_a_session_of_ones_own_has_all_four_methods() -> None:
    class Half(agents.SessionABC):
        session_id = "a"

        async def get_items(self, limit: int | None = None) -> list[dict[str, Any]]:
            return []

    with pytest.raises(TypeError, match="abstract"):
        Half()  # pyright: ignore[reportAbstractUsage]
