"""An application as a picture: SVG of its own, without scripts, fonts or anything else from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax import saxutils

from switchroom.blueprint import Blueprint
from switchroom.blueprint.parts import LineKind, PartKind
from switchroom.draw.cards import HEAD, NAME, PAD, ROW, SMALL, Card, card_of
from switchroom.draw.layers import Box, Layout, Route, Wire, laid_out
from switchroom.draw.lettering import printable, width_of
from switchroom.draw.links import Link, links_of

MARGIN = 24.0
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

COLOURS: dict[PartKind, tuple[str, str, str]] = {
    "agent": ("#e3edff", "#3b6fd4", "#2c5cbf"),
    "team": ("#efeafd", "#7c5cd6", "#6544c4"),
    "session": ("#efeafd", "#7c5cd6", "#6544c4"),
    "workflow": ("#fdf2d0", "#b9851c", "#86600f"),
    "guard": ("#f1f2f4", "#6b7280", "#5b6472"),
    "function": ("#f1f2f4", "#6b7280", "#5b6472"),
    "node": ("#ffffff", "#374151", "#374151"),
    "speaker": ("#def5e5", "#2f8f52", "#20703c"),
    "listener": ("#ffffff", "#9ca3af", "#5b6472"),
}
"""The face of each kind of part, its border, and its letters, which are dark enough to be read on the face."""

STROKES: dict[LineKind, tuple[str, str]] = {
    "entry": ("#7c5cd6", ""),
    "handoff": ("#3b6fd4", ""),
    "edge": ("#374151", ""),
    "route": ("#86600f", ""),
    "part": ("#86600f", ""),
    "runs": ("#6b7280", "5 3"),
    "tool": ("#6b7280", "5 3"),
    "calls": ("#6b7280", "5 3"),
    "fallback": ("#c2410c", "2 3"),
}
"""The colour of each kind of line, and how it is broken."""

MEANINGS: dict[LineKind, str] = {
    "entry": "begins with",
    "handoff": "hands over to",
    "edge": "leads to",
    "route": "routes to",
    "part": "has",
    "runs": "answers by",
    "tool": "calls",
    "calls": "calls",
    "fallback": "falls back on",
}

EFFECTS = {
    "read": "#2f8f52",
    "idempotent": "#3b6fd4",
    "compensable": "#b9851c",
    "irreversible": "#c02626",
    "runs": "#6b7280",
}
"""The dots of tools by what a call does to the world."""


def svg_of(app: Blueprint) -> str:
    """The blueprint as an SVG document."""
    cards = [card_of(app, part) for part in app.parts]
    links = links_of(app)
    numbers = {part.id: number for number, part in enumerate(app.parts)}
    wires = [Wire(numbers[link.source], numbers[link.target], _room(link)) for link in links]
    layout = laid_out([Box(card.width, card.height) for card in cards], wires)
    legend = list(_legend(links, cards))
    legend_width = sum(width for _, width in legend)
    width = max(layout.width, legend_width) + 2 * MARGIN
    height = layout.height + 2 * MARGIN + (34.0 if legend else 0.0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
            f'height="{_n(height)}" role="img" font-family="{FONT}">',
            f"<title>{_escaped(app.name)}</title>",
            f'<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>',
            *_arrowheads(links),
            f'<g transform="translate({_n(MARGIN)} {_n(MARGIN)})">',
            *(_line(link, route) for link, route in zip(links, layout.routes, strict=True)),
            *_cards(cards, layout),
            *(_label(link, route) for link, route in zip(links, layout.routes, strict=True) if link.label),
            "</g>",
            *_legend_at(legend, MARGIN, layout.height + MARGIN + 28.0),
            "</svg>",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return saxutils.escape(printable(text))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _room(link: Link) -> Box | None:
    return Box(width_of(_short(link.label), SMALL) + 10.0, 18.0) if link.label else None


def _short(label: str) -> str:
    label = printable(label)
    return label if len(label) <= 40 else f"{label[:39]}…"


# lines -------------------------------------------------------------------------------------------------------------------


def _arrowheads(links: list[Link]) -> Iterator[str]:
    yield "<defs>"
    for colour in dict.fromkeys(STROKES[link.kind][0] for link in links):
        yield (
            f'<marker id="head-{colour[1:]}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
            f'markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.5L8 4L0 7.5z" fill="{colour}"/></marker>'
        )
    yield "</defs>"


def _line(link: Link, route: Route) -> str:
    colour, dashes = STROKES[link.kind]
    head = f"url(#head-{colour[1:]})"
    start = f' marker-start="{head}"' if link.both else ""
    broken = f' stroke-dasharray="{dashes}"' if dashes else ""
    said = f"{link.source} {'and' if link.both else MEANINGS[link.kind]} {link.target}"
    return (
        f'<path class="line" d="{_curve(route)}" fill="none" stroke="{colour}" stroke-width="1.4"{broken}{start} '
        f'marker-end="{head}"><title>{_escaped(said)}</title></path>'
    )


def _curve(route: Route) -> str:
    """Through the points of a route, horizontal at each."""
    (x, y), *others = route.points
    drawn = [f"M{_n(x)} {_n(y)}"]
    for next_x, next_y in others:
        if abs(next_y - y) < 0.5:
            drawn.append(f"L{_n(next_x)} {_n(next_y)}")
        else:
            bend = (next_x - x) / 2
            drawn.append(f"C{_n(x + bend)} {_n(y)} {_n(next_x - bend)} {_n(next_y)} {_n(next_x)} {_n(next_y)}")
        x, y = next_x, next_y
    return "".join(drawn)


def _label(link: Link, route: Route) -> str:
    assert route.label is not None, "who has a label has a place for it"
    x, y = route.label
    text = _short(link.label)
    width = width_of(text, SMALL) + 6.0
    return (
        f'<g class="label"><rect x="{_n(x - width / 2)}" y="{_n(y - 8)}" width="{_n(width)}" height="16" fill="#ffffff"/>'
        f'<text x="{_n(x)}" y="{_n(y + 4)}" font-size="{_n(SMALL)}" text-anchor="middle" fill="{STROKES[link.kind][0]}">'
        f"<title>{_escaped(link.label)}</title>{_escaped(text)}</text></g>"
    )


# cards -------------------------------------------------------------------------------------------------------------------


def _cards(cards: list[Card], layout: Layout) -> Iterator[str]:
    for card, (x, y) in zip(cards, layout.places, strict=True):
        yield f'<g class="part" data-part={saxutils.quoteattr(printable(card.part.id))} transform="translate({_n(x)} {_n(y)})">'
        yield from _card(card)
        yield "</g>"


def _card(card: Card) -> Iterator[str]:
    face, border, letters = COLOURS[card.part.kind]
    dashes = ' stroke-dasharray="4 3"' if card.part.kind == "listener" else ""
    radius = {"team": 16, "session": 16, "speaker": 12, "function": 12}.get(card.part.kind, 5)
    yield f"<title>{_escaped(_told(card))}</title>"
    yield (
        f'<rect class="card" width="{_n(card.width)}" height="{_n(card.height)}" rx="{radius}" fill="{face}" '
        f'stroke="{border}" stroke-width="1.4"{dashes}/>'
    )
    yield f'<text x="{_n(PAD)}" y="20" font-size="{_n(NAME)}" font-weight="600" fill="#111827">{_escaped(card.name)}</text>'
    yield f'<text x="{_n(PAD)}" y="36" font-size="{_n(SMALL)}" fill="{letters}">{_escaped(card.kind)}</text>'
    for number, row in enumerate(card.rows):
        y = HEAD + ROW * number + 8.0
        if row.mark:
            yield f'<circle cx="{_n(PAD + 3.5)}" cy="{_n(y - 3.5)}" r="3.5" fill="{EFFECTS[row.mark]}"/>'
        x = PAD + (12.0 if row.mark else 0.0)
        colour = "#4b5563" if row.faint else "#111827"
        yield f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(SMALL)}" fill="{colour}">{_escaped(row.text)}</text>'


def _told(card: Card) -> str:
    part = card.part
    return "\n".join(filter(None, (part.who, part.description, part.where)))


# the legend --------------------------------------------------------------------------------------------------------------


def _legend(links: list[Link], cards: list[Card]) -> Iterator[tuple[str, float]]:
    """What the lines and the dots mean, each with its width."""
    looks = {(STROKES[link.kind], MEANINGS[link.kind]) for link in links}
    for kind, (colour, dashes) in STROKES.items():
        if ((colour, dashes), MEANINGS[kind]) in looks:
            looks.discard(((colour, dashes), MEANINGS[kind]))
            broken = f' stroke-dasharray="{dashes}"' if dashes else ""
            mark = f'<path d="M0 -4h22" stroke="{colour}" stroke-width="1.4"{broken}/>'
            yield _entry(mark, 28.0, MEANINGS[kind])
    marks = dict.fromkeys(row.mark for card in cards for row in card.rows)
    for effect, colour in EFFECTS.items():
        if effect in marks and effect != "runs":
            yield _entry(f'<circle cx="4" cy="-4" r="3.5" fill="{colour}"/>', 12.0, effect)


def _entry(mark: str, at: float, text: str) -> tuple[str, float]:
    drawn = f'{mark}<text x="{_n(at)}" font-size="{_n(SMALL)}" fill="#4b5563">{text}</text>'
    return drawn, at + width_of(text, SMALL) + 18.0


def _legend_at(entries: list[tuple[str, float]], x: float, y: float) -> Iterator[str]:
    for drawn, width in entries:
        yield f'<g class="legend" transform="translate({_n(x)} {_n(y)})">{drawn}</g>'
        x += width
