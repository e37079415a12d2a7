"""Applications as pictures: well formed, complete, legible, with nothing over anything else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from supportgenie import application
from switchroom import Agent, Team
from switchroom.blueprint import Blueprint, Line, Part, blueprint_of
from switchroom.blueprint.parts import LineKind
from switchroom.draw import mermaid_of, svg_of, text_of
from switchroom.draw.layers import Box, Layout, Wire, laid_out
from switchroom.draw.lettering import fitting, folded, width_of
from switchroom.draw.svg import COLOURS, STROKES
from tests.draw.apps import CONFIG, crowd, session, team, workflow

SVG = "{http://www.w3.org/2000/svg}"
APPS = {"team": team, "workflow": workflow, "session": session, "supportgenie": lambda: application.app}


ROUNDED = 0.11
"""Numbers in pictures have one decimal."""


class Area(NamedTuple):
    """A rectangle: its left, top, right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: Area) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def holds(self, x: float, y: float) -> bool:
        return self.left + ROUNDED < x < self.right - ROUNDED and self.top < y < self.bottom


def drawn(app: Any) -> ET.Element:
    return ET.fromstring(svg_of(blueprint_of(app, CONFIG)))


def parts_in(picture: ET.Element) -> dict[str, Area]:
    """The cards by their parts' ids."""
    cards: dict[str, Area] = {}
    for group in picture.iter(f"{SVG}g"):
        if group.get("class") == "part":
            x, y = map(float, re.findall(r"[-\d.]+", group.get("transform", "")))
            [card] = [rect for rect in group.findall(f"{SVG}rect") if rect.get("class") == "card"]
            width, height = float(card.get("width", "")), float(card.get("height", ""))
            cards[group.get("data-part", "")] = Area(x, y, x + width, y + height)
    return cards


def labels_in(picture: ET.Element) -> list[Area]:
    labels: list[Area] = []
    for group in picture.iter(f"{SVG}g"):
        if group.get("class") == "label":
            [rect] = group.findall(f"{SVG}rect")
            x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
            labels.append(Area(x, y, x + width, y + height))
    return labels


def points_in(picture: ET.Element) -> list[list[tuple[float, float]]]:
    """Points along each line, close to one another."""
    return [list(_along(path.get("d", ""))) for path in picture.iter(f"{SVG}path") if path.get("class") == "line"]


def _along(path: str) -> Iterator[tuple[float, float]]:
    x = y = 0.0
    for command, numbers in re.findall(r"([MLC])([-\d. ]+)", path):
        values = list(map(float, numbers.split()))
        ends = list(zip(values[::2], values[1::2], strict=True))
        controls = [(x, y), *ends] if command == "C" else [(x, y), (x, y), ends[0], ends[0]]
        for step in range(1, 21) if command != "M" else [20]:
            t = step / 20
            shares = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
            yield tuple(sum(share * point[axis] for share, point in zip(shares, controls, strict=True)) for axis in (0, 1))  # pyright: ignore[reportReturnType]
        x, y = ends[-1]


@pytest.mark.parametrize("name", list(APPS))
def test_all_parts_are_there_and_nothing_lies_over_anything(name: str):
    blueprint = blueprint_of(APPS[name](), CONFIG)
    picture = ET.fromstring(svg_of(blueprint))
    cards, labels = parts_in(picture), labels_in(picture)
    assert list(cards) == [part.id for part in blueprint.parts]
    areas = [*cards.values(), *labels]
    assert [(one, other) for n, one in enumerate(areas) for other in areas[n + 1 :] if one.covers(other)] == []
    for points in points_in(picture):
        for card in cards.values():
            assert not any(card.holds(x, y) for x, y in points)
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    assert all(area.left >= 0 and area.right + 24 <= width and area.top >= 0 and area.bottom + 24 <= height for area in areas)


@pytest.mark.parametrize("name", list(APPS))
def test_each_line_begins_at_the_border_of_one_card_and_ends_at_that_of_another(name: str):
    picture = drawn(APPS[name]())
    cards = parts_in(picture).values()
    for points in points_in(picture):
        for x, y in (points[0], points[-1]):
            assert any(
                abs(x - side) < ROUNDED and card.top <= y <= card.bottom for card in cards for side in (card.left, card.right)
            )


@pytest.mark.parametrize("name", list(APPS))
def test_texts_stay_within_their_cards(name: str):
    for group in drawn(APPS[name]()).iter(f"{SVG}g"):
        if group.get("class") == "part":
            [card] = [rect for rect in group.findall(f"{SVG}rect") if rect.get("class") == "card"]
            for text in group.findall(f"{SVG}text"):
                bold = text.get("font-weight") == "600"
                end = float(text.get("x", "")) + width_of(text.text or "", float(text.get("font-size", "")), bold)
                assert end <= float(card.get("width", ""))


def test_nothing_in_a_picture_comes_from_elsewhere_or_runs():
    text = svg_of(blueprint_of(team(), CONFIG))
    assert re.findall(r"https?://[^\"\s]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|@import|\son\w+=", text)


def test_texts_of_the_user_are_only_text():
    wild = '<script>alert("&")</script>'
    agent = Agent(wild, description=wild)
    picture = ET.fromstring(svg_of(blueprint_of(agent, CONFIG)))
    assert list(picture.iter(f"{SVG}script")) == []
    assert wild in {group.get("data-part") for group in picture.iter(f"{SVG}g")}


