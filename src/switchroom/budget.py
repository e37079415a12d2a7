"""Budgets: how much a run may use, and what it does with less before it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar, TypeAlias

from switchroom.errors import UserError
from switchroom.model import Model
from switchroom.usage import Usage

Price: TypeAlias = Callable[[Usage, str], "Decimal | None"]
"""What usage of a model costs in US dollars; None where that is not known."""


@dataclass(frozen=True)
class CheaperModel:
    """Agents are given another model, whatever theirs is.

    Args:
        model: a model, or the name of one.
        at: from which share of the budget on (0 to 1); by default when its turn comes.
    """

    step: ClassVar[str] = "cheaper_model"
    model: Model | str
    at: float | None = None


@dataclass(frozen=True)
class FewerVoters:
    """Votes ask fewer voters, the first ones.

    Args:
        count: how many.
        at: from which share of the budget on (0 to 1); by default when its turn comes.
    """

    step: ClassVar[str] = "fewer_voters"
    count: int = 1
    at: float | None = None


@dataclass(frozen=True)
class SkipOptional:
    """Branches that are optional are not begun.

    Args:
        at: from which share of the budget on (0 to 1); by default when its turn comes.
    """

    step: ClassVar[str] = "skip_optional"
    at: float | None = None


@dataclass(frozen=True)
class PartialAnswer:
    """What a workflow has when nothing more fits is its answer; the result is then `partial`.

    A parallel has its other branches, a vote the other votes, a debate the arguments so far. A sequential to which the budget
    was given has the last result, if it is of the type of the last stage; inside another step it has failed.

    Args:
        at: of seconds, the share (0 to 1) after which what goes on is cut; the rest is for putting the answer together.
    """

    step: ClassVar[str] = "partial_answer"
    at: float = 0.9


Degradation: TypeAlias = CheaperModel | FewerVoters | SkipOptional | PartialAnswer


@dataclass(frozen=True)
class Budget:
    """How much a run, or a part of it, may use, everything below it included.

    A call is made if its declared maximum fits: one turn; the tokens of its request, estimated, and `max_tokens` of the agent's
    settings; the seconds that are left. So it is exceeded by no more than what calls in flight use beyond what they declared.

    Args:
        turns: answers of models.
        tokens: sent and received.
        money: US dollars, by list prices.
        seconds: of one attempt; the time that a person is waited for does not count.
        degrade: what is done with less, in this order, before it fails. Without an `at` of their own they take effect
            one after the other in the second half of the budget, and all that did not yet when a call does not fit.
        price: another way to price a model than the list, `f(usage, model)`.

    Raises:
        UserError: it limits nothing, or a number is out of range.
    """

    turns: int | None = None
    tokens: int | None = None
    money: float | Decimal | None = None
    seconds: float | None = None
    degrade: tuple[Degradation, ...] = ()
    price: Price | None = None

    def __post_init__(self) -> None:
        limits: dict[str, Any] = {"turns": self.turns, "tokens": self.tokens, "money": self.money, "seconds": self.seconds}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        if not given:
            raise UserError(f"A budget limits nothing. Give one of {', '.join(limits)}, such as Budget(tokens=100_000).")
        for name, limit in given.items():
            whole = name in ("turns", "tokens")
            if isinstance(limit, bool) or not isinstance(limit, int if whole else int | float | Decimal):
                raise UserError(f"Budget({name}={limit!r}): give a {'whole ' if whole else ''}number.")
            if not isfinite(limit) or not limit > 0:
                raise UserError(f"Budget({name}={limit!r}): give a number above 0.")
        steps = self.degrade if isinstance(self.degrade, tuple | list) else (self.degrade,)  # pyright: ignore[reportUnnecessaryIsInstance]
        object.__setattr__(self, "degrade", tuple(steps))
        for step in steps:
            _check(step)


def _check(step: Any) -> None:
    if not isinstance(step, Degradation):
        raise UserError(f"Budget(degrade=...) holds {step!r}; it takes CheaperModel, FewerVoters, SkipOptional, PartialAnswer.")
    at: Any = step.at
    if at is not None and (not isinstance(at, int | float) or not 0 <= at <= 1):
        raise UserError(f"{step!r}: at= is a share of the budget, from 0 to 1.")
    match step:
        case FewerVoters(count=count) if not isinstance(count, int) or count < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"{step!r}: at least 1 voter votes.")
        case CheaperModel(model=model) if not isinstance(model, str) and not callable(model):
            raise UserError(f"{step!r}: give a model or the name of one.")
        case _:
            pass
