"""A conversation as a journal knows it: folded from its entries, and caught up with instead of read anew."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import cast
from weakref import WeakKeyDictionary

import msgspec

from switchroom.errors import UserError
from switchroom.events import (
    AnyFact,
    DecisionFact,
    RunEvent,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    TurnStarted,
    ValueDrawn,
)
from switchroom.journal import Journal
from switchroom.messages import Message
from switchroom.rules.evolve import evolve
from switchroom.rules.root import Root, evolve_root
from switchroom.rules.state import State, carried
from switchroom.saying import said
from switchroom.schema import as_text

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
    generation: int = 0

    def after(self, events: Iterable[RunEvent]) -> Conversation:
        """The conversation after more events."""
        seq, root, before, state, kept = self.seq, self.root, self.before, self.state, list(self.events)
        path = root.path
        for event in events:
            fact = event.fact
            seq = event.seq
            if isinstance(fact, TurnStarted) and fact.turn > root.turn:
                before = state = left(before, root, state)
                kept = []
            if fact.concerns_root:
                root = evolve_root(root, event)
                path = root.path
            if event.path == path:
                state = evolve(state, cast("AnyFact", fact))
            kept.append(event)
        return Conversation(seq, root, before, state, tuple(kept))


def left(before: State, root: Root, state: State) -> State:
    """What a turn leaves to the next. A workflow leaves what was said: its agents begin anew, and know it."""
    if root.messages or root.turn == 0 or state.live is not None:
        return carried(state)
    try:
        answer = Message("assistant", as_text(state.output, root.name))
        told = (*said(root.input, root.name), *((answer,) if state.finished and answer.text else ()))
    except UserError:  # nothing was said: the step was given nothing, or what no agent can be told
        told = ()
    return State(history=before.history.plus(*told))


_folds: WeakKeyDictionary[Journal, OrderedDict[str, Conversation]] = WeakKeyDictionary()


async def recall(journal: Journal, name: str) -> Conversation:
    """A conversation as its journal has it now.

    What this process folded before is only caught up with: facts are never changed, so the fold of the first n entries stays
    what it was. An unfinished turn is always folded from the journal.
    """
    known = _folds_of(journal).get(name, NEW)
    events = journal.read(name, known.seq)
    if inspect.isawaitable(events):
        events = await events
    return known.after(events) if events else known


def remember(journal: Journal, name: str, conversation: Conversation) -> None:
    """Keep the fold of a conversation whose turn is over, for its next turn in this process."""
    folds = _folds_of(journal)
    folds[name] = conversation
    folds.move_to_end(name)
    if len(folds) > REMEMBERED:
        folds.popitem(last=False)


def forget(journal: Journal, name: str) -> None:
    """Forget the fold of a conversation that was deleted."""
    _folds_of(journal).pop(name, None)


def _folds_of(journal: Journal) -> OrderedDict[str, Conversation]:
    try:
        return _folds.setdefault(journal, OrderedDict())
    except TypeError:  # a journal that cannot be a key is read from its first entry each time
        return OrderedDict()


NEW = Conversation()


async def with_events(journal: Journal, name: str, conversation: Conversation) -> Conversation:
    return conversation


async def recall_turn(journal: Journal, name: str, seq: int) -> Conversation:
    events = journal.read(name)
    if inspect.isawaitable(events):
        events = await events
    later = [e.seq for e in events if isinstance(e.fact, TurnStarted) and e.fact.attempt == 1 and e.seq > seq]
    return NEW.after(e for e in events if not later or e.seq < later[0])


def by_path(events: Sequence[RunEvent], root: str) -> dict[str, list[RunEvent]]:
    """The events of an unfinished turn by path, without the failures that the next attempt tries again.

    A step's failure stands once its parent noted anything after it: the parent knew of it and went on. It is void where
    nothing followed until the attempt ended, and where it is the failure through which the attempt left the run at `root`.
    """
    paths: dict[str, list[RunEvent]] = {}
    for attempt in _attempts(events):
        void = _void(attempt, root)
        for index, event in enumerate(attempt):
            if index not in void:
                paths.setdefault(event.path, []).append(event)
    return paths


def _attempts(events: Sequence[RunEvent]) -> list[Sequence[RunEvent]]:
    starts = [index for index, event in enumerate(events) if isinstance(event.fact, TurnStarted)]
    return [events[start:end] for start, end in zip(starts, [*starts[1:], len(events)], strict=True)]


def _void(attempt: Sequence[RunEvent], root: str) -> set[int]:
    """The places of the failures in an attempt that do not stand; read from its end, for what followed decides."""
    void: set[int] = set()
    left = {root}
    went_on: set[str | tuple[str, str, int]] = set()
    for index in range(len(attempt) - 1, -1, -1):
        path, fact = attempt[index].path, attempt[index].fact
        match fact:
            case StepFailed():
                if path in left or _knower(path) not in went_on:
                    void.add(index)
                    left.update(fact.through)
            case StepStarted() if not isinstance(_knower(path), tuple):
                went_on.add(_knower(path))
            case ToolFailed():
                left.update(fact.through)
            case ToolReturned():
                went_on.add((path, fact.tool, fact.index))
            case ValueDrawn() | StepReturned():
                went_on.add(path)
            case _ if isinstance(fact, DecisionFact):
                went_on.add(path)
            case _:
                pass
    return void


def _knower(path: str) -> str | tuple[str, str, int]:
    """Who knows of a step's failure: the code that called it, or the call `name#answer.index` in an agent's answer."""
    parent, _, segment = path.rpartition("/")
    name, _, place = segment.rpartition("#")
    _, dot, index = place.partition(".")
    return (parent, name, int(index)) if dot else parent
