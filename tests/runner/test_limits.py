"""The limits of a run: answers of one agent loop, agent runs within one another, and the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import (
    Agent,
    Budget,
    Message,
    RunConfig,
    Runner,
    UserError,
    debate,
    fallback,
    handoff,
    parallel,
    refine,
    sequential,
    supervisor,
    tool,
)
from switchroom.budget import PartialAnswer
from switchroom.errors import BudgetExceeded, DeadlineExceeded, MaxTurnsExceeded
from switchroom.events import ModelAnswered, ToolReturned, ToolStarted
from switchroom.guardrail import Pass, on_output
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from tests.helpers import asked_by_person, facts_of, keeping, last, run_of
from tests.virtual import VirtualLoop, in_no_time

# answers of a loop -------------------------------------------------------------------------------------------------


@tool(effect="read")
async def look(n: int = 0) -> str:
    """Look."""
    return f"seen {n}"


def looking(name: str, times: int, **options: Any) -> Agent[str]:
    """An agent that looks some times before it answers."""
    calls = [call("look", n=n) for n in range(times)]
    return Agent(name, model=ScriptedModel([*calls, "done"]), tools=[look], **options)


@pytest.mark.parametrize("budget", [None, Budget(turns=100)])
async def test_twenty_five_agents_beside_one_another_give_twenty_five_results(budget: Budget | None):
    branches = {f"a{n}": Agent(f"a{n}", model=ScriptedModel(["done"])) for n in range(25)}
    result = await Runner.run(parallel(branches), "x", config=RunConfig(budget=budget))
    assert len(result.final_output.results) == 25


async def test_the_budget_counts_the_answers_of_the_whole_tree():
    branches = {f"a{n}": Agent(f"a{n}", model=ScriptedModel(["done"])) for n in range(25)}
    result = await Runner.run(parallel(branches), "x", config=RunConfig(budget=Budget(turns=10)))
    assert (len(result.final_output.results), result.usage.requests) == (10, 10)


async def test_workers_have_as_many_answers_as_their_manager():
    workers = [looking(name, 2) for name in ("a", "b")]
    manager = Agent("manager", model=ScriptedModel([[call("a", input="x"), call("b", input="x")], "both done"]))
    result = await Runner.run(supervisor(manager, workers), "x", config=RunConfig(max_turns=3))
    assert (result.final_output, result.usage.requests) == ("both done", 8)


async def test_a_handoff_stays_in_the_same_loop_and_count():
    clerk = looking("clerk", 2)
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_clerk", reason="theirs")]), handoffs=[clerk])
    assert (await Runner.run(triage, "x", config=RunConfig(max_turns=4))).final_output == "done"
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_clerk", reason="theirs")]), handoffs=[looking("clerk", 2)])
    with pytest.raises(MaxTurnsExceeded) as error:
        await Runner.run(triage, "x", config=RunConfig(max_turns=3))
    assert str(error.value) == snapshot(
        "The agent loop at turn#1/triage#0 had 3 model answers and is not finished; agent 'clerk' is next. "
        "Allow more than RunConfig(max_turns=3), or find the repetition in error.run.facts."
    )
    assert run_of(error.value).usage.requests == 3


async def test_the_error_names_the_loop_inside_the_run_that_went_round():
    inner = looking("inner", 5)
    outer = Agent("outer", model=ScriptedModel([call("inner", input="go")]), tools=[inner])
    with pytest.raises(MaxTurnsExceeded, match=r"agent loop at turn#1/outer#0/inner#1\.0 had 2 model answers"):
        await Runner.run(outer, "x", config=RunConfig(max_turns=2))


async def test_the_count_goes_on_over_the_attempts_of_a_turn_and_begins_anew_with_the_next_turn():
    config = keeping(max_turns=2)
    agent = looking("clerk", 3)
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent, "x", config=config, conversation="c")
    with pytest.raises(MaxTurnsExceeded, match="had 2 model answers"):
        await Runner.resume(agent, config=config, conversation="c")
    more = RunConfig(journal=config.journal, max_turns=4)
    assert (await Runner.resume(agent, config=more, conversation="c")).final_output == "done"
    agent = looking("clerk", 1)
    assert (await Runner.run(agent, "y", config=config, conversation="c")).final_output == "done"


def test_an_answer_that_came_too_late_for_a_handoff_counts():
    async def late(request: ModelRequest) -> str:
        await asyncio.sleep(10)
        return "too late"

    clerk = Agent("clerk", model=FunctionModel(late))
    model = ScriptedModel([call("transfer_to_clerk", reason="theirs"), "then I answer"])
    triage = Agent("triage", model=model, handoffs=[handoff(clerk, deadline=0.01)])
    with pytest.raises(MaxTurnsExceeded, match="had 2 model answers"):
        in_no_time(Runner.run(triage, "x", config=RunConfig(max_turns=2)))


@pytest.mark.parametrize("cut", ["while it was given", "while its tool ran"])
async def test_an_answer_that_was_cut_counts_once(cut: str):
    @tool(effect="read")
    async def wait() -> str:
        await asyncio.Event().wait()
        return "never"

    async def run(max_turns: int) -> str:
        first = deltas(["one ", "two"]) if cut == "while it was given" else call("wait")
        agent = Agent("clerk", model=ScriptedModel([first, "the answer"]), tools=[wait])
        async with Runner.stream(agent, "x", config=RunConfig(max_turns=max_turns)) as events:
            async for event in events:
                if event.kind in ("text_delta", "tool_started"):
                    events.interrupt(Message("user", "stop"))
                    break
            async for _ in events:
                pass
            return events.result.final_output

    assert (await run(2)).endswith("the answer")
    with pytest.raises(MaxTurnsExceeded, match="had 1 model answers"):
        await run(1)


# runs within one another -------------------------------------------------------------------------------------------


def asking(name: str, *others: str) -> FunctionModel:
    """A model that asks another agent, and gives what that said."""
    return FunctionModel(lambda request: call(others[0], input="go on") if asked_by_person(request) else last(request))


def chain(length: int) -> Agent[str]:
    """Agents each of which has the next as a tool."""
    agent = Agent("a1", model=FunctionModel(lambda request: "the end"))
    for place in range(2, length + 1):
        agent = Agent(f"a{place}", model=asking(f"a{place}", agent.name), tools=[agent])
    return agent


@pytest.mark.parametrize("length", [15, 16])
async def test_sixteen_agents_may_be_tools_of_one_another(length: int):
    assert (await Runner.run(chain(length), "x")).final_output == "the end"


async def test_seventeen_are_a_circle():
    with pytest.raises(UserError, match="more than 16 deep, which is a circle: a17 > a16 > a15 > "):
        await Runner.run(chain(17), "x")


async def test_a_circle_of_agents_ends_at_once_and_is_named():
    inner: Any = None

    @tool(effect="read")
    async def right(input: str) -> str:
        return (await Runner.run(inner, input)).final_output

    left = Agent("left", model=asking("left", "right"), tools=[right])
    inner = Agent("right", model=asking("right", "left"), tools=[left])
    with pytest.raises(UserError) as error:
        await Runner.run(left, "x", config=keeping(max_turns=1000))
    assert str(error.value) == snapshot(
        "Agent runs stand within one another more than 16 deep, which is a circle: left > right > left. "
        "Do not give an agent a tool that runs an agent around it; use a handoff to go back."
    )
    assert run_of(error.value).usage.requests == 16


async def test_a_worker_that_hires_its_own_manager_ends_too():
    boss: Any = None

    async def hire(input: str, scope: Scope) -> str:
        return await scope.call(boss, input)

    boss = supervisor(Agent("boss", model=asking("boss", "hire")), [hire])
    with pytest.raises(UserError, match="which is a circle: boss > boss"):
        await Runner.run(boss, "x")


async def test_workflows_may_stand_deeper_within_one_another_than_agents():
    step: Any = Agent("a", model=FunctionModel(lambda request: "done"))
    for _ in range(40):
        step = sequential(step)
    assert (await Runner.run(step, "x")).final_output == "done"


# the deadline ------------------------------------------------------------------------------------------------------


async def swallows() -> None:
    """Wait until the deadline cancels, and go on as if nothing had been."""
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        await asyncio.sleep(1)


async def blocks() -> None:
    """Keep the event loop for a second: no timer is run meanwhile."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.now += 1


