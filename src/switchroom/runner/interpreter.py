"""How steps of all kinds are run: agents and teams by the loop, anything else by calling it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, get_type_hints

import msgspec
from pydantic import TypeAdapter

from switchroom.agent import Agent
from switchroom.context import settled
from switchroom.events import StepReturned, StepStarted
from switchroom.messages import Message, messages_from
from switchroom.perform import AgentRun, performing
from switchroom.roster import roster_of
from switchroom.rules.state import State
from switchroom.runner.loop import answer
from switchroom.schema import jsonable
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.team import Team, speaks


class StepInterpreter:
    """Matches a step once, for the scope that runs it."""

    def begin(self, step: Any, input: Any, scope: Scope) -> StepStarted:
        """What is noted when a step begins; an agent's run gets its fold."""
        if speaks(step):
            return _agent_begins(step, input, scope)
        name = step_name(step)
        plain = jsonable(input, f"The input of step '{name}'")
        version = str(getattr(step, "version", ""))
        return StepStarted(name, _fingerprint(name, version, plain), version, plain)

    def run(self, step: Any, input: Any, scope: Scope) -> Awaitable[Any]:
        """Run a step in its scope."""
        if speaks(step):
            run = AgentRun(scope, roster_of(step))
            run.perform = performing(run)
            return answer(run)
        return _called(step, input, scope)

    def load(self, step: Any, output: Any, agent: str) -> Any:
        """What a step gave, from what the journal kept of it: of its declared type."""
        if speaks(step):
            return roster_of(step)[agent].output.load(output)
        declared = _declared(step)
        return output if declared is None else declared.validate_python(output)

    def revalidated(self, step: Any, input: Any) -> Any:
        """A step's input from what the journal kept of it: of the type that its first parameter declares."""
        try:
            target = step if inspect.isroutine(step) else step.__call__
            first = next(iter(inspect.signature(target).parameters))
            hint = get_type_hints(target).get(first)
        except (NameError, TypeError, StopIteration):
            return input
        return input if hint is None or hint is Any else TypeAdapter(hint).validate_python(input)


def _agent_begins(step: Agent[Any] | Team, input: Any, scope: Scope) -> StepStarted:
    roster = roster_of(step)
    attempt = scope.attempt
    if roster not in attempt.rosters:
        attempt.rosters.append(roster)
    at_root = scope.parent is not None and scope.parent.parent is None
    fold = attempt.before if at_root else State()
    active = fold.agent or roster.entry.name
    if active not in roster.agents:  # an agent of an older version of the team had the conversation
        active = roster.entry.name
        fold = State(history=fold.history)
    scope.fold = fold
    if at_root:
        attempt.top = scope
    messages: tuple[Message, ...] = input if input is scope.attempt.root.messages else messages_from(_said(input))
    guarded = bool(roster[active].input_guards)
    name, version = step_name(step), roster.entry.version
    return StepStarted(name, _fingerprint(name, version, messages), version, None, active, messages, guarded)


def _said(input: Any) -> Any:
    """An agent's input as messages: typed data as its JSON."""
    if isinstance(input, str | tuple | list):
        return input  # pyright: ignore[reportUnknownVariableType]
    if hasattr(input, "model_dump_json"):
        return input.model_dump_json()
    return input


def _fingerprint(name: str, version: str, input: Any) -> str:
    return blake2b(_encode((name, version, input)), digest_size=12).hexdigest()


_encode = msgspec.json.Encoder().encode


async def _called(step: Any, input: Any, scope: Scope) -> Any:
    function, arity = _function(step)
    output = await settled(function(input, scope) if arity > 1 else function(input))
    await scope.note(StepReturned(jsonable(output, f"Step '{step_name(step)}'")))
    return output


def _function(step: Any) -> tuple[Callable[..., Any], int]:
    try:
        return step, _arity(step)
    except TypeError:  # not hashable
        return step, _arity.__wrapped__(step)


@lru_cache(maxsize=1024)
def _arity(step: Any) -> int:
    """How many positional parameters a step takes: the input, and the scope if it wants it."""
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    taken = [parameter for parameter in inspect.signature(step).parameters.values() if parameter.kind in kinds]
    return 2 if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in taken) else len(taken)


def _declared(step: Any) -> TypeAdapter[Any] | None:
    target = step if inspect.isroutine(step) else getattr(step, "__call__", step)  # noqa: B004
    try:
        hint = get_type_hints(target).get("return")
    except (NameError, TypeError):
        return None
    return None if hint is None or hint is Any else TypeAdapter(hint)


INTERPRETER = StepInterpreter()
