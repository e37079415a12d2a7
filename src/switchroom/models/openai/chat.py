"""Chat Completions: what is asked, as this protocol writes it, and the answer made of what comes back."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from switchroom.estimate import estimated
from switchroom.messages import File, Image, Message, Text, ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models.openai.faults import BrokenOff
from switchroom.models.openai.halves import Pieces, all_mended, decode_halves, mended, mended_json
from switchroom.models.openai.order import ordered
from switchroom.models.openai.origin import is_from, marked
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.streamed_calls import EXTRA, CallPiece, StreamedCalls
from switchroom.models.openai.strict import unwrapped
from switchroom.models.openai.typed import with_type
from switchroom.usage import Usage


def body_of(request: ModelRequest, provider: Provider, model: str, streamed: bool) -> bytes:
    """The body of a request, as JSON."""
    return msgspec.json.encode(fields_of(request, provider, model, streamed))


def fields_of(request: ModelRequest, provider: Provider, model: str, streamed: bool) -> dict[str, Any]:
    """The body of a request."""
    request, form = with_type(request, provider)
    settings = request.settings
    body: dict[str, Any] = {"model": model, "messages": _messages(request, provider, model)}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
        if settings.tool_choice is not None:
            body["tool_choice"] = _choice(settings.tool_choice)
    match form:
        case None:
            pass
        case {"type": "json_schema", **described}:
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        case _:
            body["response_format"] = form
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.max_tokens is not None:
        body[provider.limit] = settings.max_tokens
    if streamed:
        body["stream"] = True
        if provider.streams_usage:
            body["stream_options"] = {"include_usage": True}
    body.update(settings.extra)
    return body


def _choice(choice: str) -> Any:
    return choice if choice in ("auto", "required", "none") else {"type": "function", "function": {"name": choice}}


def _messages(request: ModelRequest, provider: Provider, model: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    for message in ordered(request, provider):
        match message.role:
            case "user":
                messages.append({"role": "user", "content": _content(message.content)})
            case "assistant":
                messages.append(_said(message, provider, model))
            case "tool":
                messages.append({"role": "tool", "tool_call_id": _id(message.call_id, provider), "content": message.text})
            case "system":
                messages.append({"role": "system", "content": message.text})
    return messages


def _said(message: Message, provider: Provider, model: str) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    if message.calls:
        said["tool_calls"] = [_called(call, provider, model) for call in message.calls]
        first = said["tool_calls"][0]
        if provider.unsigned and EXTRA not in first and re.fullmatch(provider.signs, model):
            first[EXTRA] = provider.unsigned
        if provider.needs_reasoning:
            said[provider.keeps_reasoning] = ""
    elif not message.text:
        said["content"] = ""
    for item in message.items:
        if is_from(item, provider, model):
            if provider.keeps_reasoning and "reasoning" in item:
                said[provider.keeps_reasoning] = item["reasoning"]
            if EXTRA in item:
                said[EXTRA] = item[EXTRA]
    return said


def _called(call: ToolCall, provider: Provider, model: str) -> dict[str, Any]:
    called: dict[str, Any] = {
        "id": _id(call.id, provider),
        "type": "function",
        "function": {"name": call.name, "arguments": arguments(call)},
    }
    if EXTRA in call.extra and is_from(call.extra, provider, model):
        called[EXTRA] = call.extra[EXTRA]
    return called


def _id(id: str, provider: Provider) -> str:
    """A call's id as the provider takes it: the server that gave it may have other ideas of one."""
    return id if re.fullmatch(provider.ids, id) else blake2b(id.encode()).hexdigest()[:9]


def arguments(call: ToolCall) -> str:
    """A call's arguments as JSON; what was no JSON object is wrapped in one, for servers read it again."""
    return msgspec.json.encode(call.args if isinstance(call.args, dict) else {"invalid": call.args}).decode()


def _content(content: str | Sequence[Any]) -> Any:
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Text | Image | File) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image():
            return {"type": "image_url", "image_url": {"url": part.url or data_url(part.data, part.media_type or "image/png")}}
        case File():
            file = {"filename": part.name or "file", "file_data": part.url or data_url(part.data, part.media_type)}
            return {"type": "file", "file": file}


