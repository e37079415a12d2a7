"""An application as a Mermaid flowchart, which many pages and editors draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from switchroom.blueprint import Blueprint, Part
from switchroom.blueprint.parts import LineKind
from switchroom.draw.lettering import printable
from switchroom.draw.links import Link, links_of
from switchroom.draw.text import kind_of

STYLES = {
    "agent": "fill:#e0ecff,stroke:#3b6fd4",
    "team": "fill:#ede9fe,stroke:#7c5cd6",
    "workflow": "fill:#fef3c7,stroke:#c08a1e",
    "guard": "fill:#f3f4f6,stroke:#6b7280",
    "function": "fill:#f3f4f6,stroke:#6b7280",
    "session": "fill:#ede9fe,stroke:#7c5cd6",
    "node": "fill:#ffffff,stroke:#374151",
    "speaker": "fill:#dcfce7,stroke:#2f9e57",
    "listener": "fill:#ffffff,stroke:#9ca3af,stroke-dasharray:4 3",
}


def mermaid_of(app: Blueprint) -> str:
    """The blueprint as the source of a flowchart."""
    ids = {part.id: f"p{number}" for number, part in enumerate(app.parts)}
    lines = ["flowchart LR"]
    lines += [f"    {ids[part.id]}{_box(part)}:::{part.kind}" for part in app.parts]
    lines += [f"    {ids[link.source]} {_arrow(link)} {ids[link.target]}" for link in links_of(app)]
    kinds = dict.fromkeys(part.kind for part in app.parts)
    lines += [f"    classDef {kind} {STYLES[kind]},color:#111827" for kind in kinds]
    return "\n".join(lines) + "\n"


def _box(part: Part) -> str:
    label = "<br/>".join([f"<b>{escaped(part.name)}</b>", *map(escaped, _rows(part))])
    match part.kind:
        case "agent" | "node":
            return f'["{label}"]'
        case "speaker" | "function":
            return f'("{label}")'
        case "team" | "session":
            return f'(["{label}"])'
        case "workflow" | "guard":
            return f'{{{{"{label}"}}}}'
        case "listener":
            return f'>"{label}"]'
        case _:
            assert_never(part.kind)


def _rows(part: Part) -> Iterator[str]:
    yield kind_of(part)
    for tool in part.tools:
        yield f"{tool.name} ({tool.effect})" if not tool.runs else tool.name


def _arrow(link: Link) -> str:
    label = f'|"{escaped(link.label)}"|' if link.label else ""
    return f"{_SHAFTS[link.kind] if not link.both else '<' + _SHAFTS[link.kind]}{label}"


_SHAFTS: dict[LineKind, str] = {
    "entry": "==>",
    "handoff": "-->",
    "edge": "-->",
    "route": "-->",
    "part": "-.->",
    "runs": "-.->",
    "tool": "-.->",
    "calls": "-.->",
    "fallback": "-.->",
}


def escaped(text: str) -> str:
    """A text as it may stand in a label."""
    return "".join(_SPECIAL.get(character, character) for character in printable(text))


_SPECIAL = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "|": "#124;", "`": "#96;"}
