"""What servers do wrong: each fault a value that plays instead of an answer, for the API and the form that were asked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from tests.servers import responses, speech
from tests.servers.asked import Asked, Json
from tests.servers.errors import Fault as Fault
from tests.servers.errors import Refuses as Refuses
from tests.servers.errors import bad_request as bad_request
from tests.servers.errors import error_object
from tests.servers.errors import out_of_money as out_of_money
from tests.servers.errors import rate_limited as rate_limited
from tests.servers.errors import server_error as server_error
from tests.servers.errors import too_long as too_long
from tests.servers.errors import unknown_model as unknown_model
from tests.servers.errors import wrong_key as wrong_key
from tests.servers.errors import wrong_path as wrong_path
from tests.servers.manners import Manners, characters, whole
from tests.servers.said import Said
from tests.servers.script import (
    HTML,
    LAST_CHUNK,
    SSE,
    End,
    Script,
    Step,
    Wait,
    chunk,
    head,
    json_bytes,
    sse,
    stream_head,
    whole_response,
)

SPOKEN = Said("The line is open and somebody speaks.")
FOREIGN = Said("Grüße aus Köln, 你好, ça va? 🙂 naïve café")

# What a test tells the server to answer.
Reply: TypeAlias = Said | tuple[Said, Manners] | Fault | Script
Answer: TypeAlias = Reply | Callable[[Asked], Reply | Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Gives(Fault):
    """A body that is none of the protocol's: an HTML page, text, nothing."""

    body: bytes
    status: int = 200
    kind: str = "application/json"

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        yield whole_response(self.status, self.body, self.kind)


def page(status: int = 502) -> Gives:
    """A proxy's or a captive portal's HTML page; also with status 200."""
    return Gives(
        b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>", status, HTML
    )


def no_json(body: bytes = b"Internal confusion") -> Gives:
    """Says that it is JSON and is not."""
    return Gives(body)


def empty(status: int = 200, kind: str = "application/json") -> Gives:
    """No body at all; `kind=SSE` for an empty stream."""
    return Gives(b"", status, kind)


