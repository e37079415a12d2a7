"""Tokens, estimated: for what no server counted, and for histories that have to fit."""

from __future__ import annotations

from switchroom.messages import Message


def count_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return (len(text.encode()) + 3) // 4


def count_message(message: Message) -> int:
    """About how many tokens a message has."""
    return 4 + count_tokens(message.text) + sum(count_tokens(f"{call.name}{call.args}") for call in message.calls)
