"""What customers say in a demonstration, read from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from switchroom.cli.faults import Wrong

Customers = list[list[str]]
"""The messages of each customer."""


def read_script(path: Path) -> Customers:
    """The messages of a file: JSON, or text with a message per line and a blank line before each further customer.

    JSON is a list of messages, or a list of such lists; a message is a text, or an object with `content`.

    Raises:
        Wrong: there is none in it, or it is not of that form.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Wrong(f"{path} is no UTF-8 text: {error.reason} at byte {error.start}.") from error
    is_json = path.suffix == ".json" or text.lstrip().startswith("[")
    customers = _from_json(text, path) if is_json else _from_lines(text)
    customers = [messages for messages in customers if messages]
    if not customers:
        raise Wrong(f"{path} has no messages. Write one per line, and a blank line before each further customer.")
    return customers


def _from_lines(text: str) -> Customers:
    customers: Customers = [[]]
    for line in text.splitlines():
        if line.strip():
            customers[-1].append(line.strip())
        else:
            customers.append([])
    return customers


def _from_json(text: str, path: Path) -> Customers:
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise Wrong(f"{path} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    items = _listed(found)
    if items is not None and all(_message(item) is not None for item in items):
        items = [items]
    customers: Customers = []
    for item in items or ():
        messages = _listed(item)
        said = [None] if messages is None else [_message(message) for message in messages]
        if None in said:
            raise Wrong(
                f"{path}: {json.dumps(item)[:80]} is no list of messages. A message is a text, or an object with content."
            )
        customers.append([message for message in said if message])
    return customers


def _listed(value: Any) -> list[Any] | None:
    """The messages of a customer: a list, or an object that has one as `messages`."""
    if isinstance(value, Mapping):
        value = cast("Mapping[str, Any]", value).get("messages")
    return cast("list[Any]", value) if isinstance(value, list) else None


def _message(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = cast("Mapping[str, Any]", value).get("content")
    return value.strip() if isinstance(value, str) else None
