"""Findings about how parts hang together: who reaches into whom, who waits in a circle, what fails unheard, what is lost."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Deeds
from switchroom.blueprint.parts import NESTING
from switchroom.check.finding import Finding, begun


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
    """A function asks agents, and a failure takes the others' answers with it, is dropped, or ends who called a tool."""
    told: set[str] = set()
    for who, name, where, deeds, ends in _functions(app):
        for line, says, remedy in _failures(name, deeds, ends):
            at = _at(where, line) if line else where
            if at not in told:
                told.add(at)
                yield Finding("unhandled-failure", "warning", who, says, remedy, at)


def _failures(name: str, deeds: Deeds, ends: str) -> Iterator[tuple[int, str, str]]:
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
    if ends and not deeds.handles and not deeds.gathers:
        yield (
            0,
            f"'{name}' asks an agent, and a failure of that one ends the run of '{ends}', too.",
            "Let the model go on without it: @tool(on_error='tell_model'), or supervisor(...); or catch what may fail.",
        )


def _functions(app: Blueprint) -> Iterator[tuple[str, str, str, Deeds, str]]:
    """Functions of steps and tools: who, the name, where it is written, what it does, and whose run its failure ends."""
    for part in app.of_kind("function"):
        if part.deeds is not None:
            yield part.who, part.name, part.where, part.deeds, ""
    for part in app.of_kind("agent"):
        for tool in part.tools:
            if tool.deeds is not None:
                asks = any(line.label == tool.name for line in app.out_of(part.id, "calls"))
                ends = part.name if asks and not tool.tells else ""
                yield f"tool '{tool.name}'", tool.name, tool.where, tool.deeds, ends


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
