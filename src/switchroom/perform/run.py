"""What performing needs to know of an agent's run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from switchroom.attempt import left_by
from switchroom.context import RunContext, settled
from switchroom.roster import Role, Roster
from switchroom.rules.commands import AnyCommand
from switchroom.rules.state import State
from switchroom.scope import CURRENT, Scope

T = TypeVar("T")

Note: TypeAlias = Callable[..., Awaitable[None]]
"""Notes facts: append, evolve, emit."""

Perform: TypeAlias = Callable[[AnyCommand, Note], Awaitable[None]]
"""Does what a command asks, and notes what came of it. Wrappers are functions from one to another."""


class AgentRun:
    """An agent's run: its place, the agents that it can reach, and how its commands are performed."""

    __slots__ = ("_perform", "roster", "scope")

    def __init__(self, scope: Scope, roster: Roster, perform: Callable[[AgentRun, AnyCommand, Note], Awaitable[None]]) -> None:
        self.scope = scope
        self.roster = roster
        self._perform = perform

    def perform(self, command: AnyCommand, note: Note) -> Awaitable[None]:
        """Do what a command asks, through whatever wraps it."""
        return self._perform(self, command, note)

    @property
    def state(self) -> State:
        """What is known of the run."""
        return self.scope.fold

    def role(self, agent: str) -> Role:
        """An agent of the run, with its tools and handoffs."""
        return self.roster[agent]

    async def ask(self, place: str, agent: str, hook: Callable[[RunContext], T | Awaitable[T]]) -> T:
        """Call a function of an agent's own (instructions, a guardrail, `accepts`), sync or async.

        It has a place of its own for each answer, `name#answer`: what it runs, draws and changes is kept there, and on resume
        is not mistaken for what another call did.
        """
        inner = self.scope.inner(f"{self.scope.path}/{place}")
        token = CURRENT.set(inner)
        try:
            return await settled(hook(RunContext(inner, agent)))
        except BaseExceptionGroup as group:
            raise left_by(group) from None
        finally:
            CURRENT.reset(token)
