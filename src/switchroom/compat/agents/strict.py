"""Schemas in strict form: every object names all its fields as required, and allows no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in strict form. Objects of free keys stay as they are."""
    return cast("dict[str, Any]", _strict(schema))


def _strict(schema: Any, *, named: bool = False) -> Any:
    """`named`: the keys are names that a developer chose, and no words of the schema."""
    match schema:
        case Mapping():
            node = cast("Mapping[str, Any]", schema)
            made: dict[str, Any] = {key: _inner(key, value, named) for key, value in node.items()}
            if not named and made.get("type") == "object" and not made.get("additionalProperties"):
                made = {"properties": {}, **made, "additionalProperties": False}
                made["required"] = list(made["properties"])
            return made
        case list():
            return [_strict(value) for value in cast("list[Any]", schema)]
        case _:
            return schema


def _inner(key: str, value: Any, named: bool) -> Any:
    if key in _EXAMPLES and not named:  # a value, and no schema
        return value
    return _strict(value, named=key in ("properties", "$defs") and not named)


_EXAMPLES = ("default", "const", "enum", "examples")
