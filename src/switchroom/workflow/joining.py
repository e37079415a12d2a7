"""Putting branches together: by a function of all of them, by a function of each by its name, or by any other step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from switchroom.context import settled
from switchroom.errors import UserError, unknown
from switchroom.runner.interpreter import interpret
from switchroom.step import step_name
from switchroom.workflow.base import checked
from switchroom.workflow.branches import Branches


@dataclass(frozen=True, eq=False)
class Join:
    """A step that is given what branches gave.

    A function whose parameters are called as the branches are is given each by its name; of one that failed, its `Failure`.
    """

    step: Any
    by_name: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """How paths call it."""
        return step_name(self.step)

    async def __call__(self, found: Branches, scope: Any, /) -> Any:
        """Put them together, each by its name."""
        return await settled(self.step(**{name: found.get(name) for name in self.by_name}))

    def read_input(self, plain: Any) -> Branches:
        """What branches gave, of what a journal kept of it."""
        return Branches.read(plain)

    def read_output(self, plain: Any) -> Any:
        """What it made of them, of the type that it declares."""
        return interpret(self.step).load(plain, "")


def joined(join: Any, branches: Collection[str]) -> Join:
    """What puts branches together, held against their names.

    Raises:
        UserError: it is no step, or its parameters match neither the branches nor all of them together.
    """
    checked(join, "parallel: join")
    if not inspect.isroutine(join):
        return Join(join, ())
    wanted = _parameters(join)
    names = [given.name for given in wanted]
    if wanted and all(name in branches for name in names):
        return Join(join, tuple(names))
    required = [given.name for given in wanted if given.default is given.empty]
    if len(required) == 1 and len(wanted) == 1:
        return Join(join, ())
    if len(wanted) == 2 and wanted[1].name == "scope":
        return Join(join, ())
    stranger = next((name for name in names if name not in branches), "")
    owner = f"parallel: join '{step_name(join)}' takes {names}"
    raise UserError(
        f"{unknown(owner + ', and the workflow', 'branch', stranger, branches)} "
        "Let it take one parameter, for all that the branches gave, or parameters called as branches are."
    )


def _parameters(join: Callable[..., Any]) -> list[inspect.Parameter]:
    return [
        given
        for given in inspect.signature(join).parameters.values()
        if given.kind not in (given.VAR_POSITIONAL, given.VAR_KEYWORD)
    ]
