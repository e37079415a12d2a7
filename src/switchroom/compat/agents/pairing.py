"""Calls and their results in an input that was shortened: servers refuse one without the other."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from switchroom.messages import Message


def paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages without the calls that have no result after them and the results that have no call before them."""
    waiting: dict[str, tuple[int, int]] = {}
    answered: set[tuple[int, int]] = set()
    results: set[int] = set()
    for place, message in enumerate(messages):
        if message.role == "tool" and message.call_id in waiting:
            answered.add(waiting.pop(message.call_id))
            results.add(place)
        for number, call in enumerate(message.calls):
            waiting[call.id] = (place, number)
    kept: list[Message] = []
    for place, message in enumerate(messages):
        calls = tuple(call for number, call in enumerate(message.calls) if (place, number) in answered)
        if message.role == "tool":
            if place in results:
                kept.append(message)
        elif len(calls) == len(message.calls):
            kept.append(message)
        elif calls or message.text:
            kept.append(replace(message, calls=calls))
    return tuple(kept)
