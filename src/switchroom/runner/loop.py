"""The loop: a run is facts folded over rules, and the world is touched in one place."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from switchroom.attempt import is_cancelled
from switchroom.errors import ToolCancelled
from switchroom.events import AnswerCut
from switchroom.interruption import Interruption
from switchroom.perform import AgentRun
from switchroom.rules.commands import Finish
from switchroom.rules.decide import decide


async def answer(run: AgentRun) -> Any:
    """Run an agent to its end, and give its typed output.

    A cancellation holds also where a tool swallows it: only an answer that is there is still finished.
    """
    scope = run.scope
    perform = run.perform
    note = scope.note
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    cancelled_before = task.cancelling()
    while (command := decide(scope.fold)) is not None:
        try:
            if task.cancelling() > cancelled_before and not isinstance(command, Finish):
                raise asyncio.CancelledError  # a tool or a model has swallowed it
            await perform(run, command, note)
        except asyncio.CancelledError as error:
            if not is_cancelled():
                raise ToolCancelled(f"Agent '{scope.fold.agent}' cancelled itself.") from error
            if not await cut_short(run):
                raise
    state = scope.fold
    return run.roster[state.agent].output.load(state.output)


async def cut_short(run: AgentRun) -> bool:
    """Take a person's interruption: what was heard stays said, and what the person says is the new input.

    Returns:
        False when the cancellation was no interruption, or somebody cancelled the run besides.
    """
    scope = run.scope
    attempt = scope.attempt
    task = asyncio.current_task()
    if task is None or task is not attempt.task or scope.path != attempt.root.path or not attempt.inbox:
        return False
    while attempt.inbox:
        others = task.cancelling()
        while attempt.interrupted:
            attempt.interrupted -= 1
            others = task.uncancel()
        if others:
            return False
        interruption = attempt.inbox[0]
        try:
            await _cut(run, interruption)
        except asyncio.CancelledError:  # what was to be noted is noted; another message may have come
            if not attempt.interrupted:
                raise
        finally:
            attempt.inbox.remove(interruption)
    return True


async def _cut(run: AgentRun, interruption: Interruption) -> None:
    scope = run.scope
    state = scope.fold
    if state.finished:
        return interruption.refuse("The answer was complete before the interruption. Send the message as the next turn.")
    said = "".join(scope.said or ())
    heard = said[: interruption.heard] if not state.calls else ""
    scope.said = None
    guarded = bool(run.roster[state.agent].input_guards)
    try:
        await scope.note(AnswerCut(state.agent, said, heard, interruption.message, guarded))
    finally:
        interruption.accept()
