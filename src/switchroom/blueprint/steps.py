"""What counts as a step in the user's code."""

from __future__ import annotations

from switchroom.agent import Agent
from switchroom.session import Graph, Session
from switchroom.team import Team
from switchroom.workflow.base import Workflow
from switchroom.wrap import GuardedStep


def is_step(given: object) -> bool:
    """Return True if something is an agent, a team, a workflow, a guarded step or a session, as users' code holds them."""
    return isinstance(given, Agent | Team | Workflow | GuardedStep | Session | Graph) or is_translatable(given)


def is_translatable(given: object) -> bool:
    """Return True if something is an agent of another SDK, of which its compatibility layer makes a team."""
    return translates(type(given))


def translates(kind: type[object]) -> bool:
    """Return True if objects of a class are agents of another SDK."""
    return hasattr(kind, "team_to_inspect")
