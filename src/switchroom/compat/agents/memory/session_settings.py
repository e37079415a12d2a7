"""The settings of sessions."""

from __future__ import annotations

from dataclasses import dataclass

from switchroom.compat.agents.missing import missing_from


@dataclass
class SessionSettings:
    """How much of a session a run gets to see: the newest `limit` items; None: all."""

    limit: int | None = None


__getattr__ = missing_from(__name__)
