"""What to do next: an ordered list of small rules over the state; the first that has a command is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from switchroom.events import REPEATABLE
from switchroom.rules.commands import (
    AnyCommand,
    AskModel,
    AskPerson,
    BreakCircle,
    CallTools,
    Finish,
    GiveUp,
    HandBack,
    HandOver,
    JudgeCalls,
    JudgeInput,
    Reconcile,
    Wait,
)
from switchroom.rules.limits import MAX_FAULTS, goes_in_a_circle
from switchroom.rules.state import Call, Consent, State

Rule: TypeAlias = Callable[[State], AnyCommand | None]


def decide(state: State) -> AnyCommand | None:
    """The next command, or None when the run is finished."""
    if state.finished:
        return None
    for rule in CALL_RULES if state.calls else RULES:
        command = rule(state)
        if command is not None:
            return command
    return AskModel(state.agent)


def judge_the_input(state: State) -> AnyCommand | None:
    """Before anything is asked, the input passes its guardrails."""
    return JudgeInput() if state.guarded else None


def give_up(state: State) -> AnyCommand | None:
    """A model that repeats its faults is not asked again."""
    return GiveUp(state.agent) if max(state.faults, state.retries) > MAX_FAULTS else None


def finish(state: State) -> AnyCommand | None:
    """An answer without calls is judged and returned."""
    return Finish() if state.answer is not None else None


def judge_the_calls(state: State) -> AnyCommand | None:
    """The calls of an answer are judged before any is made."""
    return JudgeCalls(state.asker) if not state.calls[0].kind else None


def call_free_tools(state: State) -> AnyCommand | None:
    """What nobody has to approve is called first, all at once."""
    return _callable(state, "free")


def reconcile(state: State) -> AnyCommand | None:
    """A call that a crash left unknown, and that must not run twice, is cleared up before anything that comes after it."""
    for index, call in enumerate(state.calls):
        if is_unknown(call) and not call.unsettled:
            return Reconcile(index)
    return None


def ask_a_person(state: State) -> AnyCommand | None:
    """What needs approval is put to a person, all of it at once."""
    indexes = tuple([i for i, call in enumerate(state.calls) if call.consent == "needed" and call.text is None])
    return AskPerson(indexes) if indexes else None


def call_approved_tools(state: State) -> AnyCommand | None:
    """What a person approved is called."""
    return _callable(state, "given")


def wait(state: State) -> AnyCommand | None:
    """What a person was asked has to be answered before the handoff."""
    return Wait() if any(call.text is None and (call.consent == "asked" or call.unsettled) for call in state.calls) else None


def hand_over(state: State) -> AnyCommand | None:
    """The handoff comes last, and not in a circle."""
    for index, call in enumerate(state.calls):
        if call.text is None and call.kind == "handoff":
            return BreakCircle(index) if goes_in_a_circle(state, call.target) else HandOver(index)
        if call.text is None and call.kind == "return":
            return HandBack(index)
    return None


RULES: tuple[Rule, ...] = (judge_the_input, give_up, finish)
CALL_RULES: tuple[Rule, ...] = (
    judge_the_calls,
    call_free_tools,
    reconcile,
    ask_a_person,
    call_approved_tools,
    wait,
    hand_over,
)


def _callable(state: State, consent: Consent) -> CallTools | None:
    indexes: list[int] = []
    for index, call in enumerate(state.calls):
        if call.consent == consent and can_be_called(call):
            indexes.append(index)
    return CallTools(tuple(indexes)) if indexes else None


def can_be_called(call: Call) -> bool:
    """Whether a call is to be made now: it has no result, and running it does not risk a second effect."""
    if call.text is not None or call.kind not in ("tool", "step"):
        return False
    return not call.started or call.kind == "step" or call.inside or call.effect in REPEATABLE


def is_unknown(call: Call) -> bool:
    """Whether a call began, nobody knows how it ended, and it must not simply run again."""
    return call.started and call.text is None and not can_be_called(call)
