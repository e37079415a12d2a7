"""Traces as that SDK's processors know them, made of Switchroom's own. Nothing leaves the process but by processors."""

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tracing.adapter import add_trace_processor as add_trace_processor
from switchroom.compat.agents.tracing.adapter import flush_traces as flush_traces
from switchroom.compat.agents.tracing.adapter import set_trace_processors as set_trace_processors
from switchroom.compat.agents.tracing.adapter import set_tracing_disabled as set_tracing_disabled
from switchroom.compat.agents.tracing.create import get_current_trace as get_current_trace
from switchroom.compat.agents.tracing.create import trace as trace
from switchroom.compat.agents.tracing.processor_interface import TracingProcessor as TracingProcessor
from switchroom.compat.agents.tracing.span_data import SpanData as SpanData
from switchroom.compat.agents.tracing.spans import Span as Span
from switchroom.compat.agents.tracing.traces import Trace as Trace
from switchroom.compat.agents.tracing.util import gen_trace_id as gen_trace_id

__getattr__ = missing_from(__name__)
