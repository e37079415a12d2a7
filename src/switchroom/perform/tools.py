"""Calls made: alone or several at once, and cleared up where a crash left them unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from threading import Thread
from typing import Any

from switchroom._tool import NotDone, Tool
from switchroom.attempt import Suspended, is_cancelled, left_by
from switchroom.context import CURRENT, ToolContext
from switchroom.errors import Diverged, ToolCancelled, ToolTimeout, TryAgain, UserError, unknown
from switchroom.events import (
    EffectCleared,
    PersonAsked,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
)
from switchroom.failure import add_note, told
from switchroom.messages import ValidCall
from switchroom.perform.run import AgentRun, Note
from switchroom.rules.commands import CallTool, CallTools, Reconcile
from switchroom.rules.state import State
from switchroom.schema import Invalid, as_text
from switchroom.scope import Scope
from switchroom.threads import LEFT_RUNNING, EndedLate


async def call_tools(run: AgentRun, command: CallTools, note: Note) -> None:
    """Make calls, each through the wrapped performing, at most `parallel_tools` at a time.

    All come to an end before anything else goes on: a failure is raised when the others have finished, the first in call order.
    """
    indexes = command.indexes
    interruptible = run.scope.attempt.task is not None
    # Looked up now: when an interruption comes, the calls may have settled, and the run may know them no longer.
    finishing = {index for index in indexes if _finishes(run, index)} if interruptible else set[int]()
    if len(indexes) == 1 and not finishing:
        return await run.perform(run, CallTool(indexes[0]), note)
    places = asyncio.Semaphore(run.scope.config.parallel_tools)

    async def call(index: int) -> None:
        async with places:
            await run.perform(run, CallTool(index), note)

    tasks = [asyncio.create_task(call(index)) for index in indexes]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        interrupted = bool(run.scope.attempt.inbox)
        for index, task in zip(indexes, tasks, strict=True):
            if not (interrupted and index in finishing):
                task.cancel()
        await _ended(tasks)
        raise
    _raise_first([_failure(run, index, task) for index, task in zip(indexes, tasks, strict=True)])


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Wait until tasks have ended, also when this is cancelled again meanwhile."""
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
    for task in tasks:
        if not task.cancelled():
            task.exception()


def _failure(run: AgentRun, index: int, task: asyncio.Task[None]) -> BaseException | None:
    if task.cancelled():  # by nobody of ours
        return ToolCancelled(f"Tool '{run.scope.fold.calls[index].call.name}' cancelled itself.")
    return task.exception()


def _raise_first(failures: list[BaseException | None]) -> None:
    """Raise what the first call in call order raised that did not return, so that it is the same whoever was quicker.

    That may be a wait for a person: what failed behind it is tried again when the answer is there.
    """
    raised = [failure for failure in failures if failure is not None]
    if not raised:
        return
    first, *others = raised
    for other in others:
        if not isinstance(first, Suspended) and not isinstance(other, Suspended):
            add_note(first, f"Another call of the same answer failed too: {type(other).__name__}: {told(other)}")
    raise first


def _finishes(run: AgentRun, index: int) -> bool:
    """Whether a call in flight is to finish when a person interrupts."""
    return _is_finishing(_made(run, index))


def _is_finishing(made: Tool) -> bool:
    return made.effect != "read" if made.on_interrupt is None else made.on_interrupt == "finish"


def _made(run: AgentRun, index: int) -> Tool:
    """The tool of a call, which was there when it was judged."""
    state = run.scope.fold
    name = state.calls[index].call.name
    tools = run.roster[state.asker].tools
    if name not in tools:
        known = unknown(f"Agent '{state.asker}'", "tool", name, tools)
        raise Diverged(f"The unfinished turn called '{name}'. {known} Resume it with the old code.")
    return tools[name]


def _no_longer_takes(made: Tool, fault: Invalid) -> Diverged:
    return Diverged(
        f"The unfinished turn called '{made.name}' with arguments that it no longer takes: {fault}. "
        "Resume it with the old code."
    )


