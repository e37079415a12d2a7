"""A tool called by a unit test: as its function, with the arguments checked and a context made for the test."""

from __future__ import annotations

import threading
from enum import Enum
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, Field

from switchroom import Agent, RunConfig, Runner, Tool, ToolContext, TryAgain, UserError, sequential, tool
from switchroom.testing import ScriptedModel, call, tool_context
from switchroom.wrap import retrying


class Size(Enum):
    SMALL = "s"


class Case(BaseModel):
    orders: list[int] = []


class Shop(BaseModel):
    name: str = "the shop"


@tool(effect="read")
async def find_order(order: int, size: Size = Size.SMALL) -> str:
    """Look an order up."""
    return f"{order} {size.name}"


@tool(effect="read")
def add(a: int, b: int = Field(2, ge=1)) -> int:
    """Add."""
    return a + b


@tool(effect="idempotent", needs_approval=True, timeout=5)
async def note_order(ctx: ToolContext[Shop, Case], order: int) -> str:
    """Note an order."""
    await ctx.update(orders=[*ctx.state.orders, order])
    return f"{ctx.deps.name}: {ctx.call.name}({ctx.call.args['order']}) {ctx.effect_key}"


@tool
def note_plainly(ctx: ToolContext[Shop, Case], order: int) -> str:
    """Note an order."""
    ctx.update(orders=[*ctx.state.orders, order])
    return ctx.deps.name


def refusal(*args: Any, of: Tool, **keywords: Any) -> str:
    with pytest.raises(UserError) as error:
        of(*args, **keywords)
    return str(error.value)


async def test_an_async_tool_is_awaited_and_a_plain_one_gives_its_value():
    assert await find_order(order=7) == "7 SMALL"
    assert await find_order(7, Size.SMALL) == "7 SMALL"
    assert add(a=1) == 3
    assert add(1, b=5) == 6


def test_a_plain_tool_runs_in_the_thread_of_its_caller():
    @tool
    def where() -> int:
        return threading.get_ident()

    assert where() == threading.get_ident()


async def test_arguments_are_converted_as_those_of_a_model_are():
    assert await find_order(order="7", size="s") == "7 SMALL"
    assert add("1", "2") == 3


def test_wrong_arguments_are_told_by_name():
    told = [
        refusal(of=find_order),
        refusal(order="x", of=find_order),
        refusal(ordr=7, of=find_order),
        refusal(7, "xl", of=find_order),
        refusal(1, 2, 3, of=find_order),
        refusal(7, order=7, of=find_order),
        refusal(1, 0, of=add),
    ]
    wrong = "Tool 'find_order' was called with wrong arguments: "
    assert told == [
        f"{wrong}order: Field required. It takes order, size.",
        f"{wrong}order: Input should be a valid integer, unable to parse string as an integer. It takes order, size.",
        f"{wrong}order: Field required; ordr: Extra inputs are not permitted. It takes order, size.",
        f"{wrong}size: Input should be 's'. It takes order, size.",
        "Tool 'find_order' takes 2 arguments (order, size), and was called with 3.",
        "Tool 'find_order' was called with two values for 'order', by position and by name.",
        "Tool 'add' was called with wrong arguments: b: Input should be greater than or equal to 1. It takes a, b.",
    ]


async def test_a_tool_that_takes_a_context_is_given_one_of_the_tests_own():
    context = tool_context(Shop(), Case(orders=[1]))
    assert await note_order(context, order=7) == "the shop: note_order(7) test:turn#1/test#0/tool#1.0"
    assert await note_order(ctx=context, order=8) == "the shop: note_order(8) test:turn#1/test#0/tool#1.0"
    assert note_plainly(context, 9) == "the shop"
    assert context.state == Case(orders=[1, 7, 8, 9])


def test_a_context_that_is_missing_is_told():
    remedy = "In a test, make one: note_order(switchroom.testing.tool_context(deps=..., state=...), ...)."
    for told, got in ((refusal(order=7, of=note_order), "none"), (refusal(7, of=note_order), "7")):
        assert told == f"Tool 'note_order' takes a ToolContext before its arguments, and was given {got}. {remedy}"


async def test_a_context_for_tests_checks_what_is_changed():
    with pytest.raises(UserError, match="has no field 'sum'"):
        await tool_context(None, Case()).update(sum=1)
    with pytest.raises(UserError, match="no shared state"):
        await tool_context().update(sum=1)
    with pytest.raises(UserError, match="pass a pydantic model"):
        tool_context(None, {"orders": [7]})
    context = tool_context(conversation="c-1", agent="clerk")
    assert (context.conversation, context.agent) == ("c-1", "clerk")
    assert (context.deps, context.state, context.remaining) == (None, None, None)
    scope: Any = context.scope
    assert 0 <= await scope.random() < 1
    assert await scope.now() > 0
    assert await scope.uuid() != await scope.uuid()


async def test_a_tool_from_a_schema_takes_its_arguments_by_name():
    async def echo(**args: Any) -> dict[str, Any]:
        return args

    made = Tool.from_schema("echo", "", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, echo)
    assert await made(n=1) == {"n": 1}
    assert refusal(n="x", of=made).startswith("Tool 'echo' was called with wrong arguments: n: ")
    assert refusal(1, 2, of=made).startswith("Tool 'echo' takes its arguments by name")


async def test_a_tool_with_guards_is_called_through_them():
    tries: list[int] = []

    @tool(effect="read")
    async def flaky(ctx: ToolContext[Shop], order: int) -> str:
        tries.append(order)
        if len(tries) == 1:
            raise ConnectionError
        return ctx.deps.name

    guarded = retrying(flaky, wait=0)
    assert await guarded(tool_context(Shop()), order=7) == "the shop"
    assert tries == [7, 7]
    assert "takes a ToolContext before its arguments" in refusal(order=7, of=guarded)


async def test_an_agent_as_a_tool_runs_with_a_context_of_the_test():
    made = Agent("worker").as_tool()
    config = RunConfig(model=ScriptedModel(["worked"]))
    assert await made(tool_context(config=config), input="go") == "worked"
    assert "runs a step, which takes a context" in refusal(input="go", of=made)


async def test_exceptions_of_the_function_are_its_own():
    @tool
    async def fail() -> None:
        raise TryAgain("Give the number.")

    with pytest.raises(TryAgain, match=r"^Give the number\.$"):
        await fail()


async def test_a_method_and_a_partial_function_are_called_too():
    class Desk:
        async def greet(self, name: str, *, mark: str = "!") -> str:
            return f"hello {name}{mark}"

    assert await tool(Desk().greet)("Ann") == "hello Ann!"
    assert await tool(name="greet")(partial(Desk().greet, mark="?"))(name="Ann") == "hello Ann?"


async def test_a_tool_is_no_step_no_model_and_not_made_of_a_tool():
    step: Any = find_order
    with pytest.raises(UserError, match="'find_order' is a tool, and no step"):
        await Runner.run(step, "go")
    with pytest.raises(UserError, match="A tool is called by an agent"):
        sequential(step)
    with pytest.raises(UserError, match="give a model or the name of one"):
        Agent("a", model=step)
    with pytest.raises(UserError, match="is a tool already"):
        tool(step)


async def test_a_tool_called_by_a_run_is_as_it_was():
    agent = Agent("clerk", model=ScriptedModel([call("find_order", order=7), "done"]), tools=[find_order])
    assert (await Runner.run(agent, "go")).messages[2].text == "7 SMALL"
