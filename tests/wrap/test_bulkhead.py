"""A bulkhead: so many at once, so many in line, and a clear no to all others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, Runner, tool
from switchroom.errors import BulkheadFull
from switchroom.model import nobody
from switchroom.wrap import Bulkhead, bulkhead, falling_back
from tests.examples import times
from tests.virtual import in_no_time
from tests.wrap.worlds import REQUEST, Server, caller, now, said


def test_who_finds_no_place_waits_and_who_finds_no_room_is_told():
    async def main() -> None:
        server = Server((1, "hello"))
        model = bulkhead(server, Bulkhead(2, queue=1, name="openai"))
        asking = [asyncio.create_task(model(REQUEST, nobody)) for _ in range(4)]
        await asyncio.wait(asking)
        assert server.asked == [0, 0, 1]
        full = asking[3].exception()
        assert isinstance(full, BulkheadFull)
        assert str(full) == snapshot("The bulkhead 'openai' is full: 2 calls go on, and 1 wait for a place.")

    in_no_time(main())


@settings(max_examples=times(25), deadline=None)
@given(
    st.integers(1, 4),
    st.integers(0, 4),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.sampled_from(["answers", "fails", "cancelled"])), max_size=25),
)
def test_never_more_go_on_than_may_and_only_who_finds_no_room_is_refused(
    at_once: int, queue: int, calls: list[tuple[int, int, str]]
):
    async def main() -> None:
        running = inside = 0
        places = Bulkhead(at_once, queue)

        async def work(seconds: int, how: str) -> None:
            nonlocal running
            running += 1
            assert running <= at_once
            try:
                await asyncio.sleep(seconds + 0.5)
            finally:
                running -= 1
            if how == "fails":
                raise ConnectionError("gone")

        async def client(at: int, seconds: int, how: str) -> None:
            nonlocal inside
            await asyncio.sleep(at)
            full = inside >= at_once + queue
            inside += 1
            try:
                await places.call(work, seconds, how)
            except BulkheadFull:
                assert full
            except ConnectionError:
                assert not full
            else:
                assert not full
            finally:
                inside -= 1

        clients = [asyncio.create_task(client(*call)) for call in calls]
        for task, (at, _, how) in zip(clients, calls, strict=True):
            if how == "cancelled":
                asyncio.get_running_loop().call_at(at + 1, task.cancel)
        if clients:
            await asyncio.wait(clients)
        assert [task.exception() for task in clients if not task.cancelled()] == [None] * sum(
            not task.cancelled() for task in clients
        )
        began = now()
        await asyncio.gather(*(places.call(asyncio.sleep, 1) for _ in range(at_once)))
        assert now() - began == 1  # whatever happened, all places are there again

    in_no_time(main())


def test_it_is_first_come_first_served():
    async def main() -> None:
        places, order = Bulkhead(1, queue=5), list[int]()

        async def work(number: int) -> None:
            await asyncio.sleep(1)
            order.append(number)

        await asyncio.gather(*(places.call(work, number) for number in range(6)))
        assert order == list(range(6))

    in_no_time(main())


async def test_it_serves_several_things_and_is_fallen_back_from():
    places = Bulkhead(1)
    opened = asyncio.Event()

    @tool(effect="read")
    async def look() -> str:
        opened.set()
        await asyncio.sleep(0)
        return await said(Agent("clerk", model=falling_back(bulkhead(Server((0, "never")), places), Server((0, "other")))))

    async def step(input: str, scope: Any) -> str:
        return "here"

    assert await said(caller([bulkhead(look, places)], "look")) == "other"
    assert await said(bulkhead(step, places)) == "here"
    with pytest.raises(BulkheadFull):
        await Runner.run(bulkhead(bulkhead(step, places), places), "go")


def test_it_works_in_one_event_loop_after_another_and_in_several_threads():
    places = Bulkhead(1, queue=9)

    async def main() -> None:
        await asyncio.gather(*(places.call(asyncio.sleep, 0.001) for _ in range(5)))

    for _ in range(3):
        asyncio.run(main())

    async def threads() -> None:
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, main()) for _ in range(4)))

    asyncio.run(threads())
