"""A conversation as a journal knows it: folded from its entries, and caught up with instead of read anew."""

from __future__ import annotations

import inspect
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import cast

import msgspec
from msgspec.structs import replace

from switchroom import snapshots
from switchroom.chunks import NO_ARCHIVE, Archive
from switchroom.context import settled
from switchroom.errors import JournalBusy, JournalError, JournalUnreadable, UserError
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
from switchroom.journal import Journal, SharedJournal
from switchroom.messages import Message
from switchroom.rules.evolve import evolve
from switchroom.rules.root import Root, evolve_root
from switchroom.rules.state import State, carried
from switchroom.saying import said
from switchroom.schema import as_text
from switchroom.snapshots import Shelf, shared_journal

log = logging.getLogger("switchroom")

REMEMBERED = 1024
"""Conversations per journal whose last fold is kept in the process; any other is folded from its snapshot."""

SNAPSHOT_FACTS = 256
"""Facts after which a conversation has its next snapshot."""

EVICTED_FACTS = 32
"""Facts for which a conversation that the process forgets has a snapshot."""


class Conversation(msgspec.Struct, frozen=True):
    """What is known up to an entry.

    Args:
        seq: the number of that entry; 0 for a conversation that is not there.
        root: the fold of the conversation as a whole.
        before: what the turns before the last one left to it.
        state: the run of the agent that answers the last turn.
        events: the events of the last turn, by all its attempts; without the oldest where a snapshot left them out.
        generation: how many times a conversation of this name was deleted before, if its journal counts that.
        kept: the number of the entry at which the last snapshot was written; 0 if there is none.
    """

    seq: int = 0
    root: Root = Root()
    before: State = State()
    state: State = State()
    events: tuple[RunEvent, ...] = ()
    generation: int = 0
    kept: int = 0

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
        return self.gone_on(seq, root, before, state, kept)

    def gone_on(self, seq: int, root: Root, before: State, state: State, events: Iterable[RunEvent]) -> Conversation:
        """The conversation at a later entry, from what an attempt that began here knows then."""
        return Conversation(seq, root, before, state, tuple(events), self.generation, self.kept)


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


# recalling -----------------------------------------------------------------------------------------------------------


async def recall(journal: Journal, name: str) -> Conversation:
    """Return a conversation as its journal has it now.

    A fold that this process remembers, or else the journal's snapshot, is only caught up with: facts are never changed, so the
    fold of the first n entries stays what it was. An unfinished turn is always folded from its entries.

    From a snapshot, the events of a finished turn may be missing: see `with_events`.
    """
    shared = shared_journal(journal)
    if shared is None:
        known = _folds_of(journal).get(name, NEW)
    else:
        known = await _recalled(shared, name)
    events = journal.read(name, known.seq)
    if type(events) is not list:
        events = await settled(events)
    return _caught_up(journal, name, known, events) if events else known


def remembered(journal: Journal, name: str) -> Conversation | None:
    """Return a conversation as this process knew it last, without a look at the journal; None if it is not remembered.

    Another process may have gone on since. A claim that follows from such a conversation is refused by the journal.
    """
    shared = shared_journal(journal)
    known = None if shared is None else _folds_of(journal).get(name)
    if known is None or shared is None or not _reads_archive(known):
        return known
    return _reading(known, _shelf(shared, name, known))


def recall_now(journal: Journal, name: str) -> Conversation:
    """Return what `recall` returns, where nobody can wait for it.

    Raises:
        JournalBusy: the journal has to be waited for.
    """
    recalling = recall(journal, name)
    try:
        recalling.send(None)
    except StopIteration as done:
        return cast("Conversation", done.value)
    recalling.close()
    raise JournalBusy(f"Conversation '{name}' cannot be read at once: another process writes. Try again.")


async def recall_turn(journal: Journal, name: str, turn_seq: int) -> Conversation:
    """Return a conversation as it was at the end of one of its turns, with the events of that turn.

    Args:
        journal: the journal.
        name: the conversation.
        turn_seq: the number of the entry with which the turn began, or of a later entry of the turn.

    Raises:
        JournalUnreadable: there is no such entry.
    """
    shared = shared_journal(journal)
    known = _folds_of(journal).get(name, NEW) if shared is None else await _recalled(shared, name)
    if shared is not None and not _reaches(known, turn_seq):
        known = await _opened(shared, name, known.generation)
    if not _reaches(known, turn_seq):
        known = Conversation(generation=known.generation)
    events = await settled(journal.read(name, known.seq))
    ends = (place for place, event in enumerate(events) if event.seq > turn_seq and _begins_turn(event))
    known = known.after(events[: next(ends, len(events))])
    if not 0 < known.root.began <= turn_seq <= known.seq:
        raise JournalUnreadable(f"Conversation '{name}' has no entry {turn_seq}. Restore the journal from a backup.")
    return await with_events(journal, name, known)


def _reaches(known: Conversation, turn_seq: int) -> bool:
    return known.seq < turn_seq or known.root.began <= turn_seq


async def with_events(journal: Journal, name: str, conversation: Conversation) -> Conversation:
    """Return a conversation with all events of its last turn. They are read from the journal where a snapshot left them out."""
    root, events = conversation.root, conversation.events
    if not root.turn or (events and events[0].seq <= root.began):
        return conversation
    read = await settled(journal.read(name, root.began - 1))
    return replace(conversation, events=tuple(event for event in read if event.seq <= conversation.seq))


