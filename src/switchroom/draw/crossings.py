"""The order of cells within columns: by where their neighbours stand, again and again, as long as lines cross less."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

SWEEPS = 12

WORK = 40_000
"""Cells that are looked at in all; of a picture with more, there are fewer sweeps."""


def sorted_layers(layer_of: Sequence[int], before: Sequence[list[int]], after: Sequence[list[int]]) -> list[list[int]]:
    """The cells of each column, from top to bottom.

    Args:
        layer_of: the column of each cell.
        before: the cells in the column to the left that each is connected with.
        after: the same to the right.
    """
    layers: list[list[int]] = [[] for _ in range(max(layer_of, default=-1) + 1)]
    for cell in _as_met(layer_of, after):
        layers[layer_of[cell]].append(cell)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, after)
    for sweep in range(max(2, min(SWEEPS, WORK // max(len(layer_of), 1)))):
        if fewest == 0:
            break
        forth = sweep % 2 == 0
        neighbours = before if forth else after
        for layer in layers if forth else reversed(layers):
            _by_neighbours(layer, layers, layer_of, neighbours)
        _swapped(layers, before, after)
        crossings = _crossings(layers, after)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _as_met(layer_of: Sequence[int], after: Sequence[list[int]]) -> list[int]:
    """The cells as one meets them from the first on, so that what belongs together stands together."""
    order: list[int] = []
    seen: set[int] = set()
    for start in sorted(range(len(layer_of)), key=lambda cell: (layer_of[cell], cell)):
        waiting = [start]
        while waiting:
            cell = waiting.pop()
            if cell not in seen:
                seen.add(cell)
                order.append(cell)
                waiting += reversed(after[cell])
    return order


def _by_neighbours(layer: list[int], layers: list[list[int]], layer_of: Sequence[int], neighbours: Sequence[list[int]]) -> None:
    """Sort a column by the mean place of each cell's neighbours; a cell without any stays where it is."""
    places: dict[int, float] = {}
    for cell in layer:
        if neighbours[cell]:
            column = layers[layer_of[neighbours[cell][0]]]
            places[cell] = sum(map(column.index, neighbours[cell])) / len(neighbours[cell])
    moving = iter(sorted(places, key=lambda cell: places[cell]))
    layer[:] = [next(moving) if cell in places else cell for cell in layer]


def _swapped(layers: list[list[int]], before: Sequence[list[int]], after: Sequence[list[int]]) -> None:
    """Swap cells that stand below one another where fewer lines cross then."""
    for number, layer in enumerate(layers):
        left = {cell: place for place, cell in enumerate(layers[number - 1])} if number else {}
        right = {cell: place for place, cell in enumerate(layers[number + 1])} if number + 1 < len(layers) else {}
        for place in range(len(layer) - 1):
            upper, lower = layer[place], layer[place + 1]
            now = _between(before[upper], before[lower], left) + _between(after[upper], after[lower], right)
            then = _between(before[lower], before[upper], left) + _between(after[lower], after[upper], right)
            if then < now:
                layer[place], layer[place + 1] = lower, upper


def _between(upper: list[int], lower: list[int], places: dict[int, int]) -> int:
    return sum(places[one] > places[other] for one in upper for other in lower)


def _crossings(layers: list[list[int]], after: Sequence[list[int]]) -> int:
    """How many pairs of lines cross."""
    count = 0
    for number, layer in enumerate(layers[:-1]):
        places = {cell: place for place, cell in enumerate(layers[number + 1])}
        above: list[int] = []
        for cell in layer:
            ends = sorted(places[next] for next in after[cell])
            count += sum(len(above) - bisect_left(above, end + 1) for end in ends)
            for end in ends:
                insort(above, end)
    return count
