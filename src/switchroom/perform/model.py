"""Asking a model: instructions rendered, the request made, the answer noted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from switchroom.agent import Agent
from switchroom.defaults import model_for
from switchroom.digest import digest
from switchroom.errors import MaxTurnsExceeded, ModelMisbehaved, UserError
from switchroom.events import AnswerRejected, HandoffExpired, ModelAnswered, RouteDecided
from switchroom.messages import Message, ToolCall
from switchroom.model import ModelRequest, ModelResponse, Settings, ToolSpec, nobody
from switchroom.perform.guards import returned_at_once, withdraw
from switchroom.perform.history import seen
from switchroom.perform.run import AgentRun, Note
from switchroom.perform.spending import within_budget
from switchroom.roster import Role
from switchroom.rules.commands import AskModel, GiveUp
from switchroom.rules.state import State
from switchroom.schema import as_text
from switchroom.scope import Scope


async def ask_model(run: AgentRun, command: AskModel, note: Note) -> None:
    """Ask an agent's model for its next answer, and note it.

    Raises:
        MaxTurnsExceeded: the agent loop had all its answers.
    """
    scope = run.scope
    config = scope.config
    attempt = scope.attempt
    state = scope.fold
    if state.asked >= attempt.config.max_turns:
        raise _too_many(scope)
    role = run.roster[command.agent]
    agent = role.agent
    model = agent.model if agent.model is not None and not isinstance(agent.model, str) else model_for(agent, config.model)
    policy = agent.history or config.history
    specs, disabled = role.specs, ()
    scope.said = None
    emit = scope.speaker(agent.name, state.answers + 1) if attempt.streamed and not role.hold else nobody
    due = state.due
    patience = _ENDLESS if due is None else asyncio.timeout(due.at - attempt.clock())
    try:
        async with patience:
            instructions = agent.instructions
            if not isinstance(instructions, str):
                instructions = await _rendered(run, agent, instructions)
            if role.switches:
                disabled = await run.find_disabled(role)
                specs = tuple(spec for spec in specs if spec.name not in disabled)
            # What was new before is covered by the digests before.
            also = (disabled,) if disabled else ()
            asked = digest((role.described, instructions, state.history.since(state.heard), *also))
            messages = state.history if policy is None else await seen(run, agent.name, policy, note)
            tools = _with_way_back(run, specs) if state.frames else specs
            settings = agent.settings
            if settings.tool_choice is not None:
                has_called = state.asker == agent.name and messages[-1].role == "tool"
                settings = _settings(settings, has_called, tools, {*role.disabled, *disabled})
            left = None if scope.due is None else scope.remaining
            request = ModelRequest(agent.name, instructions, messages, tools, role.output.schema, settings, left)
            if scope.ledger is None:
                response = await model(request, emit)
            else:
                response = await within_budget(run, scope.ledger, model, (request, emit), note)
    except TimeoutError:
        if due is None or not cast("asyncio.Timeout", patience).expired():
            raise
        return await withdraw(run, agent.name, _LATE, note, HandoffExpired(due.asker, due.target))
    if due is not None and attempt.clock() > due.at:  # a model that never waits is not stopped by a timeout
        return await withdraw(run, agent.name, _LATE, note, HandoffExpired(due.asker, due.target))
    message = _attributed(response, agent.name, state)
    if message is None:
        empty = ModelAnswered(agent.name, Message("assistant", "", agent=agent.name), response.usage, "", response.model)
        rejected = AnswerRejected(agent.name, "it is no valid Unicode text")
        return await withdraw(run, agent.name, rejected.reason, note, empty, rejected)
    held = role.hold and bool(message.calls)  # nobody judges the text, so nobody hears it
    answered = ModelAnswered(agent.name, message, response.usage, asked, response.model, held, disabled, response.finish_reason)
    await _record(run, role, answered, response.decided, note)
    if message.calls:
        scope.said = None  # it was said, whatever comes of the calls


def _record(run: AgentRun, role: Role, answered: ModelAnswered, decided: RouteDecided | None, note: Note) -> Awaitable[None]:
    """Record an answer, with the decision of a router before it, and with the end of the run if nothing comes between."""
    returned = None if answered.message.calls else returned_at_once(run, role, answered.message)
    if decided is None:
        return note(answered) if returned is None else note(answered, returned)
    return note(decided, answered) if returned is None else note(decided, answered, returned)


def _settings(settings: Settings, has_called: bool, tools: tuple[ToolSpec, ...], disabled: set[str]) -> Settings:
    """Return settings without a choice of tools that a model could follow no more, or only for ever."""
    choice = settings.tool_choice
    is_gone = choice in disabled or (choice == "required" and bool(disabled) and not tools)
    return replace(settings, tool_choice=None) if has_called or is_gone else settings


def _with_way_back(run: AgentRun, specs: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    """An agent's tools, and the one that gives the conversation back to who asked for an outcome."""
    frame = run.scope.fold.frames[-1]
    return (*specs, run.roster.way_back(frame.asker, frame.target).spec)


