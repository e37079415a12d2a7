"""A turn: begun or resumed under one owner, run to its end, to a person's question, or to an error that carries the run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.attempt import Attempt, Suspended
from switchroom.config import RunConfig
from switchroom.context import CURRENT, REQUEST_ID, settled
from switchroom.conversation import NEW, Conversation, recall_turn, remember, with_events
from switchroom.errors import ConversationWaiting, DeadlineExceeded, JournalBusy, UserError, unknown
from switchroom.events import PersonAnswered, TurnStarted
from switchroom.failure import log_error
from switchroom.journal import NO_JOURNAL, Accepted, Journal, journal_at
from switchroom.ownership import Table, table_at
from switchroom.result import RunResult
from switchroom.rules.root import Root
from switchroom.rules.state import NO_RUN
from switchroom.runner.claiming import (
    claim_turn,
    ended_result,
    finished_result,
    known_conversation,
    new_attempt,
    remembered_conversation,
)
from switchroom.runner.interpreter import interpret
from switchroom.runner.joining import join
from switchroom.runner.order import Order as Order
from switchroom.runner.queue import Queue
from switchroom.runner.while_waiting import answer_meanwhile
from switchroom.scope import Opened, Scope
from switchroom.shared import kept_of
from switchroom.tracing.tracer import Tracer
from switchroom.tracing.values import everywhere

log = logging.getLogger("switchroom")


class Turn(msgspec.Struct, frozen=True):
    """A turn that is claimed: its scope, its step's input, and the step itself, if the step's start is recorded already."""

    scope: Scope
    input: Any
    started: Opened | None = None


Prepared: TypeAlias = "Turn | RunResult[Any]"
"""A turn that is claimed; or the result, where nothing is left to do."""

Prepare: TypeAlias = Callable[[Order], Awaitable[Prepared]]
"""Readies a turn."""


async def take(order: Order, prepare: Prepare) -> RunResult[Any]:
    """Take a turn, and give its result; an exception that leaves the run carries it as `run`."""
    if not isinstance(order.config, RunConfig):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"config={order.config!r}: pass RunConfig(...).")
    if order.config.request_id and order.config.request_id != REQUEST_ID.get():
        return await _requested(order, prepare)
    if order.tracer is None and (order.config.trace_processors or everywhere):
        return await _traced(order, prepare)
    if not order.called_at:
        parent = CURRENT.get()
        order.called_at = asyncio.get_running_loop().time()
        order.within = order.within or (None if parent is None else parent.attempt)
    try:
        prepared = await prepare(order)
    except JournalBusy as error:
        if order.config.deadline is None or order.due is None or asyncio.get_running_loop().time() < order.due:
            raise
        raise DeadlineExceeded(f"The run's deadline of {order.config.deadline} s passed while the journal was busy.") from error
    if isinstance(prepared, RunResult):
        return prepared
    scope = prepared.scope
    attempt = order.attempt = scope.attempt
    if order.tracer is not None:
        attempt.traced = order.tracer.trace_id
    root = attempt.root
    output: Any = None
    try:
        output = await scope.enter(order.step, prepared.input, root.path, attempt.config, prepared.started)
    except Suspended:
        if attempt.siblings is not None:
            await attempt.siblings.finish()
    except Exception as error:
        _carry(error, RunResult(attempt, root.path, None, scope.last))
        raise
    finally:
        try:
            if attempt.siblings is not None:
                await attempt.siblings.stop()
        finally:
            attempt.failures.clear()  # their tracebacks hold on to everything
            attempt.refusals.clear()
            attempt.task = attempt.main = attempt.on_stop = None
            for interruption in attempt.inbox:
                interruption.refuse("The run ended before the interruption was taken.")
            if (ending := attempt.end()) is not None:
                await ending
    _remember(attempt, scope)
    return RunResult(attempt, root.path, output, scope.last)


def _remember(attempt: Attempt, scope: Scope) -> None:
    """Keep the fold of a finished turn in this process."""
    if not attempt.journal.keeps or attempt.root.phase != "returned":
        return
    if scope.last is NO_RUN:  # of a step that is no agent nothing is folded on the way
        known = attempt.known.after(event for event in attempt.events if event.seq > attempt.known.seq)
    else:
        known = attempt.known.gone_on(attempt.seq, attempt.root, attempt.before, scope.last, attempt.events)
    remember(attempt.journal, attempt.conversation, known)


async def _requested(order: Order, prepare: Prepare) -> RunResult[Any]:
    """Take a turn that serves a request of its own."""
    token = REQUEST_ID.set(order.config.request_id)
    try:
        return await take(order, prepare)
    finally:
        REQUEST_ID.reset(token)


async def _traced(order: Order, prepare: Prepare) -> RunResult[Any]:
    """Take a turn, and give its trace to the processors."""
    config = order.config
    tracer = order.tracer = Tracer(config.trace_processors, config.workflow_name, config.trace_include_sensitive_data)
    order.config = replace(config, listeners=(*config.listeners, tracer))
    try:
        result = await take(order, prepare)
    except BaseException as error:
        tracer.close(error)
        raise
    tracer.close()
    return result


# the next turn ---------------------------------------------------------------------------------------------------------


async def begin(order: Order) -> Prepared:
    """Begin the next turn, when no other turn of the conversation is being answered.

    A turn that a crash left unfinished is finished first. A message that comes while a person is asked is answered at once.

    Raises:
        ConversationBusy: another message is being answered, and the run does not wait, or no longer.
        ConversationWaiting: a person has to answer first, and `while_waiting` is None.
        UserError: a conversation without a journal, or one that another step answers.
    """
    journal = NO_JOURNAL if order.config.journal is None else journal_at(order.config.journal)
    step = interpret(order.step)
    messages, plain = step.kept(order.input)
    if order.config.redact is not None:
        messages = order.config.redacted(messages)
    order.kept = messages, plain
    if not journal.keeps:
        if order.conversation or order.message_id:
            given = f"conversation='{order.conversation}'" if order.conversation else f"message_id='{order.message_id}'"
            raise UserError(f"{given} needs a journal to be kept in: RunConfig(journal='sqlite:///chats.db').")
        prepared = await _start(order, journal, NEW, None)
        assert prepared is not None, "nobody else was quicker"
        return prepared
    is_new = not order.conversation
    order.conversation = order.conversation or uuid.uuid4().hex
    table = table_at(journal)
    with Queue(order, table) as queue:
        while True:
            prepared = await (_start(order, journal, NEW, queue) if is_new else _next(order, journal, table, queue))
            if prepared is not None:
                return prepared
            is_new = False


async def _next(order: Order, journal: Journal, table: Table, queue: Queue) -> Prepared | None:
    """Do what the conversation needs next; None if the conversation has to be looked at again."""
    if table.owes:
        await table.write(order.conversation)
    if order.message_id:
        accepted = await settled(table.journal.accepted(order.conversation, order.message_id))
        if accepted is not None:
            return await join(order, accepted, queue, lambda: take(_joined(order, accepted, queue.ticket), resume))
    # A claim that may be refused would make handles for nothing.
    is_read = queue.has_lost or (order.deps is None and order.config.deps is not None)
    known = None if is_read else remembered_conversation(order, journal)
    if known is None:
        known = await known_conversation(order, journal)
    root = known.root
    if not await queue.is_first(known):
        await queue.wait(known)
    elif root.phase != "open":
        return await _start(order, journal, known, queue)
    elif not root.asked:
        await queue.take_place()
        await _finish_before(order, queue.ticket)
    elif order.config.while_waiting is None:
        raise _waits(order, known)
    else:
        return await answer_meanwhile(order, new_attempt(order, known, journal), queue)
    return None


def _unfinished(order: Order) -> Order:
    """Return the order to finish the turn that stands before a caller's message. Its events are not the caller's."""
    config = order.config
    if order.tracer is not None:  # the turn has a trace of its own
        config = replace(config, listeners=tuple(one for one in config.listeners if one is not order.tracer))
    return Order(
        order.step,
        config,
        deps=order.deps,
        conversation=order.conversation,
        called_at=order.called_at,
        within=order.within,
    )


def _joined(order: Order, accepted: Accepted, ticket: int) -> Order:
    """Return the order to finish the turn of a repeated message: it is the caller's own turn, so nothing refuses it."""
    unfinished = _unfinished(order)
    unfinished.config = replace(order.config, when_busy="wait", busy_timeout=math.inf)
    unfinished.turn = accepted
    unfinished.ticket = ticket  # the caller keeps its place
    return unfinished


