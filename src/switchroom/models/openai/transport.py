"""The way to a server: the SDK's connections, keys and retries, and the bytes of its answers as they are.

The SDK's typed responses are not built: they cost more than all the rest of a turn. Its own `post` gives the response of the
HTTP library, and what comes is decoded by us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any, Protocol

import msgspec

from switchroom.models.openai.faults import (
    Asked,
    BrokenOff,
    in_stream,
    no_answer,
    no_key,
    of_status,
    too_large,
    too_slow,
    unreached,
)
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.sse import Events
from switchroom.models.per_loop import PerLoop

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer above which it is taken to have no end."""


class Connection(msgspec.Struct, frozen=True):
    """How a server is reached.

    Args:
        base_url: where it listens; None: the provider's address.
        api_key: the key; None: what the provider's environment variable holds.
        client: an `openai.AsyncOpenAI` of the caller's own, which says all the rest; None: one is made.
        timeout: seconds that a whole answer may take.
        retries: tries again of the SDK, before anything of an answer came: for a busy server, with the wait that it asks for.
    """

    base_url: str | None = None
    api_key: str | None = None
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

    @property
    def complete(self) -> bool:
        """Whether all of the answer came."""
        ...


class Transport:
    """Sends requests for a model and feeds what comes back into a fold. It has a client for each event loop."""

    def __init__(self, provider: Provider, model: str, connection: Connection) -> None:
        self._provider = provider
        self._connection = connection
        self._clients: PerLoop[Any] = PerLoop(self._made, lambda client: client.close())
        self.name = f"{provider.name}:{model}"

    async def exchange(self, path: str, body: bytes, fold: Fold) -> None:
        """Send a request, and feed the answer into the fold.

        Raises:
            ModelDenied: the key, the address or the model is wrong.
            ModelUnavailable: the server failed, was busy, too slow, or could not be reached.
            ModelError: it refused the request.
        """
        client = self._connection.client or await self._clients.get()
        import httpx2
        import openai

        asked = Asked(self.name, str(client.base_url), self._provider.key)
        clock = asyncio.timeout(self._connection.timeout)
        try:
            async with clock:
                response = await client.post(
                    path,
                    cast_to=httpx2.Response,
                    content=body,
                    options={"headers": _HEADERS},
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
            said = error.response.text if error.body is None else error.body
            raise of_status(asked, error.status_code, error.response.headers, said) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise unreached(asked, error) from error

    async def _made(self) -> Any:
        openai = await asyncio.to_thread(import_module, "openai")  # it takes long, and others wait for this loop
        provider, connection = self._provider, self._connection
        url = connection.base_url or provider.address or None
        key = connection.api_key or os.environ.get(provider.key)
        if not key and provider.key and not connection.base_url:
            raise no_key(self.name, provider.key)
        # The SDK wants a key also where the server wants none.
        return openai.AsyncOpenAI(
            api_key=key or "none", base_url=url, max_retries=connection.retries, timeout=connection.timeout
        )


_HEADERS = {"Content-Type": "application/json"}


async def _read(response: Any, fold: Fold, asked: Asked) -> None:
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        await _read_events(response, fold, asked)
    else:
        body = await _read_whole(response, asked)
        try:
            fold.whole(body)
        except msgspec.MsgspecError as error:
            raise no_answer(asked, body, str(error)) from error
    if not fold.complete:
        raise unreached(asked, ConnectionError("it broke off in the middle of the answer"))


async def _read_events(response: Any, fold: Fold, asked: Asked) -> None:
    events = Events()
    size = 0
    data = b""
    pieces = response.aiter_bytes()
    try:
        async for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise too_large(asked, LARGEST)
            for data in events.take(piece):
                if data == _DONE:
                    return await _to_the_end(pieces)
                fold.event(data)
        for data in events.end():
            if data != _DONE:
                fold.event(data)
    except msgspec.MsgspecError as error:
        raise no_answer(asked, data, str(error)) from error
    except BrokenOff as broken:
        raise in_stream(asked, broken.error) from None


async def _to_the_end(pieces: AsyncIterator[bytes]) -> None:
    """Read what is left, for only then the connection can be used again; a server that does not end is not waited for."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            async for _ in pieces:
                pass


async def _read_whole(response: Any, asked: Asked) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise too_large(asked, LARGEST)
    return bytes(body)


_DONE = b"[DONE]"
