"""A linear model of routes, ready to be asked: weights of grams as small numbers, and the calibration of their sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from switchroom.routing.linear.calibration import Calibration
from switchroom.routing.linear.table import Floats, Row, Table

LEVELS = 127


@dataclass(frozen=True, eq=False)
class Linear:
    """What was learned.

    Args:
        table: the grams.
        weights: for each gram a whole number per route, from -127 to 127.
        scales: what the numbers of each gram are multiplied with.
        shift: what each route's score begins with.
        dense: weights of an encoder's numbers per route; no rows without an encoder.
        calibration: what scores are worth.
    """

    table: Table
    weights: NDArray[np.int8]
    scales: Floats
    shift: Floats
    dense: Floats
    calibration: Calibration

    @staticmethod
    def of(table: Table, weights: Floats, shift: Floats, dense: Floats, calibration: Calibration) -> Linear:
        """The model of exact weights, which are rounded."""
        scales = np.abs(weights).max(axis=1, initial=0.0) / LEVELS
        rounded = np.round(weights / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
        return Linear(table, rounded, scales.astype(np.float32), shift, dense, calibration)

    def scores(self, row: Row, encoded: Floats | None) -> Floats:
        """The score of each route for a text.

        Args:
            row: the text's grams as numbers.
            encoded: what the encoder makes of the text, where there is one.
        """
        scores: Floats = self.shift
        if row.columns:
            columns = np.array(row.columns)
            heavy = np.array(row.values, dtype=np.float32) * self.scales[columns]
            scores = np.add(scores, heavy @ self.weights[columns].astype(np.float32), dtype=np.float32)
        if encoded is not None:
            scores = np.add(scores, encoded @ self.dense, dtype=np.float32)
        return scores

    def telling(self, row: Row, route: int, most: int = 3) -> list[str]:
        """The words of a text, cut short as grams are, that speak most for a route."""
        columns = row.columns[: row.words]
        worth = [
            (value * float(self.scales[column]) * int(self.weights[column, route]), column)
            for value, column in zip(row.values, columns, strict=False)
        ]
        worth.sort(key=lambda one: -one[0])
        return [self.table.columns[column][1:] for share, column in worth[:most] if share > 0]
