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

    Servers enforce schemas of which every object names all its fields as required and allows no others. What is not like
    that is sent as it is, and checked by us alone.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(schema.get("title") or WRAP))[:64]
    if not _is_object(schema):
        inner = {key: value for key, value in schema.items() if key != "$defs"}
        schema = {"type": "object", "properties": {WRAP: inner}, "required": [WRAP], "$defs": schema.get("$defs", {})}
    closed = _closed(schema)
    return {"name": name, "schema": schema if closed is None else closed, "strict": closed is not None}


def unwrapped(text: str, schema: Mapping[str, Any]) -> str:
    """The answer without the object that was put around it."""
    if _is_object(schema):
        return text
    try:
        inner = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:  # the model did as it pleased; it is told what is wrong with it
        return text
    return bytes(inner[WRAP]).decode() if inner.keys() == {WRAP} else text


def _is_object(schema: Mapping[str, Any]) -> bool:
    reference = schema.get("$ref")
    if reference is not None:
        schema = schema["$defs"][reference.rpartition("/")[2]]
    return schema.get("type") == "object"


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
    if not node or _NOT_ENFORCED & node.keys():
        raise _Open
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


_NOT_ENFORCED = {"default", "prefixItems", "oneOf", "allOf", "not", "if", "patternProperties", "uniqueItems"}
