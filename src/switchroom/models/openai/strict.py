"""Output schemas as the protocol wants them: an object at the root, and strict where the schema allows that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

WRAP = "answer"
"""The only field of the object that is put around what is no object itself: a list, a number, one of several words."""


def json_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an answer as formats of the protocol carry it: name, schema, and whether the server may enforce it.

    Servers enforce schemas of which every object names all its fields as required and allows no others, in the words that
    OpenAI's guide to structured outputs lists. What is not like that is sent as it is, and checked by us alone.
    """
    shown = _rooted(schema)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(shown.get("title") or WRAP))[:64]
    if wraps(schema):
        inner = {key: value for key, value in schema.items() if key != "$defs"}
        shown = {"type": "object", "properties": {WRAP: inner}, "required": [WRAP]}
        shown |= {"$defs": schema["$defs"]} if "$defs" in schema else {}
    closed = _closed(shown)
    return {"name": name, "schema": _with_items(shown) if closed is None else closed, "strict": closed is not None}


def wraps(schema: Mapping[str, Any] | None) -> bool:
    """Whether an object is put around answers of a schema, for they are none."""
    return schema is not None and _rooted(schema).get("type") != "object"


def unwrapped(text: str, schema: Mapping[str, Any]) -> str:
    """The answer without the object that was put around it."""
    if not wraps(schema):
        return text
    try:
        inner = msgspec.json.decode(_FENCE.sub("", text), type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeEncodeError):  # the model did as it pleased; it is told what is wrong with it
        return text
    return bytes(inner[WRAP]).decode() if inner.keys() == {WRAP} else text


_FENCE = re.compile(r"^\s*```(?:json)?|```\s*$")


def _rooted(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with what its root refers to in the reference's place: a root is to be an object itself."""
    node: dict[str, Any] = dict(schema)
    while "$ref" in node:
        reference = node.pop("$ref")
        node = {**node["$defs"][reference.rpartition("/")[2]], **node}
    return node


def _with_items(schema: Any) -> Any:
    """The schema with items in all its arrays: of a tuple pydantic says only how it begins, which OpenAI does not take."""
    match schema:
        case dict():
            node = {key: _with_items(value) for key, value in cast("dict[str, Any]", schema).items()}
            if isinstance(node.get("prefixItems"), list):
                node.setdefault("items", {})
            return node
        case list():
            return [_with_items(value) for value in cast("list[Any]", schema)]
        case _:
            return schema


class _Open(Exception):
    """A schema has an object that cannot be closed."""


def _closed(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema with all objects closed to other fields; None if that cannot be."""
    try:
        return _close(schema)
    except _Open:
        return None


def _close(schema: Mapping[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = dict(schema)
    if not _KINDS & node.keys() or node.keys() - _ENFORCED or node.get("format", "date") not in _FORMATS:
        raise _Open
    if "$ref" in node and len(node) > 1:  # a reference stands alone
        node["anyOf"] = [{"$ref": node.pop("$ref")}]
    if node.get("type") == "object":
        properties = node.get("properties")
        if not properties or node.get("additionalProperties") or set(node.get("required", ())) != set(properties):
            raise _Open
        node["additionalProperties"] = False
    for key in ("properties", "$defs"):
        if key in node:
            node[key] = {name: _close(value) for name, value in cast("dict[str, Any]", node[key]).items()}
    if "items" in node:
        node["items"] = _close(node["items"])
    if "anyOf" in node:
        node["anyOf"] = [_close(one) for one in node["anyOf"]]
    return node


# https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas"
_KINDS = {"type", "$ref", "anyOf", "enum", "const"}
_ENFORCED = _KINDS | {
    *("title", "description", "properties", "required", "additionalProperties", "items", "$defs", "pattern", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"),
}
_FORMATS = {"date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
