"""What OpenAI refuses: requests that its servers would answer with 400, each with the error that they would give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from tests.servers.asked import Api, Asked, Json
from tests.servers.errors import Refuses
from tests.servers.schemas import complaints

BOTH = """metadata model moderation parallel_tool_calls prompt_cache_key prompt_cache_options prompt_cache_retention
safety_identifier service_tier store stream stream_options temperature tool_choice tools top_logprobs top_p user"""
PARAMETERS: dict[Api, frozenset[str]] = {
    "chat": frozenset(
        f"""{BOTH} audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
        modalities n prediction presence_penalty reasoning_effort response_format seed stop verbosity
        web_search_options""".split()
    ),
    "responses": frozenset(
        f"""{BOTH} access_programs background background_options context_management conversation image include input
        instructions max_output_tokens max_tool_calls previous_response_id prompt reasoning text truncation""".split()
    ),
}

NAME = "^[a-zA-Z0-9_-]+$"
NAME_LENGTH = 64
# How long a call's id may be when it comes back.
ID_LENGTH: dict[Api, int] = {"chat": 40, "responses": 64}

CHAT_PARTS = {
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "system": ("text",),
    "developer": ("text",),
    "tool": ("text",),
}
RESPONSE_PARTS = {
    "user": ("input_text", "input_image", "input_file"),
    "system": ("input_text", "input_image", "input_file"),
    "developer": ("input_text", "input_image", "input_file"),
    "assistant": ("output_text", "refusal"),
}


def refused(asked: Asked) -> Refuses | None:
    """The error for a request that is wrong, or None for one that is right."""
    return next(_wrong(asked), None)


def _wrong(asked: Asked) -> Iterator[Refuses]:
    body = asked.body
    if not isinstance(body.get("model"), str):
        yield _no("you must provide a model parameter")
    for name in sorted(body.keys() - PARAMETERS[asked.api]):
        yield _unknown(asked.api, name)
    if "stream_options" in body and not asked.streamed:
        yield _no("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
        if body.get(name) is not None and not low <= body[name] <= high:
            yield _no(f"Invalid '{name}': expected a value from {low} to {high}, but got {body[name]} instead.", name)
    yield from _wrong_tools(asked)
    match asked.api:
        case "chat":
            yield from _wrong_chat(asked)
        case "responses":
            yield from _wrong_response(asked)
    yield from _wrong_form(asked)


def _unknown(api: Api, name: str) -> Refuses:
    match api, name:
        case "chat", _:
            return _no(f"Unrecognized request argument supplied: {name}")
        case "responses", "messages" | "response_format" | "reasoning_effort":
            moved = {"messages": "input", "response_format": "text.format", "reasoning_effort": "reasoning.effort"}[name]
            message = f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{moved}'."
            return _no(message, name, "unsupported_parameter")
        case _:
            return _no(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def _wrong_tools(asked: Asked) -> Iterator[Refuses]:
    given = cast("list[Json] | None", asked.body.get("tools"))
    if asked.api == "chat":
        if given == []:
            yield _no("Invalid 'tools': empty array. Expected an array with minimum length 1.", "tools", "empty_array")
        for name in ("tool_choice", "parallel_tool_calls"):
            if given is None and asked.body.get(name) is not None:
                yield _no(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    for at, tool in enumerate(given or []):
        place = f"tools[{at}].function" if asked.api == "chat" else f"tools[{at}]"
        function = tool.get("function", {}) if asked.api == "chat" else tool
        if tool.get("type") == "function":
            yield from _wrong_name(place, function)
            # Chat takes `strict` for false, Responses makes a schema strict itself where it can, and refuses none for that.
            for complaint in complaints(function.get("parameters") or {"type": "object"}, function.get("strict") is True):
                message = f"Invalid schema for function '{function.get('name')}': {complaint}"
                yield _no(message, f"{place}.parameters", "invalid_function_parameters")
        elif asked.api == "chat":
            yield _no(f"Invalid value: '{tool.get('type')}'. Supported values are: 'function'.", f"tools[{at}].type")
    choice = cast("Json | str | None", asked.body.get("tool_choice"))
    if isinstance(choice, dict) and choice.get("type") == "function":
        named: Json = choice.get("function", {}) if asked.api == "chat" else choice
        if named.get("name") not in asked.tools:
            yield _no(f"Tool choice '{named.get('name')}' not found in 'tools' parameter.", "tool_choice")


def _wrong_name(place: str, named: Json) -> Iterator[Refuses]:
    name = named.get("name")
    if not isinstance(name, str):
        yield _no(f"Missing required parameter: '{place}.name'.", f"{place}.name", "missing_required_parameter")
    elif not re.search(NAME, name):
        message = f"Invalid '{place}.name': string does not match pattern. Expected a string that matches the pattern '{NAME}'."
        yield _no(message, f"{place}.name", "invalid_value")
    elif len(name) > NAME_LENGTH:
        yield _too_long(f"{place}.name", name, NAME_LENGTH)


def _wrong_form(asked: Asked) -> Iterator[Refuses]:
    """The form that a structured answer is to have."""
    match asked.body:
        case {"response_format": {"type": "json_schema", **wanted}}:
            place, form = "response_format", wanted.get("json_schema")
        case {"text": {"format": {"type": "json_schema", **wanted}}}:
            place, form = "text.format", wanted
        case {"response_format": {"type": "json_object"}}:
            if not any("json" in str(item.get("content")).lower() for item in asked.items):
                message = (
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
                )
                yield _no(message, "messages")
            return
        case _:
            return
    given: Json = form or {}
    yield from _wrong_name(f"{place}.json_schema" if place == "response_format" else place, given)
    for complaint in complaints(given.get("schema"), given.get("strict") is True):
        message = f"Invalid schema for response_format '{given.get('name')}': {complaint}"
        yield _no(message, place, "invalid_json_schema")


def _wrong_chat(asked: Asked) -> Iterator[Refuses]:
    if not isinstance(asked.body.get("messages"), list):
        yield _no("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
        return
    if not asked.items:
        yield _no("Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages", "empty_array")
    # The ids of calls that still wait for what they returned.
    open_ids: list[str] = []
    for at, message in enumerate(asked.items):
        place = f"messages[{at}]"
        role = message.get("role")
        if role not in CHAT_PARTS:
            yield _no(f"Invalid value: '{role}'. Supported values are: {_list(*CHAT_PARTS)}.", f"{place}.role", "invalid_value")
            return
        yield from _wrong_content(place, message, CHAT_PARTS[role], may_be_null=role == "assistant")
        if role == "tool":
            if message.get("tool_call_id") not in open_ids:
                text = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                yield _no(f"Invalid parameter: {text}", f"{place}.role")
            open_ids = [id for id in open_ids if id != message.get("tool_call_id")]
            continue
        if open_ids:
            yield _unanswered(open_ids, place)
        open_ids = []
        if role == "assistant":
            yield from _wrong_calls(place, message)
            open_ids = [str(call.get("id")) for call in cast("list[Json]", message.get("tool_calls") or [])]
    if open_ids:
        yield _unanswered(open_ids, f"messages[{len(asked.items)}]")


def _wrong_calls(place: str, message: Json) -> Iterator[Refuses]:
    """What is wrong with an assistant's message and its calls."""
    calls = cast("list[Json] | None", message.get("tool_calls"))
    if calls == []:
        text = f"Invalid '{place}.tool_calls': empty array. Expected an array with minimum length 1."
        yield _no(text, f"{place}.tool_calls", "empty_array")
    if calls is None and message.get("content") is None and message.get("refusal") is None:
        yield _no("Invalid value for 'content': expected a string, got null.", f"{place}.content")
    for at, call in enumerate(calls or []):
        here = f"{place}.tool_calls[{at}]"
        function: Json = call.get("function") or {}
        yield from _wrong_name(f"{here}.function", function)
        needed = {"id": call.get("id"), "type": call.get("type"), "function.arguments": function.get("arguments")}
        for name, value in needed.items():
            if not isinstance(value, str):
                yield _no(f"Missing required parameter: '{here}.{name}'.", f"{here}.{name}", "missing_required_parameter")
        if len(str(call.get("id"))) > ID_LENGTH["chat"]:
            yield _too_long(f"{here}.id", str(call["id"]), ID_LENGTH["chat"])


