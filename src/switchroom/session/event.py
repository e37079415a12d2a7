"""What travels through a session's graph: events, those that people cause and those that nodes send."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

E = TypeVar("E", bound="Event")

HANDOFF = "internal.handoff"
"""The type of events that hand the conversation over to their `target`."""


def _new_id() -> str:
    return uuid4().hex


class Kind:
    """The kind of an event: its `type`, under the name that the events of a run have for it.

    A subclass of `Event` may have a field of that name: the descriptor is not seen on the class, where pydantic looks for names
    that a field would hide, and a value of the instance comes first.
    """

    def __get__(self, event: Event | None, owner: type[Event]) -> str:
        if event is None:
            raise AttributeError("kind")
        extra = event.__pydantic_extra__
        return event.type if not extra or "kind" not in extra else extra["kind"]


class Event(BaseModel):
    """Something that happened, for nodes to see. Subclass it for your own, with fields and a `type: str = "..."`.

    Attributes:
        type: what kind of event it is.
        kind: the same, under the name that the events of a run have for it.
        id: the same for all copies of one event.
        turn: the turn it belongs to.
        source: the name of the node that sent it; "" for what came from outside.
        metadata: whatever nodes put on it for those that come after. Each node has a copy of its own.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True)

    type: str = "event"
    id: str = Field(default_factory=_new_id)
    turn: int = 0
    source: str = ""
    metadata: dict[str, Any] = {}
    kind: ClassVar[Kind] = Kind()


class MessageEvent(Event):
    """A person said something."""

    type: str = "user.message"
    content: str = ""


class JoinedEvent(Event):
    """Somebody is on the line; what is known of them, and what the conversation begins with."""

    type: str = "user.joined"
    caller: dict[str, Any] = {}
    variables: dict[str, Any] = {}


class HandoffEvent(Event):
    """Gives the conversation to another node, wherever in the graph it stands.

    Attributes:
        target: the name of that node.
        reason: why.
        context: what it should know.
    """

    type: str = HANDOFF
    target: str
    reason: str = ""
    context: dict[str, Any] = {}


class HandoffDeclinedEvent(Event):
    """Comes back to the node whose handoff was declined, which answers then."""

    type: str = "internal.handoff_declined"
    target: str
    reason: str = ""


class EndCallEvent(Event):
    """Ends the call once the turn is answered."""

    type: str = "call.end"
    reason: str = ""


class TransferEvent(Event):
    """Puts the call through to a person outside of the session once the turn is answered; this ends it here."""

    type: str = "call.transfer"
    to: str
    reason: str = ""


class LogEvent(Event):
    """Puts something on record: in the journal, and in the log."""

    type: str = "log"
    message: str
    level: str = "info"
    data: dict[str, Any] = {}


def said_in(event: Event) -> bool:
    """Whether an event is a message: it has text."""
    return isinstance(getattr(event, "content", None), str)


def handoff_to(event: Event) -> str | None:
    """Whom an event hands the conversation to; None if it is no handoff."""
    if isinstance(event, HandoffEvent):
        return event.target
    if event.type == HANDOFF:
        target: object = getattr(event, "target", None)
        return target if isinstance(target, str) else None
    return None


def made(kind: type[E], **fields: Any) -> E:
    """An event of ours, of fields that are valid: nothing is checked, so that no schema has to be built for it first."""
    return kind.model_construct(None, **{"metadata": {}, **fields})


def copied(event: E, source: str, turn: int) -> E:
    """A copy one level deep, as one receiver gets it."""
    kind = type(event)
    twin = kind.__new__(kind)
    # By hand, for it is made for each receiver: pydantic's own copy costs three times as much. Not by assignment: the class
    # may be frozen, or validate what is assigned.
    fields: dict[str, Any] = {**event.__dict__, "metadata": {**event.metadata}, "source": source, "turn": turn}
    _set(twin, "__dict__", fields)
    _set(twin, "__pydantic_fields_set__", event.__pydantic_fields_set__)
    extra = event.__pydantic_extra__
    _set(twin, "__pydantic_extra__", extra if extra is None else {**extra})
    private = event.__pydantic_private__
    _set(twin, "__pydantic_private__", private if private is None else {**private})
    return twin


_set = object.__setattr__
