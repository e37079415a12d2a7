"""The loop: a run is facts folded over rules, and the world is touched in one place."""

from __future__ import annotations

import asyncio
from typing import Any

from switchroom.events import AnswerCut
from switchroom.perform import AgentRun
from switchroom.rules.decide import decide


async def answer(run: AgentRun) -> Any:
    """Run an agent to its end, and give its typed output."""
    scope = run.scope
    perform = run.perform
    note = scope.note
    while (command := decide(scope.fold)) is not None:
        try:
            await perform(run, command, note)
        except asyncio.CancelledError:
            if not await cut_short(run):
                raise
    state = run.scope.fold
    return run.roster[state.agent].output.load(state.output)


async def cut_short(run: AgentRun) -> bool:
    """Take a person's interruption: what was heard stays said, and what the person says is the new input.

    Returns:
        False when the cancellation was no interruption, or somebody cancelled the run besides.
    """
    scope = run.scope
    attempt = scope.attempt
    task = asyncio.current_task()
    if not attempt.inbox or scope.parent is None or scope.parent.parent is not None or task is not attempt.task:
        return False
    if task is None:
        return False
    others = task.cancelling()
    while attempt.interrupted:
        attempt.interrupted -= 1
        others = task.uncancel()
    if others:
        return False
    while attempt.inbox:
        interruption = attempt.inbox[0]
        if run.scope.fold.finished:
            interruption.refuse("The answer was complete before the interruption. Send the message as the next turn.")
        else:
            said = "".join(scope.said or ())
            heard = said[: interruption.heard] if not run.scope.fold.calls else ""
            scope.said = None
            agent = run.scope.fold.agent
            guarded = bool(run.roster[agent].input_guards)
            await scope.note(AnswerCut(agent, said, heard, interruption.message, guarded))
            interruption.accept()
        attempt.inbox.pop(0)
    return True
