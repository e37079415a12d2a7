"""Asking a model: instructions rendered, the request made, the answer noted."""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from switchroom.attempt import Attempt
from switchroom.defaults import model_for
from switchroom.digest import digest
from switchroom.errors import MaxTurnsExceeded, ModelMisbehaved, UserError
from switchroom.events import AnswerRejected, HandoffExpired, ModelAnswered
from switchroom.messages import Message, ToolCall
from switchroom.model import ModelRequest, ModelResponse, nobody
from switchroom.perform.guards import withdraw
from switchroom.perform.run import AgentRun, Note
from switchroom.rules.commands import AskModel, GiveUp
from switchroom.rules.state import Due, State


async def ask_model(run: AgentRun, command: AskModel, note: Note) -> None:
    """Ask an agent's model for its next answer, and note it.

    Raises:
        MaxTurnsExceeded: the run had all its answers.
    """
    scope = run.scope
    config = scope.config
    attempt = scope.attempt
    if attempt.root.answers + attempt.asking >= attempt.config.max_turns:  # those that are being given count
        raise _too_many(attempt)
    state = scope.fold
    role = run.roster[command.agent]
    agent = role.agent
    instructions = agent.instructions
    if not isinstance(instructions, str):
        instructions = await run.ask(f"instructions#{state.answers}", agent.name, instructions)
    model = agent.model if agent.model is not None and not isinstance(agent.model, str) else model_for(agent, config.model)
    messages = state.history if config.history is None else config.history(state.history)
    tools = role.specs
    if state.frames:
        frame = state.frames[-1]
        tools = (*tools, run.roster.way_back(frame.asker, frame.target).spec)
    request = ModelRequest(agent.name, instructions, messages, tools, role.output.schema, agent.settings)
    scope.said = None
    emit = scope.speaker(agent.name, state.answers + 1) if attempt.listened and not role.hold else nobody
    attempt.asking += 1
    try:
        if state.due is None:
            response = await model(request, emit)
        else:
            response = await _in_time(state.due, attempt.clock(), model(request, emit))
    finally:
        attempt.asking -= 1
    if response is _LATE:
        assert state.due is not None, "only an answer with a deadline can be late"
        expired = HandoffExpired(state.due.asker, state.due.target)
        return await withdraw(run, agent.name, "the handoff's deadline passed", note, expired)
    message = _attributed(response, agent.name, state)
    if message is None:
        empty = ModelAnswered(agent.name, Message("assistant", "", agent=agent.name), response.usage)
        rejected = AnswerRejected(agent.name, "it is no valid Unicode text")
        return await withdraw(run, agent.name, rejected.reason, note, empty, rejected)
    # What was new before is covered by the digests before.
    asked = digest((role.described, instructions, state.history[state.heard :]))
    await note(ModelAnswered(agent.name, message, response.usage, asked))
    if message.calls:
        scope.said = None  # it was said, whatever comes of the calls


def _too_many(attempt: Attempt) -> MaxTurnsExceeded:
    return MaxTurnsExceeded(
        f"The run of '{attempt.root.name}' had {attempt.root.answers} model answers and is not finished. "
        f"Raise RunConfig(max_turns={attempt.config.max_turns}), or find out what goes round in result.facts."
    )


_LATE = ModelResponse(Message("assistant"))


async def _in_time(due: Due, now: float, answer: Any) -> ModelResponse:
    """The answer, or `_LATE` when the handoff's deadline passed before it came."""
    timeout = asyncio.timeout(max(due.at - now, 0))
    try:
        async with timeout:
            return await answer
    except TimeoutError:
        if not timeout.expired():
            raise
        return _LATE


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
        except (msgspec.MsgspecError, TypeError) as error:
            calls = _with_text(calls)
            if not calls:
                raise _no_response(response, agent) from error
    if not calls:
        return replace(message, role="assistant", agent=agent)
    ids = set(map(attrgetter("id"), calls))
    if len(ids) < len(calls) or "" in ids:
        named: list[ToolCall] = []
        for index, call in enumerate(calls):
            named.append(ToolCall(call.name, call.args, f"call_{state.history.length}_{index}"))
        calls = tuple(named)
    return replace(message, role="assistant", agent=agent, calls=calls)


def _with_text(calls: Any) -> tuple[ToolCall, ...]:
    """Calls whose arguments are no objects, with the arguments as text, for the model to be told; () if they are no calls."""
    if not all(isinstance(call, ToolCall) for call in calls):
        return ()
    return tuple(call if isinstance(call.args, dict) else replace(call, args=repr(call.args)) for call in calls)


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
    told = next((message.text for message in reversed(list(run.scope.fold.history)) if message.role != "assistant"), "")
    raise ModelMisbehaved(
        f"The model of agent '{command.agent}' got something wrong {run.scope.fold.faults} times in a row. "
        f"Last it was told: {told[:500]}"
    )
