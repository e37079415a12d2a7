"""What a router decides: a route or none, how sure it is, and what else came into question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CANDIDATES = 10
"""Candidates that a decision names at most, the likeliest."""


class RoutingWarning(UserWarning):
    """A router was made of what does not say enough."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is to answer.

    Args:
        route: the route; None when the router abstained.
        confidence: how probable it is that the likeliest route is right, from 0 to 1: that of `candidates[0]`.
        candidates: the likeliest routes with their probabilities, best first; never empty.
        abstained: whether it was left open.
        by: the name of the router that decided.
        reason: why, in a few words, where there is something to be said.
        tokens: what models used for it, as far as that was counted.
        cost: what that costs in US dollars, as far as the prices are known.
        skill: what of all that the route does was asked for, where the router tells skills apart.
    """

    route: str | None
    confidence: float
    candidates: tuple[tuple[str, float], ...]
    abstained: bool
    by: str
    reason: str = ""
    tokens: int = 0
    cost: float = 0.0
    skill: str = ""


def decided(ranked: tuple[tuple[str, float], ...], by: str, at_least: float = 0.0, reason: str = "") -> Decision:
    """The decision for the first of some routes; the router abstains below a confidence.

    Args:
        ranked: routes with their probabilities, best first.
        by: the router's name.
        at_least: the confidence below which it is left open.
        reason: why the first is the likeliest.
    """
    route, confidence = ranked[0]
    if confidence < at_least:
        reason = f"'{route}' is likeliest with {confidence:.2f}, and {at_least:.2f} is wanted"
        return Decision(None, confidence, ranked, True, by, reason)
    return Decision(route, confidence, ranked, False, by, reason)


def left_open(routes: Iterable[str], by: str, reason: str) -> Decision:
    """The decision of a router that cannot tell: all of its routes are as likely as one another."""
    names = list(routes)
    share = 1 / len(names)
    return Decision(None, share, tuple((name, share) for name in names[:CANDIDATES]), True, by, reason)
