"""One connection of the server: h11 reads its requests, the steps of scripts are written, a client that leaves is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Iterable
from typing import Any, assert_never, cast

import h11

from tests.servers.asked import Asked, Json
from tests.servers.script import End, Step, Wait

READ = 2**16


class Line:
    """A connection.

    What is written is not given to h11, whose one reader a request ends with: so a fault may write what it likes.

    Attributes:
        ended: whether no further request can come: the client said so, or a script closed the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.ended = False
        self._reader = reader
        self._writer = writer
        self._rest = b""

    async def listen(self) -> Asked | None:
        """The next request, or None when the client is done.

        Raises:
            h11.RemoteProtocolError: what came is no HTTP.
            ConnectionError: the connection broke.
        """
        reading = h11.Connection(h11.SERVER)
        if self._rest:
            reading.receive_data(self._rest)
        request: h11.Request | None = None
        body: list[bytes] = []
        while True:
            match reading.next_event():
                case h11.NEED_DATA:
                    if reading.they_are_waiting_for_100_continue:
                        self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    reading.receive_data(await self._reader.read(READ))
                case h11.Request() as request:
                    pass
                case h11.Data(data=data):
                    body.append(bytes(data))
                case h11.EndOfMessage() if request is not None:
                    self._rest = reading.trailing_data[0]
                    self.ended = reading.their_state is h11.MUST_CLOSE
                    return _asked(request, b"".join(body))
                case _:
                    return None

    async def unless_left(self, answering: Awaitable[None]) -> bool:
        """Do it, and stop when the client leaves.

        Returns:
            Whether it came to its end.
        """
        work = asyncio.ensure_future(answering)
        watch = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return False
            try:
                work.result()
            except ConnectionError:
                return False
            return True
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def play(self, steps: Iterable[Step]) -> None:
        """Write what the script says, when it says so.

        Raises:
            ConnectionError: the client left.
        """
        for step in steps:
            match step:
                case bytes():
                    self._writer.write(step)
                    await self._writer.drain()
                    # A client in the same loop shall see the pieces come one by one.
                    await asyncio.sleep(0)
                case Wait():
                    await _over(step)
                case End():
                    self.ended = True
                    if step.how == "reset":
                        self._reset()
                    return
                case _:
                    assert_never(step)

    async def close(self) -> None:
        """Close it when all is sent."""
        self._writer.close()
        await self._writer.wait_closed()

    async def abort(self) -> None:
        """Close it at once, with nothing left behind."""
        self._writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def _reset(self) -> None:
        sock: socket.socket = self._writer.get_extra_info("socket")
        # To linger for no time is what makes a close a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _gone(self) -> None:
        """Return when the client has left; what it says meanwhile is the next request."""
        try:
            while data := await self._reader.read(READ):
                self._rest += data
        except ConnectionError:
            pass


async def _over(wait: Wait) -> None:
    match wait.until:
        case None:
            await asyncio.get_running_loop().create_future()
        case asyncio.Event() as event:
            await event.wait()
        case seconds:
            await asyncio.sleep(seconds)


def _asked(request: h11.Request, body: bytes) -> Asked:
    path, _, query = request.target.decode("latin-1").partition("?")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    try:
        given: Any = json.loads(body) if body else {}
    except ValueError:
        given = None
    said = cast("Json", given) if isinstance(given, dict) else {}
    return Asked(request.method.decode("latin-1"), path, headers, said, query, body)
