"""What a request used, estimated: for answers of which the server did not count the tokens."""

from __future__ import annotations

import msgspec

from switchroom.messages import Message
from switchroom.model import ModelRequest
from switchroom.tokens import count_message, count_tokens
from switchroom.usage import Usage


def estimated(request: ModelRequest, answer: Message) -> Usage:
    """About what a request and its answer used."""
    return Usage(1, sent(request), count_message(answer), estimated=1)


def sent(request: ModelRequest) -> int:
    """About how many tokens a request has."""
    tokens = count_tokens(request.instructions) + sum(count_message(message) for message in request.messages)
    shown = [(tool.name, tool.description, tool.parameters) for tool in request.tools]
    if shown or request.output_schema:
        tokens += count_tokens(msgspec.json.encode((shown, request.output_schema)).decode())
    return tokens
