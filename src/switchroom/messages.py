"""What is said: messages of text, images and files, and the calls that a model makes in them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, cast

import msgspec

from switchroom.errors import UserError


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="type"):
    """A part of a message that is plain text."""

    text: str


class Image(msgspec.Struct, frozen=True, tag="image", tag_field="type", omit_defaults=True):
    """A picture, by its address or by its bytes (`media_type` such as "image/png")."""

    url: str = ""
    data: bytes = b""
    media_type: str = ""


class File(msgspec.Struct, frozen=True, tag="file", tag_field="type", omit_defaults=True):
    """A document, by its address or by its bytes; `name` is what a person calls it."""

    name: str = ""
    url: str = ""
    data: bytes = b""
    media_type: str = ""


Part: TypeAlias = Text | Image | File
Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A model's wish to have a tool called.

    `args` is the JSON object it gave, or the raw text when that was no JSON object: a fault that goes back to the model.
    `extra` is what a provider gave with the call and wants back with it, in its own form, as in `Message.items`.
    """

    name: str
    args: dict[str, Any] | str = {}
    id: str = ""
    extra: dict[str, Any] = {}


class ValidCall(msgspec.Struct, frozen=True):
    """A call whose arguments were checked: by keyword, of the types that the tool declares."""

    name: str
    args: dict[str, Any]
    id: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One message of a conversation.

    Args:
        role: who speaks: "user", "assistant", "tool" (a call's result) or "system" (the runtime, or the application).
        content: text, or parts of text, image and file.
        calls: the tools that an assistant's message asks for, in its order.
        call_id: in a tool's message, the id of the call that it answers.
        agent: the name of the agent who said it, where one did.
        refusal: the text says that the model will not answer.
        items: what a provider gave beside text and calls and wants back with the next request, in its own form, such as
            reasoning items. Only the adapter that made them reads them.
        truncated: the server stopped before the answer's end, as at a token limit. No call of such an answer is made.
    """

    role: Role
    content: str | tuple[Part, ...] = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    agent: str = ""
    refusal: bool = False
    items: tuple[dict[str, Any], ...] = ()
    truncated: bool = False

    @property
    def text(self) -> str:
        """Its text, the parts that are text put together."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, Text))

    def as_chat(self) -> dict[str, Any]:
        """The chat form, `{"role": ..., "content": ...}`, with the content as text."""
        return {"role": self.role, "content": self.text}


Input: TypeAlias = str | Message | Part | Iterable["Message | Part | Mapping[str, Any]"]
"""What a run takes: text, a message, content parts, or a list of messages (also in chat form)."""


def messages_from(given: Input | Any) -> tuple[Message, ...]:
    """Read whatever a caller passes as input into messages.

    Raises:
        UserError: the input is empty, bytes, not valid Unicode, or of a form that is not known.
    """
    if type(given) is str and given.isascii() and given and not given.isspace():
        return (Message("user", given),)
    messages = _read(given)
    for message in messages:
        _check_text(message)
    return messages


def _read(given: Any) -> tuple[Message, ...]:
    match given:
        case str():
            return (Message("user", _spoken(str(given))),)
        case Message():
            return (given,)
        case Text() | Image() | File():
            return (Message("user", (given,)),)
        case bytes() | bytearray() | memoryview():
            raise UserError("The input is bytes. Pass text, or File(data=..., media_type=...) for a document.")
        case Mapping():
            return (_from_chat(cast("Mapping[str, Any]", given)),)
        case Iterable():
            return _from_list(list(cast("Iterable[Any]", given)))
        case _:
            raise UserError(f"The input is {type(given).__name__}. Pass text, chat messages, or parts (Text, Image, File).")


def _check_text(message: Message) -> None:
    fault = not_unicode(message)
    if fault:
        raise UserError(f'The input is no valid Unicode text ({fault}). Decode it with errors="replace".')


def not_unicode(message: Message) -> str:
    """What is wrong with the text of a message that no encoding can hold; "" if all is well."""
    if type(message.content) is str and message.content.isascii() and not message.calls:
        return ""
    try:
        msgspec.json.encode(message)
    except UnicodeEncodeError as error:
        return f"position {error.start}: {error.reason}"
    return ""


def _spoken(text: str) -> str:
    if not text.strip():
        raise UserError("The input is empty. Pass the text of a message.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"The input is no valid Unicode text (position {error.start}: {error.reason}). "
                'Decode it with errors="replace", or pass File(data=...) for binary content.'
            ) from None
    return text


def _from_list(items: list[Any]) -> tuple[Message, ...]:
    if not items:
        raise UserError("The input is an empty list. Pass at least one message.")
    parts = [item for item in items if isinstance(item, Text | Image | File)]
    if len(parts) == len(items):
        return (Message("user", tuple(parts)),)
    messages: list[Message] = []
    for item in items:
        match item:
            case Message():
                messages.append(item)
            case Mapping():
                messages.append(_from_chat(cast("Mapping[str, Any]", item)))
            case Text() | Image() | File():
                messages.append(Message("user", (item,)))
            case _:
                raise UserError(
                    f"A message in the input is {type(item).__name__}. Pass Message, or a dict with role and content."
                )
    return tuple(messages)


def _from_chat(chat: Mapping[str, Any]) -> Message:
    if "role" not in chat and "content" not in chat:
        raise UserError(f"A chat message has {sorted(map(str, chat))}. Write {{'role': ..., 'content': ...}}.")
    role = chat.get("role", "user")
    if role == "developer":
        role = "system"
    if role not in ("system", "user", "assistant", "tool"):
        raise UserError(f"A chat message has the role {role!r}; it may be system, user, assistant or tool.")
    calls = tuple(_call_from_chat(call) for call in _listed(chat.get("tool_calls") or (), "tool_calls"))
    content: Any = chat.get("content") or ""
    content = str(content) if isinstance(content, str) else content
    if not isinstance(content, str):
        content = tuple(_part_from_chat(part) for part in _listed(content, "content"))
    elif role == "user":
        content = _spoken(content)
    return Message(role, content, calls=calls, call_id=str(chat.get("tool_call_id") or ""))


def _listed(given: Any, field: str) -> list[Any]:
    if isinstance(given, list | tuple):
        return list(cast("Iterable[Any]", given))
    raise UserError(f"A chat message's {field} is {given!r}; it may be a list, and content text as well.")


def _call_from_chat(call: Any) -> ToolCall:
    match call:
        case {"function": {"name": str(name)} as function} | ({"name": str(name)} as function):
            made = cast("dict[str, Any]", call)
            arguments: Any = cast("dict[str, Any]", function).get("arguments") or {}
            if not isinstance(arguments, str | dict):
                arguments = repr(arguments)
            read = parse_args(arguments) if isinstance(arguments, str) else cast("dict[str, Any]", arguments)
            return ToolCall(name, read, str(made.get("id") or ""))
        case _:
            raise UserError(
                f"A chat message calls {call!r}; a call is {{'id': ..., 'function': {{'name': ..., 'arguments': ...}}}}."
            )


def parse_args(text: str) -> dict[str, Any] | str:
    """A call's arguments as a JSON object; the text itself when it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _part_from_chat(part: Any) -> Part:
    match part:
        case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
            return Text(text)
        case {"type": "image_url", "image_url": {"url": str(url)}} | {"type": "input_image", "image_url": str(url)}:
            if url.startswith("data:") and ";base64," in url:
                head, data = url[len("data:") :].split(";base64,", 1)
                return Image(data=_decoded(data), media_type=head)
            return Image(url=url)
        case _:
            raise UserError(f"The content part {part!r} is not known; use text, image_url, or File(...).")


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise UserError(f"A picture's data URL holds no valid base64: {error}.") from error
