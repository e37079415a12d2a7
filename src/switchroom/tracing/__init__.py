"""Traces of runs: what they are made of, and who is given them. `RunConfig(trace_processors=...)` says it for a run."""

from switchroom.tracing.values import Span as Span
from switchroom.tracing.values import SpanKind as SpanKind
from switchroom.tracing.values import SpanOutcome as SpanOutcome
from switchroom.tracing.values import Trace as Trace
from switchroom.tracing.values import TraceProcessor as TraceProcessor
from switchroom.tracing.values import add_trace_processor as add_trace_processor
from switchroom.tracing.values import set_trace_processors as set_trace_processors
