"""Asking a model: instructions rendered, the request made, the answer noted."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from switchroom.defaults import model_for
from switchroom.errors import MaxTurnsExceeded, ModelMisbehaved, UserError
from switchroom.events import AnswerRejected, HandoffExpired, ModelAnswered
from switchroom.messages import File, Image, Message, Text, ToolCall, not_unicode
from switchroom.model import ModelRequest, ModelResponse, nobody
from switchroom.perform.guards import withdraw
from switchroom.perform.run import AgentRun, Note
from switchroom.roster import Role
from switchroom.rules.commands import AskModel, GiveUp
from switchroom.rules.state import Due, State


async def ask_model(run: AgentRun, command: AskModel, note: Note) -> None:
    """Ask an agent's model for its next answer, and note it.

    Raises:
        MaxTurnsExceeded: the run had all its answers.
    """
    scope = run.scope
    config = scope.config
    _refuse_too_many(run)
    state = run.state
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
    emit = nobody if role.hold else scope.speaker(agent.name, state.answers + 1)
    scope.attempt.asking += 1
    try:
        if state.due is None:
            response = await model(request, emit)
        else:
            response = await _in_time(state.due, scope.attempt.clock(), model(request, emit))
    finally:
        scope.attempt.asking -= 1
    if response is _LATE:
        return await withdraw(run, agent.name, "the handoff's deadline passed", note, _expired(state))
    message = _attributed(response, agent.name, state)
    if not_unicode(message):
        message = Message("assistant", "", agent=agent.name)
        told = AnswerRejected(agent.name, "it is no valid Unicode text")
        return await withdraw(run, agent.name, told.reason, note, ModelAnswered(agent.name, message, response.usage), told)
    await note(ModelAnswered(agent.name, message, response.usage, _digest(role, instructions, state)))
    if message.calls:
        scope.said = None  # it was said, whatever comes of the calls


def _refuse_too_many(run: AgentRun) -> None:
    """Refuse an answer beyond `max_turns`; those that are being given count."""
    attempt = run.scope.attempt
    most = attempt.config.max_turns
    if attempt.root.answers + attempt.asking >= most:
        raise MaxTurnsExceeded(
            f"The run of '{attempt.root.name}' had {attempt.root.answers} model answers and is not finished. "
            f"Raise RunConfig(max_turns={most}), or find out what goes round in result.facts."
        )


def _expired(state: State) -> HandoffExpired:
    assert state.due is not None, "only an answer with a deadline can be late"
    return HandoffExpired(state.due.asker, state.due.target)


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


def _attributed(response: Any, agent: str, state: State) -> Message:
    """The answer as an assistant's message of the agent, each of its calls with an id of its own.

    Raises:
        UserError: the model returned something else than a response.
    """
    message = response.message if isinstance(response, ModelResponse) else None
    if not isinstance(message, Message) or not _well_formed(message):
        raise UserError(
            f"The model of agent '{agent}' returned {response!r}; "
            "a model returns ModelResponse(Message('assistant', ...), usage)."
        )
    calls = message.calls
    if calls:
        ids = {call.id for call in calls}
        if len(ids) < len(calls) or "" in ids:
            made = f"call_{len(state.history)}"
            calls = tuple([ToolCall(call.name, call.args, f"{made}_{i}") for i, call in enumerate(calls)])
    return replace(message, role="assistant", agent=agent, calls=calls)


def _well_formed(message: Message) -> bool:
    content = message.content
    if not isinstance(content, str):
        if not isinstance(content, tuple) or not all(isinstance(part, Text | Image | File) for part in content):  # pyright: ignore[reportUnnecessaryIsInstance]
            return False
    return all(isinstance(call, ToolCall) for call in message.calls)  # pyright: ignore[reportUnnecessaryIsInstance]


def _digest(role: Role, instructions: str, state: State) -> str:
    """A digest of what is new in the request: what was new before is covered by the digests before."""
    history = state.history
    length = start = len(history)
    while start > 0 and (start == length or history[start - 1].role != "assistant"):
        start -= 1
    new = _encode((role.described, instructions, length, history[start:]))
    return blake2b(new, digest_size=16).hexdigest()


_encode = msgspec.json.Encoder().encode


async def give_up(run: AgentRun, command: GiveUp, note: Note) -> None:
    """Stop a run whose model repeats its faults.

    Raises:
        ModelMisbehaved: always; it says what the model was told last.
    """
    told = next((message.text for message in reversed(list(run.state.history)) if message.role != "assistant"), "")
    raise ModelMisbehaved(
        f"The model of agent '{command.agent}' got something wrong {run.state.faults} times in a row. "
        f"Last it was told: {told[:500]}"
    )
