"""The way to a server: the SDK's connections, keys and retries, and the bytes of its answers as they are.

The SDK's typed responses are not built: they cost more than all the rest of a turn. Its own `post` gives the response of the
HTTP library, and what comes is decoded by us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Protocol

import msgspec

from switchroom.model import Settings
from switchroom.models.openai.clients import Clients, share_of
from switchroom.models.openai.faults import (
    Asked,
    BrokenOff,
    bad_key,
    bad_url,
    in_stream,
    no_answer,
    no_key,
    of_status,
    too_large,
    too_slow,
    unreached,
)
from switchroom.models.openai.own_client import client_here
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.sse import Events
from switchroom.models.per_loop import PerLoop

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer above which it is taken to have no end."""

CONNECTING = 10.0
"""Seconds within which a server takes a connection, if it is there at all."""


@dataclass(frozen=True)
class Connection:
    """How a server is reached.

    Args:
        base_url: where it listens; None: the provider's address.
        api_key: the key; None: what the provider's environment variable holds.
        client: an `openai.AsyncOpenAI` of the caller's own, which says all the rest; None: one is made.
        timeout: seconds that a whole answer may take.
        retries: tries again of the SDK, before anything of an answer came: for a busy server, with the wait that it asks for.
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    client: Any = None
    timeout: float = 300
    retries: int = 2


class Fold(Protocol):
    """Makes an answer of what comes: of events one after the other, or of one body."""

    def event(self, data: bytes) -> None:
        """Take the data of an event. An error in it is raised."""
        ...

    def whole(self, body: bytes) -> None:
        """Take the body of an answer that is not streamed."""
        ...

    def done(self) -> None:
        """Take it that the server has nothing more to say."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all of the answer came."""
        ...


class Transport:
    """Sends requests for a model and feeds what comes back into a fold. It has clients for each event loop."""

    def __init__(self, provider: Provider, model: str, connection: Connection) -> None:
        self._provider = provider
        self._connection = connection
        self._clients: PerLoop[Clients] = PerLoop(self._opened, lambda clients: clients.close())
        self.name = f"{provider.name}:{model}"

    async def exchange(self, path: str, body: bytes, fold: Fold, settings: Settings) -> None:
        """Send a request with the headers and the query of its settings, and feed the answer into the fold.

        Raises:
            ModelDenied: the key, the address or the model is wrong.
            ModelUnavailable: the server failed, was busy, too slow, or could not be reached.
            ModelError: it refused the request.
        """
        if self._connection.client is not None:
            return await self._exchange(await client_here(self._connection.client), path, body, fold, settings)
        clients = await self._clients.get()
        with clients.lend() as client:
            await self._exchange(client, path, body, fold, settings)

    async def _exchange(self, client: Any, path: str, body: bytes, fold: Fold, settings: Settings) -> None:
        import httpx2
        import openai

        asked = Asked(self.name, path, self._provider.key, client)
        # A client of the caller's own may want to look into the body, as Azure's does for the model.
        sent = {"content": body} if self._connection.client is None else {"body": msgspec.json.decode(body)}
        clock = asyncio.timeout(self._connection.timeout)
        try:
            async with clock:
                response = await client.post(
                    path,
                    **sent,
                    cast_to=httpx2.Response,
                    options={"headers": {**_HEADERS, **settings.headers}, "params": settings.query},
                    stream=True,
                    stream_cls=openai.AsyncStream[Any],
                )
                try:
                    await _read(response, fold, asked)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise too_slow(asked, self._connection.timeout) from error
        except openai.APIStatusError as error:
            # Not from it: it says what the server said, which may be the key.
            raise of_status(asked, error.status_code, error.response.headers, error.response.text) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            if not fold.complete:
                raise unreached(asked, error) from error

    async def _opened(self) -> Clients:
        openai, certificates = await asyncio.to_thread(_loaded)
        provider, connection = self._provider, self._connection
        url = connection.base_url or provider.address or None
        if url is not None and not url.startswith(("http://", "https://")):
            raise bad_url(self.name, url)
        key = (connection.api_key or os.environ.get(provider.key) or "").strip()
        if not key and provider.key and not connection.base_url:
            raise no_key(self.name, provider.key)
        if not (key.isascii() and key.isprintable()):
            raise bad_key(self.name, provider.key)
        key = key or "none"  # the SDK wants a key also where the server wants none
        headers = None if provider.key == "OPENAI_API_KEY" else _own_headers(key, openai.Omit())

        def open_client(share: int) -> Any:
            limits = openai.DEFAULT_CONNECTION_LIMITS
            return openai.AsyncOpenAI(
                api_key=key,
                base_url=url,
                max_retries=connection.retries,
                timeout=openai.Timeout(connection.timeout, connect=min(CONNECTING, connection.timeout)),
                http_client=openai.DefaultAsyncHttpxClient(verify=certificates, limits=share_of(limits, share)),
                default_headers=headers,
            )

        return Clients(open_client)


