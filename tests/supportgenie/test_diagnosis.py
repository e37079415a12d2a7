"""Faults are narrowed down by at most three questions, one at a time, and the state of it is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportgenie.diagnosis import GUIDES, OTHER, asked_on, device_in, findings_of, question_of
from supportgenie.state import CustomerState, Diagnosis
from switchroom import Agent, RunConfig, Runner, ToolContext
from switchroom.journals import MemoryJournal
from switchroom.testing import ScriptedModel, call
from tests.supportgenie.test_tools import ALL

PROBLEMS = st.sampled_from([*GUIDES, "something else"])


@given(PROBLEMS, st.lists(st.text(), min_size=4, max_size=4))
def test_after_three_questions_there_is_a_verdict(problem: str, said: list[str]):
    found: Diagnosis | None = None
    questions: list[str] = []
    for text in said:
        found = asked_on(found, problem, text)
        if found.verdict:
            break
        questions.append(question_of(found))
    assert found is not None
    assert found.verdict
    assert len(questions) == len(set(questions)) <= 3
    assert len(findings_of(found)) <= 3


def test_every_guide_has_three_questions_at_most():
    for guide in (*GUIDES.values(), OTHER):
        assert 0 < len(guide.questions) <= 3
        assert all(question.count("?") for question in guide.questions)


@pytest.mark.parametrize(
    ("problem", "said", "verdict"),
    [
        ("device_wont_start", "my screen is cracked", "hardware"),
        ("device_wont_start", "nothing lights up at all", "hardware"),
        ("device_wont_start", "it blinks", ""),
        ("device_connection", "the connection dropped", ""),
        ("app_crash", "it crashed when I dropped something into the basket", ""),
    ],
)
def test_only_a_device_that_is_plainly_broken_is_not_asked_about(problem: str, said: str, verdict: str):
    assert asked_on(None, problem, said).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("great, it works now!", "solved"),
        ("that helped, thanks", "solved"),
        ("no, it never works again after that", ""),
        ("it worked until yesterday", ""),
        ("still dead", "hardware"),
        ("I tried everything", "hardware"),
    ],
)
def test_an_answer_may_end_the_questions(answer: str, verdict: str):
    first = asked_on(None, "device_wont_start", "my phone does not start")
    assert asked_on(first, "device_wont_start", answer).verdict == verdict


def test_another_problem_begins_anew_and_so_does_one_that_was_solved():
    first = asked_on(None, "app_crash", "the app crashes")
    other = asked_on(first, "login_loop", "and I cannot log in")
    assert (other.problem, other.asked, other.answers) == ("login_loop", 1, [])
    solved = asked_on(other, "login_loop", "it works again")
    assert solved.verdict == "solved"
    assert asked_on(solved, "login_loop", "no, it is back").asked == 1


@pytest.mark.parametrize(
    ("text", "device"), [("My Tern 6 phone is dead", "tern 6 phone"), ("my laptop", "laptop"), ("the app", "")]
)
def test_the_device_is_noted_as_it_was_named(text: str, device: str):
    assert device_in(text) == device


async def test_the_tool_keeps_the_diagnosis_in_the_shared_state():
    state: list[CustomerState] = []

    async def look(ctx: ToolContext) -> str:
        state.append(ctx.state)
        return "seen"

    said = ("my laptop is dark", "it blinks", "the same")
    calls = [call("diagnose", problem="device_wont_start", said=text) for text in said]
    clerk = Agent("clerk", tools=[ALL["diagnose"], look])
    script = ScriptedModel([*calls, call("look"), "done"])
    await Runner.run(clerk, "go", state=CustomerState(), config=RunConfig(model=script, journal=MemoryJournal()))
    (seen,) = state
    assert seen.diagnosis is not None
    assert (seen.diagnosis.asked, seen.diagnosis.answers) == (3, ["it blinks", "the same"])
    assert '"call"' not in seen.known()


async def test_without_a_shared_state_the_tool_asks_the_first_question():
    script = ScriptedModel([call("diagnose", problem="app_crash", said="it crashes"), "done"])
    clerk = Agent("clerk", tools=[ALL["diagnose"]], model=script)
    result = await Runner.run(clerk, "go", config=RunConfig(journal=MemoryJournal()))
    assert GUIDES["app_crash"].questions[0] in result.messages[2].text


async def test_a_call_that_a_crash_made_run_again_asks_the_same_question():
    class Again:
        effect_key = "chat:turn#2/technical#0/diagnose#1.0"
        state = CustomerState(diagnosis=Diagnosis(problem="app_crash", asked=2, answers=["it did"], call=effect_key))

    args = {"problem": "app_crash", "said": "it did"}
    told = await ALL["diagnose"].invoke(Again(), args)  # pyright: ignore[reportArgumentType]
    assert (told["question"], told["ask"]) == (2, GUIDES["app_crash"].questions[1])
