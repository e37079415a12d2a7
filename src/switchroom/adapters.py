"""The one table of import strings by which lower floors name adapters, so that they are loaded when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from switchroom.errors import UserError, unknown

Kind = Literal["journal", "memories", "model"]

ADAPTERS: dict[Kind, dict[str, str]] = {
    "journal": {
        "memory": "switchroom.journals.memory:MemoryJournal.at",
        "sqlite": "switchroom.journals.sqlite:SqliteJournal.at",
    },
    "memories": dict.fromkeys(("memory", "sqlite"), "switchroom.journals.memories:SqliteMemories.at"),
    "model": dict.fromkeys(
        (
            "openai",
            "openai-responses",
            "anthropic",
            "gemini",
            "ollama",
            "vllm",
            "lmstudio",
            "openrouter",
            "mistral",
            "groq",
            "together",
            "fireworks",
            "deepseek",
            "xai",
        ),
        "switchroom.models.openai:at",
    )
    | {"any": "switchroom.models.any:at"},
}


def load(kind: Kind, scheme: str) -> Any:
    """The adapter that is made from a URL or name that begins with `scheme:`.

    Raises:
        UserError: there is no such adapter.
    """
    table = ADAPTERS[kind]
    if scheme not in table:
        raise UserError(unknown("Switchroom", f"{kind} adapter", scheme, table))
    module, _, attributes = table[scheme].partition(":")
    found: Any = import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found
