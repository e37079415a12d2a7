"""A function of a request behind a server: the model of a test, spoken to over HTTP instead of in the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from switchroom import Message
from switchroom.messages import ToolCall, messages_from
from switchroom.model import ModelRequest, ToolSpec
from switchroom.models import Reply
from switchroom.testing import deltas
from tests.servers.asked import Asked
from tests.servers.said import Called, Said


def speaking(fn: Callable[[ModelRequest], Reply]) -> Callable[[Asked], Said]:
    """What a server answers for a function of the request. The agent's name is not told over the wire, and is "" here."""
    return lambda asked: said_of(fn(request_of(asked)))


def request_of(asked: Asked) -> ModelRequest:
    """A request of Chat Completions as a model in the process would get it: the first system message is the instructions."""
    messages = list(messages_from(asked.items))
    instructions = messages.pop(0).text if messages[0].role == "system" else ""
    tools = [
        ToolSpec(name, str(tool.get("description", "")), cast("dict[str, Any]", tool.get("parameters", {})))
        for name, tool in asked.tools.items()
    ]
    return ModelRequest("", instructions, messages, tools, asked.schema)


def said_of(reply: Reply) -> Said:
    """What a reply is on the wire."""
    match reply:
        case str():
            return Said(reply)
        case ToolCall():
            return Said(calls=(_called(reply),))
        case deltas():
            return Said("".join(reply.pieces))
        case Message():
            return Said(reply.text, tuple(map(_called, reply.calls)))
        case _:
            parts = reply
            text = "\n".join(part for part in parts if isinstance(part, str))
            return Said(text, tuple(_called(part) for part in parts if isinstance(part, ToolCall)))


def _called(call: ToolCall) -> Called:
    return Called(call.name, call.args)
