"""What everything that answers is, and what it may ask of the place where it runs."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar, runtime_checkable

from switchroom.arguments import shown
from switchroom.errors import UserError

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


class Scope(Protocol):
    """The place where a step runs: what is noted through it is kept, and on resume it gives back what was kept."""

    @property
    def path(self) -> str:
        """Where in the run this is, such as "turn#1/triage#0"."""
        ...

    @property
    def conversation(self) -> str:
        """The conversation's id; one made up for the run, where none was given."""
        ...

    @property
    def deps(self) -> Any:
        """The handles that the caller passed (database, client): of this process, never kept."""
        ...

    @property
    def state(self) -> Any:
        """The state that the conversation's agents share, of its declared type; None when none was given."""
        ...

    @property
    def remaining(self) -> float | None:
        """Seconds that are left until the nearest deadline around; None where there is none."""
        ...

    def update(self, **changes: Any) -> Awaitable[None]:
        """Change fields of the shared state, and keep it."""
        ...

    def call(self, step: Any, input: Any, *, name: str | None = None) -> Awaitable[Any]:
        """Run a step as a child, once: on resume a finished one gives what it gave."""
        ...

    async def now(self) -> float:
        """Seconds since the epoch, the same on resume."""
        ...

    async def random(self) -> float:
        """A number from 0 up to 1, the same on resume."""
        ...

    async def uuid(self) -> str:
        """A fresh id, the same on resume."""
        ...


@runtime_checkable
class Step(Protocol[In, Out]):
    """Anything that answers: `async def step(input, scope)` is one, and so are agents, teams and workflows."""

    def __call__(self, input: In, scope: Any, /) -> Awaitable[Out]:
        """Answer the input."""
        ...


def step_name(step: Any) -> str:
    """The name under which a step stands in paths: its `name`, else its function's or its class's.

    Raises:
        UserError: it is nothing that can be run.
    """
    name = getattr(step, "name", None) or getattr(step, "__name__", None)
    if isinstance(name, str):
        return segment(name)
    if callable(step):
        return type(step).__name__
    raise UserError(f"{shown(step)} is not a step. Pass an Agent, a Team, or a function of (input, scope).")


def segment(name: str) -> str:
    """A name as it stands in paths, which '/' and '#' divide."""
    return name if "/" not in name and "#" not in name else name.replace("/", "_").replace("#", "_")
