"""The lines of a blueprint as they are drawn: those between the same two parts in one, also when they go both ways."""

from __future__ import annotations

import msgspec

from switchroom.blueprint import Blueprint, Line
from switchroom.blueprint.parts import LineKind


class Link(msgspec.Struct, frozen=True):
    """A line as it is drawn.

    Args:
        source: where it begins.
        target: where it leads.
        kind: what goes along it.
        label: what stands at it.
        both: it leads back as well.
    """

    source: str
    target: str
    kind: LineKind
    label: str = ""
    both: bool = False


def links_of(app: Blueprint) -> list[Link]:
    """The links of a blueprint, in the order of its lines; a part's lines to itself are none."""
    grouped: dict[tuple[str, str, LineKind], list[Line]] = {}
    for line in app.lines:
        if line.source != line.target:
            grouped.setdefault((line.source, line.target, line.kind), []).append(line)
    links: list[Link] = []
    done: set[tuple[str, str, LineKind]] = set()
    for (source, target, kind), lines in grouped.items():
        if (source, target, kind) in done:
            continue
        back = grouped.get((target, source, kind), [])
        if back and kind in ("handoff", "edge"):
            done.add((target, source, kind))
            labels = [line.label for line in (*lines, *back)]
            links.append(Link(source, target, kind, _joined(labels), both=True))
        else:
            links.append(Link(source, target, kind, _joined([line.label for line in lines])))
    return links


def itself(app: Blueprint, id: str) -> list[Line]:
    """A part's lines to itself."""
    return [line for line in app.out_of(id) if line.target == id]


def _joined(labels: list[str]) -> str:
    return ", ".join(dict.fromkeys(label for label in labels if label))
