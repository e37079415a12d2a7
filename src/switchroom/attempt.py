"""One attempt at a turn: what all scopes of the attempt share, from its claim to its end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias, cast

from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.conversation import Conversation, by_path, left
from switchroom.errors import Fenced, JournalError
from switchroom.events import AnyFact, AttemptReleased, RunEvent, StepReturned, StepStarted, ToolReturnedLate, TurnStarted
from switchroom.failure import causes
from switchroom.interruption import Interruption
from switchroom.journal import Journal
from switchroom.ownership import Owned, Table, table_at
from switchroom.recorder import Folding, Recorder, RunningTool, completed
from switchroom.rules.root import evolve_root
from switchroom.rules.state import State
from switchroom.saying import asked_first
from switchroom.schema import jsonable
from switchroom.shared import Shared
from switchroom.siblings import Siblings
from switchroom.tracing.values import trace_id_of

log = logging.getLogger("switchroom")

_naming = threading.Lock()
"""Tools in threads may ask for the id of their trace at the same moment."""


class Suspended(BaseException):
    """A person has to answer before the run can go on. It passes through user code to the edge, as a cancellation does."""


class OutOfTime(BaseException):
    """A deadline has passed. It passes through user code to the run that declared the deadline, as a cancellation does.

    Attributes:
        deadline: the deadline.
    """

    def __init__(self, deadline: object) -> None:
        super().__init__(deadline)
        self.deadline = deadline


def left_by(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the exception that leaves user code with a task group: `Suspended` alone if all failures wait for a person.

    A deadline that has passed comes first: nothing waits any more.
    """
    late, _ = group.split(OutOfTime)
    while late is not None:
        first = late.exceptions[0]
        if isinstance(first, OutOfTime):
            return first
        late = first
    waits, others = group.split(Suspended)
    if waits is None:  # the group itself, of its own type: the others would be a copy
        return group
    return Suspended() if others is None else others


