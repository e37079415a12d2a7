"""A breaker: closed, open, half open; what counts, what decides, and how many calls a failing model costs."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, CircuitBreaker, CircuitBreakerOpen, Runner, UserError, tool
from switchroom.errors import BulkheadFull, GuardrailTripped, ModelUnavailable
from switchroom.model import nobody
from switchroom.wrap import Bulkhead, breaker_of, breaking, bulkhead, falling_back, health, retrying, timed
from tests.examples import times
from tests.helpers import soon
from tests.virtual import in_no_time
from tests.wrap.worlds import REQUEST, Server, caller, said


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fails() -> None:
    raise ConnectionError("gone")


async def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker.call(fails)


async def test_as_many_failures_in_a_row_as_the_threshold_open_it():
    breaker = CircuitBreaker(failure_threshold=3, clock=Clock())
    await fail(breaker, 2)
    assert (breaker.state, breaker.failures, breaker.retry_after) == ("closed", 2, 0)
    await fail(breaker)
    assert (breaker.state, breaker.failures, breaker.retry_after) == ("open", 3, 60)
    with pytest.raises(CircuitBreakerOpen) as caught:
        await breaker.call(fails)
    assert caught.value.retry_after == 60
    assert str(caught.value) == snapshot(
        "The circuit breaker is open after 3 failures in a row, the last: ConnectionError: gone. It lets a try through in 60 s."
    )


async def test_a_success_begins_the_count_anew():
    breaker = CircuitBreaker(failure_threshold=2)
    await fail(breaker)
    assert await breaker.call(lambda: "works") == "works"
    await fail(breaker)
    assert (breaker.state, breaker.failures) == ("closed", 1)


async def test_functions_are_called_with_their_arguments_sync_or_async():
    async def later(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    breaker = CircuitBreaker()
    assert await breaker.call(later, 1, b=2) == 3
    assert await breaker.call(int, "7") == 7


async def test_after_the_timeout_one_try_is_let_through_and_closes_it_or_opens_it_again():
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=timedelta(seconds=10), clock=clock, name="billing")
    await fail(breaker)
    clock.now += 9.5
    assert breaker.state == "open"
    assert breaker.retry_after == 0.5
    clock.now += 0.5
    assert breaker.state == "half_open"
    await fail(breaker)
    assert (breaker.state, breaker.failures, breaker.retry_after) == ("open", 2, 10)
    clock.now += 10
    assert await breaker.call(lambda: "works") == "works"
    assert (breaker.state, breaker.failures) == ("closed", 0)


async def test_half_open_it_lets_no_second_try_through_while_the_first_is_under_way():
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=10, clock=clock)
    await fail(breaker)
    clock.now += 10
    answer = asyncio.Event()
    probe = asyncio.create_task(breaker.call(answer.wait))
    await asyncio.sleep(0)
    with pytest.raises(CircuitBreakerOpen, match="half open, and a try is under way"):
        await breaker.call(fails)
    answer.set()
    assert await soon(probe) is True
    assert breaker.state == "closed"


async def test_a_try_that_was_cancelled_decides_nothing_and_makes_room_for_the_next():
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=10, clock=clock)
    await fail(breaker)
    clock.now += 10
    probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.wait([probe])
    assert breaker.state == "half_open"
    assert await breaker.call(lambda: "works") == "works"


async def test_what_began_before_it_opened_decides_nothing_any_more():
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=10, clock=clock)
    works, breaks = asyncio.Event(), asyncio.Event()

    async def late_failure() -> None:
        await breaks.wait()
        fails()

    good = asyncio.create_task(breaker.call(works.wait))
    bad = asyncio.create_task(breaker.call(late_failure))
    await asyncio.sleep(0)
    await fail(breaker)
    clock.now += 5
    works.set()
    assert await soon(good)
    assert breaker.state == "open"
    breaks.set()
    with pytest.raises(ConnectionError):
        await soon(bad)
    assert (breaker.failures, breaker.retry_after) == (1, 5)


@pytest.mark.parametrize(
    "innocent", [UserError("wrong"), GuardrailTripped("polite", "rude"), BulkheadFull("full"), asyncio.CancelledError()]
)
async def test_what_says_nothing_of_the_guarded_never_counts(innocent: BaseException):
    def raises() -> None:
        raise innocent

    breaker = CircuitBreaker(failure_threshold=1)
    with pytest.raises(type(innocent)):
        await breaker.call(raises)
    assert (breaker.state, breaker.failures) == ("closed", 0)


async def test_only_the_exceptions_that_are_named_count():
    breaker = CircuitBreaker(failure_threshold=1, on=(TimeoutError,))
    await fail(breaker)
    assert breaker.state == "closed"


async def test_it_says_in_the_log_when_it_opens_and_closes(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=1, clock=clock, name="billing")
    await fail(breaker)
    clock.now += 1
    await breaker.call(lambda: None)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == snapshot(
        [
            (
                "WARNING",
                "The circuit breaker 'billing' is open after 1 failures in a row, the last: ConnectionError: gone",
            ),
            ("INFO", "The circuit breaker 'billing' is closed again"),
        ]
    )


Move = Literal["works", "fails", "unclear", "waits", "begin", "end well", "end badly", "cancel"]


class Model:
    """What a breaker does, by the rules as they are written down: states by name, nothing computed."""

    def __init__(self, threshold: int, timeout: int, probes: int) -> None:
        self.threshold, self.timeout, self.probes = threshold, timeout, probes
        self.state = "closed"
        self.failures = 0
        self.since = 0
        self.era = 0
        self.probing = 0

    def tick(self, seconds: int) -> None:
        if self.state == "open":
            self.since += seconds
            if self.since >= self.timeout:
                self.state = "half_open"

    def admits(self) -> bool:
        if self.state == "open" or (self.state == "half_open" and self.probing >= self.probes):
            return False
        self.probing += self.state == "half_open"
        return True

    def end(self, era: int, how: str) -> None:
        if era != self.era:
            return
        self.probing -= self.state == "half_open"
        if how == "works":
            self.failures = 0
            if self.state == "half_open":
                self._become("closed")
        elif how == "fails":
            self.failures += 1
            if self.state == "half_open" or self.failures >= self.threshold:
                self._become("open")

    def _become(self, state: str) -> None:
        self.state, self.since, self.probing = state, 0, 0
        self.era += 1


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 2),
    st.lists(
        st.tuples(
            st.sampled_from(["call", "begin", "end", "tick"]), st.sampled_from(["works", "fails", "unclear"]), st.integers(0, 5)
        ),
        max_size=40,
    ),
)
def test_it_does_what_its_rules_say_whatever_happens_in_whatever_order(
    threshold: int, timeout: int, probes: int, moves: list[tuple[str, str, int]]
):
    clock = Clock()
    breaker = CircuitBreaker(threshold, timeout, probes=probes, clock=clock)
    model = Model(threshold, timeout, probes)

    async def play() -> None:
        flying: list[tuple[int, asyncio.Future[str], asyncio.Task[Any]]] = []

        def begin() -> tuple[int, asyncio.Future[str], asyncio.Task[Any]]:
            outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            async def fn() -> None:
                match await outcome:
                    case "fails":
                        raise ConnectionError
                    case "unclear":
                        raise UserError("wrong")
                    case _:
                        pass

            return model.era, outcome, asyncio.create_task(breaker.call(fn))

        async def end(flight: tuple[int, asyncio.Future[str], asyncio.Task[Any]], how: str) -> None:
            era, outcome, task = flight
            outcome.set_result(how)
            await asyncio.wait([task])
            task.exception()
            model.end(era, how)

        for move, how, number in moves:
            match move:
                case "tick":
                    clock.now += number
                    model.tick(number)
                case "end" if flying:
                    await end(flying.pop(number % len(flying)), how)
                case "call" | "begin":
                    flight = begin()
                    await asyncio.sleep(0)
                    if not model.admits():
                        assert isinstance(flight[2].exception(), CircuitBreakerOpen)
                    elif move == "begin":
                        flying.append(flight)
                    else:
                        await end(flight, how)
                case _:
                    pass
            assert (breaker.state, breaker.failures) == (model.state, model.failures)
        for flight in flying:
            await end(flight, "works")

    asyncio.run(play())


@settings(max_examples=times(15), deadline=None)
@given(st.integers(1, 6), st.integers(1, 20), st.integers(1, 3), st.integers(1, 100))
def test_a_failing_model_costs_no_more_than_threshold_probes_and_what_was_in_flight(
    threshold: int, at_once: int, probes: int, length: int
):
    async def main() -> None:
        server = Server((0.5, ModelUnavailable("down")))
        clock = asyncio.get_running_loop().time
        model = breaking(server, CircuitBreaker(threshold, timeout=10, probes=probes, clock=clock))

        async def client() -> None:
            until = clock() + length
            while clock() < until:
                try:
                    await model(REQUEST, nobody)
                except ModelUnavailable:
                    pass
                except CircuitBreakerOpen:
                    await asyncio.sleep(0.25)

        await asyncio.gather(*(client() for _ in range(at_once)))
        periods = length // 10 + 1
        assert len(server.asked) <= threshold + (at_once - 1) + periods * probes

    in_no_time(main())


async def test_one_breaker_guards_a_model_a_tool_and_a_step():
    breaker = CircuitBreaker(failure_threshold=2, name="desk")

    @tool(effect="read")
    async def look() -> str:
        raise ConnectionError("gone")

    async def step(input: str, scope: Any) -> str:
        raise ConnectionError("gone")

    for guarded in (caller([breaking(look, breaker)], "look"), breaking(step, breaker)):
        with pytest.raises(ConnectionError):
            await said(guarded)
    server = Server((0, "hello"))
    with pytest.raises(CircuitBreakerOpen, match="'desk' is open after 2 failures") as caught:
        await Runner.run(Agent("clerk", model=breaking(server, breaker)), "hi")
    assert not server.asked
    assert caught.value.run.facts


async def test_whoever_asks_is_told_whether_a_call_would_go_through():
    breaker = CircuitBreaker(failure_threshold=1)
    other = CircuitBreaker(failure_threshold=1)

    @tool(effect="read")
    async def look() -> str:
        return "shipped"

    async def step(input: str, scope: Any) -> str:
        return "done"

    server = Server((0, "hello"))
    model = retrying(timed(breaking(server, breaker), 5))
    steady = falling_back(model, breaking(server, other))
    agent = Agent("clerk", model=bulkhead(model, Bulkhead(3)))
    guarded: list[Any] = [
        model,
        agent,
        breaking(look, breaker),
        timed(breaking(look, breaker), 5),
        timed(breaking(step, breaker), 5),
    ]
    guarded += [timed(agent, 5), agent.as_tool()]
    assert all(breaker_of(one) is breaker for one in guarded)
    assert [breaker_of(one) for one in (server, step, look, steady, Agent("x"), "openai:gpt-test")] == [None] * 6
    assert [health(one) for one in (*guarded, server, look, steady)] == ["closed"] * 10
    await fail(breaker)
    assert [health(one) for one in guarded] == ["open"] * 7
    assert health(steady) == "closed"
    await fail(other)
    assert health(steady) == "open"
