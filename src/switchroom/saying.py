"""What agents are given, as messages: text and messages as they are, and whatever else code passes on as its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from switchroom.messages import File, Image, Message, Text, messages_from
from switchroom.schema import as_text


class Derived:
    """An input that code made of one that it was given.

    Attributes:
        asked: what was asked, that this goes back to.
    """

    asked: Any


def asked_first(input: Any) -> Any:
    """What was asked first, that an input goes back to."""
    while isinstance(input, Derived):
        input = input.asked
    return input


class Sayable(Protocol):
    """An input that says itself how an agent is to be asked.

    Attributes:
        plain: what a function is given in its place.
        error: what became of who was asked before; "" of nobody.
    """

    plain: Any
    error: str

    def as_messages(self) -> Sequence[Message]:
        """The messages that an agent gets."""
        ...


def sayable(input: Any) -> Sayable | None:
    """The input, if it says itself how an agent is to be asked."""
    return input if hasattr(cast("Any", type(input)), "as_messages") else None


def text_of(input: Any, owner: str) -> str:
    """An input as one text, as an agent would read it.

    Raises:
        UserError: nothing that an agent reads can be made of it.
    """
    return "\n".join(message.text for message in said(input, owner))


def said(input: Any, owner: str) -> tuple[Message, ...]:
    """An input as messages.

    Args:
        input: text, messages, content parts, or any data that JSON can hold.
        owner: who passes it, for error messages.

    Raises:
        UserError: it is empty, bytes, or nothing that JSON can hold.
    """
    if type(input) is str:
        return messages_from(input)
    speaking = sayable(input)
    if speaking is not None:
        return tuple(speaking.as_messages())
    match input:
        case None | str() | bytes() | bytearray() | memoryview() | Message() | Text() | Image() | File():
            return messages_from(cast("Any", input))
        case Mapping() if "role" in input or "content" in input:
            return messages_from(cast("Any", input))
        case list() | tuple() if all(map(_is_message, cast("Sequence[Any]", input))):
            return messages_from(cast("Any", input))
        case _:
            return messages_from(as_text(input, owner))


def _is_message(item: Any) -> bool:
    match item:
        case Message() | Text() | Image() | File():
            return True
        case Mapping():
            return "role" in item or "content" in item
        case _:
            return False