def _too_many(scope: Scope) -> MaxTurnsExceeded:
    state = scope.fold
    return MaxTurnsExceeded(
        f"The agent loop at {scope.path} had {state.asked} model answers and is not finished; agent '{state.agent}' is next. "
        f"Allow more than RunConfig(max_turns={scope.attempt.config.max_turns}), or find the repetition in error.run.facts."
    )


_LATE = "the handoff's deadline passed"
_ENDLESS = contextlib.nullcontext()


async def _rendered(run: AgentRun, agent: Agent[Any], instructions: Any) -> str:
    """What a function of instructions gives.

    Raises:
        UserError: it is no text.
    """
    given = await run.ask(f"instructions#{run.scope.fold.answers}", agent.name, instructions)
    if not isinstance(given, str):
        raise UserError(f"The instructions of agent '{agent.name}' gave {given!r}; they give text.")
    return as_text(given, f"The instructions of agent '{agent.name}'")


def _attributed(response: Any, agent: str, state: State) -> Message | None:
    """The answer as an assistant's message of the agent, each of its calls with an id of its own; None if no encoding holds it.

    Raises:
        UserError: the model returned something else than a response.
    """
    message = response.message if isinstance(response, ModelResponse) else None
    if not isinstance(message, Message):
        raise _no_response(response, agent)
    content = message.content
    calls = message.calls
    if type(content) is not str or calls or not content.isascii():
        try:
            _decode(_encode(message))
        except UnicodeEncodeError:
            return None
        except (msgspec.MsgspecError, TypeError, RecursionError) as error:
            calls = _with_text(calls)
            if not calls:
                raise _no_response(response, agent) from error
    if not calls:
        return replace(message, role="assistant", agent=agent)
    ids = set(map(attrgetter("id"), calls))
    if len(ids) < len(calls) or "" in ids:
        named: list[ToolCall] = []
        for index, call in enumerate(calls):
            named.append(ToolCall(call.name, call.args, f"call_{state.history.length}_{index}", call.extra))
        calls = tuple(named)
    return replace(message, role="assistant", agent=agent, calls=calls)


def _with_text(calls: Any) -> tuple[ToolCall, ...]:
    """Calls whose arguments are no objects, with the arguments as text, for the model to be told; () if they are no calls."""
    if not all(isinstance(call, ToolCall) for call in calls):
        return ()
    return tuple(replace(call, args=_plain_args(call.args)) for call in calls)


def _plain_args(args: Any) -> dict[str, Any] | str:
    try:
        return msgspec.json.decode(_encode(args), type=dict[str, Any] | str)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return f"{type(args).__name__} that is no JSON object"


def _no_response(response: Any, agent: str) -> UserError:
    return UserError(
        f"The model of agent '{agent}' returned {response!r}; a model returns ModelResponse(Message('assistant', ...), usage)."
    )


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Message).decode


async def give_up(run: AgentRun, command: GiveUp, note: Note) -> None:
    """Stop a run whose model repeats its faults.

    Raises:
        ModelMisbehaved: always; it says what the model was told last.
    """
    state = run.scope.fold
    told = next((message.text for message in reversed(state.history) if message.role != "assistant"), "")
    raise ModelMisbehaved(
        f"The model of agent '{command.agent}' got something wrong {max(state.faults, state.retries)} times in a row. "
        f"Last it was told: {told[:500]}"
    )
