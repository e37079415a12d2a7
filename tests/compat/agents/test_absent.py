"""What has no counterpart says so, and says what to use instead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from switchroom.compat import agents
from switchroom.compat.agents import Agent, FunctionTool, ModelSettings, RunConfig, Runner, UserError, function_tool, handoff
from switchroom.testing import ScriptedModel


async def _nothing(*given: Any) -> str:
    return ""


def _clerk() -> Agent[Any]:
    return Agent("clerk", model=ScriptedModel([]))


def _streamed(**given: Any) -> Any:
    return Runner.run_streamed(_clerk(), "hi", **given)


def _agent(**given: Any) -> Any:
    return Agent("clerk", **given)


def _function_tool(**given: Any) -> Any:
    return function_tool(**given)(_nothing_at_all)


def _tool_by_hand(**given: Any) -> Any:
    return FunctionTool("look", "", {}, _nothing, **given)


def _agent_as_tool(**given: Any) -> Any:
    return _clerk().as_tool(**given)


def _handoff(**given: Any) -> Any:
    return handoff(_clerk(), **given)


OPTIONS: list[tuple[Callable[..., Any], str, dict[str, Any]]] = [
    (_streamed, "Runner.run_streamed", {
        "hooks": object(),
        "error_handlers": {"max_turns": _nothing},
        "previous_response_id": "resp_1",
        "auto_previous_response_id": True,
        "conversation_id": "conv_1",
    }),
    (_agent, "Agent 'clerk'", {
        "hooks": object(),
        "prompt": {"id": "pmpt_1"},
        "mcp_servers": [object()],
        "mcp_config": {"convert_schemas_to_strict": True},
    }),
    (RunConfig, "RunConfig", {
        "nest_handoff_history": True,
        "handoff_history_mapper": _nothing,
        "tracing": {"api_key": "x"},
        "tool_error_formatter": _nothing,
        "reasoning_item_id_policy": "omit",
        "sandbox": object(),
        "tool_not_found_behavior": "return_error_to_model",
        "tool_name_collision_policy": "error",
        "output_guardrail_blocked_message": "[blocked]",
    }),
    (ModelSettings, "ModelSettings", {
        "response_include": ["x"],
        "retry": object(),
        "context_management": [{}],
        "prompt_cache_options": {"ttl": "30m"},
        "preserve_raw_usage": True,
    }),
    (_function_tool, "function_tool of '_nothing_at_all'", {
        "needs_approval": True,
        "tool_input_guardrails": [object()],
        "tool_output_guardrails": [object()],
        "timeout_error_function": _nothing,
        "defer_loading": True,
        "custom_data_extractor": _nothing,
        "allowed_callers": ["direct"],
        "output_type": str,
        "output_json_schema": {"type": "object"},
    }),
    (_tool_by_hand, "Tool 'look'", {
        "needs_approval": True,
        "tool_input_guardrails": [object()],
        "tool_output_guardrails": [object()],
        "timeout_error_function": _nothing,
    }),
    (_agent_as_tool, "as_tool of agent 'clerk'", {
        "hooks": object(),
        "on_stream": _nothing,
        "previous_response_id": "resp_1",
        "conversation_id": "conv_1",
        "needs_approval": True,
        "parameters": dict,
        "input_builder": _nothing,
        "include_input_schema": True,
    }),
    (_handoff, "handoff(to 'clerk')", {"nest_handoff_history": True}),
]  # fmt: skip


def _nothing_at_all() -> str:
    """Nothing."""
    return ""


@pytest.mark.parametrize(
    ("call", "owner", "option", "given"),
    [(call, owner, option, given) for call, owner, options in OPTIONS for option, given in options.items()],
)
async def test_each_option_without_a_counterpart_says_what_to_use_instead(
    call: Callable[..., Any], owner: str, option: str, given: Any
) -> None:
    with pytest.raises(UserError) as caught:
        call(**{option: given})
    assert str(caught.value).startswith(f"{owner}: {option}=")
    assert " has no counterpart in Switchroom. Instead: " in str(caught.value)


async def test_a_plain_run_refuses_the_same_options() -> None:
    with pytest.raises(UserError, match=r"Runner.run: hooks=.*listeners"):
        await Runner.run(_clerk(), "hi", hooks=object())
    with pytest.raises(UserError, match=r"session=SQLiteSession.*journal"):
        Runner.run_sync(_clerk(), "hi", previous_response_id="resp_1")


async def test_what_is_set_later_is_refused_when_a_run_begins() -> None:
    agent = _clerk()
    agent.hooks = object()
    with pytest.raises(UserError, match="listeners"):
        await Runner.run(agent, "hi")


def test_options_that_nobody_knows_are_refused_as_well() -> None:
    with pytest.raises(UserError, match="there is no option 'colour'"):
        function_tool(colour="red")(_nothing_at_all)  # pyright: ignore[reportCallIssue]


def test_the_import_loads_nothing_of_openai() -> None:
    program = (
        "import sys; from switchroom.compat.agents import Agent, Runner, RunConfig, SQLiteSession; "
        "from switchroom.testing import FunctionModel; "
        "agent = Agent('clerk', model=FunctionModel(lambda request: 'hi')); "
        "result = Runner.run_sync(agent, 'hi', session=SQLiteSession('a')); "
        "assert result.to_input_list() and result.final_output == 'hi'; "
        "assert 'openai' not in sys.modules; result.new_items; assert 'openai' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_openai_librarys_client_is_passed_on_as_that_sdk_does() -> None:
    from openai import AsyncOpenAI

    assert agents.AsyncOpenAI is AsyncOpenAI
