"""JSON schemas that OpenAI refuses: what no function may take, and what strict mode forbids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tests.servers.asked import Json

# A strict schema says of everything which type it has; one of these says it in another way.
TYPED = {"type", "$ref", "anyOf", "enum", "const"}
NOT_STRICT = ("oneOf", "allOf", "not", "if", "dependentRequired", "dependentSchemas", "patternProperties", "default")

Context = tuple[str, ...]


def complaints(schema: Any, strict: bool) -> Iterator[str]:
    """Why the API would not take a schema, in the words after the colon.

    Args:
        schema: what was sent as parameters of a function or as the form of an answer.
        strict: whether strict mode was asked for.
    """
    match schema:
        case {"type": "object"}:
            yield from _within(cast("Json", schema), (), strict)
        case {}:
            found = cast("Json", schema).get("type")
            yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'."
        case _:
            yield f"{schema!r} is not of type 'object', 'boolean'."


def _within(schema: Json, context: Context, strict: bool) -> Iterator[str]:
    if schema.get("type") == "array" and "items" not in schema:
        yield f"In context={context}, array schema missing items."
    if strict:
        yield from _strictly(schema, context)
    for key, inner in _children(schema):
        yield from _within(inner, (*context, *key), strict)


def _strictly(schema: Json, context: Context) -> Iterator[str]:
    place = f"In context={context}, "
    for keyword in NOT_STRICT:
        if keyword in schema:
            yield f"{place}'{keyword}' is not permitted."
    if not TYPED & schema.keys():
        yield f"{place}schema must have a 'type' key."
    if "$ref" in schema and len(schema) > 1:
        yield f"{place}$ref cannot have keywords {set(schema) - {'$ref'}}."
    if schema.get("type") != "object":
        return
    if schema.get("additionalProperties") is not False:
        yield f"{place}'additionalProperties' is required to be supplied and to be false."
    for name in cast("Json", schema.get("properties") or {}):
        if name not in schema.get("required", ()):
            yield (
                f"{place}'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{name}'."
            )


def _children(schema: Json) -> Iterator[tuple[Context, Json]]:
    """The schemas right below one, each with its keys."""
    for key in ("properties", "$defs", "definitions"):
        named = cast("Mapping[str, Json]", schema.get(key) or {})
        yield from (((key, name), inner) for name, inner in named.items())
    listed = cast("list[Json]", schema.get("anyOf") or [])
    yield from ((("anyOf", str(at)), inner) for at, inner in enumerate(listed))
    if isinstance(schema.get("items"), dict):
        yield ("items",), schema["items"]
