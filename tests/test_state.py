"""`deps` and `state`: handles of the process, never kept; and what agents share, kept and validated."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, ConfigDict, Field, computed_field

from switchroom import Agent, RunConfig, Runner, Team, ToolContext, UserError, tool
from switchroom.events import StateChanged
from switchroom.journals import MemoryJournal
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import World, asked_by_person, facts_of, keeping, soon


class Visit(BaseModel):
    name: str = "somebody"
    visits: int = 0


@tool(effect="read")
async def visit(ctx: ToolContext) -> int:
    """Count a visit."""
    await ctx.update(visits=ctx.state.visits + 1)
    return ctx.state.visits


def visitor() -> Agent[str]:
    model = FunctionModel(lambda request: call("visit") if asked_by_person(request) else f"visit {request.messages[-1].text}")
    return Agent("clerk", model=model, tools=[visit])


# state ---------------------------------------------------------------------------------------------------------------


async def test_a_change_is_seen_at_once_and_noted():
    result = await Runner.run(visitor(), "x", state=Visit())
    assert result.final_output == "visit 1"
    assert facts_of(StateChanged, result.events) == [StateChanged({"visits": 1}, "turn#1/clerk#0/visit#1.0")]


async def test_state_stays_along_the_conversation_and_is_of_its_declared_type():
    journal = MemoryJournal()
    await Runner.run(visitor(), "x", state=Visit(), config=RunConfig(journal=journal), conversation="c")
    config = RunConfig(journal=journal, state_type=Visit)
    result = await Runner.run(visitor(), "y", config=config, conversation="c")
    assert result.final_output == "visit 2"


async def test_each_conversation_has_its_own_state():
    config = keeping()
    for conversation in ("one", "two"):
        result = await Runner.run(visitor(), "x", state=Visit(), config=config, conversation=conversation)
        assert result.final_output == "visit 1"


async def test_state_may_be_made_for_conversations_that_begin_without_one():
    made: list[str] = []

    def make(conversation: str) -> Visit:
        made.append(conversation)
        return Visit(visits=10)

    config = keeping(state=make)
    first = await Runner.run(visitor(), "x", config=config, conversation="c")
    second = await Runner.run(visitor(), "y", config=config, conversation="c")
    assert (first.final_output, second.final_output) == ("visit 11", "visit 12")


async def test_agents_of_a_team_share_the_state():
    second = Agent("second", model=ScriptedModel([call("visit"), "done"]), tools=[visit])
    model = ScriptedModel([[call("visit"), call("transfer_to_second")]])
    first = Agent("first", model=model, tools=[visit], handoffs=["second"])
    result = await Runner.run(Team([first, second]), "x", state=Visit())
    assert [fact.changes for fact in facts_of(StateChanged, result.events)] == [{"visits": 1}, {"visits": 2}]


async def test_a_sync_tool_changes_the_state_from_its_thread():
    @tool(effect="read")
    def rename(ctx: ToolContext) -> str:
        assert threading.current_thread() is not threading.main_thread()
        ctx.update(name="Ann")
        return ctx.state.name

    agent = Agent("clerk", model=ScriptedModel([call("rename"), "done"]), tools=[rename])
    result = await soon(Runner.run(agent, "x", state=Visit()))
    assert result.messages[2].text == "Ann"


async def test_a_change_that_nobody_awaited_is_not_lost():
    @tool(effect="read")
    async def rename(ctx: ToolContext) -> str:
        ctx.update(name="Ann")
        return ctx.state.name

    agent = Agent("clerk", model=ScriptedModel([call("rename"), "done"]), tools=[rename])
    result = await Runner.run(agent, "x", state=Visit())
    assert result.messages[2].text == "Ann"


async def refused(state: Any, **changes: Any) -> str:
    async def work(input: str, scope: Scope) -> None:
        await scope.update(**changes)

    with pytest.raises(UserError) as error:
        await Runner.run(work, "x", state=state)
    return str(error.value)


async def test_an_unknown_field_is_refused():
    assert await refused(Visit(), vists=1) == snapshot(
        "update(vists=...): Visit has no field 'vists'; it has ['name', 'visits']."
    )


async def test_a_value_of_another_type_is_refused():
    assert "Input should be a valid integer" in await refused(Visit(), visits="many")


async def test_a_change_without_a_state_is_refused():
    assert await refused(None, visits=1) == snapshot(
        "update(...): the run has no shared state. Pass state=YourModel(...) to Runner.run."
    )


async def test_a_value_that_json_cannot_hold_is_refused():
    assert (await refused(Visit(), name=object())).startswith("update(name=...) gave a object, which JSON cannot hold")


async def test_a_conversation_whose_states_type_is_not_known_says_so():
    config = keeping()
    await Runner.run(visitor(), "x", state=Visit(), config=config, conversation="c")
    with pytest.raises(UserError, match=r"Pass RunConfig\(state_type=...\)"):
        await Runner.run(visitor(), "y", config=config, conversation="c")


async def test_a_state_that_is_no_model_is_refused():
    with pytest.raises(UserError) as error:
        await Runner.run(visitor(), "x", state=5)
    assert str(error.value) == snapshot("state=5: pass a pydantic model. Handles such as a database go into deps=.")


class Camel(BaseModel):
    order_id: str = Field(alias="orderId")


async def test_a_field_with_another_name_in_json_can_be_changed():
    async def work(input: str, scope: Scope) -> Any:
        await scope.update(order_id="8")
        return scope.state.order_id

    assert (await Runner.run(work, "x", state=Camel(orderId="7"))).final_output == "8"


class Computed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int

    @computed_field
    @property
    def euros(self) -> float:
        return self.cents / 100


async def test_a_state_with_a_computed_field_can_be_read_and_changed():
    async def work(input: str, scope: Scope) -> Any:
        await scope.update(cents=250)
        return scope.state.euros

    assert (await Runner.run(work, "x", state=Computed(cents=100))).final_output == 2.5


async def test_a_change_by_a_step_that_is_entered_again_is_not_made_twice():
    world = World()

    def answer(request: Any) -> str:
        world.touch()
        return "answered"

    worker = Agent("worker", model=FunctionModel(answer))

    async def work(input: str, scope: Scope) -> int:
        await scope.update(visits=scope.state.visits + 1)
        await scope.call(worker, "x")
        return scope.state.visits

    config = keeping(state_type=Visit)
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", state=Visit(), config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == 1


async def test_a_change_by_a_tool_that_is_entered_again_after_a_person_answered_is_not_made_twice():
    @tool(needs_approval=True)
    async def pay() -> str:
        return "paid"

    cashier = Agent("cashier", model=ScriptedModel([call("pay"), "it is paid"]), tools=[pay])

    @tool
    async def delegate(ctx: ToolContext) -> str:
        await ctx.update(visits=ctx.state.visits + 1)
        return (await Runner.run(cashier, "pay")).final_output

    agent = Agent("boss", model=ScriptedModel([call("delegate"), "done"]), tools=[delegate])
    config = keeping(state_type=Visit)
    waiting = await Runner.run(agent, "x", state=Visit(), config=config, conversation="c")
    answers = {waiting.waiting[0].id: True}
    result = await Runner.resume(agent, config=config, conversation="c", answers=answers)
    assert [fact.changes for fact in facts_of(StateChanged, result.events)] == [{"visits": 1}]


# deps ----------------------------------------------------------------------------------------------------------------


@tool(effect="read")
async def which(ctx: ToolContext) -> str:
    """Say which database it is."""
    return str(ctx.deps)


async def test_deps_reach_tools_and_are_never_kept():
    journal = MemoryJournal()
    agent = Agent("clerk", model=ScriptedModel([call("which"), "done"]), tools=[which])

    class Database:
        def __str__(self) -> str:
            return "a database"

    result = await Runner.run(agent, "x", deps=Database(), config=RunConfig(journal=journal), conversation="c")
    assert result.messages[2].text == "a database"
    assert not any(b"Database" in entry.body for entry in journal.entries["c"])


async def test_deps_are_made_anew_when_the_conversation_is_resumed():
    world = World()

    @tool(effect="read")
    async def use(ctx: ToolContext) -> str:
        world.touch()
        return str(ctx.deps)

    made: list[str] = []

    async def make(conversation: str) -> str:
        made.append(conversation)
        return f"handle {len(made)} of {conversation}"

    config = keeping(deps=make)
    agent = Agent("clerk", model=ScriptedModel([call("use"), "done"]), tools=[use])
    with pytest.raises(ConnectionError):
        await Runner.run(agent, "x", config=config, conversation="c")
    world.down = False
    result = await Runner.resume(agent, config=config, conversation="c")
    assert result.messages[2].text == "handle 2 of c"


async def test_deps_that_are_passed_come_before_those_that_would_be_made():
    def make(conversation: str) -> str:
        raise AssertionError("they were passed")

    agent = Agent("clerk", model=ScriptedModel([call("which"), "done"]), tools=[which])
    result = await Runner.run(agent, "x", deps="mine", config=RunConfig(deps=make))
    assert result.messages[2].text == "mine"


# what only `update` changes ------------------------------------------------------------------------------------------


async def test_a_state_that_was_changed_in_place_stays_as_it_was():
    @tool(effect="read")
    async def scribble(ctx: ToolContext) -> int:
        ctx.state.visits = 99
        return ctx.state.visits

    agent = Agent("clerk", model=ScriptedModel([call("scribble"), "done"]), tools=[scribble])
    result = await Runner.run(agent, "x", state=Visit())
    assert result.messages[-2].text == "0"


async def test_a_change_that_changes_nothing_counts_as_one_of_the_codes_changes():
    world = World()
    worker = Agent("worker", model=FunctionModel(lambda request: world.touch() or "answered"))

    async def work(input: str, scope: Scope) -> int:
        await scope.update(name="somebody")
        await scope.update(visits=scope.state.visits + 1)
        await scope.call(worker, "x")
        return scope.state.visits

    config = keeping(state_type=Visit)
    with pytest.raises(ConnectionError):
        await Runner.run(work, "x", state=Visit(), config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(work, config=config, conversation="c")).final_output == 1


async def test_a_thread_with_a_loop_of_its_own_changes_the_state_through_the_runs_loop():
    @tool(effect="read")
    def visit_elsewhere(ctx: ToolContext) -> str:
        async def change() -> None:
            await ctx.update(visits=7)

        asyncio.run(change())
        return str(ctx.state.visits)

    agent = Agent("clerk", model=ScriptedModel([call("visit_elsewhere"), "done"]), tools=[visit_elsewhere])
    result = await soon(Runner.run(agent, "x", state=Visit()))
    assert result.messages[-2].text == "7"
