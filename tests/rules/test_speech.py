"""The parts of an answer that were heard, fact by fact."""

from __future__ import annotations

import pytest

from switchroom.events import (
    AnswerCut,
    AnsweredInPart,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    Fact,
    GuardTripped,
    HandoffExpired,
    ModelAnswered,
    RunEvent,
    RunInterrupted,
)
from switchroom.messages import Message, ToolCall
from switchroom.rules.speech import is_partial, joined, spoken_parts

PATH = "turn#1/a#0"
WAIT = Message("user", "wait")
LOOK = (ToolCall("look", {}, "1"),)


def answered(text: str, *calls: ToolCall, held: bool = False) -> ModelAnswered:
    return ModelAnswered("a", Message("assistant", text, calls=calls), held=held)


def heard(*facts: Fact) -> str:
    return joined(spoken_parts([RunEvent(PATH, fact) for fact in facts], PATH))


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([], ""),
        ([answered("one")], "one"),
        ([answered("one", *LOOK), answered("two")], "one\ntwo"),
        ([answered("", *LOOK), answered("two")], "two"),
        ([answered("one", *LOOK, held=True), answered("two")], "two"),
        ([answered("one", *LOOK), answered("bad"), AnswerRejected("a", "no"), answered("two")], "one\ntwo"),
        ([answered("bad"), AnswerWithdrawn("a", "no"), AnswerRejected("a", "no"), answered("two")], "two"),
        ([answered("bad"), AnswerReplaced("a", "good")], "good"),
        ([answered("one", *LOOK), answered("bad"), AnswerWithdrawn("a", "x"), AnswerReplaced("a", "good")], "one\ngood"),
        ([answered("one", *LOOK), AnswerWithdrawn("a", "another try"), answered("two")], "one\ntwo"),
        ([answered("one", *LOOK), answered("bad"), GuardTripped("a", "polite", "rude")], "one"),
        ([answered("one", *LOOK), GuardTripped("a", "arguments", "rude")], "one"),
        ([answered("one", *LOOK), AnswerCut("a", "two three", "two", WAIT), answered("four")], "one\ntwo\nfour"),
        ([answered("all of it"), AnswerCut("a", "all of it", "all", WAIT), answered("four")], "all\nfour"),
        ([answered("one", *LOOK), AnswerCut("a", "", "", WAIT), answered("two")], "one\ntwo"),
        ([answered("one", *LOOK), RunInterrupted("a", "two three", "two")], "one\ntwo"),
        ([answered("one", *LOOK), HandoffExpired("a", "b"), answered("two")], "one\ntwo"),
    ],
)
def test_what_was_heard_is_the_texts_that_hold(facts: list[Fact], text: str):
    assert heard(*facts) == text


def test_each_part_has_its_speaker_and_other_runs_are_not_heard():
    events = [
        RunEvent(PATH, ModelAnswered("a", Message("assistant", "one", calls=LOOK))),
        RunEvent(f"{PATH}/look#1.0", ModelAnswered("c", Message("assistant", "inside"))),
        RunEvent(PATH, ModelAnswered("b", Message("assistant", "two"))),
    ]
    assert [(part.agent, part.text) for part in spoken_parts(events, PATH)] == [("a", "one"), ("b", "two")]


def test_a_step_is_partial_if_a_part_is_missing_at_or_below_it():
    events = [RunEvent("turn#1/a#0/b#0", AnsweredInPart({"c": "gone"}))]
    found = [is_partial(events, path) for path in ("", "turn#1/a#0", "turn#1/a#0/b#0", "turn#1/a#0/b#1", "turn#1/a#0/b#0/c#0")]
    assert found == [True, True, True, False, False]
