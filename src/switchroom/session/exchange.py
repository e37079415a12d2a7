"""How a graph is run as a step: the turn is taken, answered exactly once, within its time, and what it commits is noted."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

import msgspec

from switchroom.attempt import Attempt, Suspended
from switchroom.digest import digest
from switchroom.errors import UserError
from switchroom.events import (
    CallerJoined,
    FallbackCalled,
    Part,
    StatesKept,
    StepReturned,
    StepStarted,
    TurnAnswered,
    TurnCut,
)
from switchroom.interruption import Interruption
from switchroom.messages import Message, messages_from
from switchroom.rules.live import NO_SESSION
from switchroom.rules.root import Root
from switchroom.rules.state import State
from switchroom.runner.interpreter import interpret
from switchroom.saying import said
from switchroom.scope import Scope
from switchroom.session.event import Event, JoinedEvent, MessageEvent, made
from switchroom.session.fallback import Last
from switchroom.session.floor import Speech
from switchroom.session.parts import BETWEEN, heard_of, parts_of
from switchroom.session.turn import Turn

log = logging.getLogger("switchroom.session")

GRACE = 1.0
"""Seconds that a node gets to end after it was cancelled, before it is left to itself."""

SHARE = 0.1
"""Of a turn's time, what is kept for the fallback."""

LONGEST = 3.0
"""Seconds that are kept for it at most."""

UNRECORDED = "unrecorded"
"""Marks an entry that only the fallback answers, because the conversation was busy."""

Reason = Literal["silence", "failure", "deadline"]


class Entry(msgspec.Struct, frozen=True):
    """What comes into a session.

    Args:
        messages: what a person says; () where nobody says anything.
        about: what else comes in: `metadata` of a message, `joined`, or what is to be `spoken`.
    """

    messages: tuple[Message, ...] = ()
    about: dict[str, Any] | None = None


class Cut:
    """A person interrupts.

    Attributes:
        heard: how many characters of the answer they heard; None for all that was said.
        taken: done when it has taken effect.
    """

    __slots__ = ("heard", "taken")

    def __init__(self, heard: int | None) -> None:
        self.heard = heard
        self.taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> None:
        """It has taken effect."""
        if not self.taken.done():
            self.taken.set_result(None)


