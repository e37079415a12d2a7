"""Findings about tools and what functions do: effects not declared, no time for what may hang, tools that nobody has."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Deeds
from switchroom.check.finding import Finding, owned, quoted


def undeclared_effect(app: Blueprint) -> Iterator[Finding]:
    """Nobody said what a call of a tool does to the world."""
    for tool, owners in owned(app):
        if not tool.declared and not tool.runs:
            says = (
                f"Tool '{tool.name}' of {quoted(owners)} does not say what a call does: after a crash a person has to be asked."
            )
            remedy = "Declare it: @tool(effect='read'), 'idempotent', 'compensable' or 'irreversible'."
            yield Finding("undeclared-effect", "warning", f"tool '{tool.name}'", says, remedy, tool.where)


def no_deadline(app: Blueprint) -> Iterator[Finding]:
    """Something outside of the process is asked, and may take for ever."""
    if app.deadline is not None:
        return
    for tool, owners in owned(app):
        if _may_hang(tool.deeds) and not tool.timed:
            says = f"Tool '{tool.name}' of {quoted(owners)} waits for something outside, and nothing says how long."
            remedy = "Give it a time: @tool(timeout=10); or the whole run: RunConfig(deadline=60)."
            yield Finding("no-deadline", "warning", f"tool '{tool.name}'", says, remedy, tool.where)
    for part in app.of_kind("function"):
        timed = any(app[line.source].what == "timeout" for line in app.into(part.id, "part"))
        if _may_hang(part.deeds) and not timed:
            says = f"Function '{part.name}' waits for something outside, and nothing says how long."
            remedy = "Give what it asks a timeout, or the whole run: RunConfig(deadline=60)."
            yield Finding("no-deadline", "warning", part.who, says, remedy, part.where)


def _may_hang(deeds: Deeds | None) -> bool:
    return deeds is not None and deeds.waits_outside and not deeds.bounded


def unused_tools(app: Blueprint) -> Iterator[Finding]:
    """A tool stands beside the application, and no agent has it."""
    for unused in app.unused:
        if unused.kind == "tool":
            says = f"Tool '{unused.name}' is no agent's: no model can call it."
            remedy = "Give it to an agent, Agent(..., tools=[...]), or remove it."
            yield Finding("unused-tool", "warning", f"tool '{unused.name}'", says, remedy, unused.where)
