"""Where played code runs: the clock, chance and ids that it draws there are those of the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from switchroom.config import RunConfig
from switchroom.context import CURRENT, RunContext, settled
from switchroom.events import AnyFact, PersonAnswered, RunEvent, StepStarted, TurnStarted
from switchroom.failure import failure
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.perform import AgentRun, Note
from switchroom.perform.run import enabled_place
from switchroom.roster import Role
from switchroom.runner.executor import StepExecutor
from switchroom.runner.interpreter import Spoken
from switchroom.scope import Opened, Scope
from switchroom.session.exchange import Exchange
from switchroom.testing.tape import Tape

T = TypeVar("T")


class PlayedScope(Scope):
    """A place in a played run."""

    __slots__ = ("_tape",)

    def __init__(self, scope: Scope, tape: Tape) -> None:
        super().__init__(scope.attempt, scope.path, scope.parent, scope.config)
        self.due, self.late, self.ledger, self.cut = scope.due, scope.late, scope.ledger, scope.cut
        self._tape = tape

    async def note(self, *facts: AnyFact) -> None:
        """Note facts; see `Scope.note`."""
        await self._tape.fits(self.path, *facts)
        await super().note(*facts)

    async def enter(
        self, step: Any, input: Any, path: str, config: RunConfig | None = None, started: Opened | None = None
    ) -> Any:
        """Run a step at a place; see `Scope.enter`."""
        await self._tape.begins(path)
        return await super().enter(step, input, path, config, started)

    async def _draw(self, source: Literal["now", "random", "uuid"], make: Callable[[], Any]) -> Any:
        return await super()._draw(source, lambda: self._tape.drawn(self.path, source, make))


class PlayedRun(AgentRun, frozen=True):
    """An agent's run whose own functions (instructions, guardrails, `accepts`) run at played places.

    Args:
        tape: the record.
        recorded: gives the recorded answers, whichever model is asked; None where none is asked.
    """

    tape: Tape
    recorded: Model | None = None

    async def ask_model(self, model: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Give the recorded answer, also where a budget puts another model in the agent's place."""
        return await super().ask_model(self.recorded or model, request, emit)

    async def find_disabled(self, role: Role) -> tuple[str, ...]:
        """Return the tools and handoffs that were not enabled on record, whatever would be enabled now."""
        path = self.scope.path
        answer = self.tape.reel.next_answer(path)
        if answer is None:
            return await super().find_disabled(role)
        for entry in self.tape.reel.of_call(path, f"{path}/{enabled_place(self)}", answer.seq):
            await self.tape.in_turn(entry)
            await note_again(self, entry.event, self.scope.note)
        return answer.fact.disabled

    async def ask(self, place: str, agent: str, hook: Callable[[RunContext], T | Awaitable[T]]) -> T:
        """Call a function of an agent's own; see `AgentRun.ask`."""

        async def played(context: RunContext) -> T:
            scope = PlayedScope(context.scope, self.tape)  # pyright: ignore[reportArgumentType] - the runner's own
            return await _within(scope, lambda: settled(hook(RunContext(scope, agent))))

        return await super().ask(place, agent, played)


class Playing:
    """How a step is run in a play: as ever, a function at a played place."""

    __slots__ = ("_step", "_tape")

    def __init__(self, step: StepExecutor, tape: Tape) -> None:
        self._step = step
        self._tape = tape

    def begin(self, input: Any, scope: Any) -> StepStarted:
        """What is noted when the step begins."""
        return self._step.begin(input, scope)

    def load(self, output: Any, agent: str) -> Any:
        """What the step gave, from what was kept of it."""
        return self._step.load(output, agent)

    def run(self, input: Any, scope: Any) -> Awaitable[Any]:
        """Run the step in its scope."""
        place = scope if isinstance(self._step, Spoken | Exchange) else PlayedScope(scope, self._tape)
        return self._ended(place, _within(place, lambda: self._step.run(input, place)))

    async def _ended(self, scope: Scope, running: Awaitable[Any]) -> Any:
        try:
            return await running
        except Exception as error:
            await self._tape.fits(scope.path, failure(error, ()))
            raise


async def note_again(run: AgentRun, event: RunEvent, note: Note) -> None:
    """Note a fact that code noted on record which is not run now."""
    if isinstance(event.fact, TurnStarted | PersonAnswered):
        return
    if event.path == run.scope.path:
        await note(event.fact)
    else:
        await Scope(run.scope.attempt, event.path).note(event.fact)  # pyright: ignore[reportArgumentType] - facts only


async def _within(scope: Scope, run: Callable[[], Awaitable[T]]) -> T:
    token = CURRENT.set(scope)
    try:
        return await run()
    finally:
        CURRENT.reset(token)
