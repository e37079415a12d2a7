"""An idle wrapper changes nothing: around a model, around all performing, as a listener, as a step around a step."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings

from switchroom import Agent, RunConfig, Runner, Team
from switchroom.events import RunEvent
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.perform import AgentRun, Note, perform
from switchroom.rules.commands import AnyCommand, CallTool
from switchroom.runner import interpreter
from tests.examples import times
from tests.laws.plans import AgentPlan, FunctionPlan, FunctionTool, Plan, World, build, concurrent, plans
from tests.laws.test_streams import told

EXAMPLES = settings(
    max_examples=times(15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def idle(model: Model) -> Model:
    """A wrapper that only passes on."""

    async def passed_on(request: ModelRequest, emit: Emit) -> ModelResponse:
        return await model(request, emit)

    return passed_on


class Idle:
    """A wrapper of all performing that counts the commands, and else only passes on."""

    def __init__(self) -> None:
        self.seen = Counter[str]()

    async def __call__(self, run: AgentRun, command: AnyCommand, note: Note) -> None:
        self.seen[type(command).__name__] += 1
        await perform(run, command, note)


def wrapped(step: Any) -> Any:
    """The step with an idle wrapper around the model of each of its agents."""
    if isinstance(step, Team):
        return Team([wrapped(agent) for agent in step.agents], name=step.name)
    if isinstance(step, Agent):
        agent = cast("Agent[Any]", step)
        assert agent.model is not None
        assert not isinstance(agent.model, str)
        return Agent(agent.name, model=idle(agent.model), tools=agent.tools, handoffs=agent.handoffs)
    return step


async def facts_of(step: Any, plan: Plan, **options: Any) -> tuple[Any, list[tuple[str, bytes]]]:
    """What a run gave and noted."""
    result = await Runner.run(step, "go", config=RunConfig(max_turns=1000, **options))
    facts = told(list(result.events))
    return result.final_output, sorted(facts) if concurrent(plan) else facts


@EXAMPLES
@given(plans(approvals=False))
def test_an_idle_wrapper_around_a_model_changes_nothing(plan: Plan):
    async def check() -> None:
        assert await facts_of(wrapped(build(plan, World())), plan) == await facts_of(build(plan, World()), plan)

    asyncio.run(check())


@EXAMPLES
@given(plans(approvals=False))
def test_an_idle_wrapper_around_all_performing_changes_nothing(plan: Plan):
    async def check() -> None:
        bare = await facts_of(build(plan, World()), plan)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(interpreter, "perform", Idle())
            assert await facts_of(build(plan, World()), plan) == bare

    asyncio.run(check())


async def test_each_of_several_calls_goes_through_the_wrapped_performing(monkeypatch: pytest.MonkeyPatch):
    wrapper = Idle()
    monkeypatch.setattr(interpreter, "perform", wrapper)
    tools = tuple(FunctionTool(f"tool{i}", "read", "none") for i in range(3))
    plan = AgentPlan("agent", (tools, (FunctionTool("alone", "read", "none"),)))
    result = await Runner.run(build(plan, World()), "go")

    assert result.final_output.splitlines()[-1].startswith("agent:2")
    assert wrapper.seen[CallTool.__name__] >= 3
    assert wrapper.seen["CallTools"] == 2


async def test_a_listener_that_fails_changes_nothing():
    def fails(event: RunEvent) -> None:
        raise RuntimeError("I do not listen")

    tools = tuple(FunctionTool(f"tool{i}", "read", "none", ticks=i) for i in range(3))
    plan = FunctionPlan("fn", (AgentPlan("agent", (tools,)),), "one by one")
    assert await facts_of(build(plan, World()), plan, listeners=(fails,)) == await facts_of(build(plan, World()), plan)
