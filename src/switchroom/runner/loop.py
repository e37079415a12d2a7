"""The loop: a run is facts folded over rules, and the world is touched in one place."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from switchroom.attempt import is_cancelled
from switchroom.errors import ToolCancelled
from switchroom.events import AnswerCut, RunEvent, RunInterrupted, StepReturned
from switchroom.interruption import Interruption
from switchroom.perform import AgentRun
from switchroom.rules.commands import Finish
from switchroom.rules.decide import decide
from switchroom.rules.speech import joined, spoken_parts


async def answer(run: AgentRun) -> Any:
    """Run an agent to its end, and give its typed output.

    A cancellation holds also where a tool swallows it: only an answer that is there is still finished.
    """
    scope = run.scope
    attempt = scope.attempt
    perform = run.perform
    note = scope.note
    task = asyncio.current_task()
    assert task is not None, "runs are awaited by tasks"
    table = None
    if attempt.table is not None and scope.path == attempt.root.path:
        attempt.main = task
        attempt.on_stop = partial(stop_run, run)
        table = None if attempt.table.is_local else attempt.table
    cancelled_before = task.cancelling()
    while (command := decide(scope.fold)) is not None:
        try:
            if table is not None:
                table.look_again(attempt.loop.time())
            if attempt.stopping and scope.path == attempt.root.path:
                uncancelled(run)
                return await end_interrupted(run)
            if task.cancelling() > cancelled_before and not isinstance(command, Finish):
                raise asyncio.CancelledError  # a tool or a model has swallowed it
            await perform(run, command, note)
        except asyncio.CancelledError as error:
            if not is_cancelled():
                raise ToolCancelled(f"Agent '{scope.fold.agent}' cancelled itself.") from error
            if not (uncancelled(run) or await cut_short(run)):
                raise
    state = scope.fold
    return run.roster[state.agent].output.load(state.output)


def stop_run(run: AgentRun) -> bool:
    """Ask the root's run to end with the text that its caller has been shown.

    A tool in flight that finishes on interruption is waited for; anything else in flight is cancelled.

    Returns:
        False if the run cannot end so: it has finished, or its agent answers with typed data.
    """
    attempt, state = run.scope.attempt, run.scope.fold
    if state.finished or run.roster[state.agent].output.schema is not None:
        return False
    if not attempt.stopping:
        attempt.stopping = True
        main = attempt.main  # the run itself, where it looks before a command, only has to see that it is to stop
        if (
            main is not None
            and main is not asyncio.current_task()
            and not any(tool.finishes for tool in attempt.tools.values())
        ):
            attempt.interrupted += 1
            main.cancel()
    return True


def uncancelled(run: AgentRun) -> bool:
    """Take back the cancellation by which `stop_run` stopped the run; return False if somebody else cancelled it."""
    attempt, task = run.scope.attempt, asyncio.current_task()
    if not attempt.stopping or task is None or task is not attempt.main or run.scope.path != attempt.root.path:
        return False
    others = task.cancelling()
    while attempt.interrupted:
        attempt.interrupted -= 1
        others = task.uncancel()
    return not others


async def end_interrupted(run: AgentRun) -> str:
    """End the root's run with the text that its caller has been shown."""
    scope = run.scope
    text = "".join(scope.said or ())
    scope.said = None
    interrupted = RunInterrupted(scope.fold.agent, text, text)
    heard = spoken_parts([*scope.attempt.events, RunEvent(scope.path, interrupted)], scope.path)
    returned = StepReturned(joined(heard), heard[-1].text if len(heard) > 1 else "")
    await scope.note(interrupted, returned)
    return returned.output


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
