"""What callers pass to a session, checked and made into what the session works with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from switchroom.agent import Agent
from switchroom.arguments import shown
from switchroom.errors import UserError
from switchroom.messages import Input, messages_from
from switchroom.schema import jsonable
from switchroom.session.exchange import Entry
from switchroom.session.node import Node, OutputNode
from switchroom.step import step_name
from switchroom.team import Team


def node_of(given: Any, kind: type[OutputNode]) -> OutputNode:
    if isinstance(given, OutputNode):
        return given
    if isinstance(given, Node) or not callable(given) or isinstance(given, type):
        raise UserError(
            f"{shown(given)} does not speak: pass an agent, a team, a function of (input, scope), or an OutputNode."
        )
    return kind(step_name(given), step=given)


def mapping_of(given: Mapping[str, Any] | None, to: str) -> Any:
    if not isinstance(given, Mapping | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"{to} gave {shown(given)}; give a mapping of names to values.")
    return jsonable(dict(given or {}), to)


def entry_of(message: Input, metadata: Mapping[str, Any] | None) -> Entry:
    said = messages_from(message)
    about = mapping_of(metadata, "send(metadata=...)")
    return Entry(said, {"metadata": about} if about else None)


def first_agent(step: Any) -> str:
    match step:
        case Team():
            return step.first.name
        case Agent():
            return step.name
        case _:
            return step_name(step)
