"""A rate limit: no more goes out in a time than may, in the order of coming, in one event loop after another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import Agent, Message, Runner, tool
from switchroom.estimate import sent
from switchroom.model import Emit, ModelRequest, ModelResponse, nobody
from switchroom.usage import Usage
from switchroom.wrap import RateLimit, rate_limited, retrying
from tests.examples import times
from tests.virtual import VirtualLoop, in_no_time
from tests.wrap.worlds import REQUEST, Server, caller, now, said


def test_as_many_as_may_go_at_once_and_the_others_one_by_one():
    async def main() -> None:
        server = Server((0, "hello"))
        model = rate_limited(server, RateLimit(requests=3, per=timedelta(minutes=1)))
        await asyncio.gather(*(model(REQUEST, nobody) for _ in range(6)))
        assert server.asked == pytest.approx([0, 0, 0, 20, 40, 60])

    in_no_time(main())


@settings(max_examples=times(20), deadline=None)
@given(st.integers(1, 5), st.integers(1, 10), st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_in_no_stretch_of_time_go_more_out_than_the_bucket_holds_and_leaks(requests: int, per: int, arrivals: list[int]):
    async def main() -> None:
        limit, went = RateLimit(requests, per=per), list[float]()

        async def go() -> None:
            went.append(now())

        async def client(at: int) -> None:
            await asyncio.sleep(at)
            await limit.call(go)

        await asyncio.gather(*(client(at) for at in arrivals))
        assert len(went) == len(arrivals)
        for first, begin in enumerate(went):
            for last in range(first, len(went)):
                assert last - first + 1 <= requests + (went[last] - begin) * requests / per + 1e-6

    in_no_time(main())


def counting(usage: Usage) -> tuple[Any, list[float]]:
    asked: list[float] = []

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        asked.append(now())
        return ModelResponse(Message("assistant", "hello"), usage)

    return model, asked


def test_tokens_are_estimated_before_and_put_right_by_what_the_server_counted():
    async def main() -> None:
        estimate = sent(REQUEST)
        model, asked = counting(Usage(1, estimate + 100, 500))
        limited = rate_limited(model, RateLimit(tokens=600, per=60))
        for _ in range(3):
            await limited(REQUEST, nobody)
        assert asked[0] == 0
        # Ten tokens a second leak away: each request waits for what the one before was short of.
        assert asked[1] == pytest.approx((600 + 2 * estimate - 600) / 10, abs=0.2)
        assert asked[2] - asked[1] == pytest.approx((600 + estimate) / 10, abs=0.2)

    in_no_time(main())


def test_what_was_estimated_too_high_is_given_back():
    async def main() -> None:
        model, asked = counting(Usage())
        limited = rate_limited(model, RateLimit(tokens=sent(REQUEST), per=60))
        for _ in range(3):
            await limited(REQUEST, nobody)
        assert asked == [0, 0, 0]

    in_no_time(main())


def test_a_request_larger_than_the_bucket_goes_out_when_it_has_leaked_away():
    async def main() -> None:
        model, asked = counting(Usage(1, 250, 0))
        large = ModelRequest("clerk", "Be brief. " * 100, [Message("user", "Hello?")])
        limited = rate_limited(model, RateLimit(tokens=100, per=10))
        await limited(large, nobody)
        assert asked == pytest.approx([(sent(large) - 100) / 10], abs=0.2)

    in_no_time(main())


def test_a_large_request_is_not_overtaken_for_ever_by_small_ones():
    async def main() -> None:
        large = ModelRequest("clerk", "Be brief. " * 30, [Message("user", "Hello?")])
        model, _ = counting(Usage(1, 0, 0))
        order: list[str] = []
        limited = rate_limited(model, RateLimit(tokens=sent(large), per=60))

        async def ask(name: str, request: ModelRequest, at: float) -> None:
            await asyncio.sleep(at)
            await limited(request, nobody)
            order.append(name)

        small = [ask(f"small {number}", REQUEST, number / 2) for number in range(6)]
        await asyncio.gather(*small, ask("large", large, 0.6))
        assert order.index("large") <= 2

    in_no_time(main())


def test_requests_and_tokens_are_limited_together_and_each_try_counts():
    async def main() -> None:
        server = Server((0, ConnectionError("gone")), (0, ConnectionError("gone")), (0, "hello"))
        limit = RateLimit(requests=2, tokens=10_000, per=10)
        await retrying(rate_limited(server, limit), wait=0)(REQUEST, nobody)
        assert server.asked == pytest.approx([0, 0, 5])

    in_no_time(main())


def test_one_limit_serves_a_model_a_tool_and_a_step():
    async def main() -> None:
        limit = RateLimit(requests=1, per=10)

        @tool(effect="read")
        async def look() -> str:
            return "shipped"

        async def step(input: str, scope: Any) -> str:
            return "done"

        assert await said(Agent("clerk", model=rate_limited(Server((0, "hello")), limit))) == "hello"
        assert await said(caller([rate_limited(look, limit)], "look")) == "shipped"
        assert await said(rate_limited(step, limit)) == "done"
        assert now() == pytest.approx(20)

    in_no_time(main())


def test_who_stops_waiting_takes_nothing():
    async def main() -> None:
        limit, server = RateLimit(requests=1, per=10), Server((0, "hello"))
        model = rate_limited(server, limit)
        await model(REQUEST, nobody)
        gone = asyncio.create_task(model(REQUEST, nobody))
        later = asyncio.create_task(model(REQUEST, nobody))
        await asyncio.sleep(5)
        gone.cancel()
        await later
        assert server.asked == pytest.approx([0, 10])

    in_no_time(main())


def test_a_loop_that_comes_after_another_begins_where_that_one_ended():
    limit, asked = RateLimit(requests=2, per=60), list[float]()
    time = 0.0

    async def main() -> None:
        async def go() -> None:
            asked.append(now())

        await limit.call(go)

    def later_loop() -> VirtualLoop:
        loop = VirtualLoop()
        loop.now = time
        return loop

    for _ in range(4):
        with asyncio.Runner(loop_factory=later_loop) as runner:
            runner.run(main())
            time = runner.get_loop().time()
    assert asked == pytest.approx([0, 0, 30, 60])


def test_runs_in_real_loops_one_after_the_other_warn_of_nothing():
    model = rate_limited(Server((0, "hello")), RateLimit(requests=100, tokens=100_000))
    for _ in range(3):
        assert Runner.run_sync(Agent("clerk", model=model), "hi").final_output == "hello"