HOW = pytest.mark.parametrize("passes_time", [swallows, blocks])


@pytest.fixture
def asked() -> list[str]:
    """The agents whose models were asked."""
    return []


def slow_agent(asked: list[str], passes_time: Callable[[], Any], name: str = "clerk") -> Agent[str]:
    """An agent whose tool does not keep the deadline, and that would call it again."""

    @tool(effect="read")
    async def work() -> str:
        await passes_time()
        return "worked"

    def answer(request: ModelRequest) -> Any:
        asked.append(request.agent)
        return call("work") if len(request.messages) < 9 else "done"

    return Agent(name, model=FunctionModel(answer), tools=[work])


@HOW
@pytest.mark.parametrize(
    "config", [RunConfig(deadline=0.1), RunConfig(budget=Budget(seconds=0.1))], ids=["a deadline", "a budget"]
)
def test_after_the_deadline_no_model_is_asked_and_no_tool_called(asked: list[str], passes_time: Any, config: RunConfig):
    expected = DeadlineExceeded if config.deadline else BudgetExceeded
    with pytest.raises(expected, match=r"0\.1 s") as error:
        in_no_time(Runner.run(slow_agent(asked, passes_time), "x", config=config))
    assert asked == ["clerk"]
    assert len(facts_of(ToolStarted, run_of(error.value).events)) == 1
    assert len(facts_of(ToolReturned, run_of(error.value).events)) == 1  # what was done is known


