"""Findings about agents: without a model, without a word on what they are for, with too much to do, or with nothing."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Line
from switchroom.check.finding import Finding, begun, owned, quoted

TOOLS = 20
"""Tools of an agent, beyond which models choose among them less well."""

HANDOFFS = 12
"""Handoffs of an agent, beyond which it is a switchboard that nobody overlooks."""


def no_model(app: Blueprint) -> Iterator[Finding]:
    """An agent has no model."""
    surely = app.reached([app.entry], "entry", "handoff", "tool", "part", "route", "edge", "runs", "fallback")
    for part in app.of_kind("agent"):
        if part.no_model:
            # Who is called by a function may get a model there.
            level = "error" if part.misnamed or part.id in surely else "warning"
            says, _, remedy = part.no_model.partition(". ")
            remedy = (
                remedy or f"Name one that there is: Agent('{part.name}', ..., model='provider:name'), or RunConfig(model=...)."
            )
            yield Finding("no-model", level, part.who, f"{says.removesuffix('.')}.", remedy)


def no_description(app: Blueprint) -> Iterator[Finding]:
    """Others' models choose an agent or a tool by its description, and it has none."""
    for part in app.of_kind("agent", "team", "workflow"):
        lines = [line for line in app.into(part.id, "handoff", "tool") if not _describes(app, line)]
        if not part.description and lines:
            askers = sorted({app[line.source].name for line in lines})
            says = f"The model of '{askers[0]}' has to choose {part.who} without knowing what it is for: it has no description."
            option = f".named('{part.name}', description='...')" if part.kind == "workflow" else "(..., description='...')"
            remedy = f"Say so in a few words: {part.kind.title() if part.kind != 'workflow' else ''}{option}."
            yield Finding("no-description", "warning", part.who, says, remedy)
    for tool, owners in owned(app):
        if not tool.description and not tool.runs:
            says = f"Tool '{tool.name}' of {quoted(owners)} has no description: models have only the name to go by."
            remedy = "Give the function a docstring, or pass tool(description='...')."
            yield Finding("no-description", "warning", f"tool '{tool.name}'", says, remedy, tool.where)


def _describes(app: Blueprint, line: Line) -> bool:
    """Return True if a line is a tool's, and the tool has a description of its own."""
    return line.kind == "tool" and any(tool.name == line.label and tool.description for tool in app[line.source].tools)


def too_much(app: Blueprint) -> Iterator[Finding]:
    """An agent has more tools or handoffs than a model chooses among well."""
    for part in app.of_kind("agent"):
        for what, number, most in (
            ("tools", len(part.tools), TOOLS),
            ("handoffs", len(app.out_of(part.id, "handoff")), HANDOFFS),
        ):
            if number > most:
                says = f"{begun(part.who)} has {number} {what}; with more than {most}, models choose less well."
                remedy = "Divide it: agents with a field of their own each, and one who puts through to them."
                yield Finding("too-much", "warning", part.who, says, remedy)


def unused_agents(app: Blueprint) -> Iterator[Finding]:
    """An agent stands beside the application, and nobody puts through to it: more agents than are used."""
    for unused in app.unused:
        if unused.kind == "agent":
            says = f"Agent '{unused.name}' takes no part: no handoff, no route, no workflow and no function names it."
            remedy = "Put somebody through to it, or remove it: each agent is one more to keep in order."
            yield Finding("unused-agent", "warning", f"agent '{unused.name}'", says, remedy, unused.where)
