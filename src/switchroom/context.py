"""What user code gets to know of the run that calls it: instructions, tools, guardrails, handoffs."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Generic, TypeAlias, TypeVar, cast

from typing_extensions import TypeVar as DefaultTypeVar

from switchroom.messages import ValidCall
from switchroom.step import Scope

Deps = DefaultTypeVar("Deps", default=Any)
State = DefaultTypeVar("State", default=Any)
T = TypeVar("T")

CURRENT: ContextVar[Any] = ContextVar("switchroom_scope", default=None)
"""The scope of the code that runs: a run started there is its child."""

REQUEST_ID: ContextVar[str] = ContextVar("switchroom_request_id", default="")
"""The id of the request that is being served. Whoever takes requests in sets it, such as a web server's middleware; a run with
`RunConfig(request_id=...)` sets it for itself. Tasks and threads of the run have it, and the runs within it."""


def request_id() -> str:
    """The id of the request that is being served, wherever in it this is called; "" where nobody said one."""
    return REQUEST_ID.get()


def trace_id() -> str:
    """The id of the trace of the run that goes on, as in `RunResult.trace_id`; "" outside of a run."""
    scope = CURRENT.get()
    return "" if scope is None else scope.attempt.trace_id


class RunContext(Generic[Deps, State]):
    """The run as an agent's own functions see it: `RunContext[Deps, State]` names the types of `deps` and `state`.

    Attributes:
        scope: the place in the run, to run steps under it.
        agent: the name of the agent on whose behalf the function is called.
    """

    __slots__ = ("agent", "scope")

    def __init__(self, scope: Scope, agent: str) -> None:
        self.scope = scope
        self.agent = agent

    @property
    def deps(self) -> Deps:
        """The handles that the caller passed (database, client)."""
        return self.scope.deps

    @property
    def state(self) -> State:
        """The state that the conversation's agents share."""
        return self.scope.state

    @property
    def conversation(self) -> str:
        """The conversation's id."""
        return self.scope.conversation

    @property
    def remaining(self) -> float | None:
        """Seconds that are left until the run's deadline; None where it has none."""
        return self.scope.remaining

    def update(self, **changes: Any) -> Awaitable[None]:
        """Change fields of the shared state: validated against its type, and kept. To be awaited, except in a thread.

        Raises:
            UserError: there is no shared state, or a field is unknown or not of its type.
        """
        return self.scope.update(**changes)


class ToolContext(RunContext[Deps, State]):
    """The run as a tool sees it: `ToolContext[Deps, State]` names the types of `deps` and `state`.

    Attributes:
        call: the call: `.name`, `.args`.
    """

    __slots__ = ("_path", "call")

    def __init__(self, scope: Scope, agent: str, call: ValidCall, path: str) -> None:
        self.scope = scope
        self.agent = agent
        self.call = call
        self._path = path

    def of_call(self, call: ValidCall) -> ToolContext[Deps, State]:
        """Return the same context for another call."""
        return ToolContext(self.scope, self.agent, call, self._path)

    @property
    def effect_key(self) -> str:
        """The same for every try at this call, also after a crash: give it to a payment API as idempotency key."""
        return f"{self.scope.conversation}:{self._path}"


Enabled: TypeAlias = bool | Callable[[RunContext[Any]], bool | Awaitable[bool]]
"""Whether models are shown a tool or a handoff; or a function of the context that says so before each request."""


async def settled(value: T | Awaitable[T]) -> T:
    """The value, awaited where a user's function was async."""
    if inspect.isawaitable(value):
        return await cast("Awaitable[T]", value)
    return value
