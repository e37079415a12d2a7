"""What is left of a turn's record while it is played, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

from switchroom.events import (
    AnswerCut,
    DecisionFact,
    EffectCleared,
    Fact,
    HistorySummarised,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    RunInterrupted,
    StateChanged,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
    ValueDrawn,
)
from switchroom.testing.record import Turn
from switchroom.testing.sameness import matters

Lane: TypeAlias = str | tuple[str, int | str]
"""Facts of one lane at a path come in one order; those of several may change places between two facts of the run itself."""

RUN = "run"


class Entry:
    """An entry of the record, the attempt that it is of, and whether it was played."""

    __slots__ = ("done", "event", "fact", "lane", "matters", "part", "path", "seq")

    def __init__(self, event: RunEvent, part: int, strict: bool) -> None:
        self.event = event
        self.fact: Any = event.fact
        self.path = event.path
        self.seq = event.seq
        self.part = part
        self.lane = _lane(event.fact)
        self.matters = matters(cast("Fact", event.fact), strict)
        self.done = False


class Reel:
    """What is left of a turn's record.

    Attributes:
        part: the number of the attempt that is played; what later ones noted is not there yet.
        end: the number after that of the last entry.
        played: how many entries were played.
    """

    def __init__(self, turn: Turn, strict: bool) -> None:
        self.part = 0
        self.played = 0
        self._root = turn.root
        self._strict = strict
        self._entries = [Entry(event, part, strict) for part, one in enumerate(turn.parts) for event in one.events]
        self.end = self._entries[-1].seq + 1
        self._left_at: dict[str, list[Entry]] = {}
        for entry in self._entries:
            self._left_at.setdefault(entry.path, []).append(entry)
        self._began = {entry.path: entry.part for entry in self._entries if isinstance(entry.fact, StepStarted)}
        self._given_up = _given_up(self._entries)
        self._first = 0

    # what comes next ---------------------------------------------------------------------------------------------------

    def first(self, path: str) -> Entry | None:
        """The next entry at a path."""
        return next((entry for entry in self._left(path) if entry.matters), None)

    def next(self, path: str, after: int = -1) -> Entry | None:
        """The next entry of the run at a path itself, beside what its calls note; also the next after an entry's number."""
        left = self._left(path)
        return next((entry for entry in left if entry.lane == RUN and entry.matters and entry.seq > after), None)

    def next_answer(self, path: str) -> Entry | None:
        """The next answer of a model at a path, if nothing else of the run itself comes before; decisions may."""
        for entry in self._left(path):
            if isinstance(entry.fact, ModelAnswered):
                return entry
            if entry.lane == RUN and entry.matters and not isinstance(entry.fact, DecisionFact | HistorySummarised):
                return None
        return None

    def next_draw(self, path: str) -> Entry | None:
        """What was drawn next at a path."""
        return next((entry for entry in self._left(path) if entry.lane == "draw"), None)

    def end_of(self, path: str, index: int) -> Entry | None:
        """How the call that is made now ended, if it did."""
        for entry in self._left(path):
            if entry.lane == ("call", index) and not isinstance(entry.fact, EffectCleared | ToolStarted):
                return entry
            if entry.lane == RUN and entry.matters:
                return None
        return None

    def found_out(self, path: str, index: int) -> Entry | None:
        """What was found out of a call whose effect was unknown, or the question to a person that this took."""
        for entry in self._left(path):
            if isinstance(entry.fact, PersonAsked | ToolReturned | EffectCleared) and entry.fact.index == index:
                return entry
        return None

    def failure_after(self, path: str, failed: ToolFailed) -> StepFailed:
        """The failure of a run that followed from that of a call, for it tells more of the exception."""
        for entry in self._left(path):
            if isinstance(entry.fact, StepFailed) and (entry.fact.error, entry.fact.message) == (failed.error, failed.message):
                return entry.fact
        return StepFailed(failed.error, failed.message)

    def cut_now(self, path: str) -> Entry | None:
        """The interruption that comes next at a path, if all that came before it has been played."""
        cut = self.first(path)
        if cut is None or not isinstance(cut.fact, AnswerCut | RunInterrupted):
            return None
        return None if any(entry.matters for entry in self.inside(path, cut.seq) if entry.path != path) else cut

    def answer_to(self, id: str) -> Entry | None:
        """What a person answered to a question."""
        return next((entry for entry in self._entries if isinstance(entry.fact, PersonAnswered) and entry.fact.id == id), None)

    # what there is at and below a place --------------------------------------------------------------------------------

    def inside(self, place: str, until: int) -> list[Entry]:
        """What is left at a place and below it, up to an entry."""
        return [entry for entry in self._here(until) if is_inside(entry.path, place)]

    def of_call(self, path: str, call: str, until: int) -> list[Entry]:
        """What is left of what a call at a path noted, in its body and in what that ran, up to an entry."""
        return [
            entry
            for entry in self._here(until)
            if is_inside(entry.path, call) or (entry.path == path and is_inside(getattr(entry.fact, "by", ""), call))
        ]

    def after_the_end(self) -> list[Entry]:
        """What was noted after the turn's end, by what was being stopped and had not heard of it."""
        ends = [entry.seq for entry in self._entries if entry.part == self.part and entry.done and self._ends_the_turn(entry)]
        return [entry for entry in self._here(self.end) if ends and entry.seq > ends[0]]

    def waits(self, place: str) -> bool:
        """Whether a person has a question to answer that was asked at a place or below it."""
        there = [entry for entry in self._entries if entry.part <= self.part and is_inside(entry.path, place)]
        answered = {entry.fact.id for entry in there if isinstance(entry.fact, PersonAnswered)}
        return any(isinstance(entry.fact, PersonAsked) and entry.fact.id not in answered for entry in there)

    def due(self, place: str, until: int) -> Entry | None:
        """The first that the code has to come to at a place or below it; what was given up on record may be given up before."""
        return next((entry for entry in self.inside(place, until) if entry.matters and not self._is_given_up(entry.path)), None)

    def has_left(self, place: str) -> bool:
        """Whether anything is left at a place or below it."""
        return any(entry.matters for entry in self.inside(place, self.end))

    def knows(self, path: str) -> bool:
        """Whether anything was noted at a path."""
        return path in self._left_at

    def begins(self, path: str) -> bool:
        """Whether a step began at a path, so far."""
        return self._began.get(path, self.part + 1) <= self.part

    def step_of(self, path: str) -> str:
        """The path of the innermost recorded step that a path is in."""
        while path and path not in self._began:
            path = path.rpartition("/")[0]
        return path

    def breaks_off(self) -> bool:
        """Whether all of the attempt was played, and it had no end but that its time was over."""
        here = [
            entry for entry in self._entries if entry.matters and entry.part <= self.part and not is_out_of_time(entry.fact)
        ]
        ended = any(entry.part == self.part and self._ends_the_turn(entry) for entry in here)
        return not ended and all(entry.done for entry in here)

    def _ends_the_turn(self, entry: Entry) -> bool:
        return entry.path == self._root and isinstance(entry.fact, StepReturned | StepFailed)

    def _is_given_up(self, path: str) -> bool:
        return any(is_inside(path, left) for left in self._given_up)

    def _here(self, until: int) -> Iterator[Entry]:
        return (entry for entry in self._entries if not entry.done and entry.part <= self.part and entry.seq < until)

    def _left(self, path: str) -> Iterator[Entry]:
        for entry in self._left_at.get(path, ()):
            if entry.part > self.part:
                return
            if not entry.done:
                yield entry

    # playing it --------------------------------------------------------------------------------------------------------

    def match(self, path: str, fact: Fact) -> Entry | None:
        """The entry that a fact is held against."""
        lane, kind, same = _lane(fact), type(fact), matters(fact, self._strict)
        for entry in self._left(path):
            if entry.lane == lane and (isinstance(entry.fact, kind) or (same and entry.matters)):
                return entry
            if entry.matters and RUN in (entry.lane, lane):
                return None
        return None

    def take(self, entry: Entry) -> None:
        """Play an entry."""
        entry.done = True
        queue = self._left_at[entry.path]
        while queue and queue[0].done:
            queue.pop(0)
        self.played += 1

    def drop(self, place: str) -> None:
        """Play nothing more at a place and below it."""
        for entry in self._entries:
            if is_inside(entry.path, place):
                entry.done = True

    def has_before(self, entry: Entry) -> bool:
        """Whether anything is left that the record has before an entry."""
        entries = self._entries
        while self._first < len(entries) and (entries[self._first].done or not entries[self._first].matters):
            self._first += 1
        return self._first < len(entries) and entries[self._first].seq < entry.seq


def is_inside(path: str, place: str) -> bool:
    """Whether a path is a place, or below it."""
    return path == place or path.startswith(place + "/")


def is_out_of_time(fact: Any) -> bool:
    """Whether a fact is that a run's own time was over, which cut off what was going on; it is no failure of what was."""
    return isinstance(fact, StepFailed) and fact.error in ("DeadlineExceeded", "BudgetExceeded") and not fact.through


def _given_up(entries: Sequence[Entry]) -> set[str]:
    """The places of steps that never ended, though what had called them did."""
    began = {entry.path for entry in entries if isinstance(entry.fact, StepStarted)}
    ended = {entry.path for entry in entries if isinstance(entry.fact, StepReturned | StepFailed)}
    return {path for path in began - ended if any(path.startswith(caller + "/") for caller in ended)}


def _lane(fact: Any) -> Lane:
    match fact:
        case ToolStarted() | ToolReturned() | ToolFailed() | ToolSuspended() | EffectCleared():
            return ("call", fact.index)
        case StateChanged():
            return ("state", fact.by)
        case ValueDrawn():
            return "draw"
        case _:
            return RUN
