"""What is recorded of an attempt: facts are appended to the journal, folded at the root and shown, in this order."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.context import CURRENT
from switchroom.conversation import Conversation
from switchroom.errors import Fenced, JournalBusy, JournalUnwritable
from switchroom.events import (
    AnyFact,
    AttemptHeld,
    AttemptReleased,
    RunEvent,
    StepFailed,
    StepReturned,
    ToolReturned,
    ToolReturnedLate,
)
from switchroom.failure import log_error
from switchroom.journal import Journal
from switchroom.rules.root import Root, evolve_root

log = logging.getLogger("switchroom")


class RunningTool(NamedTuple):
    """A tool that has started and has not ended; `finishes` says that an interruption lets it finish.

    `thread` is the thread of a plain function for which nobody waits any longer.
    """

    name: str
    finishes: bool
    thread: threading.Thread | None = None


class Folding(Protocol):
    """A place whose own state is folded from the facts at its path."""

    def evolve(self, facts: tuple[AnyFact, ...]) -> None:
        """Fold facts that are in the journal."""
        ...


class Begun:
    """A write that the journal has begun and that nobody has awaited yet; whoever commits next awaits it first."""

    __slots__ = ("error", "events", "facts", "is_done", "pending", "run")

    def __init__(
        self, events: list[RunEvent], facts: tuple[AnyFact, ...], run: Folding | None, pending: Awaitable[None]
    ) -> None:
        self.events = events
        self.facts = facts
        self.run = run
        self.pending = pending
        self.is_done = False
        self.error: JournalBusy | JournalUnwritable | Fenced | None = None


async def completed(pending: Awaitable[None], can_give_up: bool, until: float | None = None) -> asyncio.CancelledError | None:
    """Await a write of the journal to its end, also while this task is cancelled.

    Args:
        pending: the write.
        can_give_up: the write can be given up by cancelling it, as long as nothing is written.
        until: when a write that can be given up is given up, by the loop's clock; None for never.

    Returns:
        the cancellation that came meanwhile, to be raised once the write is accounted for.

    Raises:
        asyncio.CancelledError: the write was given up, or failed while this task was cancelled; nothing is written.
        JournalBusy: the time has passed; nothing is written.
        RunError: the write failed.
    """
    writing = asyncio.ensure_future(pending)
    cancelled: asyncio.CancelledError | None = None
    alarm = asyncio.get_running_loop().call_at(until, writing.cancel) if can_give_up and until is not None else None
    while not writing.done():
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError as error:
            if writing.cancelled():
                break
            cancelled = error
            if can_give_up:
                writing.cancel()
        except Exception:
            break
    if alarm is not None:
        alarm.cancel()
    if writing.cancelled() and cancelled is None and until is not None:
        raise JournalBusy(
            "The journal was busy until the time of the turn was over: another process writes to it. Nothing was written; "
            "try again."
        )
    if cancelled is not None and (error := writing.exception()) is not None:
        raise cancelled from error  # nothing is written, and a caller that was cancelled is not to go on
    writing.result()
    return cancelled


class Recorder:
    """Records the facts of one attempt at a turn.

    Args:
        config: the options of the run, for its listeners.
        journal: where the facts are kept.
        conversation: the id; "" for a new one.
        known: the conversation as the journal has it.

    Attributes:
        seq: the number of the last entry.
        root: the fold of the conversation as a whole.
        events: the events of the turn, those of earlier attempts included.
        channel: the reader of a stream, if there is one.
        tools: the tools that have started and not ended.
        write_until: when a write for which the journal is too busy is given up, by the loop's clock; None for never.
        refusals: the errors with which the journal refused facts of the run: none of them is a failure of the run, which
            goes on from what is recorded.
        over: the run has ended; only results of tools that still run are recorded.
    """

    __slots__ = (
        "_begun",
        "_conversation",
        "_order",
        "_unfolded",
        "_unwritten",
        "_writing",
        "channel",
        "clock",
        "config",
        "events",
        "journal",
        "listened",
        "over",
        "refusals",
        "root",
        "seq",
        "tools",
        "write_until",
    )

    def __init__(self, config: RunConfig, journal: Journal, conversation: str, known: Conversation) -> None:
        self.config = config
        self.journal = journal
        self._conversation = conversation or (uuid.uuid4().hex if journal.keeps else "")
        self.seq = known.seq
        self.root: Root = known.root
        self.events: list[RunEvent] = []
        self.clock: Callable[[], float] = time.time
        self.channel: Channel | None = None
        self.listened = bool(config.listeners)
        self.over = False
        self.refusals: list[JournalBusy | JournalUnwritable] = []
        self.tools: dict[object, RunningTool] = {}
        self.write_until: float | None = None
        self._order: asyncio.Lock | None = None
        self._writing = 0
        self._begun: Begun | None = None
        self._unwritten: list[RunEvent] = []
        self._unfolded: list[tuple[Folding, tuple[AnyFact, ...]]] = []

    @property
    def conversation(self) -> str:
        """The conversation's id; made up where none was given, and without a journal only when it is asked for."""
        if not self._conversation:
            self._conversation = uuid.uuid4().hex
        return self._conversation

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the tools that have started and not ended."""
        return tuple(tool.name for tool in self.tools.values())

    def try_commit(self, path: str, facts: tuple[AnyFact, ...], run: Folding | None = None) -> Awaitable[None] | None:
        """Append facts, evolve the root and the run, and show the events, all at once if the journal writes at once.

        Args:
            path: where the facts happened.
            facts: they are appended together, all or none.
            run: whose own state is folded from them.

        Returns:
            None; or what is to be awaited for that, because the journal or another commit of this attempt has to be.

        Raises:
            Fenced: another writer has the conversation, or the run is over.
            JournalUnwritable: the journal cannot take the facts.
        """
        journal = self.journal
        if journal.waits or self._writing:
            return self._commit_in_order(path, facts, run, None)
        if not (self.over or self.tools or self._unwritten):  # the usual way, without a call
            at, seq = self.clock(), self.seq
            events = [RunEvent(path, facts[0], seq + 1, at)]
            for fact in facts[1:]:
                seq += 1
                events.append(RunEvent(path, fact, seq + 1, at))
        else:
            events = self._stamped(path, self._checked(path, facts))
        if journal.keeps:
            pending = self._append(events, facts, run)
            if pending is not None:
                self._writing += 1
                self._begun = Begun(events, facts, run, pending)
                return self._commit_in_order(path, facts, run, self._begun)
        self._committed(events, facts, run)
        return None

    async def commit(self, path: str, facts: tuple[AnyFact, ...]) -> None:
        """Append facts, evolve the root and show the events, in this order."""
        pending = self.try_commit(path, facts)
        if pending is not None:
            await pending

    async def _commit_in_order(
        self,
        path: str,
        facts: tuple[AnyFact, ...],
        run: Folding | None,
        begun: Begun | None,
    ) -> None:
        """Commit one after the other; `begun` is the write of these facts, if the journal has begun it already."""
        if begun is None:
            self._writing += 1
        cancelled: asyncio.CancelledError | None = None
        try:
            if self._order is None:
                self._order = asyncio.Lock()
            cancelled = await _acquired(self._order)
            try:
                if self._begun is not None:
                    cancelled = await self._finish_begun() or cancelled
                if begun is None or not begun.is_done:
                    events = self._stamped(path, self._checked(path, facts))
                    pending = self._append(events, facts, run)
                    if pending is not None:
                        cancelled = await self._written(events, pending, facts, run) or cancelled
                    self._committed(events, facts, run)
                elif begun.error is not None:
                    raise begun.error
            finally:
                self._order.release()
        finally:
            self._writing -= 1
        if cancelled is not None:
            raise cancelled

    async def _finish_begun(self) -> asyncio.CancelledError | None:
        """Await the write that was begun. Its error is raised where its facts are committed."""
        begun, self._begun = self._begun, None
        assert begun is not None, "a write was begun"
        try:
            cancelled = await self._written(begun.events, begun.pending, begun.facts, begun.run)
            self._committed(begun.events, begun.facts, begun.run)
        except (JournalBusy, JournalUnwritable, Fenced) as error:
            begun.error = error
            cancelled = None
        begun.is_done = True
        return cancelled

    async def _written(
        self, events: list[RunEvent], pending: Awaitable[None], facts: tuple[AnyFact, ...], run: Folding | None
    ) -> asyncio.CancelledError | None:
        try:
            return await completed(pending, not self.journal.waits, self.write_until)
        except (JournalBusy, JournalUnwritable, asyncio.CancelledError) as error:
            self._keep_results(events, facts, run)
            if not isinstance(error, asyncio.CancelledError):
                self.refusals.append(error)
            raise

    def _append(self, events: list[RunEvent], facts: tuple[AnyFact, ...], run: Folding | None) -> Awaitable[None] | None:
        try:
            return self.journal.append(self._conversation, events)
        except (JournalBusy, JournalUnwritable) as error:
            self._keep_results(events, facts, run)
            self.refusals.append(error)
            raise

    def _keep_results(self, events: list[RunEvent], facts: tuple[AnyFact, ...], run: Folding | None) -> None:
        """Keep a tool's result, or the end of the attempt; the next commit or this process writes it first when it can."""
        if any(isinstance(event.fact, ToolReturned | ToolReturnedLate | AttemptReleased) for event in events):
            self._unwritten = events
            if run is not None:
                self._unfolded.append((run, facts))

    def _checked(self, path: str, facts: tuple[AnyFact, ...]) -> tuple[AnyFact, ...]:
        """Return the facts as they are to be noted.

        Raises:
            Fenced: the run is over.
        """
        if not isinstance(facts[0], ToolReturnedLate | AttemptReleased):
            self.check_open()
        if self.tools and path == self.root.path and isinstance(facts[-1], StepReturned | StepFailed):
            return (AttemptHeld(self.running), *facts)
        return facts

    def check_open(self) -> None:
        """Check that the run may record facts.

        Raises:
            Fenced: the run is over, or belongs to the process from which this one was forked.
        """
        if self.over:
            raise Fenced(
                f"Conversation '{self.conversation}': turn {self.root.turn} is over; code that it started still runs and "
                "wanted to record something. Let CancelledError pass, await what you start, record nothing in a forked child."
            )

    def _stamped(self, path: str, facts: tuple[AnyFact, ...]) -> list[RunEvent]:
        at = self.clock()
        if self._unwritten:
            first = self._unwritten[-1].seq + 1
            return [*self._unwritten, *(RunEvent(path, fact, seq, at) for seq, fact in enumerate(facts, start=first))]
        if len(facts) == 1:
            return [RunEvent(path, facts[0], self.seq + 1, at)]
        return [RunEvent(path, fact, seq, at) for seq, fact in enumerate(facts, start=self.seq + 1)]

    def _committed(self, events: list[RunEvent], facts: tuple[AnyFact, ...], run: Folding | None) -> None:
        if self._unwritten:
            self._unwritten = []
            for kept_run, kept_facts in self._unfolded:  # a run that goes on has to know what its call returned
                kept_run.evolve(kept_facts)
            self._unfolded.clear()
        self.seq = events[-1].seq
        self.events += events
        for event in events:
            if event.fact.concerns_root:
                self.root = evolve_root(self.root, event)
        if run is not None:
            run.evolve(facts)
        if self.listened:
            for event in events:
                self.show(event)

    def show(self, event: RunEvent) -> None:
        """Tell the listeners. One that fails is reported, and does not stop the run."""
        if self.config.listeners:
            token = CURRENT.set(None)  # what a listener starts is no part of the run
            for listener in self.config.listeners:
                try:
                    listener(event)
                except Exception as error:
                    log_error(log, error, "A listener failed on %s at %s", event.kind, event.path)
            CURRENT.reset(token)
        if self.channel is not None:
            self.channel.offer(event)


async def _acquired(lock: asyncio.Lock) -> asyncio.CancelledError | None:
    """Acquire a lock also while this task is cancelled; return the cancellation, to be raised later."""
    cancelled: asyncio.CancelledError | None = None
    while True:
        try:
            await lock.acquire()
            return cancelled
        except asyncio.CancelledError as error:
            cancelled = error
