"""Replayed code: what was noted in a scope is not done again, and what differs is said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Runner, ToolContext, UserError, tool
from switchroom.errors import Diverged, GuardrailTripped
from switchroom.guardrail import Pass, Trip, on_input, on_output
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import World, keeping, kinds, soon


def counted(world: World) -> Agent[str]:
    """An agent whose model depends on the world."""

    def answer(request: Any) -> str:
        world.touch()
        return "answered"

    return Agent("worker", model=FunctionModel(answer))


# paths ---------------------------------------------------------------------------------------------------------------


async def test_the_same_agent_twice_under_one_scope_has_two_places():
    echo = Agent("echo", model=FunctionModel(lambda request: request.messages[-1].text))

    async def twice(input: str, scope: Scope) -> list[str]:
        return [await scope.call(echo, "first"), await scope.call(echo, "second")]

    result = await Runner.run(twice, "x")
    assert result.final_output == ["first", "second"]
    starts = [event.path for event in result.events if event.kind == "step_started"]
    assert starts == snapshot(["turn#1/twice#0", "turn#1/twice#0/echo#0", "turn#1/twice#0/echo#1"])


async def test_places_are_counted_in_the_order_of_calling_and_not_of_finishing():
    first_may_end = asyncio.Event()

    async def answer(request: Any) -> str:
        if request.messages[-1].text == "first":
            await first_may_end.wait()
        else:
            first_may_end.set()
        return request.messages[-1].text

    echo = Agent("echo", model=FunctionModel(answer))

    async def both(input: str, scope: Scope) -> tuple[str, str]:
        return await asyncio.gather(scope.call(echo, "first"), scope.call(echo, "second"))

    result = await soon(Runner.run(both, "x"))
    ends = [(event.path, event.text) for event in result.events if event.kind == "model_answered"]
    assert ends == [("turn#1/both#0/echo#1", "second"), ("turn#1/both#0/echo#0", "first")]


async def test_a_handoff_adds_no_segment_to_the_path():
    billing = Agent("billing", model=ScriptedModel(["paid"]))
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_billing")]), handoffs=[billing])
    result = await Runner.run(triage, "x")
    assert {event.path for event in result.events} == {"turn#1", "turn#1/triage#0"}


async def test_the_paths_of_calls_do_not_come_from_the_models_ids():
    paths: list[str] = []

    @tool(effect="read")
    async def look(ctx: ToolContext) -> str:
        paths.append(ctx.scope.path)
        return "seen"

    model = ScriptedModel([[call("look"), call("look")], call("look"), "done"])
    await Runner.run(Agent("clerk", model=model, tools=[look]), "x")
    assert sorted(paths) == ["turn#1/clerk#0/look#1.0", "turn#1/clerk#0/look#1.1", "turn#1/clerk#0/look#2.0"]


# what is finished is not run again -----------------------------------------------------------------------------------


async def test_a_finished_step_is_not_run_again_when_the_turn_is_resumed():
    world = World()
    done: list[str] = []

    async def prepare(input: str) -> str:
        done.append(input)
        return input.upper()

    async def work(input: str, scope: Scope) -> str:
        prepared = await scope.call(prepare, input)
        return f"{prepared} {await scope.call(counted(world), prepared)}"

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    result = await Runner.resume(work, config=config, conversation="c")
    assert result.final_output == "X answered"
    assert done == ["x"]


async def test_clock_chance_and_ids_are_the_same_on_resume():
    world = World()
    drawn: list[tuple[float, float, str]] = []

    async def work(input: str, scope: Scope) -> str:
        drawn.append((await scope.now(), await scope.random(), await scope.uuid()))
        return await scope.call(counted(world), "x")

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    await Runner.resume(work, config=config, conversation="c")
    assert drawn[0] == drawn[1]


async def test_two_draws_of_one_step_differ():
    async def work(input: str, scope: Scope) -> list[str]:
        return [await scope.uuid(), await scope.uuid()]

    first, second = (await Runner.run(work, "x")).final_output
    assert first != second


async def test_a_draw_of_another_kind_on_resume_is_a_divergence():
    world = World()

    async def work(input: str, scope: Scope) -> str:
        await (scope.now() if world.down else scope.uuid())
        return await scope.call(counted(world), "x")

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    with pytest.raises(Diverged) as error:
        await Runner.resume(work, config=config, conversation="c")
    assert str(error.value) == snapshot("At turn#1/work#0 draw 1 was 'now', and now is 'uuid'.")


async def test_what_hooks_of_an_agent_draw_is_not_given_to_another_hook_after_a_resume():
    world = World()
    world_tool = tool(effect="read")(world.touch)
    ids: list[str] = []

    async def stamp(ctx: Any, value: Any) -> Pass:
        ids.append(await ctx.scope.uuid())
        return Pass()

    model = ScriptedModel([call("touch"), "done"])
    clerk = Agent("clerk", model=model, tools=[world_tool], guardrails=[on_input(stamp), on_output(stamp)])
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(clerk, "x", config=config, conversation="c")
    world.down = False
    await Runner.resume(clerk, config=config, conversation="c")
    assert len(ids) == 2
    assert ids[0] != ids[1]


async def test_hooks_of_an_agent_that_draw_different_things_do_not_diverge_on_resume():
    world = World()
    world_tool = tool(effect="read")(world.touch)

    async def stamp(ctx: Any, value: Any) -> Pass:
        await ctx.scope.uuid()
        return Pass()

    async def instructions(ctx: Any) -> str:
        return f"It is {await ctx.scope.now()}."

    model = ScriptedModel([call("touch"), "done"])
    clerk = Agent("clerk", instructions, model=model, tools=[world_tool], guardrails=[on_input(stamp)])
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(clerk, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(clerk, config=config, conversation="c")).final_output == "done"


async def test_guardrails_that_ask_an_agent_do_not_diverge_on_resume():
    world = World()
    world_tool = tool(effect="read")(world.touch)
    judge = Agent("judge", model=FunctionModel(lambda request: "fine"))

    async def ask_the_judge(ctx: Any, value: Any) -> Pass:
        await Runner.run(judge, str(value))
        return Pass()

    model = ScriptedModel([call("touch"), "done"])
    guardrails = [on_input(ask_the_judge), on_output(ask_the_judge)]
    clerk = Agent("clerk", model=model, tools=[world_tool], guardrails=guardrails)
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(clerk, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(clerk, config=config, conversation="c")).final_output == "done"


# failures ------------------------------------------------------------------------------------------------------------


async def test_a_failure_through_which_the_fault_left_the_run_is_tried_again():
    world = World()

    async def work(input: str, scope: Scope) -> str:
        return await scope.call(counted(world), "x")

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    with pytest.raises(ConnectionError):
        await Runner.resume(work, config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == "answered"
    assert world.touched == 3


async def test_a_failure_after_which_the_parent_went_on_is_final():
    world = World()
    tries: list[str] = []

    async def broken(input: str) -> str:
        tries.append(input)
        raise ValueError("never")

    async def work(input: str, scope: Scope) -> str:
        try:
            return await scope.call(broken, "once")
        except ValueError as error:
            caught = str(error)
        return f"{caught}, then {await scope.call(counted(world), 'x')}"

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == "never, then answered"
    assert tries == ["once"]


async def test_a_fault_that_left_the_run_is_tried_again_though_a_sibling_finished_after_it():
    world = World()
    sibling_may_end = asyncio.Event()

    def fail(request: Any) -> str:
        sibling_may_end.set()
        world.touch()
        return "mended"

    async def wait(request: Any) -> str:
        await sibling_may_end.wait()
        await asyncio.sleep(0)
        return "waited"

    flaky = Agent("flaky", model=FunctionModel(fail))
    slow = Agent("slow", model=FunctionModel(wait))
    model = ScriptedModel([[call("flaky", input="1"), call("slow", input="2")], "done"])
    manager = Agent("manager", model=model, tools=[flaky, slow])
    config = keeping()
    with pytest.raises(ConnectionError):
        await soon(Runner.run(manager, "x", config=config, conversation="c"))
    world.down = False
    result = await Runner.resume(manager, config=config, conversation="c")
    assert result.final_output == "done"
    assert [message.text for message in result.messages if message.role == "tool"] == ["mended", "waited"]


async def test_a_fault_that_left_the_run_is_tried_again_though_a_later_call_began_after_it():
    world = World()

    def fail(request: Any) -> str:
        world.touch()
        return "mended"

    flaky = Agent("flaky", model=FunctionModel(fail))
    other = Agent("other", model=FunctionModel(lambda request: "fine"))
    model = ScriptedModel([[call("flaky", input="1"), call("other", input="2")], "done"])
    manager = Agent("manager", model=model, tools=[flaky, other])
    config = keeping(parallel_tools=1)
    with pytest.raises(ConnectionError):
        await Runner.run(manager, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(manager, config=config, conversation="c")).final_output == "done"


async def test_a_caught_guardrail_is_caught_again_on_resume():
    world = World()

    async def refuse(ctx: Any, text: str) -> Trip:
        return Trip("not here")

    guarded = Agent("guarded", model=ScriptedModel([]), guardrails=[on_input(refuse)])

    async def work(input: str, scope: Scope) -> str:
        try:
            await scope.call(guarded, "x")
        except GuardrailTripped as error:
            return f"{error.reason}: {await scope.call(counted(world), 'x')}"
        return "not caught"

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == "not here: answered"


class OutOfStock(Exception):
    """A failure of the application's own kind."""


