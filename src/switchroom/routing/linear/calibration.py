"""What a score is worth: how often a router whose scores look like these was right on examples that it had not seen.

Two steps, each with what is usual as its beginning, from which few examples move it little and many as far as they say: a
temperature makes shares of the scores, and a curve of two numbers makes a probability of the best one's share.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from switchroom.routing.linear.table import Floats, Ints

USUAL_TEMPERATURE = 8.5
_SPREAD = 0.25
_SLOPE_SPREAD = 0.3
_SHIFT_SPREAD = 0.3


class Calibration(NamedTuple):
    """How scores become probabilities.

    Args:
        temperature: what scores are multiplied with before they are shares.
        slope: of the curve from the log odds of the best share to those of being right.
        shift: the same curve at even odds.
        scope: where the best route is wrong, how often another is right; the rest was for none of them.
    """

    temperature: float = USUAL_TEMPERATURE
    slope: float = 1.0
    shift: float = 0.0
    scope: float = 1.0

    def probabilities(self, scores: Floats) -> NDArray[np.float64]:
        """The probabilities of the routes, in the order of the scores. The best score has the highest."""
        scaled = scores.astype(np.float64) * self.temperature
        best = int(scaled.argmax())
        shares = np.exp(scaled - scaled[best])
        shares[best] = 0.0
        others = float(shares.sum())
        if others == 0.0:
            shares[best] = 1.0
            return shares
        sure = float(_sigmoid(self.slope * -np.log(others) + self.shift))
        shares *= self.scope / others
        sure = max(sure, (second := float(shares.max())) / (1 + second))  # or another would come before the best
        shares *= 1 - sure
        shares[best] = sure
        return shares


def calibrated(scores: Floats, own: Ints) -> Calibration:
    """The calibration of scores that examples got from a machine that had not seen them.

    Args:
        scores: a row for each example.
        own: the number of each example's route; -1 where it is for none.
    """
    some = own >= 0
    temperature = _temperature(scores[some], own[some])
    odds = log_odds(scores, temperature)
    right = scores.argmax(axis=1) == own
    slope, shift = _curve(odds, right)
    wrong, strange = int((~right & some).sum()), int((~some).sum())
    return Calibration(temperature, slope, shift, (1 + wrong) / (1 + wrong + strange))


def log_odds(scores: Floats, temperature: float) -> NDArray[np.float64]:
    """The log odds of each row's best share against all others."""
    scaled = scores.astype(np.float64) * temperature
    ordered = np.sort(scaled, axis=1)
    return -np.log(np.maximum(np.exp(ordered[:, :-1] - ordered[:, -1:]).sum(axis=1), 1e-300))


def _temperature(scores: Floats, own: Ints) -> float:
    """The temperature under which the examples' own routes are likeliest."""
    precise = scores.astype(np.float64)
    mine = precise[np.arange(len(own)), own]

    def cost(power: float) -> float:
        scaled = precise * np.exp(power)
        highest = scaled.max(axis=1)
        sums = np.log(np.exp(scaled - highest[:, None]).sum(axis=1)) + highest
        return float((sums - mine * np.exp(power)).sum()) + ((power - np.log(USUAL_TEMPERATURE)) / _SPREAD) ** 2 / 2

    low, high = np.log(USUAL_TEMPERATURE) - 2.5, np.log(USUAL_TEMPERATURE) + 2.5
    golden = (np.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = cost(left), cost(right)
    for _ in range(24):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = cost(right)
    return float(np.exp((low + high) / 2))


def _curve(odds: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift of the curve under which what was right and wrong is likeliest."""
    slope, shift = 1.0, 0.0
    odds = np.clip(odds, -30, 30)
    for _ in range(50):
        sure = _sigmoid(slope * odds + shift)
        off = sure - right
        down = np.array([(off * odds).sum() + (slope - 1) / _SLOPE_SPREAD**2, off.sum() + shift / _SHIFT_SPREAD**2])
        bend = sure * (1 - sure)
        mixed = (bend * odds).sum()
        curvature = np.array(
            [
                [(bend * odds * odds).sum() + 1 / _SLOPE_SPREAD**2, mixed],
                [mixed, bend.sum() + 1 / _SHIFT_SPREAD**2],
            ]
        )
        step = np.linalg.solve(curvature, down)
        size = min(1.0, 1.0 / float(np.abs(step).max() + 1e-12))  # far steps overshoot where the curve is flat
        slope, shift = float(slope - size * step[0]), float(shift - size * step[1])
        if np.abs(step).max() < 1e-7:
            break
    return max(slope, 0.05), shift


def _sigmoid(value: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(value, -700, 700)))
