"""Playing a conversation's record: each turn through the real runner, until the first thing that does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pydantic

from switchroom.adapters import load
from switchroom.attempt import Attempt
from switchroom.config import RunConfig
from switchroom.errors import Diverged, UserError
from switchroom.events import RunEvent, StepFailed, ToolReturnedLate, TurnCut
from switchroom.failure import attribute_of
from switchroom.messages import ToolCall
from switchroom.result import RunResult
from switchroom.rules.root import Root
from switchroom.rules.state import NO_RUN
from switchroom.runner.interpreter import interpret
from switchroom.runner.turn import Order, Prepare, Prepared, begin, resume, take
from switchroom.schema import as_model, explained
from switchroom.scope import Scope
from switchroom.session import Graph
from switchroom.step import step_name
from switchroom.team import speaks
from switchroom.testing.lines import called
from switchroom.testing.places import Playing
from switchroom.testing.player import Player
from switchroom.testing.prompt import Prompt
from switchroom.testing.record import Part, Turn, turns_of
from switchroom.testing.tape import Tape


class Cue(msgspec.Struct, frozen=True):
    """How a record is to be played.

    Args:
        step: what answers now.
        conversation: the id that it had.
        deps: handles for what runs for real.
        config: options of the runs.
        strict: whether what is asked has to be the same, or only what is done.
        live: the names of agents that are asked in earnest.
    """

    step: Any
    conversation: str
    deps: Any
    config: RunConfig
    strict: bool
    live: frozenset[str]


class Outcome(msgspec.Struct, frozen=True):
    """What came of a turn: its result, what is known of the conversation, and what was raised, as it was on record."""

    result: RunResult[Any]
    root: Root
    error: Exception | None = None

    def __str__(self) -> str:
        name = self.root.name
        if self.error is not None:
            return f"{name} fails with {type(self.error).__name__}: {self.error}"
        if self.root.phase == "returned":
            return f"{name} has returned"
        waits = ", ".join(called(ToolCall(one.tool, one.args)) for one in self.result.waiting)
        return f"{name} waits for a person to answer: {waits}" if waits else f"{name} has come to its end"


class PlayedJournal:
    """Where a play is kept: in memory, each entry held against the record before it is."""

    keeps = True
    waits = False

    def __init__(self) -> None:
        self._kept: Any = load("journal", "memory")("memory:")
        self.tape: Tape | None = None

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events; see `Journal.append`.

        Raises:
            Diverged: the record has something else.
        """
        for event in events:  # one by one, as the record may break off among them
            if self.tape is not None:
                self.tape.note(event)
            self._kept.append(conversation, [event])

    def keep_late(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep the results of tools that ended after their run, which no played tool can give."""
        seq = len(self._kept.read(conversation))
        for event in events:
            if isinstance(event.fact, ToolReturnedLate):
                seq += 1
                self._kept.append(conversation, [RunEvent(event.path, event.fact, seq, event.at)])

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events after a number; see `Journal.read`."""
        return self._kept.read(conversation, after)


async def play(events: Sequence[RunEvent], cue: Cue, prompts: dict[str, Prompt]) -> list[Outcome]:
    """Play a conversation.

    Args:
        events: the record.
        cue: how it is to be played.
        prompts: how agents were put to their models, by digest; how they are now is added.

    Raises:
        Diverged: the code goes another way than the record.
        UserError: a person interrupted a session.
    """
    journal = PlayedJournal()
    for event in events:
        if isinstance(event.fact, TurnCut):
            raise UserError(
                f"A person interrupted the session at entry {event.seq} of the record, and when they did it does not say: "
                "it cannot be played. Record a conversation that nobody interrupted."
            )
    return [await _turn(turn, cue, journal, prompts) for turn in turns_of(events)]


async def _turn(turn: Turn, cue: Cue, journal: PlayedJournal, prompts: dict[str, Prompt]) -> Outcome:
    tape = journal.tape = Tape(turn, cue.strict, prompts)
    config = replace(
        cue.config,
        journal=journal,
        wrappers=(*cue.config.wrappers, Player(tape, cue.live).around),
        state=None,
        state_type=_state_type(cue),
        redact=None,  # what is on record was redacted before it was kept
    )
    order = _order(turn, cue, config)
    outcome = await _attempt(order, begin, tape)
    for part, recorded in enumerate(turn.parts[1:], start=1):
        root = outcome.root
        if root.phase == "returned":
            break
        tape.go_on(part)
        journal.keep_late(cue.conversation, turn.parts[part - 1].events)
        if recorded.asides:
            await _answer_meanwhile(recorded, cue, config, tape)
            continue
        missing = [answer.id for answer in recorded.answers if answer.id not in root.asked]
        if missing and tape.left:
            break  # what happens in earnest may ask a person something else
        if missing:
            raise tape.differs_in(turn.root, str(outcome), tape.reel.answer_to(missing[0]))
        answers = {answer.id: (answer.yes, answer.note) for answer in recorded.answers}
        order = Order(cue.step, config, deps=cue.deps, conversation=cue.conversation, answers=answers)
        outcome = await _attempt(order, resume, tape)
    tape.finish(str(outcome))
    return outcome


async def _answer_meanwhile(recorded: Part, cue: Cue, config: RunConfig, tape: Tape) -> None:
    """Send the messages that came while a person was asked; each is answered with the recorded text."""
    for event in recorded.events:
        if "/while_waiting#" in event.path:
            tape.reel.drop(event.path)
    for aside in recorded.asides:
        input = interpret(cue.step).given(Root(messages=(aside.message,), input=aside.message.text))
        answering = replace(config, while_waiting=aside.text)
        await take(Order(cue.step, answering, input, cue.deps, None, cue.conversation), begin)


def _order(turn: Turn, cue: Cue, config: RunConfig) -> Order:
    """The turn as it was asked for.

    Raises:
        Diverged: another step is to answer it, or it does not take its input or its state any more.
    """
    start, name = turn.start, step_name(cue.step)
    if name != start.name or not (isinstance(cue.step, Graph) or speaks(cue.step) == bool(start.messages)):
        raise Diverged(
            f"The record is of the {_kind(bool(start.messages))} '{start.name}', and the {_kind(speaks(cue.step))} '{name}' is "
            "to be played. Pass the step that was recorded, as it is now."
        )
    state = None
    if start.state is not None:
        if config.state_type is None:
            raise UserError(
                f"The record of '{start.name}' begins with a shared state, and its type is not known. "
                "Pass config=RunConfig(state_type=...)."
            )
        try:
            state = as_model(config.state_type, start.state)
        except pydantic.ValidationError as error:
            raise Diverged(f"The recorded state is no {config.state_type.__name__} any more: {explained(error)}.") from error
    try:
        input = interpret(cue.step).given(Root(messages=start.messages, input=start.input))
    except pydantic.ValidationError as error:
        raise Diverged(f"'{name}' does not take the recorded input any more: {explained(error)}.") from error
    return Order(cue.step, config, input, cue.deps, state, cue.conversation)


def _kind(speaks: bool) -> str:
    return "agent or team" if speaks else "function"


def _state_type(cue: Cue) -> type[pydantic.BaseModel] | None:
    made = cue.config.state
    return cue.config.state_type if cue.config.state_type or made is None else type(made(cue.conversation))


async def _attempt(order: Order, prepare: Prepare, tape: Tape) -> Outcome:
    """Run until the run ends, the code goes another way, or the record breaks off.

    Raises:
        Diverged: the code goes another way.
    """

    def playing(step: Any) -> Playing:
        return Playing(interpret(step), tape)

    async def prepared(order: Order) -> Prepared:
        found = await prepare(order)
        if isinstance(found, RunResult):
            return found
        found.scope.attempt.interpret = playing
        if found.started is None:
            return found
        started = msgspec.structs.replace(found.started, interpretation=playing(order.step))
        return msgspec.structs.replace(found, started=started)

    running = asyncio.ensure_future(take(order, prepared))
    stopped = asyncio.ensure_future(tape.stopped.wait())
    try:
        await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        running.cancel()
        await asyncio.wait([running, stopped])
    error = None if running.cancelled() else running.exception()
    if tape.diverged is not None:
        raise tape.diverged
    attempt = order.attempt
    if attempt is not None and tape.over:
        return await _broken_off(attempt, tape)
    if attempt is None or (error is not None and attempt.root.phase != "failed"):
        running.result()  # it never came to run
    assert attempt is not None, "a run that ends has begun"
    for entry in tape.reel.after_the_end():
        await _note_after_the_end(attempt, entry.path, entry.fact)
    if error is None:
        return Outcome(running.result(), attempt.root)
    assert isinstance(error, Exception), "nothing else is a failure of the run"
    run: Any = attribute_of(error, "run")  # an exception with slots carries none
    return Outcome(run or RunResult(attempt, attempt.root.path, None, NO_RUN), attempt.root, error)


async def _note_after_the_end(attempt: Attempt, path: str, fact: Any) -> None:
    """Note a fact although the attempt is over, as the record has it."""
    attempt.over = False
    await Scope(attempt, path).note(fact)
    attempt.over = True


async def _broken_off(attempt: Attempt, tape: Tape) -> Outcome:
    """What is known where the record has no end, or only that the time was over."""
    path = attempt.root.path
    last = tape.reel.next(path)
    error = None
    if last is not None and isinstance(last.fact, StepFailed):
        error = tape.failed(last.fact)
        await _note_after_the_end(attempt, path, last.fact)
    return Outcome(RunResult(attempt, path, None, NO_RUN), attempt.root, error)
