"""Filters of handoffs: what the next agent does not get to see."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents.handoffs import HandoffInputData
from switchroom.compat.agents.items import MessageOutputItem
from switchroom.compat.agents.missing import missing_from

_MESSAGES = ("message", None)


def remove_all_tools(handoff_input_data: HandoffInputData) -> HandoffInputData:
    """Leave what was said, and take away calls of tools and handoffs, their results, and thoughts."""
    given = handoff_input_data
    history = given.input_history
    return given.clone(
        input_history=history if isinstance(history, str) else tuple(item for item in history if item.get("type") in _MESSAGES),
        pre_handoff_items=_said(given.pre_handoff_items),
        new_items=_said(given.new_items),
        input_items=None if given.input_items is None else _said(given.input_items),
    )


def _said(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item for item in items if isinstance(item, MessageOutputItem))


__getattr__ = missing_from(__name__)
