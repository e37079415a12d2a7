"""Filters of handoffs: what the next agent sees, said in items and done to messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switchroom.compat.agents.convert import messages_of
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.handoffs import HandoffInputData, HandoffInputFilter
from switchroom.compat.agents.items import ItemHelpers, RunItem
from switchroom.compat.agents.pairing import paired
from switchroom.compat.agents.running import Exit, Running
from switchroom.compat.agents.transcript import items_from, told, transferred
from switchroom.messages import Message


def filtered(run: Running, asker: str, way: Exit, rule: HandoffInputFilter, messages: Sequence[Message]) -> Sequence[Message]:
    """The messages that the target sees, as a filter leaves them; the run goes on from these.

    Args:
        run: the run.
        asker: the name of the agent that hands over.
        way: where to.
        rule: the filter.
        messages: what was said so far, the results of the answer that hands over included, without the handoff's own call.

    Raises:
        UserError: the filter gave something else than `HandoffInputData`.
    """
    history = run.input
    before = [*run.before, *items_from(run, told(run, run.history, asker))]
    given = HandoffInputData(
        history if isinstance(history, str) else tuple(history),
        tuple(before),
        tuple(_answer(run, way, messages)),
        run.wrapper,
    )
    left: Any = rule(given)
    if not isinstance(left, HandoffInputData):
        raise UserError(f"The input_filter of the handoff '{way.handoff.tool_name}' gave {left!r}; it gives HandoffInputData.")
    entered = left.new_items if left.input_items is None else left.input_items
    items = ItemHelpers.input_to_new_input_list(
        left.input_history if isinstance(left.input_history, str) else list(left.input_history)
    )
    seen = paired(messages_of([*items, *(item.to_input_item() for item in (*left.pre_handoff_items, *entered))]))
    run.input = left.input_history if isinstance(left.input_history, str) else list(left.input_history)
    run.before = [*before, *left.new_items]
    run.begins, run.filtered = len(seen), True
    return seen


def _answer(run: Running, way: Exit, messages: Sequence[Message]) -> list[RunItem]:
    """The items of the answer that hands over: the results of its other calls, and the handoff's own at the end."""
    answer = run.answers[-1].message
    own = next(call for call in answer.calls if call.name == way.handoff.tool_name)
    results = {message.call_id: message for message in messages if message.role == "tool"}
    others = [results[call.id] for call in answer.calls if call is not own]
    return items_from(run, [answer, *others, Message("tool", transferred(run, way), call_id=own.id)])
