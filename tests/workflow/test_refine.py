"""Written, judged, written again: what the writer sees, what is kept when something fails, and which draft is the best."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Budget, RunConfig, Runner, UserError, fallback, refine, sequential
from switchroom.events import StepFailed
from switchroom.model import ModelRequest
from switchroom.testing import ScriptedModel, transcript
from switchroom.workflow import Failure, Refined, Revision
from tests.helpers import facts_of, keeping, last, texts
from tests.laws.worlds import own_answers
from tests.workflow.cuts import World, agent, failing


class Judged(BaseModel):
    """What a critic gives."""

    passes: bool = False
    score: float = 0
    feedback: str = ""


class Essay(BaseModel):
    """What a writer gives."""

    text: str


def numbering(name: str = "writer") -> Any:
    """A writer that numbers its drafts by what it reads."""
    return agent(name, lambda request: f"draft {own_answers_said(request) + 1}")


def own_answers_said(request: ModelRequest) -> int:
    """How many drafts the writer is shown."""
    shown = [message.text for message in request.messages if message.role == "assistant"]
    return int(shown[-1].split()[-1]) if shown else 0


def judging(*verdicts: Any) -> Any:
    """A critic that says one after the other."""
    given = iter(verdicts)

    def judge(draft: Any) -> Any:
        verdict = next(given)
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    return judge


async def refined(*verdicts: Any, **options: Any) -> Refined[Any]:
    """What comes of drafts of which a critic says this."""
    return (await Runner.run(refine(numbering(), judging(*verdicts), **options), "an ode")).final_output


# until it passes -----------------------------------------------------------------------------------------------------


async def test_a_draft_that_passes_is_given_with_its_verdict():
    assert await refined(False, True) == Refined("draft 2", True, 2, True)


async def test_a_writer_sees_its_last_draft_as_what_it_said_and_what_is_to_be_better():
    heard: list[Any] = []

    def write(request: ModelRequest) -> str:
        heard.append(texts(request.messages))
        return f"draft {len(heard)}"

    await Runner.run(refine(agent("writer", write), judging(Judged(feedback="longer"), True)), "an ode")
    assert heard == snapshot(
        [
            [("user", "an ode")],
            [
                ("user", "an ode"),
                ("assistant", "draft 1"),
                (
                    "user",
                    """\
What to do better:
longer

Write it again.\
""",
                ),
            ],
        ]
    )


async def test_a_writing_function_is_given_a_text_that_has_its_parts():
    seen: list[Any] = []

    def write(task: str) -> str:
        seen.append(task)
        return f"draft {len(seen)}"

    await Runner.run(refine(write, judging(Judged(feedback="longer"), True)), "an ode")
    assert type(seen[0]) is str
    assert isinstance(seen[1], Revision)
    assert (seen[1].asked, seen[1].draft, seen[1].feedback, seen[1].round) == ("an ode", "draft 1", "longer", 2)
    assert seen[1] == snapshot("""\
an ode

Your last draft:
draft 1

What to do better:
longer\
""")


async def test_a_critic_that_is_an_agent_reads_the_task_and_the_draft():
    heard: list[str] = []

    def judge(request: ModelRequest) -> str:
        heard.append(last(request))
        return '{"passes": true}'

    await Runner.run(refine(numbering(), agent("critic", judge, output_type=Judged)), "an ode")
    assert heard == snapshot(
        [
            """\
The task:
an ode

The draft to judge:
draft 1\
"""
        ]
    )


async def test_the_task_is_told_as_it_was_asked_when_the_workflow_stands_in_for_another():
    heard: list[str] = []

    def judge(request: ModelRequest) -> str:
        heard.append(last(request))
        return '{"passes": true}'

    backup = refine(numbering(), agent("critic", judge, output_type=Judged))
    await Runner.run(fallback(failing("primary"), backup), "an ode")
    assert "an ode" in heard[0]
    assert "asked" not in heard[0].replace("You are asked instead.", "")


async def test_a_transcript_of_refining():
    critic = agent("critic", lambda request: str(own_answers(request)))
    verdicts = ScriptedModel(['{"score": 4, "feedback": "longer"}', '{"passes": true, "score": 9}'])
    critic = agent("critic", "").__class__("critic", model=verdicts, output_type=Judged)
    result = await Runner.run(refine(numbering(), critic), "an ode")
    assert transcript(result) == snapshot("""\
