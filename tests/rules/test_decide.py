"""Each rule on states made by hand, and the order in which the rules are asked."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from msgspec.structs import replace

from switchroom.events import CallKind, Effect
from switchroom.messages import Message, ToolCall
from switchroom.rules.commands import (
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
from switchroom.rules.decide import CALL_RULES, RULES, can_be_called, decide, is_unknown
from switchroom.rules.limits import MAX_FAULTS
from switchroom.rules.state import Call, State

ANSWER = Message("assistant", "done")


def a(kind: CallKind, **how_far: Any) -> Call:
    """A call that was judged."""
    return Call(ToolCall("look"), kind, **how_far)


def after(*calls: Call, **known: Any) -> State:
    """The state after an answer with these calls."""
    return State(agent="clerk", asker="clerk", calls=calls, **known)


UNJUDGED = Call(ToolCall("look"))
FREE = a("tool")
DONE = a("tool", started=True, text="seen")
LEFT_UNKNOWN = a("tool", started=True)
TO_APPROVE = a("tool", consent="needed")
ASKED = a("tool", consent="asked")
APPROVED = a("tool", consent="given")
HANDOFF = a("handoff", target="sales")


# an agent's turn ------------------------------------------------------------------------------------------------------


def test_with_nothing_else_to_do_the_agent_who_has_the_conversation_is_asked():
    assert decide(State(agent="clerk", asker="triage")) == AskModel("clerk")


def test_a_finished_run_has_nothing_to_do_whatever_else_is_open():
    assert decide(after(FREE, finished=True, guarded=True, answer=ANSWER, faults=MAX_FAULTS + 1)) is None


def test_a_guarded_input_is_judged():
    assert decide(State(agent="clerk", guarded=True)) == JudgeInput()


def test_an_answer_without_calls_is_finished():
    assert decide(State(agent="clerk", answer=ANSWER)) == Finish()


@pytest.mark.parametrize("faults", range(MAX_FAULTS + 1))
def test_a_model_may_be_wrong_a_few_times_in_a_row(faults: int):
    assert decide(State(agent="clerk", faults=faults)) == AskModel("clerk")


def test_a_model_that_is_wrong_once_more_is_given_up():
    assert decide(State(agent="clerk", faults=MAX_FAULTS + 1)) == GiveUp("clerk")


def test_the_input_is_judged_before_a_model_is_given_up():
    state = State(agent="clerk", guarded=True, faults=MAX_FAULTS + 1, answer=ANSWER)
    assert decide(state) == JudgeInput()
    assert decide(replace(state, guarded=False)) == GiveUp("clerk")
    assert decide(replace(state, guarded=False, faults=0)) == Finish()


def test_a_model_is_not_given_up_while_its_calls_are_open():
    assert decide(after(FREE, faults=MAX_FAULTS + 1)) == CallTools((0,))


# calls ----------------------------------------------------------------------------------------------------------------


def test_calls_are_judged_first_by_the_policy_of_who_was_asked():
    assert decide(State(agent="sales", asker="clerk", calls=(UNJUDGED, UNJUDGED))) == JudgeCalls("clerk")


def test_free_tools_and_steps_are_called_all_at_once():
    assert decide(after(FREE, TO_APPROVE, a("step"), DONE, HANDOFF, FREE)) == CallTools((0, 2, 5))


def test_a_refused_call_is_never_made():
    assert decide(after(a("refused", text="[refused: no]"), FREE)) == CallTools((1,))


@pytest.mark.parametrize("effect", ["read", "idempotent"])
def test_a_call_that_a_crash_left_unknown_runs_again_if_it_may_be_repeated(effect: Effect):
    assert decide(after(a("tool", effect=effect, started=True))) == CallTools((0,))


@pytest.mark.parametrize("effect", ["compensable", "irreversible"])
def test_a_call_that_a_crash_left_unknown_is_cleared_up_if_it_may_not_be_repeated(effect: Effect):
    assert decide(after(a("tool", effect=effect, started=True))) == Reconcile(0)


def test_a_step_is_entered_again_whatever_its_effect():
    assert decide(after(a("step", started=True))) == CallTools((0,))


def test_a_call_inside_of_which_something_waited_is_entered_again():
    assert decide(after(a("tool", started=True, inside=True))) == CallTools((0,))


def test_unknown_calls_are_cleared_up_one_after_the_other():
    assert decide(after(DONE, LEFT_UNKNOWN, LEFT_UNKNOWN)) == Reconcile(1)
    assert decide(after(DONE, a("tool", started=True, unsettled=True), LEFT_UNKNOWN)) == Reconcile(2)


def test_an_approved_call_that_a_crash_left_unknown_is_cleared_up_and_not_made_again():
    assert decide(after(replace(APPROVED, started=True))) == Reconcile(0)


def test_all_that_needs_approval_is_asked_about_at_once():
    assert decide(after(TO_APPROVE, DONE, TO_APPROVE, ASKED)) == AskPerson((0, 2))


def test_what_was_approved_is_called_although_another_question_is_open():
    assert decide(after(APPROVED, ASKED, APPROVED)) == CallTools((0, 2))


def test_an_approved_call_with_a_result_is_not_made_again():
    assert decide(after(replace(APPROVED, text="done"), HANDOFF)) == HandOver(1)


@pytest.mark.parametrize("open", [ASKED, a("tool", started=True, unsettled=True)])
def test_a_handoff_waits_for_what_a_person_was_asked(open: Call):
    assert decide(after(HANDOFF, open)) == Wait()


def test_a_question_that_has_its_result_is_waited_for_no_longer():
    assert decide(after(replace(ASKED, text="[a person did not approve this]"), HANDOFF)) == HandOver(1)


def test_the_first_handoff_without_a_result_is_made():
    assert decide(after(replace(HANDOFF, text="[sales declined: closed]"), HANDOFF)) == HandOver(1)


def test_a_return_is_given_back():
    assert decide(after(DONE, a("return", target="triage"))) == HandBack(1)


def test_a_return_is_no_circle():
    state = after(a("return", target="triage"), trail=(("clerk", "triage"),))
    assert decide(state) == HandBack(0)


def test_a_handoff_that_was_made_before_with_nothing_new_since_is_broken():
    assert decide(after(DONE, HANDOFF, trail=(("sales", "clerk"), ("clerk", "sales")))) == BreakCircle(1)


# order ----------------------------------------------------------------------------------------------------------------


def test_the_rules_stand_in_this_order():
    names = [[rule.__name__ for rule in rules] for rules in (RULES, CALL_RULES)]
    assert names == snapshot(
        [
            ["judge_the_input", "give_up", "finish"],
            [
                "judge_the_calls",
                "call_free_tools",
                "reconcile",
                "ask_a_person",
                "call_approved_tools",
                "wait",
                "hand_over",
            ],
        ]
    )


def test_an_answer_with_everything_in_it_is_dealt_with_in_this_order():
    calls = [HANDOFF, ASKED, APPROVED, TO_APPROVE, LEFT_UNKNOWN, FREE]
    commands: list[Any] = []
    while calls:
        commands.append(decide(after(*calls)))
        calls.pop()
    assert commands == [CallTools((5,)), Reconcile(4), AskPerson((3,)), CallTools((2,)), Wait(), HandOver(0)]


def test_calls_that_have_nothing_to_be_done_about_leave_the_next_word_to_the_model():
    assert decide(after(DONE)) == AskModel("clerk")


# what may be called ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [DONE, LEFT_UNKNOWN, HANDOFF, a("return"), a("refused", text="no"), UNJUDGED])
def test_what_may_not_be_called(call: Call):
    assert not can_be_called(call)


def test_a_call_is_unknown_only_if_it_began_has_no_end_and_may_not_run_again():
    assert is_unknown(LEFT_UNKNOWN)
    assert not any(is_unknown(call) for call in (FREE, DONE, a("step", started=True), replace(LEFT_UNKNOWN, effect="read")))
