"""A conversation as a journal knows it: folded from its entries, and caught up with instead of read anew."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterable
from typing import cast
from weakref import WeakKeyDictionary

import msgspec

from switchroom.events import AnyFact, RunEvent, StepFailed, StepStarted, ToolFailed, TurnStarted
from switchroom.journal import Journal
from switchroom.rules.evolve import evolve
from switchroom.rules.root import Root, evolve_root
from switchroom.rules.state import State, carried

REMEMBERED = 256
"""Conversations per journal whose last fold is kept in the process; any other is folded from its first entry."""


class Conversation(msgspec.Struct, frozen=True):
    """What is known up to an entry.

    Args:
        seq: the number of that entry; 0 for a conversation that is not there.
        root: the fold of the conversation as a whole.
        before: what the turns before the last one left to it.
        state: the run of the agent that answers the last turn.
        events: the events of the last turn, by all its attempts.
    """

    seq: int = 0
    root: Root = Root()
    before: State = State()
    state: State = State()
    events: tuple[RunEvent, ...] = ()

    def after(self, events: Iterable[RunEvent]) -> Conversation:
        """The conversation after more events."""
        seq, root, before, state, kept = self.seq, self.root, self.before, self.state, list(self.events)
        path = root.path
        for event in events:
            fact = event.fact
            seq = event.seq
            if isinstance(fact, TurnStarted) and fact.turn > root.turn:
                before = state = carried(state)
                kept = []
            if fact.concerns_root:
                root = evolve_root(root, event)
                path = root.path
            if event.path == path:
                state = evolve(state, cast("AnyFact", fact))
            kept.append(event)
        return Conversation(seq, root, before, state, tuple(kept))


_folds: WeakKeyDictionary[Journal, OrderedDict[str, Conversation]] = WeakKeyDictionary()


async def recall(journal: Journal, name: str) -> Conversation:
    """A conversation as its journal has it now.

    What this process folded before is only caught up with: facts are never changed, so the fold of the first n entries stays
    what it was. An unfinished turn is always folded from the journal.
    """
    known = _folds.get(journal, _NONE).get(name, NEW)
    events = journal.read(name, known.seq)
    if inspect.isawaitable(events):
        events = await events
    return known.after(events) if events else known


def remember(journal: Journal, name: str, conversation: Conversation) -> None:
    """Keep the fold of a conversation whose turn is over, for its next turn in this process."""
    folds = _folds.setdefault(journal, OrderedDict())
    folds[name] = conversation
    folds.move_to_end(name)
    if len(folds) > REMEMBERED:
        folds.popitem(last=False)


NEW = Conversation()
_NONE: OrderedDict[str, Conversation] = OrderedDict()


def by_path(events: Iterable[RunEvent]) -> dict[str, list[RunEvent]]:
    """The events of an unfinished turn by path, without the failures through which a fault left the run.

    A step's failure stands once its parent noted anything after it: the parent knew of it and went on. Where nothing followed
    but failures further up, until the attempt ended, the failure is void, and the next attempt tries that step again.
    """
    standing: list[RunEvent] = []
    went_on: set[str] = set()
    for event in reversed(list(events)):
        match event.fact:
            case StepFailed() if _parent(event.path) not in went_on:
                continue
            case StepStarted():
                went_on.add(_parent(event.path))
                went_on.add(event.path)
            case TurnStarted():
                went_on.clear()
            case ToolFailed():
                pass
            case _:
                went_on.add(event.path)
        standing.append(event)
    paths: dict[str, list[RunEvent]] = {}
    for event in reversed(standing):
        paths.setdefault(event.path, []).append(event)
    return paths


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
