"""An application as JSON: its parts and the lines between them, for whoever draws or checks it otherwise."""

from __future__ import annotations

from typing import Any

import msgspec

from switchroom.blueprint import Blueprint, Part


def json_of(app: Blueprint) -> str:
    """The blueprint as a JSON object."""
    plain = {
        "name": app.name,
        "entry": app.entry,
        "deadline": app.deadline,
        "parts": [_part(part) for part in app.parts],
        "lines": [msgspec.to_builtins(line) for line in app.lines],
        "strangers": [msgspec.to_builtins(stranger) for stranger in app.strangers],
        "unused": [msgspec.to_builtins(unused) for unused in app.unused],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def _part(part: Part) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": part.id,
        "kind": part.kind,
        "name": part.name,
        "what": part.what,
        "description": part.description,
        "where": part.where,
    }
    if part.kind == "agent":
        tools = [{key: value for key, value in msgspec.to_builtins(tool).items() if key != "deeds"} for tool in part.tools]
        plain |= {"model": part.model, "guards": list(part.guards), "tools": tools}
    return plain
