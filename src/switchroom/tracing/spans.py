"""The spans of a trace as they open and close: each within its parent, and told to every processor."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from switchroom.failure import log_error
from switchroom.tracing.values import Span, SpanKind, SpanOutcome, Trace, TraceProcessor

log = logging.getLogger("switchroom")


class Open:
    """A span that began, and what is learned of it until it ends.

    Attributes:
        span: as it began.
        parent: what it happens in; None for the turn.
        children: what began in it and has not ended.
        data: what is told of it at its end, beside what was known at its beginning.
        last: when something in it ended last, in seconds since the epoch.
        over: it has ended.
    """

    __slots__ = ("children", "data", "last", "over", "parent", "span")

    def __init__(self, span: Span, parent: Open | None) -> None:
        self.span = span
        self.parent = parent
        self.children: list[Open] = []
        self.data: dict[str, Any] = {}
        self.last = span.started_at
        self.over = False

    def counts(self, what: str, number: int = 1) -> None:
        """Add to a number that is told at the end."""
        self.data[what] = self.data.get(what, 0) + number


class Spans:
    """Opens and ends the spans of one trace.

    Attributes:
        trace: that they are part of.
        now: seconds since the epoch, which never go back, whatever the clock does.
    """

    def __init__(self, trace: Trace, processors: Sequence[TraceProcessor], now: float) -> None:
        self.trace = trace
        self.now = now
        self._processors = processors
        self._opened = 0
        for processor in processors:
            try:
                processor.on_trace_start(trace)
            except Exception as failure:
                _report(failure, processor, "the start", trace)

    def end_trace(self) -> None:
        """Tell that there is no more to come."""
        for processor in self._processors:
            try:
                processor.on_trace_end(self.trace)
            except Exception as failure:
                _report(failure, processor, "the end", self.trace)

    def open(self, kind: SpanKind, name: str, parent: Open | None, data: dict[str, Any], at: float | None = None) -> Open:
        """Begin a span: now, or at an earlier time, but never before its parent."""
        trace = self.trace
        self._opened += 1
        # The same entries of a journal give the same ids; another attempt has others.
        named = f"{trace.trace_id}/{trace.metadata['attempt']}/{self._opened}"
        id = blake2b(named.encode(), digest_size=8).hexdigest()
        began = self.now if at is None else at
        if parent is not None:
            began = max(began, parent.span.started_at)
        above = "" if parent is None else parent.span.span_id
        opened = Open(Span(trace.trace_id, id, above, kind, name, began, data=data), parent)
        if parent is not None:
            parent.children.append(opened)
        for processor in self._processors:
            try:
                processor.on_span_start(opened.span)
            except Exception as failure:
                _report(failure, processor, "the start", opened.span)
        return opened

    def end(self, opened: Open, outcome: SpanOutcome = "done", error: str = "", at: float | None = None) -> None:
        """End a span, now or when it is known to have ended, and before it what is still open in it.

        What is open in a span that waits for a person waits as well; in any other nobody waits for it any more.
        """
        if opened.over:
            return
        for child in reversed(opened.children.copy()):
            self.end(child, "waiting" if outcome == "waiting" else "cancelled")
            at = None
        opened.over = True
        ended = self.now if at is None else at
        if opened.parent is not None:
            opened.parent.children.remove(opened)
            opened.parent.last = max(opened.parent.last, ended)
        whole = {**opened.span.data, **opened.data}
        span = replace(opened.span, ended_at=ended, outcome=outcome, error=error, data=whole)
        for processor in self._processors:
            try:
                processor.on_span_end(span)
            except Exception as failure:
                _report(failure, processor, "the end", span)


def _report(error: Exception, processor: TraceProcessor, what: str, of: Trace | Span) -> None:
    log_error(log, error, "Trace processor %r failed on %s of %s '%s'", processor, what, type(of).__name__.lower(), of.name)
