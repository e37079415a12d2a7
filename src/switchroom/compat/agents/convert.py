"""Input items of the Responses API as messages, and messages as input items.

There and back a conversation stays what it was, but for what only one side has: which agent said a message, and what a model
thought. Two answers in a row of which the second only calls come back as one, for items do not say where an answer ends.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.compat.agents.exceptions import UserError
from switchroom.messages import File, Image, Message, Part, Text, ToolCall, messages_from, parse_args

TResponseInputItem: TypeAlias = dict[str, Any]
"""An item of the Responses API's input, as plain data."""


def messages_of(input: str | Sequence[Any]) -> tuple[Message, ...]:
    """The messages of an input.

    Args:
        input: text of a person, or items: messages, calls of functions and their outputs. What a model thought ("reasoning"
            items) is left out.

    Raises:
        UserError: an item is of a kind that only a provider can make sense of.
    """
    if isinstance(input, str):
        return messages_from(input)
    messages: list[Message] = []
    for item in input:
        _take(_plain(item), messages)
    return tuple(messages)


def items_of(messages: Iterable[Message]) -> list[TResponseInputItem]:
    """The items of messages."""
    items: list[TResponseInputItem] = []
    for message in messages:
        match message.role:
            case "assistant":
                if message.text or not message.calls:
                    items.append(said(message))
                items += [called(call) for call in message.calls]
            case "tool":
                items.append(returned(message.call_id, message.text))
            case "user" | "system":
                content = message.content
                items.append(
                    {"role": message.role, "content": content if isinstance(content, str) else list(map(_part_item, content))}
                )
    return items


def said(message: Message) -> TResponseInputItem:
    """What an assistant's message says, as an item; its calls are items of their own."""
    if message.refusal:
        part: dict[str, Any] = {"type": "refusal", "refusal": message.text}
    else:
        part = {"type": "output_text", "text": message.text, "annotations": []}
    return {"type": "message", "role": "assistant", "status": "completed", "content": [part]}


def called(call: ToolCall) -> TResponseInputItem:
    """A call as an item, with what its provider wants back with it."""
    item: TResponseInputItem = {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments_of(call)}
    return {**item, "provider_data": call.extra} if call.extra else item


def arguments_of(call: ToolCall) -> str:
    """A call's arguments as JSON text; what was no JSON object stays as it is."""
    return call.args if isinstance(call.args, str) else msgspec.json.encode(call.args).decode()


def returned(call_id: str, text: str) -> TResponseInputItem:
    """A call's result as an item."""
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def _plain(item: Any) -> Mapping[str, Any] | Message:
    if isinstance(item, Mapping | Message):
        return cast("Mapping[str, Any] | Message", item)
    if hasattr(item, "model_dump"):
        return item.model_dump(exclude_unset=True)
    raise UserError(f"The input holds {item!r}; it takes items of the Responses API, such as {{'role': ..., 'content': ...}}.")


def _take(item: Mapping[str, Any] | Message, messages: list[Message]) -> None:
    match item:
        case Message():
            messages.append(item)
        case {"type": "function_call", "name": str(name), "arguments": str(arguments)}:
            extra = cast("dict[str, Any]", item.get("provider_data") or {})
            call = ToolCall(name, parse_args(arguments), str(item.get("call_id") or ""), extra)
            if messages and messages[-1].role == "assistant":
                last = messages.pop()
                messages.append(msgspec.structs.replace(last, calls=(*last.calls, call)))
            else:
                messages.append(Message("assistant", calls=(call,)))
        case {"type": "function_call_output", "call_id": str(call_id), "output": output}:
            messages.append(Message("tool", _output(output), call_id=call_id))
        case {"type": "reasoning"}:
            pass
        case {"role": "assistant", **rest} if not rest.get("tool_calls"):
            messages.append(_assistant(rest.get("content")))
        case {"role": "user" | "system" | "developer" as role, "content": list()}:
            read = tuple(_part(part) for part in item["content"])
            messages.append(Message("user" if role == "user" else "system", _joined(read) if role != "user" else read))
        case {"role": str()} if item.get("type", "message") == "message":
            messages.extend(messages_from(item))
        case _:
            raise UserError(
                f"The input holds an item of type {item.get('type')!r}, which only its provider can make sense of. "
                "Known are messages, function_call, function_call_output and reasoning."
            )


def _assistant(content: Any) -> Message:
    if isinstance(content, str) or content is None:
        return Message("assistant", content or "")
    texts: list[str] = []
    refusals: list[str] = []
    for part in cast("list[Any]", content):
        match part:
            case {"type": "refusal", "refusal": str(text)}:
                refusals.append(text)
            case {"text": str(text)}:
                texts.append(text)
            case _:
                raise UserError(f"An assistant's message in the input has the part {part!r}; it may have text and refusals.")
    return Message("assistant", "".join(texts or refusals), refusal=bool(refusals and not texts))


def _output(output: Any) -> str:
    """A result's text; of one in parts, their texts."""
    if isinstance(output, str):
        return output
    return _joined(tuple(_part(part) for part in cast("list[Any]", output)))


def _joined(parts: tuple[Part, ...]) -> str:
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) < len(parts):
        raise UserError("A result, or a system message, in the input has a picture or a file; give those in a user's message.")
    return "".join(texts)


def _part(part: Any) -> Part:
    match part:
        case {"type": "input_file", **rest} if rest.get("file_url") or rest.get("file_data"):
            name, url = str(rest.get("filename") or ""), str(rest.get("file_url") or "")
            media_type, data = _data(str(rest.get("file_data") or ""))
            return File(name, url, data, media_type)
        case {"type": "input_file" | "input_image", "file_id": str(file_id)} if not part.get("image_url"):
            raise UserError(
                f"The input names the file {file_id!r} at a provider. Pass its address, or its bytes as a data URL."
            )
        case _:
            [message] = messages_from({"role": "user", "content": [part]})
            return message.content[0]  # pyright: ignore[reportReturnType]


def _data(url: str) -> tuple[str, bytes]:
    """The media type and the bytes of a data URL; of plain base64, the bytes."""
    head, _, body = url.rpartition(",")
    try:
        return head.removeprefix("data:").removesuffix(";base64"), base64.b64decode(body, validate=True)
    except ValueError as error:
        raise UserError(f"A file's data in the input is no valid base64: {error}.") from error


def _part_item(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "input_text", "text": part.text}
        case Image():
            return {"type": "input_image", "image_url": part.url or _data_url(part.data, part.media_type), "detail": "auto"}
        case File(url=""):
            return {"type": "input_file", "filename": part.name, "file_data": _data_url(part.data, part.media_type)}
        case File():
            return {"type": "input_file", "filename": part.name, "file_url": part.url}


def _data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type or 'application/octet-stream'};base64,{base64.b64encode(data).decode()}"
