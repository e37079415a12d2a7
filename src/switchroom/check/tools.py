"""Findings about tools and what functions do: effects not declared, no time for what may hang, tools that nobody has."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint
from switchroom.check.finding import Finding, quoted


def undeclared_effect(app: Blueprint) -> Iterator[Finding]:
    """Nobody said what a call of a tool does to the world."""
    owners: dict[tuple[str, str], list[str]] = {}
    for part in app.of_kind("agent"):
        for tool in part.tools:
            if not tool.declared and not tool.runs:
                owners.setdefault((tool.name, tool.where), []).append(part.name)
    for (name, where), agents in owners.items():
        says = f"Tool '{name}' of {quoted(agents)} does not say what a call does: after a crash a person has to be asked."
        remedy = "Declare it: @tool(effect='read'), 'idempotent', 'compensable' or 'irreversible'."
        yield Finding("undeclared-effect", "warning", f"tool '{name}'", says, remedy, where)


def no_deadline(app: Blueprint) -> Iterator[Finding]:
    """Something outside of the process is asked, and may take for ever."""
    if app.deadline is not None:
        return
    told: set[tuple[str, str]] = set()
    for part in app.of_kind("agent"):
        for tool in part.tools:
            deeds = tool.deeds
            hangs = deeds is not None and deeds.waits_outside and not deeds.bounded and not tool.timed
            if hangs and (tool.name, tool.where) not in told:
                told.add((tool.name, tool.where))
                says = f"Tool '{tool.name}' of agent '{part.name}' waits for something outside, and nothing says how long."
                remedy = "Give it a time: @tool(timeout=10); or the whole run: RunConfig(deadline=60)."
                yield Finding("no-deadline", "warning", f"tool '{tool.name}'", says, remedy, tool.where)
    for part in app.of_kind("function"):
        deeds = part.deeds
        timed = any(app[line.source].what == "timeout" for line in app.into(part.id, "part"))
        if deeds is not None and deeds.waits_outside and not deeds.bounded and not timed:
            says = f"Function '{part.name}' waits for something outside, and nothing says how long."
            remedy = "Give what it asks a timeout, or the whole run: RunConfig(deadline=60)."
            yield Finding("no-deadline", "warning", part.who, says, remedy, part.where)


def unused_tools(app: Blueprint) -> Iterator[Finding]:
    """A tool stands beside the application, and no agent has it."""
    for unused in app.unused:
        if unused.kind == "tool":
            says = f"Tool '{unused.name}' is no agent's: no model can call it."
            remedy = "Give it to an agent, Agent(..., tools=[...]), or remove it."
            yield Finding("unused-tool", "warning", f"tool '{unused.name}'", says, remedy, unused.where)
