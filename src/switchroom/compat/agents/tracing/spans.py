"""Spans: what happens in a trace and takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tracing.span_data import SpanData

TSpanData = TypeVar("TSpanData", bound=SpanData, default=SpanData)


@dataclass(frozen=True)
class Span(Generic[TSpanData]):
    """Something in a trace that took its time.

    Args:
        trace_id: the trace that it is part of.
        span_id: its id.
        parent_id: the span that it happened in; None for a run as a whole.
        span_data: what it is about.
        started_at: when it began, in ISO 8601.
        ended_at: when it ended; None as long as it goes on.
        error: `{"message": ..., "data": None}` if something went wrong.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    span_data: TSpanData
    started_at: str
    ended_at: str | None = None
    error: dict[str, Any] | None = None

    def export(self) -> dict[str, Any]:
        """All of it, as plain data."""
        return {
            "object": "trace.span",
            "id": self.span_id,
            "trace_id": self.trace_id,
            "parent_id": self.parent_id,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "span_data": self.span_data.export(),
            "error": self.error,
        }


__getattr__ = missing_from(__name__)
