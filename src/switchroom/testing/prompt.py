"""What a model is asked with beside what was said, kept by the digest of the request that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from switchroom.messages import Message
from switchroom.model import ToolSpec


class Prompt(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an agent is put to its model.

    Args:
        agent: its name.
        version: of its logic.
        instructions: its text, rendered.
        tools: its tools and handoffs, as its model sees them.
        output: the JSON schema of its answer; None for text.
    """

    agent: str
    version: str = ""
    instructions: str = ""
    tools: tuple[ToolSpec, ...] = ()
    output: Mapping[str, Any] | None = None

    def told(self) -> dict[str, str]:
        """Its parts as texts, to be held against another's."""
        parts = {
            "name": self.agent,
            "version": self.version,
            "instructions": self.instructions,
            "tools": ", ".join(tool.name for tool in self.tools),
            "output type": "" if self.output is None else _json(self.output),
        }
        return parts | {f"tool {tool.name}": f"{tool.description}\n{_json(tool.parameters)}" for tool in self.tools}


class Asked(msgspec.Struct, frozen=True):
    """What a model is asked: the prompt, and the messages that are new since its last answer."""

    prompt: Prompt
    messages: tuple[Message, ...]


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode()
