"""An application as text: each part with what it has, and below it where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from switchroom.blueprint import Blueprint, Line, Part, ToolPart
from switchroom.draw.lettering import printable


def text_of(app: Blueprint) -> str:
    """The blueprint as lines of text."""
    blocks = ["\n".join(map(printable, _block(app, part))) for part in app.parts]
    return "\n\n".join(blocks) + "\n"


def kind_of(part: Part) -> str:
    """What a part is, in a word or two."""
    match part.kind:
        case "workflow" | "guard":
            return part.what
        case "node" | "speaker" | "listener":
            word = {"node": "node", "speaker": "node that speaks", "listener": "node that listens"}[part.kind]
            return word if part.what in ("Node", "OutputNode", "BackgroundNode", part.name) else f"{word}, {part.what}"
        case "function":
            return part.what or part.kind
        case "agent" | "team" | "session":
            return part.kind
        case _:
            assert_never(part.kind)


def tool_notes(tool: ToolPart) -> str:
    """What is to be known of a tool: its effect, whether a person is asked, what stands around it."""
    notes = [tool.effect if tool.declared else f"{tool.effect}, undeclared"]
    if tool.runs:
        notes = [f"runs {tool.runs}"]
    if tool.approval:
        notes.append("a person approves")
    return ", ".join([*notes, *tool.guards])


def _block(app: Blueprint, part: Part) -> Iterator[str]:
    said = f": {part.description}" if part.description else ""
    yield f"{part.name} ({kind_of(part)}){said}"
    for guard in part.guards:
        yield f"  guard {guard}"
    for tool in part.tools:
        yield f"  tool {tool.name} ({tool_notes(tool)})"
    for line in app.out_of(part.id):
        if line.kind != "tool":
            yield f"  {_way(app, line)}"
    for stranger in app.strangers:
        if stranger.source == part.id and stranger.name:
            yield f"  hands over to {stranger.name}, who is not there"


def _way(app: Blueprint, line: Line) -> str:
    target = app[line.target].name if app[line.target].name == line.target else line.target
    match line.kind:
        case "entry":
            return f"begins with {target}"
        case "fallback":
            return f"falls back on {target}"
        case "handoff":
            return f"hands over to {target}" + (f" with {line.label}" if line.label else "")
        case "edge":
            return f"leads to {target}" + (f" when {line.label.rstrip('?')}" if line.label else "")
        case "route":
            return f"routes {line.label} to {target}"
        case "part":
            return f"has {target}" + (f" ({line.label})" if line.label else "")
        case "runs":
            return f"answers by {target}"
        case "tool" | "calls":
            return f"calls {target}" + (f" in {line.label}" if line.label else "")
        case _:
            assert_never(line.kind)
