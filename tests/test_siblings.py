"""Runs beside one another: what is forgotten is stopped, whatever happens while it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Runner
from tests.virtual import in_no_time


def test_what_a_run_forgot_has_ended_when_it_is_cancelled_again_while_that_is_stopped():
    ended: list[str] = []

    async def tidies_up(question: str) -> str:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            ended.append("tidied up")
        return "never"

    async def forgets(question: str, scope: Any) -> str:
        task = asyncio.ensure_future(scope.call(tidies_up, question))
        await asyncio.sleep(100)
        return await task

    async def check() -> None:
        run = asyncio.create_task(Runner.run(forgets, "go"))
        await asyncio.sleep(1)
        run.cancel()
        await asyncio.sleep(0.5)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert ended == ["tidied up"]

    in_no_time(check())
