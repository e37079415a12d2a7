"""Results, streams, contexts and branches keep their types: one that the type checker finds no more is an error."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any, assert_type

from pydantic import BaseModel

from switchroom import Agent, RunConfig, RunContext, Runner, Team, ToolContext, parallel, sequential, tool
from switchroom.events import RunEvent
from switchroom.result import RunResult
from switchroom.runner import RunStream
from switchroom.step import Scope
from switchroom.testing import tool_context
from switchroom.workflow import Branches
from switchroom.workflow.branches import Failure
from switchroom.workflow.parallel import Parallel


class Report(BaseModel):
    """What a writer makes."""

    text: str


class Shop:
    """Handles of the process."""

    address: str


class Case(BaseModel):
    """What the agents share."""

    orders: list[int] = []


talker = Agent("talker")
writer = Agent("writer", output_type=Report)


async def count(text: str, scope: Scope) -> int: ...
def length(text: str) -> int: ...


async def streams() -> None:
    assert_type(Runner.stream(writer, "x"), RunStream[Report])
    assert_type(Runner.stream(talker, "x"), RunStream[str])
    assert_type(Runner.stream(count, "x"), RunStream[int])
    assert_type(Runner.stream(sequential(talker, writer), "x"), RunStream[Report])
    assert_type(Runner.stream(Team([writer]), "x"), RunStream[Any])
    assert_type(Runner.stream(length, "x"), RunStream[Any])
    async with Runner.stream(writer, "x") as events:
        async for event in events:
            assert_type(event, RunEvent)
            assert_type(event.kind, str)
        assert_type(events.result, RunResult[Report])
        assert_type(events.result.final_output.text, str)
        str(events.result.final_output.missing)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


async def resumes(config: RunConfig) -> None:
    assert_type(await Runner.resume(writer, conversation="c", config=config), RunResult[Report])
    assert_type(await Runner.resume(count, conversation="c", config=config), RunResult[int])
    assert_type(await Runner.resume(length, conversation="c", config=config), RunResult[Any])
    result = await Runner.resume(parallel(a=writer, b=count), conversation="c", config=config, answers={"q": True})
    assert_type(result, RunResult[Branches[Report | int]])


def contexts(
    both: ToolContext[Shop, Case], deps: ToolContext[Shop], neither: ToolContext, hook: RunContext[Shop, Case]
) -> None:
    assert_type(both.deps, Shop)
    assert_type(both.state, Case)
    assert_type(both.state.orders, list[int])
    assert_type(deps.deps, Shop)
    assert_type(deps.state, Any)
    assert_type(neither.deps, Any)
    assert_type(neither.state, Any)
    assert_type(hook.deps.address, str)
    assert_type(hook.state, Case)
    str(both.deps.missing)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    str(both.state.missing)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    assert_type(tool_context(Shop(), Case()), ToolContext[Shop, Case])
    assert_type(tool_context(Shop()).state, None)


@tool(effect="read", is_enabled=lambda ctx: bool(ctx.state.orders))
async def find(ctx: ToolContext[Shop, Case], order: int) -> str:
    return f"{ctx.deps.address} {order} {ctx.state.orders}"


async def is_open(ctx: RunContext[Shop, Case]) -> bool:
    return bool(ctx.deps.address)


@tool(is_enabled=is_open)
def close(ctx: ToolContext[Shop]) -> None: ...


def branches(found: Branches[Report], of_anything: Branches) -> None:
    assert_type(found["a"], Report | Failure)
    assert_type(found.results, dict[str, Report])
    assert_type(found.failures, dict[str, Failure])
    assert_type(of_anything.results, dict[str, Any])
    assert_type(parallel(a=writer, b=writer), Parallel[Any, Branches[Report]])
    assert_type(Branches[Report].read({}), Branches[Report])
    for result in found.results.values():
        assert_type(result.text, str)


def join(found: Branches[Report]) -> str: ...


def joined() -> None:
    assert_type(parallel(a=writer, join=join), Parallel[Any, str])
    sequential(parallel(a=writer), join)
    sequential(parallel(a=count), join)  # pyright: ignore[reportArgumentType]
