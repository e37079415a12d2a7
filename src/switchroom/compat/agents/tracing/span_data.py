"""What spans are about."""

from __future__ import annotations

from typing import Any, Protocol

from switchroom.compat.agents.missing import missing_from


class SpanData(Protocol):
    """What a span is about: `type` is "agent", "generation", "function", "handoff", "guardrail", "task" or "custom"."""

    type: str
    name: str

    def export(self) -> dict[str, Any]:
        """All of it, as plain data."""
        ...


__getattr__ = missing_from(__name__)