def is_cancelled() -> bool:
    """Whether somebody cancelled the task that runs here; a CancelledError that comes without it is the code's own."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Interpretation(Protocol):
    """How one step is run."""

    def begin(self, input: Any, scope: Any) -> StepStarted:
        """What is noted when the step begins; readies the scope for it."""
        ...

    def run(self, input: Any, scope: Any) -> Awaitable[Any]:
        """Run the step in its scope, and note what it returned."""
        ...

    def load(self, output: Any, agent: str) -> Any:
        """What the step gave, from what the journal kept of it; `agent` is who had the conversation at its end."""
        ...


Claimed: TypeAlias = "Sequence[tuple[str, AnyFact]]"
"""Facts with their paths that are recorded together with the fact that begins an attempt."""

Interpret: TypeAlias = Callable[[Any], Interpretation]
"""Says how a step is run. The runner brings it, for it knows steps of all kinds."""


class Attempt(Recorder):
    """What all scopes of an attempt share: the journal, the fold at the root, the listeners, the clock, the handles.

    Attributes:
        called_at: when the caller asked for the run, by the loop's clock; its deadline counts from there.
        on_stop: asks the root's run to end with what its caller has been shown, and returns False if it cannot; None for a
            step that cannot be interrupted.
        stopping: another message asked the run to end.
        has_ended: the attempt is over, and every tool that it started has ended.
        main: the task that runs the root.
    """

    __slots__ = (
        "__weakref__",
        "_first",
        "_tasks",
        "before",
        "called_at",
        "deps",
        "failures",
        "has_ended",
        "inbox",
        "interpret",
        "interrupted",
        "known",
        "loop",
        "main",
        "on_stop",
        "past",
        "rosters",
        "shared",
        "siblings",
        "stopping",
        "streamed",
        "table",
        "task",
        "traced",
        "within",
    )

    def __init__(
        self, config: RunConfig, journal: Journal, interpret: Interpret, conversation: str, known: Conversation
    ) -> None:
        super().__init__(config, journal, conversation, known)
        self.table: Table | None = table_at(journal) if journal.keeps else None
        self.interpret = interpret
        self.known = known
        self.before: State = left(known.before, known.root, known.state) if known.seq else known.state
        self.past: dict[str, list[RunEvent]] = {}
        self.deps: Any = None
        self.shared = Shared(config.state_type)
        self.rosters: dict[int, Any] = {}
        self.streamed = self.listened and any(getattr(listener, "deltas", True) for listener in config.listeners)
        self.inbox: list[Interruption] = []
        self.task: asyncio.Task[Any] | None = None
        self.loop = asyncio.get_running_loop()
        self._first: RunEvent | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.called_at = 0.0
        self.main: asyncio.Task[Any] | None = None
        self.within: Owned | None = None
        self.on_stop: Callable[[], bool] | None = None
        self.stopping = False
        self.has_ended = False
        self.siblings: Siblings | None = None
        self.traced = ""
        self.interrupted = 0
        self.failures: dict[int, tuple[Exception, list[str]]] = {}

    def go_on(self, known: Conversation) -> None:
        """Take up an unfinished turn: what was noted in it is the past, and is not done again."""
        self.before = known.before
        self.past = by_path(known.events, known.root.path)
        self.events = list(known.events)

    @property
    def trace_id(self) -> str:
        """The id of the turn's trace, made when somebody asks for it first."""
        with _naming:
            if not self.traced:
                began = self.events[0].at if self.events else 0.0
                self.traced = trace_id_of(self.conversation if self.journal.keeps else "", self.root.turn, began)
        return self.traced

    def asked(self, input: Any) -> bool:
        """Whether a step of a workflow or a session is given what the person says, and not what another step made of it."""
        first = asked_first(input)
        if self.root.messages:
            return self.before.live is not None and first == self.root.messages[-1].text
        return (first if type(first) is str else jsonable(first, "The input of an agent")) == self.root.input

    @property
    def withdraws(self) -> bool:
        """Whether all who listen clear what was withdrawn."""
        reader = self.channel is None or self.config.withdraws
        return reader and all(getattr(listener, "withdraws", False) for listener in self.config.listeners)

    def connect(self, channel: Channel) -> None:
        """Let a stream read the events, and a person interrupt the task that runs now."""
        self.channel = channel
        self.listened = self.streamed = True
        self.task = asyncio.current_task()

    def interrupt(self, interruption: Interruption) -> None:
        """Put a person's message in, and wake the run's own task for it."""
        self.inbox.append(interruption)
        if self.task is not None:
            self.interrupted += 1
            self.task.cancel()

    @property
    def turn(self) -> int:
        """The number of the turn."""
        return self.root.turn

    def stop(self) -> bool:
        """Ask the run to end with what its caller has been shown. Return False if it cannot be interrupted."""
        return not self.over and self.on_stop is not None and self.on_stop()

    def leave_behind(self) -> None:
        """Refuse what is noted from now on, and wait for nobody: what still runs was cancelled, and did not end."""
        self.over = True
        self.siblings = None

    def through(self, error: Exception) -> tuple[str, ...]:
        """The paths of the children whose failures an exception is."""
        known = [self.failures[id(cause)][1] for cause in causes(error) if id(cause) in self.failures]
        return tuple(path for paths in known for path in paths)

    def failed(self, error: Exception, path: str) -> None:
        """Know of an exception that leaves a step."""
        self.failures.setdefault(id(error), (error, []))[1].append(path)  # held, or its id would be another's

    def returned(self, path: str) -> StepReturned | None:
        """Return the recorded end of the step at a path; None if the step has not returned."""
        facts = (event.fact for event in reversed(self.events) if event.path == path)
        return next((fact for fact in facts if isinstance(fact, StepReturned)), None)

    @property
    def has_begun(self) -> bool:
        """Return True once the fact that begins the attempt is recorded."""
        return bool(self.events)

    # tools -----------------------------------------------------------------------------------------------------------

    def tool_begins(self, name: str, finishes: bool = True, thread: threading.Thread | None = None) -> object:
        """Know of a tool while it runs; return the key for `tool_ends`."""
        key = object()
        self.tools[key] = RunningTool(name, finishes, thread)
        return key

    @property
    def runs_in_thread(self) -> bool:
        """Return True while the thread of a tool runs for which nobody waits any longer."""
        return any(tool.thread is not None and tool.thread.is_alive() for tool in list(self.tools.values()))

    def tool_ends(self, key: object) -> None:
        """Forget a tool that has ended. The last one ends an attempt whose run is over."""
        del self.tools[key]
        if self.over and not self.tools:
            self._in_background(self._release())

    def record_late(self, path: str, fact: ToolReturnedLate) -> None:
        """Record the result of a tool for which the run does not wait any longer."""
        if self.table is not None and self.table.live(self.conversation) is self:
            self._in_background(self._record(path, fact))

    async def _record(self, path: str, fact: AnyFact) -> None:
        try:
            await self.commit(path, (fact,))
        except Fenced:
            log.warning("Conversation '%s': a tool ended after its turn was taken over.", self.conversation)
        except JournalError as error:
            log.warning("Conversation '%s': the result of a tool is still to be written: %s", self.conversation, error)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what a tool's end causes; in the tool's thread, by a loop of its own, if the loop of the run is closed."""
        if self.loop.is_closed():
            asyncio.run(work)
            return
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # the attempt as a whole ------------------------------------------------------------------------------------------

    @property
    def owner(self) -> str:
        """The id of this process at the journal's store; "" without a journal."""
        return "" if self.table is None else self.table.journal.owner

    def begin(self, path: str, started: TurnStarted) -> None:
        """Fold the fact that begins the attempt, so that the turn's step can be prepared. `try_claim` records the fact."""
        self._first = RunEvent(path, started, self.seq + 1, self.clock())
        self.root = evolve_root(self.root, self._first)

    def try_claim(
        self, others: Claimed = (), ticket: int = 0, force: bool = False, step: Folding | None = None
    ) -> Awaitable[None] | None:
        """Record the fact that begins the attempt, which makes this process the owner of the conversation.

        Args:
            others: facts with their paths that are recorded together with the first.
            ticket: the place of the caller in the conversation's queue; 0 for none.
            force: take the conversation from whoever has it.
            step: the scope of the turn's step, if `others` is the start of that step.

        Returns:
            None; or what is to be awaited for that, because the journal has to be.

        Raises:
            Fenced: another caller was quicker or comes first.
            JournalUnwritable: the facts could not be written.
        """
        first = self._first
        assert first is not None, "the attempt has begun"
        events = [first]
        for path, fact in others:
            events.append(RunEvent(path, fact, first.seq + len(events), first.at))
        if self.table is not None:
            if force:
                pending = self.journal.append(self.conversation, events)
            else:
                pending = self.table.journal.claim(self.conversation, events, self.known.generation, ticket)
            if pending is not None:
                return self._claimed(events, step, pending)
        self._began(events, step)
        return None

    async def _claimed(self, events: list[RunEvent], step: Folding | None, pending: Awaitable[None]) -> None:
        cancelled = await completed(pending, not self.journal.waits, self.write_until)
        self._began(events, step)
        if cancelled is not None:
            if (ending := self.end()) is not None:
                await ending
            raise cancelled

    def _began(self, events: list[RunEvent], step: Folding | None) -> None:
        self.seq = events[-1].seq
        self.events += events
        if step is not None:
            step.evolve((cast("StepStarted", events[1].fact),))
        else:  # a person's answers, to runs that the attempt takes up again
            for event in events[1:]:
                self.past.setdefault(event.path, []).append(event)
                self.root = evolve_root(self.root, event)
        if self.listened:
            for event in events:
                self.show(event)

    def end(self) -> Awaitable[None] | None:
        """End the attempt. It stays live in this process until the last tool that it started has ended.

        Returns:
            None; or what is to be awaited, because there is something to be written.
        """
        self.over = True
        if self.tools or self.table is None:
            return None
        if self.root.live or self._unwritten:
            return self._release()
        self.table.leave(self.conversation, self)
        return None

    async def _release(self) -> None:
        self.has_ended = True
        table = self.table
        if table is None:
            return
        try:
            if self.root.live and table.live(self.conversation) is self:
                await self.commit(f"turn#{self.root.turn}", (AttemptReleased(),))
        except Fenced:  # somebody else has the conversation already
            self._unwritten = []
        except JournalError as error:
            log.warning("Conversation '%s': the end of an attempt is still to be written: %s", self.conversation, error)
        finally:
            if self._unwritten:
                table.keep(self.conversation, self._unwritten, self.loop)
            table.leave(self.conversation, self)
