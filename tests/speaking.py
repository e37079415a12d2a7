"""What the model of a test replies, as a server says it: the same model in the process and over HTTP."""

from __future__ import annotations

from switchroom import Message
from switchroom.messages import ToolCall
from switchroom.models import Reply
from switchroom.testing import deltas
from tests.servers.said import Called, Said


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
