"""What the screen makes of events, those above all that seldom come."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from switchroom import Message
from switchroom.cli.screen import Screen, Shape
from switchroom.events import (
    AnswerRejected,
    AnswerWithdrawn,
    CallsJudged,
    CircleBroken,
    Delta,
    EffectCleared,
    Fact,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffReturned,
    ModelAnswered,
    PersonAnswered,
    RunEvent,
    StepReturned,
    TextDelta,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    TurnStarted,
    Verdict,
)
from switchroom.messages import ToolCall

ROOT = "turn#1/desk#0"
CHILD = f"{ROOT}/research#1.0"


def calling(*names: str) -> ModelAnswered:
    return ModelAnswered("desk", Message("assistant", calls=tuple(ToolCall(name, {"n": 1}) for name in names)))


def shown(*facts: Fact | Delta | RunEvent, shape: Shape = "live") -> str:
    """What stands on the screen after events at the root, or where they say."""
    page = StringIO()
    talk = Console(file=page, width=80, color_system=None, soft_wrap=True, force_terminal=True)
    screen = Screen(talk, page, shape)
    for fact in facts:
        screen.show(fact if isinstance(fact, RunEvent) else RunEvent(ROOT, fact))
    screen.pause()
    return page.getvalue()


def test_an_answer_is_written_as_it_comes_under_its_agents_name() -> None:
    page = shown(TextDelta("Hel", "desk"), TextDelta("lo there", "desk"), StepReturned("Hello there"))
    assert page == "\n[desk]\n  Hello there\n"


def test_an_answer_that_did_not_come_in_pieces_is_written_whole() -> None:
    assert shown(ModelAnswered("desk", Message("assistant", "Hello")), StepReturned("Hello")) == "\n[desk]\n  Hello\n"


@pytest.mark.parametrize(("shape", "text"), [("raw", "Hello\n"), ("wrapped", "  Hello\n")])
def test_where_nothing_can_be_cleared_only_the_final_answer_is_written(shape: Shape, text: str) -> None:
    page = shown(TextDelta("Bad", "desk"), AnswerWithdrawn("desk", "why"), StepReturned("Hello"), shape=shape)
    assert page == f"  withdrawn: why\n{text}"


def test_a_withdrawn_answer_is_cleared_and_marked() -> None:
    page = shown(
        TextDelta("Bad news ", "desk"), AnswerWithdrawn("desk", "impolite"), TextDelta("Good", "desk"), StepReturned("Good")
    )
    assert page == "\n[desk]\n  Bad news\r\x1b[J  withdrawn: impolite\n  Good\n"


def test_an_answer_that_was_replaced_is_written_after_it_was_withdrawn() -> None:
    page = shown(TextDelta("Bad ", "desk"), AnswerWithdrawn("desk", "replaced"), StepReturned("Good"))
    assert page.endswith("withdrawn: replaced\n  Good\n")


def test_a_typed_answer_is_written_as_its_json() -> None:
    assert shown(StepReturned({"a": [1, 2]})).strip() == '{"a":[1,2]}'


def test_what_would_steer_the_terminal_is_left_out() -> None:
    assert "\x1b" not in shown(TextDelta("a\x1b[2Jb\x07", "desk"), StepReturned("a\x1b[2Jb\x07"))
    assert "\x1b" not in shown(calling("t"), ToolReturned(0, "desk", "t", "\x1b]0;title\x07"))


def test_a_call_and_its_result_stand_under_each_other() -> None:
    page = shown(calling("t"), ToolStarted(0, "desk", "t"), ToolReturned(0, "desk", "t", '{"a": 1, "b": [{}], "c": false}'))
    assert page == "\n[desk]\n  · t(n=1)\n    a: 1, b: 1\n"


def test_calls_that_end_in_another_order_are_told_apart() -> None:
    started = [ToolStarted(0, "desk", "t"), ToolStarted(1, "desk", "u")]
    page = shown(calling("t", "u"), *started, ToolReturned(1, "desk", "u", "U"), ToolReturned(0, "desk", "t", "T"))
    assert page == "\n[desk]\n  · t(n=1)\n  · u(n=1)\n    U\n  · t(n=1)\n    T\n"


def test_a_call_that_broke_says_how() -> None:
    page = shown(calling("t"), ToolStarted(0, "desk", "t"), ToolFailed(0, "desk", "t", "OSError", "no line"))
    assert "    OSError: no line\n" in page


def test_arguments_that_a_guardrail_replaced_are_the_ones_shown() -> None:
    page = shown(calling("t"), CallsJudged("desk", (Verdict("tool", args={"n": 2}),)), ToolStarted(0, "desk", "t"))
    assert "· t(n=2)" in page


def test_a_call_that_was_refused_says_why() -> None:
    assert "· t refused: no such tool" in shown(calling("t"), CallsJudged("desk", (Verdict("refused", reason="no such tool"),)))


@pytest.mark.parametrize(
    ("effect", "how"), [("irreversible", "found done, not repeated"), ("idempotent", "done again"), ("read", "done again")]
)
def test_a_call_whose_end_nobody_saw_says_how_it_was_cleared_up(effect: str, how: str) -> None:
    judged = CallsJudged("desk", (Verdict("tool", effect),))  # pyright: ignore[reportArgumentType]
    resumed = TurnStarted(1, 2, "desk")
    page = shown(calling("t"), judged, ToolStarted(0, "desk", "t"), resumed, ToolReturned(0, "desk", "t", "T"))
    assert f"· t(n=1) began before: {how}\n    T\n" in page


def test_a_call_that_had_not_happened_says_so() -> None:
    assert "t had begun before, and did not happen" in shown(EffectCleared(0, "t"))


def test_what_a_worker_does_is_indented_and_what_it_says_is_not_shown() -> None:
    answer = ModelAnswered("mole", Message("assistant", calls=(ToolCall("dig"),)))
    below = [
        answer,
        ToolStarted(0, "mole", "dig"),
        ToolReturned(0, "mole", "dig", "mud"),
        TextDelta("mud", "mole"),
        StepReturned("mud"),
    ]
    page = shown(*(RunEvent(CHILD, fact) for fact in below))
    assert page == "    · mole dig()\n      mud\n"


def test_a_handoff_carries_its_brief_and_what_was_learned() -> None:
    fact = HandoffCommitted(
        0, "desk", "billing", "...", "charged twice", {"order": "9", "urgent": False}, ("look_up: {}", "look_up: 2")
    )
    assert shown(fact) == "\n[desk]\n  → billing  charged twice\n    carries order: 9; what look_up told\n"


def test_every_way_in_which_a_handoff_can_end_has_its_line() -> None:
    page = shown(
        HandoffDeclined(0, "desk", "billing", "closed"),
        HandoffExpired("desk", "billing"),
        CircleBroken(0, "desk", "billing", "clerk"),
        CircleBroken(0, "desk", "billing"),
        HandoffReturned(0, "billing", "desk", "...", {"done": "yes"}),
    )
    assert "→ billing declines: closed" in page
    assert "billing did not answer in time; back to desk" in page
    assert "→ billing would go in a circle; clerk answers" in page
    assert "→ billing would go in a circle; desk answers" in page
    assert "← desk  gives back done: yes" in page


def test_a_persons_word_and_note_are_shown() -> None:
    assert "a person says no: too much" in shown(PersonAnswered(0, "x", False, "too much"))


def test_an_answer_that_is_asked_for_again_says_why() -> None:
    assert "asked again: not JSON" in shown(AnswerRejected("desk", "not JSON"))


def test_long_lines_are_folded_between_words() -> None:
    page = shown(HandoffDeclined(0, "desk", "billing", "word " * 40))
    assert max(map(len, page.splitlines())) < 80
    assert all(line.startswith("  ") for line in page.splitlines())
