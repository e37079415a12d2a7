"""Responses: what is asked, as this protocol writes it, and the answer made of what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from switchroom.estimate import estimated
from switchroom.messages import File, Image, Message, Text, ToolCall, parse_args
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models.openai.chat import arguments, counted, data_url
from switchroom.models.openai.faults import BrokenOff
from switchroom.models.openai.halves import Pieces, all_mended, decode_halves, mended_json
from switchroom.models.openai.order import ordered
from switchroom.models.openai.origin import is_from, marked
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.strict import unwrapped
from switchroom.models.openai.typed import with_type
from switchroom.usage import Usage


def body_of(request: ModelRequest, provider: Provider, model: str, streamed: bool) -> bytes:
    """The body of a request. The server is to keep nothing: the history is ours, and the reasoning comes along, encrypted."""
    request, form = with_type(request, provider)
    settings = request.settings
    body: dict[str, Any] = {"model": model, "store": False, "input": list(_items(request, provider, model))}
    if request.instructions:
        body["instructions"] = request.instructions
    if not model.startswith(_NEVER_REASON):
        body["include"] = ["reasoning.encrypted_content"]
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
        choice = settings.tool_choice
        if choice is not None:
            body["tool_choice"] = choice if choice in _CHOICES else {"type": "function", "name": choice}
    if form is not None:
        body["text"] = {"format": form}
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.max_tokens is not None:
        body["max_output_tokens"] = settings.max_tokens
    if streamed:
        body["stream"] = True
    body.update(settings.extra)
    return msgspec.json.encode(body)


_CHOICES = ("auto", "required", "none")
_NEVER_REASON = ("gpt-3", "gpt-4", "chatgpt-")
"""Beginnings of the names of models that refuse to be asked for encrypted reasoning, for they have none."""


def _items(request: ModelRequest, provider: Provider, model: str) -> Iterator[dict[str, Any]]:
    for message in ordered(request, provider):
        match message.role:
            case "user":
                yield {"role": "user", "content": _content(message)}
            case "system":
                yield {"role": "system", "content": message.text}
            case "tool":
                yield {"type": "function_call_output", "call_id": message.call_id, "output": message.text}
            case "assistant":
                own = [item["item"] for item in message.items if "item" in item and is_from(item, provider, model)]
                yield from _said(message, own, request)


def _said(message: Message, own: list[dict[str, Any]], request: ModelRequest) -> Iterator[dict[str, Any]]:
    """An answer as it came, reasoning and all, where this model gave it; else made of its text and calls."""
    if own and _is_whole(own, message, request):
        yield from own
        return
    if message.text:
        yield {"role": "assistant", "content": [{"type": "output_text", "text": message.text}]}
    for call in message.calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments(call)}


def _is_whole(own: list[dict[str, Any]], message: Message, request: ModelRequest) -> bool:
    """Whether a message is still what its items say: a policy may have changed it, and the runtime the ids of its calls.

    Reasoning that led to nothing is not taken back, nor arguments that are no JSON, nor items that were cut off.
    """
    text = "".join(text for text, _ in _texts(own))
    if request.output_schema is not None:
        text = unwrapped(mended_json(text), request.output_schema)
    called = [item.get("call_id") for item in own if item.get("type") == "function_call"]
    valid = own[-1].get("type") != "reasoning" and all(isinstance(call.args, dict) for call in message.calls)
    return valid and not message.truncated and text == message.text and called == [call.id for call in message.calls]


def _content(message: Message) -> Any:
    content = message.content
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Text | Image | File) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "input_text", "text": part.text}
        case Image():
            return {"type": "input_image", "image_url": part.url or data_url(part.data, part.media_type or "image/png")}
        case File():
            if part.url:
                return {"type": "input_file", "file_url": part.url}
            return {"type": "input_file", "filename": part.name or "file", "file_data": data_url(part.data, part.media_type)}


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Whole(msgspec.Struct):
    """A whole answer."""

    output: list[dict[str, Any]] | None = None
    usage: _Usage | None = None
    model: str | None = None
    status: str | None = None
    error: Any = None
    incomplete_details: dict[str, Any] | None = None


class _Event(msgspec.Struct):
    """An event of a streamed answer; only the last ones carry more than a piece."""

    type: str = ""
    delta: Any = None
    item: msgspec.Raw = msgspec.Raw(b"null")
    response: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None
    message: str | None = None
    code: Any = None


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_whole = msgspec.json.Decoder(_Whole).decode
_decode_item = msgspec.json.Decoder(dict[str, Any]).decode


def _event(data: bytes) -> _Event:
    """Decode an event. Half characters in it are mended, but for those of a delta, whose other half may come with the next."""
    try:
        return _decode_event(data)
    except msgspec.DecodeError as error:
        given = decode_halves(data, dict[str, Any], error)
    raw = {name: msgspec.Raw(msgspec.json.encode(all_mended(given.pop(name)))) for name in _RAW & given.keys()}
    event = msgspec.convert(given, _Event)
    return replace(event, **raw)


_RAW = {"item", "response"}


def _whole(data: bytes | msgspec.Raw) -> _Whole:
    try:
        return _decode_whole(data)
    except msgspec.DecodeError as error:
        return msgspec.convert(all_mended(decode_halves(bytes(data), dict[str, Any], error)), _Whole)


class ResponsesFold:
    """Makes an answer of the events of a stream, or of a whole one."""

    __slots__ = ("_emit", "_items", "_pieces", "_response", "_shown")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._pieces = Pieces()
        self._shown = False
        self._items: list[dict[str, Any]] = []
        self._response: _Whole | None = None

    @property
    def complete(self) -> bool:
        """Whether the server said that this is all."""
        return self._response is not None

    def event(self, data: bytes) -> None:
        """Take an event.

        Raises:
            BrokenOff: it says that the server failed.
        """
        event = _event(data)
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                if event.delta:
                    self._show(self._pieces.take(str(event.delta)))
            case "response.output_item.done":
                self._items.append(_decode_item(event.item))
            case "response.completed" | "response.failed":
                self._end(_whole(event.response))
            case "response.incomplete":
                response = _whole(event.response)
                response.status = response.status or "incomplete"
                self._end(response)
            case "error":
                raise BrokenOff(all_mended(event.error or {"message": event.message or "", "code": event.code}))
            case _ if event.error:
                raise BrokenOff(all_mended(event.error))
            case _:
                pass

    def whole(self, body: bytes) -> None:
        """Take an answer that was not streamed, or that a server gave at once though it was to stream.

        Raises:
            BrokenOff: it says that the server failed.
            DecodeError: it is no answer of this protocol.
        """
        response = _whole(body)
        if response.output is None and not response.error:
            raise msgspec.ValidationError("it has no output")
        self._end(response)

    def done(self) -> None:
        """Take it that there is no more: a server may say so without saying what it all was."""
        if self._response is None and self._items:
            self._end(_Whole())

    def _show(self, text: str) -> None:
        if text:
            self._shown = True
            self._emit(text)

    def _end(self, response: _Whole) -> None:
        if response.status == "failed" or response.error:
            raise BrokenOff(response.error)
        self._response = response
        self._show(self._pieces.end())
        if not self._shown:
            for text, _ in _texts(response.output or self._items):
                self._emit(text)

    def response(self, request: ModelRequest, provider: Provider, model: str) -> ModelResponse:
        """The answer, with what it used: as the server counted, or estimated where it did not."""
        response = self._response or _Whole()
        output = response.output or self._items
        texts = list(_texts(output))
        refusal = any(refused for _, refused in texts)
        text = "".join(text for text, refused in texts if refused or not refusal)
        calls = tuple(_call(item) for item in output if item.get("type") == "function_call")
        finish = _finish(response)
        if not text and not calls and finish == "content_filter":
            refusal, text = True, "The provider's content filter stopped the answer."
        if request.output_schema is not None and not refusal:
            text = unwrapped(mended_json(text), request.output_schema)
        items: tuple[dict[str, Any], ...] = ()
        if any(item.get("type") == "reasoning" for item in output):
            items = tuple(marked({"item": item}, provider, model) for item in output)
        is_cut_off = response.status == "incomplete" or any(item.get("status") == "incomplete" for item in output)
        truncated = is_cut_off and (bool(calls) or not refusal)
        message = Message("assistant", text, calls, agent=request.agent, refusal=refusal, items=items, truncated=truncated)
        name = f"{provider.name}:{response.model or model}"
        return ModelResponse(message, _usage(response.usage, request, message), name, finish_reason=finish)


def _finish(response: _Whole) -> str:
    """Return why an answer ended, unless it ended as answers do."""
    if response.status in (None, "completed"):
        return ""
    return str((response.incomplete_details or {}).get("reason") or response.status)


def _texts(output: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """What the messages of an output say, and whether that is a refusal."""
    for item in output:
        match item:
            case {"type": "message", "content": [*parts]}:
                yield from _said_in(parts)
            case _:
                pass


def _said_in(parts: list[Any]) -> Iterator[tuple[str, bool]]:
    for part in parts:
        match part:
            case {"type": "output_text", "text": str(text)}:
                yield text, False
            case {"type": "refusal", "refusal": str(text)}:
                yield text, True
            case _:
                pass


def _call(item: dict[str, Any]) -> ToolCall:
    given: Any = item.get("arguments") or {}
    if not isinstance(given, dict):
        text = given if isinstance(given, str) else msgspec.json.encode(given).decode()
        given = parse_args(mended_json(text)) if text.strip() else {}
    return ToolCall(str(item.get("name") or ""), cast("dict[str, Any] | str", given), str(item.get("call_id") or ""))


def _usage(given: _Usage | None, request: ModelRequest, message: Message) -> Usage:
    if given is None:
        return estimated(request, message)
    cached = given.input_tokens_details.cached_tokens if given.input_tokens_details else 0
    thought = given.output_tokens_details.reasoning_tokens if given.output_tokens_details else 0
    return counted((given.input_tokens, given.output_tokens, cached or 0, thought or 0), request, message)
