"""The line of a session: what comes in waits its turn, is run as a turn of the conversation, and gets its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from switchroom.attempt import CURRENT, Attempt
from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.conversation import Conversation, recall, remember, with_events
from switchroom.errors import ConversationWaiting, RunError, UserError
from switchroom.events import Fact, RunEvent, TurnAnswered, TurnCut
from switchroom.journal import Journal
from switchroom.result import RunResult, Waiting
from switchroom.runner.interpreter import interpret
from switchroom.runner.turn import Answers, Order, begin, resume, take
from switchroom.scope import Scope
from switchroom.session.exchange import GRACE, Entry, note_cut
from switchroom.session.graph import Graph
from switchroom.session.parts import BETWEEN
from switchroom.session.reply import Reply
from switchroom.session.watchdog import watchdog

Job: TypeAlias = "Callable[[Caller], Awaitable[None]]"


class Caller:
    """Something that came in and waits for its reply."""

    __slots__ = ("channel", "job", "reply")

    def __init__(self, job: Job, channel: Channel | None = None) -> None:
        self.job = job
        self.channel = channel
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def answer(self, reply: Reply) -> None:
        """Give the reply to who waits for it, if they still do."""
        if not self.reply.done():
            self.reply.set_result(reply)

    def refuse(self, error: BaseException) -> None:
        """Tell who waits that there is none, and why."""
        if not self.reply.done():
            self.reply.set_exception(error)
            self.reply.exception()  # nobody may wait for it


class Told:
    """Listens for the answers of turns, so that a reply need not wait for the quiet after it."""

    deltas = False
    withdraws = True

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(self, event: RunEvent) -> None:
        """Hear of a fact."""
        if isinstance(event.fact, TurnAnswered | TurnCut):
            self._line.answered(event.path, event.fact)


class Line:
    """One thing after the other.

    Args:
        graph: what answers.
        journal: where turns are kept.
        config: how they are run.

    Attributes:
        over: why nothing is answered any more; "" as long as it is.
        completed: called when that begins.
    """

    __slots__ = ("_answered", "_now", "_order", "_queue", "_worker", "completed", "config", "graph", "journal", "over")

    def __init__(self, graph: Graph, journal: Journal, config: RunConfig) -> None:
        self.graph = graph
        self.journal = journal
        self.config = config
        self.over = ""
        self.completed: Callable[[], None] | None = None
        self._queue: list[Caller] = []
        self._worker: asyncio.Task[None] | None = None
        self._now: Caller | None = None
        self._order: Order | None = None
        self._answered = False

    @property
    def busy(self) -> bool:
        """Whether something is being answered, or is about to be."""
        return self._now is not None or (self._worker is not None and bool(self._queue))

    def put(self, waiting: Caller, *, work: bool = True, first: bool = False) -> asyncio.Future[Reply]:
        """Let something wait its turn; it begins at once if there is nothing before it, unless it is not to `work` yet."""
        if self.over:
            waiting.refuse(self.ended())
            return waiting.reply
        self._queue.insert(0 if first else len(self._queue), waiting)
        if work and self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._serve(), name=self.graph.session_id)
        return waiting.reply

    def answers(self, channel: Channel) -> bool:
        """Whether what is being answered is read there."""
        return self._now is not None and self._now.channel is channel

    def take_back(self, whose: Caller | Channel, error: BaseException) -> None:
        """Let something wait no longer."""
        for waiting in [waiting for waiting in self._queue if whose in (waiting, waiting.channel)]:
            self._queue.remove(waiting)
            waiting.refuse(error)

    def end(self, why: str) -> None:
        """Answer nothing more: who waits is told."""
        self.over = self.over or why
        if self.completed is not None:
            self.completed()
        while self._queue:
            self._queue.pop(0).refuse(self.ended())

    def ended(self) -> RunError:
        """What is told to who comes too late."""
        return RunError(f"Session '{self.graph.session_id}' {self.over}: it answers no more messages. Begin another one.")

    async def stop(self) -> None:
        """Cut off what is going on; a turn that has its answer comes to its end."""
        worker = self._worker
        if worker is None or worker is asyncio.current_task():
            return
        if self._answered:
            if self.graph.turn is not None:
                self.graph.turn.is_late()
            await asyncio.wait([worker], timeout=2 * GRACE)
        worker.cancel()
        await asyncio.wait([worker])

    async def _serve(self) -> None:
        CURRENT.set(None)  # whatever the sender runs in, a session stands on its own
        loop = asyncio.get_running_loop()
        watchdog.begin(loop)
        try:
            while self._queue:
                waiting = self._now = self._queue.pop(0)
                self._answered = False
                try:
                    await waiting.job(waiting)
                except Exception as error:
                    waiting.refuse(error)
                finally:
                    self._now = None
                    self.graph.exchange.settle()
                    waiting.refuse(self._broken_off())
                if self.graph.live.ended:
                    self.end("has ended" if not self.graph.live.to else f"was put through to {self.graph.live.to}")
        finally:
            watchdog.end(loop)
            self._worker = None

    def _broken_off(self) -> RunError:
        return RunError(
            f"Session '{self.graph.session_id}' was stopped before it had answered. With a journal, the next start answers."
        )

    # jobs ------------------------------------------------------------------------------------------------------------

    def said(self, entry: Entry) -> Job:
        """Something comes in."""

        def job(waiting: Caller) -> Awaitable[None]:
            order = self._ordered(waiting)
            order.input = entry
            return self._run(waiting, order, begin)

        return job

    def person_answered(self, answers: Answers) -> Job:
        """A person answers what an unfinished turn asked."""

        async def job(waiting: Caller) -> None:
            known = await recall(self.journal, self.graph.session_id)
            if not known.root.asked:
                raise UserError(f"Session '{self.graph.session_id}' asks nobody anything: there is nothing to answer.")
            order = self._ordered(waiting)
            order.answers = answers
            await self._run(waiting, order, resume)

        return job

    async def taken_up(self, waiting: Caller) -> None:
        """Go on with a conversation that is kept: a turn without an answer is answered, or waits for a person still."""
        known = await recall(self.journal, self.graph.session_id)
        root = known.root
        self.graph.rest(known.state)
        if root.turn == 0 or root.phase == "returned":
            return waiting.answer(Reply())
        if root.asked:
            return waiting.answer(Reply(turn=root.turn, waiting=_asked(known)))
        await self._run(waiting, self._ordered(waiting), resume)

    def heard(self, heard: int) -> Job:
        """A person heard only a part of the last answer."""

        async def job(waiting: Caller) -> None:
            known = await recall(self.journal, self.graph.session_id)
            if known.root.phase == "returned":
                known = await with_events(self.journal, self.graph.session_id, known)
                attempt = Attempt(self.config, self.journal, interpret, self.graph.session_id, known)
                attempt.go_on(known)
                scope = Scope(attempt, known.root.path)
                scope.fold = known.state
                await note_cut(scope, heard)
                cut = known.gone_on(attempt.seq, attempt.root, known.before, scope.fold, attempt.events)
                remember(self.journal, self.graph.session_id, cut)
                self.graph.rest(scope.fold)
            waiting.answer(Reply())

        return job

    def _ordered(self, waiting: Caller) -> Order:
        return Order(self.graph, self.config, conversation=self.graph.session_id, channel=waiting.channel)

    async def _run(self, waiting: Caller, order: Order, prepare: Any) -> None:
        self._order = order
        try:
            result: RunResult[Any] = await take(order, prepare)
            waiting.answer(Reply(turn=result.turn, events=result.events, waiting=result.waiting))
        except ConversationWaiting:
            raise await self._waits() from None
        finally:
            self._order = None

    async def _waits(self) -> ConversationWaiting:
        known = await recall(self.journal, self.graph.session_id)
        asked = list(known.root.asked)
        return ConversationWaiting(
            f"Session '{self.graph.session_id}' waits for a person to answer {asked}. "
            f"Answer first: session.answer({{{asked[0]!r}: True}}), or False."
        )

    def answered(self, path: str, fact: Fact) -> None:
        """The turn has its answer."""
        attempt = None if self._order is None else self._order.attempt
        if attempt is None or self._now is None or path != attempt.root.path:
            return
        match fact:
            case TurnAnswered():
                by, fallback, cut = fact.by, fact.fallback, False
                parts = [part.text for part in fact.parts]
            case TurnCut():
                by, fallback, cut = fact.parts[-1].speaker if fact.parts else "", False, True
                parts = [part.text for part in fact.parts]
            case _:
                return
        self._answered = True
        events = tuple(attempt.events)
        self._now.answer(Reply(BETWEEN.join(parts), parts, by, attempt.root.turn, events, fallback, cut))


def _asked(known: Conversation) -> tuple[Waiting, ...]:
    asked = [one.fact for one in known.root.asked.values()]
    return tuple(Waiting(fact.id, fact.agent, fact.tool, fact.args, fact.question) for fact in asked)
