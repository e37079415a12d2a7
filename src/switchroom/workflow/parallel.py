"""Branches at the same time on one input: their results and their failures side by side, as many as are wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast, overload

from switchroom.budget import SkipOptional
from switchroom.errors import UserError, unknown
from switchroom.step import Step, step_name
from switchroom.workflow.base import (
    A,
    B,
    In,
    Out,
    Stage,
    Workflow,
    by_name,
    checked,
    conclude,
    counted,
    input_of,
    note_missing,
    output_of,
)
from switchroom.workflow.branches import Branches, Failure, failure_in, side_by_side, too_few
from switchroom.workflow.joining import joined

J = TypeVar("J")

_STOPPED = "stopped, because enough others had succeeded"


@dataclass(frozen=True, eq=False)
class Parallel(Workflow[In, Out]):
    """Branches at the same time; made by `parallel`."""

    KIND: ClassVar[str] = "parallel"
    branches: Mapping[str, Any] = cast("Mapping[str, Any]", None)
    join: Any = None
    quorum: int | None = None
    limit: int | None = None
    optional: frozenset[str] = frozenset()

    @property
    def parts(self) -> Mapping[str, Any]:
        """The branches, and what joins them."""
        return self.branches if self.join is None else {**self.branches, step_name(self.join): self.join}

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Run the branches, and give what they gave, or what joins made of it.

        Raises:
            QuorumNotReached: fewer succeeded than were wanted.
        """
        skipped = dict[str, Failure]()
        if self.optional and await scope.less(SkipOptional) is not None:
            skipped = {name: Failure("Skipped", "The budget left it out.") for name in self.optional}
        branches = {name: step for name, step in self.branches.items() if name not in skipped}
        outcomes = await side_by_side(scope, branches, input, limit=self.limit, quorum=self.quorum)
        succeeded = len(outcomes.found) - len(outcomes.errors)
        if self.quorum is not None and succeeded < self.quorum:
            enough = f"Of {len(branches)} branches of '{self.name}' {succeeded} succeeded, and {self.quorum} were wanted."
            error = await too_few(scope, outcomes, enough)
            if error is not None:
                raise error
        together = {**outcomes.found, **skipped}
        found = Branches({name: together[name] for name in self.branches if name in together})
        output = found if self.join is None else await conclude(scope, self.join, found)
        results = found.results
        await note_missing(scope, {name: found.get(name, _STOPPED) for name in self.branches if name not in results})
        return cast("Out", output)

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the first branch declares."""
        return input_of(next(iter(self.branches.values())), plain)

    def read_output(self, plain: Any) -> Any:
        """What it gave, of the types that the branches, or what joins them, declare."""
        if self.join is not None:
            return output_of(self.join, plain)
        found = Branches()
        for name, value in plain.items():
            failure = failure_in(value)
            found[name] = output_of(self.branches[name], value) if failure is None else failure
        return found


@overload
def parallel(
    *steps: Stage[A, B],
    join: None = None,
    quorum: int | None = None,
    limit: int | None = None,
    optional: Collection[str] = (),
    **branches: Stage[A, B],
) -> Parallel[A, Branches[B]]: ...
@overload
def parallel(
    *steps: Stage[A, Any],
    join: Step[Any, J] | Callable[..., Awaitable[J]] | Callable[..., J],
    quorum: int | None = None,
    limit: int | None = None,
    optional: Collection[str] = (),
    **branches: Stage[A, Any],
) -> Parallel[A, J]: ...
@overload
def parallel(
    branches: Mapping[str, Stage[A, B]],
    /,
    *,
    join: None = None,
    quorum: int | None = None,
    limit: int | None = None,
    optional: Collection[str] = (),
) -> Parallel[A, Branches[B]]: ...
@overload
def parallel(
    branches: Mapping[str, Stage[A, Any]],
    /,
    *,
    join: Step[Any, J] | Callable[..., Awaitable[J]] | Callable[..., J],
    quorum: int | None = None,
    limit: int | None = None,
    optional: Collection[str] = (),
) -> Parallel[A, J]: ...
def parallel(
    *steps: Any,
    join: Any = None,
    quorum: int | None = None,
    limit: int | None = None,
    optional: Collection[str] = (),
    **branches: Any,
) -> Any:
    """Branches at the same time, all on the same input.

    A branch that fails is a value beside the results (`Branches.failures`), and does not stop the others. What the developer
    has to change (`UserError`) does. A branch that asks a person makes the run wait when the others have ended.

    Args:
        steps: branches that go by their own names; or one mapping of names to branches.
        branches: branches by the names that they are given here.
        join: what makes one result of what they gave: a function of all (`Branches`), one whose parameters are called as
            branches are, or an agent, which reads it as JSON. It is given failures as well.
        quorum: how many have to succeed; when they have, the others are stopped. By default all are waited for, and any may
            fail.
        limit: how many run at the same time; by default all do.
        optional: names of branches that a budget may leave out (`SkipOptional`); they are then failures called "Skipped".

    Returns:
        a step that gives `Branches` (a dict by name), or what `join` makes of it.

    Raises:
        UserError: there is no branch, a name is not known, a number is out of range, or `join` does not match the branches.
    """
    if len(steps) == 1 and isinstance(steps[0], Mapping):
        given = _disjoint(cast("Mapping[Any, Any]", steps[0]), branches)
    else:
        given = _disjoint(by_name(steps, "parallel"), branches)
    if not given:
        raise UserError("parallel() has no branches. Pass at least one step.")
    for name, step in given.items():
        checked(step, f"parallel: branch '{name}'")
    for option, number in (("quorum", quorum), ("limit", limit)):
        if number is not None:
            counted(number, f"parallel({option}")
    for name in optional:
        if name not in given:
            raise UserError(unknown("parallel(optional=...): the workflow", "branch", name, given))
    certain = len(given) - len(set(optional))
    if quorum is not None and quorum > certain:
        what = "branches that are not optional" if optional else "branches"
        raise UserError(f"parallel(quorum={quorum}) has {certain} {what}, which cannot be enough.")
    return Parallel(
        branches=given,
        join=None if join is None else joined(join, given),
        quorum=quorum,
        limit=limit,
        optional=frozenset(optional),
    )


def _disjoint(*mappings: Mapping[Any, Any]) -> dict[str, Any]:
    """Branches by their names.

    Raises:
        UserError: two have one name.
    """
    named: dict[str, Any] = {}
    for name, step in ((str(name), step) for mapping in mappings for name, step in mapping.items()):
        if name in named:
            raise UserError(f"parallel has two branches called '{name}'.")
        named[name] = step
    return named
