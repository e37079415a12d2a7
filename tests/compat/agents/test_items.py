"""Items: texts out of them, and the same as plain data."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage

from switchroom import Message
from switchroom.compat.agents import (
    Agent,
    ItemHelpers,
    MessageOutputItem,
    RunConfig,
    Runner,
    RunResult,
    ToolCallItem,
    function_tool,
)
from switchroom.compat.agents.raw import call_object, message_object
from switchroom.messages import ToolCall
from switchroom.testing import ScriptedModel, call


@function_tool
def look(at: int) -> str:
    """Look closely."""
    return f"seen {at}"


@pytest.fixture
async def result() -> RunResult:
    agent = Agent("clerk", tools=[look])
    model = ScriptedModel([["Let me see. ", call("look", at=1)], "It is there."])
    return await Runner.run(agent, "hi", run_config=RunConfig(model=model))


async def test_items_are_of_openai_s_own_types(result: RunResult) -> None:
    said, asked, came, _ = result.new_items
    assert isinstance(said.raw_item, ResponseOutputMessage)
    assert isinstance(asked, ToolCallItem)
    assert isinstance(asked.raw_item, ResponseFunctionToolCall)
    assert (asked.tool_name, asked.description) == ("look", "Look closely.")
    assert came.raw_item == {"type": "function_call_output", "call_id": asked.call_id, "output": "seen 1"}
    assert (came.type, getattr(came, "call_id")) == ("tool_call_output_item", asked.call_id)  # noqa: B009
    assert [item.to_input_item() for item in result.new_items] == result.to_input_list()[1:]


async def test_texts_are_taken_out_of_items(result: RunResult) -> None:
    said = result.new_items[0]
    assert isinstance(said, MessageOutputItem)
    assert ItemHelpers.text_message_output(said) == "Let me see. "
    assert ItemHelpers.text_message_outputs(result.new_items) == "Let me see. It is there."
    assert ItemHelpers.extract_text(said.raw_item) == ItemHelpers.extract_last_text(said.raw_item) == "Let me see. "
    assert ItemHelpers.extract_last_content(said.raw_item) == "Let me see. "
    assert ItemHelpers.extract_refusal(said.raw_item) is None


def test_a_refusal_is_no_text() -> None:
    raw = message_object(Message("assistant", "No.", refusal=True))
    assert (ItemHelpers.extract_text(raw), ItemHelpers.extract_last_text(raw)) == (None, None)
    assert (ItemHelpers.extract_refusal(raw), ItemHelpers.extract_last_content(raw)) == ("No.", "No.")


def test_what_is_no_message_has_no_text() -> None:
    raw = call_object(ToolCall("look", {"at": 1}, "c1"))
    assert (ItemHelpers.extract_text(raw), ItemHelpers.extract_last_content(raw)) == (None, "")
    output = ItemHelpers.tool_call_output_item(raw, 7)
    assert output == {"type": "function_call_output", "call_id": "c1", "output": "7"}


def test_an_input_is_a_list_of_items() -> None:
    given: list[Any] = [{"role": "user", "content": "hi"}]
    assert ItemHelpers.input_to_new_input_list("hi") == given
    assert ItemHelpers.input_to_new_input_list(given) == given
    assert ItemHelpers.input_to_new_input_list(given) is not given


async def test_answers_are_there_with_what_they_used(result: RunResult) -> None:
    first, second = result.raw_responses
    assert [item.type for item in first.output] == ["message", "function_call"]
    assert [item["type"] for item in second.to_input_items()] == ["message"]
    assert (first.usage.requests, first.response_id, result.last_response_id) == (1, "__fake_id__", "__fake_id__")
    assert "It is there." in repr(result)