async def _recalled(journal: SharedJournal, name: str) -> Conversation:
    """The fold that this process remembers, or that of the journal's snapshot."""
    generation = journal.generation(name)
    if not isinstance(generation, int):
        generation = await generation
    known = _folds_of(journal).get(name)
    if known is None or known.generation != generation:
        known = await _opened(journal, name, generation)
        if known.seq:
            _put(journal, name, known)
    return _reading(known, _shelf(journal, name, known))


async def _opened(journal: SharedJournal, name: str, generation: int) -> Conversation:
    """The conversation of the journal's snapshot; a new one if there is none that can be read."""
    fresh = Conversation(generation=generation)
    try:
        body = await settled(journal.read_snapshot(name))
    except JournalError as error:
        log.debug("The snapshot of conversation '%s' cannot be read: %s", name, error)
        return fresh
    found = None if body is None else snapshots.read(body, Shelf(journal, name, dict))
    if found is None:
        return fresh
    known = Conversation(found.seq, found.root, found.before, found.state, (), generation, found.seq)
    return _reading(known, _shelf(journal, name, known))


def _caught_up(journal: Journal, name: str, known: Conversation, events: Sequence[RunEvent]) -> Conversation:
    """The conversation after what its journal has besides. Where that is much, what came before its last turn is remembered."""
    if len(events) < SNAPSHOT_FACTS:
        return known.after(events)
    begin = next((place for place in range(len(events) - 1, 0, -1) if _begins_turn(events[place])), 0)
    if begin:
        known = known.after(events[:begin])
        remember(journal, name, known)
    return known.after(events[begin:])


def _begins_turn(event: RunEvent) -> bool:
    return isinstance(event.fact, TurnStarted) and event.fact.attempt == 1


# remembering ---------------------------------------------------------------------------------------------------------


def remember(journal: Journal, name: str, conversation: Conversation) -> None:
    """Keep the fold of a conversation whose turn is over, for its next turn in this process; now and then as a snapshot, too.

    Args:
        journal: the journal.
        name: the conversation.
        conversation: made of the one that was recalled, so that it has the `generation` and the `kept` of that one.
    """
    if conversation.seq - conversation.kept >= SNAPSHOT_FACTS:
        conversation = _keep(journal, name, conversation)
    _put(journal, name, conversation)


def _put(journal: Journal, name: str, conversation: Conversation) -> None:
    folds = _folds_of(journal)
    folds[name] = _reading(conversation, NO_ARCHIVE)  # what is remembered must not hold the journal, by which it is found
    folds.move_to_end(name)
    if len(folds) > REMEMBERED:
        oldest, forgotten = folds.popitem(last=False)
        if forgotten.seq - forgotten.kept >= EVICTED_FACTS:
            _keep(journal, oldest, forgotten)


def _keep(journal: Journal, name: str, conversation: Conversation) -> Conversation:
    """Write a snapshot, if the journal keeps any. One that fails is not tried again before the next is due."""
    shared = shared_journal(journal)
    if shared is None or conversation.root.live:
        return conversation
    seq, root, before, state = conversation.seq, conversation.root, conversation.before, conversation.state
    snapshots.write(shared, name, conversation.generation, snapshots.Snapshot(seq, root, before, state))
    return replace(conversation, kept=seq)


def _reading(conversation: Conversation, archive: Archive) -> Conversation:
    """The conversation, with histories that load their old messages from an archive."""
    if not _reads_archive(conversation):
        return conversation
    before, state = conversation.before, conversation.state
    if before.history.archive is not None:
        before = replace(before, history=before.history.read_from(archive))
    if state.history.archive is not None:
        state = replace(state, history=state.history.read_from(archive))
    return replace(conversation, before=before, state=state)


def _reads_archive(conversation: Conversation) -> bool:
    return conversation.before.history.archive is not None or conversation.state.history.archive is not None


def _shelf(journal: SharedJournal, name: str, conversation: Conversation) -> Shelf:
    """The old messages of a conversation. What the journal lost of them is made again from the entries, and written."""
    generation, seq = conversation.generation, conversation.seq

    def remade() -> snapshots.Chunks:
        events = journal.read(name)
        if inspect.isawaitable(events):
            snapshots.give_up(events)
            raise JournalBusy(f"The old messages of conversation '{name}' cannot be read: another process writes. Try again.")
        again = NEW.after(event for event in events if event.seq <= seq)
        snapshot = snapshots.Snapshot(again.seq, again.root, again.before, again.state)
        return snapshots.write(journal, name, generation, snapshot)

    return Shelf(journal, name, remade)


_FOLDS = "_switchroom_folds"
"""The attribute of a journal under which the folds of its conversations are kept: found faster than by a weak key."""


def forget(journal: Journal, name: str) -> None:
    """Forget the fold of a conversation that was deleted."""
    _folds_of(journal).pop(name, None)


def _folds_of(journal: Journal) -> OrderedDict[str, Conversation]:
    folds: OrderedDict[str, Conversation] | None = getattr(journal, _FOLDS, None)
    if folds is None:
        folds = OrderedDict()
        with suppress(AttributeError):  # a journal without room is read from its snapshot or its first entry each time
            setattr(journal, _FOLDS, folds)
    return folds


NEW = Conversation()


# attempts ------------------------------------------------------------------------------------------------------------


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
