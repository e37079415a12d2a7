"""Calls that wait for others to end: in order, each end asks only as many as it has to, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import Agent, Budget, Message, RunConfig, Runner
from switchroom.errors import BudgetExceeded
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.usage import Usage
from switchroom.waiting_line import WaitingLine
from tests.virtual import in_no_time


class Lot:
    """A place for so many calls at once, which are asked in line while it is full."""

    def __init__(self, room: int) -> None:
        self.line = WaitingLine()
        self.room = room
        self.asked = 0
        self.went: list[str] = []

    async def call(self, path: str, seconds: float = 1) -> None:
        before = False
        try:
            while not self.room and self.line.may_wait(path):
                self.asked += 1
                again, before = before, True
                await self.line.wait(path, asked_again=again)
            assert self.room, f"{path} cannot go on"
            self.room -= 1
            self.went.append(path)
            self.line.start(path)
        finally:
            if before:
                self.line.ask_next()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.room += 1
            self.line.end(path)
            self.line.ask_again()


def test_calls_go_on_in_the_order_in_which_they_came_and_each_is_asked_about_twice():
    async def check() -> None:
        lot = Lot(3)
        places = [f"call{place}" for place in range(60)]
        await asyncio.gather(*map(lot.call, places))
        assert lot.went == places
        assert lot.asked < 3 * len(places)

    in_no_time(check())


def test_who_is_cancelled_in_line_or_when_asked_holds_nobody_up():
    async def check() -> None:
        lot = Lot(1)
        tasks = [asyncio.create_task(lot.call(f"call{place}")) for place in range(6)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()
        lot.line.ask_again()
        tasks[1].cancel()  # whose turn it is
        await asyncio.wait(tasks)
        assert lot.went == ["call0", "call3", "call4", "call5"]

    in_no_time(check())


def test_a_call_inside_of_one_in_flight_is_asked_at_once_when_nothing_else_can_end():
    async def check() -> None:
        lot = Lot(2)
        outer = asyncio.create_task(lot.call("outer", 100))
        first = asyncio.create_task(lot.call("first", 1))
        await asyncio.sleep(0.5)
        behind = asyncio.create_task(lot.call("behind"))
        inner = asyncio.create_task(lot.call("outer/inner"))
        await asyncio.wait([first, behind, inner])
        assert (lot.went, outer.done()) == (["outer", "first", "behind", "outer/inner"], False)
        await outer

    in_no_time(check())


sizes = st.tuples(st.integers(0, 9), st.integers(1, 3), st.sampled_from([0, 0, 1, 6]), st.sampled_from([None, None, 1, 2]))


def asking(size: int, seconds: int, inside: int) -> Agent[str]:
    """An agent whose model may use so many tokens, and runs another one if it is to."""

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.sleep(seconds)
        if inside:
            await Runner.run(asking(inside, 1, 0), "go")
        return ModelResponse(Message("assistant", "done"), Usage(1, 0, size))

    return Agent("agent", model=model, settings=Settings(max_tokens=size + 1))


@settings(max_examples=60)
@given(st.lists(sizes, min_size=1, max_size=7), st.integers(4, 30))
def test_under_a_budget_every_call_ends_or_is_told_that_it_does_not_fit(
    calls: list[tuple[int, int, int, int | None]], tokens: int
):
    async def one(scope: Any, size: int, seconds: int, inside: int) -> None:
        await scope.call(asking(size, seconds, inside), "go")

    async def many(question: str, scope: Any) -> str:
        loop = asyncio.get_running_loop()
        tasks: list[asyncio.Task[None]] = []
        for size, seconds, inside, cancelled_after in calls:
            task = asyncio.create_task(one(scope, size, seconds, inside))
            tasks.append(task)
            if cancelled_after is not None:
                loop.call_later(cancelled_after, task.cancel)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, None | BudgetExceeded | asyncio.CancelledError) for end in ends), ends
        return "over"

    config = RunConfig(budget=Budget(tokens=tokens))
    assert in_no_time(Runner.run(many, "go", config=config)).final_output == "over"
