"""Tools that stand for one another: in order, with arguments that each reads, and nothing done twice in silence."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pydantic
import pytest

from switchroom import Agent, CircuitBreaker, Tool, ToolContext, UserError, tool
from switchroom.model import nobody
from switchroom.wrap import FallbackModel, breaking, falling_back
from tests.wrap.worlds import REQUEST, Server, caller, said


class OutOfStock(Exception):
    """Nothing was ordered."""


def looking(name: str, *failures: Exception, effect: Any = "read") -> Tool:
    @tool(name=name, effect=effect)
    async def look(ctx: ToolContext, order: str) -> str:
        if failures:
            raise failures[0]
        return f"{name}: {order} for {ctx.call.name}"

    return look


async def test_the_next_tool_is_called_when_one_fails(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    tools = looking("a", ConnectionError("gone")), looking("b", TimeoutError("slow")), looking("c"), looking("d")
    assert await said(caller([falling_back(*tools)], "a", order="7")) == "c: 7 for a"
    assert [record.getMessage() for record in caplog.records] == [
        "Tool 'a' failed, 'b' is called: gone",
        "Tool 'b' failed, 'c' is called: slow",
    ]


async def test_the_last_failure_is_raised_and_says_what_came_before():
    guarded = falling_back(looking("a", ConnectionError("gone")), looking("b", TimeoutError("slow")))
    with pytest.raises(TimeoutError, match="slow") as caught:
        await said(caller([guarded], "a", order="7"))
    assert caught.value.__notes__ == ["Before, tool 'a' failed: ConnectionError: gone"]


async def test_other_failures_are_raised_at_once():
    guarded = falling_back(looking("a", ValueError("a bug")), looking("b"))
    with pytest.raises(ValueError, match="a bug"):
        await said(caller([guarded], "a", order="7"))
    assert await said(caller([falling_back(looking("a", ValueError("x")), looking("b"), on=(ValueError,))], "a", order="7"))


async def test_each_reads_the_arguments_by_its_own_types():
    class Order(pydantic.BaseModel):
        number: int

    @tool(effect="read")
    async def typed(order: Order) -> str:
        raise ConnectionError("gone")

    @tool(effect="read")
    async def plain(order: dict[str, int]) -> str:
        return f"order {order['number']}"

    @tool(effect="read")
    async def narrow(order: str) -> str:
        return order

    assert await said(caller([falling_back(typed, plain)], "typed", order={"number": 7})) == "order 7"
    with pytest.raises(UserError, match="tool 'narrow' does not take what the first took"):
        await said(caller([falling_back(typed, narrow)], "typed", order={"number": 7}))


async def test_a_tool_s_own_timeout_is_its_own():
    @tool(effect="read", timeout=0.01)
    async def slow(order: str) -> str:
        await asyncio.Event().wait()
        return order

    assert await said(caller([falling_back(slow, looking("b"))], "slow", order="7")) == "b: 7 for slow"


async def test_what_says_that_nothing_happened_may_be_fallen_back_from_whatever_the_effect():
    first, second = looking("a", OutOfStock(), effect="compensable"), looking("b", effect="irreversible")
    guarded = falling_back(first, second, on=(OutOfStock,))
    assert guarded.effect == "irreversible"
    assert await said(caller([guarded], "a", order="7")) == "b: 7 for a"
    assert falling_back(looking("a"), looking("b", effect="idempotent")).effect == "idempotent"


async def test_an_open_breaker_is_fallen_back_from_for_models_and_tools():
    breaker = CircuitBreaker(failure_threshold=1)
    down = Server((0, ConnectionError("gone")))
    model = falling_back(breaking(down, breaker), Server((0, "hello")))
    assert isinstance(model, FallbackModel)
    for _ in range(3):
        assert (await model(REQUEST, nobody)).message.text == "hello"
    assert len(down.asked) == 1
    guarded = falling_back(breaking(looking("a"), breaker), looking("b"))
    assert await said(caller([guarded], "a", order="7")) == "b: 7 for a"
    assert await said(Agent("clerk", model=model)) == "hello"
