"""Facts of what code decided on the way: the route it took, the branches that won, what a budget made it leave out."""

from __future__ import annotations

from typing import ClassVar

from switchroom.events.base import Fact


class RouteDecided(Fact, frozen=True):
    """It was decided who answers.

    Args:
        route: the label of the route; None when none was sure enough, or known.
        to: the name of the step that answers: the route's, the one that clarifies, or the fallback.
        confidence: of the label, from 0 to 1, where the classifier gave one.
        candidates: labels with their probabilities, the likeliest first, where the classifier gave them.
        by: the classifier's name.
        reason: why, in the classifier's words; or why no route was taken.
    """

    route: str | None
    to: str
    confidence: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    by: str = ""
    reason: str = ""


class QuorumReached(Fact, frozen=True):
    """As many branches succeeded as were wanted: `won` are those, and `lost` are stopped, or were never begun."""

    concerns_root: ClassVar[bool] = True
    won: tuple[str, ...]
    lost: tuple[str, ...] = ()


class AnsweredInPart(Fact, frozen=True):
    """A workflow answered with parts missing; `missing` maps the name of each part to the reason why it is missing.

    A part is missing if it failed, was stopped, or was left out. A draft that did not pass is no missing part.
    """

    missing: dict[str, str]


class BudgetDegraded(Fact, frozen=True):
    """What a budget says of doing with less was looked at, and held or not yet.

    Args:
        step: "cheaper_model", "fewer_voters", "skip_optional" or "partial_answer".
        resource: of which there was little: "turns", "tokens", "money" or "seconds"; "" if there was enough.
        share: how much of the budget was spent or spoken for, 1.0 being all of it.
        applied: whether it was done.
        budget: the path of the run whose budget wants it.
        place: which of what that budget does with less it is, from 0.
    """

    step: str
    resource: str = ""
    share: float = 0.0
    applied: bool = True
    budget: str = ""
    place: int = 0
