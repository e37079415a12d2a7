"""One step after the other: what each is given, what ends it, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Runner, ToolContext, UserError, parallel, sequential, tool
from switchroom.events import StepFailed
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.step import Scope
from switchroom.testing import call, transcript
from tests.helpers import asked_by_person, facts_of, keeping, last, run_of, texts
from tests.workflow.cuts import agent, echo, failing


class Facts(BaseModel):
    """What a researcher finds."""

    topic: str
    found: int = 0


def shout(text: str) -> str:
    return text.upper()


# one after the other -------------------------------------------------------------------------------------------------


async def test_each_stage_is_given_what_the_one_before_gave():
    result = await Runner.run(sequential(echo("research"), echo("analyse"), echo("write")), "go")
    assert result.final_output == "write(analyse(research(go)))"
    assert result.usage.requests == 3
    assert result.last_agent is not None
    assert result.last_agent.name == "write"


async def test_a_transcript_of_a_sequence():
    result = await Runner.run(sequential(echo("research"), shout, echo("write")), "go")
    assert transcript(result) == snapshot("""\
sequential is given "go"
  research begins, person: "go"
  research: "research(go)"
  shout begins with "research(go)"
  shout returns "RESEARCH(GO)"
  write begins, person: "RESEARCH(GO)"
  write: "write(RESEARCH(GO))"
