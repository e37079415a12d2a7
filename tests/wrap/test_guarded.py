"""What guards make of what they guard: known for what it is, with its name, found in a run at a place of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, assert_type

import pydantic
import pytest

from switchroom import Agent, CircuitBreaker, Runner, Team, Tool, tool
from switchroom.events import StepFailed, StepReturned, StepStarted
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.reply import Reply
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.wrap import (
    Bulkhead,
    FallbackModel,
    GuardedModel,
    GuardedStep,
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
from tests.helpers import facts_of, keeping
from tests.wrap.worlds import Server, caller, said


class Order(pydantic.BaseModel):
    number: int


async def ship(order: Order, scope: Any) -> Order:
    """Ship an order."""
    return Order(number=order.number + 1)


@tool(effect="read", timeout=5, on_error="tell_model", description="looks up")
async def look(order: str) -> str:
    return f"{order} is shipped"


def idle(guarded: Any) -> list[Any]:
    """Something with each guard around it, in a world where none has anything to do, and with all of them."""
    guards: list[Callable[[Any], Any]] = [
        lambda one: retrying(one),
        lambda one: timed(one, 60),
        lambda one: breaking(one, CircuitBreaker()),
        lambda one: bulkhead(one, Bulkhead(5)),
        lambda one: rate_limited(one, RateLimit(requests=1000)),
    ]
    alone = [guard(guarded) for guard in guards]
    for guard in guards:
        guarded = guard(guarded)
    return [*alone, guarded]


def test_type_checkers_know_what_comes_back():
    model = Server((0, "hello"))
    agent = Agent("clerk", output_type=int)
    assert_type(timed(look, 5), Tool)
    assert_type(timed(model, 5), Model)
    assert_type(cached(FallbackModel("openai:a", model), size=5), Model)
    assert_type(retrying(agent), GuardedStep[Any, int])
    assert_type(retrying(Team([agent]), attempts=2), GuardedStep[Any, Any])
    assert_type(breaking(ship, CircuitBreaker()), GuardedStep[Order, Order])
    assert_type(hedged(timed(ship, seconds=1), 1, repeat_effects=True), GuardedStep[Order, Order])
    assert_type(falling_back("openai:a", model), FallbackModel)
    assert_type(falling_back(look, look), Tool)


def test_a_guarded_tool_is_that_tool_in_all_but_its_calls():
    for guarded in idle(look):
        assert isinstance(guarded, Tool)
        assert (guarded.name, guarded.description, guarded.parameters) == (look.name, look.description, look.parameters)
        assert (guarded.effect, guarded.on_error, guarded.spec) == ("read", "tell_model", look.spec)


def test_a_guarded_model_says_of_itself_what_the_model_says():
    class Honest(Server):
        honest = "It is a test."
        name = "test:server"

    model = Honest((0, "hello"))
    for guarded in idle(model):
        assert isinstance(guarded, GuardedModel)
        assert (guarded.name, guarded.honest) == ("test:server", "It is a test.")
        assert not hasattr(guarded, "temperature")


def test_a_guarded_step_has_what_is_to_be_known_of_the_step():
    agent = Agent("clerk", description="helps", version="3", input_type=Order)
    for guarded in idle(agent):
        assert (guarded.name, guarded.description, guarded.version) == ("clerk", "helps", "3")
        assert guarded.input_type is Order
        assert list(guarded.parts) == ["clerk"]
    for guarded in idle(ship):
        assert (guarded.name, guarded.description, guarded.version, guarded.input_type) == ("ship", "Ship an order.", "", None)
    once = timed(agent, 5)
    assert once.guarded is agent
    assert once.parts == {"clerk": agent}
    assert timed(once, 5).guarded is once


async def annotated(request: ModelRequest, emit: Emit) -> ModelResponse:
    return await ScriptedModel(["hello"])(request, emit)


async def named(question: Any, emit: Any) -> Any:
    return await annotated(question, emit)


async def half_annotated(one: ModelRequest, two: Any) -> Any:
    return await annotated(one, two)


@pytest.mark.parametrize(
    "model", [annotated, named, half_annotated, ScriptedModel(["hello"] * 9)], ids=lambda one: str(one)[:20]
)
async def test_a_model_is_known_by_how_it_is_written(model: Any):
    for guarded in idle(model):
        assert isinstance(guarded, GuardedModel)
        assert await said(Agent("clerk", model=guarded)) == "hello"


async def test_steps_are_known_by_their_scope_or_by_taking_one_input():
    async def with_request(request: str, scope: Any) -> str:
        return request

    def alone(text: str) -> str:
        return text

    for step in (with_request, alone, Agent("x", model=FunctionModel(lambda request: request.messages[-1].text))):
        for guarded in idle(step):
            assert isinstance(guarded, GuardedStep)
            assert await said(guarded, "hello") == "hello"


async def test_each_guard_around_a_step_is_a_place_with_the_guarded_one_below():
    result = await Runner.run(retrying(timed(ship, 5)), Order(number=1))
    assert result.final_output == Order(number=2)
    started = [event.path for event in result.events if isinstance(event.fact, StepStarted)]
    assert started == ["turn#1/ship#0", "turn#1/ship#0/ship#0", "turn#1/ship#0/ship#0/ship#0"]
    assert len(facts_of(StepReturned, result.events)) == 3
    assert not facts_of(StepFailed, result.events)


async def test_a_guarded_step_is_a_tool_like_any_other_and_its_own_tools_are_found():
    helper = caller([look], "look", order="7")
    boss = Agent("boss", model=FunctionModel(_asking("clerk")), tools=[timed(helper, 5)])
    result = await Runner.run(boss, "go", config=keeping())
    assert result.final_output == "7 is shipped"
    wrapped = Agent("boss", model=FunctionModel(_asking("clerk")), tools=[retrying(timed(helper.as_tool(), 5))])
    result = await Runner.run(wrapped, "go", config=keeping())
    assert result.final_output == "7 is shipped"
    assert "turn#1/boss#0/clerk#1.0/clerk#0/clerk#0" in {event.path for event in result.events}


def _asking(name: str) -> Callable[[ModelRequest], Reply]:
    return lambda request: request.messages[-1].text if request.messages[-1].role == "tool" else call(name, input="go")


async def test_a_tool_s_own_timeout_is_each_call_s_and_inside_of_the_guard():
    tries: list[int] = []

    @tool(effect="read", timeout=0.01)
    async def slow() -> str:
        tries.append(len(tries))
        if len(tries) < 3:
            await asyncio.Event().wait()
        return "here"

    assert await said(caller([retrying(slow, wait=0)], "slow")) == "here"
    assert len(tries) == 3
