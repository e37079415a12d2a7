"""Trying again: what failed for a passing reason, as long as nobody heard what cannot be taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, overload

from switchroom._tool import Tool
from switchroom.context import ToolContext
from switchroom.errors import ModelUnavailable, UserError
from switchroom.model import Emit, Model, ModelRequest, ModelResponse

T = TypeVar("T")

PASSING: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, ModelUnavailable)
"""Failures that are tried again where nothing else is said: the connection broke, it took too long, the server was busy."""


@overload
def retrying(
    guarded: Tool, attempts: int = 3, wait: float = 0.5, longest: float = 30, on: tuple[type[Exception], ...] = PASSING
) -> Tool: ...
@overload
def retrying(
    guarded: Model, attempts: int = 3, wait: float = 0.5, longest: float = 30, on: tuple[type[Exception], ...] = PASSING
) -> Model: ...
def retrying(
    guarded: Model | Tool, attempts: int = 3, wait: float = 0.5, longest: float = 30, on: tuple[type[Exception], ...] = PASSING
) -> Model | Tool:
    """Try a model or a tool again when it fails for a passing reason, with exponential backoff and jitter.

    A model that had begun to speak is tried again only if all who listen clear what was withdrawn. A tool is wrapped only if
    its effect allows a second call. Where a server said when it wants to be asked again (`retry_after` of the exception), that
    is waited for; if it is later than `longest`, there is no other try.

    Args:
        guarded: the model or tool.
        attempts: tries in all, at least 1.
        wait: seconds before the second try; each further wait is about twice as long.
        longest: seconds that no wait exceeds.
        on: the exceptions that count as passing.

    Returns:
        a model or tool that behaves as the guarded one, but for its failures.

    Raises:
        UserError: `attempts` is below 1, or the tool's effect does not allow a second call.
    """
    if attempts < 1:
        raise UserError(f"retrying(attempts={attempts}): there is at least one try.")

    async def again(first: Exception, call: Callable[[], Awaitable[T]]) -> T:
        # The library is imported after the first failure: it costs more than the calls that need no second try.
        from tenacity import (
            AsyncRetrying,
            RetryCallState,
            retry_if_exception,
            stop_after_attempt,
            wait_exponential,
            wait_random,
        )

        backoff = wait_exponential(multiplier=wait, max=longest) + wait_random(0, wait / 4)

        def pause(state: RetryCallState) -> float:
            told = _told(state.outcome.exception()) if state.outcome else None
            return min(backoff(state), longest) if told is None else told

        policy = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=pause,
            retry=retry_if_exception(lambda error: isinstance(error, on) and (_told(error) or 0) <= longest),
            reraise=True,
        )
        async for attempt in policy:
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                return await call()
        raise AssertionError("the last attempt returned or raised")

    if isinstance(guarded, Tool):
        return _tool(guarded, again, on)
    return _model(guarded, again, on)


def _told(error: BaseException | None) -> float | None:
    """In how many seconds the server wants to be asked again; None too where a library means something else by it."""
    told = getattr(error, "retry_after", None)
    return told if isinstance(told, int | float) else None


_Again = Callable[[Exception, Callable[[], Awaitable[Any]]], Awaitable[Any]]


def _model(guarded: Model, again: _Again, on: tuple[type[Exception], ...]) -> Model:
    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        try:
            return await guarded(request, emit)
        except on as error:
            if not await emit.withdraw(str(error)):
                raise
            return await again(error, lambda: anew(request, emit))

    async def anew(request: ModelRequest, emit: Emit) -> ModelResponse:
        try:
            return await guarded(request, emit)
        except on as error:
            await emit.withdraw(str(error))  # who can clear once can clear again
            raise

    return model


def _tool(guarded: Tool, again: _Again, on: tuple[type[Exception], ...]) -> Tool:
    if guarded.step is not None:
        raise UserError(f"Tool '{guarded.name}' runs an agent or a step: wrap the model of that agent, or what the step calls.")
    if not guarded.repeatable:
        raise UserError(
            f"Tool '{guarded.name}' is {guarded.effect}: a call that failed may have happened, so it is not tried again. "
            'Declare effect="idempotent" if a second call does no harm.'
        )

    async def invoke(ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        try:
            return await guarded.invoke(ctx, args)
        except on as error:
            return await again(error, lambda: guarded.invoke(ctx, args))

    return replace(guarded, invoke=invoke)
