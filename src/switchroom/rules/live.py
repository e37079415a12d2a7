"""What a live session knows besides what was said: who has the conversation, what its nodes keep, who is on the line."""

from __future__ import annotations

from typing import Any

import msgspec

from switchroom.events import Seat


class Live(msgspec.Struct, frozen=True, gc=False):
    """A live session.

    Args:
        active: the node at which the next message enters; "" for the entries.
        answered: this turn has its answer.
        tail: how many messages at the end of the history are that answer.
        seats: where agents inside of nodes go on, by node.
        states: what nodes keep, as JSON, by node.
        caller: what is known of who is on the line.
        variables: what the conversation began with.
        ended: the call is over.
        to: to whom it was put through then, if it was.
    """

    active: str = ""
    answered: bool = False
    tail: int = 0
    seats: dict[str, Seat] = {}
    states: dict[str, Any] = {}
    caller: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    ended: bool = False
    to: str = ""


NO_SESSION = Live()
"""Where a live session begins."""