def _unanswered(ids: list[str], place: str) -> Refuses:
    text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
    return _no(f"{text} The following tool_call_ids did not have response messages: {', '.join(ids)}", f"{place}.role")


def _wrong_response(asked: Asked) -> Iterator[Refuses]:
    given = asked.body.get("input")
    if given is None and not asked.body.keys() & {"previous_response_id", "conversation", "prompt"}:
        message = "One of 'input', 'previous_response_id', 'prompt' or 'conversation' must be provided."
        yield _no(message, "input", "missing_required_parameter")
        return
    if asked.body.get("max_output_tokens") is not None and asked.body["max_output_tokens"] < 16:
        message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16."
        yield _no(message, "max_output_tokens", "integer_below_min_value")
    called = [str(item.get("call_id")) for item in asked.items if item.get("type") == "function_call"]
    returned = [str(item.get("call_id")) for item in asked.items if item.get("type") == "function_call_output"]
    # With an earlier response, or a conversation, calls may stand there.
    alone = not asked.body.get("previous_response_id") and not asked.body.get("conversation")
    for id in returned:
        if alone and id not in called:
            yield _no(f"No tool call found for function call output with call_id {id}.", "input")
    for id in called:
        if id not in returned:
            yield _no(f"No tool output found for function call {id}.", "input")
        if len(id) > ID_LENGTH["responses"]:
            yield _too_long("input.call_id", id, ID_LENGTH["responses"])
    ids = [item["id"] for item in asked.items if item.get("id")]
    for id in ids:
        if ids.count(id) > 1:
            text = f"Duplicate item found with id {id}. Remove duplicate items from your input and try again."
            yield _no(text, "input")
    for at, item in enumerate(asked.items):
        yield from _wrong_item(asked, at, item)


