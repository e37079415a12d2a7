"""The line of a session: what comes in waits its turn, is run as a turn of the conversation, and gets its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeAlias

from switchroom.arguments import Answers
from switchroom.attempt import Attempt
from switchroom.channel import Channel
from switchroom.config import RunConfig
from switchroom.context import CURRENT
from switchroom.conversation import Conversation, recall, remember, with_events
from switchroom.errors import ConversationBusy, ConversationWaiting, Fenced, RunError, UserError
from switchroom.events import RunEvent, TurnAnswered, TurnCut
from switchroom.journal import NO_JOURNAL, Journal
from switchroom.ownership import Owned, table_at
from switchroom.result import RunResult, Waiting
from switchroom.runner.interpreter import interpret
from switchroom.runner.turn import Order, Prepare, begin, resume, take
from switchroom.scope import Scope
from switchroom.session.exchange import GRACE, UNRECORDED, Entry, note_cut
from switchroom.session.graph import Graph
from switchroom.session.owed import OwedReplies
from switchroom.session.reply import Reply, reply_in, reply_of
from switchroom.session.watchdog import watchdog

Job: TypeAlias = "Callable[[Caller], Awaitable[None]]"


class Caller:
    """Something that came in and waits for its reply."""

    __slots__ = ("channel", "job", "reply", "within")

    def __init__(self, job: Job, channel: Channel | None = None) -> None:
        self.job = job
        self.channel = channel
        scope = CURRENT.get()
        self.within: Owned | None = None if scope is None else scope.attempt
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    @property
    def has_left(self) -> bool:
        """Return True if the caller read a stream and has left it."""
        return self.channel is not None and self.channel.has_left

    def answer(self, reply: Reply) -> None:
        """Give the reply to the caller, unless the caller was cancelled."""
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

    __slots__ = (
        "_answered",
        "_now",
        "_order",
        "_owed",
        "_own",
        "_queue",
        "_worker",
        "completed",
        "config",
        "graph",
        "journal",
        "over",
    )

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
        self._own: Order | None = None
        self._owed = OwedReplies(journal, graph.session_id)
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

    def admit(self) -> None:
        """Do what `when_busy` says, if another message of the session is being answered.

        Raises:
            ConversationBusy: the message is refused.
        """
        if not self.busy or self.over:
            return
        match self.config.when_busy:
            case "wait":
                pass
            case "refuse":
                raise ConversationBusy(
                    f"Session '{self.graph.session_id}' is answering another message, and when_busy='refuse' does not wait for "
                    "it. The message was not recorded; send it again later."
                )
            case "interrupt":
                self.graph.exchange.interrupt(None)

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
                    self._owe(waiting)
                    self._now = self._own = None
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

    def said(self, entry: Entry, message_id: str = "") -> Job:
        """Something comes in."""

        async def job(waiting: Caller) -> None:
            await self._owed.collect()
            order = self._ordered(waiting)
            order.input = entry
            order.message_id = message_id
            order.patience_s = self.graph.deadline
            order.finish = self._finish
            try:
                await self._run(waiting, order, begin)
            except ConversationBusy:
                if self.config.when_busy == "refuse" or order.attempt is not None:
                    raise
                await self._fall_back(waiting, entry)

        return job

    async def _finish(self, unfinished: Order) -> None:
        """Finish the turn that stands before a message. Its reply belongs to the message that began the turn."""
        outer, self._order = self._order, unfinished
        try:
            await take(unfinished, resume)
        finally:
            self._order = outer

    async def _fall_back(self, waiting: Caller, entry: Entry) -> None:
        """Let the fallback answer a message that could not be recorded, because the conversation was busy for too long."""
        graph = self.graph
        live, at_rest = graph.live, graph.known
        config = replace(self.config, journal=NO_JOURNAL)
        unrecorded = Entry(entry.messages, {**(entry.about or {}), UNRECORDED: True})
        try:
            result = await take(Order(graph, config, unrecorded, channel=waiting.channel), begin)
        finally:
            graph.live, graph.at_rest = live, at_rest
        reply = reply_in(result.events, result.path, 0)
        assert reply is not None, "the fallback speaks last"
        self._deliver(waiting, reply)

    def _owe(self, waiting: Caller) -> None:
        """Remember a turn that this session began and whose caller got an error: its reply comes with a later one."""
        own = self._own
        if own is None or own.attempt is None or self._answered or own.attempt.root.asked:
            return
        reply = waiting.reply
        if not reply.done() or reply.cancelled() or reply.exception() is not None:
            self._owed.owe(own.attempt)

    def person_answered(self, answers: Answers) -> Job:
        """A person answers what an unfinished turn asked."""

        async def job(waiting: Caller) -> None:
            known = await recall(self.journal, self.graph.session_id)
            if not known.root.asked and not known.root.live:
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
        busy = table_at(self.journal).is_live(self.graph.session_id, root)
        if root.turn == 0 or root.phase == "returned" or busy:
            waiting.answer(Reply())
            return
        if root.asked:
            waiting.answer(Reply(turn=root.turn, waiting=_asked(known)))
            return
        await self._run(waiting, self._ordered(waiting), resume)

    def heard(self, heard: int) -> Job:
        """A person heard only a part of the last answer."""

        async def job(waiting: Caller) -> None:
            with suppress(Fenced):  # another message came meanwhile, so the answer is not the last any more
                await self._cut(heard)
            waiting.answer(Reply())

        return job

    async def _cut(self, heard: int) -> None:
        """Cut the last answer, which was complete, to what a person heard of it."""
        known = await recall(self.journal, self.graph.session_id)
        if known.root.phase != "returned" or table_at(self.journal).live(self.graph.session_id) is not None:
            return
        known = await with_events(self.journal, self.graph.session_id, known)
        attempt = Attempt(self.config, self.journal, interpret, self.graph.session_id, known)
        attempt.go_on(known)
        scope = Scope(attempt, known.root.path)
        scope.fold = known.state
        await note_cut(scope, heard)
        cut = known.gone_on(attempt.seq, attempt.root, known.before, scope.fold, attempt.events)
        remember(self.journal, self.graph.session_id, cut)
        self.graph.rest(scope.fold, (cut.generation, attempt.seq))

    def _ordered(self, waiting: Caller) -> Order:
        order = Order(self.graph, self.config, conversation=self.graph.session_id, channel=waiting.channel)
        order.within = waiting.within
        return order

    async def _run(self, waiting: Caller, order: Order, prepare: Prepare) -> None:
        self._order = self._own = order
        try:
            result: RunResult[Any] = await take(order, prepare)
            if not self._answered:
                self._deliver(waiting, self._reply_of(result))
                self._answered = True
        except ConversationWaiting:
            raise await self._waits() from None
        finally:
            self._order = None

    def _reply_of(self, result: RunResult[Any]) -> Reply:
        """Return the reply of a turn that was joined, waits for a person, or was answered while another waits for one."""
        reply = reply_in(result.events, result.path, result.turn)
        if reply is not None:
            return reply
        text = result.final_output if isinstance(result.final_output, str) else ""
        return Reply(text, [text] if text else [], turn=result.turn, events=result.events, waiting=result.waiting)

    def _deliver(self, waiting: Caller, reply: Reply) -> None:
        """Give a caller the reply, with those that earlier callers did not get; a cancelled caller's comes with the next."""
        if waiting.reply.cancelled():
            if reply.turn:  # else nothing of it is recorded
                self._owed.keep(reply)
        elif not waiting.reply.done():
            earlier = () if waiting.has_left else self._owed.take()
            waiting.answer(replace(reply, earlier=earlier))

    async def _waits(self) -> ConversationWaiting:
        known = await recall(self.journal, self.graph.session_id)
        asked = list(known.root.asked)
        return ConversationWaiting(
            f"Session '{self.graph.session_id}' waits for a person to answer {asked}. "
            f"Answer first: session.answer({{{asked[0]!r}: True}}), or False."
        )

    def answered(self, path: str, fact: TurnAnswered | TurnCut) -> None:
        """Settle a reply by its turn: the caller's own turn, or one that stands before it."""
        order = self._order
        attempt = None if order is None else order.attempt
        if attempt is None or self._now is None or path != attempt.root.path:
            return
        reply = reply_of(fact, attempt.events, attempt.root.turn)
        if order is self._own:
            if not self._answered:
                self._deliver(self._now, reply)
            self._answered = True
        else:
            self._owed.settle(attempt, reply)


def _asked(known: Conversation) -> tuple[Waiting, ...]:
    asked = [one.fact for one in known.root.asked.values()]
    return tuple(Waiting(fact.id, fact.agent, fact.tool, fact.args, fact.question) for fact in asked)