class Exchange:
    """How a graph is run.

    Attributes:
        cut: a person's interruption, until it has taken effect.
    """

    __slots__ = ("_graph", "cut", "name", "version")

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self.name = graph.name
        self.version = ""
        self.cut: Cut | None = None

    def interrupt(self, heard: int | None) -> Cut:
        """A person interrupts the turn that goes on."""
        cut = self.cut
        if cut is None:
            cut = self.cut = Cut(heard)
            if self._graph.turn is not None:
                self._graph.turn.wake()
        elif heard is not None:
            cut.heard = heard if cut.heard is None else min(heard, cut.heard)
        return cut

    def settle(self) -> None:
        """Nothing goes on that could be interrupted any more."""
        if self.cut is not None:
            self.cut.take()
            self.cut = None

    def kept(self, input: Any) -> tuple[tuple[Message, ...], Any]:
        """The input as a journal keeps it."""
        if isinstance(input, Entry):
            return input.messages, input.about
        return messages_from(input), None

    def given(self, root: Root) -> Entry:
        """What came in, from what was kept of it."""
        return Entry(root.messages, root.input)

    def reread(self, plain: Any) -> Any:
        """What came in, from what a workflow around the graph was given: people's messages are JSON there."""
        return plain

    def meet(self, attempt: Attempt) -> None:
        """Let the result know the agents in the nodes by name."""
        for node in self._graph.members.values():
            step = getattr(node, "step", None)
            if step is not None:
                interpret(step).meet(attempt)

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """What is noted when the turn begins."""
        attempt = scope.attempt
        entry = self._entry(input, scope)
        scope.fold = attempt.before if scope.path == attempt.root.path else State(live=NO_SESSION)
        fingerprint = digest((self.name, entry.messages, entry.about))
        return StepStarted(self.name, fingerprint, "", entry.about, "", entry.messages)

    def _entry(self, input: Any, scope: Scope) -> Entry:
        root = scope.attempt.root
        if scope.path == root.path:
            return Entry(root.messages, root.input)
        return input if isinstance(input, Entry) else Entry(said(input, f"The input of '{self.name}'"))

    def load(self, output: Any, agent: str) -> Any:
        """What the turn gave: the answer's text."""
        return output

    async def run(self, input: Any, scope: Scope) -> str:
        """Take the turn to its answer, and to its end."""
        graph = self._graph
        if graph.turn is not None:
            raise UserError("The graph answers a message already, and takes one at a time. Make a session for each.")
        live = scope.fold.live or NO_SESSION
        turn = Turn(graph, scope)
        if live.answered:  # a crash came between the answer and the end
            return await self._end(turn)
        attempt = scope.attempt
        is_root = scope.path == attempt.root.path
        # Another session may have answered turns since: then the nodes' states are those that the journal keeps.
        generation = attempt.known.generation
        moved = is_root and graph.entry != (generation, attempt.known.seq)
        graph.restore(live.states, again=attempt.root.attempt > 1 or moved)
        if is_root:
            attempt.task = asyncio.current_task()  # tools in flight heed an interruption
            attempt.on_stop = self._stop
        graph.turn = turn
        try:
            await self._take(turn, self._entry(input, scope))
            return await self._end(turn)
        finally:
            turn.over = True
            turn.stop()
            await self._leave(turn)
            graph.turn = None
            if is_root:
                graph.rest(scope.fold, (generation, attempt.seq))
            self.settle()

    def _stop(self) -> bool:
        """End the turn with what was heard, because another message interrupts it."""
        self.interrupt(None)
        return True

    # the turn --------------------------------------------------------------------------------------------------------

    async def _take(self, turn: Turn, entry: Entry) -> None:
        loop = asyncio.get_running_loop()
        graph = self._graph
        began = loop.time()
        over = began + graph.deadline
        if turn.scope.path == turn.scope.attempt.root.path:
            turn.scope.attempt.write_until = over
        kept = 0.0 if graph.fallback is None else min(graph.deadline * SHARE, LONGEST)
        event = await self._event(turn, entry)
        if event is not None and not graph.muted and UNRECORDED not in (entry.about or {}):
            active = graph.nodes.get(turn.live.active)
            turn.message = event if entry.messages else None
            turn.enter(event, graph.entries if active is None else [active])
        alarm = loop.call_at(over - kept, turn.is_late)
        try:
            while (outcome := self._outcome(turn)) is None:
                await turn.awake()
        finally:
            alarm.cancel()
        await turn.flush()
        match outcome:
            case "suspended":
                await self._others(turn, over)
                raise Suspended
            case "cut":
                await self._cut(turn)
            case "answered":
                await self._answered(turn)
            case _:
                await self._unanswered(turn, outcome, entry, over)
        await self._afterwards(turn, over)
        await self._cut_after(turn)

    def _outcome(self, turn: Turn) -> Literal["answered", "suspended", "cut"] | Reason | None:
        """What has come of the turn by now; None while that is open."""
        floor = turn.floor
        if turn.fatal is not None:
            raise turn.fatal
        if turn.late and not floor.answered:
            floor.settle_for_what_is_said()
        if floor.answered:
            return "answered"
        if self.cut is not None:
            return "cut"
        if floor.broken:
            return "failure"
        if turn.suspended and not turn.main.open:
            return "suspended"
        if turn.quiet:
            return "failure" if turn.failed else "silence"
        if turn.late:
            heard = floor.heard
            return "answered" if heard is not None and heard.complete and heard.handoff is None else "deadline"
        return None

    async def _event(self, turn: Turn, entry: Entry) -> Event | None:
        """The event that lets the nodes know; None where there is none for them."""
        about = entry.about or {}
        if "joined" in about:
            joined = about["joined"]
            await turn.scope.note(CallerJoined(joined["caller"], joined["variables"]))
            return made(JoinedEvent, caller=joined["caller"], variables=joined["variables"])
        if "spoken" in about:
            return None
        content = BETWEEN.join(message.text for message in entry.messages)
        return made(MessageEvent, content=content, metadata=dict(about.get("metadata") or {}))

    # how it ends -----------------------------------------------------------------------------------------------------

    async def _answered(self, turn: Turn, fallback: bool = False) -> None:
        floor = turn.floor
        floor.shut_down()
        parts = parts_of(floor.parts)
        answer = TurnAnswered(
            parts,
            parts[-1].speaker if parts else "",
            floor.active or turn.live.active,
            {name: seat for name, seat in turn.seats.items() if turn.live.seats.get(name) != seat},
            self._changed(turn),
            fallback,
        )
        ending, turn.ending = turn.ending, None
        await turn.scope.note(*((answer,) if ending is None else (ending, answer)))

    def _changed(self, turn: Turn) -> dict[str, Any]:
        kept = turn.live.states
        return {name: state for name, state in self._graph.states().items() if kept.get(name) != state}

    async def _unanswered(self, turn: Turn, reason: Reason, entry: Entry, over: float) -> None:
        """Nobody answered: the fallback does, or nobody has to."""
        floor = turn.floor
        greeting = _greeting(entry)
        floor.shut_down()
        if greeting and not floor.parts:
            speech = Speech(self.name)
            floor.parts.append(speech)
            speech.pieces.append(greeting)
            turn.show(speech, greeting)
        elif entry.messages and not self._graph.muted:
            if reason == "deadline":
                turn.stop()  # who does not heed it goes on, and is not heard
            turn.record(FallbackCalled(reason))
            await turn.flush()
            await Last(turn, over).speak()
            return await (self._answered(turn, fallback=True) if self.cut is None else self._cut(turn))
        await self._answered(turn)

    async def _cut(self, turn: Turn) -> None:
        """A person interrupted: what was heard stays said. Nodes are stopped; their tools in flight finish if they are to."""
        floor = turn.floor
        floor.shut_down()
        assert self.cut is not None, "somebody interrupted"
        parts = heard_of(parts_of(floor.parts), self.cut.heard)
        mark = Interruption(Message("user"), None)
        mark.taken.cancel()
        turn.scope.attempt.inbox.append(mark)  # by this, tools know that it is a person who stops them
        turn.stop()
        await turn.scope.note(TurnCut(parts, floor.active or turn.live.active, self._changed(turn)))
        self.settle()

    async def _others(self, turn: Turn, over: float) -> None:
        """A person is asked: what else goes on comes to its end."""
        if turn.tasks:
            await asyncio.wait(turn.tasks, timeout=max(over - asyncio.get_running_loop().time(), 0.0))
        await turn.flush()

    async def _afterwards(self, turn: Turn, over: float) -> None:
        """The person has the answer: what nodes still do for this message they may do, as long as the turn's time lasts."""
        turn.late = False
        alarm = asyncio.get_running_loop().call_at(over, turn.is_late)
        try:
            while turn.tasks and not turn.late and turn.fatal is None:
                await turn.awake()
                await self._cut_after(turn)
        finally:
            alarm.cancel()
        await turn.flush()
        if turn.fatal is not None:
            raise turn.fatal

    async def _cut_after(self, turn: Turn) -> None:
        if self.cut is not None:
            await note_cut(turn.scope, self.cut.heard)
            self.settle()

    async def _leave(self, turn: Turn) -> None:
        """Wait a little for nodes that were cancelled; those that do not end are left to themselves, and fenced off."""
        if not turn.tasks:
            return
        _, left = await asyncio.wait(turn.tasks, timeout=GRACE)
        if left:
            names = sorted({task.get_name() for task in left})
            log.error("%s did not end when cancelled, and is left to itself. Let CancelledError pass.", ", ".join(names))
            turn.scope.attempt.leave_behind()

    async def _end(self, turn: Turn) -> str:
        scope = turn.scope
        if turn.ending is not None:
            await scope.note(turn.ending)
        changed = self._changed(turn) if self._graph.turn is turn else {}
        if changed:
            await scope.note(StatesKept(changed))
        text = BETWEEN.join(part.text for part in last_parts(scope))
        await scope.note(StepReturned(text))
        return text


def _greeting(entry: Entry) -> str:
    """What is said when nobody else says anything, and nobody has to."""
    match entry.about:
        case {"spoken": str(text)} | {"joined": {"greeting": str(text)}}:
            return text
        case _:
            return ""


def last_parts(scope: Scope) -> tuple[Part, ...]:
    """The parts of the turn's answer, as they hold by now."""
    for event in reversed(scope.attempt.events):
        if event.path == scope.path and isinstance(event.fact, TurnAnswered | TurnCut):
            return event.fact.parts
    return ()


async def note_cut(scope: Scope, heard: int | None) -> None:
    """A person interrupted an answer that was complete: what they heard of it is all that was said."""
    said = last_parts(scope)
    kept = heard_of(said, heard)
    if kept != said:
        await scope.note(TurnCut(kept, (scope.fold.live or NO_SESSION).active))