refine is given "an ode"
  writer begins, person: "an ode"
  writer: "draft 1"
  critic begins, person: "The task:\\nan ode\\n\\nThe draft to judge:\\ndraft 1"
  critic: "{"score": 4, "feedback": "longer"}"
  critic returns {"score":4,"feedback":"longer"}
  writer begins, person: "What to do better:\\nlonger\\n\\nWrite it again." (after 2 more)
  writer: "draft 2"
  critic begins, person: "The task:\\nan ode\\n\\nThe draft to judge:\\ndraft 2"
  critic: "{"passes": true, "score": 9}"
  critic returns {"passes":true,"score":9}
refine returns {"draft":"draft 2","passed":true,"rounds":2,"verdict":{"passes":true,"score":9.0,"feedback":""},"failure":null}\
""")


async def test_what_the_critic_says_passes_by_a_function_of_it():
    async def good(verdict: Judged) -> bool:
        return verdict.score >= 7

    assert (await refined(Judged(score=5), Judged(score=7), accept=good)).rounds == 2


# the best ------------------------------------------------------------------------------------------------------------


async def test_when_rounds_run_out_the_best_draft_is_given_and_has_not_passed():
    best = await refined(Judged(score=3), Judged(score=8), Judged(score=5))
    assert best == Refined("draft 2", False, 3, Judged(score=8))
    assert (await refined(Judged(score=3), Judged(score=3), rounds=2)).draft == "draft 2"
    assert (await refined(False, False, rounds=2)).draft == "draft 2"
    assert (await refined(False, rounds=1)) == Refined("draft 1", False, 1, False)


async def test_a_writer_that_fails_after_the_first_draft_ends_it_with_the_best():
    def write(task: Any) -> str:
        if isinstance(task, Revision):
            raise LookupError("no words left")
        return "draft 1"

    result = await Runner.run(refine(write, judging(Judged(score=3))), "an ode")
    failure = Failure("LookupError", "no words left", "turn#1/refine#0/write#1")
    assert result.final_output == Refined("draft 1", False, 1, Judged(score=3), failure)
    assert [fact.error for fact in facts_of(StepFailed, result.events)] == ["LookupError"]
    with pytest.raises(ConnectionError):
        await Runner.run(refine(failing("writer"), judging()), "an ode")


async def test_a_critic_that_fails_ends_it_with_what_there_is():
    gone = ConnectionError("the line is down")
    first = Failure("ConnectionError", "the line is down", "turn#1/refine#0/judge#0")
    second = Failure("ConnectionError", "the line is down", "turn#1/refine#0/judge#1")
    assert await refined(gone) == Refined("draft 1", False, 1, None, first)
    assert await refined(Judged(score=3), gone) == Refined("draft 1", False, 2, Judged(score=3), second)


async def test_who_decides_what_passes_and_fails_loses_no_draft():
    def passes(verdict: Any) -> bool:
        raise LookupError("nothing is known")

    found = await refined(Judged(score=3), accept=passes)
    assert (found.draft, found.passed, found.verdict) == ("draft 1", False, Judged(score=3))
    assert found.failure == Failure("LookupError", "nothing is known", "turn#1/refine#0/accept#0")


async def test_a_budget_that_is_spent_ends_it_with_the_best():
    critic = agent("critic", '{"score": 3}', output_type=Judged)
    config = RunConfig(budget=Budget(turns=3))
    found = (await Runner.run(refine(numbering(), critic), "an ode", config=config)).final_output
    assert (found.draft, found.passed, found.rounds) == ("draft 1", False, 2)
    assert found.failure is not None
    assert found.failure.failed == "BudgetExceeded"


# the critic's scale --------------------------------------------------------------------------------------------------


async def test_a_verdict_outside_of_its_scale_is_refused_and_an_agent_is_told_so_once():
    heard: list[str] = []

    def judge(request: ModelRequest) -> str:
        heard.append(last(request))
        return '{"score": 11}' if len(heard) == 1 else '{"score": 9, "passes": true}'

    critic = agent("critic", judge, output_type=Judged)
    found = (await Runner.run(refine(numbering(), critic, scale=(0, 10)), "an ode")).final_output
    assert (found.passed, found.verdict.score) == (True, 9)
    assert heard[1] == snapshot("""\
