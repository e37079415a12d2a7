"""The protocol of executors: each kind of step has one, which keeps, begins, runs and loads the step."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, TypeAlias

from switchroom.attempt import Attempt
from switchroom.events import StepStarted
from switchroom.messages import Message
from switchroom.rules.root import Root
from switchroom.scope import Scope

Kept: TypeAlias = tuple[tuple[Message, ...], Any]
"""An input as a journal keeps it: messages for an agent, a team or a graph; JSON for anything else."""


class StepExecutor(Protocol):
    """Runs one step. All executors have all methods, so that any step can stand in any other."""

    @property
    def name(self) -> str:
        """Return the step's name, as it stands in paths."""
        ...

    def kept(self, input: Any) -> Kept:
        """Return the input of a turn as a journal keeps it.

        Raises:
            UserError: the step does not take such an input.
        """
        ...

    def given(self, root: Root) -> Any:
        """Return the input of a turn that is resumed, from the conversation."""
        ...

    def reread(self, plain: Any) -> Any:
        """Return the step's input from the JSON that a workflow or a guard around it has kept of its own input."""
        ...

    def meet(self, attempt: Attempt) -> None:
        """Register the agents in the step, for a turn that has finished and is not run again."""
        ...

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """Prepare the scope, and return the fact that the step has begun."""
        ...

    def run(self, input: Any, scope: Scope) -> Awaitable[Any]:
        """Run the step in its scope, and note the fact that it has returned."""
        ...

    def load(self, output: Any, agent: str) -> Any:
        """Return the step's typed output from the JSON that was kept of it.

        Args:
            output: the JSON.
            agent: the agent that had the conversation at the end; "" if that is not known.
        """
        ...
