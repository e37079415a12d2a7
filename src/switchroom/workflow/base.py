"""What workflows have in common: a name, the steps in them, and how what they gave is read from a journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from typing_extensions import TypeVar as DefaultTypeVar

from switchroom._tool import Tool
from switchroom.digest import digest
from switchroom.errors import BudgetExceeded, UserError
from switchroom.events import AnsweredInPart, BudgetDegraded
from switchroom.runner.interpreter import interpret
from switchroom.schema import jsonable
from switchroom.scope import Scope
from switchroom.step import Step, step_name

In = DefaultTypeVar("In", contravariant=True, default=Any)
Out = DefaultTypeVar("Out", covariant=True, default=Any)
A = TypeVar("A")
B = TypeVar("B")

Stage: TypeAlias = Step[A, B] | Callable[[A, Any], B] | Callable[[A], Awaitable[B]] | Callable[[A], B]
"""What may stand in a workflow: an agent, a team, another workflow, a function of the input, or of the input and the scope."""


@dataclass(frozen=True, eq=False)
class Workflow(Generic[In, Out]):
    """A step made of steps; compared by identity.

    Args:
        name: how paths call it; by default what kind of workflow it is.
        description: what it is for, when it is a tool.
        version: of its logic; by default the names of its steps. Resuming an unfinished turn under another raises `Diverged`.
    """

    KIND: ClassVar[str] = "workflow"
    _: KW_ONLY
    name: str = ""
    description: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.KIND)
        if not self.version:
            names = ",".join(self.parts)
            object.__setattr__(self, "version", names if len(names) <= 200 else digest(names))

    @property
    def parts(self) -> Mapping[str, Any]:
        """The steps in it, by the names under which they stand in paths."""
        raise AssertionError("each kind of workflow says what is in it")

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Run it on an input."""
        raise AssertionError("each kind of workflow says how it runs")

    def read_input(self, plain: Any) -> Any:
        """The input, of what a journal kept of it."""
        return plain

    def read_output(self, plain: Any) -> Any:
        """What it gave, of what a journal kept of that."""
        return plain

    def named(self, name: str, *, description: str = "", version: str = "") -> Self:
        """The same workflow under another name."""
        return replace(self, name=name, description=description or self.description, version=version or self.version)

    def __repr__(self) -> str:
        parts = list(self.parts)
        shown = ", ".join(parts[:6]) + (f", ... {len(parts)} in all" if len(parts) > 6 else "")
        return f"{self.name}({shown})"


def checked(step: Any, owner: str) -> Any:
    """A step that may stand in a workflow.

    Raises:
        UserError: it is none.
    """
    if isinstance(step, Tool):
        raise UserError(f"{owner} is the tool '{step.name}'. A tool is called by an agent: pass its function, or an agent.")
    if not callable(step):
        raise UserError(f"{owner} is {step!r}. Pass an agent, a team, a workflow, or a function of the input.")
    step_name(step)
    return step


def by_name(steps: Iterable[Any], owner: str) -> dict[str, Any]:
    """Steps by their names; of several with one name, the second is called `name-2`."""
    named: dict[str, Any] = {}
    for place, step in enumerate(steps, start=1):
        name = own = step_name(checked(step, f"{owner}: step {place}"))
        count = 1
        while name in named:
            count += 1
            name = f"{own}-{count}"
        named[name] = step
    return named


def counted(number: Any, option: str, at_least: int = 1) -> int:
    """A number of things.

    Raises:
        UserError: it is no whole number, or too small.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number < at_least:
        raise UserError(f"{option}={number!r}): give a whole number from {at_least} up.")
    return number


def output_of(step: Any, plain: Any) -> Any:
    """What a step gave, of what a journal kept of it."""
    return interpret(step).load(plain, "")


def output_of_one(steps: Iterable[Any], plain: Any) -> Any:
    """What one of several steps gave, of what a journal kept of it: of the first type that it fits, else plain."""
    others = (typed for step in steps for typed in fitting(step, plain) if typed is not plain)
    return next(others, plain)


def output_of_last(steps: Iterable[Any], plain: Any) -> Any:
    """What the last of several steps gave, of what a journal kept of it; where it does not fit, what the one before it gave."""
    return next((typed for step in reversed([*steps]) for typed in fitting(step, plain)), plain)


def fitting(step: Any, plain: Any) -> list[Any]:
    """What a step gave, if it is the step's: nothing is missing of what was kept, and nothing added."""
    try:
        typed = output_of(step, plain)
    except Exception:  # it is another's
        return []
    return [typed] if typed is plain or jsonable(typed, step_name(step)) == plain else []


def input_of(step: Any, plain: Any) -> Any:
    """What a step was given, of what a journal kept of it."""
    return interpret(step).reread(plain)


async def conclude(scope: Scope, step: Any, input: Any) -> Any:
    """Run what makes the answer of what there is, as the last of a workflow: it is not cut, for that left time for it."""
    scope.cut = None
    return await scope.call(step, input)


async def is_partial(scope: Scope, error: Exception) -> bool:
    """Whether the budget around is spent and wants what there is so far to be the answer; that it is so is kept."""
    if not isinstance(error, BudgetExceeded) or not error.partial or not f"{scope.path}/".startswith(f"{error.path}/"):
        return False
    share = 1.0 if scope.ledger is None else scope.ledger.share()[0]
    await scope.keep(BudgetDegraded("partial_answer", error.resource, share))
    return True


async def note_missing(scope: Scope, missing: Mapping[str, Any]) -> None:
    """Note that a workflow answers with parts missing, if any are.

    Args:
        scope: the workflow's scope.
        missing: by name, why each part is missing: a failure, an exception, or a sentence.
    """
    if missing:
        await scope.keep(AnsweredInPart({name: str(reason) for name, reason in missing.items()}))
