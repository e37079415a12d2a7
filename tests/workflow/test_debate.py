"""Sides that argue in rounds: what they know, when it is over, and what is kept when one fails."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Budget, RunConfig, Runner, UserError, debate
from switchroom.budget import PartialAnswer
from switchroom.model import ModelRequest
from switchroom.testing import transcript
from switchroom.workflow import Argument, Failure
from tests.helpers import keeping, last, texts
from tests.workflow.cuts import World, agent, echo, failing


class Conclusion(BaseModel):
    """What a moderator gives."""

    side: str


def side(name: str, *arguments: str, fails_in: int = 0) -> Any:
    """A side that says the next of its arguments each round, and fails in one."""
    spoken = [0]

    def answer(request: ModelRequest) -> str:
        spoken[0] += 1
        if spoken[0] == fails_in:
            raise ConnectionError("the line is down")
        return arguments[min(spoken[0], len(arguments)) - 1]

    return agent(name, answer)


async def test_sides_speak_in_turn_each_knowing_what_was_said_and_the_judge_concludes():
    workflow = debate(side("pro", "yes", "still yes"), side("con", "no", "still no"), rounds=2, judge=echo("judge"))
    result = await Runner.run(workflow, "tabs?")
    assert result.final_output.arguments == (
        Argument("pro", 1, "yes"),
        Argument("con", 1, "no"),
        Argument("pro", 2, "still yes"),
        Argument("con", 2, "still no"),
    )
    assert (result.final_output.rounds, result.final_output.consensus) == (2, False)
    assert str(result.final_output) == snapshot("""\
judge(Question: tabs?

pro: yes

con: no

pro: still yes

con: still no

Conclude.)\
""")


async def test_a_transcript_of_a_debate():
    workflow = debate(side("a", "yes", "yes!"), side("b", "no", fails_in=2), rounds=3, judge=agent("judge", "yes"))
    told, _, returned = transcript(await Runner.run(workflow, "tabs?")).rpartition("\n")
    assert returned.startswith('debate returns {"conclusion":"yes","arguments":[{"side":"a","round":1,"text":"yes"},')
    assert told == snapshot("""\
debate is given "tabs?"
  a begins, person: "Question: tabs?\\n\\nPresent your argument."
  a: "yes"
  b begins, person: "Question: tabs?\\n\\na: yes\\n\\nPresent your argument, and answer the others'."
  b: "no"
  a begins, person: "Question: tabs?\\n\\na: yes\\n\\nb: no\\n\\nPresent your argument, and answer the others'."
  a: "yes!"
  b begins, person: "Question: tabs?\\n\\na: yes\\n\\nb: no\\n\\na: yes!\\n\\nPresent your argument, and answer the others'."
  b fails with ConnectionError: the line is down
  judge begins, person: "Question: tabs?\\n\\na: yes\\n\\nb: no\\n\\na: yes!\\n\\nConclude."
  judge: "yes"\
""")


async def test_a_side_that_fails_falls_silent_and_what_it_said_stays_said():
    sides = side("a", "a1", "a2", "a3"), side("b", "b1", fails_in=2), side("c", "c1", "c2", "c3")
    found = (await Runner.run(debate(*sides, rounds=3), "tabs?")).final_output
    assert [argument.text for argument in found.arguments] == ["a1", "b1", "c1", "a2", "c2", "a3", "c3"]
    assert found.failures == {"b": Failure("ConnectionError", "the line is down", "turn#1/debate#0/b#1")}
    assert str(found).startswith("a: a1\n\nb: b1")


async def test_when_nobody_is_left_to_answer_it_is_over_and_the_judge_concludes():
    workflow = debate(side("a", "a1", fails_in=2), side("b", "b1", "b2"), rounds=9, judge=agent("judge", "so be it"))
    found = (await Runner.run(workflow, "tabs?")).final_output
    assert (found.rounds, found.conclusion, list(found.failures)) == (2, "so be it", ["a"])


async def test_when_nobody_said_anything_it_fails_as_the_first_side_did():
    with pytest.raises(ConnectionError):
        await Runner.run(debate(failing("a"), failing("b", lambda: ValueError("x")), judge=echo()), "tabs?")


async def test_sides_that_agree_need_no_further_round():
    found = (await Runner.run(debate(side("a", "a", "Yes  we do"), side("b", "b", "yes we do")), "tabs?")).final_output
    assert (found.consensus, found.rounds) == (True, 2)


async def test_a_function_or_an_agent_says_whether_they_agree():
    seen: list[dict[str, str]] = []

    def agree(told: dict[str, str]) -> bool:
        seen.append(told)
        return len(seen) == 2

    found = (await Runner.run(debate(echo("a"), echo("b"), rounds=5, consensus=agree), "tabs?")).final_output
    assert (found.consensus, found.rounds, list(seen[0])) == (True, 2, ["a", "b"])
    judge = agent("agreed", "true", output_type=bool)
    assert (await Runner.run(debate(echo("a"), echo("b"), consensus=judge), "tabs?")).final_output.rounds == 1


async def test_who_says_neither_yes_nor_no_to_consensus_is_told_to():
    with pytest.raises(UserError, match="debate: consensus gave 'perhaps', which says neither yes nor no"):
        await Runner.run(debate(echo("a"), echo("b"), consensus=lambda told: "perhaps"), "tabs?")


async def test_a_consensus_that_cannot_be_found_out_loses_no_argument():
    def agree(told: dict[str, str]) -> bool:
        raise LookupError("nothing is known")

    found = (await Runner.run(debate(echo("a"), echo("b"), rounds=2, consensus=agree), "tabs?")).final_output
    assert (len(found.arguments), found.consensus) == (4, False)
    assert found.failures["consensus"].failed == "LookupError"


async def test_a_judge_that_fails_ends_it_and_the_arguments_are_not_asked_for_again():
    world = World()
    down = True

    def concludes(request: ModelRequest) -> str:
        if down:
            raise ConnectionError("the line is down")
        return "so be it"

    workflow = debate(world.agent("a", "x"), world.agent("b", "y"), rounds=1, judge=agent("judge", concludes))
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(workflow, "tabs?", conversation="c", config=config)
    down = False
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output.conclusion == "so be it"
    assert world.asked == {"a": 1, "b": 1}


async def test_sides_are_shown_no_more_than_the_transcript_holds_and_told_what_is_left_out():
    asked: list[str] = []

    def answer(request: ModelRequest) -> str:
        asked.append(last(request))
        return "x" * 40

    await Runner.run(debate(agent("a", answer), agent("b", lambda request: "y" * 30), rounds=3, transcript=50), "tabs?")
    assert asked[2] == snapshot("""\
