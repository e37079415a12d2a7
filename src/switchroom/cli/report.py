"""A turn as one JSON object: what was answered, by whom, and what was done on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from switchroom.cli.faults import told
from switchroom.events import (
    CallsJudged,
    HandoffCommitted,
    HandoffReturned,
    ModelAnswered,
    NodeHandedOver,
    RunEvent,
    StepReturned,
    ToolFailed,
    ToolReturned,
    TurnAnswered,
    TurnCut,
)
from switchroom.messages import ToolCall
from switchroom.result import RunResult
from switchroom.schema import as_text


def report(result: RunResult[Any], error: Exception | None = None) -> dict[str, Any]:
    """A turn's result as plain data.

    Args:
        result: of the turn, or of as much of it as there was.
        error: what ended the run, if something did.
    """
    returned = [event.fact for event in result.events if event.path == result.path and isinstance(event.fact, StepReturned)]
    usage = result.usage
    found: dict[str, Any] = {
        "conversation": result.conversation,
        "turn": result.turn,
        "text": as_text(returned[-1].output, "The answer") if returned else "",
        "answered_by": answered_by(result) if returned else "",
        "tools": tools(result.events),
        "handoffs": handoffs(result.events),
        "waiting": [
            {"id": asked.id, "agent": asked.agent, "tool": asked.tool, "args": asked.args, "question": asked.question}
            for asked in result.waiting
        ],
        "usage": {
            "requests": usage.requests,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
        },
        "answers": len(returned),
    }
    if error is not None:
        found["error"] = {"type": type(error).__name__, "message": told(error)}
    return found


def answered_by(result: RunResult[Any]) -> str:
    """Who gave the answer: of a session the last who was heard, else the agent who had the conversation."""
    for event in reversed(result.events):
        match event.fact:
            case TurnAnswered(by=by) if event.path == result.path:
                return by
            case TurnCut(parts=parts) if event.path == result.path:
                return parts[-1].speaker if parts else ""
            case _:
                pass
    return result.last_agent.name if result.last_agent else ""


def tools(events: Sequence[RunEvent]) -> list[dict[str, Any]]:
    """The calls that came to an end, in the order in which they were first made; of one tried again, its last end."""
    answers: dict[str, int] = {}
    calls: dict[str, list[ToolCall]] = {}
    ended: dict[tuple[str, int, int], dict[str, Any]] = {}
    for event in events:
        match event.fact:
            case ModelAnswered() as fact:
                answers[event.path] = answers.get(event.path, 0) + 1
                calls[event.path] = list(fact.message.calls)
            case CallsJudged() as fact:
                for index, verdict in enumerate(fact.verdicts):
                    if verdict.args is not None:
                        calls[event.path][index] = ToolCall(calls[event.path][index].name, verdict.args)
            case ToolReturned() | ToolFailed() as fact:
                text = fact.text if isinstance(fact, ToolReturned) else f"[failed: {fact.error}: {fact.message}]"
                args = calls[event.path][fact.index].args
                key = (event.path, answers[event.path], fact.index)
                ended[key] = {"agent": fact.agent, "tool": fact.tool, "args": args, "result": text}
            case _:
                pass
    return list(ended.values())


def handoffs(events: Sequence[RunEvent]) -> list[dict[str, Any]]:
    """Who had the conversation after whom, why, and what was carried; what was given back counts too."""
    found: list[dict[str, Any]] = []
    for event in events:
        match event.fact:
            case HandoffCommitted(source=source, target=target, reason=reason, brief=brief):
                found.append({"source": source, "target": target, "reason": reason, "brief": brief})
            case HandoffReturned(source=source, target=target, text=text, outcome=outcome):
                found.append({"source": source, "target": target, "reason": text, "brief": outcome})
            case NodeHandedOver(source=source, target=target, reason=reason, context=context):
                found.append({"source": source, "target": target, "reason": reason, "brief": context})
            case _:
                pass
    return found


def line(found: dict[str, Any]) -> str:
    """A report as one line of JSON."""
    return msgspec.json.encode(found).decode()
