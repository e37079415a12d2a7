"""Traces: runs under one name."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Any

from switchroom.compat.agents.missing import missing_from


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
            self._before = CURRENT_TRACE.set(self)
        if not (self.disabled or SWITCH.disabled):
            for processor in PROCESSORS:
                processor.on_trace_start(self)

    def finish(self, reset_current: bool = False) -> None:
        """End."""
        if reset_current and self._before is not None:
            CURRENT_TRACE.reset(self._before)
            self._before = None
        if not (self.disabled or SWITCH.disabled):
            for processor in PROCESSORS:
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


CURRENT_TRACE: ContextVar[Trace | None] = ContextVar("switchroom_compat_trace", default=None)
"""The trace of the `with` block around."""

PROCESSORS: list[Any] = []
"""The processors that are told of traces."""

SWITCH = SimpleNamespace(disabled=False)
"""Whether processors are told nothing of any run."""

__getattr__ = missing_from(__name__)
