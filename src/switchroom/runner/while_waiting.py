"""A message that comes while a person is asked: answered at once, and shown to the agent later."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, cast

from switchroom.agent import Agent
from switchroom.attempt import Attempt, Suspended
from switchroom.config import WHILE_WAITING
from switchroom.errors import Fenced, JournalError
from switchroom.events import AnsweredWhileWaiting, RunEvent, TextDelta, TurnStarted
from switchroom.failure import told
from switchroom.messages import Message
from switchroom.result import RunResult
from switchroom.rules.state import GoingOn, State, carried
from switchroom.runner.claiming import claim_turn
from switchroom.runner.interpreter import interpret
from switchroom.runner.order import Order
from switchroom.runner.queue import Queue
from switchroom.schema import as_text
from switchroom.scope import Scope
from switchroom.team import Team

log = logging.getLogger("switchroom")


async def answer_meanwhile(order: Order, attempt: Attempt, queue: Queue) -> RunResult[Any] | None:
    """Answer a message beside a turn that waits for a person, and record both inside that turn.

    The agent that asked sees them after the results of its calls.

    Args:
        order: the message.
        attempt: a new attempt at the waiting turn, which records and ends.
        queue: the caller's place.

    Returns:
        the result, whose `waiting` says what the person is asked; None if another caller was quicker.
    """
    root = attempt.known.root
    attempt.go_on(attempt.known)
    scope = Scope(attempt, f"turn#{root.turn}")
    started = TurnStarted(root.turn, root.attempt + 1, root.name, owner=attempt.owner, message_id=order.message_id)
    attempt.begin(scope.path, started)
    if not await claim_turn(order, attempt, queue):
        return None
    path = f"{scope.path}/while_waiting#{len(root.asides) // 2}"
    try:
        text = await _text(order, scope, path)
        asker = next(iter(root.asked.values())).path
        await Scope(attempt, asker).note(AnsweredWhileWaiting(text_message(order), text))
        if attempt.streamed:
            attempt.show(RunEvent(path, TextDelta(text)))
    finally:
        if (ending := attempt.end()) is not None:
            await ending
    interpret(order.step).meet(attempt)
    return RunResult(attempt, path, text, attempt.known.state)


def text_message(order: Order) -> Message:
    """Return what the caller said as one message."""
    messages, plain = order.kept or ((), None)
    match messages:
        case (message,):
            return message
        case ():
            return Message("user", as_text(plain, f"The input of conversation '{order.conversation}'"))
        case _:
            return Message("user", "\n".join(message.text for message in messages))


async def _text(order: Order, scope: Scope, path: str) -> str:
    """Return the answer: the configured text, or what the configured step makes; a sentence of ours if the step fails."""
    answer = order.config.while_waiting
    if isinstance(answer, str):
        return answer
    attempt = scope.attempt
    try:
        output = await scope.enter(_without_tools(answer), _input(answer, attempt, order), path, attempt.config)
        return as_text(output, "while_waiting=") or WHILE_WAITING
    except (Fenced, JournalError):
        raise
    except (Exception, Suspended) as error:
        log.error("The step of while_waiting= failed; a sentence answers instead: %s: %s", type(error).__name__, told(error))
        return WHILE_WAITING
    finally:
        if attempt.siblings is not None:
            await attempt.siblings.stop()


def _without_tools(step: Any) -> Any:
    """Return a step that can only answer: an agent without tools and handoffs, of a team its first agent."""
    match step:
        case Team():
            return _without_tools(step.first)
        case Agent():
            return replace(cast("Agent[Any]", step), tools=(), handoffs=())
        case _:
            return step


def _input(step: Any, attempt: Attempt, order: Order) -> Any:
    """Return what the step is given: an agent knows the conversation so far, a function gets the text."""
    message = text_message(order)
    if not isinstance(step, Agent | Team):
        return message.text
    known = attempt.known
    history = carried(known.state).history if known.state.history.length else known.before.history
    return GoingOn(State(history=history, heard=history.length), (message,))
