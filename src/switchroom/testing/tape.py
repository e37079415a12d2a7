"""A turn's record while it is played: given in its order, and held against what is noted, until something does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, NoReturn, cast

from msgspec.structs import replace

from switchroom.errors import Diverged
from switchroom.events import (
    AnswerCut,
    Fact,
    ModelAnswered,
    RunEvent,
    RunInterrupted,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ValueDrawn,
)
from switchroom.failure import revived
from switchroom.failure import told as said_by
from switchroom.messages import ToolCall
from switchroom.testing.difference import NOTHING, Difference, asked_otherwise, changed
from switchroom.testing.lines import line
from switchroom.testing.prompt import Asked, Prompt
from switchroom.testing.record import Turn
from switchroom.testing.reel import Entry, Reel, is_inside, is_out_of_time
from switchroom.testing.sameness import Told, matters, told

IDLE = 100
"""How often others get to run, with nothing happening, before something is played that the record has later."""

PATIENCE = 10.0
"""Seconds in which the code has to give up what it gave up on record."""


class CutShort(BaseException):
    """What was going on at `path` on record is not gone on with: a person interrupted it, or the record breaks off."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Tape:
    """A turn's record while it is played.

    Attributes:
        turn: the record.
        reel: what is left of it.
        stopped: set when there is nothing more to be played: the code has gone another way, or the record breaks off.
        over: whether the record breaks off.
        diverged: the first difference, once there is one.
        asked: what the model of the run at a path was asked last.
    """

    def __init__(self, turn: Turn, strict: bool, prompts: MutableMapping[str, Prompt]) -> None:
        self.turn = turn
        self.reel = Reel(turn, strict)
        self.stopped = asyncio.Event()
        self.over = False
        self.diverged: Diverged | None = None
        self.asked: dict[str, Asked] = {}
        self._strict = strict
        self._prompts = prompts
        self._calls: dict[str, tuple[ToolCall, ...]] = {}
        self._raised: dict[tuple[str, str], tuple[str, str]] = {}
        self._live: list[str] = []
        self._parked = 0

    def go_on(self, part: int) -> None:
        """Play the next attempt at the turn."""
        self.reel.part = part
        self.over = False
        self.stopped = asyncio.Event()

    def finish(self, now: str) -> None:
        """Make sure that nothing of the record is left.

        Args:
            now: how the turn ended, in a line.

        Raises:
            Diverged: there is something.
        """
        left = self._due()
        if left is not None and not self.over:
            raise self.differs_in(self.turn.root, now, left)

    def _due(self) -> Entry | None:
        return self.reel.due(self.turn.root.partition("/")[0], self.reel.end)

    # giving ------------------------------------------------------------------------------------------------------------

    def drawn(self, path: str, source: str, make: Callable[[], Any]) -> Any:
        """What was drawn at a place; something new where nothing was, or where the record does not hold any more."""
        entry = self.reel.next_draw(path)
        return entry.fact.value if entry is not None and entry.fact.source == source else make()

    def failed(self, failure: StepFailed) -> Exception:
        """The exception of a recorded failure, which is the same one although this process may not know its type."""
        error = revived(failure)
        self._raised[type(error).__name__, said_by(error)] = (failure.error, failure.message)
        return error

    async def in_turn(self, entry: Entry) -> None:
        """Wait until what the record has before an entry has happened, so that whoever was first then is first again.

        Where it does not come, as of code that has changed, the entry is played all the same.
        """
        await self._idle(lambda: self.reel.has_before(entry))

    async def _idle(self, waiting: Callable[[], bool]) -> None:
        idle = 0
        while idle < IDLE and waiting():
            played = self.reel.played
            await asyncio.sleep(0)
            idle = idle + 1 if self.reel.played == played else 0

    # where the record breaks off ---------------------------------------------------------------------------------------

    async def fits(self, path: str, *facts: Fact) -> None:
        """Wait until it is the turn of facts that are to be noted together.

        Where the record has broken off before them that is for ever: they were given up with what was going on.
        """
        entries = [self.reel.match(path, fact) for fact in facts if matters(fact, self._strict)]
        if not entries or self.is_live(path):
            return
        if None in entries:
            await self._goes_on(path)
        elif entries[0] is not None and not isinstance(facts[0], ValueDrawn):  # a draw is in the hands of who drew it
            await self.in_turn(entries[0])

    async def begins(self, path: str) -> None:
        """The same, of a step that is to begin at a place."""
        if not self.reel.begins(path):
            await self._goes_on(path)
        elif (entry := self.reel.first(path)) is not None and isinstance(entry.fact, StepStarted):
            await self.in_turn(entry)

    async def _goes_on(self, path: str) -> None:
        if self.diverged is not None or self.is_live(path):
            return  # nothing more is held against the record
        place = self.reel.step_of(path)
        await self._idle(lambda: self.reel.has_left(place))
        if not self.reel.has_left(place):
            await self.broken_off(place)

    async def broken_off(self, path: str) -> NoReturn:
        """Go on as the record does where it has no end of what began: not at all, until somebody gives it up.

        Raises:
            CutShort: a person interrupted it.
            Diverged: nobody gives it up, though somebody did on record.
        """
        place = path
        while place:
            following = self.reel.next(place)
            if following is not None and isinstance(following.fact, AnswerCut | RunInterrupted):
                raise CutShort(place)
            place = place.rpartition("/")[0]
        self._parked += 1
        try:
            while True:
                self._look_whether_over()
                played = self.reel.played
                await asyncio.sleep(PATIENCE)
                if self.reel.played == played:
                    raise self.differs_in(path, "waits for what was given up on record", self._due())
        finally:
            self._parked -= 1

    def _look_whether_over(self) -> None:
        if self.reel.breaks_off():
            self.over = True
            self.stopped.set()

    # noting ------------------------------------------------------------------------------------------------------------

    def note(self, event: RunEvent) -> None:
        """Take what is noted now for what the record has there.

        Raises:
            Diverged: the record has something else there.
            CutShort: the record breaks off here.
        """
        if self.diverged is not None:
            raise self.diverged
        fact = cast("Any", event.fact)
        if self.over and not is_out_of_time(fact):
            raise CutShort(event.path)
        if self.is_live(event.path):
            return
        if isinstance(fact, ModelAnswered):
            self._calls[event.path] = fact.message.calls
        entry = self.reel.match(event.path, fact)
        if isinstance(fact, StepReturned | StepFailed):
            self._check_below(event, entry)
        if entry is not None:
            self._check(event, entry)
            self.reel.take(entry)
            if self._parked:
                self._look_whether_over()
        elif matters(fact, self._strict):
            self._look_whether_over()
            raise CutShort(event.path) if self.over else self._unknown(event)

    def _check(self, event: RunEvent, entry: Entry) -> None:
        """Hold a fact against its entry."""
        if not entry.matters or self._gave_live(event):
            return
        if type(entry.fact) is not type(event.fact):
            raise self.differs_in(event.path, self._line(event), entry)
        recorded, now = self._told(entry, entry.fact), self._told(entry, event.fact)
        if recorded != now:
            wording = self._told(entry, entry.fact, False) == self._told(entry, event.fact, False)
            lines = self._line(entry.event), self._line(event)
            raise self._first(Difference(entry.path, entry.seq, *lines, changed(recorded, now), wording))
        if isinstance(event.fact, ModelAnswered):
            self._check_asked(event.fact, entry)

    def _check_asked(self, fact: ModelAnswered, entry: Entry) -> None:
        """Hold what a model was asked against the digest of what it was asked on record."""
        asked, before = self.asked.get(entry.path), entry.fact.digest
        if asked is None or not before or not fact.digest:
            return
        self._prompts[fact.digest] = asked.prompt
        if self._strict and fact.digest != before and asked.digest_of_all() != before:
            now, details = asked_otherwise(self.turn.asked_with(entry.event), self._prompts.get(before), asked)
            raise self._first(Difference(entry.path, entry.seq, self._line(entry.event), now, details, wording=True))

    def _check_below(self, event: RunEvent, entry: Entry | None) -> None:
        """A step that ends has run all that it ran on record."""
        until = self.reel.end if entry is None else entry.seq
        left = self.reel.due(event.path, until)
        if left is not None and left.path != event.path:
            raise self.differs_in(event.path, self._line(event), left)

    def _told(self, entry: Entry, fact: Any, strict: bool | None = None) -> Told:
        """What counts of an entry's fact, or of that which is noted in its place."""
        if isinstance(fact, StepFailed | ToolFailed):
            error, message = self._raised.get((fact.error, fact.message), (fact.error, fact.message))
            fact = replace(fact, error=error, message=message)
        return told(fact, self._strict if strict is None else strict, self._calls.get(entry.path, ()))

    # live --------------------------------------------------------------------------------------------------------------

    @property
    def left(self) -> bool:
        """Whether the record was left anywhere."""
        return bool(self._live)

    def go_live(self, path: str) -> None:
        """Leave the record at a place and all below it: what happens there from now on happens in earnest."""
        if not self.is_live(path):
            self._live.append(path)
            self.reel.drop(path)

    def is_live(self, path: str) -> bool:
        """Whether the record was left at a place."""
        return any(is_inside(path, live) for live in self._live)

    def _gave_live(self, event: RunEvent) -> bool:
        """Whether it is the end of a call inside which the record was left: what that gave need not be the same."""
        fact = event.fact
        if not isinstance(fact, ToolReturned | ToolFailed):
            return False
        head, tail = f"{event.path}/{fact.tool}#", f".{fact.index}"
        return any(live.startswith(head) and live.removeprefix(head).partition("/")[0].endswith(tail) for live in self._live)

    # what does not fit -------------------------------------------------------------------------------------------------

    def _unknown(self, event: RunEvent) -> Diverged:
        """A fact for which the record has no entry: it has others before, or nothing more, or its caller ran something else."""
        expected = self.reel.first(event.path)
        if expected is None and not self.reel.knows(event.path):
            expected = self.reel.due(event.path.rpartition("/")[0], self.reel.end)
        return self.differs_in(event.path, self._line(event), expected)

    def differs_in(self, path: str, now: str, recorded: Entry | None) -> Diverged:
        """The first difference, in kind.

        Args:
            path: where the code is.
            now: what it does, in a line.
            recorded: what the record has in its place, if anything.
        """
        if recorded is None:
            return self._first(Difference(path, 0, NOTHING, now))
        if recorded.path != path:
            now = f"{now} (at {path})"
        return self._first(Difference(recorded.path, recorded.seq, self._line(recorded.event), now))

    def _first(self, difference: Difference) -> Diverged:
        if self.diverged is None:
            self.diverged = Diverged(str(difference))
            self.stopped.set()
        return self.diverged

    def _line(self, event: RunEvent) -> str:
        return line(event, self._calls.get(event.path, ()))
