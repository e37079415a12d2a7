"""Teams: agents that name one another, with one who answers first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from typing_extensions import TypeIs

from switchroom.agent import Agent
from switchroom.errors import UserError, unknown


@dataclass(frozen=True, eq=False)
class Team:
    """Agents whose handoffs may be names of one another. A team is a step.

    Args:
        agents: at least one; names are unique.
        entry: who answers first, as a name or an agent; by default the first.
        fallback: who answers when handoffs go in a circle.
        name: how paths call it; by default the entry's name.
        description: what it is for, when it is used as a tool.

    Raises:
        UserError: there is no agent, two have one name, or `entry` or `fallback` is none of them.
    """

    agents: Sequence[Agent[Any]]
    entry: Agent[Any] | str | None = None
    fallback: Agent[Any] | str | None = None
    name: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.agents, Agent) or not self.agents:
            raise UserError("A team has no agents. Pass at least one.")
        for agent in self.agents:
            if not isinstance(agent, Agent):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"A team's agents hold {agent!r}; a team takes agents. A team inside another is a tool of one.")
        names = [agent.name for agent in self.agents]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"A team has two agents called '{name}'; names are unique.")
        for role, given in (("entry", self.entry), ("fallback", self.fallback)):
            wanted = given.name if isinstance(given, Agent) else given
            if wanted is not None and wanted not in names:
                raise UserError(unknown(f"The team ({role}=...)", "agent", wanted, names))
            if isinstance(given, Agent) and given not in self.agents:
                raise UserError(f"The team ({role}=...) has another agent called '{wanted}'. Pass the one that is in the team.")
        if not self.name:
            object.__setattr__(self, "name", self.first.name)

    @cached_property
    def first(self) -> Agent[Any]:
        """Who answers first."""
        return self._member(self.entry) or self.agents[0]

    @cached_property
    def last_resort(self) -> Agent[Any] | None:
        """Who answers when handoffs go in a circle."""
        return self._member(self.fallback)

    def _member(self, wanted: Agent[Any] | str | None) -> Agent[Any] | None:
        name = wanted.name if isinstance(wanted, Agent) else wanted
        return next((agent for agent in self.agents if agent.name == name), None)

    async def __call__(self, input: Any, scope: Any) -> Any:
        """Answer as a step of a larger run."""
        return await scope.call(self, input)


def speaks(step: Any) -> TypeIs[Agent[Any] | Team]:
    """Whether a step is run by the loop of models and tools: an agent or a team."""
    return isinstance(step, _SPEAKING)


_SPEAKING = (Agent, Team)
