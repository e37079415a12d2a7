"""Agents of that SDK outside of its `Runner`: as a team to look at, and as a team that takes a turn of a conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import switchroom
from switchroom import Model, Team
from switchroom.compat.agents.agent import Agent
from switchroom.compat.agents.providers import model_to_inspect
from switchroom.compat.agents.run_config import RunConfig, config_of
from switchroom.compat.agents.run_context import RunContextWrapper
from switchroom.compat.agents.running import CURRENT, Running
from switchroom.compat.agents.tool import FunctionTool
from switchroom.compat.agents.translate import translated
from switchroom.compat.agents.translated_team import TranslatedTeam


def team_for_turn(agent: Agent[Any], run_config: Any, default: Model | str | None) -> Team:
    """Return an agent and all that it reaches as a team for one turn, and make the turn the current run of the context.

    The team reads what was said before from the conversation. Turns are counted by Switchroom's own `max_turns`.
    """
    around = _run(agent, RunConfig(model=default), None)
    run = _run(agent, config_of(run_config), around)
    team = translated(run)
    CURRENT.set(run)
    return team


def team_to_inspect(agent: Agent[Any], run_config: Any) -> TranslatedTeam:
    """Return an agent and all that it reaches as a team whose agents have the models that are asked in the end."""
    run = _run(agent, config_of(run_config), None)
    team = translated(run)
    members = [_inspected(run, member) for member in team.agents]
    return TranslatedTeam(members, entry=run.active, description=agent.handoff_description or "", originals=run.agents)


def _run(agent: Agent[Any], config: RunConfig, parent: Running | None) -> Running:
    return Running(agent, [], config, None, RunContextWrapper(None), parent, standing=True)


def _inspected(run: Running, member: switchroom.Agent[Any]) -> switchroom.Agent[Any]:
    original = run.agents[member.name]
    runs = {tool.name: tool.agent for tool in original.tools if isinstance(tool, FunctionTool) and tool.agent is not None}
    tools = [replace(tool, step=runs[tool.name]) if tool.name in runs else tool for tool in member.all_tools]
    return replace(member, model=model_to_inspect(run.model_of(original)), tools=tools)
