"""JSON with half characters: lone surrogate escapes, and pairs that are torn between two pieces of a stream."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")


def decode_halves(data: bytes, kind: type[T], error: msgspec.DecodeError) -> T:
    """Decode JSON that msgspec refused with an error, maybe for its half characters; the strings of the result keep them.

    Raises:
        DecodeError: the given error, if something else is wrong with the JSON.
    """
    if isinstance(error, msgspec.ValidationError):
        raise error
    try:
        return msgspec.convert(json.loads(_text(data)), kind)
    except (ValueError, RecursionError):
        raise error from None


def _text(data: bytes) -> str:
    """Return bytes as text. Halves that stand there as bytes of their own are kept, other wrong bytes replaced."""
    try:
        return data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return data.decode(errors="replace")


def mended(text: str) -> str:
    """Return a text with the halves of a pair joined, and a replacement character for each lone half."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def mended_json(text: str) -> str:
    """Return JSON text, such as a call's arguments, with a replacement character for each lone half that is escaped in it."""
    text = mended(text)
    return _ESCAPES.sub(lambda found: r"\ufffd" if found["lone"] else found[0], text) if "\\u" in text else text


_ESCAPES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def all_mended(value: Any) -> Any:
    """Return JSON data with all of its strings mended."""
    match value:
        case str():
            return mended(value)
        case dict():
            return {mended(key): all_mended(inner) for key, inner in cast("dict[str, Any]", value).items()}
        case list():
            return [all_mended(inner) for inner in cast("list[Any]", value)]
        case _:
            return value


class Pieces:
    """Mends a text that comes in pieces: a first half at the end of a piece waits for the next, as `half`."""

    __slots__ = ("half",)

    def __init__(self) -> None:
        self.half = ""

    def take(self, piece: str) -> str:
        """Return what can be shown with this piece."""
        if piece.isascii() and not self.half:
            return piece
        piece = self.half + piece
        self.half = piece[-1] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        return mended(piece[: len(piece) - len(self.half)])

    def end(self) -> str:
        """Return what is left."""
        rest, self.half = self.half, ""
        return mended(rest)
