"""A rate limit: calls wait so that no more of them, and no more tokens, go out in a time than a server allows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from switchroom.errors import UserError
from switchroom.estimate import sent
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.wrap.checks import count
from switchroom.wrap.checks import seconds as checked
from switchroom.wrap.each_loop import EachLoop
from switchroom.wrap.guarded import around, guard, kind_of, shown


class RateLimit:
    """So many requests, and so many tokens, in a time. One limit may guard all that share an account.

    It is a bucket that leaks: as much as is allowed may go out at once, then as much as leaks away. Who waits is served in the
    order of coming.

    Args:
        requests: requests in `per` seconds.
        tokens: tokens in `per` seconds, of models only. Those of a request are estimated before it goes out; those of the
            answer, and what the estimate was short of, are on the account of the next.
        per: seconds, or a timedelta.

    Raises:
        UserError: neither is limited, or a number is out of range.
    """

    def __init__(self, requests: int | None = None, *, tokens: int | None = None, per: float | timedelta = 60) -> None:
        if requests is None and tokens is None:
            raise UserError("RateLimit() limits nothing. Pass requests=60, tokens=90_000, or both.")
        self.per = checked(per, "RateLimit(per=...)")
        self.requests = None if requests is None else count(requests, "RateLimit(requests=...)")
        self.tokens = None if tokens is None else count(tokens, "RateLimit(tokens=...)")
        self._requests = _bucket(self.requests, self.per)
        self._tokens = _bucket(self.tokens, self.per)

    async def call(self, fn: Any, /, *args: Any) -> Any:
        """Make a call when its turn has come."""
        if self._requests is not None:
            await self._requests.get().take(1)
        return await fn(*args)

    async def ask(self, model: Any, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask a model when the turn of the request has come, and of its tokens."""
        assert self._tokens is not None, "a limit of requests only goes by call"
        estimate = sent(request)
        await self._tokens.get().take(estimate)
        response: ModelResponse = await self.call(model, request, emit)
        self._tokens.get().charge(response.usage.total_tokens - estimate)
        return response


def _bucket(rate: int | None, per: float) -> EachLoop[_Bucket] | None:
    if rate is None:
        return None
    from aiolimiter import AsyncLimiter  # here, so that no call waits for the import

    return EachLoop(lambda loop, before: _Bucket(AsyncLimiter(rate, per), loop, before))


class _Bucket:
    """A library's bucket in one event loop: fair to large requests, and charged afterwards for what was not foreseen.

    A loop that comes after another, as `run_sync` makes one for each run, begins with what the other's bucket held.
    """

    __slots__ = ("_charge", "_empty", "_limiter", "_line", "_loop", "_rate", "_seconds")

    def __init__(self, limiter: Any, loop: asyncio.AbstractEventLoop, before: _Bucket | None) -> None:
        self._rate: float = limiter.max_rate
        self._seconds: float = limiter.time_period / limiter.max_rate
        self._limiter = limiter
        self._line = asyncio.Lock()  # the library serves the smallest first, and the largest perhaps never
        self._loop = loop
        self._empty = loop.time()
        self._charge = 0.0 if before is None else before.held(self._empty)

    async def take(self, amount: float) -> None:
        """Wait until so much may go out. What is more than the bucket holds goes out as if it were several."""
        if self._line.locked() or self._charge or not self._limiter.has_capacity(amount):
            async with self._line:
                return await self._in_turn(amount)
        await self._limiter.acquire(amount)
        self._filled(amount)

    async def _in_turn(self, amount: float) -> None:
        amount += self._charge
        self._charge = min(0.0, amount)
        while amount > 0:
            part = min(amount, self._rate)
            await self._limiter.acquire(part)
            self._filled(part)
            amount -= part

    def _filled(self, amount: float) -> None:
        self._empty = max(self._empty, self._loop.time()) + amount * self._seconds

    def charge(self, amount: float) -> None:
        """Put on the account of the next what went out beside the estimate; below 0, what did not."""
        self._charge += amount

    def held(self, now: float) -> float:
        """What has not leaked away, and what is still to be charged."""
        return max(0.0, self._empty - now) / self._seconds + self._charge


@guard
def rate_limited(guarded: Any, limit: RateLimit) -> Any:
    """Let calls of a model, a tool or a step wait until a rate limit lets them go.

    Args:
        guarded: the model, tool or step.
        limit: `RateLimit(requests=60, tokens=90_000)`, in a minute where nothing else is said.

    Raises:
        UserError: `limit` is none, or it counts tokens of what is no model.
    """
    if not isinstance(limit, RateLimit):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"rate_limited(limit={limit!r}): pass RateLimit(requests=60, per=60).")
    kind = kind_of(guarded, "rate_limited")
    if limit.tokens is None:
        return around(guarded, kind, limit.call)
    if kind != "model":
        raise UserError(
            f"rate_limited(...): {shown(guarded, kind)} has no tokens to count, as models have. Pass RateLimit(requests=...)."
        )
    return around(guarded, kind, limit.ask)
