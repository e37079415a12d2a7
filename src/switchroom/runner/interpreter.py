"""How steps of all kinds are run: agents and teams by the loop, anything else by calling it. A step is matched once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from functools import cached_property
from typing import Any, TypeAlias, get_type_hints

from msgspec.structs import replace
from pydantic import TypeAdapter

from switchroom.agent import Agent
from switchroom.attempt import Attempt, left_by
from switchroom.context import settled
from switchroom.digest import digest
from switchroom.errors import UserError
from switchroom.events import StepReturned, StepStarted
from switchroom.messages import Message, messages_from
from switchroom.perform import AgentRun, perform
from switchroom.roster import roster_of
from switchroom.rules.root import Root
from switchroom.rules.state import State
from switchroom.runner.loop import answer
from switchroom.schema import jsonable
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.team import Team, speaks

Kept: TypeAlias = tuple[tuple[Message, ...], Any]
"""An input as a journal keeps it: messages of what speaks, JSON of anything else."""


class Spoken:
    """How an agent or a team is run: its input is messages, and its run is folded over the rules."""

    __slots__ = ("name", "roster", "version")

    def __init__(self, step: Agent[Any] | Team) -> None:
        self.roster = roster_of(step)
        self.name = step_name(step)
        self.version = self.roster.entry.version

    def kept(self, input: Any) -> Kept:
        """The input as it is kept; typed data is said as its JSON."""
        return messages_from(input.model_dump_json() if hasattr(input, "model_dump_json") else input), None

    def given(self, root: Root) -> Any:
        """What the step was given, from what was kept of it."""
        return root.messages

    def meet(self, attempt: Attempt) -> None:
        """Let the result know the agents by name."""
        attempt.rosters[id(self.roster)] = self.roster

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """What is noted when the run begins. Who had the conversation last has it again, and knows what was said."""
        attempt = scope.attempt
        roster = self.roster
        attempt.rosters[id(roster)] = roster
        if not attempt.journal.keeps and roster.asking is not None:
            agent, asking = roster.asking
            raise UserError(
                f"Tool '{asking}' of agent '{agent}' may wait for a person's approval, and the run has no journal to wait in. "
                "Pass RunConfig(journal='sqlite:///chats.db')."
            )
        fold = State()
        if scope.path == attempt.root.path:
            fold = attempt.before
        active = fold.agent or roster.entry.name
        if active not in roster.agents:  # an agent of an older version of the team had the conversation
            active = roster.entry.name
            fold = State(history=fold.history)
        if fold.frames:
            fold = replace(fold, frames=tuple(frame for frame in fold.frames if roster.knows(frame.asker, frame.target)))
        scope.fold = fold
        messages = input if input is attempt.root.messages else self.kept(input)[0]
        guarded = bool(roster[active].input_guards)
        fingerprint = digest((self.name, self.version, messages))
        return StepStarted(self.name, fingerprint, self.version, None, active, messages, guarded)

    def run(self, input: Any, scope: Scope) -> Awaitable[Any]:
        """Run the agent in its scope."""
        return answer(AgentRun(scope, self.roster, perform))

    def load(self, output: Any, agent: str) -> Any:
        """What the run gave, of the type that the agent declares who had the conversation at its end."""
        return self.roster[agent].output.load(output)


class Called:
    """How anything else is run: by calling it with the input, and with the scope if it takes it."""

    def __init__(self, step: Any) -> None:
        self._step = step
        self.name = step_name(step)
        self.version = str(getattr(step, "version", ""))

    def kept(self, input: Any) -> Kept:
        """The input as it is kept."""
        return (), jsonable(input, f"The input of step '{self.name}'")

    def given(self, root: Root) -> Any:
        """What the step was given, of the type that its first parameter declares."""
        first = next(iter(self._parameters), None)
        return self._typed(root.input, first.name if first else "")

    def meet(self, attempt: Attempt) -> None:
        """There are no agents to be known."""

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """What is noted when the step begins."""
        plain = self.kept(input)[1]
        return StepStarted(self.name, digest((self.name, self.version, plain)), self.version, plain)

    async def run(self, input: Any, scope: Scope) -> Any:
        """Call the step, and note what it returned."""
        try:
            output = await settled(self._step(input, scope) if self._takes_scope else self._step(input))
        except BaseExceptionGroup as group:
            raise left_by(group) from None
        await scope.note(StepReturned(jsonable(output, f"Step '{self.name}'")))
        return output

    def load(self, output: Any, agent: str) -> Any:
        """What the step gave, of the type that it declares to return."""
        return self._typed(output, "return")

    @cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        return [parameter for parameter in inspect.signature(self._step).parameters.values() if parameter.kind in _POSITIONAL]

    @property
    def _takes_scope(self) -> bool:
        parameters = self._parameters
        return len(parameters) > 1 or any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)

    def _typed(self, value: Any, where: str) -> Any:
        function = self._step if inspect.isroutine(self._step) else getattr(self._step, "__call__", None)  # noqa: B004
        try:
            hint = get_type_hints(function).get(where)
        except (NameError, TypeError):  # a type that only its own function can see: the plain value has to do
            return value
        return value if hint is None or hint is Any else TypeAdapter(hint).validate_python(value)


_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)

Interpretation: TypeAlias = Spoken | Called


def interpret(step: Any) -> Interpretation:
    """How a step is run; of an agent or a team found out once and kept with it.

    Raises:
        UserError: it is nothing that can be run.
    """
    known: Spoken | None = getattr(step, "_spoken", None)
    if known is None:
        if not speaks(step):
            return Called(step)
        known = step.__dict__["_spoken"] = Spoken(step)
    return known
