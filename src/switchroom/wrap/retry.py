"""Trying again: what failed for a passing reason, as long as nothing is heard or happens twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, assert_never

from switchroom._tool import Tool
from switchroom.errors import ModelUnavailable, TryAgain, UserError
from switchroom.failure import add_note, attribute_of, told
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.wrap.checks import count, exceptions, seconds
from switchroom.wrap.guarded import GuardedModel, GuardedStep, around_tool, guard, kind_of
from switchroom.wrap.tries import begun, made, touched, withdraw

T = TypeVar("T")

PASSING: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, ModelUnavailable)
"""Failures that are tried again where nothing else is said: the connection broke, it took too long, the server was busy."""


@guard
def retrying(
    guarded: Any,
    attempts: int = 3,
    wait: float = 0.5,
    longest: float = 30,
    on: tuple[type[Exception], ...] = PASSING,
    repeat_effects: bool = False,
) -> Any:
    """Try a model, a tool or a step again when it fails for a passing reason, with exponential backoff and jitter.

    A model that had begun to speak is tried again only if all who listen clear what was withdrawn. A tool is wrapped only if
    its effect allows a second call. A step is tried again only if nothing in the failed try must not happen twice (a call of a
    tool that is neither "read" nor "idempotent" was begun), and only if no agent of it was asked while somebody listens who
    does not clear what was withdrawn. Where a server said when it wants to be asked again (`retry_after` of the exception),
    that is waited for; if it is later than `longest`, there is no other try.

    Args:
        guarded: the model, tool or step.
        attempts: tries in all, at least 1.
        wait: seconds before the second try; each further wait is about twice as long.
        longest: seconds that no wait exceeds.
        on: the exceptions that count as passing.
        repeat_effects: of a step, that it is tried again whatever its tools did.

    Returns:
        one that behaves as the guarded one, but for its failures.

    Raises:
        UserError: a number is out of range, or the tool's effect does not allow a second call.
    """
    policy = _Policy(
        count(attempts, "retrying(attempts=...)"),
        seconds(wait, "retrying(wait=...)", zero=True),
        seconds(longest, "retrying(longest=...)", zero=True),
        exceptions(on, "retrying(on=...)"),
    )
    kind = kind_of(guarded, "retrying")

    async def of_step(step: Any, input: Any, scope: Scope) -> Any:
        return await policy.step(_Tries((step, input, scope), policy, repeat_effects))

    match kind:
        case "model":
            return GuardedModel(guarded, policy.model)
        case "tool":
            _check(guarded)
            return around_tool(guarded, policy.tool, lambda step: GuardedStep(step, of_step))
        case "step":
            return GuardedStep(guarded, of_step)
        case _:
            assert_never(kind)


def _check(tool: Tool) -> None:
    if not tool.repeatable:
        raise UserError(
            f"Tool '{tool.name}' is {tool.effect}: a call that failed may have happened, so it is not tried again. "
            'Declare effect="idempotent" if a second call does no harm.'
        )


class _Policy:
    """When there is another try, and after how long."""

    def __init__(self, attempts: int, wait: float, longest: float, on: tuple[type[Exception], ...]) -> None:
        from tenacity import wait_exponential, wait_random  # here, so that no call waits for the import

        self.attempts = attempts
        self.backoff = wait_exponential(multiplier=wait, max=longest) + wait_random(0, wait / 4)
        self.longest = longest
        self.on = on

    async def model(self, guarded: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask a model, again if it has to be."""
        try:
            return await guarded(request, emit)
        except self.on as error:
            if not await emit.withdraw(told(error)):
                raise
            return await self.again(error, lambda: self._anew(guarded, request, emit))

    async def _anew(self, guarded: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        try:
            return await guarded(request, emit)
        except self.on as error:
            await emit.withdraw(told(error))  # who can clear once can clear again
            raise

    async def tool(self, call: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Call a tool, again if it has to be."""
        try:
            return await call(*args)
        except TryAgain:  # the arguments are wrong, and stay so
            raise
        except self.on as error:
            return await self.again(error, lambda: call(*args))

    async def step(self, tries: _Tries) -> Any:
        """Run a step, again if it has to be."""
        try:
            return await tries.next()
        except self.on as error:
            if not tries.more:
                raise
            return await self.again(error, tries.next, tries)

    async def again(self, first: Exception, call: Callable[[], Awaitable[T]], tries: _Tries | None = None) -> T:
        """What the tries give that follow on a first failure; `tries` are those of a step, and know whether there are more."""
        # The library comes in after the first failure: it costs more than the calls that need no second try.
        from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

        def pause(state: RetryCallState) -> float:
            if tries is not None and tries.known:
                return 0
            wanted = _wanted(_original(state.outcome.exception())) if state.outcome else None
            return min(self.backoff(state), self.longest) if wanted is None else wanted

        def passing(error: BaseException) -> bool:
            more, original = tries is None or tries.more, _original(error)
            is_passing = isinstance(original, self.on) and not isinstance(original, TryAgain)
            return more and is_passing and (_wanted(original) or 0) <= self.longest

        policy = AsyncRetrying(
            stop=stop_after_attempt(self.attempts), wait=pause, retry=retry_if_exception(passing), reraise=True
        )
        last = first
        try:
            async for attempt in policy:
                with attempt:
                    if attempt.retry_state.attempt_number == 1:
                        raise _Failed(first)
                    try:
                        return await call()
                    except Exception as error:
                        raise _Failed(error) from None
        except _Failed as failed:
            last = failed.error
        raise last  # here, so that it is not raised from the other


class _Failed(Exception):
    """Holds the exception of a try. The library tests an exception's truth, and would take a false one for no failure."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _original(error: BaseException | None) -> BaseException | None:
    return error.error if isinstance(error, _Failed) else error


class _Tries:
    """The tries of one call of a step, each in a place of its own.

    Attributes:
        more: whether there may be another after those that were made.
    """

    def __init__(self, call: tuple[Any, Any, Scope], policy: _Policy, repeat_effects: bool) -> None:
        self._step, self._input, self._scope = call
        self._on = policy.on
        self._left = policy.attempts
        self._repeat_effects = repeat_effects
        self._place = self._scope.place(step_name(self._step))
        self.more = True

    @property
    def known(self) -> bool:
        """Whether the journal knows of the next try, so that nothing is to be waited for or decided before it."""
        return begun(self._scope, self._place)

    async def next(self) -> Any:
        """Make the next try."""
        path = self._place
        self._left -= 1
        try:
            return await made(self._step, self._input, self._scope, path)
        except self._on as error:
            self.more = self._left > 0
            if self.more:
                self._place = self._scope.place(step_name(self._step))
                if not self.known:
                    self.more = await self._may_follow(path, error)
            raise

    async def _may_follow(self, path: str, error: Exception) -> bool:
        effect = None if self._repeat_effects else touched(self._scope, path)
        if effect is not None:
            add_note(
                error,
                f"'{step_name(self._step)}' is not tried again, for {effect} was called and must not be called twice. "
                "Resume the run, or ask for another try by retrying(..., repeat_effects=True).",
            )
            return False
        return await withdraw(self._scope, path, told(error))


def _wanted(error: BaseException | None) -> float | None:
    """In how many seconds the server wants to be asked again; None too where a library means something else by it."""
    said = attribute_of(error, "retry_after")
    return said if isinstance(said, int | float) else None