HOSTILE = "a\x00\x1b[31mb\ud800\uffff\u202ec\nd ]]> &#35; --> \U0001f469\u200d\U0001f467"


def test_what_steers_a_terminal_or_stands_in_no_document_is_shown_as_a_mark():
    blueprint = blueprint_of(Agent("a", description="\r"), CONFIG)
    blueprint = replace(blueprint, name=HOSTILE, parts=(replace(blueprint["a"], name=HOSTILE, description=HOSTILE),))
    [title] = ET.fromstring(svg_of(blueprint)).findall(f"{SVG}title")
    assert title.text == "a\ufffd\ufffd[31mb\ufffd\ufffd\ufffdc d ]]> &#35; --> \U0001f469\u200d\U0001f467"
    for drawn in (text_of(blueprint), mermaid_of(blueprint), svg_of(blueprint)):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", drawn)
        drawn.encode()


def luminance(colour: str) -> float:
    """How bright a colour is, as the guidelines for contrast reckon it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_letters_can_be_read_on_what_they_stand_on():
    pairs = [(letters, face) for face, _, letters in COLOURS.values()]
    pairs += [(colour, "#ffffff") for colour, _ in STROKES.values()]
    for one, other in pairs:
        darker, brighter = sorted((luminance(one), luminance(other)))
        assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (one, other)


def test_a_part_with_much_on_it_is_as_high_as_that():
    [small] = parts_in(drawn(crowd(3))).values()
    [large] = parts_in(drawn(crowd(60))).values()
    assert large.bottom - small.bottom == 57 * 16


def test_long_names_are_cut_and_told_in_full_by_the_title():
    name = "a_very_long_name_of_an_agent_that_nobody_would_ever_want_to_read_in_full"
    text = svg_of(blueprint_of(Agent(name), CONFIG))
    assert name not in {element.text for element in ET.fromstring(text).iter(f"{SVG}text")}
    assert f"<title>agent '{name}'</title>" in text
    assert "…" in text


def test_who_hands_over_both_ways_has_one_line():
    both = Team([Agent("a", handoffs=["b"]), Agent("b", handoffs=["a"])])
    text = svg_of(blueprint_of(both, CONFIG))
    assert len(points_in(ET.fromstring(text))) == 2  # with that from the team to its first agent
    assert text.count("marker-start") == 1


# laws --------------------------------------------------------------------------------------------------------------------

KINDS: list[LineKind] = ["handoff", "part", "edge", "calls"]
SIZES = st.builds(Box, st.floats(40, 300), st.floats(30, 200))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Wire]]:
    """Boxes, and lines between some of them, with labels or without."""
    boxes = draw(st.lists(SIZES, min_size=1, max_size=9))
    ends = st.integers(0, len(boxes) - 1)
    label = st.none() | st.builds(Box, st.floats(20, 120), st.just(18.0))
    wires = draw(st.lists(st.tuples(ends, ends, label).filter(lambda wire: wire[0] != wire[1]), max_size=14))
    return boxes, [Wire(*wire) for wire in wires]


def areas(boxes: list[Box], layout: Layout) -> list[Area]:
    return [Area(x, y, x + box.width, y + box.height) for box, (x, y) in zip(boxes, layout.places, strict=True)]


@given(graphs())
def test_no_box_or_label_lies_over_another_and_no_line_crosses_a_box(graph: tuple[list[Box], list[Wire]]):
    boxes, wires = graph
    layout = laid_out(boxes, wires)
    placed = areas(boxes, layout)
    for wire, route in zip(wires, layout.routes, strict=True):
        if wire.label is not None:
            assert route.label is not None
            (x, y), half = route.label, wire.label.width / 2
            placed.append(Area(x - half, y - 9, x + half, y + 9))
    for number, one in enumerate(placed):
        assert not any(one.covers(other) for other in placed[number + 1 :])
        assert one.left >= -0.01
        assert one.right <= layout.width + 0.01
        assert one.top >= -0.01
        assert one.bottom <= layout.height + 0.01
    for route in layout.routes:
        for box in placed[: len(boxes)]:
            assert not any(box.left + 0.1 < x < box.right - 0.1 and box.top < y < box.bottom for x, y in route.points[1:-1])


@given(graphs())
def test_a_layout_depends_on_nothing_else(graph: tuple[list[Box], list[Wire]]):
    assert laid_out(*graph) == laid_out(*graph)


@given(graphs())
def test_any_graph_is_drawn(graph: tuple[list[Box], list[Wire]]):
    boxes, wires = graph
    parts = tuple(Part(f"p{number}", "agent", f"p{number}") for number in range(len(boxes)))
    lines = tuple(Line(f"p{wire.source}", f"p{wire.target}", KINDS[n % 4], "x" * (n % 3)) for n, wire in enumerate(wires))
    picture = ET.fromstring(svg_of(Blueprint("app", "p0", parts, lines)))
    cards = parts_in(picture)
    assert len(cards) == len(boxes)
    for points in points_in(picture):
        assert not any(card.holds(x, y) for card in cards.values() for x, y in points)


@given(st.text("abc WM.i…ü", max_size=60), st.floats(20, 200))
def test_a_text_that_is_cut_fits(text: str, width: float):
    assert width_of(fitting(text, width, 11.0), 11.0) <= width
    lines = folded(text, width, 11.0, 3)
    assert len(lines) <= 3
    assert all(width_of(line, 11.0) <= width for line in lines)
