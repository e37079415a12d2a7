"""The virtual clock of the tests: hours in no time, in the order of the timers, and no waiting for what cannot happen."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.patience import HANGS_S
from tests.virtual import in_no_time


def test_hours_pass_in_no_time_and_in_order():
    seen: list[tuple[str, float]] = []

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, asyncio.get_running_loop().time()))

    async def main() -> None:
        await asyncio.gather(wait("late", 7200), wait("early", 60), wait("at once", 0))

    began = time.perf_counter()
    in_no_time(main())
    assert time.perf_counter() - began < HANGS_S
    assert seen == [("at once", 0), ("early", 60), ("late", 7200)]


def test_a_timeout_ends_what_would_take_longer():
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.sleep(11)
        return asyncio.get_running_loop().time()

    assert in_no_time(main()) == 10


def test_waiting_for_what_cannot_happen_fails_at_once():
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="can never happen"):
        in_no_time(main())


def test_a_task_that_was_left_behind_is_a_failure():
    async def main() -> asyncio.Task[None]:
        return asyncio.create_task(asyncio.sleep(1))

    with pytest.raises(AssertionError, match="left behind"):
        in_no_time(main())


def test_the_clock_creeps_on_where_work_goes_on_without_a_timer():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        while loop.time() == 0:
            await asyncio.sleep(0)

    in_no_time(main())


def test_a_thread_at_work_is_waited_for():
    async def main() -> tuple[str, float]:
        def work() -> str:
            time.sleep(0.05)
            return "done"

        said = await asyncio.wait_for(asyncio.to_thread(work), 3600)
        return said, asyncio.get_running_loop().time()

    said, passed = in_no_time(main())
    assert said == "done"
    assert passed < 3600