@HOW
def test_the_deadline_that_passed_is_told_by_the_run_that_declared_it(asked: list[str], passes_time: Any):
    async def outer(text: str) -> str:
        try:
            await Runner.run(slow_agent(asked, passes_time), text, config=RunConfig(deadline=0.1))
        except DeadlineExceeded as error:
            return str(error)
        return "no"

    told = in_no_time(Runner.run(outer, "x", config=RunConfig(deadline=100))).final_output
    assert told == "The run of 'clerk' took longer than its deadline of 0.1 s."


AROUND: dict[str, tuple[Callable[[Any, Any], Any], list[str]]] = {
    "sequential": (lambda slow, other: sequential(slow, other), ["clerk"]),
    "fallback": (lambda slow, other: fallback(slow, other), ["clerk"]),
    "one branch at a time": (lambda slow, other: parallel(slow, other, limit=1), ["clerk"]),
    "branches at the same time": (lambda slow, other: parallel(other, slow), ["other", "clerk"]),
    "debate": (lambda slow, other: debate(slow, other, judge=other), ["clerk"]),
    "refine": (lambda slow, other: refine(other, slow), ["other", "clerk"]),
}


@HOW
@pytest.mark.parametrize("name", AROUND)
def test_no_workflow_goes_on_after_the_deadline_and_none_hides_it(asked: list[str], passes_time: Any, name: str):
    """Workflows take failures as values, but the deadline of the run around them is none."""

    def other(request: ModelRequest) -> str:
        asked.append("other")
        return "other"

    around, expected = AROUND[name]
    step = around(slow_agent(asked, passes_time), Agent("other", model=FunctionModel(other)))
    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(step, "x", config=RunConfig(deadline=0.1)))
    assert asked == expected


@HOW
def test_calls_that_wait_for_a_place_are_not_made_after_the_deadline(passes_time: Any):
    made: list[int] = []

    @tool(effect="read")
    async def work(n: int) -> str:
        made.append(n)
        await passes_time()
        return "worked"

    agent = Agent("clerk", model=ScriptedModel([[call("work", n=n) for n in range(3)], "done"]), tools=[work])
    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(agent, "x", config=RunConfig(deadline=0.1, parallel_tools=1)))
    assert made == [0]


