"""The messages of a request in an order that its server takes. Only the request is changed, never the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from switchroom.messages import Message
from switchroom.model import ModelRequest
from switchroom.models.openai.providers import FREE, Provider

AFTER_TOOL = Message("assistant", "Noted.")
"""Stands between a tool's result and a user's message."""
EMPTY = Message("assistant", "(No answer.)")
"""Stands for an assistant's message with neither text nor calls."""
EARLIER = Message("user", "[The conversation so far:]")
"""Begins a request whose first message is an assistant's."""
GO_ON = Message("user", "[Go on.]")
"""Ends a request whose last message is an assistant's."""


def ordered(request: ModelRequest, provider: Provider) -> Sequence[Message]:
    """Return the messages of a request as its server takes them, each with the role that is sent."""
    order = provider.order
    if order == FREE and provider.system_anywhere:
        return request.messages
    messages = list(_ordered(request, provider))
    if messages and messages[-1].role == "assistant" and not order.assistant_last:
        messages.append(GO_ON)
    return messages


def _ordered(request: ModelRequest, provider: Provider) -> Iterator[Message]:
    order = provider.order
    # Many templates of open models take system messages at the beginning only.
    is_system_taken = provider.system_anywhere or not request.instructions
    role = ""
    for message in request.messages:
        if message.role == "system" and not is_system_taken:
            message = replace(message, role="user")
        elif message.role == "assistant" and not order.empty_assistant and _is_empty(message):
            message = replace(message, content=EMPTY.content)
        if message.role == "user" and role == "tool" and not order.user_after_tool:
            yield AFTER_TOOL
        elif message.role == "assistant" and role in ("", "system") and not order.assistant_first:
            yield EARLIER
        yield message
        role = message.role
        is_system_taken = provider.system_anywhere


def _is_empty(message: Message) -> bool:
    return not message.calls and not message.text.strip()