@cache
def _loaded() -> tuple[Any, ssl.SSLContext]:
    """The SDK, and the certificates that servers are checked by: both take long to load, and others wait for the loop."""
    return import_module("openai"), import_module("httpx2").create_ssl_context()


_HEADERS = {"Content-Type": "application/json"}


def _own_headers(key: str, none: Any) -> dict[str, Any]:
    """Headers that keep from others what the environment says for OpenAI: its organization, its project, its proxy's key."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = ("OpenAI-Organization", "OpenAI-Project", *(line.partition(":")[0].strip() for line in lines))
    return {**dict.fromkeys(names, none), "Authorization": f"Bearer {key}"}


async def _read(response: Any, fold: Fold, asked: Asked) -> None:
    try:
        if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            await _read_events(response, fold, asked)
        else:
            await _read_whole(response, fold, asked)
    except BrokenOff as broken:
        raise in_stream(asked, broken.error) from None
    if not fold.complete:
        raise unreached(asked, ConnectionError("it broke off in the middle of the answer"))


class _Stream:
    """The events of a stream, fed into a fold until the server says that it is done."""

    def __init__(self, fold: Fold, asked: Asked) -> None:
        self._events = Events()
        self._fold = fold
        self._asked = asked
        self._size = 0
        self._done = False

    def take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > LARGEST:
            raise too_large(self._asked, LARGEST)
        self._feed(self._events.take(piece))

    def end(self) -> None:
        self._feed(self._events.end())

    def _feed(self, events: list[bytes]) -> None:
        for data in events:
            if self._done:
                return
            if not data:  # to keep the connection alive
                continue
            if data.startswith(_DONE):
                self._done = True
                self._fold.done()
                return
            try:
                self._fold.event(data)
            except _NO_JSON as error:
                raise no_answer(self._asked, data, str(error)) from error


async def _read_events(response: Any, fold: Fold, asked: Asked) -> None:
    stream = _Stream(fold, asked)
    pieces = response.aiter_bytes()
    async for piece in pieces:
        stream.take(piece)
        if fold.complete:
            return await _to_the_end(pieces, stream)
    stream.end()


async def _to_the_end(pieces: AsyncIterator[bytes], stream: _Stream) -> None:
    """Read what follows the end of an answer: what it used, and the last bytes, without which the connection is lost.

    A server that does not come to an end is not waited for.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_BYTES):
            async for piece in pieces:
                stream.take(piece)


_LAST_BYTES = 0.5
"""Seconds within which the last bytes of a stream follow its end."""


async def _read_whole(response: Any, fold: Fold, asked: Asked) -> None:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > LARGEST:
            raise too_large(asked, LARGEST)
        pieces.append(piece)
    body = b"".join(pieces)
    try:
        fold.whole(body)
    except _NO_JSON as error:
        raise no_answer(asked, body, str(error)) from error


_DONE = b"[DONE]"
_NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
