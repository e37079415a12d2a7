"""Runs beside one another: what is forgotten is stopped, whatever happens while it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Runner
from switchroom.siblings import Siblings
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


paths = st.lists(st.sampled_from(["t/a", "t/a/b", "t/a/b/c", "t/a/bb", "t/d", "t/d/e/f"]), unique=True)


@given(paths, st.sampled_from(["", "t/", "t/a/", "t/a/b/", "t/d/e/", "t/x/"]))
def test_what_is_stopped_below_a_path_is_all_that_goes_on_there_and_nothing_else(running: list[str], below: str):
    async def check() -> None:
        siblings = Siblings()
        ended: list[str] = []

        async def run(path: str) -> None:
            siblings.begins(path)
            try:
                await asyncio.sleep(100)
            finally:
                siblings.ended(path)
                ended.append(path)

        tasks = [asyncio.create_task(run(path)) for path in running]
        await asyncio.sleep(1)
        await siblings.stop(below)
        assert sorted(ended) == sorted(path for path in running if path.startswith(below))
        await siblings.stop()
        assert sorted(ended) == sorted(running)
        await asyncio.gather(*tasks, return_exceptions=True)

    in_no_time(check())
