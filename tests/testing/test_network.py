"""No network: what would leave the machine is refused by name, what stays on it works."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom.testing import NetworkUsed, no_network

OUTSIDE = "192.0.2.1"
"""An address of the block that is set aside for documentation: nobody is there."""


def refused(attempt: Callable[[], Any]) -> str:
    """What is said of an attempt to leave."""
    with no_network(), pytest.raises(NetworkUsed) as raised:
        attempt()
    return str(raised.value)


def connection(family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
    return socket.socket(family, kind)


def test_a_connection_is_refused_by_its_destination():
    with connection() as outside:
        assert refused(lambda: outside.connect((OUTSIDE, 443))) == snapshot(
            "Something wants to reach 192.0.2.1:443, and the network is not to be used here (no_network). "
            "Give agents models of switchroom.testing, play a cassette, or take this test out of no_network."
        )
        assert OUTSIDE in refused(lambda: outside.connect_ex((OUTSIDE, 443)))
        assert OUTSIDE in refused(lambda: socket.create_connection((OUTSIDE, 443)))


def test_a_name_that_is_looked_up_is_refused():
    for attempt in (
        lambda: socket.getaddrinfo("api.example.com", 443),
        lambda: socket.getaddrinfo(host=b"api.example.com", port="https"),
        lambda: socket.gethostbyname("api.example.com"),
        lambda: socket.create_connection(("api.example.com", 443)),
    ):
        assert "reach api.example.com" in refused(attempt)


def test_datagrams_are_refused():
    with connection(kind=socket.SOCK_DGRAM) as outside:
        assert f"{OUTSIDE}:53" in refused(lambda: outside.sendto(b"x", (OUTSIDE, 53)))
        assert f"{OUTSIDE}:53" in refused(lambda: outside.sendto(b"x", 0, (OUTSIDE, 53)))


def test_addresses_of_the_sixth_version_are_told_apart():
    with connection(socket.AF_INET6) as outside:
        assert "2001:db8::1" in refused(lambda: outside.connect(("2001:db8::1", 443, 0, 0)))
        assert "::ffff:192.0.2.1" in refused(lambda: outside.connect(("::ffff:192.0.2.1", 443, 0, 0)))


async def test_what_asyncio_opens_is_refused():
    with no_network():
        with pytest.raises(NetworkUsed, match=r"reach api\.example\.com:443"):
            await asyncio.open_connection("api.example.com", 443)
        with pytest.raises(NetworkUsed, match=f"reach {OUTSIDE}:443"):
            await asyncio.open_connection(OUTSIDE, 443)


def test_other_threads_are_refused_too():
    said: list[str] = []

    def attempt() -> None:
        try:
            socket.create_connection((OUTSIDE, 443))
        except NetworkUsed as error:
            said.append(str(error))

    with no_network():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert len(said) == 1


async def test_what_stays_on_the_machine_works(tmp_path: Path):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    with no_network():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        unix = await asyncio.start_unix_server(echo, tmp_path / "socket")
        for opened in (
            asyncio.open_connection("localhost", port, family=socket.AF_INET),
            asyncio.open_connection("127.0.0.1", port),
            asyncio.open_unix_connection(tmp_path / "socket"),
        ):
            reader, writer = await opened
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            writer.close()
        for one in (server, unix):
            one.close()
            await one.wait_closed()
        assert socket.getaddrinfo(None, 80)
        assert socket.gethostbyname("127.0.0.1") == "127.0.0.1"


def test_everything_is_as_it_was_afterwards_also_when_it_was_nested():
    before = [socket.getaddrinfo, socket.gethostbyname, socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto]
    with no_network(), no_network():
        assert socket.getaddrinfo is not before[0]
    after = [socket.getaddrinfo, socket.gethostbyname, socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto]
    assert after == before
    assert "connect" not in vars(socket.socket)


@no_network()
def test_it_can_be_put_around_a_function():
    with pytest.raises(NetworkUsed):
        socket.create_connection((OUTSIDE, 443))


@pytest.fixture
def offline() -> Any:
    with no_network():
        yield


@pytest.mark.usefixtures("offline")
def test_it_can_be_a_fixture():
    with pytest.raises(NetworkUsed):
        socket.create_connection((OUTSIDE, 443))
