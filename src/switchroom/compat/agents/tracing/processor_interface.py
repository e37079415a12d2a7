"""What is told of traces and spans."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tracing.spans import Span
from switchroom.compat.agents.tracing.traces import Trace


class TracingProcessor:
    """Is given traces and spans as they begin and end, in the run's own thread. Subclasses do what they want of it."""

    def on_trace_start(self, trace: Trace) -> None:
        """A trace began."""

    def on_trace_end(self, trace: Trace) -> None:
        """A trace is over."""

    def on_span_start(self, span: Span[Any]) -> None:
        """A span began; what is known only at its end is not there yet."""

    def on_span_end(self, span: Span[Any]) -> None:
        """A span ended."""

    def shutdown(self) -> None:
        """Nobody calls this but the program itself."""

    def force_flush(self) -> None:
        """Write what is still to be written; `flush_traces` calls it."""


__getattr__ = missing_from(__name__)