@HOW
def test_a_step_calls_no_other_step_after_the_deadline(asked: list[str], passes_time: Any):
    async def outer(text: str, scope: Scope) -> str:
        await passes_time()
        try:
            return await scope.call(slow_agent(asked, passes_time), text)
        except Exception:  # the deadline is nothing that a step can take for a failure
            return "hidden"

    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(outer, "x", config=RunConfig(deadline=0.1)))
    assert asked == []


@HOW
def test_a_task_group_of_a_step_passes_the_deadline_on(asked: list[str], passes_time: Any):
    async def outer(text: str, scope: Scope) -> str:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(scope.call(slow_agent(asked, passes_time), text))  # pyright: ignore[reportArgumentType]
        return "done"

    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(outer, "x", config=RunConfig(deadline=0.1)))
    assert len(asked) <= 2


def test_a_cancellation_that_a_tool_swallows_ends_the_run_all_the_same(asked: list[str]):
    async def run() -> None:
        running = asyncio.ensure_future(Runner.run(slow_agent(asked, swallows), "x"))
        await asyncio.sleep(10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    in_no_time(run())
    assert asked == ["clerk"]


def test_what_is_cancelled_already_may_still_run_an_agent(asked: list[str]):
    async def tidies_up() -> str:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            return (await Runner.run(slow_agent(asked, blocks), "x")).final_output
        return "no"

    async def run() -> str:
        running = asyncio.ensure_future(tidies_up())
        await asyncio.sleep(10)
        running.cancel()
        return await running

    assert in_no_time(run()) == "done"


def test_an_interruption_that_a_tool_swallows_is_answered_next(asked: list[str]):
    async def run() -> list[str]:
        kinds: list[str] = []
        async with Runner.stream(slow_agent(asked, swallows), "x") as events:
            async for event in events:
                kinds.append(event.kind)
                if kinds[-1] == "tool_started" and "answer_cut" not in kinds:
                    events.interrupt("stop")
                if kinds[-1] == "answer_cut":
                    break
        return kinds

    assert in_no_time(run()).count("model_answered") == 1


def test_an_answer_that_is_there_is_given_also_after_the_deadline():
    async def late(request: ModelRequest) -> str:
        await blocks()
        return "here it is"

    agent = Agent("clerk", model=FunctionModel(late))
    assert in_no_time(Runner.run(agent, "x", config=RunConfig(deadline=0.1))).final_output == "here it is"


def test_no_guardrail_is_asked_after_the_deadline():
    judged: list[str] = []

    async def late(request: ModelRequest) -> str:
        await blocks()
        return "here it is"

    async def polite(ctx: Any, value: str) -> Pass:
        judged.append(value)
        return Pass()

    agent = Agent("clerk", model=FunctionModel(late), guardrails=[on_output(polite)])
    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(agent, "x", config=RunConfig(deadline=0.1)))
    assert judged == []


@HOW
def test_a_run_that_the_deadline_ended_goes_on_where_it_was(asked: list[str], passes_time: Any):
    config = keeping(deadline=0.1)
    agent = slow_agent(asked, passes_time)
    with pytest.raises(DeadlineExceeded):
        in_no_time(Runner.run(agent, "x", config=config, conversation="c"))
    more = RunConfig(journal=config.journal, deadline=1e6)
    result = in_no_time(Runner.resume(agent, config=more, conversation="c"))
    assert result.final_output == "done"
    assert len(asked) == len(facts_of(ModelAnswered, result.events))


@HOW
def test_what_is_cut_for_a_partial_answer_asks_nothing_more(asked: list[str], passes_time: Any):
    config = RunConfig(budget=Budget(seconds=100, degrade=(PartialAnswer(at=0.001),)))

    async def quick(text: str) -> str:
        return "here"

    step = parallel(quick=quick, slow=slow_agent(asked, passes_time))
    found = in_no_time(Runner.run(step, "x", config=config)).final_output
    assert (found["quick"], found.failures["slow"].failed, asked) == ("here", "BudgetExceeded", ["clerk"])
