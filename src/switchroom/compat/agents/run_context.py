"""What user code is given of a run: the caller's own context, and what was used so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from switchroom.compat.agents.convert import TResponseInputItem
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.usage import Usage

TContext = TypeVar("TContext", default=Any)


@dataclass(eq=False)
class RunContextWrapper(Generic[TContext]):
    """The context of a run; there is one for each run, and no model sees it.

    Args:
        context: what the caller passed as `context=`.
        usage: what the run's models used so far.
        turn_input: what the agent's model was asked last, as input items.
    """

    context: TContext
    usage: Usage = field(default_factory=Usage)
    turn_input: list[TResponseInputItem] = field(default_factory=list[TResponseInputItem])


__getattr__ = missing_from(__name__)
