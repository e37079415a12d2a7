"""Where that SDK has its exporters; Switchroom sends no traces by itself, and an import says so."""

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tracing.processor_interface import TracingProcessor as TracingProcessor

__getattr__ = missing_from(__name__)
