"""Switchroom's own traces and spans, given to that SDK's processors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from switchroom import tracing
from switchroom.compat.agents.running import CURRENT
from switchroom.compat.agents.tracing.spans import Span
from switchroom.compat.agents.tracing.traces import CURRENT_TRACE, PROCESSORS, SWITCH, Trace


def set_tracing_disabled(disabled: bool) -> None:
    """Say whether processors are told nothing of any run."""
    SWITCH.disabled = disabled


def add_trace_processor(span_processor: Any) -> None:
    """Give the traces of all runs that begin from now on to a processor too, also those of Switchroom's own runs."""
    PROCESSORS.append(span_processor)
    tracing.add_trace_processor(_Adapter(span_processor))


def set_trace_processors(processors: Sequence[Any]) -> None:
    """Give the traces of all runs that begin from now on to these processors and to no others."""
    PROCESSORS[:] = processors
    tracing.set_trace_processors([_Adapter(processor) for processor in processors])


def flush_traces() -> None:
    """Let all processors write what is still to be written."""
    for processor in PROCESSORS:
        processor.force_flush()


class _Adapter:
    """Gives Switchroom's traces to a processor of that SDK. A run in a `with trace(...)` is part of that trace."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._told: dict[str, tuple[Trace, bool]] = {}

    def on_trace_start(self, trace: tracing.Trace) -> None:
        around = CURRENT_TRACE.get()
        run = CURRENT.get()
        config = None if run is None else run.config
        if SWITCH.disabled or (around is not None and around.disabled) or (config is not None and config.tracing_disabled):
            return
        if around is not None:
            self._told[trace.trace_id] = (around, False)
            return
        given = {} if config is None else config.trace_metadata or {}
        id, group = (None, None) if config is None else (config.trace_id, config.group_id)
        told = Trace(trace.name, id or trace.trace_id, group or trace.group or None, {**trace.metadata, **given})
        self._told[trace.trace_id] = (told, True)
        self._processor.on_trace_start(told)

    def on_trace_end(self, trace: tracing.Trace) -> None:
        told, own = self._told.pop(trace.trace_id, (None, False))
        if told is not None and own:
            self._processor.on_trace_end(told)

    def on_span_start(self, span: tracing.Span) -> None:
        if span.trace_id in self._told:
            self._processor.on_span_start(_span(span, self._told[span.trace_id][0]))

    def on_span_end(self, span: tracing.Span) -> None:
        if span.trace_id in self._told:
            self._processor.on_span_end(_span(span, self._told[span.trace_id][0]))


def _span(span: tracing.Span, trace: Trace) -> Span[Any]:
    ended = None if span.ended_at is None else _iso(span.ended_at)
    error = {"message": span.error, "data": None} if span.error else None
    return Span(trace.trace_id, span.span_id, span.parent_id or None, _data(span), _iso(span.started_at), ended, error)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


class _Data(SimpleNamespace):
    def export(self) -> dict[str, Any]:
        return dict(vars(self))


def _data(span: tracing.Span) -> Any:
    """What a span is about, with the fields that it has in that SDK; what was said is there if the run says so."""
    known = span.data
    match span.kind:
        case "agent":
            return _Data(type="agent", name=span.name, handoffs=None, tools=None, output_type=None)
        case "generation":
            usage = {"input_tokens": known.get("input_tokens", 0), "output_tokens": known.get("output_tokens", 0)}
            output = [{"role": "assistant", "content": known["text"]}] if "text" in known else None
            return _Data(type="generation", name=span.name, input=None, output=output, model=known.get("model"), usage=usage)
        case "tool":
            given = json.dumps(known["arguments"]) if "arguments" in known else None
            return _Data(type="function", name=span.name, input=given, output=known.get("text"))
        case "handoff":
            return _Data(type="handoff", name=span.name, from_agent=known.get("source"), to_agent=known.get("target"))
        case "guardrail":
            return _Data(type="guardrail", name=span.name, triggered=bool(span.error))
        case "turn":
            return _Data(type="task", name=span.name)
        case "step":
            return _Data(type="custom", name=span.name, data=known)
