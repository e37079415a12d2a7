"""What a step started and did not wait for ends with it: nothing goes on below what is over."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, fallback, sequential, tool
from switchroom.journals import MemoryJournal
from switchroom.testing import FunctionModel, call
from tests.helpers import kinds, last
from tests.patience import HANGS_S
from tests.virtual import in_no_time


async def test_a_run_that_is_cancelled_at_the_moment_in_which_its_thread_ends_leaves_the_conversation_free():
    go_on = threading.Event()

    @tool(effect="irreversible")
    def pay() -> str:
        go_on.wait(HANGS_S)
        return "paid"

    journal = MemoryJournal()
    model = FunctionModel(lambda request: call("pay") if last(request) == "one" else "done")
    agent, config = Agent("clerk", model=model, tools=[pay]), RunConfig(journal=journal, busy_timeout=1.0)
    run = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
    while "tool_started" not in kinds(journal.read("c")):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)  # the run awaits the thread
    go_on.set()
    (thread,) = [one for one in threading.enumerate() if one.name == "switchroom-tool"]
    thread.join()  # the loop stands still: the thread's result is queued, and the cancellation comes before it is taken
    run.cancel()
    await asyncio.wait([run])
    result = await Runner.run(agent, "two", conversation="c", config=config)
    assert result.final_output == "done"
    assert kinds(journal.read("c")).count("tool_returned_late") == 1


def test_what_was_started_beside_a_step_that_failed_does_not_go_on_while_another_is_tried():
    happened: list[str] = []

    async def fails(question: str) -> str:
        await asyncio.sleep(1)
        raise ConnectionError("the line is down")

    async def slow(question: str) -> str:
        await asyncio.sleep(2)
        happened.append("slow")
        return "slow"

    async def both(question: str, scope: Any) -> str:
        await asyncio.gather(scope.call(fails, question), scope.call(slow, question))
        return "both"

    async def instead(question: str) -> str:
        await asyncio.sleep(3)
        return "instead"

    assert in_no_time(Runner.run(fallback(both, instead), "go")).final_output == "instead"
    assert happened == []


@pytest.mark.parametrize("deep", [False, True])
def test_what_a_step_forgot_ends_when_it_returns(deep: bool):
    happened: list[str] = []

    async def slow(question: str) -> str:
        await asyncio.sleep(2)
        happened.append("slow")
        return "slow"

    async def forgets(question: str, scope: Any) -> str:
        task = asyncio.ensure_future(scope.call(sequential(slow) if deep else slow, question))
        await asyncio.sleep(1)
        assert not task.done()
        return "forgot"

    async def later(question: str) -> str:
        await asyncio.sleep(3)
        return "later"

    assert in_no_time(Runner.run(sequential(forgets, later), "go")).final_output == "later"
    assert happened == []
