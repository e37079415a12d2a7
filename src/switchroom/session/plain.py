"""Whatever users put into events, as plain data for the record: what JSON cannot hold is told by its text."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import msgspec

from switchroom.errors import UserError
from switchroom.schema import jsonable


def plain(value: Any) -> dict[str, Any]:
    """A mapping as JSON can hold it."""
    if not isinstance(value, dict):
        return {} if value is None else {"value": plain_value(value)}
    return {str(key): plain_value(inner) for key, inner in cast("dict[Any, Any]", value).items()}


def plain_value(value: Any) -> Any:
    """A value as JSON can hold it."""
    try:
        made = jsonable(value, "An event")
        msgspec.json.encode(made)  # text may be none that an encoding holds
        return made
    except (UserError, ValueError, TypeError, OverflowError):
        with suppress(Exception):
            return repr(value)
        return f"a {type(value).__name__}"
