"""What belongs to a loop is made once in it, and closed with it, or when nobody can use it any more."""

from __future__ import annotations

import asyncio
import gc

from switchroom.models.per_loop import PerLoop
from tests.patience import HANGS_S


class Line:
    """Something with a number that can be closed."""

    made: int = 0

    def __init__(self) -> None:
        Line.made += 1
        self.number = Line.made
        self.open = True

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.open = False


async def opened() -> Line:
    await asyncio.sleep(0)
    return Line()


async def closed(line: Line) -> None:
    await line.close()


def test_each_loop_has_one_and_closes_it_when_it_ends():
    lines = PerLoop(opened, closed)

    async def three() -> tuple[Line, ...]:
        found = await asyncio.gather(lines.get(), lines.get(), lines.get())
        assert all(line.open for line in found)
        return found

    first, second = asyncio.run(three()), asyncio.run(three())
    assert len({line.number for line in first}) == 1
    assert first[0] is not second[0]
    assert not first[0].open
    assert not second[0].open


async def test_what_nobody_can_use_any_more_is_closed_while_the_loop_goes_on():
    lines = PerLoop(opened, closed)
    line = await lines.get()
    del lines
    gc.collect()
    async with asyncio.timeout(HANGS_S):
        while line.open:
            await asyncio.sleep(0)
