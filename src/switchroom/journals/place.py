"""The file and the setting that an SQLite URL names: "sqlite:///chats.db?synchronous=full"."""

from __future__ import annotations

from urllib.parse import parse_qsl

from switchroom.arguments import check_name
from switchroom.errors import UserError

SYNCHRONOUS = ("NORMAL", "FULL", "EXTRA")


def place_of(url: str, owner: str) -> tuple[str, str]:
    """The file, and SQLite's setting `synchronous`.

    Args:
        url: "sqlite:///relative.db", "sqlite:////absolute.db", with "?synchronous=full" if wanted.
        owner: what errors call the argument.

    Raises:
        UserError: the URL is of another form.
    """
    check_name(url, owner, "a URL")
    place, _, query = url.partition("?")
    if not place.startswith("sqlite:///") or len(place) == len("sqlite:///"):
        raise UserError(f"{owner}={url!r}: write 'sqlite:///' and the file, such as sqlite:///chats.db.")
    options = dict(parse_qsl(query, keep_blank_values=True))
    synchronous = options.pop("synchronous", "NORMAL")
    if synchronous.upper() not in SYNCHRONOUS:
        raise UserError(f"{owner}={url!r}: synchronous={synchronous!r}: it may be NORMAL, FULL or EXTRA.")
    if options:
        raise UserError(f"{owner}={url!r}: {sorted(options)} is not known; there is 'synchronous'.")
    return place.removeprefix("sqlite:///"), synchronous