sequential returns "write(RESEARCH(GO))"\
""")


async def test_functions_sync_and_async_with_and_without_a_scope_are_stages():
    async def alone(text: str) -> str:
        return text + " alone"

    async def placed(text: str, scope: Scope) -> str:
        return f"{text} at {scope.path}"

    def plain(text: str, scope: Scope) -> str:
        return f"{text} plainly"

    class Callable:
        async def __call__(self, text: str) -> str:
            return text + " called"

    result = await Runner.run(sequential(shout, alone, placed, plain, Callable(), len), "x")
    assert result.final_output == len("X alone at turn#1/sequential#0/placed#0 plainly called")


async def test_a_type_is_a_stage():
    assert (await Runner.run(sequential(echo("count"), lambda text: "12", int), "x")).final_output == 12


async def test_a_plain_function_runs_in_a_thread_and_one_with_a_scope_does_not():
    threads: list[bool] = []

    def apart(text: str) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return text

    def here(text: str, scope: Scope) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return text

    await Runner.run(sequential(apart, here), "x")
    assert threads == [False, True]


async def test_typed_data_is_passed_on_as_it_is_to_functions_and_as_json_to_agents():
    seen: list[Any] = []

    def count(facts: Facts) -> Facts:
        seen.append(facts)
        return Facts(topic=facts.topic, found=facts.found + 1)

    research = agent("research", '{"topic": "bees", "found": 2}', output_type=Facts)
    result = await Runner.run(sequential(research, count, echo("write")), "go")
    assert seen == [Facts(topic="bees", found=2)]
    assert result.final_output == 'write({"topic":"bees","found":3})'


async def test_a_stage_that_is_given_what_it_does_not_take_is_told_by_name():
    def half(number: int) -> int:
        return number // 2

    with pytest.raises(UserError) as error:
        await Runner.run(sequential(echo("count"), half), "go")
    assert str(error.value) == snapshot(
        "Step 'half' was given 'count(go)', which is not what it declares to take: value: Input should be a valid "
        "integer, unable to parse string as an integer."
    )


async def test_a_stage_takes_plain_data_as_the_type_that_it_declares():
    def raw(text: str) -> Any:
        return {"topic": text, "found": 1}

    def topic(facts: Facts) -> str:
        return facts.topic

    assert (await Runner.run(sequential(raw, topic), "bees")).final_output == "bees"


async def test_the_same_agent_twice_has_two_places():
    same = echo("same")
    result = await Runner.run(sequential(same, same), "x")
    places = [event.path for event in result.events if event.kind == "model_answered"]
    assert places == ["turn#1/sequential#0/same#0", "turn#1/sequential#0/same-2#0"]


async def test_a_stage_that_fails_ends_it_with_its_own_error_and_the_rest_is_not_run():
    class OutOfPaper(Exception):
        pass

    ran: list[str] = []

    def write(text: str) -> str:
        raise OutOfPaper("no paper")

    workflow = sequential(echo("research"), write, lambda text: ran.append(text))
    with pytest.raises(OutOfPaper) as error:
        await Runner.run(workflow, "go")
    assert ran == []
    assert [fact.error for fact in facts_of(StepFailed, run_of(error.value).events)] == ["OutOfPaper", "OutOfPaper"]


async def test_a_stage_that_cancels_itself_fails_and_does_not_cancel_who_waits_for_the_run():
    async def gives_up(text: str) -> str:
        raise asyncio.CancelledError

    with pytest.raises(Exception, match="cancelled itself") as error:
        await Runner.run(sequential(gives_up), "go")
    assert [fact.error for fact in facts_of(StepFailed, run_of(error.value).events)] == ["ToolCancelled", "ToolCancelled"]


# over a state --------------------------------------------------------------------------------------------------------


async def test_over_a_state_each_stage_is_given_all_that_was_found_and_updates_it():
    def research(found: dict[str, Any]) -> dict[str, Any]:
        return {"sources": [found["input"], found["depth"]], "depth": found["depth"] + 1}

    def write(found: dict[str, Any]) -> str:
        return f"{found['sources']} at {found['depth']}"

    given = {"depth": 1}
    result = await Runner.run(sequential(research, write, state=given), "bees")
    assert result.final_output == {"depth": 2, "input": "bees", "sources": ["bees", 1], "write": "['bees', 1] at 2"}
    assert given == {"depth": 1}


async def test_over_a_state_agents_read_it_as_json_and_typed_answers_stand_under_their_names():
    research = agent("research", '{"topic": "bees"}', output_type=Facts)
    result = await Runner.run(sequential(research, echo("write"), state={}), "go")
    assert result.final_output["research"] == Facts(topic="bees")
    assert result.final_output["write"] == 'write({"input":"go","research":{"topic":"bees","found":0}})'


async def test_over_a_state_what_a_workflow_gives_under_names_of_its_own_is_the_same_when_it_is_read_from_a_journal():
    def research(found: dict[str, Any]) -> dict[str, Any]:
        return {"research": "a text under the name of the stage"}

    workflow = sequential(research, parallel(good=echo("good"), bad=failing("bad")), state={})
    config = keeping()
    first = await Runner.run(workflow, "go", conversation="c", config=config)
    again = await Runner.resume(workflow, conversation="c", config=config)
    assert again.final_output == first.final_output
    assert str(again.final_output["bad"]) == "ConnectionError: the line is down"


# bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [None, 5, "text", [echo()], tool(shout)])
def test_what_is_no_step_is_refused_with_its_place(step: Any):
    with pytest.raises(UserError, match="sequential: step 2 is"):
        sequential(echo(), step)


def test_a_sequence_of_nothing_is_refused():
    with pytest.raises(UserError) as error:
        sequential()  # pyright: ignore[reportCallIssue]
    assert str(error.value) == snapshot("sequential() has no stages. Pass at least one step.")
    with pytest.raises(UserError, match="no stages"):
        sequential(state={})


@pytest.mark.parametrize("state", [5, "x", [1], {"a": object()}])
def test_a_state_that_is_no_dict_of_json_is_refused(state: Any):
    with pytest.raises(UserError, match="state="):
        sequential(echo(), state=state)


async def test_functions_that_call_one_another_for_ever_are_a_circle_with_a_name():
    async def ping(text: str, scope: Scope) -> str:
        return await scope.call(pong, text)

    async def pong(text: str, scope: Scope) -> str:
        return await scope.call(ping, text)

    with pytest.raises(UserError) as error:
        await Runner.run(ping, "x")
    assert str(error.value) == snapshot(
        "Steps stand within one another 100 deep, which is a circle: ping > pong > ping > pong > ping > pong > .... Break it."
    )


async def test_workflows_that_run_one_another_for_ever_are_a_circle():
    async def again(text: str, scope: Scope) -> Any:
        return await scope.call(outer, text)

    outer = sequential(parallel(sequential(again), shout, join=str))
    with pytest.raises(UserError, match="which is a circle: sequential > parallel > sequential > again > sequential"):
        await Runner.run(outer, "x")


async def test_agents_that_are_tools_of_one_another_are_a_circle():
    def asks(other: str) -> Any:
        def answer(request: ModelRequest) -> Reply:
            return call(other, input="go on") if asked_by_person(request) else last(request)

        return answer

    @tool(effect="read")
    async def left(ctx: ToolContext, input: str) -> str:
        return (await Runner.run(agent("left", asks("right"), tools=[right]), input)).final_output

    @tool(effect="read")
    async def right(ctx: ToolContext, input: str) -> str:
        return (await Runner.run(agent("right", asks("left"), tools=[left]), input)).final_output

    entry = Agent("entry", model=agent("entry", asks("left")).model, tools=[left])
    with pytest.raises(UserError, match="which is a circle"):
        await Runner.run(entry, "x", config=keeping(max_turns=1000))


# in a conversation ---------------------------------------------------------------------------------------------------


async def test_the_first_stage_knows_what_was_said_before_and_the_second_only_what_the_first_made_of_it():
    heard: list[tuple[str, list[tuple[str, str]]]] = []

    def listening(name: str) -> Agent[Any]:
        def answer(request: Any) -> str:
            heard.append((name, texts(request.messages)))
            return f"{name}: {last(request)}"

        return agent(name, answer)

    workflow, config = sequential(listening("a"), listening("b")), keeping()
    await Runner.run(workflow, "my name is Ann", conversation="c", config=config)
    await Runner.run(workflow, "who am I?", conversation="c", config=config)
    assert heard[2:] == snapshot(
        [
            ("a", [("user", "my name is Ann"), ("assistant", "b: a: my name is Ann"), ("user", "who am I?")]),
            ("b", [("user", "a: who am I?")]),
        ]
    )


async def test_a_typed_input_is_known_for_what_the_person_says_too():
    heard: list[int] = []

    def answer(request: Any) -> str:
        heard.append(len(request.messages))
        return "noted"

    workflow, config = sequential(agent("a", answer)), keeping()
    await Runner.run(workflow, Facts(topic="bees"), conversation="c", config=config)
    await Runner.run(workflow, Facts(topic="wasps"), conversation="c", config=config)
    assert heard == [1, 3]
