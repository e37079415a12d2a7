"""Findings about ways: those that lead to nobody, those who are never reached, circles that nobody leaves."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Part
from switchroom.check.finding import Finding, begun, quoted
from switchroom.errors import unknown

PASSING = ("handoff", "edge")


def strangers(app: Blueprint) -> Iterator[Finding]:
    """A handoff leads to somebody who is not there."""
    for stranger in app.strangers:
        source = app[stranger.source]
        if stranger.why:
            says, remedy = stranger.why, "Give each agent that takes part a name of its own, and each tool of an agent one."
        else:
            whole = "the session" if source.habits is not None else "the team"
            kind = "node" if source.habits is not None else "agent"
            says = f"{begun(source.who)} hands over to '{stranger.name}': {unknown(whole, kind, stranger.name, stranger.known)}"
            remedy = f"Add {kind} '{stranger.name}', or name one that is there."
        yield Finding("stranger", "error", source.who, says, remedy, source.where)


def unreachable(app: Blueprint) -> Iterator[Finding]:
    """Nothing leads to a part."""
    closed = [session.id for session in app.of_kind("session") if not app.out_of(session.id, "entry")]
    if closed:  # that no message can enter is told already
        return
    reached = app.reached([app.entry])
    for part in app.parts:
        if part.id not in reached:
            if part.habits is not None:
                says = f"Node '{part.name}' is reached by no message: it stands in a circle to which nothing leads."
                remedy = f"Connect it: session.add_edge('...', '{part.name}')."
            else:
                says = f"{begun(part.who)} is never reached: nobody hands over to it."
                remedy = f"Give somebody who is reached a handoff to '{part.name}', or take it out of the team."
            yield Finding("unreachable", "error", part.who, says, remedy, part.where)


def no_way_out(app: Blueprint) -> Iterator[Finding]:
    """Who is put through to some parts, by handoffs or edges, only goes round among them."""
    for circle in app.circles(*PASSING):
        below = [app[id] for id in app.reached(circle, *PASSING)]
        if not any(map(can_end, below)):
            members = [app[id] for id in circle]
            names = " -> ".join([part.name for part in members] + [members[0].name])
            if members[0].habits is not None:
                says = f"The circle {names} has no way out: no node in it speaks, and none that it leads to."
                remedy = "Add an OutputNode to it, or an edge from it to one."
            else:
                says = f"The circle of handoffs {names} has no way out: each is made to call a tool, and has only these."
                names = quoted([part.name for part in members], "or")
                remedy = f"Let one of them answer: leave tool_choice out of the settings of {names}."
            yield Finding("no-way-out", "error", members[0].who, says, remedy, members[0].where)


def can_end(part: Part) -> bool:
    """Whether a conversation can end with a part: it answers, and is not made to hand over."""
    return part.answers and not part.only_hands_over
