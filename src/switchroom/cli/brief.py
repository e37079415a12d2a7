"""Values shortened to what fits in a line: arguments, results, briefs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

VALUE = 32
"""Characters of a single argument that are shown."""

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def clean(text: str) -> str:
    """Text without the characters that would steer a terminal."""
    return text.translate(_CONTROLS)


def short(text: str, most: int) -> str:
    """Text in one line of at most so many characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= most else line[: max(most - 1, 0)].rstrip() + "…"


def arguments(args: Mapping[str, Any] | str) -> str:
    """A call's arguments, as between its brackets."""
    if isinstance(args, str):
        return short(args, VALUE)
    return ", ".join(f"{name}={short(_json(value), VALUE)}" for name, value in args.items())


def fields(values: Mapping[str, Any]) -> str:
    """An object's fields, those that say something."""
    telling = {name: value for name, value in values.items() if value is not False and value not in (None, "", [])}
    return ", ".join(f"{name}: {short(_plain(value), VALUE)}" for name, value in telling.items())


def result(text: str) -> str:
    """A tool's result; of a JSON object its fields."""
    if text.startswith("{"):
        try:
            found = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
        return fields(cast("dict[str, Any]", found))
    return text


def _plain(value: Any) -> str:
    match value:
        case str():
            return value
        case list():
            items = cast("list[Any]", value)
            nested = any(isinstance(item, dict | list) for item in items)
            return str(len(items)) if nested else ", ".join(map(_plain, items))
        case _:
            return _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
