"""Items that a model gave for itself alone, such as signatures and thoughts: marked with its name, sent to no other model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from switchroom.models.openai.providers import Provider


def marked(given: Mapping[str, Any], provider: Provider, model: str) -> dict[str, Any]:
    """Return what a model gave, with the model's name."""
    return {"provider": provider.name, "model": model, **given}


def is_from(item: Mapping[str, Any], provider: Provider, model: str) -> bool:
    """Return whether this model gave the item. Items without a model, as older journals hold them, count as another model's."""
    return item.get("provider") == provider.name and item.get("model") == model
