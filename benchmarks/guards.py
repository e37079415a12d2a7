"""Guards that have nothing to do: microseconds that each adds to a call of a model or a tool, the bare call taken off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks import ours
from benchmarks.measure import Row, Work, compare
from switchroom import CircuitBreaker, Message
from switchroom.model import ModelRequest, ModelResponse, nobody
from switchroom.wrap import Bulkhead, Quantile, RateLimit, breaking, bulkhead, cached, hedged, rate_limited, retrying, timed

CALLS = 50
"""Calls between two turns of the event loop, which clears away timers that were not needed."""

_REQUEST = ModelRequest("greeter", "Be brief.", [Message("user", "hi")])
_model = ours.answering(lambda request: Message("assistant", "hello"))

GUARDS: list[tuple[str, float, Callable[[Any], Any]]] = [
    ("retrying", 3, retrying),
    ("timed", 5, lambda guarded: timed(guarded, 60)),
    ("breaking", 3, lambda guarded: breaking(guarded, CircuitBreaker())),
    ("bulkhead", 3, lambda guarded: bulkhead(guarded, Bulkhead(8))),
    ("rate_limited", 3, lambda guarded: rate_limited(guarded, RateLimit(requests=10**9))),
    ("hedged", 3, lambda guarded: hedged(guarded, 60)),
    ("hedged, quantile", 5, lambda guarded: hedged(guarded, Quantile(0.95, at_first=60))),
    ("cached, a hit", 12, cached),
]
"""Each with what it may cost. A cache reads the whole request, so that it is never idle."""


def rows() -> list[Row]:
    """A row for each guard, around a model and around a tool; what it adds is `ours` less `floor`."""
    measured: list[Row] = []
    for name, goal, guard in GUARDS:
        measured.append(_added(f"{name}, model", goal, (_asked(_model), _asked(guard(_model)))))
        measured.append(_added(f"{name}, tool", goal, (_called(ours.look), _called(guard(ours.look)))))
    return measured


def _added(name: str, goal: float, work: tuple[Work, Work]) -> Row:
    return compare(name, goal, work, 20, per=CALLS)


def _asked(model: Callable[[ModelRequest, Any], Awaitable[ModelResponse]]) -> Work:
    async def work() -> None:
        for _ in range(CALLS):
            await model(_REQUEST, nobody)
        await asyncio.sleep(0)

    return work


def _called(tool: Any) -> Work:
    context: Any = None  # the tool asks for none, and no guard that is idle looks at it

    async def work() -> None:
        for _ in range(CALLS):
            await tool.invoke(context, {"order_id": "7"})
        await asyncio.sleep(0)

    return work
