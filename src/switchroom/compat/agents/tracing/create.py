"""Functions that begin and find traces."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.tracing.traces import CURRENT_TRACE, Trace
from switchroom.compat.agents.tracing.util import gen_trace_id


def trace(
    workflow_name: str,
    trace_id: str | None = None,
    group_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    tracing: Any = None,
    disabled: bool = False,
) -> Trace:
    """Put the runs in a `with` block under one trace.

    Args:
        workflow_name: what it is called.
        trace_id: its id; absent: one is made up.
        group_id: an id that several traces share, such as a conversation's.
        metadata: what else is to be known of it.
        tracing: has no counterpart.
        disabled: whether processors are told nothing of it, and of the runs in it.

    Raises:
        UserError: `tracing` was given; the message says what to use instead.
    """
    refuse(f"trace '{workflow_name}'", tracing=tracing)
    return Trace(workflow_name, trace_id or gen_trace_id(), group_id, metadata, disabled)


def get_current_trace() -> Trace | None:
    """The trace of the `with` block around; None if there is none."""
    return CURRENT_TRACE.get()


__getattr__ = missing_from(__name__)
