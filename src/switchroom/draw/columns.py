"""How high cells stand in their columns: as near to their neighbours as the others in the column allow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

SWEEPS = 24

WORK = 40_000
"""Cells that are moved in all; of a picture with more, there are fewer sweeps."""

FLAT = 20.0
"""Cells below this height are lines on their way, and labels at them."""


def settled(
    layers: list[list[int]], heights: Sequence[float], before: Sequence[list[int]], after: Sequence[list[int]], gap: float
) -> list[float]:
    """The middle of each cell; in a column, cells keep their order and their distance."""
    middles = [0.0] * len(heights)
    for layer in layers:
        top = 0.0
        for cell in layer:
            middles[cell] = top + heights[cell] / 2
            top += heights[cell] + gap
    for sweep in range(max(4, min(SWEEPS, WORK // max(len(heights), 1)))):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_wanted(cell, middles, heights, before, after) for cell in layer]
            for cell, middle in zip(layer, _spread(layer, wanted, heights, gap), strict=True):
                middles[cell] = middle
    return middles


def _wanted(
    cell: int, middles: list[float], heights: Sequence[float], before: Sequence[list[int]], after: Sequence[list[int]]
) -> float:
    """The mean of the neighbours; lines on their way count for more, so that they go straight."""
    neighbours = [*before[cell], *after[cell]]
    if not neighbours:
        return middles[cell]
    weights = [_weight(heights[cell]) * _weight(heights[other]) for other in neighbours]
    return sum(middles[other] * weight for other, weight in zip(neighbours, weights, strict=True)) / sum(weights)


def _weight(height: float) -> float:
    return 3.0 if height < FLAT else 1.0


def _spread(layer: list[int], wanted: list[float], heights: Sequence[float], gap: float) -> list[float]:
    """The middles nearest to the wanted ones with which no two cells come too near: blocks of cells that touch move as one."""
    offsets = [0.0]
    for upper, lower in pairwise(layer):
        offsets.append(offsets[-1] + (heights[upper] + heights[lower]) / 2 + gap)
    blocks: list[tuple[float, int]] = []  # the mean of what its cells want of its first one, and their number
    for middle, offset in zip(wanted, offsets, strict=True):
        mean, count = middle - offset, 1
        while blocks and blocks[-1][0] > mean:
            upper, number = blocks.pop()
            mean = (upper * number + mean * count) / (number + count)
            count += number
        blocks.append((mean, count))
    starts = [mean for mean, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def straighten(
    middles: list[float], layers: list[list[int]], chains: Sequence[list[int]], heights: Sequence[float], gap: float
) -> None:
    """Bring what a line goes through to one height, as far as what stands above and below leaves room."""
    neighbours: dict[int, tuple[int | None, int | None]] = {}
    for layer in layers:
        for upper, cell, lower in zip([None, *layer[:-1]], layer, [*layer[1:], None], strict=True):
            neighbours[cell] = (upper, lower)

    def room(cell: int) -> tuple[float, float]:
        upper, lower = neighbours[cell]
        low = -inf if upper is None else middles[upper] + (heights[upper] + heights[cell]) / 2 + gap
        high = inf if lower is None else middles[lower] - (heights[lower] + heights[cell]) / 2 - gap
        return low, high

    for chain in chains:
        run: list[int] = []
        low, high = -inf, inf
        for cell in [*chain[1:-1], None]:
            its_low, its_high = room(cell) if cell is not None else (inf, -inf)
            if max(low, its_low) > min(high, its_high):
                wanted = sum(middles[one] for one in run) / len(run) if run else 0.0
                for one in run:
                    middles[one] = min(max(wanted, low), high)
                run, low, high = [], -inf, inf
            if cell is not None:
                run.append(cell)
                low, high = max(low, its_low), min(high, its_high)
