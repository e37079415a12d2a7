"""Where to abstain: how often decisions were right at each confidence, and the threshold for a wanted rate of errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from switchroom.errors import UserError

BINS = 400
"""Steps of confidence that are told apart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What came of decisions at each confidence, from low to high.

    Args:
        right: decisions whose likeliest route was right, by confidence.
        wrong: those where it was another one's.
        strange: those about a message that was for none of the routes.
    """

    right: tuple[int, ...]
    wrong: tuple[int, ...]
    strange: tuple[int, ...]

    @staticmethod
    def of(outcomes: Iterable[tuple[float, bool, bool]]) -> Curve:
        """The curve of decisions: how sure each was, whether it was right, and whether one of the routes was meant."""
        right, wrong, strange = [0] * BINS, [0] * BINS, [0] * BINS
        for confidence, correct, belongs in outcomes:
            kind = right if correct else wrong if belongs else strange
            kind[min(BINS - 1, max(0, int(confidence * BINS)))] += 1
        return Curve(tuple(right), tuple(wrong), tuple(strange))

    def best(self) -> float:
        """The threshold under which most decisions are as they should be: right, or left open where nobody was meant."""
        return max(self._table(), key=lambda row: (row[1] + row[4], -row[0]))[0]

    def for_error(self, rate: float) -> float:
        """The lowest threshold from which on at most so many of the routed messages go wrong.

        Raises:
            UserError: the rate is no share, or there is no such threshold.
        """
        _check(rate, "error")
        for threshold, right, wrong, strange, _ in self._table():
            if right + wrong + strange and (wrong + strange) <= rate * (right + wrong + strange):
                return threshold
        raise UserError(
            f"Under no threshold do at most {rate:.1%} of the routed messages go wrong. "
            "Give more examples of each thing that the routes do, or allow more."
        )

    def for_abstention(self, rate: float) -> float:
        """The highest threshold under which at most so many of the messages that belong somewhere are left open.

        Raises:
            UserError: the rate is no share.
        """
        _check(rate, "abstention")
        belonging = sum(self.right) + sum(self.wrong)
        kept = [row[0] for row in self._table() if belonging - row[1] - row[2] <= rate * belonging]
        return kept[-1]

    def rates(self, threshold: float) -> tuple[float, float]:
        """Of the routed messages the share that goes wrong, and of all that belong somewhere the share that is left open."""
        at = [row for row in self._table() if row[0] <= threshold + 1e-9][-1]
        _, right, wrong, strange, _ = at
        routed, belonging = right + wrong + strange, sum(self.right) + sum(self.wrong)
        left = belonging - right - wrong
        return (wrong + strange) / routed if routed else 0.0, left / belonging if belonging else 0.0

    def _table(self) -> list[tuple[float, int, int, int, int]]:
        """For each threshold: what is right, wrong and strange at or above it, and what is strange below."""
        above = [_above(kind) for kind in (self.right, self.wrong, self.strange)]
        return [
            (place / BINS, above[0][place], above[1][place], above[2][place], above[2][0] - above[2][place])
            for place in range(BINS + 1)
        ]


def _above(counts: Sequence[int]) -> list[int]:
    sums = [0]
    for count in reversed(counts):
        sums.append(sums[-1] + count)
    return sums[::-1]


def _check(rate: float, what: str) -> None:
    if not 0 <= rate <= 1:
        raise UserError(f"{what}={rate!r} is no rate. Give a share from 0 to 1, such as 0.05.")
