"""Seeing what runs do: metrics per agent, prices, traces in a file, listeners narrowed to what they are for."""

from switchroom.observe.hooks import only as only
from switchroom.observe.jsonl import JsonLines as JsonLines
from switchroom.observe.metrics import AgentMetrics as AgentMetrics
from switchroom.observe.metrics import Metrics as Metrics
from switchroom.observe.monitor import monitored_agent_call as monitored_agent_call
from switchroom.prices import price_of as price_of
from switchroom.tracing import Span as Span
from switchroom.tracing import SpanKind as SpanKind
from switchroom.tracing import SpanOutcome as SpanOutcome
from switchroom.tracing import Trace as Trace
from switchroom.tracing import TraceProcessor as TraceProcessor
from switchroom.tracing import add_trace_processor as add_trace_processor
from switchroom.tracing import set_trace_processors as set_trace_processors
