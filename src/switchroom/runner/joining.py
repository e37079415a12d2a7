"""A repeated message: the same message id stands for the same turn and the same answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from switchroom.conversation import Conversation, recall, recall_turn, with_events
from switchroom.errors import UserError
from switchroom.events import AnsweredWhileWaiting, RunEvent, TurnStarted
from switchroom.journal import Accepted, journal_at
from switchroom.ownership import table_at
from switchroom.result import RunResult
from switchroom.runner.claiming import ended_result, finished_result, new_attempt
from switchroom.runner.interpreter import interpret
from switchroom.runner.order import Order
from switchroom.runner.queue import Queue
from switchroom.runner.while_waiting import text_message


async def join(
    order: Order, accepted: Accepted, queue: Queue, finish: Callable[[], Awaitable[RunResult[Any]]]
) -> RunResult[Any] | None:
    """Return the result of the turn that a message id stands for; while the turn is live, wait for it.

    Args:
        order: the repeated message.
        accepted: the turn of the id.
        queue: where the caller waits.
        finish: finishes the turn if its attempt has ended without a result.

    Returns:
        the result; None if the first caller's process ended before the message was answered beside a waiting turn.

    Raises:
        UserError: the id stands for another message.
        Exception: the failure of the turn, if later turns followed it.
    """
    journal = journal_at(order.config.journal)
    conversation = order.conversation
    table = table_at(journal)
    while True:
        known = await recall(journal, conversation)
        is_last = known.root.turn == accepted.turn
        if is_last:
            known = await with_events(journal, conversation, known)
        else:
            known = await recall_turn(journal, conversation, accepted.seq)
        root = known.root
        is_live = is_last and table.is_live(conversation, root)
        events = [event for event in known.events if event.seq >= accepted.seq]
        started = events[0].fact
        if isinstance(started, TurnStarted) and started.attempt > 1:
            if is_live and not any(isinstance(event.fact, AnsweredWhileWaiting | TurnStarted) for event in events[1:]):
                await queue.wait_for_turn()
                continue
            return _answered_while_waiting(order, known, events)
        _check_same_message(order, known)
        if root.phase == "returned":
            return finished_result(order, known)
        if is_live:
            await queue.wait_for_turn()
        elif is_last and root.asked:
            attempt = new_attempt(order, known, journal)
            attempt.go_on(known)
            interpret(order.step).meet(attempt)
            return RunResult(attempt, root.path, None, known.state)
        elif is_last:
            return await finish()
        else:
            return ended_result(order, known)


def _check_same_message(order: Order, known: Conversation) -> None:
    """Check that a repeated message is the recorded one.

    Raises:
        UserError: it is another one.
    """
    if order.kept != (known.root.messages, known.root.input):
        raise _other_message(order, known.root.turn)


def _other_message(order: Order, turn: int) -> UserError:
    return UserError(
        f"message_id='{order.message_id}' of conversation '{order.conversation}' stands for another message, that of turn "
        f"{turn}. Give each message an id of its own."
    )


def _answered_while_waiting(order: Order, known: Conversation, events: list[RunEvent]) -> RunResult[Any] | None:
    """Return the answer that a message got beside a turn that waited for a person."""
    for event in events[1:]:
        match event.fact:
            case AnsweredWhileWaiting() as answered:
                if answered.message != text_message(order):
                    raise _other_message(order, known.root.turn)
                attempt = new_attempt(order, known, journal_at(order.config.journal))
                attempt.go_on(known)
                interpret(order.step).meet(attempt)
                return RunResult(attempt, event.path, answered.text, known.state)
            case TurnStarted():
                break
            case _:
                pass
    order.message_id = ""  # the id is spent, and its message was never answered: answer it as a message without an id
    return None
