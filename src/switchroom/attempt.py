"""One attempt at a turn: what was known when it began, and the one way in which it comes to know more."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast

from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.context import CURRENT
from switchroom.conversation import Conversation, by_path, left
from switchroom.events import AnyFact, RunEvent, StepStarted
from switchroom.failure import causes
from switchroom.interruption import Interruption
from switchroom.journal import GONE, Journal
from switchroom.rules.root import Root, evolve_root
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
    """What leaves user code that ran several steps in a task group: if all that failed waits for a person, just that.

    A deadline that has passed comes first: nothing waits any more.
    """
    late, _ = group.split(OutOfTime)
    while late is not None:
        first = late.exceptions[0]
        if isinstance(first, OutOfTime):
            return first
        late = first
    _, others = group.split(Suspended)
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


Interpret: TypeAlias = Callable[[Any], Interpretation]
"""Says how a step is run. The runner brings it, for it knows steps of all kinds."""


class Attempt:
    """What all scopes of an attempt share: the journal, the fold at the root, the listeners, the clock, the handles."""

    __slots__ = (
        "_conversation",
        "_order",
        "before",
        "channel",
        "clock",
        "config",
        "deps",
        "events",
        "failures",
        "inbox",
        "interpret",
        "interrupted",
        "journal",
        "known",
        "listened",
        "loop",
        "past",
        "root",
        "rosters",
        "seq",
        "shared",
        "siblings",
        "streamed",
        "task",
        "traced",
    )

    def __init__(
        self, config: RunConfig, journal: Journal, interpret: Interpret, conversation: str, known: Conversation
    ) -> None:
        self.config = config
        self.journal = journal
        self.interpret = interpret
        self._conversation = conversation or (uuid.uuid4().hex if journal.keeps else "")
        self.known = known
        self.seq = known.seq
        self.root: Root = known.root
        self.before: State = left(known.before, known.root, known.state) if known.seq else known.state
        self.past: dict[str, list[RunEvent]] = {}
        self.events: list[RunEvent] = []
        self.clock: Callable[[], float] = time.time
        self.deps: Any = None
        self.shared = Shared(config.state_type)
        self.channel: Channel | None = None
        self.rosters: dict[int, Any] = {}
        self.listened = bool(config.listeners)
        self.streamed = self.listened and any(getattr(listener, "deltas", True) for listener in config.listeners)
        self.inbox: list[Interruption] = []
        self.task: asyncio.Task[Any] | None = None
        self.loop = asyncio.get_running_loop()
        self._order: asyncio.Lock | None = asyncio.Lock() if journal.waits else None
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

    @property
    def conversation(self) -> str:
        """The conversation's id; made up where none was given, and without a journal only when it is asked for."""
        if not self._conversation:
            self._conversation = uuid.uuid4().hex
        return self._conversation

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

    def leave_behind(self) -> None:
        """Refuse what is noted from now on, and wait for nobody: what still runs was cancelled, and did not end."""
        self.journal = GONE
        self.siblings = None

    def through(self, error: Exception) -> tuple[str, ...]:
        """The paths of the children whose failures an exception is."""
        known = [self.failures[id(cause)][1] for cause in causes(error) if id(cause) in self.failures]
        return tuple(path for paths in known for path in paths)

    def failed(self, error: Exception, path: str) -> None:
        """Know of an exception that leaves a step."""
        self.failures.setdefault(id(error), (error, []))[1].append(path)  # held, or its id would be another's

    def commit(self, path: str, facts: tuple[AnyFact, ...]) -> list[RunEvent]:
        """Append facts, evolve the root: for a journal that writes at once."""
        events = self._stamped(path, facts)
        if self.journal.keeps:
            self.journal.append(self._conversation, events)
        self._known(events)
        return events

    async def commit_waiting(self, path: str, facts: tuple[AnyFact, ...], evolve: Callable[[], None]) -> None:
        """Append, evolve and show for a journal that has to be awaited: one after the other, whole also under cancellation."""
        writing = asyncio.ensure_future(self._in_order(path, facts, evolve))
        cancelled: asyncio.CancelledError | None = None
        while not writing.done():
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError as error:
                cancelled = error
            except Exception:
                break
        writing.result()
        if cancelled is not None:
            raise cancelled

    async def _in_order(self, path: str, facts: tuple[AnyFact, ...], evolve: Callable[[], None]) -> None:
        async with cast("asyncio.Lock", self._order):
            events = self._stamped(path, facts)
            await cast("Awaitable[None]", self.journal.append(self._conversation, events))
            self._known(events)
            evolve()
            if self.listened:
                for event in events:
                    self.show(event)

    def _stamped(self, path: str, facts: tuple[AnyFact, ...]) -> list[RunEvent]:
        at = self.clock()
        if len(facts) == 1:
            return [RunEvent(path, facts[0], self.seq + 1, at)]
        return [RunEvent(path, fact, seq, at) for seq, fact in enumerate(facts, start=self.seq + 1)]

    def _known(self, events: list[RunEvent]) -> None:
        self.seq = events[-1].seq
        self.events += events
        for event in events:
            if event.fact.concerns_root:
                self.root = evolve_root(self.root, event)

    def show(self, event: RunEvent) -> None:
        """Tell the listeners. One that fails is reported, and does not stop the run."""
        if self.config.listeners:
            token = CURRENT.set(None)  # what a listener starts is no part of the run
            for listener in self.config.listeners:
                try:
                    listener(event)
                except Exception:
                    log.exception("A listener failed on %s at %s", event.kind, event.path)
            CURRENT.reset(token)
        if self.channel is not None:
            self.channel.offer(event)
