"""What OpenAI refuses: the messages that its servers give, and that what the SDK's types allow is let through."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as response_params

from tests.servers.asked import Asked
from tests.servers.checks import PARAMETERS, refused
from tests.servers.clients import chat, client_of, respond
from tests.servers.http import serving
from tests.servers.said import Said

USER: Any = {"role": "user", "content": "hi"}
CALL: Any = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING: Any = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RETURNED: Any = {"role": "tool", "tool_call_id": "call_1", "content": "7"}
ITEM: Any = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT: Any = {"type": "function_call_output", "call_id": "call_1", "output": "7"}
STRICT: Any = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def chat_function(**changed: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "f", "parameters": STRICT, "strict": True} | changed}]}


def function(**changed: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "name": "f", "parameters": STRICT, "strict": True} | changed]}


def form(schema: Any, **changed: Any) -> dict[str, Any]:
    wanted = {"name": "answer", "schema": schema, "strict": True} | changed
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def strictly(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


WRONG_CHATS: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "you must provide a model parameter"),
    ({"max_output_tokens": 9}, "Unrecognized request argument supplied: max_output_tokens"),
    ({"stream_options": {"include_usage": True}}, "The 'stream_options' parameter is only allowed when 'stream' is enabled"),
    ({"temperature": 3}, "Invalid 'temperature'"),
    ({"messages": None}, "Missing required parameter: 'messages'"),
    ({"messages": []}, "Invalid 'messages': empty array"),
    ({"messages": [{"role": "robot", "content": "hi"}]}, "Invalid value: 'robot'. Supported values are: 'user', 'assistant'"),
    ({"messages": [{"role": "user", "content": None}]}, r"Invalid type for 'messages\[0\].content'.*got null"),
    ({"messages": [{"role": "assistant", "content": None}]}, "Invalid value for 'content': expected a string, got null"),
    ({"messages": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}, "Invalid value: 'input_text'"),
    ({"messages": [USER, RETURNED]}, "messages with role 'tool' must be a response to a preceeding message"),
    ({"messages": [USER, CALLING, USER]}, "did not have response messages: call_1"),
    ({"messages": [USER, CALLING]}, "did not have response messages: call_1"),
    ({"messages": [USER, CALLING | {"tool_calls": []}]}, r"Invalid 'messages\[1\].tool_calls': empty array"),
    ({"messages": [USER, CALLING | {"tool_calls": [CALL | {"id": "c" * 41}]}]}, "string too long.*maximum length 40"),
    ({"messages": [USER, CALLING | {"tool_calls": [{"id": "a", "function": CALL["function"]}]}]}, r"tool_calls\[0\].type"),
    ({"tools": []}, "Invalid 'tools': empty array"),
    ({"tool_choice": "auto"}, "'tool_choice' is only allowed when 'tools' are specified"),
    ({"parallel_tool_calls": True}, "'parallel_tool_calls' is only allowed when 'tools' are specified"),
    (chat_function() | {"tool_choice": {"type": "function", "function": {"name": "g"}}}, "Tool choice 'g' not found"),
    (chat_function(name="f g"), r"Invalid 'tools\[0\].function.name': string does not match pattern"),
    (chat_function(name="f" * 65), "string too long.*maximum length 64"),
    (function(), r"Missing required parameter: 'tools\[0\].function.name'"),
    ({"tools": [{"type": "web_search"}]}, "Invalid value: 'web_search'. Supported values are: 'function'"),
    ({"response_format": {"type": "json_object"}}, "'messages' must contain the word 'json'"),
]

SCHEMAS: list[tuple[Any, str]] = [
    ({"type": "string"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"string\"'"),
    (STRICT | {"additionalProperties": True}, r"In context=\(\), 'additionalProperties' is required to be supplied"),
    (STRICT | {"required": []}, "an array including every key in properties. Missing 'a'"),
    (strictly(a={"type": "string", "default": "x"}), r"In context=\('properties', 'a'\), 'default' is not permitted"),
    (strictly(a={"oneOf": [{"type": "string"}]}), "'oneOf' is not permitted"),
    (strictly(a={}), "schema must have a 'type' key"),
    (strictly(a={"type": "array"}), "array schema missing items"),
    (strictly(a={"type": "array", "items": {"type": "object"}}), r"In context=\('properties', 'a', 'items'\), 'additional"),
    (strictly(a={"anyOf": [{"type": "null"}, {}]}), r"In context=\('properties', 'a', 'anyOf', '1'\), schema must have"),
    (strictly(a={"$ref": "#/$defs/A", "description": "x"}), "ref cannot have keywords"),
    (strictly() | {"$defs": {"A": {"type": "object"}}}, r"In context=\('\$defs', 'A'\), 'additionalProperties'"),
]

WRONG_RESPONSES: list[tuple[dict[str, Any], str]] = [
    ({"messages": [USER]}, "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'"),
    ({"max_tokens": 99}, "Unknown parameter: 'max_tokens'"),
    ({"input": None}, "One of 'input', 'previous_response_id', 'prompt' or 'conversation' must be provided"),
    ({"max_output_tokens": 9}, "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16"),
    ({"input": [USER, ITEM]}, "No tool output found for function call call_1"),
    ({"input": [USER, OUTPUT]}, "No tool call found for function call output with call_id call_1"),
    ({"input": [USER, ITEM | {"arguments": {}}, OUTPUT]}, r"Missing required parameter: 'input\[1\].arguments'"),
    ({"input": [USER, ITEM, OUTPUT | {"output": 7}]}, r"Missing required parameter: 'input\[2\].output'"),
    ({"input": [ITEM | {"call_id": "c" * 65}, OUTPUT | {"call_id": "c" * 65}]}, "string too long.*maximum length 64"),
    ({"input": [ITEM | {"id": "fc_1"}, OUTPUT | {"id": "fc_1"}]}, "Duplicate item found with id fc_1"),
    (
        {"input": [{"role": "tool", "content": "7"}]},
        "Invalid value: 'tool'. Supported values are: 'user', 'system', 'developer'",
    ),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "hi"}]}]},
        "Invalid value: 'input_text'. Supported values are: 'output_text', 'refusal'",
    ),
    (
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, USER]},
        "Item 'rs_1' of type 'reasoning' was provided without its required following item",
    ),
    (chat_function(), r"Missing required parameter: 'tools\[0\].name'"),
    (
        function(parameters={"type": "object", "properties": {"a": {"type": "array"}}}, strict=False),
        "array schema missing items",
    ),
    (function() | {"tool_choice": {"type": "function", "name": "g"}}, "Tool choice 'g' not found in 'tools' parameter"),
    ({"text": {"format": {"type": "json_schema", "schema": STRICT}}}, "Missing required parameter: 'text.format.name'"),
]

RIGHT_CHATS: list[dict[str, Any]] = [
    {"messages": [USER, CALLING, RETURNED, USER]},
    {"messages": [USER, CALLING | {"tool_calls": [CALL, CALL | {"id": "b"}]}, RETURNED | {"tool_call_id": "b"}, RETURNED]},
    # A server that gives every call one id gets that id back.
    {"messages": [USER, CALLING | {"tool_calls": [CALL, CALL]}, RETURNED]},
    {"messages": [{"role": "system", "content": "x"}, {"role": "developer", "content": [{"type": "text", "text": "y"}]}, USER]},
    chat_function() | {"tool_choice": "required", "parallel_tool_calls": False},
    chat_function(parameters={"type": "object", "properties": {"a": {}}}, strict=False),
    chat_function(parameters=None, strict=False),
    chat_function() | {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    form(strictly(a={"anyOf": [{"type": "string"}, {"type": "null"}]}, b={"$ref": "#"}, c={"enum": ["x"]})),
    form({"type": "object", "properties": {"a": {"default": 1}}}, strict=False),
    {"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "as JSON"}]},
]

RIGHT_RESPONSES: list[dict[str, Any]] = [
    {"input": [USER, ITEM, OUTPUT, USER], "parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
    {"input": [OUTPUT], "previous_response_id": "resp_1"},
    {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, ITEM, OUTPUT]},
    {"input": [{"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}, USER]},
    {"tools": [{"type": "web_search"}, *function()["tools"]], "tool_choice": {"type": "web_search_preview"}},
    function() | {"tool_choice": {"type": "function", "name": "f"}},
    {"text": {"format": {"type": "json_schema", "name": "answer", "schema": STRICT, "strict": True}}},
]


@pytest.mark.parametrize(("wanted", "message"), WRONG_CHATS)
async def test_a_wrong_chat_is_refused_in_openais_words(wanted: dict[str, Any], message: str) -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        with pytest.raises(BadRequestError, match=message):
            await chat(client, extra_body=wanted)


@pytest.mark.parametrize(("wanted", "message"), WRONG_RESPONSES)
async def test_a_wrong_response_is_refused_in_openais_words(wanted: dict[str, Any], message: str) -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        with pytest.raises(BadRequestError, match=message):
            await respond(client, extra_body=wanted)


@pytest.mark.parametrize(("schema", "message"), SCHEMAS)
async def test_a_schema_that_is_not_strict_is_refused_for_tools_and_for_answers(schema: Any, message: str) -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        with pytest.raises(BadRequestError, match=f"Invalid schema for response_format 'answer': .*{message}"):
            await chat(client, **form(schema))
        with pytest.raises(BadRequestError, match=f"Invalid schema for function 'f': .*{message}"):
            await respond(client, **function(parameters=schema))


@pytest.mark.parametrize("wanted", RIGHT_CHATS)
async def test_a_right_chat_is_answered(wanted: dict[str, Any]) -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        assert (await chat(client, extra_body=wanted)).choices[0].message.content == "yes"


@pytest.mark.parametrize("wanted", RIGHT_RESPONSES)
async def test_a_right_response_is_answered(wanted: dict[str, Any]) -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        assert (await respond(client, extra_body=wanted)).output_text == "yes"


def test_the_parameters_are_those_of_the_sdk() -> None:
    own = {"stream"}
    # Other releases of the SDK know a parameter more or less.
    chat, responses = chat_params.CompletionCreateParamsBase, response_params.ResponseCreateParamsBase
    assert len(PARAMETERS["chat"] ^ (chat.__annotations__.keys() | own)) <= 2
    assert len(PARAMETERS["responses"] ^ (responses.__annotations__.keys() | own)) <= 2


def test_a_refusal_names_the_parameter() -> None:
    asked = Asked("POST", "/v1/responses", {}, {"model": "m", "input": [USER, OUTPUT]})
    refusal = refused(asked)
    assert refusal is not None
    assert (refusal.status, refusal.type, refusal.param, refusal.code) == (400, "invalid_request_error", "input", None)
