"""The agents of a run by name, each with all that its role needs looked up and built once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

from switchroom._handoff import Handoff, Transfer, return_name, transfer_name
from switchroom.agent import Agent
from switchroom.context import Enabled
from switchroom.digest import digest
from switchroom.errors import Diverged, UserError, unknown
from switchroom.model import ToolSpec
from switchroom.output import Output, output_of
from switchroom.team import Team, speaks
from switchroom.tool_names import distinct_tool_names

Speaking: TypeAlias = Agent[Any] | Team


class Role:
    """An agent in a run: its tools and handoffs by the name that its model calls, and its guardrails by where they stand.

    Attributes:
        specs: the tools and handoffs as models are shown them, without those that are never enabled.
        disabled: the names of the tools and handoffs that are never enabled.
        switches: by name, the functions that say before each request whether a tool or a handoff is enabled.
    """

    __slots__ = (
        "agent",
        "described",
        "disabled",
        "hold",
        "input_guards",
        "output",
        "output_guards",
        "specs",
        "switches",
        "tool_guards",
        "tools",
        "transfers",
    )

    def __init__(self, agent: Agent[Any], roster: Roster) -> None:
        self.agent = agent
        self.tools = {made.name: made for made in agent.all_tools}
        self.transfers: dict[str, Transfer] = {}
        for terms in agent.terms:
            target = roster.agents[terms.target_name]
            name = roster.transfer_name(target.name)
            if name in self.transfers or name in self.tools:
                raise UserError(f"Agent '{agent.name}' has two tools called '{name}', one of them a handoff; rename one.")
            about = f"Hand the conversation over to {target.name}"
            about += f": {target.description}" if target.description else "."
            self.transfers[name] = Transfer(name, about, terms, terms.requires)
        enabled: dict[str, Enabled] = {made.name: made.is_enabled for made in agent.all_tools}
        enabled |= {name: transfer.terms.is_enabled for name, transfer in self.transfers.items()}
        self.disabled = frozenset(name for name, given in enabled.items() if given is False)
        self.switches = tuple((name, given) for name, given in enabled.items() if callable(given))
        specs = [made.spec for made in agent.all_tools] + [transfer.spec for transfer in self.transfers.values()]
        self.specs: tuple[ToolSpec, ...] = tuple(spec for spec in specs if spec.name not in self.disabled)
        self.output: Output = output_of(agent.output_type, f"Agent '{agent.name}'")
        self.input_guards = tuple(guard for guard in agent.guardrails if guard.where == "input")
        self.output_guards = tuple(guard for guard in agent.guardrails if guard.where == "output")
        self.tool_guards = tuple(guard for guard in agent.guardrails if guard.where == "tool")
        self.hold = any(guard.hold for guard in self.output_guards)
        self.described = digest((agent.name, agent.version, self.specs, self.output.schema))


class Roster(dict[str, Role]):
    """The roles of the agents that a run can reach, by name, each built when it is first needed."""

    def __init__(self, step: Speaking) -> None:
        super().__init__()
        self.agents: dict[str, Agent[Any]] = {}
        listed = list(step.agents) if isinstance(step, Team) else [step]
        for agent in listed:
            self._add(agent)
        self.entry = step.first if isinstance(step, Team) else step
        last_resort = step.last_resort if isinstance(step, Team) else None
        self.fallback = last_resort.name if last_resort else ""
        for agent in self.agents.values():
            for terms in agent.terms:
                if terms.target_name not in self.agents:
                    raise UserError(
                        unknown(
                            f"Agent '{agent.name}' hands over to '{terms.target}': the team",
                            "agent",
                            terms.target_name,
                            self.agents,
                        )
                    )
        self._called = distinct_tool_names(self.agents)
        self._returns: dict[tuple[str, str], Transfer] = {}

    def _add(self, agent: Agent[Any]) -> None:
        waiting = [agent]
        while waiting:
            agent = waiting.pop()
            known = self.agents.setdefault(agent.name, agent)
            if known is not agent:
                raise UserError(f"Two agents are called '{agent.name}' and can both be reached; names are unique in a run.")
            for terms in reversed(agent.terms):
                if not isinstance(terms.target, str) and self.agents.get(terms.target_name) is not terms.target:
                    waiting.append(terms.target)

    def __missing__(self, name: str) -> Role:
        if name not in self.agents:
            raise UserError(unknown(f"The run of '{self.entry.name}'", "agent", name, self.agents))
        role = self[name] = Role(self.agents[name], self)
        return role

    @cached_property
    def asking(self) -> tuple[str, str] | None:
        """An agent and its tool that may ask a person, if there is one, also in the runs of agents that are tools."""
        seen: list[Any] = []
        waiting: list[Any] = [self.entry, *self.agents.values()]
        while waiting:
            agent = waiting.pop()
            if any(agent is known for known in seen):
                continue
            seen.append(agent)
            for made in agent.all_tools:
                if made.needs_approval:
                    return agent.name, made.name
                waiting += _agents_in(made.step)
        return None

    def knows(self, source: str, target: str) -> bool:
        """Whether one agent may hand over to another."""
        return source in self.agents and target in self.agents and self.transfer_name(target) in self[source].transfers

    def transfer_name(self, target: str) -> str:
        """Return the name of the tool by which models of this run hand over to an agent."""
        return transfer_name(self._called[target])

    def transfer(self, source: str, target: str) -> Transfer:
        """Return the handoff of one agent to another as a tool.

        Raises:
            Diverged: the agent does not hand over to the other, or no longer.
        """
        if not self.knows(source, target):
            known = [terms.target_name for terms in self.agents[source].terms] if source in self.agents else []
            handoffs = unknown(f"Agent '{source}'", "handoff", target, known)
            raise Diverged(f"The unfinished turn hands over to '{target}'. {handoffs} Resume it with the old code.")
        return self[source].transfers[self.transfer_name(target)]

    def terms(self, source: str, target: str) -> Handoff:
        """The terms on which one agent hands over to another."""
        return self.transfer(source, target).terms

    def way_back(self, asker: str, target: str) -> Transfer:
        """The tool by which whoever has the conversation after `target` returns it to the asker."""
        known = self._returns.get((asker, target))
        if known is None:
            terms = self.terms(asker, target)
            about = f"Give the conversation back to {asker}, who asked for it, with the outcome."
            known = self._returns[asker, target] = Transfer(return_name(self._called[asker]), about, terms, terms.returns)
        return known


def _agents_in(step: Any) -> list[Agent[Any]]:
    """The agents of a step, also of one made of steps."""
    if speaks(step):
        return list(roster_of(step).agents.values())
    parts: Mapping[str, Any] = getattr(step, "parts", {})
    return [agent for part in parts.values() for agent in _agents_in(part)]


def roster_of(step: Speaking) -> Roster:
    """The roster of an agent or a team, built once and kept with it.

    Raises:
        UserError: a handoff names an agent that cannot be reached, or two agents have one name.
    """
    known: Roster | None = step.__dict__.get("_roster")
    if known is None:
        known = step.__dict__["_roster"] = Roster(step)
    return known
