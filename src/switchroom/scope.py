"""The place in a run where a step runs: what happens there is noted through it, and what was noted is not done again."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable
from typing import Any, Literal, TypeVar, cast

import msgspec

from switchroom.attempt import Attempt, Interpretation, Suspended
from switchroom.bounds import Deadline, Run, bounded, cut, in_time
from switchroom.budget import Degradation
from switchroom.config import RunConfig
from switchroom.context import CURRENT
from switchroom.errors import Diverged, Fenced, UserError
from switchroom.events import (
    AnyFact,
    BudgetDegraded,
    DecisionFact,
    RunEvent,
    StateChanged,
    StepFailed,
    StepReturned,
    StepStarted,
    TextDelta,
    ValueDrawn,
)
from switchroom.failure import failure, revived
from switchroom.ledger import Ledger
from switchroom.loops import Done, running_loop
from switchroom.model import Emit, nobody
from switchroom.rules.evolve import evolve
from switchroom.rules.state import NO_RUN, State, tried_again
from switchroom.siblings import Siblings
from switchroom.speaker import Ear, Speaker
from switchroom.step import segment, step_name
from switchroom.unchanged import compare

Decision = TypeVar("Decision", bound=DecisionFact)

DEEPEST = 100
"""How many steps may stand within one another; more are a circle."""


class Opened(msgspec.Struct, frozen=True):
    """A step that is ready to run: its scope, its interpretation, and the fact that it has begun."""

    scope: Scope
    interpretation: Interpretation
    start: StepStarted


class Scope:
    """Where a step runs. It implements the protocol of the same name that nouns know.

    Attributes:
        path: its place, such as "turn#1/triage#0".
        attempt: what it shares with all scopes of the attempt.
        config: the options that hold here.
        fold: of an agent's run, what is known of it.
        last: of the child that ended last, the same.
        said: pieces of the answer that is being shown.
        ledger: the account of the budget that holds here; None without one.
        cut: the account that cuts what goes on, for what there is then to be the answer; None if none does.
        loops: how many agent runs stand within one another here.
        due: until when, by the loop's clock, it has to be over; None without a deadline.
        late: the deadline that ends then.
        ear: who hears what is said here and below in place of the listeners; None for the listeners.
    """

    __slots__ = (
        "_changed",
        "_changes",
        "_counts",
        "_drawn",
        "_draws",
        "_kept",
        "_open",
        "attempt",
        "config",
        "cut",
        "depth",
        "due",
        "ear",
        "fold",
        "last",
        "late",
        "ledger",
        "loops",
        "parent",
        "path",
        "said",
    )

    def __init__(self, attempt: Attempt, path: str, parent: Scope | None = None, config: RunConfig | None = None) -> None:
        self.attempt = attempt
        self.path = path
        self.parent = parent
        self.depth: int
        self.loops: int
        self.due: float | None
        self.late: Deadline | None
        self.ledger: Ledger | None
        self.cut: Ledger | None
        if parent is None:
            self.depth, self.loops, self.due, self.late, self.ledger, self.cut = 0, 0, None, None, None, None
            self.config: RunConfig = config or attempt.config
        else:
            self.depth, self.loops, self.ledger, self.cut = parent.depth + 1, parent.loops, parent.ledger, parent.cut
            self.due, self.late = parent.due, parent.late
            self.config = config or parent.config
        self.fold: State = NO_RUN
        self.last: State = NO_RUN
        self.said: list[str] | None = None
        self.ear: Ear | None = None if parent is None else parent.ear
        self._counts: dict[str, int] | None = None
        self._drawn: list[ValueDrawn] | None = None
        self._draws = 0
        self._open = 0
        self._kept: list[Any] | None = None
        self._changes = 0
        self._changed: int | None = None

    @property
    def conversation(self) -> str:
        """The conversation's id."""
        return self.attempt.conversation

    @property
    def deps(self) -> Any:
        """The caller's handles."""
        return self.attempt.deps

    # noting ----------------------------------------------------------------------------------------------------------

    async def note(self, *facts: AnyFact) -> None:
        """Append, evolve, emit: in that order, one after the other, whole also when the run is cancelled.

        Several facts are appended together, all or none.
        """
        attempt = self.attempt
        pending = attempt.try_commit(self.path, facts, self)
        if pending is not None:
            await pending
        if attempt.channel is not None and attempt.channel.full and not attempt.inbox:
            await attempt.channel.room()  # not while a person interrupts: the reader may be who waits for that

    def evolve(self, facts: tuple[AnyFact, ...]) -> None:
        """Fold facts that happened here into what is known of an agent's run."""
        fold = self.fold
        if fold is not NO_RUN:
            for fact in facts:
                fold = evolve(fold, fact)
            self.fold = fold

    def speaker(self, agent: str, answer: int) -> Emit:
        """Where a model shows its answer; false if nobody listens."""
        if not self.attempt.streamed:
            return nobody
        if self.ear is not None:
            return self.ear(self, agent, answer)
        self.said = []
        return Speaker(self.attempt, self.path, TextDelta("", agent, answer), self.said, self.note)

    # calling ---------------------------------------------------------------------------------------------------------

    def call(self, step: Any, input: Any, *, name: str | None = None) -> Awaitable[Any]:
        """Run a step as a child, once: on resume a finished one gives what it gave, and a failure that stood is raised again.

        Its place is `name#n`, counted among the calls of one name in the order in which they are made.

        Raises:
            Diverged: at this place an unfinished turn ran another step, another version, or with another input.
        """
        return self.enter(step, input, self.place(step_name(step) if name is None else segment(name)))

    def place(self, name: str) -> str:
        """The path of the next call of that name."""
        counts = self._counts
        if counts is None:
            counts = self._counts = {}
        ordinal = counts.get(name, 0)
        counts[name] = ordinal + 1
        return f"{self.path}/{name}#{ordinal}"

    def open(self, step: Any, input: Any, path: str, config: RunConfig | None = None) -> Opened:
        """Prepare a step to run at a place; nothing is recorded yet. The arguments are those of `enter`.

        Raises:
            OutOfTime: the deadline has passed.
            UserError: the step cannot run here, or not with this input.
        """
        if self.due is not None:
            in_time(self)
        scope = Scope(self.attempt, path, self, config)
        if scope.depth > DEEPEST:
            raise UserError(f"Steps stand within one another {DEEPEST} deep, which is a circle: {_circle(path)}. Break it.")
        interpretation = self.attempt.interpret(step)
        return Opened(scope, interpretation, interpretation.begin(input, scope))

    async def enter(
        self, step: Any, input: Any, path: str, config: RunConfig | None = None, started: Opened | None = None
    ) -> Any:
        """Run a step at a place, as `call` does.

        Args:
            step: the step.
            input: the step's input.
            path: the place.
            config: options of its own, of which deadline and budget begin here; else those that hold here hold on.
            started: the same step, if its start is recorded already.
        """
        attempt = self.attempt
        opened = self.open(step, input, path, config) if started is None else started
        scope, interpretation, start = opened.scope, opened.interpretation, opened.start
        past = attempt.past.get(path)
        if past is not None:
            end = scope.replay(past, start)
            self.last = scope.fold
            if isinstance(end, StepReturned):
                return interpretation.load(end.output, scope.fold.agent)
            if end is not None:
                error = revived(end)
                attempt.failed(error, path)
                raise error
        elif started is None:
            await scope.note(start)
        token = CURRENT.set(scope)
        try:
            run = interpretation.run
            if config is not None and (config.deadline is not None or config.budget is not None):
                run = bounded(run, scope, config)
            if scope.cut is not None and not hasattr(step, "parts"):  # what runs in a workflow is cut, and it goes on
                run = cut(run, scope, scope.cut)
            if self.parent is None:
                return await run(input, scope)
            return await self._run(run, input, scope)
        except Fenced:  # somebody else has the conversation: nothing more is to be written
            raise
        except Exception as error:
            if any(error is refusal for refusal in attempt.refusals):
                # The journal failed and not the step: the turn stays open, and goes on later.
                raise
            returned = attempt.returned(path)
            if returned is not None:  # a deadline passed while the end of the step was written
                return interpretation.load(returned.output, scope.fold.agent)
            await scope.note(failure(error, attempt.through(error)))
            attempt.failed(error, path)
            raise
        finally:
            CURRENT.reset(token)
            self.last = scope.fold

    async def _run(self, run: Run, input: Any, scope: Scope) -> Any:
        """Run a step below this place, known to be going on, for user code may start several and not wait for all."""
        siblings = self.attempt.siblings
        if siblings is None:
            siblings = self.attempt.siblings = Siblings()
        path = scope.path
        self._open += 1
        siblings.begins(path)
        try:
            return await run(input, scope)
        except Suspended:
            await siblings.others_done(path)
            raise
        finally:
            self._open -= 1
            if siblings.ended(path) and scope._open:  # what it started and did not wait for
                await siblings.stop(path + "/")

    def replay(self, past: list[RunEvent], started: StepStarted) -> StepReturned | StepFailed | None:
        """Fold what was noted here before, and give its end, if it has one.

        Raises:
            Diverged: what was started here is not what is started now.
        """
        compare(self.path, past[0].fact, started)
        end: StepReturned | StepFailed | None = None
        for event in past:
            self.evolve((cast("AnyFact", event.fact),))
            if isinstance(event.fact, StepReturned | StepFailed):
                end = event.fact
        if end is None and self.fold is not NO_RUN:
            self.fold = tried_again(self.fold)
        return end

    # the shared state ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Any:
        """The state that the conversation's agents share, of its declared type; None when none was given."""
        return self.attempt.shared.read(self.attempt.root.shared)

    def update(self, **changes: Any) -> Awaitable[None]:
        """Change fields of the shared state, and keep it. In a tool's thread it is done when this returns.

        Raises:
            UserError: there is no shared state, or a field is unknown or not of its type.
        """
        holder = self._holder()
        ordinal = self._changes
        self._changes += 1
        if self._changed is None:
            self._changed = sum(1 for event in self.attempt.past.get(holder.path, ()) if _by(event, self.path))
        if ordinal < self._changed:
            return Done()  # code that is entered again changed this before
        # Noted also when nothing changes, or code that is entered again would count its changes otherwise.
        fact = StateChanged(self.attempt.shared.changed(self.attempt.root.shared, changes), self.path)
        if running_loop() is not self.attempt.loop:
            self.attempt.check_open()  # in a forked process no loop would ever record it
            noting = holder.note(fact)
            try:
                asyncio.run_coroutine_threadsafe(noting, self.attempt.loop).result()
            except RuntimeError:  # the loop is closed: the thread was left behind by its run
                noting.close()
                raise
            return Done()
        pending = self.attempt.try_commit(holder.path, (fact,), holder)
        return Done() if pending is None else asyncio.ensure_future(pending)

    def _holder(self) -> Scope:
        """The agent's run that this is in: its fold has to see what changed, for it tells progress from going in circles."""
        scope: Scope = self
        while scope.fold is NO_RUN and scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def remaining(self) -> float | None:
        """Seconds that are left until the nearest deadline around; None where there is none."""
        return None if self.due is None else max(0.0, self.due - self.attempt.loop.time())

    # what code decides -----------------------------------------------------------------------------------------------

    def kept(self, kind: type[Decision]) -> Decision | None:
        """What was decided here before, next of its kind; on the first attempt nothing was."""
        if self._kept is None:
            self._kept = [e.fact for e in self.attempt.past.get(self.path, ()) if isinstance(e.fact, DecisionFact)]
        return next((fact for fact in self._kept if isinstance(fact, kind)), None)

    async def keep(self, decision: Decision) -> Decision:
        """Keep what code decided: on resume what was decided before is given back, whatever would be decided now."""
        before = self.kept(type(decision))
        if before is not None:
            cast("list[Any]", self._kept).remove(before)
            return before
        await self.note(decision)
        return decision

    async def less(self, kind: type[Degradation]) -> Degradation | None:
        """What a budget wants to be done with less of a kind, if it does so now; on resume, if it did then."""
        ledger = self.ledger
        if ledger is None or not ledger.declares(kind):
            return None
        less = ledger.less(kind)
        share, resource = ledger.share()
        decided = await self.keep(BudgetDegraded(kind.step, resource, share, False) if less is None else less.fact)
        return ledger.kept(decided) if decided.applied else None

    # what replays the same -------------------------------------------------------------------------------------------

    async def now(self) -> float:
        """Seconds since the epoch, the same on resume."""
        return await self._draw("now", self.attempt.clock)

    async def random(self) -> float:
        """A number from 0 up to 1, the same on resume."""
        return await self._draw("random", random.random)

    async def uuid(self) -> str:
        """A fresh id, the same on resume."""
        return await self._draw("uuid", lambda: str(uuid.uuid4()))

    async def _draw(self, source: Literal["now", "random", "uuid"], make: Any) -> Any:
        ordinal = self._draws
        self._draws += 1
        if self._drawn is None:
            past = self.attempt.past.get(self.path, ())
            self._drawn = [event.fact for event in past if isinstance(event.fact, ValueDrawn)]
        if ordinal < len(self._drawn):
            drawn = self._drawn[ordinal]
            if drawn.source != source:
                raise Diverged(f"At {self.path} draw {ordinal + 1} was '{drawn.source}', and now is '{source}'.")
            return drawn.value
        value = make()
        await self.note(ValueDrawn(source, value))
        return value


def _circle(path: str) -> str:
    names = [segment.partition("#")[0] for segment in path.split("/")[1:]]
    return " > ".join([*names[:6], "..."])


def _by(event: RunEvent, path: str) -> bool:
    return isinstance(event.fact, StateChanged) and event.fact.by == path
