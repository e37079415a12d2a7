"""What figures are computed of: areas under curves, calibration errors, shares."""

from __future__ import annotations

from collections.abc import Sequence

BINS = 15


def share(part: float, whole: float) -> float:
    """A part of a whole; 0 of nothing."""
    return part / whole if whole else 0.0


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """How far confidences are from how often they are right, by fifteenths of confidence, weighted by how many there are."""
    total = 0.0
    for low in range(BINS):
        inside = [place for place, sure in enumerate(confidence) if min(BINS - 1, int(sure * BINS)) == low]
        if inside:
            total += abs(sum(confidence[place] for place in inside) - sum(right[place] for place in inside))
    return share(total, len(confidence))


def area(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """How probable it is that one of `higher` is above one of `lower`, ties being half: the area under the ROC curve.

    None if there are none of one kind.
    """
    if not higher or not lower:
        return None
    ranked = sorted([(value, True) for value in higher] + [(value, False) for value in lower])
    ranks, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        ranks += (at + end + 1) / 2 * sum(is_higher for _, is_higher in ranked[at:end])
        at = end
    return (ranks - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower))


def quantile(values: Sequence[float], of: float) -> float:
    """The value below which a share of the values is; 0 if there are none."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(of * len(values)))]
