"""Each event as one line that a person can read: `triage -> billing (charged twice)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never, cast

import msgspec

from switchroom.events import (
    AnswerCut,
    AnsweredInPart,
    AnsweredWhileWaiting,
    AnswerFact,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    AnyFact,
    AttemptHeld,
    AttemptReleased,
    BudgetDegraded,
    CallFact,
    CallsJudged,
    CircleBroken,
    DecisionFact,
    EffectCleared,
    GuardTripped,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffFact,
    HandoffProposed,
    HandoffReturned,
    HistorySummarised,
    InputJudged,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    QuorumReached,
    RouteDecided,
    RunEvent,
    RunInterrupted,
    StateChanged,
    StepFact,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
    TurnFact,
    TurnStarted,
    ValueDrawn,
    Verdict,
)
from switchroom.messages import Message, ToolCall
from switchroom.testing.quoting import FLAT as FLAT
from switchroom.testing.quoting import data as data
from switchroom.testing.quoting import quoted as quoted
from switchroom.testing.quoting import short
from switchroom.testing.sessions import session_line


def line(event: RunEvent, calls: Sequence[ToolCall] = ()) -> str:
    """What happened, in one line.

    Args:
        event: a fact and where it happened.
        calls: the calls of the answer that it is about, where it is about a call.
    """
    return _line(cast("AnyFact", event.fact), event.path, calls).translate(FLAT)


def _line(fact: AnyFact, path: str, calls: Sequence[ToolCall]) -> str:
    match fact:
        case TurnStarted() | AttemptHeld() | AttemptReleased() | AnsweredWhileWaiting() | StateChanged():
            return _turn(fact)
        case StepStarted() | StepReturned() | StepFailed() | ValueDrawn():
            return _step(fact, path.rpartition("/")[2].partition("#")[0] or "the run")
        case RouteDecided() | QuorumReached() | BudgetDegraded() | AnsweredInPart():
            return _decision(fact)
        case HandoffProposed() | HandoffDeclined() | HandoffCommitted() | HandoffReturned() | HandoffExpired() | CircleBroken():
            return _handoff(fact)
        case (
            CallsJudged()
            | ToolStarted()
            | ToolReturned()
            | ToolReturnedLate()
            | ToolFailed()
            | ToolSuspended()
            | EffectCleared()
            | PersonAsked()
            | PersonAnswered()
        ):
            return _call(fact, calls)
        case (
            InputJudged()
            | ModelAnswered()
            | HistorySummarised()
            | AnswerRejected()
            | AnswerReplaced()
            | AnswerWithdrawn()
            | AnswerCut()
            | RunInterrupted()
            | GuardTripped()
        ):
            return _answer(fact)
        case _:
            return session_line(fact)


def called(call: ToolCall) -> str:
    """A call as code would write it: `refund(order='7')`."""
    if isinstance(call.args, str):
        return f"{call.name}({quoted(call.args)})"
    return f"{call.name}({', '.join(f'{name}={_argument(value)}' for name, value in call.args.items())})"


def _result(text: str) -> str:
    """What a call gave, as the model reads it: JSON of an object or a list as it is, anything else in quotes."""
    if text[:1] in ("{", "["):
        try:
            msgspec.json.decode(text)
            return short(text)
        except msgspec.DecodeError:
            pass
    return quoted(text)


def _argument(value: Any) -> str:
    return short(repr(value))


def spoken(messages: Sequence[Message]) -> str:
    """Who says what, of an input: the last message, and how many there were before it."""
    if not messages:
        return "nothing"
    *before, last = messages
    who = "person" if last.role == "user" else last.role
    more = f" (after {len(before)} more)" if before else ""
    return f"{who}: {quoted(last.text)}{more}"


def judged(call: ToolCall, verdict: Verdict) -> str:
    """How a call was judged, after its name."""
    match verdict.kind:
        case "refused":
            return f"refused: {verdict.reason}"
        case "handoff" | "return":
            return f"{verdict.kind} to {verdict.target}"
        case "tool" | "step":
            with_args = "" if verdict.args is None else f" as {called(ToolCall(call.name, verdict.args))}"
            return ("needs a person's approval" if verdict.approval else "may be called") + with_args


def _turn(fact: TurnFact) -> str:
    match fact:
        case TurnStarted(attempt=1):
            return spoken(fact.messages) if fact.messages else f"{fact.name} is given {data(fact.input)}"
        case TurnStarted():
            return f"attempt {fact.attempt} at turn {fact.turn}"
        case AttemptHeld():
            return f"the attempt is over but for {', '.join(fact.tools)}"
        case AttemptReleased():
            return "the attempt ends"
        case AnsweredWhileWaiting():
            return f"{spoken((fact.message,))}, answered at once: {quoted(fact.text)}"
        case StateChanged():
            changed = ", ".join(f"{name}={_argument(value)}" for name, value in fact.changes.items())
            return f"state: {changed or 'unchanged'}"
        case _:
            assert_never(fact)


def _step(fact: StepFact, name: str) -> str:
    match fact:
        case StepStarted():
            who = f"{name} ({fact.agent})" if fact.agent not in ("", name) else name
            return f"{who} begins, {spoken(fact.messages)}" if fact.messages else f"{who} begins with {data(fact.input)}"
        case StepReturned():
            return f"{name} returns {data(fact.output)}"
        case StepFailed():
            return f"{name} fails with {fact.error}: {fact.message}"
        case ValueDrawn():
            return f"{name} draws {fact.source}: {fact.value}"
        case _:
            assert_never(fact)


def _decision(fact: DecisionFact) -> str:
    match fact:
        case RouteDecided():
            sure = "" if fact.confidence is None else f" ({fact.confidence:.2f})"
            taken = "no route" if fact.route is None else f"route {quoted(fact.route)}"
            return f"{taken}{sure} -> {fact.to}" + (f": {fact.reason}" if fact.reason else "")
        case QuorumReached():
            return f"{', '.join(fact.won)} won" + (f", {', '.join(fact.lost)} stopped" if fact.lost else "")
        case AnsweredInPart():
            return f"answers without {', '.join(fact.missing)}"
        case BudgetDegraded():
            step = fact.step.replace("_", " ")
            return f"{step}, for {fact.share:.0%} of the {fact.resource} are spent" if fact.applied else f"no {step} yet"
        case _:
            assert_never(fact)


def _answer(fact: AnswerFact) -> str:
    match fact:
        case ModelAnswered():
            calls = ", ".join(map(called, fact.message.calls))
            if not calls:
                return f"{fact.agent}: {quoted(fact.message.text)}"
            return (
                f"{fact.agent}: {quoted(fact.message.text)}, calls {calls}"
                if fact.message.text
                else f"{fact.agent} calls {calls}"
            )
        case InputJudged():
            if fact.messages is None:
                return f"{fact.agent}'s guardrails pass the input"
            return f"{fact.agent}'s guardrails replace the input by {spoken(fact.messages)}"
        case HistorySummarised():
            return f"{fact.agent}'s first {fact.upto} messages are summarised: {quoted(fact.text)}"
        case AnswerRejected():
            return f"{fact.agent}'s answer is rejected: {fact.reason}"
        case AnswerReplaced():
            return f"{fact.agent}'s answer is replaced by {quoted(fact.text)}"
        case AnswerWithdrawn():
            return f"{fact.agent}'s answer is withdrawn: {fact.reason}"
        case AnswerCut():
            return f"{spoken((fact.message,))}, interrupting {fact.agent} after {quoted(fact.heard)}"
        case RunInterrupted():
            return f"another message interrupts {fact.agent} after {quoted(fact.heard)}"
        case GuardTripped():
            return f"guardrail {fact.guardrail} of {fact.agent} trips: {fact.reason}"
        case _:
            assert_never(fact)


def _call(fact: CallFact, calls: Sequence[ToolCall]) -> str:
    match fact:
        case CallsJudged():
            pairs = zip(calls, fact.verdicts, strict=False)
            told = [f"{call.name} {judged(call, verdict).partition(':')[0]}" for call, verdict in pairs]
            return f"{fact.agent}'s calls are judged: {', '.join(told)}"
        case ToolStarted():
            return f"{fact.agent} begins {_made(fact, calls)}"
        case ToolReturned():
            return f"{fact.agent} calls {_made(fact, calls)} -> {'fails: ' if fact.failed else ''}{_result(fact.text)}"
        case ToolReturnedLate():
            return f"{fact.agent} called {fact.tool}(...), which ended late: {_result(fact.text)}"
        case ToolFailed():
            return f"{fact.agent} calls {_made(fact, calls)} -> raises {fact.error}: {fact.message}"
        case ToolSuspended():
            return f"{_made(fact, calls)} waits for a person"
        case EffectCleared():
            return f"{_made(fact, calls)} had not happened"
        case PersonAsked():
            asked = called(ToolCall(fact.tool, fact.args))
            if fact.question == "unknown_effect":
                return f"{fact.agent} asks a person whether {asked} happened"
            return f"{fact.agent} asks a person to approve {asked}"
        case PersonAnswered():
            return f"a person says {'yes' if fact.yes else 'no'}" + (f" ({fact.note})" if fact.note else "")
        case _:
            assert_never(fact)


def _made(fact: ToolStarted | ToolReturned | ToolFailed | ToolSuspended | EffectCleared, calls: Sequence[ToolCall]) -> str:
    return called(calls[fact.index]) if 0 <= fact.index < len(calls) else f"{fact.tool}(...)"


def _handoff(fact: HandoffFact) -> str:
    match fact:
        case HandoffProposed():
            return f"{fact.source} proposes to {fact.target}{_why(fact.reason, fact.brief)}"
        case HandoffCommitted():
            return f"{fact.source} -> {fact.target}{_why(fact.reason, fact.brief)}"
        case HandoffDeclined():
            return f"{fact.source} -> {fact.target} declined ({fact.reason})"
        case HandoffReturned():
            return f"{fact.source} -> {fact.target} returned" + (f" {data(fact.outcome)}" if fact.outcome else "")
        case HandoffExpired():
            return f"{fact.target} -> {fact.source} (no answer in time)"
        case CircleBroken():
            then = f"; {fact.fallback} answers" if fact.fallback else ""
            return f"{fact.source} -> {fact.target} refused (round in a circle){then}"
        case _:
            assert_never(fact)


def _why(reason: str, brief: dict[str, Any]) -> str:
    return (f" ({reason})" if reason else "") + (f" {data(brief)}" if brief else "")
