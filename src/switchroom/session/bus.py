"""Telling others without knowing them: who subscribed to a type of event is called when one is published."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, NamedTuple, Protocol, TypeAlias

from switchroom.context import settled
from switchroom.errors import UserError
from switchroom.failure import log_error
from switchroom.threads import threaded

log = logging.getLogger("switchroom.bus")

Handler: TypeAlias = Callable[[Any], Any]

MOST = 1_000
"""Events that handlers may publish because of one event; beyond, they go in a circle."""

_PATTERN = frozenset("*?[")

_caused: ContextVar[list[int] | None] = ContextVar("switchroom_bus", default=None)


@dataclass(frozen=True)
class AgentEvent:
    """Something that an agent tells others.

    Args:
        type: what kind of event it is; subscribers go by it.
        data: whatever they should know.
        source_agent: who tells it.
        timestamp: when, in seconds since the epoch.
    """

    type: str
    data: Any = None
    source_agent: str = ""
    timestamp: float = field(default_factory=time.time)


class Typed(Protocol):
    """Anything that says of what type it is: an `AgentEvent`, an event of a session, an object of yours."""

    @property
    def type(self) -> str:
        """What kind of event it is."""
        ...


class HandlerFailed(NamedTuple):
    """A handler that failed, the event's type, and how it failed."""

    handler: Handler
    type: str
    error: BaseException


class _Subscription(NamedTuple):
    wanted: str
    handler: Handler

    def takes(self, type: str) -> bool:
        return self.wanted == type or (not _PATTERN.isdisjoint(self.wanted) and fnmatchcase(type, self.wanted))


class EventBus:
    """Handlers by type of event. It may stand alone, or be shared by the nodes of a session."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, _Subscription] = {}
        self._numbers = count()

    def subscribe(self, event_type: str, handler: Handler) -> Callable[[], None]:
        """Have a handler called for each event of a type.

        Args:
            event_type: the type; a pattern such as "order.*", in which `*` stands for any text; or "*" for all events.
            handler: a function of the event. An async one runs on the loop, and a plain one in a thread, as tools do.

        Returns:
            a function that ends this subscription.

        Raises:
            UserError: the type is no text, or the handler takes no event.
        """
        if not isinstance(event_type, str) or not event_type:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"subscribe({event_type!r}, ...): give the type of the events as text, or '*' for all.")
        if not callable(handler):
            raise UserError(f"subscribe({event_type!r}, {handler!r}): give a function of the event.")
        number = next(self._numbers)
        self._subscriptions[number] = _Subscription(event_type, handler)

        def end() -> None:
            self._subscriptions.pop(number, None)

        return end

    def unsubscribe(self, event_type: str, handler: Handler) -> bool:
        """End the subscriptions of a handler to a type, or to the same pattern; whether there were any."""
        ended = [number for number, known in self._subscriptions.items() if known == (event_type, handler)]
        for number in ended:
            del self._subscriptions[number]
        return bool(ended)

    def handlers(self, event_type: str) -> list[Handler]:
        """Who is called for an event of a type, in the order in which they subscribed; whoever did twice, twice."""
        return [subscription.handler for subscription in self._subscriptions.values() if subscription.takes(event_type)]

    async def publish(self, event: Typed) -> list[HandlerFailed]:
        """Call who subscribed to the event's type, all at the same time, and wait until all are done.

        A handler that fails does not stop the others; its failure is logged and given back. Handlers run where the event is
        published: of a session's turn, what they send belongs to that turn.

        Returns:
            the failures; [] if all went well.

        Raises:
            UserError: the event has no type, or handlers publish in a circle.
        """
        kind: object = getattr(event, "type", None)
        if not isinstance(kind, str):
            raise UserError(f"publish({event!r}): an event has a text `type`; publish AgentEvent('...', data).")
        handlers = self.handlers(kind)
        if not handlers:
            return []
        caused = _caused.get()
        token = _caused.set([0]) if caused is None else None
        try:
            if caused is not None:
                caused[0] += 1
                if caused[0] > MOST:
                    raise UserError(
                        f"Handlers published more than {MOST} events because of one, the last of type '{kind}': "
                        "they go in a circle. Break it."
                    )
            if len(handlers) == 1:
                outcomes = [await _handled(handlers[0], kind, event)]
            else:
                outcomes = await _all_handled(handlers, kind, event)
        finally:
            if token is not None:
                _caused.reset(token)
        return [outcome for outcome in outcomes if outcome is not None]


async def _all_handled(handlers: list[Handler], kind: str, event: Any) -> list[HandlerFailed | None]:
    """What became of all handlers; what leaves one that is no exception, as a wait for a person, leaves when all are done."""
    outcomes = await asyncio.gather(*(_handled(handler, kind, event) for handler in handlers), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


async def _handled(handler: Handler, kind: str, event: Any) -> HandlerFailed | None:
    try:
        if _is_async(handler):
            await handler(event)
        else:
            await settled(await threaded(lambda: handler(event)))
    except Exception as error:
        name = getattr(handler, "__qualname__", repr(handler))
        about = {"event_type": kind, "source_agent": getattr(event, "source_agent", ""), "handler": name}
        log_error(log, error, "Handler '%s' failed on an event of type '%s'.", name, kind, **about)
        return HandlerFailed(handler, kind, error)
    return None


def _is_async(handler: Handler) -> bool:
    called = getattr(handler, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(called)
