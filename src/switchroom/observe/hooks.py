"""Listeners narrowed to what they are for: some kinds of events, or one agent."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import get_args

from switchroom.config import Listener
from switchroom.errors import UserError, unknown
from switchroom.events import AnyFact, Delta, Fact, HandoffFact, RunEvent, TextDelta

_TYPES: tuple[type[Fact | Delta], ...] = (*get_args(AnyFact), TextDelta)
_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in _TYPES)


class Only:
    """A listener that passes on some events to another.

    Attributes:
        withdraws: whether it clears what was withdrawn; so does one that is shown nothing.
        deltas: whether it wants answers piece by piece.
    """

    def __init__(self, listener: Listener, kinds: frozenset[str], agent: str) -> None:
        self._listener = listener
        self._kinds = kinds
        self._agent = agent
        self.deltas: bool = "text_delta" in kinds if kinds else getattr(listener, "deltas", True)
        told = not kinds or "answer_withdrawn" in kinds
        self.withdraws: bool = not self.deltas or (told and getattr(listener, "withdraws", False))

    def __call__(self, event: RunEvent) -> None:
        """Pass it on if it is wanted."""
        if (not self._kinds or event.kind in self._kinds) and (not self._agent or _concerns(event, self._agent)):
            self._listener(event)

    def for_run(self) -> Only:
        """The same for one run, if the listener keeps something for each run."""
        of_run = getattr(self._listener, "for_run", None)
        return self if of_run is None else Only(of_run(), self._kinds, self._agent)


def only(listener: Listener, *, kinds: Iterable[str] = (), agent: str = "") -> Only:
    """A listener that is told only some events.

    Args:
        listener: the function that is told them.
        kinds: as in `event.kind`, such as "tool_returned"; all if none is given.
        agent: the name of an agent. Events of a run as a whole name none; a handoff concerns both agents.

    Returns:
        something for `RunConfig(listeners=(...,))`.

    Raises:
        UserError: there is no such kind of event, or the listener is no plain function.
    """
    if not callable(listener) or inspect.iscoroutinefunction(listener):
        raise UserError(f"only({listener!r}): a listener is a plain function of an event, and is not awaited.")
    wanted = frozenset([kinds] if isinstance(kinds, str) else kinds)
    for kind in sorted(wanted - _KINDS):
        raise UserError(unknown("A run", "kind of event", kind, sorted(_KINDS)))
    return Only(listener, wanted, agent)


def _concerns(event: RunEvent, agent: str) -> bool:
    fact = event.fact
    return agent in (fact.source, fact.target) if isinstance(fact, HandoffFact) else event.agent == agent
