"""A conversation claimed for an attempt, and the result of a turn that is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from switchroom.attempt import Attempt, Claimed
from switchroom.config import of_run
from switchroom.context import settled
from switchroom.conversation import Conversation, recall, remembered
from switchroom.errors import Fenced, UserError
from switchroom.events import StepFailed
from switchroom.failure import revived
from switchroom.journal import Journal, journal_at
from switchroom.ownership import Owned
from switchroom.result import RunResult
from switchroom.rules.state import NO_RUN
from switchroom.runner.interpreter import interpret
from switchroom.runner.order import Order
from switchroom.runner.queue import Queue
from switchroom.scope import Scope
from switchroom.step import step_name

LATER_S = 0.05
"""Seconds after a run's deadline at which a pending write is given up. The deadline, which cancels the run, comes first."""


def remembered_conversation(order: Order, journal: Journal) -> Conversation | None:
    """Return the conversation as this process remembers it, if its last turn was answered here by the same step.

    The claim of the next turn pays no read then. The journal refuses the claim if another process has gone on.
    """
    known = remembered(journal, order.conversation)
    if known is None or known.root.phase != "returned" or known.root.live or known.root.name != step_name(order.step):
        return None
    return known


async def known_conversation(order: Order, journal: Journal) -> Conversation:
    """Return the conversation as its journal has it.

    Raises:
        UserError: another step answers it.
    """
    known = await recall(journal, order.conversation)
    name = step_name(order.step)
    if known.root.turn and known.root.name != name:
        raise UserError(
            f"Conversation '{order.conversation}' is answered by '{known.root.name}'; '{name}' cannot go on with it. "
            f"Pass the step that began it, or another conversation."
        )
    return known


def new_attempt(order: Order, known: Conversation, journal: Journal) -> Attempt:
    """Return an attempt for a caller: with the listeners of this run, the caller's handles to come, and the stream's reader."""
    config = order.config
    if config.listeners and any(hasattr(listener, "for_run") for listener in config.listeners):
        config = replace(config, listeners=tuple(of_run(listener) for listener in config.listeners))
    attempt = Attempt(config, journal, interpret, order.conversation, known)
    attempt.called_at = order.called_at
    if order.due is not None:
        attempt.write_until = order.due + LATER_S
    elif order.patience_s is not None:
        attempt.write_until = attempt.loop.time() + order.patience_s
    attempt.within = order.within
    if order.state is not None:
        attempt.shared.learn(order.state)
    if order.channel is not None:
        attempt.connect(order.channel)
    return attempt


async def claim_turn(
    order: Order,
    attempt: Attempt,
    queue: Queue | None,
    others: Claimed = (),
    step: Scope | None = None,
) -> bool:
    """Make this process the owner of a conversation; return False if another caller was quicker.

    The caller's handles are made first: a turn whose handles cannot be made is not begun.

    Args:
        order: what the caller asked for.
        attempt: the attempt, whose first fact is folded already.
        queue: the caller's place in the queue; None without a journal.
        others: facts that are recorded together with the first.
        step: the scope of the turn's step, if `others` is the start of that step.
    """
    table = attempt.table
    before: Owned | None = None
    if order.takeover and table is not None:
        before = table.force(attempt.conversation, attempt)
    elif table is not None and not table.enter(attempt.conversation, attempt):
        if queue is not None:
            queue.lost()
        return False
    try:
        if order.deps is not None or order.config.deps is not None:
            await _give_handles(order, attempt)
        if order.tracer is not None:
            order.tracer.begin(attempt.conversation if attempt.journal.keeps else "", attempt.events)
        number = 0 if queue is None else queue.ticket
        pending = attempt.try_claim(others, number, order.takeover, step)
        if pending is not None:
            await pending
    except Fenced:
        if table is not None:
            table.leave(attempt.conversation, attempt, before)
        if queue is None:
            raise
        queue.lost()
        return False
    except BaseException:
        if table is not None:
            table.leave(attempt.conversation, attempt, before)
        raise
    return True


async def _give_handles(order: Order, attempt: Attempt) -> None:
    """Give the attempt the caller's handles, made anew where none were passed: they are of this process and never kept."""
    if order.deps is None and order.config.deps is not None:
        order.deps = await settled(order.config.deps(attempt.conversation))
    attempt.deps = order.deps


def ended_result(order: Order, known: Conversation) -> RunResult[Any]:
    """Return the result of a turn that later turns followed.

    Raises:
        Exception: the failure of the turn.
    """
    root = known.root
    if root.phase == "returned":
        return finished_result(order, known)
    failures = [event.fact for event in known.events if isinstance(event.fact, StepFailed) and event.path == root.path]
    assert failures, "a turn that others followed has returned or failed"
    raise revived(failures[-1])


def finished_result(order: Order, known: Conversation) -> RunResult[Any]:
    """Return the result of a turn that has returned, from what the journal keeps of it."""
    root = known.root
    attempt = new_attempt(order, known, journal_at(order.config.journal))
    attempt.go_on(known)
    step = interpret(order.step)
    step.meet(attempt)
    if order.config.state is not None:
        attempt.shared.learn(order.config.fresh_state(attempt.conversation))
    is_spoken = bool(root.messages) or known.state.live is not None
    final = known.state if is_spoken else NO_RUN  # of a function nothing was said
    return RunResult(attempt, root.path, step.load(known.state.output, known.state.agent), final)