def data_url(data: bytes, media_type: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{media_type or 'application/octet-stream'};base64,{base64.b64encode(data).decode()}"


class _Said(msgspec.Struct):
    """A message, or a piece of one."""

    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None
    tool_calls: list[CallPiece] | None = None
    reasoning_content: Any = None
    reasoning_details: Any = None
    extra_content: Any = None


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: Any = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct):
    """A whole answer, or an event of a streamed one."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None


_chunk = msgspec.json.Decoder(_Chunk).decode


class ChatFold:
    """Makes an answer of the events of a stream, or of a whole one."""

    __slots__ = ("_calls", "_emit", "_extra", "_finish", "_model", "_pieces", "_reasoning", "_refusal", "_text", "_usage")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._pieces = Pieces()
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls = StreamedCalls()
        self._reasoning: list[Any] = []
        self._extra: Any = None
        self._finish = ""
        self._usage: _Usage | None = None
        self._model = ""

    @property
    def complete(self) -> bool:
        """Whether the server said that this is all."""
        return bool(self._finish)

    def event(self, data: bytes) -> None:
        """Take an event.

        Raises:
            BrokenOff: it says that the server failed.
        """
        try:
            chunk = _chunk(data)
        except msgspec.DecodeError as error:
            chunk = decode_halves(data, _Chunk, error)
        if chunk.error:
            raise BrokenOff(all_mended(chunk.error))
        if chunk.model:
            self._model = chunk.model
        if chunk.usage is not None:
            self._usage = chunk.usage
        for choice in chunk.choices or ():
            if choice.index:  # another version of the answer; one is enough
                continue
            if choice.delta is not None and not self._repeats(choice):
                self._take(choice.delta, is_whole=False)
            if choice.message is not None and not (self._text or self._calls or self._refusal):
                self._take(choice.message, is_whole=True)
            if choice.finish_reason:
                self._finish = mended(str(choice.finish_reason))

    def whole(self, body: bytes) -> None:
        """Take an answer that was not streamed, or that a server gave at once though it was to stream.

        Raises:
            BrokenOff: it says that the server failed.
            DecodeError: it is no answer of this protocol.
        """
        self.event(body)
        self.done()
        if not self._finish:
            raise msgspec.ValidationError("it has no choices with a message")

    def done(self) -> None:
        """Take it that there is no more: a server may say so without saying why."""
        if self._text or self._calls or self._refusal:
            self._finish = self._finish or "stop"

    def _repeats(self, choice: _Choice) -> bool:
        """Whether a last piece is all of the text once more, as some servers send it."""
        delta = choice.delta
        if not choice.finish_reason or delta is None or len(self._text) < 2 or not isinstance(delta.content, str):
            return False
        return len(delta.content) > 8 and delta.content == "".join(self._text)

    def _take(self, said: _Said, is_whole: bool) -> None:
        content = said.content
        if content:
            text = content if isinstance(content, str) else "".join(str(part.get("text") or "") for part in content)
            self._show(text, self._text)
        if said.refusal:
            self._show(said.refusal, self._refusal)
        if said.tool_calls:
            (self._calls.take_whole if is_whole else self._calls.take)(said.tool_calls)
        reasoning = said.reasoning_details if said.reasoning_details is not None else said.reasoning_content
        if reasoning:
            self._reasoning.append(reasoning)
        if said.extra_content:
            self._extra = said.extra_content

    def _show(self, text: str, kept: list[str]) -> None:
        if self._pieces.half or not text.isascii():
            text = self._pieces.take(text)
        if text:
            kept.append(text)
            self._emit(text)

    def response(self, request: ModelRequest, provider: Provider, model: str) -> ModelResponse:
        """The answer, with what it used: as the server counted, or estimated where it did not."""
        rest = self._pieces.end()
        if rest:
            self._show(rest, self._refusal or self._text)
        refusal = bool(self._refusal)
        text = "".join(self._refusal or self._text)
        if self._finish.startswith("content_filter") and not text and not self._calls:
            refusal, text = True, "The provider's content filter stopped the answer."
        if request.output_schema is not None and not refusal:
            text = unwrapped(mended_json(text), request.output_schema)
        items: tuple[dict[str, Any], ...] = ()
        if self._reasoning and provider.keeps_reasoning:
            items = (marked({"reasoning": all_mended(_joined(self._reasoning))}, provider, model),)
        if self._extra:
            items = (*items, marked({EXTRA: all_mended(self._extra)}, provider, model))
        calls = self._calls.made(provider, model)
        truncated = is_cut_off(self._finish) and (bool(calls) or not refusal)
        message = Message("assistant", text, calls, agent=request.agent, refusal=refusal, items=items, truncated=truncated)
        name = f"{provider.name}:{mended(self._model) or model}"
        finish = "" if self._finish in _ENDS else self._finish
        return ModelResponse(message, _usage(self._usage, request, message), name, finish_reason=finish)


_ENDS = ("stop", "tool_calls", "function_call")


def is_cut_off(finish: str) -> bool:
    """Return whether a finish reason says that the server stopped before the end of the answer."""
    return finish.lower().partition(":")[0] in _CUT_OFF  # Gemini says "content_filter: RECITATION"


_CUT_OFF = {
    *("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length", "incomplete"),
    *("content_filter", "insufficient_system_resource"),
}


def _joined(pieces: list[Any]) -> Any:
    """Reasoning put together: text, or a list of parts."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return [part for piece in pieces for part in (piece if isinstance(piece, list) else [piece])]  # pyright: ignore[reportUnknownVariableType]


def _usage(given: _Usage | None, request: ModelRequest, message: Message) -> Usage:
    if given is None:
        return estimated(request, message)
    cached = given.prompt_tokens_details.cached_tokens if given.prompt_tokens_details else 0
    thought = given.completion_tokens_details.reasoning_tokens if given.completion_tokens_details else 0
    return counted((given.prompt_tokens, given.completion_tokens, cached or 0, thought or 0), request, message)


def counted(given: tuple[int | None, int | None, int, int], request: ModelRequest, message: Message) -> Usage:
    """Return the usage as the server counted it (read, written, cached, reasoned), estimated where it did not count."""
    read, written, cached, reasoned = given
    if not read and not written:
        return estimated(request, message)
    if read is not None and written is not None:
        return Usage(1, read, written, cached, reasoned)
    about = estimated(request, message)
    read = about.input_tokens if read is None else read
    return Usage(1, read, about.output_tokens if written is None else written, cached, reasoned, estimated=1)