async def test_a_caught_failure_of_the_users_own_type_is_caught_again_on_resume():
    world = World()

    async def order(input: str) -> str:
        raise OutOfStock("none left")

    async def work(input: str, scope: Scope) -> str:
        try:
            await scope.call(order, "x")
        except OutOfStock as error:
            return f"{error}: {await scope.call(counted(world), 'x')}"
        return "not caught"

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == "none left: answered"


# divergence ----------------------------------------------------------------------------------------------------------


async def divergence(first: Any, second: Any) -> str:
    """What is said when the second step resumes the turn that the first one left unfinished."""
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(first, "x", config=config, conversation="c")
    with pytest.raises(Diverged) as error:
        await Runner.resume(second, config=config, conversation="c")
    return str(error.value)


def steps_with(*children: tuple[Any, Any]) -> Any:
    async def work(input: str, scope: Scope) -> str:
        for child, given in children:
            await scope.call(child, given, name="child")
        world = World()
        return await scope.call(counted(world), "x")

    return work


async def plain(input: Any) -> Any:
    return input


async def other(input: Any) -> Any:
    return input


async def test_diverged_says_that_another_step_runs():
    assert await divergence(steps_with((plain, 1)), steps_with((other, 1))) == snapshot(
        "At turn#1/work#0/child#0 the unfinished turn ran step 'plain', and now it is 'other'. Resume it with the old code."
    )


