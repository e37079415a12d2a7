"""What performing needs to know of an agent's run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import msgspec

from switchroom.arguments import shown
from switchroom.attempt import left_by
from switchroom.bounds import in_time
from switchroom.context import CURRENT, RunContext, settled
from switchroom.errors import UserError
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.roster import Role, Roster
from switchroom.rules.commands import AnyCommand
from switchroom.scope import Scope

T = TypeVar("T")

Note: TypeAlias = Callable[..., Awaitable[None]]
"""Notes facts: append, evolve, emit."""

Perform: TypeAlias = "Callable[[AgentRun, AnyCommand, Note], Awaitable[None]]"
"""Does a command: the one place where the world is touched, or that place with something around it."""


class AgentRun(msgspec.Struct, frozen=True):
    """An agent's run: its place, the agents that it can reach, and how its commands are performed, wrappers included.

    What is known of the run is its scope's fold.
    """

    scope: Scope
    roster: Roster
    perform: Perform

    async def ask_model(self, model: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask a model: the agent's own, or the one that a budget puts in its place."""
        return await model(request, emit)

    async def find_disabled(self, role: Role) -> tuple[str, ...]:
        """Return the names of the tools and handoffs whose `is_enabled` says no now.

        Raises:
            UserError: such a function gave something else than True or False.
        """
        disabled: list[str] = []
        place = enabled_place(self)
        for position, (name, is_enabled) in enumerate(role.switches):
            enabled = await self.ask(f"{place}/{position}", role.agent.name, is_enabled)
            if not isinstance(enabled, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(
                    f"is_enabled of '{name}' of agent '{role.agent.name}' returned {shown(enabled)}; it returns True or False."
                )
            if not enabled:
                disabled.append(name)
        return tuple(disabled)

    async def ask(self, place: str, agent: str, hook: Callable[[RunContext], T | Awaitable[T]]) -> T:
        """Call a function of an agent's own (instructions, a guardrail, `accepts`), sync or async.

        It has a place of its own for each answer, `name#answer`: what it runs, draws and changes is kept there, and on resume
        is not mistaken for what another call did.
        """
        if self.scope.due is not None:
            in_time(self.scope)
        inner = Scope(self.scope.attempt, f"{self.scope.path}/{place}", self.scope)
        token = CURRENT.set(inner)
        try:
            return await settled(hook(RunContext(inner, agent)))
        except BaseExceptionGroup as group:
            raise left_by(group) from group.__cause__
        finally:
            CURRENT.reset(token)


def enabled_place(run: AgentRun) -> str:
    """Return the place, below the run, of the functions that say which tools are enabled for the next answer."""
    return f"enabled#{run.scope.fold.answers}"
