"""Playing commands: what touches the world is given from the record, everything else is done as ever."""

from __future__ import annotations

import copy
import time
from collections.abc import Collection
from typing import Any

from switchroom.attempt import Suspended
from switchroom.events import (
    AnswerCut,
    AnyFact,
    HandoffExpired,
    ModelAnswered,
    PersonAsked,
    RouteDecided,
    RunEvent,
    RunInterrupted,
    StepFailed,
    StepReturned,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
)
from switchroom.messages import Message
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.perform import AgentRun, Note, Perform
from switchroom.reply import respond
from switchroom.roster import Roster
from switchroom.rules.commands import AnyCommand, AskModel, CallTool, Reconcile
from switchroom.rules.speech import joined, spoken_parts
from switchroom.testing.places import PlayedRun, note_again
from switchroom.testing.prompt import Asked, Prompt
from switchroom.testing.reel import Entry, is_out_of_time
from switchroom.testing.tape import CutShort, Tape

FAR = 3600.0
"""Seconds to a handoff's deadline, while an answer is played that came in time on record."""


class Player:
    """What stands around all performing of a played run.

    Args:
        tape: the record.
        live: the names of agents that are asked in earnest; from then on their run is.
    """

    def __init__(self, tape: Tape, live: Collection[str]) -> None:
        self._tape = tape
        self._live = live

    def around(self, perform: Perform) -> Perform:
        """The performing that gives what is on record."""

        async def played(run: AgentRun, command: AnyCommand, note: Note) -> None:
            path = run.scope.path
            if isinstance(command, AskModel) and command.agent in self._live:
                self._tape.go_live(path)
            if self._tape.is_live(path):
                return await perform(run, command, note)
            cut = None if isinstance(command, CallTool) else self._tape.reel.cut_now(path)
            if cut is not None:
                return await self._cut(run, cut, note)
            here = PlayedRun(run.scope, run.roster, run.perform, self._tape)

            async def noting(*facts: AnyFact) -> None:
                await self._tape.fits(path, *facts)
                await note(*facts)

            try:
                match command:
                    case AskModel():
                        await self._ask(perform, here, command, noting)
                    case CallTool() if not _is_step(run, command):
                        await self._call(here, command, noting)
                    case Reconcile():
                        await self._find_out(here, command, noting)
                    case CallTool():
                        await self._enter(perform, here, command, noting)
                    case _:
                        await perform(here, command, noting)
            except CutShort as short:
                if short.path != path:
                    raise
            except BaseExceptionGroup as group:  # of user code that runs several steps in a task group
                if group.split(lambda error: isinstance(error, CutShort) and error.path == path)[1] is not None:
                    raise

        return played

    # models ------------------------------------------------------------------------------------------------------------

    async def _ask(self, perform: Perform, run: PlayedRun, command: AskModel, note: Note) -> None:
        """Ask as ever, for the recorded answer: instructions are rendered, limits hold."""
        attempt, due = run.scope.attempt, run.scope.fold.due
        role = copy.copy(run.roster[command.agent])
        role.agent = copy.copy(role.agent)
        recorded = self._model(run)
        object.__setattr__(role.agent, "model", recorded)  # made anew, its tools would be made anew too
        roster: Roster = copy.copy(run.roster)
        roster[command.agent] = role
        if due is not None:
            attempt.clock = lambda: due.at - FAR
        try:
            await perform(PlayedRun(run.scope, roster, run.perform, self._tape, recorded), command, note)
        finally:
            if due is not None:
                attempt.clock = time.time

    def _model(self, run: PlayedRun) -> Model:
        """The model that answers as the one on record did."""
        tape, path = self._tape, run.scope.path

        async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
            state, role = run.scope.fold, run.roster[request.agent]
            shown = {tool.name for tool in request.tools}
            specs = tuple(spec for spec in role.specs if spec.name in shown)
            prompt = Prompt(request.agent, role.agent.version, request.instructions, specs, request.output_schema)
            new = tuple(state.history[state.heard :])
            tape.asked[path] = Asked(prompt, new, role.described, state.history)
            entry = tape.reel.next(path)
            decided: RouteDecided | None = None
            if entry is not None and isinstance(entry.fact, RouteDecided):  # a router stood before the model
                await tape.in_turn(entry)
                decided, entry = entry.fact, tape.reel.next(path, entry.seq)
            if entry is None:
                await tape.broken_off(path)
            if decided is None:
                await tape.in_turn(entry)
            match entry.fact:
                case ModelAnswered() as answer if answer.agent == request.agent:
                    # An answer that no encoding holds is kept empty, and without a digest.
                    lost = not (answer.digest or answer.message.text or answer.message.calls)
                    said = Message("assistant", "\ud800") if lost else answer.message
                    await respond(said, emit, f"The record of agent '{request.agent}'")
                    return ModelResponse(said, answer.usage, answer.model, decided, answer.finish_reason)
                case AnswerCut() | RunInterrupted():
                    raise CutShort(path)
                case HandoffExpired() if state.due is not None:
                    due = state.due
                    run.scope.attempt.clock = lambda: due.at + 1
                    return ModelResponse(Message("assistant", ""))
                case StepFailed() as failure if is_out_of_time(failure) and path == run.scope.attempt.root.path:
                    await tape.broken_off(path)
                case StepFailed() as failure:
                    raise tape.failed(failure)
                case _:
                    raise tape.differs_in(path, f"{request.agent} is asked", entry)

        return model

    # tools -------------------------------------------------------------------------------------------------------------

    async def _call(self, run: PlayedRun, command: CallTool, note: Note) -> None:
        """Give what a call gave, and note what was noted inside it, for its body is not run."""
        state, index, tape = run.scope.fold, command.index, self._tape
        call, path = state.calls[index], run.scope.path
        if not call.started or call.inside:
            await note(ToolStarted(index, state.asker, call.call.name))
        inside = _place(run, index)
        entry = tape.reel.end_of(path, index)
        if entry is None:
            following = tape.reel.next(path)
            if following is None or not _explains(following.fact, index):
                await self._note_inside(run, inside, tape.reel.end, note)
                siblings = run.scope.attempt.siblings
                if siblings is not None and tape.reel.waits(inside):
                    await siblings.others_done(inside)  # as what is inside would do, were it run
                await tape.broken_off(path)
            return await self._note_inside(run, inside, following.seq, note)
        await self._note_inside(run, inside, entry.seq, note)
        await tape.in_turn(entry)
        match entry.fact:
            case ToolReturned():
                await note(entry.fact)
            case ToolSuspended():
                await note(entry.fact)
                raise Suspended
            case ToolFailed() as failed:
                error = tape.failed(tape.reel.failure_after(path, failed))
                for inner in failed.through:
                    run.scope.attempt.failed(error, inner)
                await note(failed)
                raise error
            case _:
                raise tape.differs_in(path, f"{call.call.name} is called", entry)

    async def _enter(self, perform: Perform, run: PlayedRun, command: CallTool, note: Note) -> None:
        """Run a step that is a tool as ever; what it does in turn is played."""
        call, place = run.scope.fold.calls[command.index], _place(run, command.index)

        async def noting(*facts: AnyFact) -> None:
            await note(*facts)
            if isinstance(facts[0], ToolStarted):
                await self._tape.begins(place)

        if call.started and not call.inside:  # it goes on where a crash had stopped it
            await self._tape.begins(place)
        await perform(run, command, noting)

    async def _find_out(self, run: PlayedRun, command: Reconcile, note: Note) -> None:
        """Find out what became of a call as it was found out on record."""
        path, state, index = run.scope.path, run.scope.fold, command.index
        entry = self._tape.reel.found_out(path, index)
        if entry is None:
            await self._tape.broken_off(path)
        await self._note_inside(run, f"{path}/reconcile#{state.answers}.{index}", entry.seq, note)
        await note(entry.fact)

    async def _note_inside(self, run: AgentRun, inside: str, until: int, note: Note) -> None:
        """Note what was noted by code that is not run."""
        for entry in self._tape.reel.of_call(run.scope.path, inside, until):
            await self._tape.in_turn(entry)
            await note_again(run, entry.event, note)

    # a person ----------------------------------------------------------------------------------------------------------

    async def _cut(self, run: AgentRun, cut: Entry, note: Note) -> None:
        """Interrupt, as a person did."""
        path, attempt = run.scope.path, run.scope.attempt
        if attempt.siblings is not None:
            await attempt.siblings.stop(path + "/")
        for entry in self._tape.reel.inside(path, cut.seq):
            await note_again(run, entry.event, note)
        fact: Any = cut.fact
        if isinstance(fact, RunInterrupted):
            heard = spoken_parts([*attempt.events, RunEvent(path, fact)], path)
            return await note(fact, StepReturned(joined(heard), heard[-1].text if len(heard) > 1 else ""))
        await note(AnswerCut(fact.agent, fact.text, fact.heard, fact.message, bool(run.roster[fact.agent].input_guards)))


def _place(run: AgentRun, index: int) -> str:
    state = run.scope.fold
    return f"{run.scope.path}/{state.calls[index].call.name}#{state.answers}.{index}"


def _is_step(run: AgentRun, command: CallTool) -> bool:
    return run.scope.fold.calls[command.index].kind == "step"


def _explains(fact: Any, index: int) -> bool:
    """Whether what follows says why a call has no end: a person interrupted, or a crash left its effect unknown."""
    if isinstance(fact, PersonAsked):
        return fact.question == "unknown_effect" and fact.index == index
    return isinstance(fact, AnswerCut | RunInterrupted)
