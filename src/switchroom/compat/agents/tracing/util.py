"""Ids of traces."""

from __future__ import annotations

import uuid

from switchroom.compat.agents.missing import missing_from


def gen_trace_id() -> str:
    """A fresh id of a trace."""
    return f"trace_{uuid.uuid4().hex}"


__getattr__ = missing_from(__name__)
