"""Several sessions of one conversation: each message has one answer, its own, in order; a reply that is owed comes once."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from hypothesis import example, given

from switchroom.config import WHILE_WAITING, WhenBusy
from tests.laws.callers import Person, Plan, Resumes, Says, id_of, plans, text_of
from tests.laws.processes import Fault
from tests.laws.session_desk import Heard, SessionDesk
from tests.laws.test_owners import (
    Turn,
    check_the_callers,
    check_the_effects,
    check_the_turns,
    history,
    label,
)
from tests.virtual import in_no_time


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "switchroom")
    caplog.set_level(logging.CRITICAL, "switchroom.session")


def check_the_earlier_replies(desk: SessionDesk, turns: list[Turn]) -> None:
    """A session brings the replies to those of its messages whose own callers got an error, each at most once a caller.

    When it begins it may also take up the turn of another session, which it then brings if that had an error.
    """
    plan, outcomes = desk.played.plan, desk.played.outcomes
    for heard in desk.heard.values():
        labels = Counter(label(text_of(plan, number)) for number in heard.numbers)
        brought = Counter(turns[reply.turn - 1].label for reply in heard.earlier if not reply.waiting)
        others = brought - labels
        assert others.total() <= 1, f"replies came twice: {brought}"
        for reply in heard.earlier:
            if reply.waiting:  # the answer to a message that came while a person was asked, or none yet
                assert reply.text in ("", WHILE_WAITING)
                continue
            turn = turns[reply.turn - 1]
            assert turn.interrupted or reply.text == turn.output, f"{turn.label} got {reply.text!r}"
            callers = [number for number in outcomes if label(text_of(plan, number)) == turn.label]
            ends = {outcomes[number].end for number in callers}
            assert ends - {"answered", "fallback", "interrupted"}, f"{turn.label} was answered twice"
        if heard.last is not None:
            check_that_all_came(desk, heard, turns)


def check_that_all_came(desk: SessionDesk, heard: Heard, turns: list[Turn]) -> None:
    """Nothing is owed any more by a session that lived to the end.

    Left out are messages that were sent again, and sessions with a reader that left a stream, which may have had the reply.
    """
    plan, outcomes = desk.played.plan, desk.played.outcomes
    if any(plan.says[number].way != "whole" and outcomes[number].end == "cancelled" for number in heard.numbers):
        return
    brought = {turns[reply.turn - 1].label for reply in heard.earlier}
    recorded = {turn.label: turn for turn in turns}
    for number in heard.numbers:
        turn = recorded.get(name := label(text_of(plan, number)))
        alone = plan.says[number].way == "whole" and id_of(plan, number) is None
        if turn is not None and not turn.asked and alone and outcomes[number].end in ("journal", "cancelled"):
            assert name in brought, f"the reply to {name} never came: {outcomes[number]}"


def check_the_order(desk: SessionDesk, turns: list[Turn]) -> None:
    """The messages of a session have their turns in the order in which they arrived."""
    plan = desk.played.plan
    sent = Counter(label(text_of(plan, number)) for number in desk.played.arrived)
    for heard in desk.heard.values():
        labels = [name for number in heard.numbers if sent[name := label(text_of(plan, number))] == 1]
        arrivals = [labels.index(turn.label) for turn in turns if turn.label in labels]
        assert arrivals == sorted(arrivals), [turn.label for turn in turns]


def check(plan: Plan) -> None:
    desk = SessionDesk(plan)
    played = in_no_time(desk.play())
    turns = history(played)
    check_the_turns(played, turns)
    check_the_callers(played, turns)
    check_the_effects(played)
    check_the_earlier_replies(desk, turns)
    check_the_order(desk, turns)
    assert not played.queued, "nobody is left in the queue"


@given(plans(calm=True))
@example(Plan((Says(0, 0), Says(0, 0, cancelled=1))))
@example(Plan((Says(0, 0), Says(0, 0, named=True, cancelled=1), Says(0, 0, again=1, named=True, cancelled=1))))
def test_in_calm_each_message_of_several_sessions_has_its_own_answer(plan: Plan):
    check(plan)


def says(at: int, process: int, *todo: str, busy: WhenBusy = "wait", cancelled: int | None = None) -> Says:
    return Says(at, process, todo, busy=busy, cancelled=cancelled)


REFUSED_TWICE = Plan(
    (says(0, 0, "look"), says(0, 0, "sign"), says(11, 2, busy="interrupt")), (Person(10, 2),), (Fault(22, 2, "busy"),)
)
TAKEN_OVER_BY_A_SESSION_THAT_BEGINS = Plan(
    (says(2, 1), says(2, 0), says(0, 0), says(0, 0)), (Resumes(2, 0, takes_over=True),), (Fault(9, 1, "busy"),)
)


@given(plans())
@example(REFUSED_TWICE)
@example(TAKEN_OVER_BY_A_SESSION_THAT_BEGINS)
def test_each_message_of_several_sessions_has_one_answer_and_what_is_owed_comes_once(plan: Plan):
    check(plan)
