"""Guards in any order: an answer that can be had is had, once; nothing is left behind; and idle they change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchroom import Agent, CircuitBreaker, RunConfig, Runner, Team
from switchroom.model import Model, nobody
from switchroom.wrap import (
    Bulkhead,
    Quantile,
    RateLimit,
    breaking,
    bulkhead,
    cached,
    falling_back,
    hedged,
    rate_limited,
    retrying,
    timed,
)
from tests.examples import times
from tests.laws.plans import Plan, World, build, plans
from tests.laws.test_wrappers import facts_of
from tests.virtual import in_no_time
from tests.wrap.worlds import COUNTED, REQUEST, Ear, Line, Server, now

Wrap = Callable[[Any], Any]

EXAMPLES = settings(max_examples=times(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])

GUARDS: dict[str, Wrap] = {
    "timed": lambda guarded: timed(guarded, 500),
    "breaking": lambda guarded: breaking(guarded, CircuitBreaker(50, clock=now)),
    "bulkhead": lambda guarded: bulkhead(guarded, Bulkhead(3)),
    "rate_limited": lambda guarded: rate_limited(guarded, RateLimit(requests=50)),
    "hedged": lambda guarded: hedged(guarded, 2, most=1),
    "hedged by quantile": lambda guarded: hedged(guarded, Quantile(0.9, at_first=1.5), most=1),
    "cached": lambda guarded: cached(guarded),
    "retrying": lambda guarded: retrying(guarded, attempts=2, wait=0.1),
}

orders = st.lists(st.sampled_from(sorted(GUARDS)), max_size=5, unique=True)
failures = st.sampled_from([ConnectionError("gone"), TimeoutError("slow")])
answers = st.tuples(st.floats(0.1, 6), failures | st.just("hello"))


def wrapped(model: Any, order: list[str]) -> Model:
    """A model with guards around it, the last the outermost."""
    for name in order:
        model = GUARDS[name](model)
    return model


@EXAMPLES
@given(orders, st.lists(answers, max_size=3), st.integers(0, 3), st.booleans())
def test_no_answer_is_lost_and_none_is_given_twice(order: list[str], plans: list[Any], pieces: int, withdraws: bool):
    """Whatever fails first, the next tries succeed: around all guards there are as many as it takes."""

    async def main() -> None:
        server = Server(*plans, (1, "hello"), pieces=pieces)
        line = Line(withdraws)
        model = retrying(falling_back(wrapped(server, order), wrapped(server, order)), attempts=9, wait=0.1)
        try:
            response = await model(REQUEST, line)
        except (ConnectionError, TimeoutError):
            assert not withdraws  # somebody heard a beginning who cannot clear it
            assert line.eyes
            return
        text = response.message.text
        assert text.startswith("hello")
        assert line.eyes == text if pieces else line.eyes in ("", text)  # a cache shows also what was never in pieces
        if not {"hedged", "hedged by quantile"} & set(order):  # a second request may never have gone out
            assert response.usage.requests <= len(server.asked)

    in_no_time(main())


@EXAMPLES
@given(orders, st.lists(answers, min_size=1, max_size=4), st.integers(1, 4), st.floats(0.05, 8))
def test_a_cancellation_ends_all_that_was_begun(order: list[str], plans: list[Any], at_once: int, after: float):
    async def main() -> None:
        server = Server(*plans)
        model = wrapped(server, order)
        asking = [asyncio.create_task(model(REQUEST, nobody)) for _ in range(at_once)]
        await asyncio.sleep(after)
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        for task in asking:
            assert task.cancelled() or task.done()
            if not task.cancelled():
                task.exception()
        assert len(server.ended) == len(server.asked)

    in_no_time(main())


@EXAMPLES
@given(orders)
def test_idle_they_change_neither_answer_nor_cost_nor_time(order: list[str]):
    async def main() -> None:
        server = Server((1, "hello"))
        response = await wrapped(server, order)(REQUEST, nobody)
        assert (response.message.text, response.usage, now(), len(server.asked)) == ("hello", COUNTED, 1, 1)

    in_no_time(main())


def guarded(step: Any, order: list[str]) -> Any:
    """The step with idle guards around the model of each of its agents, and around each tool that may be repeated."""
    if isinstance(step, Team):
        return Team([guarded(agent, order) for agent in step.agents], name=step.name)
    if isinstance(step, Agent):
        agent = cast("Agent[Any]", step)
        safe = [name for name in order if name in ("timed", "breaking", "bulkhead", "rate_limited")]
        tools = [tool if tool.step is not None else wrapped(tool, safe) for tool in agent.all_tools]
        return Agent(agent.name, model=wrapped(agent.model, safe), tools=tools, handoffs=agent.handoffs)
    return step


@settings(max_examples=times(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(approvals=False), orders)
def test_idle_around_models_and_tools_they_change_no_fact_of_a_run(plan: Plan, order: list[str]):
    async def check() -> None:
        assert await facts_of(guarded(build(plan, World()), order), plan) == await facts_of(build(plan, World()), plan)

    asyncio.run(check())


@EXAMPLES
@given(orders, st.lists(answers, max_size=3), st.integers(0, 3), st.booleans())
def test_a_run_shows_what_it_answers(order: list[str], plans: list[Any], pieces: int, withdraws: bool):
    async def main() -> None:
        server = Server(*plans, (1, "hello"), pieces=pieces)
        ear = Ear(withdraws)
        agent = Agent("clerk", model=wrapped(server, order))
        try:
            result = await Runner.run(agent, "go", config=RunConfig(listeners=(ear,)))
        except (ConnectionError, TimeoutError):
            assert "failed" in server.ended
            return
        assert ear.eyes == result.final_output if pieces else ear.eyes in ("", result.final_output)

    in_no_time(main())
