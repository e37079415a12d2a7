"""Findings about background nodes: those that no event reaches."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Line
from switchroom.check.finding import Finding, quoted


def unheard(app: Blueprint) -> Iterator[Finding]:
    """Yield a finding for each background node that no event reaches."""
    if any(part.habits is not None and part.habits.hands_to_any for part in app.parts):
        return
    reached = _reached_by_events(app)
    for node in app.of_kind("listener"):
        sources = list(dict.fromkeys(app[line.source].name for line in app.into(node.id, "edge")))
        if node.id not in reached and sources:
            does = "sends no event along this edge" if len(sources) == 1 else "send no event along these edges"
            yield Finding(
                "unreachable",
                "warning",
                node.who,
                f"No event reaches background node '{node.name}': {quoted(sources)} {does}. "
                "An output node answers a message and does not pass it on.",
                f"Add an edge from a node that passes messages on: session.add_edge('...', '{node.name}').",
                node.where,
            )


def _reached_by_events(app: Blueprint) -> set[str]:
    """Return the ids of nodes that an event may reach: along edges from the entries and the targets of handoffs."""
    waiting = [line.target for line in app.lines if line.kind in ("entry", "handoff", "fallback")]
    reached: set[str] = set()
    while waiting:
        id_ = waiting.pop()
        if id_ not in reached:
            reached.add(id_)
            waiting += [line.target for line in app.out_of(id_, "edge") if _carries_events(app, line)]
    return reached


def _carries_events(app: Blueprint, line: Line) -> bool:
    """Return True if the source of an edge may send an event along it."""
    source = app[line.source]
    habits = source.habits
    if habits is None:
        return True
    if line.conditional and not line.label.endswith("?") and habits.routes and not habits.any_route:
        return line.label in habits.routes
    return habits.sends or not (source.answers or habits.own_way)
