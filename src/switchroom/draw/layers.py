"""A layered layout: boxes in columns from left to right, lines through free places between them, few crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from switchroom.draw.columns import settled, straighten
from switchroom.draw.crossings import sorted_layers

GAP = 16.0
"""Between boxes of a column."""

ALLEY = 34.0
"""Between columns."""

THREAD = 8.0
"""The height that a line takes where it passes a column."""


@dataclass(frozen=True)
class Box:
    """Something to be placed."""

    width: float
    height: float


@dataclass(frozen=True)
class Wire:
    """A line to be placed: from one box to another, with a label of a size."""

    source: int
    target: int
    label: Box | None = None


@dataclass(frozen=True)
class Route:
    """Where a line goes.

    Args:
        points: from the border of the first box to that of the second; between each two it leaves and arrives horizontally.
        label: the middle of its label.
    """

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Layout:
    """Where everything is: the upper left corners of the boxes, the routes of the lines, and the size of the whole."""

    places: tuple[tuple[float, float], ...]
    routes: tuple[Route, ...]
    width: float
    height: float


class Sides(NamedTuple):
    """Where a cell begins and ends, and where its column does."""

    left: float
    right: float
    end: float


@dataclass
class Cell:
    """A place in a column: of a box, of a label, or of a line that passes."""

    layer: int
    size: Box
    is_box: bool = False
    before: list[int] = field(default_factory=list[int])
    after: list[int] = field(default_factory=list[int])


def laid_out(boxes: Sequence[Box], wires: Sequence[Wire]) -> Layout:
    """Place boxes and lines."""
    ranks, turned = _ranks(len(boxes), wires)
    cells = [Cell(2 * rank, box, True) for rank, box in zip(ranks, boxes, strict=True)]  # labels stand in the odd columns
    chains = [_chain(cells, wire, wire in turned) for wire in wires]
    for chain in chains:
        for one, next in pairwise(chain):
            cells[one].after.append(next)
            cells[next].before.append(one)
    layers = sorted_layers([cell.layer for cell in cells], [cell.before for cell in cells], [cell.after for cell in cells])
    heights = [cell.size.height for cell in cells]
    middles = settled(layers, heights, [cell.before for cell in cells], [cell.after for cell in cells], GAP)
    straighten(middles, layers, chains, heights, GAP / 2)
    sides, width = _columns(layers, cells)
    top = min(middle - height / 2 for middle, height in zip(middles, heights, strict=True)) if cells else 0.0
    middles = [middle - top for middle in middles]
    bottom = max((middle + height / 2 for middle, height in zip(middles, heights, strict=True)), default=0.0)
    places = tuple((sides[number].left, middles[number] - boxes[number].height / 2) for number in range(len(boxes)))
    ports = _ports(cells, chains, middles)
    routes = tuple(
        _route(cells, chain, wire in turned, sides, middles, ports[number])
        for number, (chain, wire) in enumerate(zip(chains, wires, strict=True))
    )
    return Layout(places, routes, width, bottom)


def _ranks(count: int, wires: Sequence[Wire]) -> tuple[list[int], set[Wire]]:
    """The column of each box, so that lines lead to the right, and the lines that had to be turned for it: those of circles."""
    out: list[list[Wire]] = [[] for _ in range(count)]
    for wire in wires:
        out[wire.source].append(wire)
    turned: set[Wire] = set()
    state = [0] * count  # 0 is new, 1 is on the way, 2 is done
    order: list[int] = []
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        way: list[tuple[int, int]] = [(start, 0)]
        while way:
            box, place = way[-1]
            if place == len(out[box]):
                way.pop()
                state[box] = 2
                order.append(box)
                continue
            way[-1] = (box, place + 1)
            wire = out[box][place]
            if state[wire.target] == 1:
                turned.add(wire)
            elif state[wire.target] == 0:
                state[wire.target] = 1
                way.append((wire.target, 0))
    ranks = [0] * count
    below: list[list[int]] = [[] for _ in range(count)]
    for wire in wires:
        source, target = (wire.target, wire.source) if wire in turned else (wire.source, wire.target)
        below[source].append(target)
    for box in reversed(order):
        for other in below[box]:
            ranks[other] = max(ranks[other], ranks[box] + 1)
    return ranks, turned


def _chain(cells: list[Cell], wire: Wire, turned: bool) -> list[int]:
    """The cells that a line goes through, from left to right; the places that it takes on the way are made."""
    start, end = (wire.target, wire.source) if turned else (wire.source, wire.target)
    first, last = cells[start].layer, cells[end].layer
    labelled = (last - 1 if turned else first + 1) if wire.label is not None else None
    chain = [start]
    for layer in range(first + 1, last):
        size = wire.label if layer == labelled and wire.label is not None else Box(0.0, THREAD)
        cells.append(Cell(layer, size))
        chain.append(len(cells) - 1)
    return [*chain, end]


def _columns(layers: list[list[int]], cells: list[Cell]) -> tuple[list[Sides], float]:
    """The borders of each cell, and the width of all columns. Lines cross a column straight."""
    sides = [Sides(0.0, 0.0, 0.0)] * len(cells)
    left = 0.0
    for layer in layers:
        width = max((cells[cell].size.width for cell in layer), default=0.0)
        for cell in layer:
            right = left + (cells[cell].size.width if cells[cell].is_box else width)
            sides[cell] = Sides(left, right, left + width)
        left += width + ALLEY
    return sides, max(left - ALLEY, 0.0)


def _ports(cells: list[Cell], chains: list[list[int]], middles: list[float]) -> list[tuple[float, float]]:
    """The heights at which each line leaves its left box and arrives at its right one, in the order of where they come from."""
    leaving: dict[int, list[int]] = {}
    arriving: dict[int, list[int]] = {}
    for number, chain in enumerate(chains):
        leaving.setdefault(chain[0], []).append(number)
        arriving.setdefault(chain[-1], []).append(number)
    heights: list[list[float]] = [[0.0, 0.0] for _ in chains]
    for side, groups, next in ((0, leaving, 1), (1, arriving, -2)):
        for box, numbers in groups.items():
            ordered = sorted(numbers, key=lambda number: middles[chains[number][next]])
            room = min(cells[box].size.height - 16, 22.0 * (len(ordered) - 1))
            for place, number in enumerate(ordered):
                share = 0.0 if len(ordered) == 1 else place / (len(ordered) - 1) - 0.5
                heights[number][side] = middles[box] + share * room
    return [(leaves, arrives) for leaves, arrives in heights]


def _route(
    cells: list[Cell], chain: list[int], turned: bool, sides: list[Sides], middles: list[float], ports: tuple[float, float]
) -> Route:
    first = sides[chain[0]]
    points = [(first.right, ports[0])]
    if first.right < first.end:  # past wider boxes of its column
        points.append((first.end, ports[0]))
    label: tuple[float, float] | None = None
    for cell in chain[1:-1]:
        left, right, _ = sides[cell]
        if left < right:  # a column without labels takes no room: the line goes on from box to box
            points += [(left, middles[cell]), (right, middles[cell])]
        if cells[cell].size.width:
            label = ((left + right) / 2, middles[cell])
    points.append((sides[chain[-1]].left, ports[1]))
    return Route(tuple(reversed(points)) if turned else tuple(points), label)
