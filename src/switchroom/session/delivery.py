"""An event on its way to one node, and its place among all that one message caused."""

from __future__ import annotations

from contextvars import ContextVar
from hashlib import blake2b
from typing import Any, TypeAlias

from switchroom.scope import Scope
from switchroom.session.event import Event

LONGEST = 48
"""Characters of a place's name in paths; a longer one is named by its digest."""

_Name: TypeAlias = "str | blake2b"
"""The indexes of a place, joined; or, where they are too long, their digest so far."""


class Via:
    """A handoff on its way: who hands over, with what event, and the claim of the speaker who does, if it speaks.

    Attributes:
        before: the handoff by which its source was reached; None if there is none.
    """

    __slots__ = ("before", "claim", "event", "settled", "source", "target")

    def __init__(self, source: str, target: str, event: Event, claim: Any) -> None:
        self.source = source
        self.target = target
        self.event = event
        self.claim = claim
        self.settled = False
        self.before: Via | None = None


class Queue:
    """What a node has before it, in order."""

    __slots__ = ("_first", "_last")

    def __init__(self, first: Delivery) -> None:
        self._first: Delivery | None = first
        self._last = first

    def put(self, delivery: Delivery) -> None:
        """Add a delivery."""
        if self._first is None:
            self._first = delivery
        else:
            self._last.behind = delivery
        self._last = delivery

    def take(self) -> Delivery | None:
        """The next one; None if there is none."""
        first = self._first
        if first is not None:
            self._first, first.behind = first.behind, None
        return first


class Delivery:
    """An event for one node. Deliveries form a tree: what a node sends while it has one are the next ones, in that order.

    Attributes:
        turn: the turn it is part of.
        node: who gets the event.
        event: its own copy, until the node is through with it.
        parent: during which it was sent.
        index: the how-manieth it is there.
        depth: how many nodes it came through.
        open: how many of itself and those below are not through; 0 when it has gone quiet.
        claim: the claim to be heard that was made during it.
        handoffs: what was handed over during it.
        via: the handoff that it carries out.
        route: the route that the event had when it came.
        scope: where steps run that the node calls.
        behind: the next delivery that its node has before it.
    """

    __slots__ = (
        "_first",
        "_kids",
        "_name",
        "_reached_by",
        "behind",
        "claim",
        "depth",
        "event",
        "handoffs",
        "index",
        "node",
        "open",
        "parent",
        "route",
        "scope",
        "turn",
        "via",
    )

    def __init__(self, turn: Any, node: Any, event: Event | None, parent: Delivery | None, via: Via | None = None) -> None:
        self.turn = turn
        self.node = node
        self.event = event
        self.parent = parent
        self.via = via
        self.claim: Any = None
        self.handoffs: list[Event] | None = None
        self.route: Any = None
        self.scope: Scope | None = None
        self.behind: Delivery | None = None
        self.open = 0
        self.depth = 0
        self.index = 0
        self._first = 0
        self._kids: list[Delivery | None] | None = None
        self._name: _Name | None = "" if parent is None else None
        self._reached_by: Via | None = via
        if parent is not None:
            if via is None:
                self._reached_by = parent._reached_by
            else:
                via.before = parent._reached_by
            kids = parent._kids
            if kids is None:
                kids = parent._kids = []
            self.index = len(kids)
            self.depth = parent.depth + 1
            kids.append(None)
            if event is not None:
                self._opens()

    @property
    def running(self) -> bool:
        """Whether the node has it, or will have."""
        return self.event is not None

    @property
    def idle(self) -> bool:
        """Whether nothing was made of it: nothing was sent, said or handed over."""
        return self._kids is None and self.claim is None and not self.handoffs

    def _opens(self) -> None:
        """Count as not through, here and above; also what had gone quiet before."""
        here = self
        while True:
            here.open += 1
            parent = here.parent
            if here.open > 1 or parent is None:
                return
            assert parent._kids is not None, "a parent knows its own"
            parent._kids[here.index] = here
            here = parent

    def close(self) -> None:
        """The node is through with it."""
        self.event = self.scope = self.handoffs = None
        here = self
        while True:
            here.open -= 1
            parent = here.parent
            if here.open or parent is None:
                return
            assert parent._kids is not None, "a parent knows its own"
            parent._kids[here.index] = None
            here = parent

    def is_behind(self) -> bool:
        """Whether anything that comes before it, by the order of edges, has not gone quiet."""
        here = self
        while (parent := here.parent) is not None:
            kids = parent._kids
            assert kids is not None, "a parent knows its own"
            first = parent._first
            while first < here.index and kids[first] is None:
                first += 1
            parent._first = first
            if first < here.index:
                return True
            here = parent
        return False

    @property
    def position(self) -> tuple[int, ...]:
        """Its place in the order of all deliveries of the turn."""
        indexes: list[int] = []
        here = self
        while here.parent is not None:
            indexes.append(here.index)
            here = here.parent
        return tuple(reversed(indexes))

    @property
    def key(self) -> str:
        """Its place as a name for paths: the same whenever the same nodes send the same, in whatever order they finish."""
        unnamed: list[Delivery] = []
        here: Delivery | None = self
        while here is not None and here._name is None:
            unnamed.append(here)
            here = here.parent
        name: _Name = "" if here is None or here._name is None else here._name
        for here in reversed(unnamed):
            name = here._name = _extended(name, here.index)
        return name if isinstance(name, str) else name.hexdigest()

    def vias(self) -> list[Via]:
        """The handoffs by which it came, the first one first."""
        found: list[Via] = []
        via = self._reached_by
        while via is not None:
            found.append(via)
            via = via.before
        return found[::-1]


def _extended(name: _Name, index: int) -> _Name:
    """The name of a delivery's child: a digest goes on from the parent's, and is that of the whole text all the same."""
    if isinstance(name, str):
        text = f"{name}-{index}" if name else str(index)
        return text if len(text) <= LONGEST else blake2b(text.encode(), digest_size=8)
    longer = name.copy()
    longer.update(f"-{index}".encode())
    return longer


DELIVERY: ContextVar[Delivery | None] = ContextVar("switchroom_delivery", default=None)
"""The delivery that the code which runs is dealing with."""
