"""A node at work: it deals with what it gets one by one, in order, and what fails of it stays with it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, cast

from switchroom.attempt import Suspended, is_cancelled, left_by
from switchroom.context import CURRENT
from switchroom.errors import RunError, UserError
from switchroom.session.delivery import DELIVERY, Delivery, Queue
from switchroom.session.event import copied

BURST = 64
"""Events that a node may get before others have their turn on the loop."""


async def work(turn: Any, node: Any, queue: Queue) -> None:
    """Let a node deal with what it got, until nothing is left."""
    dealt = 0
    task = asyncio.current_task()
    try:
        while (delivery := queue.take()) is not None:
            DELIVERY.set(delivery)
            CURRENT.set(turn.scope_of(delivery))
            failed = False
            try:
                if delivery.via is None or await turn.handoffs.accepted(node, delivery):
                    await _processing(node, delivery)
                    _follow(turn, node, delivery)
            except Exception as error:
                failed = True
                turn.fail(node, error)
            except BaseException as error:
                failed = _left(turn, node, delivery, error, task)
            finally:
                turn.close(delivery, failed)
            dealt += 1
            if task is not None and task.cancelling():  # it has swallowed its cancellation, and gets no more
                return
            if dealt % BURST == 0:
                await asyncio.sleep(0)
    finally:
        turn.queues.pop(node.name, None)


def _processing(node: Any, delivery: Delivery) -> Awaitable[None]:
    processing: Any = node.process_event(delivery.event)
    if not inspect.isawaitable(processing):
        raise UserError(f"Node '{node.name}': process_event is no coroutine. Write `async def process_event(...)`.")
    return processing


def _follow(turn: Any, node: Any, delivery: Delivery) -> None:
    """Let a target that has made nothing of the handoff itself see the message, too: a router routes it anew."""
    if turn.message is not None and delivery.via is not None and delivery.idle and turn.floor.open_to(delivery):
        turn.deliver(copied(turn.message, "", turn.number), node, delivery)


def _left(turn: Any, node: Any, delivery: Delivery, error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """What is no exception has left a node; whether that is a failure of the node's all the same."""
    left: BaseException = error
    if isinstance(error, BaseExceptionGroup):
        left = left_by(cast("BaseExceptionGroup[BaseException]", error))
    match left:
        case Suspended():
            turn.wait(delivery)
            return False
        case asyncio.CancelledError() if not is_cancelled():
            turn.fail(node, _caused(f"Node '{node.name}' cancelled itself.", left))
            return True
        case Exception() as failure:
            turn.fail(node, failure)
            return True
        case GeneratorExit() if not _is_closed(task):
            turn.fail(node, _caused(f"Node '{node.name}' raised GeneratorExit, which only Python itself raises.", left))
            return True
        case KeyboardInterrupt() | SystemExit() | GeneratorExit() | asyncio.CancelledError():
            raise left from None
        case _:
            turn.fail(node, _caused(f"Node '{node.name}' raised {type(left).__name__}.", left))
            return True


def _is_closed(task: asyncio.Task[Any] | None) -> bool:
    """Return True if Python closes the coroutine of a task, as when its loop is gone: then the task itself does not run."""
    try:
        return asyncio.current_task() is not task
    except RuntimeError:  # no loop runs
        return True


def _caused(told: str, cause: BaseException) -> RunError:
    error = RunError(told)
    error.__cause__ = cause
    return error
