"""A circuit breaker: what failed too often is left alone for a while, and then tried with one call."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar, overload

from switchroom.errors import BulkheadFull, CircuitBreakerOpen, GuardrailTripped, TryAgain, UserError
from switchroom.failure import told
from switchroom.wrap.checks import count, exceptions
from switchroom.wrap.checks import seconds as checked
from switchroom.wrap.guarded import around, guard, kind_of

log = logging.getLogger("switchroom")

P = ParamSpec("P")
T = TypeVar("T")

BreakerState: TypeAlias = Literal["closed", "open", "half_open"]

INNOCENT: tuple[type[Exception], ...] = (UserError, GuardrailTripped, BulkheadFull, TryAgain)
"""Failures that say nothing of whether the guarded works, and never count."""


class CircuitBreaker:
    """Counts failures in a row, and refuses calls for a while after too many of them.

    Closed, it lets everything through. After `failure_threshold` failures in a row it is open: calls raise `CircuitBreakerOpen`
    at once. After `timeout` it is half open: so many calls as `probes` says are let through, and the first that ends decides
    whether it is closed again or open for another `timeout`. What began before the breaker last changed decides nothing any
    more. One breaker may guard several things, in several event loops and threads.

    A probe that never ends keeps the breaker half open: put `timed` inside.

    Args:
        failure_threshold: failures in a row that open it.
        timeout: seconds, or a timedelta, for which it stays open.
        on: the exceptions that count. `UserError`, guardrails that trip, a bulkhead that is full and cancellations never do.
        probes: calls that it lets through at once when half open.
        clock: gives seconds; of a test.
        name: what errors and logs call it.

    Raises:
        UserError: a number is out of range.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        timeout: float | timedelta = 60,
        *,
        on: tuple[type[Exception], ...] = (Exception,),
        probes: int = 1,
        clock: Callable[[], float] = time.monotonic,
        name: str = "",
    ) -> None:
        self.failure_threshold = count(failure_threshold, "CircuitBreaker(failure_threshold=...)")
        self.timeout = timedelta(seconds=checked(timeout, "CircuitBreaker(timeout=...)"))
        self.name = name
        self._seconds = self.timeout.total_seconds()
        self._on = exceptions(on, "CircuitBreaker(on=...)")
        self._probes = count(probes, "CircuitBreaker(probes=...)")
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None
        self._probing = 0
        self._era = 0
        self._last = ""

    @property
    def state(self) -> BreakerState:
        """What the next call meets: "closed", "open", or "half_open"."""
        if self._opened is None:
            return "closed"
        return "open" if self.retry_after > 0 else "half_open"

    @property
    def failures(self) -> int:
        """Failures in a row, up to now."""
        return self._failures

    @property
    def retry_after(self) -> float:
        """Seconds until it lets a call through again; 0 when it is not open."""
        opened = self._opened
        return 0.0 if opened is None else max(0.0, opened + self._seconds - self._clock())

    @overload
    async def call(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call a function, sync or async, unless the breaker is open.

        Raises:
            CircuitBreakerOpen: it is; the function was not called.
            Exception: what the function raised.
        """
        era = self._admit()
        try:
            result = fn(*args, **kwargs)
            if inspect.isawaitable(result):
                result = await result
        except self._on as error:
            self._end(era, "unclear" if isinstance(error, INNOCENT) else "failed", error)
            raise
        except BaseException:
            self._end(era, "unclear")
            raise
        self._end(era, "worked")
        return result

    def _admit(self) -> int:
        """The era in which a call begins, which its end has to name."""
        with self._lock:
            if self._opened is not None:
                left = self.retry_after
                if left > 0:
                    raise CircuitBreakerOpen(
                        f"{self} is open after {self._failures} failures in a row, the last: {self._last}. "
                        f"It lets a try through in {left:.3g} s.",
                        left,
                    )
                if self._probing >= self._probes:
                    raise CircuitBreakerOpen(f"{self} is half open, and a try is under way. The last failure: {self._last}.")
                self._probing += 1
            return self._era

    def _end(self, era: int, how: Literal["worked", "failed", "unclear"], error: Exception | None = None) -> None:
        with self._lock:
            if era != self._era:
                return
            if self._opened is not None:
                self._probing -= 1
            match how:
                case "worked":
                    self._failures = 0
                    if self._opened is not None:
                        self._turn(None)
                        log.info("%s is closed again", self)
                case "failed":
                    self._failures += 1
                    self._last = f"{type(error).__name__}: {told(error)}" if error is not None else ""
                    if self._opened is not None or self._failures >= self.failure_threshold:
                        self._turn(self._clock())
                        log.warning("%s is open after %d failures in a row, the last: %s", self, self._failures, self._last)
                case "unclear":
                    pass

    def _turn(self, opened: float | None) -> None:
        self._opened = opened
        self._probing = 0
        self._era += 1

    def __str__(self) -> str:
        return f"The circuit breaker '{self.name}'" if self.name else "The circuit breaker"

    def __repr__(self) -> str:
        return f"CircuitBreaker({self.name!r}, {self.state}, failures={self._failures})"


@guard
def breaking(guarded: Any, breaker: CircuitBreaker) -> Any:
    """Put a breaker before a model, a tool or a step.

    Args:
        guarded: the model, tool or step.
        breaker: counts the failures. Give the same one to all that fail together, such as the models of one provider.

    Returns:
        one that raises `CircuitBreakerOpen` while the breaker is open. `breaker_of` finds the breaker in it.

    Raises:
        UserError: `breaker` is none.
    """
    if not isinstance(breaker, CircuitBreaker):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"breaking(breaker={breaker!r}): pass CircuitBreaker(failure_threshold=5, timeout=60).")
    return around(guarded, kind_of(guarded, "breaking"), breaker.call, breaker)