The task:
an ode

The draft to judge:
draft 1

[The score 11 of 'critic' is outside its scale, 0 to 10.]\
""")


async def test_a_critic_that_stays_outside_of_its_scale_ends_it_with_what_there_is():
    critic = agent("critic", '{"score": 11}', output_type=Judged)
    found = (await Runner.run(refine(numbering(), critic, scale=(0, 10)), "an ode")).final_output
    assert found.failure is not None
    assert (found.draft, found.passed, found.failure.failed) == ("draft 1", False, "ModelMisbehaved")


async def test_a_function_that_leaves_its_scale_is_the_developers_to_mend():
    with pytest.raises(UserError, match="The score 11 of 'judge' is outside its scale, 0 to 10"):
        await refined(11, scale=(0, 10), accept=bool)


async def test_a_verdict_that_says_neither_yes_nor_no_is_the_developers_to_mend():
    with pytest.raises(UserError, match="says neither yes nor no"):
        await refined("not bad")


# anything writes and judges ------------------------------------------------------------------------------------------


async def test_workflows_write_and_judge_too():
    writer = fallback(failing("first"), sequential(numbering(), lambda draft: f"{draft}"))
    critic = sequential(agent("critic", '{"passes": true, "score": 1}', output_type=Judged))
    found = (await Runner.run(refine(writer, critic), "an ode")).final_output
    assert (found.draft, found.passed) == ("draft 1", True)


async def test_one_agent_may_write_and_judge():
    def both(request: ModelRequest) -> str:
        return "true" if "The draft to judge" in last(request) else "a draft"

    same = agent("same", both)
    found = (await Runner.run(refine(same, same, accept="true".__eq__), "an ode")).final_output
    assert (found.draft, found.passed) == ("a draft", True)


async def test_what_came_of_it_is_the_same_when_it_is_read_from_a_journal():
    writer = agent("writer", '{"text": "oh"}', output_type=Essay)
    critics = [
        agent("critic", '{"score": 3}', output_type=Judged),
        failing("critic"),
        sequential(agent("critic", '{"passes": true}', output_type=Judged)),
    ]
    for critic in critics:
        workflow, config = refine(writer, critic, rounds=2), keeping()
        first = await Runner.run(workflow, "an ode", conversation="c", config=config)
        again = await Runner.resume(workflow, conversation="c", config=config)
        assert first.final_output.draft == Essay(text="oh")
        assert again.final_output == first.final_output


async def test_what_was_written_and_judged_is_not_again_when_it_goes_on():
    world = World()
    down = True

    def judge(request: ModelRequest) -> str:
        if down:
            raise ConnectionError("the line is down")
        return '{"passes": true}'

    async def then(found: Refined[Any]) -> str:
        if not found.passed:
            raise ConnectionError("not yet")
        return found.draft

    workflow = sequential(refine(world.agent("writer", "x"), agent("critic", judge, output_type=Judged)), then)
    config = keeping()
    with pytest.raises(ConnectionError, match="not yet"):
        await Runner.run(workflow, "an ode", conversation="c", config=config)
    assert world.asked == {"writer": 1}


unchecked: Any = refine  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(None, judging()), "writer is None"),
        (lambda: unchecked(numbering(), "critic"), "critic is 'critic'"),
        (lambda: unchecked(numbering(), judging(), rounds=0), "rounds=0"),
        (lambda: unchecked(numbering(), judging(), rounds=True), "rounds=True"),
        (lambda: unchecked(numbering(), judging(), accept=5), "accept=5"),
        (lambda: unchecked(numbering(), judging(), scale=(10, 0)), "scale="),
        (lambda: unchecked(numbering(), judging(), scale=(1,)), r"scale=\(1,\)"),
        (lambda: unchecked(numbering(), judging(), scale=5), "scale=5"),
        (lambda: unchecked(numbering(), judging(), scale=("a", "b")), "scale=.'a'"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
