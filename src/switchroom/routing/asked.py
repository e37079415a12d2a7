"""What a router is asked: the newest message of a person, what was said before, and who has the conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from switchroom.errors import UserError
from switchroom.messages import Message, messages_from


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


def _read(given: Any) -> Asked:
    given = getattr(given, "asked", given)  # a workflow's stage: what the person asked, and what was made of it
    if isinstance(given, str):
        return Asked(given)
    listed = [given] if isinstance(given, Message | Mapping) else given
    items = list(cast("Iterable[Any]", listed)) if isinstance(listed, Iterable) else [listed]
    messages = messages_from(items)
    agents = [str(cast("Mapping[str, Any]", item).get("agent") or "") if isinstance(item, Mapping) else "" for item in items]
    if len(agents) != len(messages):  # parts of one message
        agents = [""] * len(messages)
    last = next((place for place in range(len(messages) - 1, -1, -1) if messages[place].role == "user"), None)
    if last is None:
        raise UserError("No message of the conversation is a person's (role 'user'): there is nothing to be routed.")
    said = [message.agent or agent for message, agent in zip(messages[:last], agents, strict=False) if message.role == "assistant"]
    active = next((agent for agent in reversed(said) if agent), None)
    return Asked(messages[last].text, messages[:last], active)
