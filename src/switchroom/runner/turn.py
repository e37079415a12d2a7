"""A turn taken: begun or taken up again, run to its end, to a person's question, or to an error that carries it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.attempt import Attempt, Suspended
from switchroom.channel import Channel
from switchroom.config import RunConfig, of_run
from switchroom.context import REQUEST_ID, settled
from switchroom.conversation import NEW, Conversation, recall, remember
from switchroom.errors import ConversationWaiting, UserError, unknown
from switchroom.events import PersonAnswered, TurnStarted
from switchroom.journal import NO_JOURNAL, Journal, journal_at
from switchroom.result import RunResult
from switchroom.rules.state import NO_RUN
from switchroom.runner.interpreter import interpret
from switchroom.scope import Scope
from switchroom.shared import kept_of
from switchroom.step import step_name
from switchroom.tracing.tracer import Tracer
from switchroom.tracing.values import everywhere

Answers: TypeAlias = Mapping[str, bool | tuple[bool, str]]


class Order(msgspec.Struct):
    """What a caller asked for, as one value; and the attempt at it, once there is one."""

    step: Any
    config: RunConfig
    input: Any = None
    deps: Any = None
    state: Any = None
    conversation: str = ""
    answers: Answers = {}
    channel: Channel | None = None
    attempt: Attempt | None = None
    tracer: Tracer | None = None


Prepare: TypeAlias = Callable[[Order], Awaitable[tuple[Scope, Any]]]
"""Readies a turn: the scope of the turn, and what its step is given."""


async def take(order: Order, prepare: Prepare) -> RunResult[Any]:
    """Take a turn, and give its result; an exception that leaves the run carries it as `run`."""
    if not isinstance(order.config, RunConfig):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"config={order.config!r}: pass RunConfig(...).")
    if order.config.request_id and order.config.request_id != REQUEST_ID.get():
        return await _requested(order, prepare)
    if order.tracer is None and (order.config.trace_processors or everywhere):
        return await _traced(order, prepare)
    scope, input = await prepare(order)
    attempt = order.attempt = scope.attempt
    if order.tracer is not None:
        attempt.traced = order.tracer.trace_id
    root = attempt.root
    if root.phase == "returned":  # and there is nothing left to do
        output = interpret(order.step).load(scope.last.output, scope.last.agent)
        is_spoken = bool(root.messages) or scope.last.live is not None
        return RunResult(attempt, root.path, output, scope.last if is_spoken else NO_RUN)  # of a function nothing was said
    output: Any = None
    try:
        output = await scope.enter(order.step, input, root.path, attempt.config)
    except Suspended:
        if attempt.siblings is not None:
            await attempt.siblings.finish()
    except Exception as error:
        _carry(error, RunResult(attempt, root.path, None, scope.last))
        raise
    finally:
        if attempt.siblings is not None:
            await attempt.siblings.stop()
        attempt.failures.clear()  # their tracebacks hold on to everything
        attempt.task = None
        for interruption in attempt.inbox:
            interruption.refuse("The run ended before the interruption was taken.")
    if attempt.journal.keeps and attempt.root.phase == "returned":
        if scope.last is NO_RUN:  # of a step that is no agent nothing is folded on the way
            known = attempt.known.after(event for event in attempt.events if event.seq > attempt.known.seq)
        else:
            known = Conversation(attempt.seq, attempt.root, attempt.before, scope.last, tuple(attempt.events))
        remember(attempt.journal, attempt.conversation, known)
    return RunResult(attempt, root.path, output, scope.last)


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


async def begin(order: Order) -> tuple[Scope, Any]:
    """Begin the next turn. A turn that a crash left unfinished is finished first.

    Raises:
        ConversationWaiting: a person has to answer first.
        UserError: a conversation without a journal, or one that another step answers.
    """
    journal = NO_JOURNAL if order.config.journal is None else journal_at(order.config.journal)
    known = NEW
    if order.conversation:
        if not journal.keeps:
            raise UserError(
                f"conversation='{order.conversation}' needs a journal to be kept in: RunConfig(journal='sqlite:///chats.db')."
            )
        known = await _known(order)
        if known.root.phase == "open":
            _refuse_waiting(order, known)
            await take(order, resume)
            known = await _known(order)
            _refuse_waiting(order, known)
    step = interpret(order.step)
    messages, plain = step.kept(order.input)
    if order.config.redact is not None:
        messages = order.config.redacted(messages)
    turn = known.root.turn + 1
    scope = Scope(_attempt(order, known, journal), f"turn#{turn}")
    if order.tracer is not None:
        order.tracer.begin(scope.conversation if journal.keeps else "")
    state = order.state
    if order.config.state is not None:
        fresh = order.config.fresh_state(scope.conversation)  # of a conversation that goes on, its type is what is wanted
        scope.attempt.shared.learn(fresh)
        if state is None and known.root.shared is None:
            state = fresh
    if order.deps is not None or order.config.deps is not None:
        await _give_handles(order, scope)
    await scope.note(TurnStarted(turn, 1, step.name, messages, plain, None if state is None else kept_of(state)))
    return scope, messages or order.input


async def resume(order: Order) -> tuple[Scope, Any]:
    """Take the last turn up again as a new attempt, with a person's answers; of one that is over, give what it gave.

    Raises:
        UserError: there is no such conversation, or an answer is to nothing that was asked.
    """
    known = await _known(order)
    root = known.root
    if root.turn == 0:
        raise UserError(f"There is no conversation '{order.conversation}' in this journal to resume. Start it with Runner.run.")
    for id, answer in order.answers.items():
        if id not in root.asked:
            raise UserError(unknown(f"Conversation '{order.conversation}'", "open question", id, root.asked))
        if not _is_answer(answer):
            raise UserError(f"answers={{{id!r}: {answer!r}}}: answer True or False, or (False, 'a note for the model').")
    attempt = _attempt(order, known, journal_at(order.config.journal))
    attempt.go_on(known)
    scope = Scope(attempt, f"turn#{root.turn}")
    if order.config.state is not None:
        attempt.shared.learn(order.config.fresh_state(attempt.conversation))
    if root.phase == "returned":
        interpret(order.step).meet(attempt)
        scope.last = known.state
        return scope, None
    if order.tracer is not None:
        order.tracer.begin(attempt.conversation, known.events)
    if order.deps is not None or order.config.deps is not None:
        await _give_handles(order, scope)
    await scope.note(TurnStarted(root.turn, root.attempt + 1, root.name))
    for id, answer in order.answers.items():
        asked = root.asked[id]
        yes, note = answer if isinstance(answer, tuple) else (answer, "")
        await Scope(attempt, asked.path).note(PersonAnswered(asked.fact.index, id, yes, note))
        attempt.past.setdefault(asked.path, []).append(attempt.events[-1])
    return scope, interpret(order.step).given(root)


def _is_answer(answer: Any) -> bool:
    match answer:
        case bool():
            return True
        case tuple():
            return [type(part) for part in cast("tuple[Any, ...]", answer)] == [bool, str]
        case _:
            return False


async def _known(order: Order) -> Conversation:
    """The conversation as its journal has it.

    Raises:
        UserError: another step answers it.
    """
    known = await recall(journal_at(order.config.journal), order.conversation)
    name = step_name(order.step)
    if known.root.turn and known.root.name != name:
        raise UserError(
            f"Conversation '{order.conversation}' is answered by '{known.root.name}'; '{name}' cannot go on with it. "
            f"Pass the step that began it, or another conversation."
        )
    return known


def _refuse_waiting(order: Order, known: Conversation) -> None:
    if known.root.asked:
        first = next(iter(known.root.asked.values())).fact
        meant = "may it be called" if first.question == "approval" else "did it happen before the crash"
        raise ConversationWaiting(
            f"Conversation '{order.conversation}' waits for a person to answer {list(known.root.asked)}. "
            f"Answer with Runner.resume(..., answers={{{first.id!r}: True}}), or False; of '{first.tool}' that says: {meant}?"
        )


def _attempt(order: Order, known: Conversation, journal: Journal) -> Attempt:
    config = order.config
    if config.listeners and any(hasattr(listener, "for_run") for listener in config.listeners):
        config = replace(config, listeners=tuple(of_run(listener) for listener in config.listeners))
    attempt = Attempt(config, journal, interpret, order.conversation, known)
    if order.state is not None:
        attempt.shared.learn(order.state)
    if order.channel is not None:
        attempt.connect(order.channel)
    return attempt


async def _give_handles(order: Order, scope: Scope) -> None:
    """The caller's handles, made anew where none were passed: they are of this process and never kept."""
    attempt = scope.attempt
    attempt.deps = order.deps
    if order.deps is None and order.config.deps is not None:
        attempt.deps = await settled(order.config.deps(attempt.conversation))


def _carry(error: Exception, result: RunResult[Any]) -> None:
    with contextlib.suppress(Exception):  # an exception that takes no attribute goes out as it is
        error.run = result  # pyright: ignore[reportAttributeAccessIssue]
