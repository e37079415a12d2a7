"""No network: whatever would leave this machine raises, and says where it wanted to go."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Generator
from typing import Any, cast

from switchroom.errors import UserError

_HERE = ("", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


class NetworkUsed(UserError):
    """Something wanted to leave this machine while `no_network()` was in force; the message says where it wanted to go."""


@contextlib.contextmanager
def no_network() -> Generator[None]:
    """Let nothing leave this machine: `with no_network(): ...`, or a fixture that does that for each test.

    Connections, datagrams and names to look up are refused, in all threads of the process. What stays on the machine (the
    loopback addresses, Unix sockets) works. What is written in C and brings its own sockets (libpq, libuv) is not seen.

    Raises:
        NetworkUsed: where something wanted to leave; it is no OSError, so that nothing tries it again in silence.
    """
    with contextlib.ExitStack() as guards:
        for owner, name, destination in _GUARDED:
            guards.enter_context(_replaced(owner, name, _guarded(getattr(owner, name), destination)))
        yield


@contextlib.contextmanager
def _replaced(owner: Any, name: str, by: Callable[..., Any]) -> Generator[None]:
    own, before = name in cast("dict[str, Any]", vars(owner)), getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)  # it had been inherited


def _guarded(function: Callable[..., Any], destination: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*args: Any, **options: Any) -> Any:
        wanted = destination(*args, **options)
        if wanted is not None and not _is_here(host := _text(wanted[0])):
            where = host if wanted[1] is None else f"{host}:{_text(wanted[1])}"
            raise NetworkUsed(
                f"Something wants to reach {where}, and the network is not to be used here (no_network). Give agents models of "
                "switchroom.testing, play a cassette, or take this test out of no_network."
            )
        return function(*args, **options)

    return guarded


def _text(part: Any) -> str:
    """A host or a port as text; "" for none, which is this machine."""
    return part.decode("ascii", "replace") if isinstance(part, bytes) else "" if part is None else str(part)


def _is_here(host: str) -> bool:
    if host.lower().rstrip(".") in _HERE or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_unspecified


def _of_address(sock: socket.socket, *args: Any) -> Any:
    """The destination of a call whose last argument is the address; None where the socket is none of the Internet's."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not args or not isinstance(args[-1], tuple):
        return None
    return args[-1]  # pyright: ignore[reportUnknownVariableType]


def _of_name(host: Any = None, port: Any = None, *args: Any, **options: Any) -> Any:
    return options.get("host", host), options.get("port", port)


_GUARDED: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (socket.socket, "connect", _of_address),
    (socket.socket, "connect_ex", _of_address),
    (socket.socket, "sendto", _of_address),
    (socket, "getaddrinfo", _of_name),
    (socket, "gethostbyname", _of_name),
)
