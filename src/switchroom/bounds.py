"""Runs that have to be over in time: by a deadline of their own, by a budget's seconds, or to leave time for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from switchroom.attempt import OutOfTime
from switchroom.config import RunConfig
from switchroom.errors import DeadlineExceeded
from switchroom.ledger import Ledger

Run: TypeAlias = Callable[[Any, Any], Awaitable[Any]]
"""Runs a step on an input, in its scope."""


@dataclass(frozen=True, eq=False)
class Deadline:
    """A time, by the loop's clock, at which a run has to be over, and the error of a run that is not."""

    at: float
    error: Callable[[], Exception]


def bounded(run: Run, scope: Any, config: RunConfig) -> Run:
    """A run with the deadline and the budget that its own options give it; the scope knows of both."""
    if config.budget is not None:
        past = scope.attempt.events if scope.attempt.past else ()
        ledger: Ledger = Ledger(config.budget, scope.path, scope.ledger, past)
        scope.ledger = ledger
        if ledger.due is not None:
            run = _until(run, scope, Deadline(ledger.due, lambda: ledger.exceeded("seconds")))
        if ledger.cut is not None and (scope.cut is None or ledger.cut < scope.cut.cut):
            scope.cut = ledger
    if config.deadline is not None:
        seconds = config.deadline
        is_root = scope.path == scope.attempt.root.path
        due = (scope.attempt.called_at if is_root else asyncio.get_running_loop().time()) + seconds
        name = scope.path.rpartition("/")[2].partition("#")[0]
        late = Deadline(due, lambda: DeadlineExceeded(f"The run of '{name}' took longer than its deadline of {seconds} s."))
        run = _until(run, scope, late)
    return run


def cut(run: Run, scope: Any, ledger: Ledger) -> Run:
    """A run that is cut when a budget wants what there is then to be the answer; the scope knows of it."""
    assert ledger.cut is not None, "the scope knows of accounts that cut"
    return _until(run, scope, Deadline(ledger.cut, lambda: ledger.exceeded("seconds")))


def in_time(scope: Any) -> None:
    """Compare the clock with the nearest deadline around a scope, before anything is done there.

    A timer alone does not hold a deadline: a tool may swallow the cancellation, or keep the event loop from running the timer.

    Raises:
        OutOfTime: the deadline has passed.
    """
    if scope.due is not None and scope.due <= asyncio.get_running_loop().time():
        raise OutOfTime(scope.late)


def _until(run: Run, scope: Any, deadline: Deadline) -> Run:
    """A run that raises the deadline's error if it is not over in time; the scope knows of the deadline if it is the nearest.

    A run that returned after the deadline is not late: what it gave is there, and is given.
    """
    if scope.due is None or deadline.at < scope.due:
        scope.due, scope.late = deadline.at, deadline

    async def until(input: Any, scope: Any) -> Any:
        if deadline.at <= asyncio.get_running_loop().time():
            raise deadline.error()
        timeout = asyncio.timeout_at(deadline.at)
        try:
            async with timeout:
                return await run(input, scope)
        except TimeoutError as cause:
            if not timeout.expired():
                raise
            raise deadline.error() from cause
        except OutOfTime as late:
            if late.deadline is not deadline:
                raise
            raise deadline.error() from None

    return until
