"""Answers as code writes them: text, calls, pieces; made into the message of a model that is a function."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

from switchroom.errors import UserError
from switchroom.messages import Message, ToolCall
from switchroom.model import Emit, ModelResponse
from switchroom.usage import Usage


class deltas:
    """An answer's text in the pieces in which it is to be streamed."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self.pieces = list(pieces)


def call(name: str, /, **args: Any) -> ToolCall:
    """A call of a tool or handoff, as a model makes it: `call("refund", order_id="7")`."""
    return ToolCall(name, args)


Reply: TypeAlias = str | ToolCall | deltas | Message | Sequence["str | ToolCall"]
"""Text, a call, a list of both, pieces, or a whole message."""

_ONE = Usage(requests=1)


async def respond(reply: Reply, emit: Emit, owner: str) -> ModelResponse:
    """The response that a reply stands for, said word by word when somebody listens.

    Raises:
        UserError: the reply is none of those; it names the owner.
    """
    message = Message("assistant", reply) if type(reply) is str else _message(reply, owner)
    if emit and message.text:
        for piece in reply.pieces if isinstance(reply, deltas) else _words(message.text):
            emit(piece)
            await asyncio.sleep(0)  # as a network would: whoever listens gets the piece before the next
    return ModelResponse(message, _ONE)


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+(?=\s)|\s+", text)


def _message(reply: Any, owner: str) -> Message:
    match reply:
        case str():
            return Message("assistant", reply)
        case Message():
            return reply
        case ToolCall():
            return Message("assistant", calls=(reply,))
        case deltas():
            return Message("assistant", "".join(reply.pieces))
        case list() | tuple():
            parts = cast("Sequence[Any]", reply)
            if all(isinstance(part, str | ToolCall) for part in parts):
                text = "\n".join(part for part in parts if isinstance(part, str))
                return Message("assistant", text, calls=tuple(part for part in parts if isinstance(part, ToolCall)))
        case _:
            pass
    raise UserError(f"{owner} gave {reply!r}; it gives text, call(...), a list of both, deltas([...]) or a Message.")
