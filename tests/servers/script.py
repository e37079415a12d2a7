"""What goes over a socket, step by step: bytes of HTTP and of SSE, waits, and ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

from tests.servers.manners import PLAIN, Manners


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is sent for so many seconds, or until the event is set; `None` is for ever. A client that leaves ends it."""

    until: float | asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The connection ends: closed in good order (FIN), or reset (RST)."""

    how: Literal["close", "reset"] = "close"


Step: TypeAlias = bytes | Wait | End


@dataclass(frozen=True, slots=True)
class Script:
    """An answer on the level of bytes: the server plays the steps and adds nothing.

    Without an `End` the connection stays open for the next request, so the bytes must be a whole response.

    Args:
        steps: each `bytes` is one write; the iterable may be endless, as the client ends it by leaving.
    """

    steps: Iterable[Step]


HTML = "text/html; charset=utf-8"
JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"

LAST_CHUNK = b"0\r\n\r\n"


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and the headers of a response."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def whole_response(status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None) -> bytes:
    """A response in one piece, with its length."""
    return head(status, {"content-type": kind, "content-length": str(len(body)), **(headers or {})}) + body


def stream_head(kind: str = SSE, headers: Mapping[str, str] | None = None) -> bytes:
    """The beginning of a response that comes in chunks."""
    return head(200, {"content-type": kind, "transfer-encoding": "chunked", "cache-control": "no-cache", **(headers or {})})


def chunk(data: bytes) -> bytes:
    """A chunk of a response."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_bytes(value: Any, manners: Manners = PLAIN) -> bytes:
    """JSON as the server writes it."""
    return json.dumps(value, ensure_ascii=manners.ascii, separators=(",", ":")).encode()


def sse(data: Any, name: str | None = None, manners: Manners = PLAIN) -> bytes:
    """One event of a stream: text as it is, anything else as JSON."""
    indent = 1 if manners.multiline else None
    separators = None if manners.multiline else (",", ":")
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=manners.ascii, indent=indent, separators=separators)
    space = "" if manners.no_space else " "
    lines = [
        *([": keep-alive", ""] if manners.keep_alive else []),
        *([f"event:{space}{name}"] if name else []),
        *(f"data:{space}{line}" for line in text.split("\n")),
        "",
        "",
    ]
    return ("\r\n" if manners.crlf else "\n").join(lines).encode()
