"""The types of agents' answers, where that SDK has them."""

from __future__ import annotations

from switchroom.compat.agents.agent import AgentOutputSchema as AgentOutputSchema
from switchroom.compat.agents.missing import missing_from

__getattr__ = missing_from(__name__)
