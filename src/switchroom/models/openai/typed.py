"""The type of an answer as a server is told it: by a format, in the instructions, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec
from msgspec.structs import replace

from switchroom.model import ModelRequest
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.strict import json_format


def with_type(request: ModelRequest, provider: Provider) -> tuple[ModelRequest, Mapping[str, Any] | None]:
    """Return the request with the schema of its answer in the instructions, if the server reads it there, and the format.

    The format is None for text and for a server that takes none; else `{"type": "json_object"}`, or
    `{"type": "json_schema", "name": ..., "schema": ..., "strict": ...}`.
    """
    if request.output_schema is None:
        return request, None
    described = json_format(request.output_schema)
    match provider.typed:
        case "json_schema":
            return request, {"type": "json_schema", **described}
        case "json_object":
            return _told(request, described["schema"]), {"type": "json_object"}
        case "instructions":
            return _told(request, described["schema"]), None
        case _:
            assert_never(provider.typed)


def _told(request: ModelRequest, schema: Mapping[str, Any]) -> ModelRequest:
    text = (
        "Your final answer is one JSON object that matches this JSON schema, with nothing before it and nothing after it.\n"
        + msgspec.json.encode(schema).decode()
    )
    return replace(request, instructions=f"{request.instructions}\n\n{text}" if request.instructions else text)
