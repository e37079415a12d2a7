"""An answer becomes bytes: the body or the stream of whichever API was asked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from tests.servers import responses, wire
from tests.servers.asked import Asked, Json
from tests.servers.manners import Manners
from tests.servers.said import Said
from tests.servers.script import LAST_CHUNK, Step, Wait, chunk, json_bytes, sse, stream_head, whole_response


def speak(asked: Asked, said: Said, manners: Manners) -> Iterator[Step]:
    """Answer as the client asked: in one piece or in a stream.

    Args:
        asked: the request.
        said: the answer.
        manners: how the server speaks.

    Returns:
        The steps of a whole response.
    """
    if not asked.streamed:
        yield whole_response(200, json_bytes(body(asked, said, manners), manners), headers=openai_headers())
        return
    yield stream_head(headers=openai_headers())
    *before, last = stream(asked, said, manners)
    for event in before:
        yield chunk(event)
        if manners.every:
            yield Wait(manners.every)
    # In one write: a client that stops reading at the last event has not left early.
    yield chunk(last) + LAST_CHUNK


def body(asked: Asked, said: Said, manners: Manners) -> Json:
    """The answer in one piece."""
    return (wire if asked.api == "chat" else responses).body(asked, said, manners)


def stream(asked: Asked, said: Said, manners: Manners) -> list[bytes]:
    """The answer as the SSE events of a stream, `[DONE]` among them."""
    match asked.api:
        case "chat":
            events = [sse(each, None, manners) for each in wire.chunks(asked, said, manners)]
            done = manners.done is not False
        case "responses":
            events = [event(each, manners) for each in responses.events(asked, said, manners)]
            done = manners.done is True
    return [*events, sse("[DONE]", None, manners)] if done else events


def event(data: Json, manners: Manners) -> bytes:
    """An event of a Responses stream, which has its type as its name."""
    return sse(data, data["type"] if manners.event_lines else None, manners)


def openai_headers() -> dict[str, str]:
    """What OpenAI sends beside an answer."""
    return {
        "x-request-id": f"req_{secrets.token_hex(16)}",
        "openai-version": "2020-10-01",
        "openai-processing-ms": "12",
    }
