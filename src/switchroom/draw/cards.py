"""What stands on the card of a part: its name, what it is, what it is for, its tools and guards, and how large that is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from switchroom.blueprint import Blueprint, Part
from switchroom.draw.lettering import fitting, folded, width_of
from switchroom.draw.links import itself
from switchroom.draw.text import kind_of

WIDEST = 230.0
"""A text on a card is cut at this width."""

PAD = 12.0
NAME, SMALL = 14.0, 11.0
ROW = 16.0
HEAD = 46.0


class Row(msgspec.Struct, frozen=True):
    """A line on a card.

    Args:
        text: what it says.
        mark: the colour's name of the dot before it; "" for none.
        faint: whether it is said in passing.
    """

    text: str
    mark: str = ""
    faint: bool = False


class Card(msgspec.Struct, frozen=True):
    """The card of a part.

    Args:
        part: the part.
        name: its name, as much as fits.
        kind: what it is, as much as fits.
        rows: what stands below.
        width: of the card.
        height: of the card.
    """

    part: Part
    name: str
    kind: str
    rows: tuple[Row, ...]
    width: float
    height: float


def card_of(app: Blueprint, part: Part) -> Card:
    """The card of a part."""
    name = fitting(part.name, WIDEST, NAME, bold=True)
    kind = fitting(kind_of(part), WIDEST, SMALL)
    rows = tuple(_rows(app, part))
    widths = [width_of(name, NAME, bold=True), width_of(kind, SMALL)]
    widths += [width_of(row.text, SMALL) + (12.0 if row.mark else 0.0) for row in rows]
    width = max(*widths, 70.0) + 2 * PAD
    height = HEAD + (ROW * len(rows) + 8.0 if rows else 0.0)
    return Card(part, name, kind, rows, width, height)


def _rows(app: Blueprint, part: Part) -> Iterator[Row]:
    for line in folded(part.description, WIDEST, SMALL, most=3):
        yield Row(line, faint=True)
    for tool in part.tools:
        notes = ", ".join([*(["a person approves"] if tool.approval else []), *tool.guards])
        text = f"{tool.name} ({notes})" if notes else tool.name
        yield Row(fitting(text, WIDEST - 12.0, SMALL), mark="runs" if tool.runs else tool.effect)
    for guard in part.guards:
        yield Row(fitting(f"guard {guard}", WIDEST, SMALL), faint=True)
    for line in itself(app, part.id):
        yield Row(fitting(f"leads to itself{f': {line.label}' if line.label else ''}", WIDEST, SMALL), faint=True)
    for stranger in app.strangers:
        if stranger.source == part.id and stranger.name:
            yield Row(fitting(f"{stranger.name} is not there", WIDEST - 12.0, SMALL), mark="irreversible")
