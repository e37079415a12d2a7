"""A tool's context for a unit test, which calls the tool without a run."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

from switchroom.config import RunConfig
from switchroom.context import ToolContext
from switchroom.messages import ValidCall
from switchroom.runner import Runner
from switchroom.shared import Shared, kept_of

Deps = TypeVar("Deps")
State = TypeVar("State")

_PATH = "turn#1/test#0/tool#1.0"


def tool_context(
    deps: Deps = None,
    state: State = None,
    *,
    agent: str = "test",
    conversation: str = "test",
    config: RunConfig | None = None,
) -> ToolContext[Deps, State]:
    """Make the context with which a unit test calls a tool: `await my_tool(tool_context(deps=...), order=1)`.

    The context's `state` is a copy, as in a run: `ctx.update(...)` checks and makes changes, and the test reads them from
    `context.state`. Runs that the tool starts are runs of their own.

    Args:
        deps: the handles for `ctx.deps`.
        state: a pydantic model for `ctx.state`.
        agent: the name for `ctx.agent`.
        conversation: the id for `ctx.conversation`.
        config: options of runs that the tool starts through `ctx.scope.call`, such as their model.

    Raises:
        UserError: the state is no pydantic model.
    """
    scope = TestScope(deps, state, conversation, config)
    return ToolContext(scope, agent, ValidCall("", {}, ""), _PATH)


class TestScope:
    """The scope of a tool that a unit test calls. It keeps the state in memory, and nothing else."""

    __test__ = False  # pytest collects classes by this name

    def __init__(self, deps: Any, state: Any, conversation: str, config: RunConfig | None) -> None:
        self.path = _PATH
        self.conversation = conversation
        self.deps = deps
        self.remaining: float | None = None
        self._config = config
        self._shared = Shared(None)
        self._kept: dict[str, Any] | None = None
        if state is not None:
            self._shared.learn(state)
            self._kept = kept_of(state)

    @property
    def state(self) -> Any:
        """The state; a copy, for only `update` changes it."""
        return self._shared.read(self._kept)

    def update(self, **changes: Any) -> Awaitable[None]:
        """Change fields of the state.

        Raises:
            UserError: there is no state, or a field is unknown or not of its type.
        """
        changed = self._shared.changed(self._kept, changes)
        self._kept = {**(self._kept or {}), **changed}
        return _Done()

    async def call(self, step: Any, input: Any, *, name: str | None = None) -> Any:
        """Run a step as a run of its own."""
        return (await Runner.run(step, input, deps=self.deps, state=self.state, config=self._config)).final_output

    async def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def random(self) -> float:
        """A number from 0 up to 1."""
        return random.random()

    async def uuid(self) -> str:
        """A fresh id."""
        return str(uuid.uuid4())


class _Done:
    """Something to await that is done already: a plain tool updates the state without `await`."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()
