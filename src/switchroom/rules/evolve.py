"""What each fact makes of the state of an agent's run: one case per fact."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, assert_never, get_args

from msgspec.structs import replace

from switchroom.events import (
    AnswerCut,
    AnsweredWhileWaiting,
    AnswerFact,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    AnyFact,
    AttemptHeld,
    AttemptReleased,
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
    RunInterrupted,
    SessionFact,
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
from switchroom.history import History
from switchroom.messages import Message
from switchroom.rules.calls import FEW, Calls, many
from switchroom.rules.results import NO_RESULTS
from switchroom.rules.session import evolve_session
from switchroom.rules.state import TRIED, Call, Due, Frame, State, Summarised, result_of, settled, with_call

_KIND = attrgetter("kind")


def evolve(state: State, fact: AnyFact) -> State:
    """The state after a fact: by its family, and there by its case."""
    return _FAMILIES[type(fact)](state, fact)


def _step(state: State, fact: StepFact) -> State:
    match fact:
        case StepStarted():
            history = state.history.plus(*fact.messages)
            return replace(state, agent=fact.agent, history=history, fresh=len(fact.messages), guarded=fact.guarded)
        case StepReturned():
            return replace(state, finished=True, output=fact.output, answer=None, faults=0)
        case StepFailed() | ValueDrawn():
            return state
        case _:
            assert_never(fact)


def _answer(state: State, fact: AnswerFact) -> State:
    match fact:
        case ModelAnswered():
            return _answered(state, fact)
        case InputJudged():
            if fact.messages is None:
                return replace(state, guarded=False)
            return replace(state, guarded=False, history=_with_last(state.history, state.fresh, fact.messages))
        case HistorySummarised():
            return replace(state, summary=Summarised(fact.upto, fact.text))
        case AnswerReplaced():
            replaced = Message("assistant", fact.text, agent=fact.agent)
            return replace(state, answer=replaced, replaced=True, history=_with_last(state.history, 1, (replaced,)))
        case AnswerRejected():
            told = Message("system", f"[Your answer could not be used: {fact.reason}. Answer again.]")
            return replace(state, answer=None, replaced=False, faults=state.faults + 1, history=state.history.plus(told))
        case AnswerCut():
            return _cut(state, fact)
        case RunInterrupted():
            return _interrupted(state, fact)
        case AnswerWithdrawn() | GuardTripped():
            return state
        case _:
            assert_never(fact)


def _answered(state: State, fact: ModelAnswered) -> State:
    message = fact.message
    calls: Calls = tuple(map(Call, message.calls)) if message.calls else ()
    if len(calls) > FEW:
        calls = many(calls)
    history = state.history.plus(message)
    return replace(
        state,
        history=history,
        heard=history.length,
        answers=state.answers + 1,
        asked=state.asked + 1,
        spoke=state.spoke or bool(calls and message.content),
        asker=fact.agent,
        disabled=fact.disabled,
        calls=calls,
        answer=None if calls else message,
        due=None,
    )


def _kept_of_cut(state: State, fact: AnswerCut | RunInterrupted) -> tuple[History, int]:
    """Return the history that an interruption leaves, and how much of it models have seen.

    Heard text stays said; calls without a result are dropped.
    """
    history = state.history
    if state.calls:
        dropped = "[dropped: the person interrupted]"
        results = (result_of(call, call.text if call.text is not None else dropped) for call in state.calls)
        history = history.plus(*results, *state.asides)
    elif state.answer is not None:
        history = history.without_last(1)
    heard = min(state.heard, history.length)
    if fact.heard:
        history = history.plus(Message("assistant", fact.heard, agent=fact.agent))
    return history, heard


def _interrupted(state: State, fact: RunInterrupted) -> State:
    history, heard = _kept_of_cut(state, fact)
    return replace(state, history=history, heard=heard, calls=(), answer=None, asides=(), due=None)


def _cut(state: State, fact: AnswerCut) -> State:
    """What was heard stays said; calls without an end are dropped; the message that interrupted is the new input."""
    history, heard = _kept_of_cut(state, fact)
    was_asking = not (state.calls or state.answer or state.guarded)  # else the answer was counted, or no model was asked
    return replace(
        state,
        history=history.plus(fact.message),
        heard=heard,
        calls=(),
        answer=None,
        replaced=False,
        faults=0,
        retries=0,
        fresh=1,
        guarded=fact.guarded,
        answers=state.answers + 1,
        asked=state.asked + was_asking,
        spoke=state.spoke or bool(fact.heard),
        due=None,
        trail=(),
        seen=NO_RESULTS,
        asides=(),
    )


def _with_last(history: History, count: int, messages: tuple[Message, ...]) -> History:
    return history.without_last(count).plus(*messages)


def _call(state: State, fact: CallFact) -> State:
    match fact:
        case CallsJudged():
            assert len(fact.verdicts) == len(state.calls), "each call is judged"
            calls: Calls = tuple(map(_judged, state.calls, fact.verdicts))
            if len(calls) > FEW:
                calls = many(calls)
            refused = "refused" in map(_KIND, calls)
            return settled(replace(state, calls=calls, faults=state.faults + 1 if refused else state.faults))
        case ToolStarted():
            return with_call(state, fact.index, replace(state.calls[fact.index], started=True, inside=False))
        case ToolReturned():
            call = replace(state.calls[fact.index], text=fact.text, unsettled=False, again=fact.again)
            state = with_call(_heard_of(state, fact.text), fact.index, call)
            return settled(state if fact.failed else replace(state, faults=0))
        case ToolReturnedLate():
            return _returned_late(state, fact)
        case ToolSuspended():
            return with_call(state, fact.index, replace(state.calls[fact.index], inside=True))
        case EffectCleared():
            return with_call(state, fact.index, replace(state.calls[fact.index], started=False, unsettled=False))
        case PersonAsked():
            call = state.calls[fact.index]
            asked = replace(call, consent="asked") if fact.question == "approval" else replace(call, unsettled=True)
            return with_call(state, fact.index, asked)
        case PersonAnswered():
            state = replace(state, trail=())  # a person's word is new
            return settled(with_call(state, fact.index, _told(state.calls[fact.index], fact)))
        case ToolFailed():
            return state
        case _:
            assert_never(fact)


def _returned_late(state: State, fact: ToolReturnedLate) -> State:
    """Settle the call if the run has not gone on without its result; otherwise the fact is only a record."""
    open_calls = state.calls if fact.answer == state.answers else ()
    if fact.index >= len(open_calls) or open_calls[fact.index].text is not None:
        return state
    call = replace(open_calls[fact.index], text=fact.text, unsettled=False)
    return settled(with_call(_heard_of(state, fact.text), fact.index, call))


def _judged(call: Call, verdict: Verdict) -> Call:
    refusal = f"[refused: {verdict.reason}]" if verdict.kind == "refused" else None
    made = call.call if verdict.args is None else replace(call.call, args=verdict.args)
    consent = "needed" if verdict.approval else "free"
    return Call(made, verdict.kind, verdict.effect, consent, verdict.target, text=refusal)


def _told(call: Call, fact: PersonAnswered) -> Call:
    note = f": {fact.note}" if fact.note else ""
    if call.unsettled:
        if fact.yes:
            return replace(call, unsettled=False, text=f"[a person confirmed that this was done{note}]")
        return replace(call, unsettled=False, started=False)
    if fact.yes:
        return replace(call, consent="given")
    return replace(call, consent="given", text=f"[a person did not approve this{note}]")


def _heard_of(state: State, text: str) -> State:
    """A result that was not seen before in this turn is progress; one that was is a try."""
    seen = state.seen.plus(text)
    if seen is not state.seen:
        return replace(state, seen=seen, trail=())
    return replace(state, trail=(*state.trail, TRIED)) if state.trail and state.trail[-1] != TRIED else state


def _handoff(state: State, fact: HandoffFact) -> State:
    match fact:
        case HandoffCommitted():
            return _committed(state, fact)
        case HandoffDeclined():
            text = f"[{fact.target} declined: {fact.reason}]"
            return settled(with_call(state, fact.index, replace(state.calls[fact.index], text=text)))
        case HandoffReturned():
            state = _heard_of(state, fact.text)
            call = replace(state.calls[fact.index], text=fact.text)
            return settled(replace(with_call(state, fact.index, call), agent=fact.target, frames=state.frames[:-1], due=None))
        case HandoffExpired():
            told = Message("system", f"[{fact.target} did not answer in time. Go on yourself.]")
            frames = state.frames
            if frames and frames[-1] == Frame(fact.source, fact.target):
                frames = frames[:-1]
            history = state.history.plus(told)
            return replace(
                state,
                agent=fact.source,
                due=None,
                frames=frames,
                history=history,
                answers=state.answers + 1,
                asked=state.asked + 1,
            )
        case CircleBroken():
            return _circled(state, fact)
        case HandoffProposed():
            return state
        case _:
            assert_never(fact)


def _committed(state: State, fact: HandoffCommitted) -> State:
    state = with_call(state, fact.index, replace(state.calls[fact.index], text=fact.text))
    if fact.messages is not None:
        # The filter gave what the target sees: the brief follows it as a message of its own, for the calls may be gone.
        history = History(fact.messages).plus(Message("system", fact.text))
        state = replace(state, history=history, heard=0, calls=(), summary=None)
    frames = state.frames
    if fact.returns:
        frames = (*frames, Frame(fact.source, fact.target))
    elif frames and frames[-1].asker == fact.target:
        frames = frames[:-1]
    due = None if fact.due is None else Due(fact.source, fact.target, fact.due)
    trail = (*state.trail, (fact.source, fact.target))
    return replace(settled(replace(state, agent=fact.target, frames=frames, due=due, trail=trail)), learned=())


def _circled(state: State, fact: CircleBroken) -> State:
    own = f"[not put through: {fact.target} and you have handed this back and forth with nothing new. Answer yourself.]"
    others = "[The other agents have handed this back and forth. Answer the person, as far as you can.]"
    call = replace(state.calls[fact.index], text=others if fact.fallback else own)
    state = replace(with_call(state, fact.index, call), faults=state.faults + 1)
    if fact.fallback:
        state = replace(state, agent=fact.fallback, trail=(), faults=0)
    return settled(state)


def _turn(state: State, fact: TurnFact) -> State:
    match fact:
        case StateChanged():
            return replace(state, trail=()) if fact.changes else state  # what is new is progress: no circle
        case AnsweredWhileWaiting():
            answered = Message("assistant", fact.text, agent=state.agent)
            return replace(state, asides=(*state.asides, fact.message, answered))
        case TurnStarted() | AttemptHeld() | AttemptReleased():
            return state
        case _:
            assert_never(fact)


def _decision(state: State, fact: DecisionFact) -> State:
    return state  # code decided it, and the rules of an agent's run do not read it


_FAMILIES: dict[type[Any], Callable[[State, Any], State]] = {
    **dict.fromkeys(get_args(StepFact), _step),
    **dict.fromkeys(get_args(AnswerFact), _answer),
    **dict.fromkeys(get_args(CallFact), _call),
    **dict.fromkeys(get_args(HandoffFact), _handoff),
    **dict.fromkeys(get_args(TurnFact), _turn),
    **dict.fromkeys(get_args(DecisionFact), _decision),
    **dict.fromkeys(get_args(SessionFact), evolve_session),
}
