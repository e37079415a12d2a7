"""What a step started and did not wait for ends with it: nothing goes on below what is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Runner, fallback, sequential
from tests.virtual import in_no_time


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
