"""Responses: an answer as its JSON body, and as the events of its stream."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any, cast

from tests.servers.asked import Asked, Json
from tests.servers.manners import Manners
from tests.servers.said import Called, Said

UNKNOWN_ITEM: Json = {"id": "xx_1", "type": "telepathy_call", "status": "completed", "thought": "nothing"}


def body(asked: Asked, said: Said, manners: Manners) -> Json:
    """The answer in one piece: a `response`."""
    return _ended(_opened(asked, manners), list(_items(said, manners)), said, manners)


def events(asked: Asked, said: Said, manners: Manners) -> list[Json]:
    """The answer as the events of a stream, numbered, in order."""
    opened = _opened(asked, manners)
    items = list(_items(said, manners))
    given: list[Json] = [{"type": "response.created", "response": opened}]
    if not manners.terse:
        given.append({"type": "response.in_progress", "response": opened})
    for at, item in enumerate(items):
        if manners.unknown_fields:
            given.append({"type": "response.telepathy.delta", "output_index": at, "delta": {"odd": True}})
        given += _item_events(at, item, manners)
    ended = _ended(opened, [] if manners.bare_completed else items, said, manners)
    given.append({"type": f"response.{ended['status']}", "response": ended})
    return [event | {"sequence_number": number} for number, event in enumerate(given)]


def failed(asked: Asked, code: str, message: str, manners: Manners) -> Json:
    """A response that failed: with status 200, and the error inside."""
    return _opened(asked, manners) | {"status": "failed", "error": {"code": code, "message": message}}


def usage(spent: tuple[int, int], said: Said) -> Json:
    """What the answer cost."""
    read, written = spent
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": said.cached, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": said.reasoned},
        "total_tokens": read + written,
    }


def _opened(asked: Asked, manners: Manners) -> Json:
    """The response before anything was said: what it is, and what was asked for, echoed with the defaults filled in."""
    wanted = asked.body
    reasoning: Json = wanted.get("reasoning") or {}
    given: Json = {
        "id": f"resp_{secrets.token_hex(24)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": wanted.get("instructions"),
        "max_output_tokens": wanted.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": _or(wanted.get("parallel_tool_calls"), True),
        "previous_response_id": wanted.get("previous_response_id"),
        "prompt_cache_key": wanted.get("prompt_cache_key"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": None,
        "service_tier": "default",
        "store": _or(wanted.get("store"), True),
        "temperature": _or(wanted.get("temperature"), 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium"} | (wanted.get("text") or {}),
        "tool_choice": _or(wanted.get("tool_choice"), "auto"),
        "tools": [_tool(tool) for tool in cast("list[Json]", wanted.get("tools") or [])],
        "top_logprobs": 0,
        "top_p": _or(wanted.get("top_p"), 1.0),
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": wanted.get("metadata") or {},
    }
    return given | {"weather": ["dry", None, 3.5]} if manners.unknown_fields else given


def _ended(opened: Json, items: list[Json], said: Said, manners: Manners) -> Json:
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(said.finished)
    return opened | {
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else int(time.time()),
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items,
        "usage": usage(said.usage, said) if manners.usage and said.usage is not None else None,
    }


def _tool(tool: Json) -> Json:
    return {"description": None, "strict": True} | tool if tool.get("type") == "function" else tool


def _items(said: Said, manners: Manners) -> Iterator[Json]:
    """The items of the output, complete."""
    cut_short = said.finished in {"length", "content_filter"}
    status = "incomplete" if cut_short and not said.calls else "completed"
    if manners.unknown_fields:
        yield UNKNOWN_ITEM
    if said.reasoning:
        summary = [{"type": "summary_text", "text": said.reasoning}]
        yield {"id": f"rs_{secrets.token_hex(24)}", "type": "reasoning", "summary": summary}
    if said.text or said.refusal or not said.calls:
        yield {
            "id": f"msg_{secrets.token_hex(24)}",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [_part(said.text, said.refusal)],
        }
    for call in said.calls:
        yield {
            "id": f"fc_{secrets.token_hex(24)}",
            "type": "function_call",
            "status": "incomplete" if cut_short else "completed",
            "call_id": _id(call, manners),
            "name": call.name,
            "arguments": None if manners.arguments_null and call.written in {"", "{}"} else call.written,
        }


def _part(text: str, refusal: str) -> Json:
    if refusal:
        return {"type": "refusal", "refusal": refusal}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _item_events(at: int, item: Json, manners: Manners) -> Iterator[Json]:
    """How an item comes into being: opened, filled and closed."""
    place: Json = {"output_index": at}
    within: Json = {"item_id": item["id"], **place}
    match item["type"]:
        case "message":
            opened = {"status": "in_progress", "content": []}
            inner = _part_events(within | {"content_index": 0}, item["content"][0], manners)
        case "function_call":
            opened = {"status": "in_progress", "arguments": None if manners.arguments_null else ""}
            inner = _argument_events(within, item["arguments"], manners)
        case "reasoning":
            opened: Json = {"summary": []}
            inner = _summary_events(within | {"summary_index": 0}, item["summary"][0], manners)
        case _:
            opened, inner = {}, iter(())
    yield {"type": "response.output_item.added", **place, "item": item | opened}
    for event in inner:
        if not manners.terse or event["type"].endswith(".delta"):
            yield event
    yield {"type": "response.output_item.done", **place, "item": item}


def _part_events(within: Json, part: Json, manners: Manners) -> Iterator[Json]:
    key = "refusal" if part["type"] == "refusal" else "text"
    kind = "response.refusal" if key == "refusal" else "response.output_text"
    probabilities: Json = {} if key == "refusal" else {"logprobs": []}
    yield {"type": "response.content_part.added", **within, "part": part | {key: ""}}
    for piece in manners.cut(part[key]):
        yield {"type": f"{kind}.delta", **within, "delta": piece, **probabilities}
    yield {"type": f"{kind}.done", **within, key: part[key], **probabilities}
    yield {"type": "response.content_part.done", **within, "part": part}


def _argument_events(within: Json, arguments: str | None, manners: Manners) -> Iterator[Json]:
    kind = "response.function_call_arguments"
    for piece in manners.cut(arguments or ""):
        yield {"type": f"{kind}.delta", **within, "delta": piece}
    yield {"type": f"{kind}.done", **within, "arguments": arguments}


def _summary_events(within: Json, part: Json, manners: Manners) -> Iterator[Json]:
    kind = "response.reasoning_summary"
    yield {"type": f"{kind}_part.added", **within, "part": part | {"text": ""}}
    for piece in manners.cut(part["text"]):
        yield {"type": f"{kind}_text.delta", **within, "delta": piece}
    yield {"type": f"{kind}_text.done", **within, "text": part["text"]}
    yield {"type": f"{kind}_part.done", **within, "part": part}


def _id(call: Called, manners: Manners) -> str:
    if call.id is not None:
        return call.id
    return f"call_{secrets.token_hex(12)}" if manners.ids is None else manners.ids


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
