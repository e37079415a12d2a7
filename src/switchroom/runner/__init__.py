"""Running: `Runner.run`, `run_sync`, `stream` and `resume`, one path for all of them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar, overload

from switchroom.arguments import Answers, check_answers, check_id
from switchroom.channel import Channel
from switchroom.config import RunConfig, checked_config
from switchroom.context import CURRENT
from switchroom.errors import UserError
from switchroom.loops import run_in_new_loop
from switchroom.result import RunResult
from switchroom.runner.stream import RunStream as RunStream
from switchroom.runner.turn import Order, begin, resume, take
from switchroom.scope import Scope
from switchroom.step import Step, step_name

T = TypeVar("T")


class Runner:
    """Runs steps: agents, teams, functions of (input, scope)."""

    @overload
    @staticmethod
    def run(
        step: Step[Any, T],
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> Coroutine[Any, Any, RunResult[T]]: ...
    @overload
    @staticmethod
    def run(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> Coroutine[Any, Any, RunResult[Any]]: ...
    @staticmethod
    def run(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> Coroutine[Any, Any, RunResult[Any]]:
        """Run a step on an input; with a conversation, as its next turn.

        Inside another run (a tool's body, a step) the run becomes that one's child: usage, limits, listeners and journal are
        the parent's, its config gives model, history and deadline, and on resume a finished child is not run again.
        `RunConfig(detached=True)` makes it stand on its own.

        Args:
            step: an agent, a team, or a function of (input, scope).
            input: text, messages, or content parts; of a function, whatever it takes.
            deps: handles for tools (database, client); never kept.
            state: a pydantic model that the agents share; kept, and changed by `ctx.update`. Of a conversation that goes on it
                takes the place of what was kept.
            config: options of the run.
            conversation: the id under which a journal keeps the conversation.
            message_id: the caller's own id of the message. A message that is sent again under its id is not answered again:
                the caller gets the same turn and the same answer, and joins the turn while it runs.

        Returns:
            the result; its `waiting` says what a person is asked, if the run waits.

        Raises:
            UserError: something in the call or in the step has to be changed.
            RunError: the world or a model did not play along; `error.run` is the run so far.
            ConversationBusy: another message of the conversation is being answered; see `RunConfig(when_busy=)`.
            ConversationWaiting: the conversation waits for a person, and `RunConfig(while_waiting=)` is None.
            Exception: what a tool, a model or a step raised, as itself, with `run` attached.
        """
        parent = CURRENT.get()
        options = checked_config(config, "config")
        if parent is not None and not options.detached:
            own = (deps, state, conversation, message_id, options.journal)
            if any(given is not None for given in own):
                raise UserError(
                    f"A run of '{step_name(step)}' inside another run shares its deps, state, conversation and journal. "
                    "Leave them out, or pass RunConfig(detached=True, ...)."
                )
            return _nested(parent, parent.place(step_name(step)), step, input, config)
        return take(_order(step, options, input, deps, state, conversation, message_id), begin)

    @overload
    @staticmethod
    def run_sync(
        step: Step[Any, T],
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunResult[T]: ...
    @overload
    @staticmethod
    def run_sync(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunResult[Any]: ...
    @staticmethod
    def run_sync(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunResult[Any]:
        """The same, waited for: in a script, in a notebook (whose loop is running), in a tool's thread."""

        async def run() -> RunResult[Any]:
            return await Runner.run(
                step, input, deps=deps, state=state, config=config, conversation=conversation, message_id=message_id
            )

        parent = CURRENT.get()
        if not _in_loop():  # asked first, and not in an `except`: what the run raises should not seem to come of that
            if parent is None:
                return run_in_new_loop(run())
            return asyncio.run_coroutine_threadsafe(run(), parent.attempt.loop).result()
        if parent is not None and not checked_config(config, "config").detached:
            raise UserError(
                f"run_sync of '{step_name(step)}' inside a run would stop its event loop. Write `await Runner.run(...)`, "
                "or `await scope.call(...)` in a step."
            )
        return _in_thread(run())

    @overload
    @staticmethod
    def stream(
        step: Step[Any, T],
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunStream[T]: ...
    @overload
    @staticmethod
    def stream(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunStream[Any]: ...
    @staticmethod
    def stream(
        step: Any,
        input: Any,
        *,
        deps: Any = None,
        state: Any = None,
        config: RunConfig | None = None,
        conversation: str | None = None,
        message_id: str | None = None,
    ) -> RunStream[Any]:
        """The same, with its events while it goes on: `async with Runner.stream(...) as events: async for event in events:`.

        An event has `.kind`, `.path`, `.fact`, and of a "text_delta" `.text`. `events.result` is there at the end.
        """
        options = checked_config(config, "config")
        if CURRENT.get() is not None and not options.detached:
            raise UserError(
                f"A stream of '{step_name(step)}' inside another run: use Runner.run, the outer stream shows its events; "
                "or pass RunConfig(detached=True)."
            )
        order = _order(step, options, input, deps, state, conversation, message_id)
        order.channel = Channel()
        return RunStream(order, begin)

    @overload
    @staticmethod
    def resume(
        step: Step[Any, T],
        *,
        conversation: str,
        config: RunConfig,
        answers: Answers | None = None,
        deps: Any = None,
        takeover: bool = False,
    ) -> Coroutine[Any, Any, RunResult[T]]: ...
    @overload
    @staticmethod
    def resume(
        step: Any,
        *,
        conversation: str,
        config: RunConfig,
        answers: Answers | None = None,
        deps: Any = None,
        takeover: bool = False,
    ) -> Coroutine[Any, Any, RunResult[Any]]: ...
    @staticmethod
    def resume(
        step: Any,
        *,
        conversation: str,
        config: RunConfig,
        answers: Answers | None = None,
        deps: Any = None,
        takeover: bool = False,
    ) -> Coroutine[Any, Any, RunResult[Any]]:
        """Go on with the last turn of a conversation: after a crash, after an error, or with a person's answers.

        Args:
            step: the step that began it.
            conversation: its id.
            config: with the journal that keeps it.
            answers: what a person answered, by the ids of `result.waiting`: True or False, or (False, "a note for the model").
                To an "approval" True means that the call may be made; to an "unknown_effect", that it did happen before the
                crash, and False that it did not and is to be made now.
            deps: handles for tools; else `config.deps` makes them.
            takeover: take the turn from an attempt that is still live, which is fenced off: it can record nothing more. Its
                unfinished effects count as unknown. By default a live turn is waited for, or refused, as `when_busy` says.

        Returns:
            the result of the turn; of one that is over, what it gave.

        Raises:
            UserError: there is no such conversation, an answer is to nothing that was asked, or `when_busy` is "interrupt".
            ConversationBusy: the turn is live, and the run does not wait, or no longer.
            Diverged: the code asks for something else than the unfinished turn recorded.
        """
        id, options = check_id(conversation, "conversation", "conversation"), checked_config(config, "config")
        if options.when_busy == "interrupt":
            raise UserError(
                "Runner.resume continues a turn and interrupts none: pass a config with when_busy='wait' or 'refuse', such as "
                "dataclasses.replace(config, when_busy='wait')."
            )
        given = check_answers(answers, "answers")
        return take(Order(step, options, deps=deps, conversation=id, answers=given, takeover=takeover), resume)


def _order(step: Any, config: RunConfig, input: Any, *given: Any) -> Order:
    """Return what a caller of `Runner.run` asked for; `given` are deps, state, conversation and message id."""
    deps, state, conversation, message_id = given
    id = "" if conversation is None else check_id(conversation, "conversation", "conversation")
    message = "" if message_id is None else check_id(message_id, "message", "message_id")
    return Order(step, config, input, deps, state, id, message_id=message)


async def _nested(parent: Scope, path: str, step: Any, input: Any, config: RunConfig | None) -> RunResult[Any]:
    if config is not None:  # what it does not say, the parent's options say
        ours = parent.config
        config = replace(config, model=config.model or ours.model, history=config.history or ours.history)
    output = await parent.enter(step, input, path, config)
    return RunResult(parent.attempt, path, output, parent.last)


def _in_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_thread(run: Coroutine[Any, Any, RunResult[Any]]) -> RunResult[Any]:
    """Run a coroutine in a loop of its own beside the one that is running here."""
    outcome: list[RunResult[Any]] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(asyncio.run(run))
        except BaseException as error:
            failure.append(error)

    context = contextvars.copy_context()
    context.run(CURRENT.set, None)
    thread = threading.Thread(target=context.run, args=(body,))
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
