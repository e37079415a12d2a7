"""Running agents of that SDK: each run is one of `switchroom.Runner`, and inside a tool a child of the run around it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import switchroom
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.agent import Agent
from switchroom.compat.agents.convert import TResponseInputItem, messages_of
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.failing import failed
from switchroom.compat.agents.items import ItemHelpers
from switchroom.compat.agents.keeping import Keeper
from switchroom.compat.agents.memory.session import Session, checked
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.pairing import paired
from switchroom.compat.agents.result import RunResult, RunResultStreaming
from switchroom.compat.agents.run_config import DEFAULT_MAX_TURNS as DEFAULT_MAX_TURNS
from switchroom.compat.agents.run_config import CallModelData as CallModelData
from switchroom.compat.agents.run_config import CallModelInputFilter as CallModelInputFilter
from switchroom.compat.agents.run_config import ModelInputData as ModelInputData
from switchroom.compat.agents.run_config import RunConfig as RunConfig
from switchroom.compat.agents.run_config import ToolExecutionConfig as ToolExecutionConfig
from switchroom.compat.agents.run_config import config_of
from switchroom.compat.agents.run_context import RunContextWrapper
from switchroom.compat.agents.running import CURRENT, Running
from switchroom.compat.agents.stream_events import AgentUpdatedStreamEvent
from switchroom.compat.agents.telling import Telling
from switchroom.compat.agents.tool_context import ToolContext
from switchroom.compat.agents.translate import translated
from switchroom.compat.agents.usage import Usage
from switchroom.context import CURRENT as SCOPE
from switchroom.context import settled
from switchroom.loops import run_in_new_loop
from switchroom.messages import Message

T = TypeVar("T")
Input: TypeAlias = str | list[TResponseInputItem]
Take: TypeAlias = Callable[
    [switchroom.Team, list[Message], switchroom.RunConfig], Coroutine[Any, Any, switchroom.RunResult[Any]]
]
"""Takes a run: of a team, on messages, with options."""


class Runner:
    """Runs agents.

    All three ways take the same arguments.

    Args:
        starting_agent: who begins. Each run begins with this agent, also with a session.
        input: text, or items of the Responses API, such as `result.to_input_list()`.
        context: anything that tools, instructions and guardrails are to get; no model sees it.
        max_turns: model answers in the run, those of runs inside it not counted; None: any number.
        run_config: options.
        session: where the history is kept.
        hooks, error_handlers, previous_response_id, auto_previous_response_id, conversation_id: have no counterpart.

    Raises:
        UserError: something in the call or in an agent has to be changed; it says what.
        AgentsException: the run failed; `run_data` says how far it had come.
        Exception: what a model, a guardrail, or a tool with `failure_error_function=None` raised, as itself.
    """

    @classmethod
    async def run(
        cls,
        starting_agent: Agent[Any],
        input: Input,
        *,
        context: Any = None,
        max_turns: int | None = DEFAULT_MAX_TURNS,
        hooks: Any = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        error_handlers: Any = None,
        previous_response_id: str | None = None,
        auto_previous_response_id: bool = False,
        conversation_id: str | None = None,
        session: Session | None = None,
    ) -> RunResult:
        """Run an agent to the end, and give the result."""
        refuse(
            "Runner.run",
            hooks=hooks,
            error_handlers=error_handlers,
            previous_response_id=previous_response_id,
            auto_previous_response_id=auto_previous_response_id,
            conversation_id=conversation_id,
        )
        run = _begun(starting_agent, input, context, max_turns, run_config)
        return RunResult(run, await _taken(run, checked(session), _plain))

    @classmethod
    def run_sync(cls, starting_agent: Agent[Any], input: Input, **options: Any) -> RunResult:
        """The same, waited for: in a script, in a notebook, in a tool's thread."""
        return _waited_for(cls.run(starting_agent, input, **options), starting_agent)

    @classmethod
    def run_streamed(
        cls,
        starting_agent: Agent[Any],
        input: Input,
        context: Any = None,
        max_turns: int | None = DEFAULT_MAX_TURNS,
        hooks: Any = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        previous_response_id: str | None = None,
        auto_previous_response_id: bool = False,
        conversation_id: str | None = None,
        session: Session | None = None,
        *,
        error_handlers: Any = None,
    ) -> RunResultStreaming:
        """Begin a run, and give its result to be: `async for event in result.stream_events()`.

        In a run that is inside another the events come when it is over: what is said meanwhile, the outer stream shows.
        """
        refuse(
            "Runner.run_streamed",
            hooks=hooks,
            error_handlers=error_handlers,
            previous_response_id=previous_response_id,
            auto_previous_response_id=auto_previous_response_id,
            conversation_id=conversation_id,
        )
        run = _begun(starting_agent, input, context, max_turns, run_config)
        kept = checked(session)
        return RunResultStreaming(run, lambda streaming: _taken(run, kept, _telling(run, streaming)))


