"""A failure of the user's code reaches the user's `except` as what it is, wherever it was raised, with the run attached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn, cast

import pytest

from switchroom import Agent, RunConfig, Runner, RunResult, Team, handoff, tool
from switchroom.events import StepFailed, ToolFailed
from switchroom.guardrail import Pass, on_input, on_output, on_tool
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.laws.worlds import CONVERSATION, answering, kept, own_answers

FAULT = "this is the user's own"


def fails(*_: Any, **__: Any) -> NoReturn:
    """The user's fault, wherever it is called."""
    raise ValueError(FAULT)


async def fails_later(*_: Any, **__: Any) -> NoReturn:
    """The same after the loop had a turn."""
    await asyncio.sleep(0)
    fails()


@tool(effect="read")
async def reads() -> str:
    """Read."""
    return "read"


def from_a_tool() -> Any:
    @tool(effect="irreversible")
    async def raises() -> str:
        return await fails_later()

    return Agent("agent", tools=[raises], model=answering(call("raises"), "done"))


def from_a_tool_in_a_thread() -> Any:
    @tool
    def raises() -> str:
        return fails()

    return Agent("agent", tools=[raises], model=answering(call("raises"), "done"))


def from_a_tool_beside_others() -> Any:
    @tool(effect="read")
    async def raises() -> str:
        return await fails_later()

    @tool(effect="read")
    async def raises_too() -> str:
        await asyncio.sleep(0)
        raise KeyError("this came later in the order of calls")

    tools = [reads, raises, raises_too]
    return Agent("agent", tools=tools, model=answering([call("reads"), call("raises"), call("raises_too")], "done"))


def from_a_model() -> Any:
    return Agent("agent", model=FunctionModel(fails))


def from_a_model_that_was_awaited() -> Any:
    return Agent("agent", model=FunctionModel(fails_later))


def from_a_later_answer_of_a_model() -> Any:
    def answers(request: ModelRequest) -> Any:
        return call("reads") if own_answers(request) == 0 else fails()

    return Agent("agent", tools=[reads], model=FunctionModel(answers))


def from_instructions() -> Any:
    return Agent("agent", fails, model=answering("done"))


def from_instructions_that_were_awaited() -> Any:
    return Agent("agent", fails_later, model=answering("done"))


def from_an_input_guardrail() -> Any:
    return Agent("agent", guardrails=[on_input(fails_later)], model=answering("done"))


def from_an_output_guardrail() -> Any:
    return Agent("agent", guardrails=[on_output(fails_later)], model=answering("done"))


def from_a_tool_guardrail() -> Any:
    return Agent("agent", tools=[reads], guardrails=[on_tool(fails_later)], model=answering(call("reads"), "done"))


def from_a_question_of_approval() -> Any:
    @tool(effect="read", needs_approval=fails)
    async def risky() -> str:
        return "done"

    return Agent("agent", tools=[risky], model=answering(call("risky"), "done"))


def from_a_target_that_is_asked() -> Any:
    other = Agent("other", model=answering("done"))
    return Agent("agent", handoffs=[handoff(other, accepts=fails_later)], model=answering(call("transfer_to_other")))


def from_a_filter() -> Any:
    other = Agent("other", model=answering("done"))
    return Agent("agent", handoffs=[handoff(other, filter=fails)], model=answering(call("transfer_to_other")))


def from_a_function() -> Any:
    async def step(input: Any, scope: Any) -> str:
        return await fails_later()

    return step


def from_a_plain_function() -> Any:
    def step(input: Any) -> str:
        return fails()

    return step


SOURCES: list[Callable[[], Any]] = [
    from_a_tool,
    from_a_tool_in_a_thread,
    from_a_tool_beside_others,
    from_a_model,
    from_a_model_that_was_awaited,
    from_a_later_answer_of_a_model,
    from_instructions,
    from_instructions_that_were_awaited,
    from_an_input_guardrail,
    from_an_output_guardrail,
    from_a_tool_guardrail,
    from_a_question_of_approval,
    from_a_target_that_is_asked,
    from_a_filter,
    from_a_function,
    from_a_plain_function,
]


def alone(step: Any) -> Any:
    return step


def as_a_tool(step: Any) -> Any:
    if not isinstance(step, Agent | Team):
        step.name, step.description = "step", "a function"
    name: str = step.name
    if isinstance(step, Team):
        step = Team(step.agents, description="a team")
    return Agent("boss", tools=[reads, step], model=answering([call("reads"), call(name, input="go")], "done"))


def run_inside_a_tool(step: Any) -> Any:
    @tool(effect="read")
    async def runs() -> str:
        return (await Runner.run(step, "go")).final_output

    return Agent("boss", tools=[runs], model=answering(call("runs"), "done"))


