"""Steps in order until one answers: what the next is told, what goes on and what does not, and what is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import RunConfig, Runner, UserError, fallback, sequential
from switchroom.errors import Fenced, GuardrailTripped, ModelDenied, NotAccepted
from switchroom.events import StepFailed
from switchroom.guardrail import Trip, on_input
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.testing import transcript
from tests.helpers import facts_of, keeping, last, run_of, texts
from tests.laws.worlds import Died, DyingJournal
from tests.workflow.cuts import World, agent, echo, failing


class Invoice(BaseModel):
    """What one step gives."""

    cents: int = 0


class Ticket(BaseModel):
    """What another gives."""

    number: int


def hearing(name: str, heard: list[Any], answer: str = "well") -> Any:
    """An agent of which it is known what it was asked."""

    def answered(request: ModelRequest) -> str:
        heard.append(texts(request.messages))
        return answer

    return agent(name, answered)


async def trips(ctx: Any, messages: Any) -> Trip:
    return Trip("no")


def guarded(name: str = "guarded") -> Any:
    """An agent whose guardrail trips."""
    return agent(name, "never", guardrails=[on_input(trips)])


# one after the other -------------------------------------------------------------------------------------------------


async def test_the_first_that_answers_answers_and_the_others_are_not_asked():
    world = World()
    result = await Runner.run(fallback(failing("a"), world.agent("b", "well"), world.agent("c", "too")), "x")
    assert (result.final_output, world.asked) == ("well", {"b": 1})
    assert [fact.error for fact in facts_of(StepFailed, result.events)] == ["ConnectionError"]


async def test_the_next_is_told_what_became_of_all_before_and_the_question_stays_the_newest():
    heard: list[Any] = []
    await Runner.run(fallback(failing("a"), failing("b", lambda: KeyError("key")), hearing("c", heard)), "help")
    assert heard == snapshot(
        [
            [
                (
                    "system",
                    "[a could not answer: ConnectionError: the line is down. b could not answer: KeyError: 'key'. "
                    "You are asked instead.]",
                ),
                ("user", "help"),
            ]
        ]
    )


async def test_a_function_is_given_the_question_and_the_error_if_it_takes_it():
    seen: list[Any] = []

    def second(text: str, scope: Scope, error: str = "") -> str:
        seen.append((text, error))
        raise LookupError("nor I")

    async def third(text: str, *, error: str = "") -> str:
        seen.append((text, error))
        raise LookupError("nor I")

    def fourth(text: str) -> str:
        return text

    assert (await Runner.run(fallback(failing("a"), second, third, fourth), "help")).final_output == "help"
    assert seen[0] == ("help", "a could not answer: ConnectionError: the line is down.")
    assert seen[1][0] == "help"
    assert seen[1][1].endswith("second could not answer: LookupError: nor I.")


async def test_nobody_before_is_no_error():
    def only(text: str, error: str) -> str:
        return repr(error)

    assert (await Runner.run(fallback(only), "x")).final_output == "''"


async def test_a_transcript_of_a_fallback():
    result = await Runner.run(fallback(failing("primary"), echo("backup")), "help")
    assert transcript(result) == snapshot("""\
fallback is given "help"
  primary begins, person: "help"
  primary fails with ConnectionError: the line is down
  backup begins, person: "help" (after 1 more)
  backup: "backup(help)"