async def run_as_tool(
    agent: Agent[Any], context: ToolContext[Any], given: str, *, run_config: Any, max_turns: int, session: Any
) -> RunResult:
    """Run an agent that is a tool of another: with its caller's context, and counting to its caller's usage."""
    run = _begun(agent, given, context.context, max_turns, run_config)
    run.wrapper.usage = context.usage
    return RunResult(run, await _taken(run, checked(session), _plain))


def _begun(agent: Any, input: Input, context: Any, max_turns: int | None, config: Any) -> Running:
    if not isinstance(agent, Agent):
        raise UserError(
            f"Runner.run({agent!r}): pass an Agent of switchroom.compat.agents, or use switchroom.Runner for others."
        )
    starting: Agent[Any] = agent  # pyright: ignore[reportUnknownVariableType]
    wrapper: RunContextWrapper[Any] = RunContextWrapper(context, Usage())
    return Running(starting, input, config_of(config), max_turns, wrapper, CURRENT.get())


async def _prepared(run: Running, session: Session | None) -> switchroom.Team:
    """Make a run ready: its agents, and what they are asked, with the session's history before what is new."""
    team = translated(run)
    new = ItemHelpers.input_to_new_input_list(run.input)
    if session is not None:
        wanted = run.config.session_settings or getattr(session, "session_settings", None)
        past = await session.get_items(wanted.limit) if wanted and wanted.limit is not None else await session.get_items()
        if run.config.session_input_callback is None:
            run.input = [*past, *new]
        else:
            run.input = list(await settled(run.config.session_input_callback(past, new)))
    run.messages = paired(messages_of(run.input))
    run.begins = len(run.messages)
    if session is not None:
        await session.add_items(new)
    return team


async def _taken(run: Running, session: Session | None, take: Take) -> switchroom.RunResult[Any]:
    """Take a run in one of the ways, and keep in the session what it came to, or how far it came."""
    run.keeper = keeper = Keeper(run, session)
    with _current(run):
        team = await _prepared(run, session)
        try:
            result = await take(team, list(run.messages), run.config.for_runner(run.wrapper.context))
        except asyncio.CancelledError:
            await keeper.end()
            raise
        except Exception as error:
            await keeper.end()
            known = failed(error, run)
            if known is error:
                raise
            raise known from error
    await keeper.keep(result.messages)
    return result


def _plain(team: switchroom.Team, messages: list[Message], config: switchroom.RunConfig) -> Coroutine[Any, Any, Any]:
    return switchroom.Runner.run(team, messages, config=config)


def _telling(run: Running, streaming: RunResultStreaming) -> Take:
    """The way of a streamed run: its events are told as they come; inside another run, when it is over."""

    async def take(team: switchroom.Team, messages: list[Message], config: switchroom.RunConfig) -> switchroom.RunResult[Any]:
        streaming.tell(AgentUpdatedStreamEvent(run.start))
        if SCOPE.get() is not None and not config.detached:
            result = await switchroom.Runner.run(team, messages, config=config)
            telling = Telling(run, result.path)
            for event in result.events:
                for told in telling.take(event):
                    streaming.tell(told)
            return result
        telling = Telling(run)
        async with switchroom.Runner.stream(team, messages, config=config) as events:
            async for event in events:
                for told in telling.take(event):
                    streaming.tell(told)
            return events.result

    return take


@contextmanager
def _current(run: Running) -> Generator[None]:
    token = CURRENT.set(run)
    try:
        yield
    finally:
        CURRENT.reset(token)


def _waited_for(running: Coroutine[Any, Any, T], agent: object) -> T:
    around = SCOPE.get()
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if around is None:
            return run_in_new_loop(running)
        return asyncio.run_coroutine_threadsafe(running, around.attempt.loop).result()
    if around is not None:
        running.close()
        name = getattr(agent, "name", agent)
        raise UserError(f"run_sync of '{name}' inside a run would stop its event loop. Write `await Runner.run(...)`.")
    return _in_thread(running)


def _in_thread(running: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own beside the one that is running here."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(asyncio.run(running))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(body,))
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


__getattr__ = missing_from(__name__)
