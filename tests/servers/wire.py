"""Chat Completions: an answer as its JSON body, and as the chunks of its stream."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from tests.servers.asked import Asked, Json
from tests.servers.makes import MAKES, signature
from tests.servers.manners import Manners
from tests.servers.said import Called, Said


def body(asked: Asked, said: Said, manners: Manners) -> Json:
    """The answer in one piece: a `chat.completion`."""
    text: str | None = said.text or None if said.refusal or said.calls or manners.content_null else said.text
    message: Json = {"role": "assistant", "content": text, "refusal": said.refusal or None, "annotations": []}
    if said.reasoning and manners.reasoning_field:
        message[manners.reasoning_field] = said.reasoning
    if said.calls:
        ids = [_id(call, manners) for call in said.calls]
        message["tool_calls"] = [
            _call(call, id, _arguments(call, manners), manners) for call, id in zip(said.calls, ids, strict=True)
        ]
        message["tool_calls"][0] |= _signed(asked, manners)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finished}
    given = _frame(asked, "chat.completion", manners) | {"choices": [choice]}
    if manners.usage and said.usage is not None:
        given["usage"] = usage(said.usage, said)
    if manners.unknown_fields:
        message |= {"mood": "calm", "parts": [{"kind": "unheard-of"}]}
        choice["seen"] = {"by": "nobody"}
    return given


def chunks(asked: Asked, said: Said, manners: Manners) -> list[Json]:
    """The answer as the chunks of a stream, in order."""
    frame = _frame(asked, "chat.completion.chunk", manners)
    wanted = asked.usage_wanted
    spent = said.usage if manners.usage else None
    own_chunk = spent if wanted and manners.usage_where == "own chunk" else None
    # OpenAI sends a null in every chunk once usage was asked for.
    frame |= {"usage": None} if wanted and manners.usage else {}
    given = [frame | {"choices": [choice]} for choice in _choices(said, manners)]
    if said.calls and _signed(asked, manners):
        first = next(call for each in given for call in each["choices"][0]["delta"].get("tool_calls", ()))
        first |= _signed(asked, manners)
    match manners.usage_where:
        case "own chunk":
            given += [] if own_chunk is None else [frame | {"choices": [], "usage": usage(own_chunk, said)}]
        case "finish" if spent:
            given[-1]["usage"] = usage(spent, said)
        case "every chunk" if spent:
            for at, each in enumerate(given, start=1):
                each["usage"] = usage((spent[0], spent[1] * at // len(given)), said)
        case _:
            pass
    if manners.empty_choices:
        empty: Json = frame | {"choices": []}
        given = [empty | {"prompt_filter_results": [{"prompt_index": 0}]}, given[0], empty, *given[1:], empty]
    return given


def usage(spent: tuple[int, int], said: Said) -> Json:
    """What the answer cost."""
    read, written = spent
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": said.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": said.reasoned,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _choices(said: Said, manners: Manners) -> Iterator[Json]:
    """The one choice of every chunk that has one."""
    first: Json = {"role": "assistant", "content": None if said.calls and not said.text else "", "refusal": None}
    if manners.role == "never":
        del first["role"]
    yield _choice(first, manners, first=True)
    for delta in _deltas(said, manners):
        yield _choice(delta, manners)
    if not manners.finish_chunk:
        return
    again = {"content": said.text} if manners.duplicate_final_text == "delta" and said.text else {}
    last = _choice(again, manners, finish=said.finished)
    if manners.duplicate_final_text is True:
        last["message"] = {"role": "assistant", "content": said.text}
    yield last


def _choice(delta: Json, manners: Manners, finish: str | None = None, first: bool = False) -> Json:
    if manners.content_null:
        delta = {"content": None} | delta
    if manners.role == "every" and not first:
        delta = {"role": "assistant"} | delta
    extra: Json = {"seen": {"by": "nobody"}} if manners.unknown_fields else {}
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish} | extra


def _deltas(said: Said, manners: Manners) -> Iterator[Json]:
    if manners.reasoning_field:
        yield from ({manners.reasoning_field: piece} for piece in manners.cut(said.reasoning))
    yield from ({"content": piece} for piece in manners.cut(said.text))
    yield from ({"refusal": piece} for piece in manners.cut(said.refusal))
    calls = [list(_call_deltas(at, call, manners)) for at, call in enumerate(said.calls)]
    if manners.both_calls_in_one_delta and calls:
        yield {"tool_calls": [delta for call in calls for delta in call]}
        return
    order = zip_longest(*calls) if manners.interleaved else calls
    yield from ({"tool_calls": [delta]} for group in order for delta in group if delta is not None)


def _call_deltas(at: int, call: Called, manners: Manners) -> Iterator[Json]:
    index: Json = {} if manners.no_index else {"index": at}
    id = _id(call, manners)
    if manners.both_calls_in_one_delta:
        yield index | _call(call, id, _arguments(call, manners), manners)
        return
    yield index | _call(call, id, None if manners.arguments_null else "", manners)
    if _arguments(call, manners) is not None:
        yield from (index | {"function": {"arguments": piece}} for piece in manners.cut(call.written))


def _call(call: Called, id: str, arguments: str | None, manners: Manners) -> Json:
    kind: Json = {} if manners.no_type else {"type": "function"}
    return {"id": id, **kind, "function": {"name": call.name, "arguments": arguments}}


def _signed(asked: Asked, manners: Manners) -> Json:
    return {"extra_content": signature(asked)} if MAKES[manners.make].is_signing else {}


def _arguments(call: Called, manners: Manners) -> str | None:
    return None if manners.arguments_null and call.written in {"", "{}"} else call.written


def _id(call: Called, manners: Manners) -> str:
    if call.id is not None:
        return call.id
    return f"call_{secrets.token_hex(12)}" if manners.ids is None else manners.ids


def _frame(asked: Asked, kind: str, manners: Manners) -> Json:
    """What the body and every chunk have in common."""
    given: dict[str, Any] = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
    return given | {"weather": ["dry", None, 3.5]} if manners.unknown_fields else given
