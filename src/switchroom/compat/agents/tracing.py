"""Traces as that SDK's processors know them, made of Switchroom's own. Nothing leaves the process but by processors."""

from __future__ import annotations

import json
import logging
import sys
import uuid
from collections.abc import Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace, TracebackType
from typing import Any, Protocol

from switchroom import tracing
from switchroom.compat.agents.running import CURRENT


class TracingProcessor:
    """Is given traces and spans as they begin and end, in the run's own thread. Subclasses do what they want of it."""

    def on_trace_start(self, trace: Trace) -> None:
        """A trace began."""

    def on_trace_end(self, trace: Trace) -> None:
        """A trace is over."""

    def on_span_start(self, span: Span) -> None:
        """A span began; what is known only at its end is not there yet."""

    def on_span_end(self, span: Span) -> None:
        """A span ended."""

    def shutdown(self) -> None:
        """Nobody calls this but the program itself."""

    def force_flush(self) -> None:
        """Write what is still to be written; `flush_traces` calls it."""


class SpanData(Protocol):
    """What a span is about: `type` is "agent", "generation", "function", "handoff", "guardrail", "task" or "custom"."""

    type: str
    name: str

    def export(self) -> dict[str, Any]:
        """All of it, as plain data."""
        ...


@dataclass(frozen=True)
class Span:
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
    span_data: SpanData
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


@dataclass
class Trace:
    """A run, or several runs under one name: `with trace("support", group_id="chat-1"):`.

    Args:
        name: what it is called.
        trace_id: its id.
        group_id: an id that several traces share.
        metadata: what else is to be known of it.
        disabled: whether processors are told nothing of it.
    """

    name: str
    trace_id: str
    group_id: str | None = None
    metadata: dict[str, Any] | None = None
    disabled: bool = False
    _before: Token[Trace | None] | None = field(default=None, repr=False)

    def start(self, mark_as_current: bool = False) -> None:
        """Begin; runs are part of it only if it is marked as current, or by `with`."""
        if mark_as_current:
            self._before = _current.set(self)
        if not (self.disabled or _switch.disabled):
            for processor in _processors:
                processor.on_trace_start(self)

    def finish(self, reset_current: bool = False) -> None:
        """End."""
        if reset_current and self._before is not None:
            _current.reset(self._before)
            self._before = None
        if not (self.disabled or _switch.disabled):
            for processor in _processors:
                processor.on_trace_end(self)

    def __enter__(self) -> Trace:
        self.start(mark_as_current=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.finish(reset_current=True)

    def export(self) -> dict[str, Any]:
        """All of it, as plain data."""
        return {
            "object": "trace",
            "id": self.trace_id,
            "workflow_name": self.name,
            "group_id": self.group_id,
            "metadata": self.metadata,
        }


_current: ContextVar[Trace | None] = ContextVar("switchroom_compat_trace", default=None)
_processors: list[Any] = []
_switch = SimpleNamespace(disabled=False)


def trace(
    workflow_name: str,
    trace_id: str | None = None,
    group_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    disabled: bool = False,
) -> Trace:
    """Put the runs in a `with` block under one trace.

    Args:
        workflow_name: what it is called.
        trace_id: its id; absent: one is made up.
        group_id: an id that several traces share, such as a conversation's.
        metadata: what else is to be known of it.
        disabled: whether processors are told nothing of it, and of the runs in it.
    """
    return Trace(workflow_name, trace_id or gen_trace_id(), group_id, metadata, disabled)


def get_current_trace() -> Trace | None:
    """The trace of the `with` block around; None if there is none."""
    return _current.get()


def gen_trace_id() -> str:
    """A fresh id of a trace."""
    return f"trace_{uuid.uuid4().hex}"


def set_tracing_disabled(disabled: bool) -> None:
    """Say whether processors are told nothing of any run."""
    _switch.disabled = disabled


def add_trace_processor(span_processor: Any) -> None:
    """Give the traces of all runs that begin from now on to a processor too, also those of Switchroom's own runs."""
    _processors.append(span_processor)
    tracing.add_trace_processor(_Adapter(span_processor))


def set_trace_processors(processors: Sequence[Any]) -> None:
    """Give the traces of all runs that begin from now on to these processors and to no others."""
    _processors[:] = processors
    tracing.set_trace_processors([_Adapter(processor) for processor in processors])


def flush_traces() -> None:
    """Let all processors write what is still to be written."""
    for processor in _processors:
        processor.force_flush()


class _Adapter:
    """Gives Switchroom's traces to a processor of that SDK. A run in a `with trace(...)` is part of that trace."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._told: dict[str, tuple[Trace, bool]] = {}

    def on_trace_start(self, trace: tracing.Trace) -> None:
        around = _current.get()
        run = CURRENT.get()
        config = None if run is None else run.config
        if _switch.disabled or (around is not None and around.disabled) or (config is not None and config.tracing_disabled):
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


def _span(span: tracing.Span, trace: Trace) -> Span:
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


def enable_verbose_stdout_logging() -> None:
    """Write to stdout what Switchroom logs, all of it."""
    log = logging.getLogger("switchroom")
    log.setLevel(logging.DEBUG)
    if not any(isinstance(handler, _Stdout) for handler in log.handlers):
        log.addHandler(_Stdout(sys.stdout))


class _Stdout(logging.StreamHandler[Any]):
    """The handler that is added once."""
