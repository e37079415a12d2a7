"""What a journal teaches: messages that went to one agent and came back, or went on, with who answered in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from switchroom.errors import UserError
from switchroom.events import (
    CircleBroken,
    EventRouted,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    NodeHandedOver,
    RouteDecided,
    RunEvent,
    TurnAnswered,
    TurnStarted,
)
from switchroom.messages import Message, messages_from

Why = Literal["declined", "handed back", "handed on", "circle", "expired", "left open"]


@dataclass(frozen=True, slots=True)
class Bounced:
    """A message that did not stay where it was put: a candidate example, for a person to look at.

    Args:
        text: what the person said.
        route: who answered in the end.
        was: who had it first; "" if that was left open.
        why: what happened to it.
        turn: the turn's number in its conversation.
    """

    text: str
    route: str
    was: str
    why: Why
    turn: int


def bounced(events: Iterable[RunEvent]) -> Iterator[Bounced]:
    """The messages of a conversation that bounced, at most one for each of its turns.

    Args:
        events: the conversation's, in their order.
    """
    turn: list[RunEvent] = []
    number = 0
    for event in events:
        if isinstance(event.fact, TurnStarted) and event.fact.turn != number:
            yield from _bounced(turn)
            turn, number = [], event.fact.turn
        turn.append(event)
    yield from _bounced(turn)


def _bounced(events: list[RunEvent]) -> Iterator[Bounced]:
    started = next((event.fact for event in events if isinstance(event.fact, TurnStarted)), None)
    text = "" if started is None else _said(started)
    if started is None or not text:
        return
    end = next((event.fact.agent for event in reversed(events) if isinstance(event.fact, ModelAnswered)), "")
    first: tuple[str, Why] | None = None
    put: str | None = None
    for event in events:
        found: tuple[str, Why] | None = None
        match event.fact:
            case HandoffDeclined(target=target):
                found = (target, "declined")
            case HandoffReturned(source=source):
                found = (source, "handed back")
            case HandoffExpired(target=target):
                found = (target, "expired")
            case CircleBroken(target=target, fallback=fallback, source=source):
                found = (target, "circle")
                end = fallback or source
            case HandoffCommitted(source=source, target=target) | NodeHandedOver(source=source, target=target):
                if put == source:
                    found = (source, "handed on")
                put = target
            case EventRouted(route=route):
                put = route
            case TurnAnswered(by=by, fallback=fallback):
                if fallback:
                    found = (put or "", "left open")
                end = by or end
            case RouteDecided(route=None, to=to):
                if not _by_itself(events, event, to, end):
                    found = ("", "left open")
                    end = end if _put_through(events, event) else to or end
            case RouteDecided(to=to):
                put = to
            case _:
                pass
        first = first or found
    if first is not None and end and end != first[0]:
        yield Bounced(text, end, first[0], first[1], started.turn)


def _put_through(events: list[RunEvent], decided: RunEvent) -> bool:
    """Whether a router stood before an agent's model, and left it to that one."""
    return any(event.path == decided.path and isinstance(event.fact, ModelAnswered) for event in events)


def _by_itself(events: list[RunEvent], decided: RunEvent, asked: str, end: str) -> bool:
    """Whether the agent whose model was asked in place of the router answered, as it does a greeting: nobody else was meant."""
    return end == asked and _put_through(events, decided)


def _said(started: TurnStarted) -> str:
    """What the person said with which a turn began; "" if it was no text."""
    messages: tuple[Message, ...] = started.messages
    if not messages:
        try:
            messages = messages_from(_plain(started.input))
        except UserError:
            return ""
    return next((message.text.strip() for message in reversed(messages) if message.role == "user"), "")


def _plain(given: Any) -> Any:
    return cast("Any", given) if isinstance(given, str | list) else None
