"""What of a fact has to be the same when a record is played: by name, so that what differs can be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from switchroom.digest import digest
from switchroom.events import (
    AnswerCut,
    AnsweredInPart,
    AnswerFact,
    AnswerRejected,
    AnswerWithdrawn,
    AnyFact,
    AttemptHeld,
    AttemptReleased,
    CallsJudged,
    Fact,
    GuardTripped,
    HandoffCommitted,
    HandoffDeclined,
    HandoffProposed,
    HandoffReturned,
    HistorySummarised,
    InputJudged,
    ModelAnswered,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    TurnStarted,
    ValueDrawn,
)
from switchroom.messages import Message, ToolCall
from switchroom.testing.lines import called, judged

Told = dict[str, Any]

OPTIONAL = (TurnStarted, AttemptHeld, AttemptReleased, ToolReturnedLate, AnswerWithdrawn, AnsweredInPart)
"""Facts that depend on who started the run, who listened and how long threads took, or follow from others."""


def matters(fact: Fact, strict: bool) -> bool:
    """Whether a fact has to be there again."""
    return not isinstance(fact, OPTIONAL) and (strict or not isinstance(fact, InputJudged))


def told(fact: Fact, strict: bool, calls: Sequence[ToolCall] = ()) -> Told:
    """What has to be the same of a fact.

    Args:
        fact: as recorded, or as noted now.
        strict: False leaves out how things are put: what models are asked, the words of briefs and reasons.
        calls: the calls that were judged, of a fact that judges calls.
    """
    full: Told
    match cast("AnyFact", fact):
        case StepStarted() as begun:
            full = {"name": begun.name, "agent": begun.agent, "input": said(begun.messages) if begun.messages else begun.input}
            loose = ("name", "agent")
        case StepReturned() as returned:
            # Records of older versions hold the last part alone; the parts before are compared as answers.
            full, loose = {"output": returned.last or returned.output}, ("output",)
        case (StepFailed() | ToolFailed()) as failed:
            full, loose = {"error": failed.error, "message": failed.message}, ("error",)
        case ValueDrawn() as drawn:
            full, loose = {"source": drawn.source}, ("source",)
        case CallsJudged() as verdicts:
            full = _verdicts(calls, verdicts)
            if not strict:
                full = {call: verdict.partition(":")[0] for call, verdict in full.items()}
            loose = tuple(full)
        case (HandoffProposed() | HandoffCommitted() | HandoffDeclined() | HandoffReturned()) as handoff:
            full, loose = _handoff(handoff), ("source", "target", "brief", "outcome", "returns")
        case ToolReturned() as result:
            full, loose = {"tool": result.tool, "text": result.text, "failed": result.failed}, ("tool", "text", "failed")
        case (
            InputJudged() | ModelAnswered() | HistorySummarised() | AnswerRejected() | AnswerWithdrawn() | GuardTripped()
        ) as answer:
            full, loose = _answer(answer), ("agent", "guardrail", "answer")
        case AnswerCut() as cut:
            full, loose = {"agent": cut.agent, "message": said((cut.message,))}, ("agent", "message")
        case other:
            full = {name: getattr(other, name) for name in other.__struct_fields__}
            loose = tuple(full)
    return full if strict else {name: value for name, value in full.items() if name in loose}


def said(messages: Sequence[Message]) -> str:
    """Messages as text, a paragraph each."""
    return "\n".join(f"{message.agent or message.role}: {_content(message)}" for message in messages)


def _content(message: Message) -> str:
    said = [message.text] if message.text else []
    if message.calls:
        said.append("calls " + ", ".join(map(called, message.calls)))
    if not isinstance(message.content, str):
        kinds = ", ".join(type(part).__name__.lower() for part in message.content)
        said.append(f"[{kinds}: {digest(message.content)}]")
    return " ".join(said)


def _verdicts(calls: Sequence[ToolCall], fact: CallsJudged) -> Told:
    told: Told = {}
    for place, (call, verdict) in enumerate(zip(calls, fact.verdicts, strict=False), start=1):
        name = called(call)
        told[f"{name} (call {place})" if name in told else name] = judged(call, verdict)
    return told


def _handoff(fact: HandoffProposed | HandoffCommitted | HandoffDeclined | HandoffReturned) -> Told:
    who: Told = {"source": fact.source, "target": fact.target}
    match fact:
        case HandoffProposed():
            return who | {"reason": fact.reason, "brief": fact.brief}
        case HandoffDeclined():
            return who | {"reason": fact.reason}
        case HandoffReturned():
            return who | {"outcome": fact.outcome, "text": fact.text}
        case HandoffCommitted():
            window = "all" if fact.messages is None else said(fact.messages)
            terms: Told = {"returns": fact.returns, "has a deadline": fact.due is not None}
            return who | {"reason": fact.reason, "brief": fact.brief, "text": fact.text, "messages kept": window} | terms


def _answer(fact: AnswerFact) -> Told:
    match fact:
        case ModelAnswered():
            return {"agent": fact.agent, "answer": said((fact.message,))}
        case InputJudged():
            return {"agent": fact.agent, "input": "as it was given" if fact.messages is None else said(fact.messages)}
        case HistorySummarised():
            return {"agent": fact.agent, "upto": fact.upto, "text": fact.text}
        case GuardTripped():
            return {"agent": fact.agent, "guardrail": fact.guardrail, "reason": fact.reason}
        case _:
            return {"agent": fact.agent, "reason": getattr(fact, "reason", "")}
