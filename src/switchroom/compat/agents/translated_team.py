"""A team that was made of agents of that SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from switchroom import Team


@dataclass(frozen=True, eq=False)
class TranslatedTeam(Team):
    """A team, with the agents that it was made of.

    Args:
        originals: the agents of that SDK, by the names of the team's agents.
    """

    originals: Mapping[str, Any] = field(default_factory=dict[str, Any])