async def test_diverged_says_that_the_input_is_another():
    assert await divergence(steps_with((plain, 1)), steps_with((plain, 2))) == snapshot(
        "At turn#1/work#0/child#0 the unfinished turn gave 'plain' another input: '1', and now "
        "'2'. Take clock, chance and ids from the scope, so that they are the same on resume."
    )


async def test_diverged_says_that_the_version_is_another():
    def agent(version: str) -> Agent[str]:
        world = World()
        return Agent("clerk", model=ScriptedModel([call("touch")]), tools=[tool(world.touch)], version=version)

    assert await divergence(agent("1"), agent("2")) == snapshot(
        "At turn#1/clerk#0 the unfinished turn ran version '1', and now it is '2'. Resume it with the old code."
    )


async def test_another_version_may_begin_the_next_turn():
    config = keeping()
    await Runner.run(Agent("clerk", model=ScriptedModel(["one"]), version="1"), "x", config=config, conversation="c")
    result = await Runner.run(Agent("clerk", model=ScriptedModel(["two"]), version="2"), "y", config=config, conversation="c")
    assert result.final_output == "two"


async def test_another_step_may_not_begin_the_next_turn():
    config = keeping()
    await Runner.run(Agent("clerk", model=ScriptedModel(["one"])), "x", config=config, conversation="c")
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("boss", model=ScriptedModel(["two"])), "y", config=config, conversation="c")
    assert str(error.value) == snapshot(
        "Conversation 'c' is answered by 'clerk'; 'boss' cannot go on with it. Pass the step that "
        "began it, or another conversation."
    )


