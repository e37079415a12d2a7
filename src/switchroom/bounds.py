"""Runs that have to be over in time: by a deadline of their own, by a budget's seconds, or to leave time for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from switchroom.config import RunConfig
from switchroom.errors import DeadlineExceeded
from switchroom.ledger import Ledger

Run: TypeAlias = Callable[[Any, Any], Awaitable[Any]]
"""Runs a step on an input, in its scope."""


def bounded(run: Run, scope: Any, config: RunConfig) -> Run:
    """A run with the deadline and the budget that its own options give it; the scope knows of both."""
    if config.budget is not None:
        past = scope.attempt.events if scope.attempt.past else ()
        ledger: Ledger = Ledger(config.budget, scope.path, scope.ledger, past)
        scope.ledger = ledger
        if ledger.due is not None:
            run = _until(run, ledger.due, lambda: ledger.exceeded("seconds"))
            scope.due = earlier(scope.due, ledger.due)
        if ledger.cut is not None and (scope.cut is None or ledger.cut < scope.cut.cut):
            scope.cut = ledger
    if config.deadline is not None:
        seconds = config.deadline
        is_root = scope.path == scope.attempt.root.path
        due = (scope.attempt.called_at if is_root else asyncio.get_running_loop().time()) + seconds
        name = scope.path.rpartition("/")[2].partition("#")[0]
        run = _until(run, due, lambda: DeadlineExceeded(f"The run of '{name}' took longer than its deadline of {seconds} s."))
        scope.due = earlier(scope.due, due)
    return run


def cut(run: Run, scope: Any, ledger: Ledger) -> Run:
    """A run that is cut when a budget wants what there is then to be the answer; the scope knows of it."""
    assert ledger.cut is not None, "the scope knows of accounts that cut"
    scope.due = earlier(scope.due, ledger.cut)
    return _until(run, ledger.cut, lambda: ledger.exceeded("seconds"))


def _until(run: Run, when: float, error: Callable[[], Exception]) -> Run:
    """A run that raises an error if it is not over at a time of the loop's clock."""

    async def until(input: Any, scope: Any) -> Any:
        if when <= asyncio.get_running_loop().time():
            raise error()
        timeout = asyncio.timeout_at(when)
        try:
            async with timeout:
                return await run(input, scope)
        except TimeoutError as cause:
            if not timeout.expired():
                raise
            raise error() from cause

    return until


def earlier(one: float | None, other: float) -> float:
    """The earlier of two times; None is never."""
    return other if one is None else min(one, other)