async def _finish_before(order: Order, ticket: int) -> None:
    """Finish an unfinished turn whose owner is gone, before the caller's own message.

    A failure of the step is the outcome of that turn. It is recorded there, and is not the caller's.
    """
    unfinished = _unfinished(order)
    unfinished.ticket = ticket  # the caller keeps its place
    try:
        if order.finish is None:
            await take(unfinished, resume)
        else:
            await order.finish(unfinished)
    except Exception as error:
        attempt = unfinished.attempt
        if attempt is None or attempt.root.phase != "failed":
            raise
        log_error(
            log,
            error,
            "Conversation '%s': turn %d, which its own caller had left unfinished, failed. The next message is answered",
            order.conversation,
            attempt.root.turn,
        )


async def _start(order: Order, journal: Journal, known: Conversation, queue: Queue | None) -> Turn | None:
    """Begin a turn as its owner; None if another caller was quicker.

    The start of the step is recorded together with the claim, in one write. A step that cannot start claims nothing.
    """
    step = interpret(order.step)
    messages, plain = order.kept or ((), None)
    attempt = new_attempt(order, known, journal)
    turn = known.root.turn + 1
    scope = Scope(attempt, f"turn#{turn}")
    state = order.state
    if order.config.state is not None:
        fresh = order.config.fresh_state(attempt.conversation)  # of a conversation that goes on, its type is what is wanted
        attempt.shared.learn(fresh)
        if state is None and known.root.shared is None:
            state = fresh
    kept_state = None if state is None else kept_of(state)
    started = TurnStarted(turn, 1, step.name, messages, plain, kept_state, attempt.owner, order.message_id)
    attempt.begin(scope.path, started)
    input = messages or order.input
    try:
        opened = scope.open(order.step, input, attempt.root.path, attempt.config)
    except Exception as error:
        _carry(error, RunResult(attempt, attempt.root.path, None, NO_RUN))
        raise
    if not await claim_turn(order, attempt, queue, ((opened.scope.path, opened.start),), opened.scope):
        return None
    return Turn(scope, input, opened)


