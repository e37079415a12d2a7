"""Findings about how parts hang together: who reaches into whom, who waits in a circle, what fails unheard, what is lost."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Deeds
from switchroom.blueprint.parts import NESTING
from switchroom.check.finding import Finding, begun

BEARING = ("fallback", "parallel", "vote", "debate", "refine", "retry", "breaker", "hedge")
"""Workflows and guards that go on when one of their steps fails."""


def reaches_in(app: Blueprint) -> Iterator[Finding]:
    """A node touches what is another's own."""
    for part in app.parts:
        for touched, line in part.habits.reaches if part.habits is not None else ():
            says = f"{begun(part.who)} uses {touched}, which is another's own: neither can change without the other."
            remedy = "Send an event, put it into a handoff's context, or share it as state."
            yield Finding("reaches-in", "warning", part.who, says, remedy, _at(part.where, line))


def circular_dependency(app: Blueprint) -> Iterator[Finding]:
    """Parts wait for each other's answers in a circle."""
    for circle in app.circles(*NESTING):
        names = " -> ".join([app[id].name for id in [*circle, circle[0]]])
        says = f"{names}: each waits for the answer of the next, which may go on for ever."
        remedy = "Let one of them answer by itself, or hand the conversation over instead of asking."
        yield Finding("circular-dependency", "warning", app[circle[0]].who, says, remedy, app[circle[0]].where)


def unhandled_failure(app: Blueprint) -> Iterator[Finding]:
    """A function asks agents, and their failure takes everything with it, or is dropped without a word."""
    told: set[str] = set()
    for who, name, where, deeds, alone in _functions(app):
        for line, says, remedy in _failures(name, deeds, alone):
            at = _at(where, line) if line else where
            if at not in told:
                told.add(at)
                yield Finding("unhandled-failure", "warning", who, says, remedy, at)


def _failures(name: str, deeds: Deeds, alone: bool) -> Iterator[tuple[int, str, str]]:
    for line in deeds.gathers:
        yield (
            line,
            f"'{name}' awaits agents together, and the first that fails loses what the others answered.",
            "Pass gather(..., return_exceptions=True) and look at each, or use parallel(...), where failures are values.",
        )
    for line in deeds.swallows:
        yield (
            line,
            f"'{name}' drops failures without a word: whoever asked gets nothing, and nobody learns why.",
            "Log it, say what is missing, or let it go on to whoever can do something about it.",
        )
    if alone and not deeds.gathers:
        yield (
            0,
            f"'{name}' asks agents, and handles no failure of theirs: the first one ends everything.",
            "Catch what may fail, or use fallback(...), parallel(...) or retrying(...), which go on.",
        )


def _functions(app: Blueprint) -> Iterator[tuple[str, str, str, Deeds, bool]]:
    """Functions of steps and tools: who, the name, where it is written, what it does, and whether nobody bears a failure."""
    for part in app.of_kind("function"):
        if part.deeds is not None:
            called = [app[line.target] for line in app.out_of(part.id, "calls")]
            beside = [*called, *(app[line.source] for line in app.into(part.id))]
            borne = any(other.what in BEARING for other in beside)
            asks = bool(called)
            yield part.who, part.name, part.where, part.deeds, asks and not borne and not part.deeds.handles
    for part in app.of_kind("agent"):
        for tool in part.tools:
            if tool.deeds is not None:
                asks = any(line.label == tool.name for line in app.out_of(part.id, "calls"))
                yield (
                    f"tool '{tool.name}'",
                    tool.name,
                    tool.where,
                    tool.deeds,
                    asks and not tool.deeds.handles and not tool.tells,
                )


def forgets(app: Blueprint) -> Iterator[Finding]:
    """A node keeps something in an attribute, which is gone when the process ends."""
    for part in app.parts:
        for name, line in part.habits.keeps if part.habits is not None else ():
            says = f"{begun(part.who)} changes self.{name}, which is lost with the process."
            remedy = f"Keep it in self.state, a pydantic model: self.state = YourState({name}=...)."
            yield Finding("forgets", "warning", part.who, says, remedy, _at(part.where, line))


def _at(where: str, line: int) -> str:
    """The line in the file of a part."""
    return f"{where.rpartition(':')[0]}:{line}" if where else ""
