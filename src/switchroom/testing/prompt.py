"""What a model is asked with beside what was said, kept by the digest of the request that proves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from switchroom.digest import digest
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
    """What a model is asked.

    Args:
        prompt: how its agent is put to it.
        messages: the messages that are new since its last answer.
        described: the agent's definition, as digests of requests cover it.
        history: all messages.
    """

    prompt: Prompt
    messages: tuple[Message, ...]
    described: Any = None
    history: Sequence[Message] = ()

    def digest_of_all(self) -> str:
        """Return the digest of the request with all messages.

        Records of earlier versions have this digest where an agent of a session or of a workflow knew what was said before.
        """
        return digest((self.described, self.prompt.instructions, list(self.history)))


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode()
