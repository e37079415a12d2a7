"""Where that SDK has its hooks; Switchroom has listeners in their place, and an import says so."""

from __future__ import annotations

from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)
