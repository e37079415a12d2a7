"""An alarm: each rings at its time, whatever was set and cleared around it, in one event loop after another."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom.wrap.alarm import Alarm
from switchroom.wrap.each_loop import EachLoop
from tests.examples import times
from tests.virtual import in_no_time
from tests.wrap.worlds import now


class Bell:
    def __init__(self) -> None:
        self.rang: list[float] = []

    def __call__(self) -> None:
        self.rang.append(now())


@settings(max_examples=times(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.none() | st.integers(0, 25)), max_size=30))
def test_each_that_was_not_cleared_before_rings_once_and_at_its_time(settings: list[tuple[int, int, int | None]]):
    async def main() -> None:
        loop, alarm = asyncio.get_running_loop(), Alarm()

        async def one(at: int, seconds: int, cleared: int | None) -> None:
            await asyncio.sleep(at)
            bell = Bell()
            alarm.set(bell, seconds, loop)
            if cleared is not None:
                await asyncio.sleep(cleared + 0.5)
                alarm.clear(bell, loop)
            await asyncio.sleep(30)
            assert bell.rang == ([] if cleared is not None and cleared < seconds else [pytest.approx(at + seconds)])

        await asyncio.gather(*(one(*setting) for setting in settings))

    in_no_time(main())


def test_what_belongs_to_a_loop_is_made_once_for_it_of_what_the_closed_one_before_had():
    made: list[tuple[asyncio.AbstractEventLoop, int | None]] = []

    def make(loop: asyncio.AbstractEventLoop, before: int | None) -> int:
        made.append((loop, before))
        return len(made)

    each = EachLoop(make)

    async def main() -> tuple[int, int]:
        return each.get(), each.of(asyncio.get_running_loop())

    assert [asyncio.run(main()) for _ in range(3)] == [(1, 1), (2, 2), (3, 3)]
    assert [before for _, before in made] == [None, 1, 2]
