"""Steps side by side on one input: what each gave or failed with, and the others stopped when enough have succeeded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, NamedTuple, Self, cast, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema
from typing_extensions import TypeVar

from switchroom.attempt import Suspended
from switchroom.errors import ConversationWaiting, Fenced, JournalError, QuorumNotReached, ToolCancelled, UserError
from switchroom.events import QuorumReached, StepFailed, StepReturned
from switchroom.failure import told
from switchroom.scope import Scope
from switchroom.step import segment
from switchroom.workflow.base import is_partial

T = TypeVar("T", default=Any)

ENDING: tuple[type[Exception], ...] = (UserError, Fenced, JournalError, ConversationWaiting)
"""What ends a workflow whatever else succeeds: the developer has to change something, or somebody else has the conversation."""


@dataclass(frozen=True)
class Failure:
    """A failure as a value.

    Args:
        failed: the name of the exception's type, such as "ToolTimeout"; "Skipped" of what was left out.
        message: its text.
        path: where it happened, such as "turn#1/parallel#0/topics#0".
    """

    failed: str
    message: str = ""
    path: str = ""

    def __str__(self) -> str:
        return f"{self.failed}: {self.message}" if self.message else self.failed


class Branches(dict[str, T | Failure], Generic[T]):
    """The results of branches, by name in the order in which they stand: what each returned, or a `Failure`.

    `Branches[Report]` holds the results of branches that return a `Report`; a function that joins them may be annotated so.
    """

    @property
    def results(self) -> dict[str, T]:
        """Those that succeeded."""
        return {name: value for name, value in self.items() if not isinstance(value, Failure)}

    @property
    def failures(self) -> dict[str, Failure]:
        """Those that failed."""
        return {name: value for name, value in self.items() if isinstance(value, Failure)}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """What branches gave, of what a journal kept of it."""
        return cls({name: failure_in(value) or value for name, value in plain.items()})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        [of] = get_args(source) or [Any]
        result = core_schema.no_info_wrap_validator_function(_read_result, handler.generate_schema(of))
        return core_schema.no_info_after_validator_function(cls.read, core_schema.dict_schema(core_schema.str_schema(), result))


def _read_result(value: Any, read: core_schema.ValidatorFunctionWrapHandler) -> Any:
    """Read what one branch gave as the type of the results; a failure stays one."""
    failed = value if isinstance(value, Failure) else failure_in(value)
    return read(value) if failed is None else failed


def failure_of(error: Exception, path: str) -> Failure:
    """An exception as a value."""
    return Failure(type(error).__name__, told(error), path)


def failed_below(scope: Scope, error: Exception) -> Failure:
    """An exception of a step that a workflow called, as a value: where it happened is known of it."""
    places = (path for path in scope.attempt.through(error) if path.rpartition("/")[0] == scope.path)
    return failure_of(error, next(places, scope.path))


def failure_in(plain: Any) -> Failure | None:
    """The failure that a journal kept, if it is one."""
    match plain:
        case {"failed": str(failed), "message": str(message), "path": str(path), **rest} if not rest:
            return Failure(failed, message, path)
        case _:
            return None


class Outcomes(NamedTuple):
    """How branches ended.

    Args:
        found: what each gave, or its failure, in the order in which they stand; those that were stopped are not in it.
        errors: the exceptions of those that failed.
    """

    found: Branches[Any]
    errors: list[Exception]


SHOWN = 8
"""How many failures a sentence tells."""


async def too_few(scope: Scope, outcomes: Outcomes, enough: str) -> QuorumNotReached | None:
    """The error of too few that succeeded; None if the budget around wants what there is to be the answer.

    Args:
        scope: of the workflow.
        outcomes: how its branches ended.
        enough: how many there were and how many were wanted, as a sentence.
    """
    found, errors = outcomes
    if found.results:
        for error in errors:
            if await is_partial(scope, error):
                return None
    told = [f"{name}: {failure}" for name, failure in found.failures.items()]
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    error = QuorumNotReached(f"{enough} {'; '.join(told[:SHOWN])}{more}")
    if errors:
        error.__cause__ = ExceptionGroup("branches", errors)
    return error


class _Enough(Exception):
    """As many branches succeeded as were wanted."""


async def side_by_side(
    scope: Scope, branches: Mapping[str, Any], input: Any, *, limit: int | None = None, quorum: int | None = None
) -> Outcomes:
    """Run steps side by side.

    Args:
        scope: of the workflow.
        branches: the steps, by the names under which they stand in paths.
        input: what each is given.
        limit: how many run at the same time.
        quorum: how many successes are enough; the others are then stopped, and waited for until they have.

    Returns:
        how they ended. Without a quorum all of them did.

    Raises:
        UserError: a branch is wrong as it stands; the others are stopped.
        Suspended: a person is asked, and the others have ended.
    """
    places = {name: scope.place(segment(name)) for name in branches}
    reached = scope.kept(QuorumReached)
    if reached is not None:
        await scope.keep(reached)
    wanted = _ended_first(scope, [name for name in branches if reached is None or name not in reached.lost], places)
    ended: dict[str, Any] = {}
    errors: dict[str, Exception] = {}
    waiting: list[str] = []
    line = _Line(wanted)

    async def work() -> None:
        nonlocal reached
        for name in line:
            try:
                ended[name] = await line.ended(scope.enter(branches[name], input, places[name]), places[name])
            except Suspended:
                waiting.append(name)
            except ENDING:
                raise
            except Exception as error:
                errors[name] = error
                ended[name] = failure_of(error, places[name])
            if quorum is not None and reached is None and len(ended) - len(errors) >= quorum:
                won = tuple(name for name in ended if name not in errors)
                reached = QuorumReached(won, tuple(name for name in branches if name not in ended))
                line.close()
                await scope.keep(reached)
                raise _Enough

    at_once = min(len(wanted), limit or len(wanted))
    if at_once <= 1 and quorum is None:  # a task costs more than it is worth
        await work()
    else:
        await _all([asyncio.create_task(work()) for _ in range(at_once)], line)
    if waiting and reached is None:
        raise Suspended
    lost = () if reached is None else reached.lost  # one that ended while this was being kept is lost all the same
    found = Branches({name: ended[name] for name in branches if name in ended and name not in lost})
    return Outcomes(found, [errors[name] for name in found if name in errors])


def _ended_first(scope: Scope, names: list[str], places: Mapping[str, str]) -> list[str]:
    """Branches that had ended in an earlier attempt come first, in that order: they have won, if enough have."""
    past = scope.attempt.past
    if not past:
        return names

    def end(name: str) -> float:
        last = past[places[name]][-1] if places[name] in past else None
        return last.seq if last is not None and isinstance(last.fact, StepReturned | StepFailed) else inf

    return sorted(names, key=end)


class _Line:
    """Branches that wait to be begun; none is any more when it is closed."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = iter(names)
        self._closed = False
        self._outer = asyncio.current_task()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        return next(self._names)

    def close(self) -> None:
        """Begin none any more: what goes on is about to be stopped."""
        self._closed = True

    async def ended(self, branch: Awaitable[Any], place: str) -> Any:
        """What a branch gives; that it cancels the task that it runs in is a failure of its own, and stops no other branch."""
        try:
            return await branch
        except asyncio.CancelledError as error:
            task = cast("asyncio.Task[Any]", asyncio.current_task())
            if self._closed or task is self._outer:
                raise
            while task.cancelling():
                task.uncancel()
            raise ToolCancelled(f"{place} cancelled itself.") from error


async def _all(tasks: list[asyncio.Task[None]], line: _Line) -> None:
    """Wait until all is done, or one of them says that it is enough; then nothing of it goes on any more.

    Raises:
        Exception: what ended it.
    """
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        line.close()
        await _stop(tasks)
    for task in tasks:
        if task.cancelled():
            continue
        match task.exception():
            case None | _Enough():
                pass
            case error:
                raise error


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel what is not done, and wait for it, also when this is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    for task in tasks:
        if not task.done():
            task.cancel()
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        if not task.cancelled():
            task.exception()
    if cancelled is not None:
        raise cancelled
