"""The tries of a guarded step: each in a place of its own, and what it did, read from the facts that it left there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from switchroom.events import (
    REPEATABLE,
    AnswerWithdrawn,
    CallsJudged,
    EffectCleared,
    Fact,
    RunEvent,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolStarted,
    Verdict,
)
from switchroom.scope import Scope
from switchroom.step import step_name


async def made(step: Any, input: Any, scope: Scope, path: str) -> Any:
    """Make a try at a place. What the step started beside itself there and did not wait for ends with it."""
    try:
        return await scope.enter(step, input, path)
    finally:
        siblings = scope.attempt.siblings
        if siblings is not None:
            await siblings.stop(path + "/")


def tried(through: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Runs a step by one try, which goes through a guard, unless it ended before a crash: what is known is not guarded."""

    async def run(step: Any, input: Any, scope: Scope) -> Any:
        path = scope.place(step_name(step))
        if ended(scope, path):
            return await scope.enter(step, input, path)
        return await through(made, step, input, scope, path)

    return run


async def recalled(step: Any, input: Any, scope: Scope, path: str) -> Any:
    """What a try gave that has returned in this attempt, as a resumed run would have it from the journal."""
    scope.attempt.past[path] = [event for event in scope.attempt.events if event.path == path]
    return await scope.enter(step, input, path)


def ended(scope: Scope, path: str) -> bool:
    """Whether the try at a place is over, by what the journal knew when the turn was taken up again."""
    return any(isinstance(event.fact, StepReturned | StepFailed) for event in scope.attempt.past.get(path, ()))


def begun(scope: Scope, path: str) -> bool:
    """Whether the journal knew of a try at a place when the turn was taken up again."""
    return path in scope.attempt.past


def returned_first(scope: Scope, *paths: str) -> str | None:
    """At which of several places a try returned first; None if at none."""
    return next((path for path, fact in _noted(scope, *paths) if path in paths and isinstance(fact, StepReturned)), None)


def touched(scope: Scope, path: str) -> str | None:
    """What a try did, or may have done, that must not happen twice: a call as words; None if there is nothing.

    A call that began and failed may have happened. One of which it became known that it did not is none.
    """
    verdicts: dict[str, tuple[Verdict, ...]] = {}
    answers: dict[str, int] = {}
    calls: dict[tuple[str, int, int], str] = {}
    for place, fact in _noted(scope, path):
        match fact:
            case CallsJudged():
                verdicts[place] = fact.verdicts
                answers[place] = answers.get(place, 0) + 1
            case ToolStarted():
                verdict = verdicts[place][fact.index]
                if verdict.kind == "tool" and verdict.effect not in REPEATABLE:
                    calls[place, answers[place], fact.index] = f"tool '{fact.tool}' of agent '{fact.agent}' ({verdict.effect})"
            case EffectCleared():
                calls.pop((place, answers[place], fact.index), None)
            case _:
                pass
    return next(iter(calls.values()), None)


async def withdraw(scope: Scope, path: str, reason: str) -> bool:
    """Take back what the agents of a try said, as far as somebody listens to the pieces.

    Returns:
        False: somebody may have heard it who cannot clear it. Pieces are no facts, so that it is not known who heard what.
    """
    attempt = scope.attempt
    if not attempt.streamed:
        return True
    spoke = {place: fact.agent for place, fact in _noted(scope, path) if isinstance(fact, StepStarted) and fact.agent}
    if spoke and not attempt.withdraws:
        return False
    for place, agent in spoke.items():
        await Scope(attempt, place, scope).note(AnswerWithdrawn(agent, reason))
    return True


def _noted(scope: Scope, *paths: str) -> Iterator[tuple[str, Fact]]:
    """The facts at some places and below them."""
    below = tuple(path + "/" for path in paths)
    event: RunEvent
    for event in scope.attempt.events:
        if (event.path in paths or event.path.startswith(below)) and isinstance(event.fact, Fact):
            yield event.path, event.fact
