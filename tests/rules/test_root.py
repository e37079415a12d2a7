"""What is known of a conversation as a whole after each fact that concerns it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from switchroom.events import (
    AnsweredWhileWaiting,
    AnyFact,
    AttemptHeld,
    AttemptReleased,
    Fact,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    StateChanged,
    StepFailed,
    StepReturned,
    TurnStarted,
)
from switchroom.messages import Message
from switchroom.rules.root import Asked, Root, evolve_root
from tests.examples import times
from tests.laws.facts import values_of

PATH = "turn#1/triage#0"
CHILD = f"{PATH}/refund#1.0/worker#0"
HELLO = (Message("user", "hello"),)
ANSWERED = ModelAnswered("triage", Message("assistant", "hi"))
BEGUN = TurnStarted(1, 1, "triage", HELLO)
FIRST = PersonAsked(0, "a", "triage", "refund", {"cents": 7})
SECOND = PersonAsked(1, "b", "worker", "pay", {})


def root_of(*facts: Fact, path: str = PATH, root: Root | None = None) -> Root:
    """The conversation after facts at a path."""
    root = root or Root()
    for fact in facts:
        root = evolve_root(root, RunEvent(path, fact))
    return root


def test_a_turn_begins_with_what_it_was_asked_and_the_path_of_who_answers():
    assert root_of(BEGUN, path="turn#1") == Root(1, 1, "triage", HELLO, None, PATH, "open", live=True)


def test_another_step_is_given_json():
    root = root_of(TurnStarted(1, 1, "sum", input=[1, 2]))
    assert (root.messages, root.input, root.path) == ((), [1, 2], "turn#1/sum#0")


def test_another_attempt_opens_the_turn_again_and_keeps_all_else():
    failed = root_of(BEGUN, ANSWERED, FIRST, StepFailed("ValueError", "no"))
    again = root_of(TurnStarted(1, 2, "triage"), root=failed)
    assert failed.phase == "failed"
    assert again == replace(failed, attempt=2, phase="open", live=True)


def test_an_attempt_is_live_until_it_has_an_outcome_or_is_released():
    assert root_of(BEGUN).live
    assert not root_of(BEGUN, StepReturned("done")).live
    assert not root_of(BEGUN, StepFailed("ValueError", "no")).live
    assert not root_of(BEGUN, AttemptReleased()).live


def test_an_attempt_is_live_after_its_outcome_as_long_as_a_tool_of_it_runs():
    held = root_of(BEGUN, AttemptHeld(("pay",)), StepFailed("DeadlineExceeded", "no"))
    assert (held.phase, held.live, held.running) == ("failed", True, ("pay",))
    released = root_of(AttemptReleased(), root=held)
    assert (released.phase, released.live, released.running) == ("failed", False, ())


def test_a_turn_knows_the_entry_that_began_it_and_the_process_that_answers():
    began = RunEvent("turn#2", TurnStarted(2, 1, "triage", HELLO, owner="a"), 7, 10.0)
    again = RunEvent("turn#2", TurnStarted(2, 2, "triage", owner="b"), 9, 20.0)
    root = evolve_root(evolve_root(Root(), began), again)
    assert (root.began, root.since, root.owner) == (7, 20.0, "b")


def test_messages_that_came_while_a_person_was_asked_are_known_with_their_answers():
    root = root_of(BEGUN, FIRST, AnsweredWhileWaiting(Message("user", "well?"), "One moment."))
    assert [message.text for message in root.asides] == ["well?", "One moment."]
    assert list(root.asked) == ["a"]


def test_only_the_turns_own_step_ends_it():
    root = root_of(BEGUN)
    assert root_of(StepReturned("x"), path=CHILD, root=root) == root
    assert root_of(StepFailed("ValueError", "x"), path=CHILD, root=root) == root
    assert root_of(StepReturned("x"), root=root).phase == "returned"
    assert root_of(StepFailed("ValueError", "x"), root=root).phase == "failed"


def test_the_state_of_one_turn_is_there_in_the_next():
    first = root_of(TurnStarted(1, 1, "triage", HELLO, state={"cents": 7, "name": "Ann"}))
    changed = root_of(StateChanged({"cents": 8}), path=CHILD, root=first)
    assert changed.shared == {"cents": 8, "name": "Ann"}
    assert root_of(TurnStarted(2, 1, "triage", HELLO), root=changed).shared == changed.shared
    assert root_of(TurnStarted(2, 1, "triage", HELLO, state={}), root=changed).shared == {}


def test_a_changed_state_leaves_the_state_before_as_it_was():
    before = root_of(TurnStarted(1, 1, "triage", state={"cents": 7}))
    root_of(StateChanged({"cents": 8}), root=before)
    assert before.shared == {"cents": 7}


def test_questions_are_known_by_id_with_the_path_of_the_run_that_asked():
    root = root_of(SECOND, path=CHILD, root=root_of(BEGUN, FIRST))
    assert root.asked == {"a": Asked(PATH, FIRST), "b": Asked(CHILD, SECOND)}


def test_an_answer_closes_its_own_question_only():
    root = root_of(BEGUN, FIRST, SECOND, PersonAnswered(0, "a", True))
    assert list(root.asked) == ["b"]


def test_a_question_outlives_a_failure_and_not_the_turns_return():
    root = root_of(BEGUN, FIRST)
    assert root_of(StepFailed("ValueError", "x"), root=root).asked == root.asked
    assert root_of(StepReturned("x"), root=root).asked == {}


@pytest.mark.parametrize("kind", [kind for kind in get_args(AnyFact) if not kind.concerns_root])
def test_a_fact_that_is_said_not_to_concern_the_conversation_leaves_it_as_it_is(kind: type[Fact]):
    @settings(max_examples=times(10))
    @given(fact=values_of(kind))
    def check(fact: Fact) -> None:
        root = root_of(BEGUN, FIRST)
        assert root_of(fact, root=root) is root

    check()