async def resumed_without_the_tool(gone: Any) -> UserError:
    world = World()
    kept = tool(effect="read")(world.touch)
    config = keeping()
    before = Agent("clerk", model=ScriptedModel([call("touch")]), tools=[kept])
    with pytest.raises(ConnectionError):
        await Runner.run(before, "x", config=config, conversation="c")
    after = Agent("clerk", model=ScriptedModel(["done"]), tools=gone)
    with pytest.raises(UserError) as error:
        await Runner.resume(after, config=config, conversation="c")
    return error.value


async def test_resuming_without_the_tool_that_was_called_says_so():
    error = await resumed_without_the_tool([])
    assert isinstance(error, Diverged)
    assert "touch" in str(error)


async def test_resuming_with_a_tool_that_no_longer_takes_the_arguments_says_so():
    async def touch(needed: int) -> str:
        return str(needed)

    error = await resumed_without_the_tool([tool(effect="read")(touch)])
    assert isinstance(error, Diverged)
    assert "touch" in str(error)


# values --------------------------------------------------------------------------------------------------------------


class Invoice(BaseModel):
    number: str
    cents: int


async def test_a_step_gives_its_declared_type_live_and_from_the_journal():
    world = World()
    seen: list[Any] = []

    async def find(input: str) -> Invoice:
        return Invoice(number=input, cents=5)

    async def work(input: str, scope: Scope) -> str:
        seen.append(await scope.call(find, "F-1"))
        return await scope.call(counted(world), "x")

    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", config=config, conversation="c")
    world.down = False
    await Runner.resume(work, config=config, conversation="c")
    assert seen == [Invoice(number="F-1", cents=5)] * 2


async def test_a_steps_output_that_json_cannot_hold_is_refused():
    async def work(input: str) -> Any:
        return object()

    with pytest.raises(UserError) as error:
        await Runner.run(work, "x")
    assert str(error.value) == snapshot(
        "Step 'work' gave a object, which JSON cannot hold (Unable to serialize unknown type: "
        "<class 'object'>). Give plain data, a pydantic model or a dataclass."
    )


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**70)])
async def test_large_whole_numbers_are_kept(number: int):
    config = keeping()
    result = await Runner.run(plain, number, config=config, conversation="c")
    assert result.final_output == number
    assert (await Runner.resume(plain, config=config, conversation="c")).final_output == number


async def test_a_step_may_be_called_without_a_scope():
    async def shout(input: str) -> str:
        return input.upper()

    assert (await Runner.run(shout, "x")).final_output == "X"


async def test_a_plain_function_is_a_step():
    def shout(input: str) -> str:
        return input.upper()

    assert (await Runner.run(shout, "x")).final_output == "X"


async def test_what_is_no_step_is_refused():
    with pytest.raises(UserError) as error:
        await Runner.run(5, "x")
    assert str(error.value) == snapshot("5 is not a step. Pass an Agent, a Team, or a function of (input, scope).")


async def test_every_step_is_noted_with_its_start_and_end():
    async def work(input: str, scope: Scope) -> str:
        return await scope.call(plain, input)

    result = await Runner.run(work, "x")
    assert kinds(result.events) == snapshot(["turn_started", "step_started", "step_started", "step_returned", "step_returned"])


# declared types ------------------------------------------------------------------------------------------------------


async def test_a_step_has_to_return_what_it_declares():
    async def count(input: str, scope: Scope) -> str:
        return 7  # pyright: ignore[reportReturnType]

    with pytest.raises(UserError, match="Step 'count' returned 7, which is not what it declares to return"):
        await Runner.run(count, "x")