Question: tabs?

[3 earlier arguments are left out]

b: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy

Present your argument, and answer the others'.\
""")
    await Runner.run(debate(agent("a", answer), agent("b", lambda request: "y" * 300), rounds=2, transcript=50), "tabs?")
    assert asked[-1] == snapshot("""\
Question: tabs?

[1 earlier arguments are left out]

b: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy [cut short]

Present your argument, and answer the others'.\
""")


async def test_functions_argue_too_and_read_the_question_as_it_was_asked():
    seen: list[Any] = []

    def argue(motion: Any) -> str:
        seen.append(motion.asked)
        return "no" if "Question: tabs?" in motion else "what?"

    found = (await Runner.run(debate(argue, echo("b"), rounds=1), "tabs?")).final_output
    assert (seen, found.arguments[0].text) == (["tabs?"], "no")


async def test_sides_know_what_was_said_to_the_person_before():
    heard: list[list[tuple[str, str]]] = []

    def answer(request: ModelRequest) -> str:
        heard.append(texts(request.messages))
        return "yes"

    workflow, config = debate(agent("a", answer), agent("b", "no"), rounds=1, judge=agent("judge", "perhaps")), keeping()
    await Runner.run(workflow, "tabs?", conversation="c", config=config)
    await Runner.run(workflow, "and spaces?", conversation="c", config=config)
    assert heard[1][0] == ("user", "tabs?")
    assert '"conclusion":"perhaps"' in heard[1][1][1]


async def test_what_a_debate_came_to_is_the_same_when_it_is_read_from_a_journal():
    judge = agent("judge", '{"side": "pro"}', output_type=Conclusion)
    workflow, config = debate(side("pro", "yes", "y2"), side("con", "no", fails_in=2), rounds=3, judge=judge), keeping()
    first = await Runner.run(workflow, "tabs?", conversation="c", config=config)
    again = await Runner.resume(workflow, conversation="c", config=config)
    assert first.final_output.conclusion == Conclusion(side="pro")
    assert again.final_output == first.final_output


async def test_when_the_budget_is_spent_what_was_said_so_far_is_the_answer_if_it_wants_that():
    budget = Budget(turns=4, degrade=(PartialAnswer(),))
    workflow = debate(echo("a"), echo("b"), rounds=3, judge=echo("judge"))
    found = (await Runner.run(workflow, "tabs?", config=RunConfig(budget=budget))).final_output
    assert (len(found.arguments), found.conclusion) == (4, None)
    assert set(found.failures) == {"a", "b", "judge"}


unchecked: Any = debate  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(), "0 sides"),
        (lambda: unchecked(echo()), "1 sides"),
        (lambda: unchecked(echo(), None), "debate: step 2 is None"),
        (lambda: unchecked(echo(), echo(), rounds=0), "rounds=0"),
        (lambda: unchecked(echo(), echo(), rounds=1.5), "rounds=1.5"),
        (lambda: unchecked(echo(), echo(), transcript=0), "transcript=0"),
        (lambda: unchecked(echo(), echo(), judge=5), "judge is 5"),
        (lambda: unchecked(echo(), echo(), consensus=5), "consensus is 5"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
