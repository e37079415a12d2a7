"""An application: whether it loads, who is in it, which models they get, and whether their handoffs lead somewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

from switchroom.agent import Agent
from switchroom.cli.app import App, find_app
from switchroom.cli.diagnosis.finding import Finding, Level
from switchroom.cli.diagnosis.models import Chosen, chosen, described
from switchroom.cli.faults import Wrong
from switchroom.errors import UserError
from switchroom.roster import roster_of
from switchroom.step import step_name
from switchroom.team import Team, speaks


def loaded(reference: str) -> App | Finding:
    """The application, or what its code is at fault for.

    Raises:
        Wrong: the reference leads to nothing.
    """
    try:
        with redirect_stdout(sys.stderr):  # what its modules print is talk
            return find_app(reference)
    except Wrong as wrong:
        if not _by_its_code(wrong, reference):
            raise
        return Finding("app", "fault", wrong.message)


def _by_its_code(wrong: Wrong, reference: str) -> bool:
    match wrong.__cause__:
        case None:
            return False
        case ModuleNotFoundError(name=str(name)) if ".py" not in reference:
            return not f"{reference.partition(':')[0]}.".startswith(f"{name}.")
        case _:
            return True


@dataclass(frozen=True)
class Cast:
    """Who takes part in an application, as far as that is known before it runs.

    Args:
        steps: the agents and teams: what answers, or what stands beside a function that does, and those that are their tools.
        agents: all of the agents in these.
        level: of what is wrong with them. Of agents beside a function it is not known whether and how it runs them.
    """

    steps: tuple[Agent[Any] | Team, ...]
    agents: tuple[Agent[Any], ...]
    level: Level


@dataclass(frozen=True)
class Group:
    """Agents, by name, that get the same model."""

    model: Chosen
    agents: tuple[str, ...]


def cast_of(app: App) -> Cast:
    """Who takes part in an application."""
    waiting = [app.step] if speaks(app.step) else _beside(app.step)
    steps: dict[int, Agent[Any] | Team] = {}
    agents: dict[int, Agent[Any]] = {}
    while waiting:
        step = waiting.pop(0)
        if id(step) in steps:
            continue
        steps[id(step)] = step
        for agent in _members(step):
            agents[id(agent)] = agent
            waiting += [made.step for made in agent.all_tools if speaks(made.step)]
    return Cast(tuple(steps.values()), tuple(agents.values()), "fault" if speaks(app.step) else "warning")


def _beside(function: Any) -> list[Agent[Any] | Team]:
    """The teams in a function's module, and the agents that are in none of them."""
    module = sys.modules.get(getattr(function, "__module__", ""))
    found = [value for value in vars(module).values() if speaks(value)] if module else []
    teams = [step for step in found if isinstance(step, Team)]
    members = {id(agent) for team in teams for agent in _members(team)}
    return [*teams, *(step for step in found if not isinstance(step, Team) and id(step) not in members)]


def _members(step: Agent[Any] | Team) -> list[Agent[Any]]:
    try:
        return list(roster_of(step).agents.values())
    except UserError:  # which is told where handoffs are
        return list(step.agents) if isinstance(step, Team) else [step]


def application(app: App) -> Iterator[Finding]:
    """The findings about an application that was loaded."""
    cast = cast_of(app)
    kind = "a function" if not speaks(app.step) else "a team" if isinstance(app.step, Team) else "an agent"
    names = ", ".join(agent.name for agent in cast.agents) or "none that can be seen from here"
    yield Finding("app", "ok", f"{app.reference} is {kind}, '{step_name(app.step)}'; agents: {names}.")
    groups, faults = models_of(app, cast)
    for group in groups:
        yield described(_and(group.agents), group.model)
    for fault in faults:
        yield Finding("model", cast.level, str(fault))
    yield from _handoffs(cast)
    yield from _approval(app, cast)


def models_of(app: App, cast: Cast) -> tuple[list[Group], list[UserError]]:
    """The models of an application's agents, and what those are at fault for that get none."""
    groups: dict[tuple[int, str], Group] = {}
    faults: list[UserError] = []
    for agent in cast.agents:
        try:
            model = chosen(agent, app.config.model)
        except UserError as error:
            faults.append(error)
        else:
            known = groups.get((id(model.model), model.why), Group(model, ()))
            groups[id(model.model), model.why] = replace(known, agents=(*known.agents, agent.name))
    return list(groups.values()), faults


def _handoffs(cast: Cast) -> Iterator[Finding]:
    """Whether each handoff leads to an agent, under a name that its model can call."""
    ways: list[str] = []
    for step in cast.steps:
        try:
            roster = roster_of(step)
            for name in roster.agents:
                ways += [f"{name} → {terms.target_name}" for terms in roster[name].agent.terms]
        except UserError as error:
            yield Finding("handoffs", cast.level, str(error))
    if ways:
        yield Finding("handoffs", "ok", ", ".join(dict.fromkeys(ways)))


def _approval(app: App, cast: Cast) -> Iterator[Finding]:
    """Whether a question to a person would have a journal to wait in."""
    asking = [(agent.name, made.name) for agent in cast.agents for made in agent.all_tools if made.needs_approval]
    if asking and app.config.journal is None:
        pairs = ", ".join(f"'{tool}' (agent '{agent}')" for agent, tool in asking)
        says = f"A person may have to be asked before these are called, and RunConfig names no journal to wait in: {pairs}."
        remedy = "Set RunConfig(journal='sqlite:///chats.db'). `switchroom chat` keeps a journal of its own."
        yield Finding("approval", "warning", says, remedy)
        return
    for agent, tool in asking:
        says = f"Agent '{agent}' may have to ask a person before it calls '{tool}'; the journal keeps the question."
        yield Finding("approval", "ok", says)


def _and(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
