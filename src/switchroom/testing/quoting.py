"""Texts and plain data as a line shows them: in quotes, on one line, shortened where they are long."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST = 200
"""Characters of a text that a line shows."""

FLAT = {ord(end): repr(end)[1:-1] for end in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"}
"""What would end a line, as code would write it."""


def quoted(text: str) -> str:
    """A text in quotes, on one line, shortened where it is long."""
    return f'"{short(text).translate(FLAT)}"'


def data(value: Any) -> str:
    """Plain data as it is shown: text in quotes, anything else as JSON."""
    if isinstance(value, str):
        return quoted(value)
    return short(msgspec.json.encode(value).decode())


def short(text: str) -> str:
    """A text, cut off where it is long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