# a turn that was begun before ------------------------------------------------------------------------------------------


async def resume(order: Order) -> Prepared:
    """Take the last turn up again as a new attempt, with a person's answers; of one that is over, give what it gave.

    The turn is the one that was the last when the caller asked, however many others follow while the caller waits.

    Raises:
        ConversationBusy: the turn is live, and the run does not wait, or no longer.
        UserError: there is no such conversation, or an answer is to nothing that was asked.
    """
    journal = journal_at(order.config.journal)
    table = table_at(journal)
    with Queue(order, table) as queue:
        while True:
            if table.owes:
                await table.write(order.conversation)
            known = await known_conversation(order, journal)
            if known.root.turn == 0:
                raise UserError(
                    f"There is no conversation '{order.conversation}' in this journal to resume. Start it with Runner.run."
                )
            order.turn = order.turn or Accepted(known.root.turn, known.root.began)
            if known.root.turn != order.turn.turn:  # others were quicker, and went on
                _check_answers(order, known)
                return ended_result(order, await recall_turn(journal, order.conversation, order.turn.seq))
            if not order.takeover and not await queue.is_first(known):
                await queue.wait(known, may_interrupt=False)
                continue
            _check_answers(order, known)
            prepared = await _taken_up(order, journal, known, queue)
            if prepared is not None:
                return prepared


async def _taken_up(order: Order, journal: Journal, known: Conversation, queue: Queue) -> Prepared | None:
    """Begin a new attempt at the last turn, or give the result of a finished one; None if another caller was quicker."""
    root = known.root
    known = await with_events(journal, order.conversation, known)
    if root.phase == "returned":
        return finished_result(order, known)
    attempt = new_attempt(order, known, journal)
    attempt.go_on(known)
    scope = Scope(attempt, f"turn#{root.turn}")
    if order.config.state is not None:
        attempt.shared.learn(order.config.fresh_state(attempt.conversation))
    started = TurnStarted(root.turn, root.attempt + 1, root.name, owner=attempt.owner)
    attempt.begin(scope.path, started)
    if not await claim_turn(order, attempt, queue, _answered(order, root)):
        return None
    return Turn(scope, interpret(order.step).given(root))


def _answered(order: Order, root: Root) -> list[tuple[str, PersonAnswered]]:
    """Return a person's answers as facts, each with the path of the run that asked."""
    facts: list[tuple[str, PersonAnswered]] = []
    for id, answer in order.answers.items():
        asked = root.asked[id]
        yes, note = answer if isinstance(answer, tuple) else (answer, "")
        facts.append((asked.path, PersonAnswered(asked.fact.index, id, yes, note)))
    return facts


def _check_answers(order: Order, known: Conversation) -> None:
    """Check that each answer is to an open question.

    Raises:
        UserError: an answer is to nothing that was asked, or is neither True nor False.
    """
    for id, answer in order.answers.items():
        if id not in known.root.asked:
            raise UserError(unknown(f"Conversation '{order.conversation}'", "open question", id, known.root.asked))
        if not _is_answer(answer):
            raise UserError(f"answers={{{id!r}: {answer!r}}}: answer True or False, or (False, 'a note for the model').")


def _is_answer(answer: Any) -> bool:
    match answer:
        case bool():
            return True
        case tuple():
            return [type(part) for part in cast("tuple[Any, ...]", answer)] == [bool, str]
        case _:
            return False


def _waits(order: Order, known: Conversation) -> ConversationWaiting:
    first = next(iter(known.root.asked.values())).fact
    meant = "may it be called" if first.question == "approval" else "did it happen before the crash"
    return ConversationWaiting(
        f"Conversation '{order.conversation}' waits for a person to answer {list(known.root.asked)}. "
        f"Answer with Runner.resume(..., answers={{{first.id!r}: True}}), or False; of '{first.tool}' that says: {meant}?"
    )


def _carry(error: Exception, result: RunResult[Any]) -> None:
    with contextlib.suppress(Exception):  # an exception that takes no attribute goes out as it is
        error.run = result  # pyright: ignore[reportAttributeAccessIssue]