async def call_tool(run: AgentRun, command: CallTool, note: Note) -> None:
    """Make one call, and note what it returned or how it failed."""
    state = run.scope.fold
    index = command.index
    call = state.calls[index]
    made = _made(run, index)
    scope = run.scope
    path = f"{scope.path}/{made.name}#{state.answers}.{index}"
    try:
        args = made.check(call.call.args)  # pyright: ignore[reportArgumentType]
    except Invalid as fault:  # they were valid when the call was judged
        raise _no_longer_takes(made, fault) from fault
    if not call.started or call.inside:  # entered again after a wait, it touches the world again
        await note(ToolStarted(index, state.asker, made.name))
    try:
        if made.step is not None:
            value = await scope.enter(made.step, args["input"], path)
        else:
            inner = Scope(scope.attempt, path, scope)
            context: ToolContext[Any] = ToolContext(inner, state.asker, ValidCall(made.name, args, call.call.id), path)
            running = scope.attempt.tool_begins(made.name, _is_finishing(made))
            left_running = LEFT_RUNNING.set(partial(_left_running, run, command, made))
            try:
                value = await _invoke(made, context, args, inner)
                if scope.attempt.over:  # nobody waits for the run any longer, but the effect is known
                    late = _late(state, index, made, value, None)
                    if late is not None:
                        scope.attempt.record_late(scope.path, late)
            except Suspended:
                if scope.attempt.siblings is not None:  # what waits beside it notes that it does
                    await scope.attempt.siblings.finish(path + "/")
                raise
            finally:
                LEFT_RUNNING.reset(left_running)
                try:
                    if scope.attempt.siblings is not None:
                        await scope.attempt.siblings.stop(path + "/")
                finally:
                    scope.attempt.tool_ends(running)
        text = value if type(value) is str and value.isascii() else as_text(value, f"Tool '{made.name}'")
    except Suspended:
        await note(ToolSuspended(index, made.name))
        raise
    except TryAgain as wrong:
        text = _told_to_try_again(wrong)
        return await note(ToolReturned(index, state.asker, made.name, text, failed=True, again=True))
    except Exception as error:
        if made.on_error == "tell_model" and not isinstance(error, UserError):
            unclear = isinstance(error, ToolTimeout) and not made.repeatable
            known = "not known whether this happened" if unclear else "failed"
            text = f"[{known}: {type(error).__name__}: {told(error)}]"
            return await note(ToolReturned(index, state.asker, made.name, text, failed=True))
        through = scope.attempt.through(error)
        await note(ToolFailed(index, state.asker, made.name, type(error).__name__, told(error), through))
        raise
    return await note(ToolReturned(index, state.asker, made.name, text))


def _told_to_try_again(wrong: TryAgain) -> str:
    return f"[try again: {told(wrong)}]"


def _left_running(run: AgentRun, command: CallTool, made: Tool, thread: Thread) -> EndedLate:
    """Keep the attempt live while the thread of a tool goes on; return the function that records its result."""
    scope = run.scope
    attempt, path, state = scope.attempt, scope.path, scope.fold
    running = attempt.tool_begins(made.name, thread=thread)

    def ended(result: object, error: BaseException | None) -> None:
        late = _late(state, command.index, made, result, error)
        if late is not None:
            attempt.record_late(path, late)
        attempt.tool_ends(running)

    return ended


def _late(state: State, index: int, made: Tool, result: object, error: BaseException | None) -> ToolReturnedLate | None:
    """Return the fact of a result that came late; None where the thread of an async tool only made its coroutine."""
    if isinstance(result, Coroutine):
        result.close()
        return None
    if error is None:
        try:
            text = as_text(result, f"Tool '{made.name}'")
        except UserError as fault:
            error = fault
        else:
            return ToolReturnedLate(state.answers, index, state.asker, made.name, text)
    text = _told_to_try_again(error) if isinstance(error, TryAgain) else f"[failed: {type(error).__name__}: {told(error)}]"
    return ToolReturnedLate(state.answers, index, state.asker, made.name, text, failed=True)


async def _invoke(made: Tool, context: ToolContext[Any], args: dict[str, Any], inner: Scope) -> Any:
    token = CURRENT.set(inner)
    try:
        if made.timeout is None:
            return await made.invoke(context, args)
        timeout = asyncio.timeout(made.timeout)
        try:
            async with timeout:
                return await made.invoke(context, args)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise ToolTimeout(f"Tool '{made.name}' took longer than its {made.timeout} s.") from error
    except BaseExceptionGroup as group:
        raise left_by(group) from group.__cause__
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise ToolCancelled(f"Tool '{made.name}' cancelled itself.") from error
    finally:
        CURRENT.reset(token)


async def reconcile(run: AgentRun, command: Reconcile, note: Note) -> None:
    """Find out whether a call happened before a crash: by the tool's `reconcile`, else by asking a person."""
    state = run.scope.fold
    index = command.index
    call = state.calls[index]
    made = _made(run, index)
    path = f"{run.scope.path}/{made.name}#{state.answers}.{index}"
    assert isinstance(call.call.args, dict), "a call that began had valid arguments"
    try:
        args = made.check(call.call.args)
    except Invalid as fault:
        raise _no_longer_takes(made, fault) from fault
    if made.reconcile is None:
        # The attempt is part of the id: an approval that is given twice must not say that the call happened.
        id = f"{path}@{run.scope.attempt.root.attempt}"
        asked = PersonAsked(index, id, state.asker, made.name, call.call.args, "unknown_effect")
        return await note(asked)
    asked = ValidCall(made.name, args, call.call.id)
    find_out = made.reconcile
    outcome = await run.ask(
        f"reconcile#{state.answers}.{index}",
        state.asker,
        lambda context: find_out(ToolContext(context.scope, state.asker, asked, path), args),
    )
    if isinstance(outcome, NotDone) or outcome is NotDone:
        return await note(EffectCleared(index, made.name))
    return await note(ToolReturned(index, state.asker, made.name, as_text(outcome, f"reconcile of tool '{made.name}'")))
