"""Answers in the types of OpenAI's own package, which is imported when the first one is needed.

A run knows an answer's text piece by piece, and its calls when it is complete. So the raw events of an answer are those of the
Responses API, whatever protocol the model speaks: pieces of text as they come, all the rest at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from switchroom.compat.agents.convert import called, said
from switchroom.compat.agents.usage import Usage
from switchroom.messages import Message, ToolCall

NO_ID = "__fake_id__"
"""The id of what has none: runs keep no ids of answers."""

_EVENTS = {
    "response.created": "ResponseCreatedEvent",
    "response.in_progress": "ResponseInProgressEvent",
    "response.output_item.added": "ResponseOutputItemAddedEvent",
    "response.content_part.added": "ResponseContentPartAddedEvent",
    "response.output_text.delta": "ResponseTextDeltaEvent",
    "response.output_text.done": "ResponseTextDoneEvent",
    "response.content_part.done": "ResponseContentPartDoneEvent",
    "response.output_item.done": "ResponseOutputItemDoneEvent",
    "response.function_call_arguments.delta": "ResponseFunctionCallArgumentsDeltaEvent",
    "response.function_call_arguments.done": "ResponseFunctionCallArgumentsDoneEvent",
    "response.completed": "ResponseCompletedEvent",
}


def _made(kind: str, fields: dict[str, Any]) -> Any:
    from openai.types import responses

    return getattr(responses, kind).model_validate(fields)


def message_object(message: Message) -> Any:
    """What a message says, as a `ResponseOutputMessage`."""
    return _made("ResponseOutputMessage", _message(message))


def call_object(call: ToolCall) -> Any:
    """A call as a `ResponseFunctionToolCall`."""
    return _made("ResponseFunctionToolCall", called(call))


def thoughts_of(message: Message) -> list[Any]:
    """What the model thought before, as `ResponseReasoningItem`s, where its provider gives that."""
    given: list[dict[str, Any]] = [item["item"] for item in message.items if "item" in item]
    return [_made("ResponseReasoningItem", item) for item in given if item.get("type") == "reasoning"]


def output_of(message: Message) -> list[Any]:
    """All of an answer: thoughts, what it says, calls."""
    says = [message_object(message)] if message.text or not message.calls else []
    return [*thoughts_of(message), *says, *map(call_object, message.calls)]


class RawAnswer:
    """The raw events of one answer.

    Args:
        at: when it begins, in seconds since the epoch.
    """

    def __init__(self, at: float) -> None:
        self._number = 0
        self._text = ""
        self._begun = False
        self._response: dict[str, Any] = {
            "id": NO_ID,
            "object": "response",
            "created_at": at,
            "model": "",
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }

    def piece(self, text: str) -> Iterator[Any]:
        """The events of a piece of text."""
        yield from self._begin()
        if not self._text:
            item: dict[str, Any] = {**_message(Message("assistant")), "status": "in_progress", "content": []}
            yield self._event("response.output_item.added", output_index=0, item=item)
            yield self._event("response.content_part.added", **_WITHIN, part=_part(""))
        self._text += text
        yield self._event("response.output_text.delta", **_WITHIN, delta=text, logprobs=[])

    def end(self, message: Message, used: Usage, model: str) -> Iterator[Any]:
        """The events that are left when the answer is complete."""
        yield from self._begin()
        if message.text and not self._text:
            yield from self.piece(message.text)
        output: list[Any] = []
        if self._text:
            output.append(_message(message))
            yield self._event("response.output_text.done", **_WITHIN, text=self._text, logprobs=[])
            yield self._event("response.content_part.done", **_WITHIN, part=output[0]["content"][0])
            yield self._event("response.output_item.done", output_index=0, item=output[0])
        for call in message.calls:
            yield from self._calling(called(call), len(output))
            output.append(called(call))
        whole = {**self._response, "model": model, "status": "completed", "output": output, "usage": _usage(used)}
        yield self._event("response.completed", response=whole)

    def _begin(self) -> Iterator[Any]:
        if not self._begun:
            self._begun = True
            yield self._event("response.created", response=self._response)
            yield self._event("response.in_progress", response=self._response)

    def _calling(self, call: dict[str, Any], index: int) -> Iterator[Any]:
        place: dict[str, Any] = {"output_index": index, "item_id": NO_ID}
        yield self._event("response.output_item.added", output_index=index, item={**call, "arguments": ""})
        yield self._event("response.function_call_arguments.delta", **place, delta=call["arguments"])
        yield self._event("response.function_call_arguments.done", **place, arguments=call["arguments"], name=call["name"])
        yield self._event("response.output_item.done", output_index=index, item=call)

    def _event(self, kind: str, **fields: Any) -> Any:
        made = _made(_EVENTS[kind], {"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        return made


_WITHIN: dict[str, Any] = {"output_index": 0, "content_index": 0, "item_id": NO_ID}


def _message(message: Message) -> dict[str, Any]:
    return {"id": NO_ID, **said(message)}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _usage(used: Usage) -> dict[str, Any]:
    return {
        "input_tokens": used.input_tokens,
        "input_tokens_details": {"cached_tokens": used.input_tokens_details.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"reasoning_tokens": used.output_tokens_details.reasoning_tokens},
        "total_tokens": used.total_tokens,
    }
