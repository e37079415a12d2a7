"""Going on: after a failure, a death or a person's answer a run goes on with what it had, and does nothing twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Agent, RunConfig, RunContext, Runner, RunResult, Tool, UserError, tool
from switchroom.events import ModelAnswered, RunEvent, ToolReturned
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, answering, finished, kept, resumed, sign


def clerk(name: str = "clerk") -> Agent[str]:
    """An agent whose one tool needs a person."""
    return Agent(name, tools=[sign], model=answering(call("sign"), f"{name} is done"))


def once_broken(name: str = "flaky", *, needs_approval: bool = False) -> Tool:
    """A tool that fails on its first call, as a network does."""
    broken = [True]

    async def flaky() -> str:
        if broken:
            broken.clear()
            raise ConnectionError("the network is gone")
        return "well"

    return tool(name=name, effect="read", needs_approval=needs_approval)(flaky)


def dies_returning(name: str) -> DyingJournal:
    """A journal under which the process dies before the result of a tool is kept."""
    return DyingJournal(lambda event: isinstance(event.fact, ToolReturned) and event.fact.tool == name)


async def test_an_open_question_outlives_the_failure_of_a_call_beside_it():
    boss = Agent(
        "boss",
        tools=[clerk().as_tool(), once_broken()],
        model=answering([call("flaky"), call("clerk", input="go")], "all done"),
    )
    config = RunConfig(journal=MemoryJournal())
    with pytest.raises(ConnectionError):
        await Runner.run(boss, "go", config=config, conversation=CONVERSATION)

    waiting = (await Runner.resume(boss, config=config, conversation=CONVERSATION)).waiting

    assert [asked.tool for asked in waiting] == ["sign"]
    assert (await resumed(boss, config, waiting=waiting)).final_output == "all done"


async def test_of_two_calls_to_approve_one_stays_open_when_the_other_was_approved_and_failed():
    flaky = once_broken(needs_approval=True)
    boss = Agent("boss", tools=[sign, flaky], model=answering([call("sign"), call("flaky")], "all done"))
    config = RunConfig(journal=MemoryJournal())
    first = await Runner.run(boss, "go", config=config, conversation=CONVERSATION)
    answers = {asked.id: True for asked in first.waiting if asked.tool == "flaky"}
    with pytest.raises(ConnectionError) as raised:
        await Runner.resume(boss, config=config, conversation=CONVERSATION, answers=answers)

    result = await Runner.resume(boss, config=config, conversation=CONVERSATION)

    failed: RunResult[Any] = vars(raised.value)["run"]
    assert [asked.tool for asked in failed.waiting] == ["sign"]
    assert [asked.tool for asked in result.waiting] == ["sign"]
    assert (await resumed(boss, config, waiting=result.waiting)).final_output == "all done"


async def test_an_agent_as_a_tool_that_failed_is_tried_again_also_when_a_slower_call_beside_it_returned():
    slow_may_end = asyncio.Event()

    async def slow() -> str:
        await slow_may_end.wait()
        return "slow"

    def hears(event: RunEvent) -> None:
        if event.kind == "step_failed":
            slow_may_end.set()

    worker = Agent("worker", tools=[once_broken()], model=answering(call("flaky"), "worked"))
    boss = Agent(
        "boss",
        tools=[worker.as_tool(), tool(effect="read")(slow)],
        model=answering([call("worker", input="go"), call("slow")], "all done"),
    )
    config = RunConfig(journal=MemoryJournal(), listeners=(hears,))
    with pytest.raises(ConnectionError):
        await Runner.run(boss, "go", config=config, conversation=CONVERSATION)

    assert (await resumed(boss, config)).final_output == "all done"


async def test_when_one_of_two_runs_in_a_tool_waits_the_other_ends_before_the_run_gives_its_result():
    async def slow() -> str:
        for _ in range(20):
            await asyncio.sleep(0)
        return "slow"

    worker = Agent("worker", tools=[tool(effect="read")(slow)], model=answering(call("slow"), "worked"))

    @tool(effect="read")
    async def both() -> str:
        results = await asyncio.gather(Runner.run(clerk(), "go"), Runner.run(worker, "go"))
        return ", ".join(result.final_output for result in results)

    boss = Agent("boss", tools=[both], model=answering(call("both"), "all done"))
    journal = MemoryJournal()
    config = RunConfig(journal=journal)

    first = await Runner.run(boss, "go", config=config, conversation=CONVERSATION)
    known = kept(journal)
    left = asyncio.all_tasks() - {asyncio.current_task()}

    assert [asked.tool for asked in first.waiting] == ["sign"]
    assert not left
    assert [event.agent for event in known if isinstance(event.fact, ModelAnswered)][-1] == "worker"
    result = await resumed(boss, config, waiting=first.waiting)
    assert "clerk is done, worked" in [message.text for message in result.messages]


async def test_a_run_in_a_task_group_of_a_tool_waits_as_one_without_a_group_does():
    @tool(effect="read")
    async def grouped() -> str:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(Runner.run(clerk(), "go"))
        return task.result().final_output

    boss = Agent("boss", tools=[grouped], model=answering(call("grouped"), "all done"))
    config = RunConfig(journal=MemoryJournal())

    first = await Runner.run(boss, "go", config=config, conversation=CONVERSATION)

    assert [asked.tool for asked in first.waiting] == ["sign"]
    assert (await resumed(boss, config, waiting=first.waiting)).final_output == "all done"


async def test_a_body_that_was_entered_again_after_a_wait_and_died_after_its_effect_is_asked_about():
    paid: list[str] = []

    @tool(effect="irreversible")
    async def pay() -> str:
        await Runner.run(clerk(), "go")
        paid.append("paid")
        return "paid"

    boss = Agent("boss", tools=[pay], model=answering(call("pay"), "all done"))
    config = RunConfig(journal=dies_returning("pay"))
    with pytest.raises(Died):
        await finished(boss, "go", config)

    after = await Runner.resume(boss, config=config, conversation=CONVERSATION)

    assert [(asked.tool, asked.question) for asked in after.waiting] == [("pay", "unknown_effect")]
    result = await resumed(boss, config, lambda asked: {one.id: bool(paid) for one in asked}, after.waiting)
    assert (result.final_output, paid) == ("all done", ["paid"])


async def test_an_approval_given_twice_does_not_say_that_the_call_happened():
    @tool(effect="irreversible", needs_approval=True)
    async def pay() -> str:
        return "paid"

    boss = Agent("boss", tools=[pay], model=answering(call("pay"), "all done"))
    config = RunConfig(journal=dies_returning("pay"))
    asked = (await Runner.run(boss, "go", config=config, conversation=CONVERSATION)).waiting
    approval = {one.id: True for one in asked}
    with pytest.raises(Died):
        await Runner.resume(boss, config=config, conversation=CONVERSATION, answers=approval)
    await Runner.resume(boss, config=config, conversation=CONVERSATION)

    with pytest.raises(UserError, match="open question"):
        await Runner.resume(boss, config=config, conversation=CONVERSATION, answers=approval)


async def test_what_instructions_look_up_is_looked_up_anew_for_the_next_answer_after_a_death():
    looked: list[str] = []
    told: list[str] = []

    async def look(subject: str) -> str:
        looked.append(subject)
        return f"look {len(looked)}"

    async def instructions(ctx: RunContext[Any]) -> str:
        return await ctx.scope.call(look, "the weather")

    @tool(effect="read")
    async def read() -> str:
        return "read"

    def answers(request: ModelRequest) -> Any:
        told.append(request.instructions)
        return call("read") if len(request.messages) == 1 else "done"

    agent = Agent("agent", instructions, tools=[read], model=FunctionModel(answers))
    config = RunConfig(journal=dies_returning("read"))
    with pytest.raises(Died):
        await finished(agent, "go", config)
    await resumed(agent, config)

    assert told == ["look 1", "look 2"]


class OutOfStock(Exception):
    """Something that only the application knows."""


async def test_a_failure_of_the_applications_own_type_that_a_step_caught_is_caught_again_on_resume():
    async def order(item: str) -> str:
        raise OutOfStock(item)

    async def instead(item: str) -> str:
        return f"something else than {item}"

    async def shop(item: str, scope: Any) -> str:
        try:
            return await scope.call(order, item)
        except OutOfStock:
            return await scope.call(instead, item)

    config = RunConfig(journal=DyingJournal(lambda event: event.kind == "step_returned"))
    with pytest.raises(Died):
        await finished(shop, "a lamp", config)

    assert (await resumed(shop, config)).final_output == "something else than a lamp"


async def test_two_runs_without_a_conversation_share_a_journal_and_each_is_kept_under_its_own_id():
    journal = MemoryJournal()
    agent = Agent("agent", model=answering("hello"))
    config = RunConfig(journal=journal)

    results = [await Runner.run(agent, "hi", config=config) for _ in range(2)]

    assert len({result.conversation for result in results}) == 2
    assert set(journal.entries) == {result.conversation for result in results}


async def test_a_turn_that_is_over_is_given_again_whole():
    journal = MemoryJournal()
    config = RunConfig(journal=journal)
    agent = Agent("agent", tools=[sign], model=answering(call("sign"), "done"))
    first = await finished(agent, "go", config)
    entries = kept(journal)

    again = await Runner.resume(agent, config=config, conversation=CONVERSATION)

    assert (again.final_output, again.waiting, again.usage) == (first.final_output, (), first.usage)
    assert again.last_agent is agent
    assert list(again.messages) == list(first.messages)
    assert kept(journal) == entries


async def test_a_call_to_approve_without_a_journal_is_refused_before_a_model_is_asked():
    asked: list[str] = []

    def answers(request: ModelRequest) -> Any:
        asked.append(request.agent)
        return call("sign")

    with pytest.raises(UserError, match="journal"):
        await Runner.run(Agent("agent", tools=[sign], model=FunctionModel(answers)), "go")
    assert asked == []


async def test_a_number_that_json_cannot_hold_is_refused_and_not_another_one_after_a_resume():
    async def share(of: str) -> float:
        return float("nan")

    with pytest.raises(UserError, match="JSON"):
        await finished(share, "the profit", RunConfig(journal=MemoryJournal()))


async def test_a_run_inside_a_call_that_failed_is_tried_again_though_an_earlier_call_waited():
    broken = [True]

    def dig(request: ModelRequest) -> str:
        if broken:
            broken.clear()
            raise ConnectionError("the network is gone")
        return "dug"

    digger = Agent("digger", model=FunctionModel(dig))
    idler = Agent("idler", model=answering("idle"))

    @tool(effect="read")
    async def both() -> str:
        results = await asyncio.gather(Runner.run(digger, "go"), Runner.run(idler, "go"))
        return " and ".join(result.final_output for result in results)

    model = answering([call("clerk", input="go"), call("both")], "all done")
    boss = Agent("boss", tools=[clerk().as_tool(), both], model=model)
    config = RunConfig(journal=MemoryJournal())
    waiting = (await Runner.run(boss, "go", config=config, conversation=CONVERSATION)).waiting
    result = await resumed(boss, config, waiting=waiting)
    assert result.final_output == "all done"
    assert "dug and idle" in [message.text for message in result.messages]


async def test_of_two_runs_in_a_call_that_wait_the_one_that_is_nested_deeper_is_not_asked_whether_it_happened():
    inner: Agent[str] = clerk("deep")
    for level in range(5):
        inner = _paying(level, inner)

    @tool(effect="read")
    async def both() -> str:
        results = await asyncio.gather(Runner.run(clerk("shallow"), "go"), Runner.run(inner, "go"))
        return ", ".join(result.final_output for result in results)

    boss = Agent("boss", tools=[both], model=answering(call("both"), "all done"))
    config = RunConfig(journal=MemoryJournal())
    first = await Runner.run(boss, "go", config=config, conversation=CONVERSATION)
    answers = {asked.id: True for asked in first.waiting}
    result = await Runner.resume(boss, config=config, conversation=CONVERSATION, answers=answers)
    assert (result.waiting, result.final_output) == ((), "all done")


def _paying(level: int, inner: Agent[str]) -> Agent[str]:
    """An agent with a tool that must not be called twice, in which another agent runs."""

    async def pay() -> str:
        return (await Runner.run(inner, "go")).final_output

    pays = tool(name=f"pay{level}", effect="irreversible")(pay)
    return Agent(f"payer{level}", tools=[pays], model=answering(call(f"pay{level}"), "paid"))
