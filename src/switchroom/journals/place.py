"""The file and the settings that an SQLite URL names: "sqlite:///chats.db?synchronous=full"."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl

from switchroom.arguments import check_name
from switchroom.errors import UserError

SYNCHRONOUS = ("NORMAL", "FULL", "EXTRA")


class Place(NamedTuple):
    """A file and how to open it.

    Args:
        path: the file.
        synchronous: SQLite's setting.
        read_only: True if the file may only be read.
    """

    path: str
    synchronous: str = "NORMAL"
    read_only: bool = False


def place_of(url: str, argument: str) -> Place:
    """Read an SQLite URL.

    Args:
        url: "sqlite:///relative.db" or "sqlite:////absolute.db". Options follow a "?": "synchronous=full", "mode=ro".
        argument: the name of the argument that holds the URL, for error texts.

    Raises:
        UserError: the URL is of another form.
    """
    check_name(url, argument, "a URL")
    place, _, query = url.partition("?")
    if not place.startswith("sqlite:///") or len(place) == len("sqlite:///"):
        raise UserError(f"{argument}={url!r}: write 'sqlite:///' and the file, such as sqlite:///chats.db.")
    options = dict(parse_qsl(query, keep_blank_values=True))
    synchronous = options.pop("synchronous", "NORMAL")
    if synchronous.upper() not in SYNCHRONOUS:
        raise UserError(f"{argument}={url!r}: synchronous={synchronous!r}: it may be NORMAL, FULL or EXTRA.")
    mode = options.pop("mode", "rw")
    if mode not in ("rw", "ro"):
        raise UserError(f"{argument}={url!r}: mode={mode!r}: it may be 'rw', or 'ro' for reading only.")
    if options:
        raise UserError(f"{argument}={url!r}: {sorted(options)} is not known; there are 'synchronous' and 'mode'.")
    return Place(place.removeprefix("sqlite:///"), synchronous, mode == "ro")
