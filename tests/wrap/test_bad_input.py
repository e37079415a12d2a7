"""What guards refuse when they are made: numbers out of range, what is nothing to guard, and what must not happen twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, CircuitBreaker, Runner, UserError, tool
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
from tests.wrap.worlds import Server

MODEL = Server((0, "hello"))
NAN = float("nan")
INF = float("inf")


@tool(effect="irreversible")
async def refund(order: str) -> str:
    """Pay back."""
    return order


@tool(effect="read")
async def look(order: str) -> str:
    """Look up."""
    return order


@tool(effect="read")
async def find(name: str) -> str:
    """Find."""
    return name


async def step(input: str, scope: Any) -> str:
    return input


def refused(guard: Any, *given: Any, **options: Any) -> str:
    """What a guard refuses with; type checkers, who know it beforehand, are not asked."""
    with pytest.raises(UserError) as caught:
        guard(*given, **options)
    return str(caught.value)


@pytest.mark.parametrize("given", [0, -1, True, 2.0, NAN, "3"])
def test_counts_have_to_be_whole_numbers_of_at_least_one(given: Any):
    for told in (
        refused(CircuitBreaker, failure_threshold=given),
        refused(CircuitBreaker, probes=given),
        refused(Bulkhead, given),
        refused(RateLimit, given),
        refused(RateLimit, tokens=given),
        refused(retrying, MODEL, attempts=given),
        refused(cached, MODEL, size=given),
    ):
        assert told.endswith(f"={given!r}): give a whole number of at least 1.")


@pytest.mark.parametrize(
    "given", [0, -1, True, NAN, INF, "3", None, timedelta(0), timedelta(seconds=-1)], ids=lambda given: repr(given)
)
def test_seconds_have_to_be_numbers_above_zero(given: Any):
    for told in (
        refused(timed, MODEL, given),
        refused(CircuitBreaker, timeout=given),
        refused(RateLimit, 3, per=given),
        refused(hedged, MODEL, given),
        refused(cached, MODEL, seconds=given),
        refused(Quantile, 0.9, given),
    ):
        assert told.endswith(f"={given!r}): give seconds above 0.")


@pytest.mark.parametrize("given", [0, -0.1, 1.1, True, NAN, "0.5", None])
def test_parts_have_to_be_above_zero_and_at_most_one(given: Any):
    for told in (refused(hedged, MODEL, 1, most=given), refused(Quantile, given, 1)):
        assert told.endswith(f"={given!r}): give a number above 0, and at most 1.")


@pytest.mark.parametrize(
    "given",
    [(), ValueError("one"), (ValueError("one"),), "ValueError", (asyncio.CancelledError,), BaseException],
    ids=lambda given: repr(given),
)
def test_only_exceptions_can_be_failures(given: Any):
    for told in (
        refused(retrying, MODEL, on=given),
        refused(CircuitBreaker, on=given),
        refused(falling_back, MODEL, MODEL, on=given),
        refused(falling_back, look, look, on=given),
    ):
        assert "give a tuple of exceptions" in told


def test_some_numbers_may_be_zero():
    assert refused(Bulkhead, 3, queue=-1) == "Bulkhead(queue=-1): give a whole number of at least 0."
    assert refused(retrying, MODEL, wait=-1) == "retrying(wait=-1): give seconds of at least 0."
    assert refused(Quantile, 0.9, 1, recent=9) == "Quantile(recent=9): give a whole number of at least 10."
    assert Bulkhead(3, queue=0).queue == 0
    assert retrying(MODEL, wait=0, longest=0)


@pytest.mark.parametrize("given", [None, 5, [MODEL], Agent, Server, lambda: "nothing"], ids=lambda given: repr(given)[:20])
def test_what_is_no_model_tool_or_step_cannot_be_guarded(given: Any):
    for told in (
        refused(retrying, given),
        refused(cached, given),
        refused(timed, given, 1),
        refused(breaking, given, CircuitBreaker()),
        refused(bulkhead, given, Bulkhead(3)),
        refused(rate_limited, given, RateLimit(3)),
        refused(hedged, given, 1),
        refused(falling_back, given, MODEL),
        refused(falling_back, MODEL, given),
    ):
        assert told.endswith("it takes a model, a tool or a step: an agent, a function of (input, scope).")


def test_the_name_of_a_model_is_to_be_made_a_model():
    assert refused(timed, "openai:gpt-test", 5) == snapshot(
        "timed('openai:gpt-test'): a model's name is made a model by switchroom.models.named('openai:gpt-test')."
    )


@pytest.mark.parametrize("given", [5, None, CircuitBreaker])
def test_what_a_guard_remembers_is_of_its_own_kind(given: Any):
    assert refused(breaking, MODEL, given).endswith("pass CircuitBreaker(failure_threshold=5, timeout=60).")
    assert refused(bulkhead, MODEL, given).endswith("pass Bulkhead(at_once=8, queue=16).")
    assert refused(rate_limited, MODEL, given).endswith("pass RateLimit(requests=60, per=60).")


def test_only_models_have_tokens():
    assert refused(RateLimit) == "RateLimit() limits nothing. Pass requests=60, tokens=90_000, or both."
    for given, name in ((look, "tool 'look'"), (step, "step 'step'")):
        told = refused(rate_limited, given, RateLimit(tokens=5))
        assert told == f"rate_limited(...): {name} has no tokens to count, as models have. Pass RateLimit(requests=...)."


def test_what_must_not_happen_twice_is_neither_retried_nor_hedged():
    assert refused(retrying, refund) == (
        "Tool 'refund' is irreversible: a call that failed may have happened, so it is not tried again. "
        'Declare effect="idempotent" if a second call does no harm.'
    )
    assert "Tool 'refund' is irreversible: it must not be called twice, so it is not hedged." in refused(hedged, refund, 1)
    for given in (step, Agent("step"), Agent("step").as_tool()):
        assert refused(hedged, given, 1) == (
            "hedged('step'): a step's tools may touch the world, and two tries do so twice. "
            "Pass repeat_effects=True if that does no harm, or wrap the model of its agents."
        )


def test_what_does_more_than_answer_is_not_answered_from_memory():
    assert "Tool 'refund' is irreversible: answered from memory, a call would not happen." in refused(cached, refund)
    assert "cached('step'): what a step does beside answering would be left out." in refused(cached, step)
    assert "Tool 'helper' runs an agent or a step: wrap the model of that agent" in refused(cached, Agent("helper").as_tool())


def test_tools_that_do_not_stand_for_one_another_are_no_fallback():
    @tool(effect="read", needs_approval=True)
    async def peek(order: str) -> str:
        return order

    assert refused(falling_back, look) == "falling_back('look') has nothing to fall back to. Pass at least two tools."
    assert "tool 'look' takes ['order'], and 'find' takes ['name']; give them the same" in refused(falling_back, look, find)
    assert "tool 'peek' needs approval, which is asked for before 'look' is called." in refused(falling_back, look, peek)
    assert "Tool 'refund' is irreversible: a call that failed may have happened" in refused(falling_back, refund, look)
    assert "Tool 'helper' runs an agent or a step" in refused(falling_back, look, Agent("helper").as_tool())
    assert "has tool 'look' and step 'step'; pass things of one kind." in refused(falling_back, look, step)
    assert "falling_back('step'): steps fall back by a workflow, fallback(step, other)." in refused(falling_back, step, step)


async def test_a_model_that_was_taken_for_a_step_says_how_to_write_it():
    def bare(r: Any, e: Any) -> Any:
        return MODEL(r, e)

    guarded: Any = timed(bare, 5)
    with pytest.raises(UserError) as caught:
        await Runner.run(Agent("clerk", model=guarded), "hi")
    assert str(caught.value).startswith("'bare' was wrapped as a step, and is called with ")
    assert "(request: ModelRequest, emit: Emit)" in str(caught.value)


def test_guards_say_what_they_guard():
    assert repr(timed(MODEL, 5)) == repr(MODEL)
    assert repr(CircuitBreaker(name="billing")) == "CircuitBreaker('billing', closed, failures=0)"
    assert repr(timed(Agent("clerk"), 5)) == "GuardedStep(Agent('clerk'))"
