"""Runs inside of runs: what a child shares with its parent, and what it means when a child waits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, ToolContext, UserError, tool
from switchroom.errors import DeadlineExceeded
from switchroom.events import ToolSuspended
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import asked_by_person, facts_of, keeping, run_of, soon
from tests.virtual import in_no_time


def worker(name: str = "worker") -> Agent[str]:
    return Agent(name, model=FunctionModel(lambda request: f"{name} did {request.messages[-1].text}"))


def cashier(paid: list[str] | None = None) -> Agent[str]:
    """An agent that has to ask a person first."""

    @tool(needs_approval=True)
    async def pay() -> str:
        (paid if paid is not None else []).append("paid")
        return "paid"

    model = FunctionModel(lambda request: call("pay") if asked_by_person(request) else "it is paid")
    return Agent("cashier", model=model, tools=[pay])


def manager(child: Any, *more: Any) -> Agent[str]:
    """An agent whose function tool runs another agent."""

    @tool(effect="read")
    async def delegate(task: str) -> str:
        return (await Runner.run(child, task)).final_output

    model = FunctionModel(
        lambda request: call("delegate", task="sums") if asked_by_person(request) else request.messages[-1].text
    )
    return Agent("manager", model=model, tools=[delegate, *more])


async def test_a_run_inside_a_tool_is_counted_with_its_parent():
    result = await Runner.run(manager(worker()), "x")
    assert result.final_output == "worker did sums"
    assert result.usage.requests == 3
    assert {name: usage.requests for name, usage in result.by_agent.items()} == {"manager": 2, "worker": 1}


async def test_a_run_inside_a_tool_stands_below_it_in_the_journal():
    result = await Runner.run(manager(worker()), "x")
    paths = {event.path for event in result.events if event.agent == "worker"}
    assert paths == snapshot({"turn#1/manager#0/delegate#1.0/worker#0"})


async def test_the_result_of_an_inner_run_counts_only_itself():
    inner: list[Any] = []

    async def work(input: str, scope: Scope) -> str:
        await Runner.run(worker("first"), "a")
        inner.append(await Runner.run(worker("second"), "b"))
        return "done"

    result = await Runner.run(work, "x")
    assert (inner[0].usage.requests, result.usage.requests) == (1, 2)
    assert inner[0].last_agent.name == "second"


async def test_max_turns_counts_the_answers_of_each_child_by_itself():
    async def work(input: str, scope: Scope) -> str:
        for n in range(5):
            await Runner.run(worker(), str(n))
        return "done"

    result = await Runner.run(work, "x", config=RunConfig(max_turns=1))
    assert (result.final_output, result.usage.requests) == ("done", 5)


def test_the_parents_deadline_ends_its_children():
    cancelled: list[str] = []

    async def hang(request: Any) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(request.agent)
            raise
        return ""

    with pytest.raises(DeadlineExceeded) as error:
        in_no_time(Runner.run(manager(Agent("w", model=FunctionModel(hang))), "x", config=RunConfig(deadline=0.02)))
    assert cancelled == ["w"]
    assert str(error.value) == snapshot("The run of 'manager' took longer than its deadline of 0.02 s.")


async def test_a_detached_run_stands_on_its_own():
    inner: list[Any] = []

    @tool(effect="read")
    async def delegate(task: str) -> str:
        inner.append(await Runner.run(worker(), task, config=RunConfig(detached=True)))
        return inner[0].final_output

    model = ScriptedModel([call("delegate", task="sums"), "done"])
    result = await Runner.run(Agent("manager", model=model, tools=[delegate]), "x")
    assert (result.usage.requests, inner[0].usage.requests) == (2, 1)
    assert inner[0].path == "turn#1/worker#0"


@pytest.mark.parametrize("option", ["deps", "state", "conversation", "journal"])
async def test_what_a_child_shares_cannot_be_given_to_it(option: str):
    given: dict[str, Any] = {option: {"x": 1}}
    if option == "journal":
        given = {"config": keeping()}
    if option == "conversation":
        given = {"conversation": "other"}

    async def work(input: str, scope: Scope) -> str:
        return (await Runner.run(worker(), "x", **given)).final_output

    with pytest.raises(UserError, match=r"inside another run shares its deps, state, conversation and journal\."):
        await Runner.run(work, "x")


async def test_a_child_with_options_of_its_own_still_gets_its_parents_model():
    bare = Agent("bare")

    async def work(input: str, scope: Scope) -> str:
        return (await Runner.run(bare, "x", config=RunConfig(parallel_tools=2))).final_output

    config = RunConfig(model=FunctionModel(lambda request: "from the parent's model"))
    assert (await Runner.run(work, "x", config=config)).final_output == "from the parent's model"


class Stage(BaseModel):
    stage: int


async def test_a_child_gets_its_parents_deps_and_state():
    seen: list[Any] = []

    @tool(effect="read")
    async def look(ctx: ToolContext) -> str:
        seen.append((ctx.deps, ctx.state))
        return "seen"

    child = Agent("child", model=ScriptedModel([call("look"), "ok"]), tools=[look])
    await Runner.run(manager(child), "x", deps="a database", state=Stage(stage=1))
    assert seen == [("a database", Stage(stage=1))]


async def test_a_run_inside_a_sync_tool_is_a_child_too():
    @tool(effect="read")
    def delegate(task: str) -> str:
        return Runner.run_sync(worker(), task).final_output

    model = ScriptedModel([call("delegate", task="sums"), "done"])
    result = await soon(Runner.run(Agent("manager", model=model, tools=[delegate]), "x"))
    assert result.by_agent["worker"].requests == 1


async def test_a_stream_inside_another_run_is_refused():
    async def work(input: str) -> None:
        Runner.stream(worker(), input)

    with pytest.raises(UserError) as error:
        await Runner.run(work, "x")
    assert str(error.value) == snapshot(
        "A stream of 'worker' inside another run: use Runner.run, the outer stream shows its "
        "events; or pass RunConfig(detached=True)."
    )


# a child that waits --------------------------------------------------------------------------------------------------


async def test_a_child_that_waits_makes_the_whole_run_wait():
    config = keeping()
    waiting = await Runner.run(manager(cashier()), "x", config=config, conversation="c")
    [asked] = waiting.waiting
    assert (asked.agent, asked.tool) == ("cashier", "pay")
    assert facts_of(ToolSuspended, waiting.events) == [ToolSuspended(0, "delegate")]


async def test_the_answer_is_routed_to_the_child_and_the_tools_body_is_entered_again():
    entered: list[str] = []
    paid: list[str] = []
    child = cashier(paid)

    @tool  # irreversible, and still entered again: what happened inside is known
    async def delegate(task: str) -> str:
        entered.append(task)
        first = (await Runner.run(worker(), task)).final_output
        return first + ", " + (await Runner.run(child, task)).final_output

    model = FunctionModel(
        lambda request: call("delegate", task="sums") if asked_by_person(request) else request.messages[-1].text
    )
    boss = Agent("boss", model=model, tools=[delegate])
    config = keeping()
    waiting = await Runner.run(boss, "x", config=config, conversation="c")
    result = await Runner.resume(boss, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert result.final_output == "worker did sums, it is paid"
    assert (entered, paid) == (["sums", "sums"], ["paid"])
    assert result.by_agent["worker"].requests == 1


async def test_an_agent_as_a_tool_that_waits_is_entered_again():
    paid: list[str] = []
    child = cashier(paid)
    model = FunctionModel(
        lambda request: call("cashier", input="pay") if asked_by_person(request) else request.messages[-1].text
    )
    boss = Agent("boss", model=model, tools=[child])
    config = keeping()
    waiting = await Runner.run(boss, "x", config=config, conversation="c")
    result = await Runner.resume(boss, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert (result.final_output, paid) == ("it is paid", ["paid"])


async def test_siblings_among_the_calls_finish_while_a_child_waits():
    finished: list[str] = []
    waiting_began = asyncio.Event()

    def ask(request: Any) -> Any:
        waiting_began.set()
        return call("pay")

    @tool(needs_approval=True)
    async def pay() -> str:
        return "paid"

    @tool(effect="read")
    async def slow() -> str:
        await waiting_began.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        finished.append("slow")
        return "slow"

    child = Agent("child", model=FunctionModel(ask), tools=[pay])
    boss = Agent("boss", model=ScriptedModel([[call("child", input="x"), call("slow")]]), tools=[child, slow])
    result = await soon(Runner.run(boss, "x", config=keeping(), conversation="c"))
    assert len(result.waiting) == 1
    assert finished == ["slow"]


async def waits_beside_a_slow_sibling(both: Any) -> tuple[Any, list[str]]:
    """Runs a step that runs `cashier`, which waits, and `slow`, which takes longer."""
    finished: list[str] = []
    may_end = asyncio.Event()

    async def answer(request: Any) -> str:
        await may_end.wait()
        finished.append("slow")
        return "slow is done"

    slow = Agent("slow", model=FunctionModel(answer))
    loop = asyncio.get_running_loop()

    async def work(input: str, scope: Scope) -> list[str]:
        loop.call_later(0.02, may_end.set)
        return await both(scope, cashier(), slow)

    result = await soon(Runner.run(work, "x", config=keeping(), conversation="c"))
    seen = list(finished)
    may_end.set()
    return result, seen


async def test_siblings_in_a_gather_finish_while_a_child_waits():
    async def both(scope: Scope, first: Any, second: Any) -> Any:
        return await asyncio.gather(scope.call(first, "a"), scope.call(second, "b"))

    result, finished = await waits_beside_a_slow_sibling(both)
    assert [asked.tool for asked in result.waiting] == ["pay"]
    assert finished == ["slow"]


async def test_siblings_in_a_task_group_finish_while_a_child_waits():
    async def both(scope: Scope, first: Any, second: Any) -> Any:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(Runner.run(first, "a")),
                group.create_task(Runner.run(second, "b")),
            ]
        return [task.result().final_output for task in tasks]

    result, finished = await waits_beside_a_slow_sibling(both)
    assert [asked.tool for asked in result.waiting] == ["pay"]
    assert finished == ["slow"]


async def test_a_failure_in_a_gather_leaves_no_sibling_running_after_the_run():
    ran_on: list[str] = []
    may_end = asyncio.Event()

    async def answer(request: Any) -> str:
        await may_end.wait()
        ran_on.append("slow")
        return "slow is done"

    async def fail(input: str) -> str:
        raise ConnectionError("the line is down")

    slow = Agent("slow", model=FunctionModel(answer))

    async def work(input: str, scope: Scope) -> Any:
        return await asyncio.gather(scope.call(slow, "a"), scope.call(fail, "b"))

    with pytest.raises(ConnectionError) as error:
        await soon(Runner.run(work, "x", config=keeping(), conversation="c"))
    told = len(run_of(error.value).events)
    may_end.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(run_of(error.value).events) == told
