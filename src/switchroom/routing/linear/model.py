"""A linear model of routes, ready to be asked: weights of grams as small numbers, and the calibration of their sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from switchroom.routing.linear.calibration import Calibration
from switchroom.routing.linear.table import FAMILIES, Floats, Row, Table

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
        scores = self.shift
        if row.columns:
            heavy = np.array(row.values, dtype=np.float32) * self.scales[row.columns]
            scores = scores + heavy @ self.weights[row.columns].astype(np.float32)
        if encoded is not None:
            scores = scores + encoded @ self.dense
        return scores

    def telling(self, row: Row, route: int, most: int = 3) -> list[str]:
        """The words of a text that speak most for a route."""
        words = [place for place, column in enumerate(row.columns) if self._is_word(column)]
        columns = [row.columns[place] for place in words]
        if not columns:
            return []
        worth = np.array([row.values[place] for place in words]) * self.scales[columns] * self.weights[columns, route]
        order = np.argsort(-worth, kind="stable")[:most]
        return [self.table.columns[columns[place]][1:] for place in order if worth[place] > 0]

    def _is_word(self, column: int) -> bool:
        gram = self.table.columns[column]
        return gram[0] == FAMILIES[0] and " " not in gram