@dataclass(frozen=True, slots=True)
class TruncatedJson(Fault):
    """JSON that ends in the middle: of the body, or of the stream's last event, though the connection is in good order."""

    said: Said = SPOKEN

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        if asked.streamed:
            *before, last = _spoken_events(asked, self.said, manners)
            yield stream_head()
            yield from (chunk(event) for event in before)
            yield chunk(last[: len(last) // 2] + b"\n\n") + LAST_CHUNK
        else:
            body = json_bytes(speech.body(asked, self.said, manners), manners)
            yield whole_response(200, body[: len(body) // 2])


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """The connection ends too early.

    Args:
        when: before the response, after its headers, or amidst its stream or body.
        after: for "amidst": how many events go before.
        how: in good order (FIN), or reset (RST).
        said: what the server was saying.
    """

    when: Literal["before", "after headers", "amidst"] = "amidst"
    after: int = 3
    how: Literal["close", "reset"] = "close"
    said: Said = SPOKEN

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        begun = {"before": 0, "after headers": 1, "amidst": 1 + self.after}[self.when]
        yield from itertools.islice(_begun(asked, self.said, manners), begun)
        yield End(self.how)


@dataclass(frozen=True, slots=True)
class Stalls(Fault):
    """Says a little, then nothing more: for ever, or until the event is set, after which the rest follows.

    Args:
        after: how many events go before, or, when nothing is streamed, eighths of the body. 0 stalls after the headers, None
            before anything is sent.
        until: what ends it; else only the client does, by leaving.
        said: what the server was saying.
    """

    after: int | None = 3
    until: asyncio.Event | None = None
    said: Said = SPOKEN

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        at = 0 if self.after is None else 1 + self.after
        steps = list(_begun(asked, self.said, manners))
        yield from steps[:at]
        yield Wait(self.until)
        yield from steps[at:]


@dataclass(frozen=True, slots=True)
class Endless(Fault):
    """A stream that never ends: after the first events it goes on until the client leaves. What is not streamed stalls.

    Args:
        sends: deltas of text, or comment lines that only keep the connection alive.
        every: seconds between two of them.
    """

    sends: Literal["deltas", "comments"] = "deltas"
    every: float = 0.01

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        if not asked.streamed:
            yield Wait()
            return
        yield stream_head()
        events = _spoken_events(asked, Said("on and on"), replace(manners, pieces=whole, finish_chunk=False))
        # What opens the message, and the delta that is then said over and over.
        at = next(number for number, event in enumerate(events) if b"on and on" in event)
        yield from (chunk(event) for event in events[:at])
        forever = chunk(events[at] if self.sends == "deltas" else b": keep-alive\n\n")
        while True:
            yield forever
            yield Wait(self.every)


@dataclass(frozen=True, slots=True)
class ErrorInStream(Fault):
    """Status 200, and then an error amidst the stream; a response that is not streamed has it as its body.

    Args:
        after: how many events go before.
        form: for Responses: `response.failed`, an `error` event with flat fields (so the documentation) or with them nested
            under "error" (so the servers), or the bare error object. Chat has the bare error object only.
        code: the error's code.
        said: what the server was saying.
    """

    after: int = 3
    form: Literal["failed", "flat", "nested", "bare"] = "failed"
    code: str = "server_error"
    said: Said = SPOKEN

    MESSAGE = "The server had an error while processing your request."

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        if not asked.streamed:
            yield whole_response(200, json_bytes(self._body(asked, manners), manners))
            return
        yield stream_head()
        yield from (chunk(event) for event in _spoken_events(asked, self.said, manners)[: self.after])
        yield chunk(self._event(asked, manners)) + LAST_CHUNK

    def _body(self, asked: Asked, manners: Manners) -> Json:
        match asked.api:
            case "chat":
                return error_object(self.MESSAGE, "server_error", self.code)
            case "responses":
                return responses.failed(asked, self.code, self.MESSAGE, manners)

    def _event(self, asked: Asked, manners: Manners) -> bytes:
        if asked.api == "chat" or self.form == "bare":
            return sse(error_object(self.MESSAGE, "server_error", self.code), None, manners)
        inner: Json = {"code": self.code, "message": self.MESSAGE, "param": None}
        match self.form:
            case "flat":
                data = {"type": "error", **inner}
            case "nested":
                data = {"type": "error", "error": {"type": "server_error", **inner}}
            case "failed":
                data = {"type": "response.failed", "response": self._body(asked, manners)}
        return speech.event(data | {"sequence_number": self.after}, manners)


@dataclass(frozen=True, slots=True)
class Huge(Fault):
    """A right answer that is far too long.

    Args:
        size: characters of text.
        piece: characters of one delta; None is all of it in one event.
    """

    size: int = 10 * 2**20
    piece: int | None = 2**16

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        line = "All work and no play makes a dull boy. "
        said = Said((line * (self.size // len(line) + 1))[: self.size])
        pieces = whole if self.piece is None else characters(self.piece)
        return speech.speak(asked, said, replace(manners, pieces=pieces))


@dataclass(frozen=True, slots=True)
class NoDone(Fault):
    """A stream that ends in good order and yet says no end: no [DONE], and, `unfinished`, not why it ends either.

    An unfinished chat stream has no finish reason, an unfinished Responses stream has no `response.completed`.
    """

    unfinished: bool = False
    said: Said = SPOKEN

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        quiet = replace(manners, done=False, finish_chunk=not self.unfinished, usage=not self.unfinished)
        if not asked.streamed or not self.unfinished:
            yield from speech.speak(asked, self.said, quiet)
            return
        events = _spoken_events(asked, self.said, quiet)
        yield stream_head()
        yield from (chunk(event) for event in (events if asked.api == "chat" else events[:-1]))
        yield LAST_CHUNK


@dataclass(frozen=True, slots=True)
class Trickle(Fault):
    """A right answer that comes a few bytes at a time, cut across UTF-8 characters, lines and events.

    Every piece is one HTTP chunk and one write, so that no buffer in between can put them together again.

    Args:
        size: bytes of a piece.
        every: seconds between two.
        said: the answer.
    """

    size: int = 1
    every: float = 0
    said: Said = FOREIGN

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        if asked.streamed:
            content = b"".join(speech.stream(asked, self.said, manners))
            yield stream_head(SSE)
        else:
            content = json_bytes(speech.body(asked, self.said, manners), manners)
            yield stream_head("application/json")
        for at in range(0, len(content), self.size):
            yield chunk(content[at : at + self.size])
            if self.every:
                yield Wait(self.every)
        yield LAST_CHUNK


class Faults:
    """Fails first, and answers then: each fault so many times, in this order.

    Args:
        faults: what goes wrong.
        times: how often each of them does.
        then: what comes afterwards, an answer or a function that gives one.
    """

    def __init__(self, *faults: Fault, times: int = 1, then: Answer) -> None:
        self._left = [fault for fault in faults for _ in range(times)]
        self._then = then

    def __call__(self, asked: Asked) -> Reply | Awaitable[Reply]:
        if self._left:
            return self._left.pop(0)
        return self._then(asked) if callable(self._then) else self._then


def _begun(asked: Asked, said: Said, manners: Manners) -> Iterator[Step]:
    """An answer whose head is a step of its own, and then each event, or each eighth of a body."""
    if asked.streamed:
        yield stream_head()
        yield from (chunk(event) for event in speech.stream(asked, said, manners))
        yield LAST_CHUNK
        return
    body = json_bytes(speech.body(asked, said, manners), manners)
    yield head(200, {"content-type": "application/json", "content-length": str(len(body))})
    eighth = len(body) // 8 + 1
    yield from (body[at : at + eighth] for at in range(0, len(body), eighth))


def _spoken_events(asked: Asked, said: Said, manners: Manners) -> list[bytes]:
    return speech.stream(asked, said, replace(manners, done=False))