def run_beside_another_in_a_tool(step: Any) -> Any:
    well = Agent("well", model=answering("well"))

    @tool(effect="read")
    async def runs() -> str:
        results = await asyncio.gather(Runner.run(well, "go"), Runner.run(step, "go"))
        return ", ".join(result.final_output for result in results)

    return Agent("boss", tools=[runs], model=answering(call("runs"), "done"))


def run_in_the_thread_of_a_tool(step: Any) -> Any:
    @tool(effect="read")
    def runs() -> str:
        return Runner.run_sync(step, "go").final_output

    return Agent("boss", tools=[runs], model=answering(call("runs"), "done"))


def called_by_a_function(step: Any) -> Any:
    async def outer(input: Any, scope: Any) -> Any:
        return await scope.call(step, "go")

    return outer


def handed_to(step: Any) -> Any:
    if not isinstance(step, Agent):
        return called_by_a_function(step)
    target = cast("Agent[Any]", step)
    first = Agent("first", handoffs=[target.name], model=answering(call(f"transfer_to_{target.name}")))
    return Team([first, target])


def deep_down(step: Any) -> Any:
    return run_inside_a_tool(called_by_a_function(as_a_tool(handed_to(step)) if isinstance(step, Agent) else step))


PLACES: list[Callable[[Any], Any]] = [
    alone,
    as_a_tool,
    run_inside_a_tool,
    run_beside_another_in_a_tool,
    run_in_the_thread_of_a_tool,
    called_by_a_function,
    handed_to,
    deep_down,
]


def named(function: Callable[..., Any]) -> str:
    return function.__name__.replace("_", " ")


# The input is judged by who is active first: a guardrail of an agent that is handed to has nothing to say.
REACHED = [
    pytest.param(source, place, id=f"{named(source)}, {named(place)}")
    for source in SOURCES
    for place in PLACES
    if source is not from_an_input_guardrail or place not in (handed_to, deep_down)
]


@pytest.mark.parametrize(("source", "place"), REACHED)
async def test_a_value_error_reaches_the_users_except(source: Callable[[], Any], place: Callable[[Any], Any]):
    journal = MemoryJournal()
    caught: Exception | None = None
    try:
        await Runner.run(place(source()), "go", config=RunConfig(journal=journal), conversation=CONVERSATION)
    except ValueError as error:
        caught = error

    assert caught is not None
    assert type(caught) is ValueError
    assert str(caught) == FAULT
    run: Any = getattr(caught, "run", None)
    assert isinstance(run, RunResult)
    assert run.facts == [event.fact for event in kept(journal)]
    assert isinstance(run.facts[-1], StepFailed)
    assert all(fact.error in ("ValueError", "KeyError") for fact in run.facts if isinstance(fact, StepFailed | ToolFailed))
    assert run.waiting == ()
    assert run.conversation == CONVERSATION


@pytest.mark.parametrize("place", PLACES, ids=named)
@pytest.mark.parametrize("source", [from_a_tool, from_a_model, from_a_function], ids=named)
async def test_it_reaches_whoever_reads_the_stream_too(source: Callable[[], Any], place: Callable[[Any], Any]):
    kinds: list[str] = []
    with pytest.raises(ValueError, match=FAULT) as raised:
        async with Runner.stream(place(source()), "go") as stream:
            async for event in stream:
                kinds.append(event.kind)

    assert type(raised.value) is ValueError
    assert isinstance(getattr(raised.value, "run", None), RunResult)
    assert kinds[0] == "turn_started"
    assert kinds[-1] == "step_failed"


async def test_it_is_the_very_exception_that_was_raised():
    error = ValueError(FAULT)

    async def step(input: Any) -> str:
        raise error

    with pytest.raises(ValueError, match=FAULT) as raised:
        await Runner.run(step, "go")
    assert raised.value is error


async def test_the_other_failures_of_one_answer_are_told_as_notes():
    with pytest.raises(ValueError, match=FAULT) as raised:
        await Runner.run(from_a_tool_beside_others(), "go")
    assert any("KeyError" in note for note in raised.value.__notes__)


async def test_a_guardrail_that_lets_pass_does_not_hide_a_fault_behind_it():
    async def passes(ctx: Any, value: Any) -> Pass:
        return Pass()

    guards = [on_input(passes), on_output(passes), on_tool(passes)]
    inner = from_a_tool()
    agent = Agent("agent", tools=inner.tools, guardrails=guards, model=inner.model)
    with pytest.raises(ValueError, match=FAULT):
        await Runner.run(agent, "go")


async def test_a_tool_may_catch_what_a_run_inside_it_raises():
    @tool(effect="read")
    async def runs() -> str:
        try:
            return (await Runner.run(from_a_model(), "go")).final_output
        except ValueError as error:
            return f"caught: {error}"

    boss = Agent("boss", tools=[runs], model=answering(call("runs"), "done"))
    result = await Runner.run(boss, "go")
    assert f"caught: {FAULT}" in [message.text for message in result.messages]
