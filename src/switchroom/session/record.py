"""What nodes do, in the log of the standard library: routes, handoffs, what they put on record, each with where it was."""

from __future__ import annotations

import logging
from typing import Any

from switchroom.attempt import Attempt
from switchroom.events import AnyFact, EventRouted, NodeDidNotHandOver, NodeHandedOver, NodeLogged
from switchroom.session.event import HANDOFF

log = logging.getLogger("switchroom.session")

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def record(fact: AnyFact, attempt: Attempt) -> None:
    """Log a fact that says what somebody who watches wants to know."""
    match fact:
        case EventRouted():
            _log(attempt, logging.INFO, f"{fact.node} routes to {fact.route}", fact.event, node=fact.node, route=fact.route)
        case NodeHandedOver():
            told = f"{fact.source} hands over to {fact.target}" + (f": {fact.reason}" if fact.reason else "")
            _log(attempt, logging.INFO, told, HANDOFF, node=fact.source, route=fact.target, reason=fact.reason)
        case NodeDidNotHandOver():
            told = f"{fact.source} does not hand over to {fact.target}: {fact.why}"
            _log(attempt, logging.WARNING, told, HANDOFF, node=fact.source, route=fact.target, reason=fact.why)
        case NodeLogged():
            _log(attempt, LEVELS[fact.level], fact.message, "log", node=fact.node, route=None, data=fact.data)
        case _:
            pass


def _log(attempt: Attempt, level: int, told: str, event_type: str, **about: Any) -> None:
    if not log.isEnabledFor(level):
        return
    extra = {
        "event_type": event_type,
        "session_id": attempt.conversation,
        "turn": attempt.root.turn,
        "trace_id": attempt.trace_id,
        **about,
    }
    log.log(level, "%s", told, extra=extra)
