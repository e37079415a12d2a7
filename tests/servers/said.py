"""What the server is to answer, whatever the protocol: words, calls, reasons, a refusal, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Finish: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Called:
    """A tool that the model calls.

    Args:
        name: the tool.
        arguments: a mapping, which is written as JSON, or text that goes out as it stands, valid or not.
        id: the call's id; without one the server makes one.
    """

    name: str
    arguments: str | Mapping[str, Any] = "{}"
    id: str | None = None

    @property
    def written(self) -> str:
        """The arguments as they go over the wire."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the model.

    Args:
        text: what it says; for structured output the JSON text (see `as_json`).
        calls: what it calls, in this order, after the text.
        reasoning: its thoughts: the summary in Responses, `Manners.reasoning_field` in Chat Completions.
        refusal: why it refuses; then there is no text.
        usage: tokens read and tokens written, or None when this answer comes without.
        finish: why it ends; without one it follows from the rest. "length" and "content_filter" make a response incomplete.
        cached: how many of the tokens read came from the cache.
        reasoned: how many of the tokens written were thoughts.
    """

    text: str = ""
    calls: tuple[Called, ...] = ()
    reasoning: str = ""
    refusal: str = ""
    usage: tuple[int, int] | None = (10, 5)
    finish: Finish | str | None = None
    cached: int = 0
    reasoned: int = 0

    @property
    def finished(self) -> Finish | str:
        """Why the answer ended."""
        return self.finish or ("tool_calls" if self.calls else "stop")


def as_json(value: Any) -> Said:
    """A structured answer: the value's JSON as text."""
    return Said(json.dumps(value, ensure_ascii=False))
