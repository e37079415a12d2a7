"""How far a run may go."""

from __future__ import annotations

import pytest

from switchroom.rules.limits import MAX_FAULTS, MAX_REPEATS, MAX_TURNS, goes_in_a_circle
from switchroom.rules.state import TRIED, State

TRAIL = (("triage", "orders"), ("orders", "triage"))


def test_a_model_may_be_told_of_three_faults_and_a_run_has_twenty_answers():
    assert (MAX_FAULTS, MAX_TURNS) == (3, 20)


def test_the_first_handoff_goes_in_no_circle():
    assert not goes_in_a_circle(State(agent="triage"), "orders")


def test_the_same_handoff_again_goes_in_a_circle():
    assert goes_in_a_circle(State(agent="triage", trail=TRAIL), "orders")


def test_while_tools_are_tried_the_same_handoff_may_be_made_three_times_more():
    tried = (*TRAIL, TRIED)
    assert not goes_in_a_circle(State(agent="triage", trail=tried), "orders")
    assert not goes_in_a_circle(State(agent="triage", trail=tried * MAX_REPEATS), "orders")
    assert goes_in_a_circle(State(agent="triage", trail=tried * (MAX_REPEATS + 1)), "orders")


@pytest.mark.parametrize(("agent", "target"), [("triage", "billing"), ("billing", "orders"), ("orders", "billing")])
def test_another_source_or_another_target_goes_in_no_circle(agent: str, target: str):
    assert not goes_in_a_circle(State(agent=agent, trail=TRAIL), target)


def test_giving_a_conversation_back_goes_in_no_circle():
    assert not goes_in_a_circle(State(agent="orders", trail=TRAIL[:1]), "triage")
