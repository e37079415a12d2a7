"""One step after the other: each is given what the one before gave, or all that was found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast, overload

from typing_extensions import TypeVar

from switchroom.errors import BudgetExceeded, UserError
from switchroom.schema import jsonable
from switchroom.scope import Scope
from switchroom.workflow.base import (
    A,
    B,
    In,
    Out,
    Stage,
    Workflow,
    by_name,
    fitting,
    input_of,
    is_partial,
    note_missing,
    output_of_last,
    output_of_one,
)
from switchroom.workflow.branches import failure_in

C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")


@dataclass(frozen=True, eq=False)
class Sequential(Workflow[In, Out]):
    """Steps in a row; made by `sequential`."""

    KIND: ClassVar[str] = "sequential"
    stages: Mapping[str, Any] = cast("Mapping[str, Any]", None)

    @property
    def parts(self) -> Mapping[str, Any]:
        """The steps, in their order."""
        return self.stages

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Run one step after the other, and give what the last one gave.

        Raises:
            BudgetExceeded: a budget ended it, and does not want the last result instead; or that is not of the declared type.
        """
        value: Any = input
        done: list[str] = []
        for name, stage in self.stages.items():
            try:
                value = await scope.call(stage, value, name=name)
            except BudgetExceeded as error:
                typed = self._as_answer(value) if done else []
                if not typed or not await self._answers_in_part(done, scope, error):
                    raise
                return typed[0]
            done.append(name)
        return value

    def _as_answer(self, value: Any) -> list[Any]:
        """Return the result of a stage as one of the last stage's type, in a list; [] if it is of another type."""
        plain = jsonable(value, self.name)
        typed = fitting(list(self.stages.values())[-1], plain)
        return [value] if typed and typed[0] is plain else typed

    async def _answers_in_part(self, done: list[str], scope: Scope, error: BudgetExceeded) -> bool:
        """Return whether the results so far are the answer; if so, note the stages that are missing.

        They are if the budget was given to this very workflow. Below other steps the budget has stopped a part of these, which
        failed, and a step around decides what to do without the part.
        """
        if error.path != scope.path or not await is_partial(scope, error):
            return False
        await note_missing(scope, {name: error for name in self.stages if name not in done})
        return True

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the first step declares."""
        return input_of(next(iter(self.stages.values())), plain)

    def read_output(self, plain: Any) -> Any:
        """What it gave, of the type that the last step declares; of one before it, where a budget ended it there."""
        return output_of_last(self.stages.values(), plain)


@dataclass(frozen=True, eq=False)
class OverState(Sequential[Any, dict[str, Any]]):
    """Steps in a row over a dict that each one's result updates; made by `sequential(..., state={})`."""

    state: Mapping[str, Any] | None = None

    async def __call__(self, input: Any, scope: Any, /) -> dict[str, Any]:
        """Run one step after the other on what was found so far, and give all of it.

        Raises:
            BudgetExceeded: a budget ended it, and does not want what was found so far instead.
        """
        found: dict[str, Any] = {**(self.state or {}), "input": input}
        done: list[str] = []
        for name, stage in self.stages.items():
            try:
                result = await scope.call(stage, dict(found), name=name)
            except BudgetExceeded as error:
                if done and await self._answers_in_part(done, scope, error):
                    break
                raise
            done.append(name)
            if isinstance(result, Mapping):
                found.update(cast("Mapping[str, Any]", result))
            else:
                found[name] = result
        return found

    def read_input(self, plain: Any) -> Any:
        """The input, as JSON."""
        return plain

    def read_output(self, plain: Any) -> Any:
        """What was found; what stands under a step's name, of the type that it declares."""
        stages = self.stages
        return {
            name: failure_in(value) or output_of_one([stages[name]] if name in stages else (), value)
            for name, value in plain.items()
        }


@overload
def sequential(a: Stage[A, B], /) -> Sequential[A, B]: ...
@overload
def sequential(a: Stage[A, B], b: Stage[B, C], /) -> Sequential[A, C]: ...
@overload
def sequential(a: Stage[A, B], b: Stage[B, C], c: Stage[C, D], /) -> Sequential[A, D]: ...
@overload
def sequential(a: Stage[A, B], b: Stage[B, C], c: Stage[C, D], d: Stage[D, E], /) -> Sequential[A, E]: ...
@overload
def sequential(a: Stage[A, B], b: Stage[B, C], c: Stage[C, D], d: Stage[D, E], e: Stage[E, F], /) -> Sequential[A, F]: ...
@overload
def sequential(
    a: Stage[A, B], b: Stage[B, C], c: Stage[C, D], d: Stage[D, E], e: Stage[E, F], f: Stage[F, G], /, *more: Stage[Any, Any]
) -> Sequential[A, Any]: ...
@overload
def sequential(*stages: Stage[Any, Any], state: Mapping[str, Any]) -> OverState: ...
def sequential(*stages: Any, state: Mapping[str, Any] | None = None) -> Any:
    """One step after the other, each on what the one before gave.

    With `state=` each is given a dict instead: the state and, under "input", the workflow's input. A result that is a mapping
    updates it, and any other is put under the step's name.

    A stage's type is checked against the one before it, by the type checker and when it runs. A step that fails ends the
    workflow; what the steps before it gave is kept in a journal, and on resume they are not run again.

    Args:
        stages: agents, teams, workflows, functions; at least one.
        state: what the dict holds to begin with; `{}` for nothing.

    Returns:
        a step from the first one's input to the last one's output; with `state`, to the dict.

    Raises:
        UserError: there is no stage, or one is no step.
    """
    if not stages:
        raise UserError("sequential() has no stages. Pass at least one step.")
    named = by_name(stages, "sequential")
    if state is None:
        return Sequential(stages=named)
    if not isinstance(state, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"sequential(state={state!r}): give a dict.")
    jsonable(dict(state), "sequential(state=...)")
    return OverState(stages=named, state=dict(state))
