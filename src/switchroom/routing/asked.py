"""What a router is asked: the newest message of a person, what was said before, and who has the conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from msgspec.structs import replace

from switchroom.errors import UserError
from switchroom.messages import Message, messages_from
from switchroom.scope import Scope


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation as routers see it.

    Args:
        text: what the person said last.
        before: the messages before it, the oldest first.
        active: the route that has the conversation; None when nobody has, or that is not known.
    """

    text: str
    before: Sequence[Message] = ()
    active: str | None = None


Conversation: TypeAlias = "str | Message | Mapping[str, Any] | Iterable[Message | Mapping[str, Any]] | Asked"
"""What routers take: a text, a message, or a whole conversation as messages, also in chat form; the last is to be routed.

An answer's `agent` says which route gave it. `Asked(text, before, active)` says the same outright.
"""


def asked_of(given: Conversation | Any) -> Asked:
    """Read what a router was given.

    Raises:
        UserError: it is of no known form, or no person said anything in it.
    """
    match given:
        case Asked():
            return given
        case str():
            return Asked(given)
        case _:
            return _read(given)


def asked_in(given: Any, scope: Any) -> Asked:
    """Read what a router was given as a step: what was said in the turns before is known to its run.

    Raises:
        UserError: it is of no known form, or no person said anything in it.
    """
    asked = asked_of(given)
    if asked.before or asked.active is not None or not isinstance(scope, Scope):
        return asked
    known = scope.attempt.before
    return Asked(asked.text, tuple(known.history), known.agent or _answered(known.history))


def _answered(messages: Sequence[Message]) -> str | None:
    """Who answered last, as far as a conversation says so."""
    return next((message.agent for message in reversed(messages) if message.role == "assistant" and message.agent), None)


def _read(given: Any) -> Asked:
    given = getattr(given, "asked", given)  # a workflow's stage: what the person asked, and what was made of it
    if isinstance(given, str):
        return Asked(given)
    listed: Any = [given] if isinstance(given, Message | Mapping) else given
    items = list(cast("Iterable[Any]", listed)) if isinstance(listed, Iterable) else [listed]
    messages = messages_from(items)
    messages = tuple(
        replace(message, agent=_agent(item)) if _agent(item) else message for message, item in _together(messages, items)
    )
    last = next((place for place in range(len(messages) - 1, -1, -1) if messages[place].role == "user"), None)
    if last is None:
        raise UserError("No message of the conversation is a person's (role 'user'): there is nothing to be routed.")
    return Asked(messages[last].text, messages[:last], _answered(messages[:last]))


def _together(messages: tuple[Message, ...], items: list[Any]) -> list[tuple[Message, Any]]:
    """Messages with what they were made of; several parts may make one message."""
    return list(zip(messages, items if len(items) == len(messages) else [None] * len(messages), strict=True))


def _agent(item: Any) -> str:
    """Who said a message in chat form, where it says so."""
    return str(cast("Mapping[str, Any]", item).get("agent") or "") if isinstance(item, Mapping) else ""
