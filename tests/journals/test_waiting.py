"""Noting on a journal that has to be awaited: one fact after the other, whole also when the run is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, ToolContext, tool
from switchroom.events import RunEvent, ToolReturned
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import asked_by_person, kinds, last, soon
from tests.journals.waiting import WaitingJournal


@tool(effect="read")
async def look(n: int) -> int:
    """Look."""
    return n


class Gate:
    """Holds up the writing of tools' results until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, events: Sequence[RunEvent]) -> None:
        await asyncio.sleep(0)
        if any(isinstance(event.fact, ToolReturned) for event in events):
            self.reached.set()
            await self.opened.wait()


async def test_facts_of_parallel_calls_are_written_one_after_the_other():
    journal = WaitingJournal()
    agent = Agent("clerk", model=ScriptedModel([[call("look", n=n) for n in range(10)], "done"]), tools=[look])
    result = await soon(Runner.run(agent, "x", config=RunConfig(journal=journal), conversation="c"))
    assert journal.most == 1
    assert [event.seq for event in result.events] == list(range(1, len(result.events) + 1))
    assert await journal.read("c") == list(result.events)


async def test_a_fact_is_written_whole_although_the_run_is_cancelled_meanwhile():
    gate = Gate()
    journal = WaitingJournal(gate)
    agent = Agent("clerk", model=ScriptedModel([call("look", n=1), "done"]), tools=[look])
    run = asyncio.ensure_future(Runner.run(agent, "x", config=RunConfig(journal=journal), conversation="c"))
    await soon(gate.reached.wait())
    run.cancel()
    await asyncio.sleep(0)
    run.cancel()
    await asyncio.sleep(0)
    assert not run.done()
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await soon(run)
    assert kinds(await journal.read("c"))[-2:] == ["tool_returned", "attempt_released"]
    result = await soon(Runner.resume(agent, config=RunConfig(journal=journal), conversation="c"))
    assert result.final_output == "done"


async def test_who_listens_is_told_of_every_fact_that_is_kept_also_when_a_person_interrupts():
    gate = Gate()
    journal = WaitingJournal(gate)
    model = FunctionModel(lambda request: call("look", n=1) if last(request) == "hello" else "done")
    agent = Agent("clerk", model=model, tools=[look])
    seen: list[RunEvent] = []
    async with Runner.stream(agent, "hello", config=RunConfig(journal=journal), conversation="c") as events:

        async def drain() -> None:
            async for event in events:
                if event.seq:
                    seen.append(event)

        drained = asyncio.ensure_future(drain())
        await soon(gate.reached.wait())
        taken = events.interrupt("wait")
        await asyncio.sleep(0)
        gate.opened.set()
        await soon(drained)
        await taken
    assert kinds(seen) == kinds(await journal.read("c"))
    assert events.result.final_output == "done"


async def test_nobody_is_told_of_a_fact_before_it_is_kept():
    journal = WaitingJournal()
    early: list[RunEvent] = []

    def listener(event: RunEvent) -> None:
        if event.seq and event.seq > len(journal.kept.entries.get("c", [])):
            early.append(event)

    agent = Agent("clerk", model=ScriptedModel([[call("look", n=n) for n in range(5)], "done"]), tools=[look])
    config = RunConfig(journal=journal, listeners=(listener,))
    await soon(Runner.run(agent, "x", config=config, conversation="c"))
    assert early == []


async def test_listeners_are_told_in_the_order_of_the_journal():
    journal = WaitingJournal()
    seen: list[int] = []
    config = RunConfig(journal=journal, listeners=(lambda event: seen.append(event.seq),))
    agent = Agent("clerk", model=ScriptedModel([[call("look", n=n) for n in range(10)], "done"]), tools=[look])
    await soon(Runner.run(agent, "x", config=config, conversation="c"))
    numbers = [seq for seq in seen if seq]
    assert numbers == sorted(numbers)


class Count(BaseModel):
    n: int = 0


async def test_a_change_of_state_is_kept_although_the_tool_goes_on():
    journal = WaitingJournal()

    @tool(effect="read")
    async def count(ctx: ToolContext) -> int:
        await ctx.update(n=ctx.state.n + 1)
        return ctx.state.n

    model = FunctionModel(lambda request: call("count") if asked_by_person(request) else last(request))
    agent = Agent("clerk", model=model, tools=[count])
    config = RunConfig(journal=journal, state_type=Count)
    result = await soon(Runner.run(agent, "x", state=Count(), config=config, conversation="c"))
    assert result.final_output == "1"
    assert (await soon(Runner.run(agent, "y", config=config, conversation="c"))).final_output == "2"


async def test_a_journal_that_fails_ends_the_run_with_its_error():
    async def fail(events: Sequence[RunEvent]) -> None:
        if any(isinstance(event.fact, ToolReturned) for event in events):
            raise ConnectionError("the journal is gone")

    agent = Agent("clerk", model=ScriptedModel([call("look", n=1), "done"]), tools=[look])
    config: Any = RunConfig(journal=WaitingJournal(fail))
    with pytest.raises(ConnectionError, match="the journal is gone"):
        await soon(Runner.run(agent, "x", config=config, conversation="c"))
