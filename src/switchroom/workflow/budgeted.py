"""A step with a budget of its own, as a part of a larger run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from switchroom.budget import Budget
from switchroom.errors import UserError
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.workflow.base import A, B, In, Out, Stage, Workflow, checked, input_of, output_of


@dataclass(frozen=True, eq=False)
class Budgeted(Workflow[In, Out]):
    """A step with a budget of its own; made by `budgeted`."""

    KIND: ClassVar[str] = "budgeted"
    step: Any = None
    budget: Budget = cast("Budget", None)

    @property
    def parts(self) -> Mapping[str, Any]:
        """The step."""
        return {step_name(self.step): self.step}

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Run the step on what its budget allows.

        Raises:
            BudgetExceeded: that was not enough.
        """
        here: Scope = scope
        path = here.place(step_name(self.step))
        return await here.enter(self.step, input, path, replace(here.config, budget=self.budget, deadline=None))

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the step declares."""
        return input_of(self.step, plain)

    def read_output(self, plain: Any) -> Any:
        """What it gave, of the type that the step declares."""
        return output_of(self.step, plain)


def budgeted(step: Stage[A, B], budget: Budget) -> Budgeted[A, B]:
    """A step with a budget of its own. What it uses counts for the budgets around it, too.

    Args:
        step: an agent, a team, a workflow, a function.
        budget: what it and all below it may use.

    Raises:
        UserError: it is no step, or no budget.
    """
    if not isinstance(budget, Budget):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"budgeted(..., {budget!r}): give Budget(...).")
    return Budgeted(step=checked(step, "budgeted"), budget=budget)
