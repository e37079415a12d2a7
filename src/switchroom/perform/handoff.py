"""Handoffs as transactions: proposed, judged by the target, and committed with the brief in one write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from switchroom._handoff import Decline
from switchroom.errors import UserError
from switchroom.events import CircleBroken, HandoffCommitted, HandoffDeclined, HandoffProposed, HandoffReturned
from switchroom.messages import Message, ToolCall
from switchroom.perform.history import windowed
from switchroom.perform.run import AgentRun, Note
from switchroom.rules.commands import BreakCircle, HandBack, HandOver
from switchroom.rules.state import State, learned, result_of
from switchroom.schema import as_model


async def hand_over(run: AgentRun, command: HandOver, note: Note) -> None:
    """Put the conversation through, if the target accepts. The outcome is one write, done or not begun."""
    state = run.scope.fold
    index = command.index
    call = state.calls[index].call
    source = state.asker
    # By the target, for an older version may have given the tool another name.
    transfer = run.roster.transfer(source, state.calls[index].target)
    terms = transfer.terms
    target = terms.target_name
    reason, brief = transfer.read(_args(call))
    proposed = HandoffProposed(index, source, target, reason, brief)
    if terms.accepts is not None:
        typed = brief if terms.requires is None else as_model(terms.requires, brief)
        accepts: Any = terms.accepts
        verdict: Decline | None = await run.ask(f"accepts#{state.answers}", target, lambda context: accepts(context, typed))
        match verdict:
            case None:
                pass
            case Decline():
                return await note(proposed, HandoffDeclined(index, source, target, verdict.reason))
            case _:
                raise UserError(
                    f"accepts of the handoff '{source}' to '{target}' returned {verdict!r}; it returns None or Decline(reason)."
                )
    known = learned(state)
    messages = None
    if terms.filter is not None:
        kept = await windowed(run, source, terms.filter, _view(state, index))
        messages = _filtered(kept, source, target)
    committed = HandoffCommitted(
        index,
        source,
        target,
        _brief(source, reason, brief, known if messages is not None else ()),
        reason,
        brief,
        known,
        terms.returns is not None,
        None if terms.deadline is None else run.scope.attempt.clock() + terms.deadline,
        messages,
    )
    return await note(proposed, committed)


async def hand_back(run: AgentRun, command: HandBack, note: Note) -> None:
    """Give the conversation back to who asked, with the outcome that it was promised."""
    state = run.scope.fold
    call = state.calls[command.index].call
    frame = state.frames[-1]
    reason, outcome = run.roster.way_back(frame.asker, frame.target).read(_args(call))
    text = f"{state.asker} gives the conversation back."
    if outcome:
        text += f" Outcome: {_json(outcome)}"
    if reason:
        text += f" Reason: {reason}"
    await note(HandoffReturned(command.index, state.asker, frame.asker, text, outcome))


async def break_circle(run: AgentRun, command: BreakCircle, note: Note) -> None:
    """Refuse a handoff that goes round; the team's fallback answers, or the asker itself."""
    state = run.scope.fold
    fallback = run.roster.fallback if run.roster.fallback != state.agent else ""
    await note(CircleBroken(command.index, state.asker, state.calls[command.index].target, fallback))


def _args(call: ToolCall) -> dict[str, object]:
    assert isinstance(call.args, dict), "a call that was judged has valid arguments"
    return call.args


def _brief(source: str, reason: str, brief: dict[str, object], known: Sequence[str]) -> str:
    """The handoff as the target reads it. What tools told stands in the history, unless a filter took it away."""
    lines = [f"{source} puts the conversation through to you."]
    if reason:
        lines.append(f"Reason: {reason}")
    if brief:
        lines.append(f"Brief: {_json(brief)}")
    if known:
        lines.append("Learned so far: " + "; ".join(known))
    return "\n".join(lines)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _view(state: State, index: int) -> Sequence[Message]:
    """All that was said so far, with the results of the other calls of this answer and without the handoff's own call."""
    last = state.history[-1]
    others = [call for i, call in enumerate(state.calls) if i != index]
    answer = replace(last, calls=tuple(call.call for call in others))
    said = [answer] if answer.calls or answer.text else []
    return state.history.without_last(1).plus(*said, *(result_of(call, call.text or "") for call in others))


def _filtered(messages: Sequence[Message], source: str, target: str) -> tuple[Message, ...]:
    kept = tuple(messages)
    for message in kept:
        if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"filter of the handoff '{source}' to '{target}' gave {message!r}; it gives messages.")
    return kept