def _wrong_item(asked: Asked, at: int, item: Json) -> Iterator[Refuses]:
    place = f"input[{at}]"
    match item.get("type", "message"):
        case "message":
            if item.get("role") not in RESPONSE_PARTS:
                text = f"Invalid value: '{item.get('role')}'. Supported values are: {_list(*RESPONSE_PARTS)}."
                yield _no(text, place, "invalid_value")
                return
            yield from _wrong_content(place, item, RESPONSE_PARTS[item["role"]])
        case "function_call":
            yield from _wrong_name(place, item)
            if not isinstance(item.get("arguments"), str):
                text = f"Missing required parameter: '{place}.arguments'."
                yield _no(text, f"{place}.arguments", "missing_required_parameter")
        case "function_call_output":
            if not isinstance(item.get("output"), str | list):
                text = f"Missing required parameter: '{place}.output'."
                yield _no(text, f"{place}.output", "missing_required_parameter")
        case "reasoning":
            following = asked.items[at + 1 : at + 2]
            if not following or (following[0].get("type") != "function_call" and following[0].get("role") != "assistant"):
                text = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."
                yield _no(text, "input")
        case _:
            pass


def _wrong_content(place: str, message: Json, kinds: tuple[str, ...], may_be_null: bool = False) -> Iterator[Refuses]:
    match message.get("content"):
        case str():
            pass
        case None if may_be_null:
            pass
        case list():
            for at, part in enumerate(cast("list[Json]", message["content"])):
                if part.get("type") not in kinds:
                    text = f"Invalid value: '{part.get('type')}'. Supported values are: {_list(*kinds)}."
                    yield _no(text, f"{place}.content[{at}]", "invalid_value")
        case other:
            found = "null" if other is None else type(other).__name__
            yield _no(f"Invalid type for '{place}.content': expected a string or a list, got {found}.", f"{place}.content")


def _too_long(place: str, text: str, most: int) -> Refuses:
    message = f"Invalid '{place}': string too long. Expected a string with maximum length {most}, but got {len(text)} instead."
    return _no(message, place, "string_above_max_length")


def _list(*values: str) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _no(message: str, param: str | None = None, code: str | None = None) -> Refuses:
    return Refuses(400, message, code=code, param=param)