fallback returns "backup(help)"\
""")


async def test_when_nobody_answers_the_last_error_is_raised_with_what_became_of_the_others():
    with pytest.raises(LookupError) as error:
        await Runner.run(fallback(failing("a"), failing("b"), failing("c", lambda: LookupError("no"))), "x")
    assert error.value.__notes__ == snapshot(
        [
            "Before, a could not answer: ConnectionError: the line is down.",
            "Before, b could not answer: ConnectionError: the line is down.",
        ]
    )
    assert [fact.error for fact in facts_of(StepFailed, run_of(error.value).events)][-1] == "LookupError"


async def test_a_fallback_in_a_fallback_keeps_the_question_and_what_the_person_was_told():
    heard: list[Any] = []
    inner = fallback(failing("b"), hearing("c", heard))
    workflow, config = fallback(failing("a"), inner), keeping()
    await Runner.run(workflow, "first", conversation="c", config=config)
    await Runner.run(workflow, "second", conversation="c", config=config)
    assert [text for _, text in heard[1]][:2] == ["first", "well"]
    assert heard[1][-1] == ("user", "second")
    assert "asked" not in heard[1][-2][1].replace("You are asked instead", "")


# what goes on --------------------------------------------------------------------------------------------------------


async def test_what_must_not_be_answered_is_not_answered_by_the_backup_unless_that_is_asked_for():
    with pytest.raises(GuardrailTripped):
        await Runner.run(fallback(guarded(), echo()), "x")
    result = await Runner.run(fallback(guarded(), echo(), on=(GuardrailTripped,)), "x")
    assert result.final_output == "echo(x)"


async def test_what_the_developer_has_to_change_is_raised_but_for_a_key_that_is_not_taken():
    with pytest.raises(UserError, match="change this"):
        await Runner.run(fallback(failing("a", lambda: UserError("change this")), echo()), "x")
    result = await Runner.run(fallback(failing("a", lambda: ModelDenied("no key")), echo()), "x")
    assert result.final_output == "echo(x)"


async def test_only_the_named_exceptions_go_on():
    workflow = fallback(failing("a"), echo(), on=(LookupError,))
    with pytest.raises(ConnectionError):
        await Runner.run(workflow, "x")
    assert (await Runner.run(fallback(failing("a"), echo(), on=(OSError,)), "x")).final_output == "echo(x)"


async def test_who_has_lost_the_conversation_to_another_writer_asks_nobody_else():
    class Taken(MemoryJournal):
        def append(self, conversation: str, events: Any) -> None:
            if any(event.kind == "model_answered" for event in events):
                raise Fenced("another writer has it")
            super().append(conversation, events)

    world = World()
    workflow = fallback(echo("a"), world.agent("b", "never"), on=(Exception,))
    with pytest.raises(Fenced):
        await Runner.run(workflow, "x", conversation="c", config=RunConfig(journal=Taken()))
    assert not world.asked


# accepted ------------------------------------------------------------------------------------------------------------


async def test_an_answer_that_is_not_accepted_is_not_the_answer():
    heard: list[Any] = []
    workflow = fallback(agent("a", "short"), hearing("b", heard, "long enough"), accept=lambda answer: len(answer) > 6)
    assert (await Runner.run(workflow, "x")).final_output == "long enough"
    assert heard[0][0][1] == snapshot("[a could not answer: NotAccepted: its answer was not accepted. You are asked instead.]")


async def test_an_agent_may_judge_what_is_accepted_and_its_reason_is_told():
    class Judged(BaseModel):
        passes: bool
        feedback: str = ""

    judge = agent(
        "judge",
        lambda request: '{"passes": true}' if last(request) == "good" else '{"passes": false, "feedback": "too short"}',
        output_type=Judged,
    )
    with pytest.raises(NotAccepted, match="not accepted: too short"):
        await Runner.run(fallback(agent("a", "bad"), agent("b", "bad"), accept=judge), "x")
    assert (await Runner.run(fallback(agent("a", "bad"), agent("b", "good"), accept=judge), "x")).final_output == "good"


async def test_who_judges_and_fails_is_told_as_a_failure_of_that_step():
    asked: list[str] = []

    def judge(answer: str) -> bool:
        asked.append(answer)
        if len(asked) == 1:
            raise LookupError("nothing is known")
        return True

    assert (await Runner.run(fallback(agent("a", "1"), agent("b", "2"), accept=judge), "x")).final_output == "2"


async def test_who_says_neither_yes_nor_no_is_the_developers_to_mend():
    with pytest.raises(UserError, match="says neither yes nor no"):
        await Runner.run(fallback(echo(), echo(), accept=lambda answer: "perhaps"), "x")


# read again ----------------------------------------------------------------------------------------------------------


async def test_who_failed_is_not_asked_again_on_resume_also_when_its_error_cannot_be_made_again():
    world = World()
    down = True

    def parse(text: str) -> Invoice:
        return Invoice.model_validate_json("{")

    def flaky(request: ModelRequest) -> str:
        if down:
            raise Died
        return "well"

    workflow, config = fallback(parse, world.agent("b", flaky)), keeping()
    with pytest.raises(Died):
        await Runner.run(workflow, "x", conversation="c", config=config)
    down = False
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == "well"


async def test_an_answer_is_of_the_type_of_who_gave_it_also_when_it_is_read_from_a_journal():
    first = agent("a", '{"cents": 5}', output_type=Invoice)
    second = agent("b", '{"number": 7}', output_type=Ticket)
    for steps, output in (((first, second), Invoice(cents=5)), ((failing("x"), second), Ticket(number=7))):
        workflow, config = sequential(fallback(*steps)), keeping()
        await Runner.run(workflow, "x", conversation="c", config=config)
        assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == output
    refused = fallback(first, second, accept=lambda answer: isinstance(answer, Ticket))
    config = keeping()
    assert (await Runner.run(refused, "x", conversation="c", config=config)).final_output == Ticket(number=7)
    assert (await Runner.resume(refused, conversation="c", config=config)).final_output == Ticket(number=7)


async def test_a_crash_between_two_steps_asks_the_first_not_again():
    world = World()
    down = [True]

    def flaky(request: ModelRequest) -> str:
        if down:
            raise ConnectionError("the line is down")
        return "well after all"

    workflow = fallback(world.agent("a", flaky), echo("b"))
    journal = DyingJournal(lambda event: event.kind == "model_answered")
    with pytest.raises(Died):
        await Runner.run(workflow, "x", conversation="c", config=RunConfig(journal=journal))
    down.clear()
    again = await Runner.resume(workflow, conversation="c", config=RunConfig(journal=journal))
    assert (again.final_output, world.asked["a"]) == ("b(x)", 1)


unchecked: Any = fallback  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(), "no steps"),
        (lambda: unchecked(echo(), 5), "fallback: step 2 is 5"),
        (lambda: unchecked(echo(), accept=5), "accept is 5"),
        (lambda: unchecked(echo(), on=ValueError), "on=<class 'ValueError'>"),
        (lambda: unchecked(echo(), on=("ValueError",)), "on=.'ValueError'"),
        (lambda: unchecked(echo(), on=(int,)), "on=.<class 'int'>"),
        (lambda: unchecked(echo(), on=(BaseException,)), "on=.<class 'BaseException'>"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
