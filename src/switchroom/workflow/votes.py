"""Ways to count votes: the majority, the most votes, weighted votes, and ranked choice by instant runoff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeAlias, cast

from switchroom.errors import UserError


@dataclass(frozen=True)
class Count:
    """What counting came to.

    Args:
        winner: the option that won; None if none did.
        tally: how much each option got, the most first.
        tied: the options that none of has won over the others, where that is why nobody won.
        rounds: of ranked choice, the tally of each round.
    """

    winner: str | None
    tally: dict[str, float]
    tied: tuple[str, ...] = ()
    rounds: tuple[dict[str, float], ...] = field(default=())


Ballots: TypeAlias = Mapping[str, Sequence[str]]
"""What each voter chose, by the voter's name: one option, or several, the best first."""

By: TypeAlias = Callable[[Ballots], Count]


def plurality(ballots: Ballots) -> Count:
    """The option with the most votes wins."""
    return _most(_tally(ballots, {}))


def majority(ballots: Ballots) -> Count:
    """The option with more than half of the votes wins."""
    count = _most(_tally(ballots, {}))
    return _above_half(count, len(ballots))


@dataclass(frozen=True)
class Weighted:
    """Counting in which votes weigh differently; made by `weighted`."""

    weights: Mapping[str, float]

    def __call__(self, ballots: Ballots) -> Count:
        """The option with more than half of the weight of those who voted wins."""
        weight = sum(self.weights.get(name, 1.0) for name in ballots)
        return _above_half(_most(_tally(ballots, self.weights)), weight)


def weighted(weights: Mapping[str, float]) -> Weighted:
    """Votes weigh differently: the option with more than half of the weight wins.

    Args:
        weights: by voter; of others it is 1.

    Raises:
        UserError: a weight is negative or no number.
    """
    for name, weight in weights.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not number or not isfinite(weight) or weight < 0:
            raise UserError(f"weighted(...): '{name}' weighs {weight!r}; give a number from 0 up.")
    return Weighted(dict(weights))


def ranked_choice(ballots: Ballots) -> Count:
    """Instant runoff: the option with the fewest first places is dropped, and its votes go to who stands next on their ballots,
    until one has more than half of the ballots that still name somebody. Options that are last together are dropped together,
    unless that would leave nobody.
    """
    left = list(dict.fromkeys(option for ballot in ballots.values() for option in ballot))
    rounds: list[dict[str, float]] = []
    while True:
        firsts = {name: [option for option in ballot if option in left][:1] for name, ballot in ballots.items()}
        tally = _tally(firsts, {}) | {option: 0.0 for option in left if not any(option in first for first in firsts.values())}
        tally = dict(sorted(tally.items(), key=lambda one: -one[1]))
        rounds.append(tally)
        count = _above_half(_most(tally), sum(1 for first in firsts.values() if first))
        last = [option for option, votes in tally.items() if votes == min(tally.values())]
        if count.winner is not None or len(last) == len(tally):
            return Count(count.winner, tally, count.tied, tuple(rounds))
        left = [option for option in left if option not in last]


def _tally(ballots: Ballots, weights: Mapping[str, float]) -> dict[str, float]:
    tally: dict[str, float] = {}
    for name, ballot in ballots.items():
        for option in ballot[:1]:
            tally[option] = tally.get(option, 0.0) + weights.get(name, 1.0)
    return dict(sorted(tally.items(), key=lambda one: -one[1]))


def _most(tally: dict[str, float]) -> Count:
    if not tally:
        return Count(None, {})
    most = max(tally.values())
    leading = tuple(option for option, votes in tally.items() if votes == most)
    return Count(leading[0] if len(leading) == 1 else None, tally, leading if len(leading) > 1 else ())


def _above_half(count: Count, votes: float) -> Count:
    if count.winner is None or count.tally[count.winner] * 2 > votes:
        return count
    return Count(None, count.tally, ())


def ballot_of(vote: Any, key: Callable[[Any], Any] | None, owner: str) -> tuple[list[Any], list[str]]:
    """The options that a vote names, as they were given and as they are compared: a text without regard to capitals, blanks
    around it and a full stop.

    Raises:
        UserError: it names nothing that can be compared.
    """
    chosen = vote if key is None else key(vote)
    options: list[Any] = list(cast("Sequence[Any]", chosen)) if isinstance(chosen, list | tuple) else [chosen]
    return options, [_compared(option, owner) for option in options]


def _compared(option: Any, owner: str) -> str:
    value = getattr(option, "value", option)  # of an enum's member
    if isinstance(value, str):
        return value.strip().strip("\"'`*.!").strip().casefold()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # 1.0 is as much as 1
    if isinstance(value, bool | int | float) or value is None:
        return str(value)
    raise UserError(
        f"{owner} voted {option!r}, which cannot be compared with other votes. Pass key=, a function from what a voter gives "
        "to the option that it chose."
    )
