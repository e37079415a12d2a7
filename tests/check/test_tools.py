"""Findings about tools: what is said of each, and that its remedy is one."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import httpx
import pytest
from inline_snapshot import snapshot

from switchroom import (
    Agent,
    RunConfig,
    Session,
    Tool,
    ToolContext,
    sequential,
    tool,
)
from switchroom.step import Scope
from switchroom.wrap import retrying, timed
from tests.check.findings import CONFIG, findings, found, looks_up


async def asks_server(order: str) -> str:
    """Ask a server for an order."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"https://shop.example/{order}")).text


async def asks_database(ctx: ToolContext, order: str) -> str:
    """Ask the database for an order."""
    return await ctx.deps.fetch("select 1", order)


def asks_program(order: str) -> bytes:
    """Ask another program for an order."""
    return subprocess.run(["orders", order], capture_output=True, check=True).stdout


def asks_by_a_helper(order: str) -> bytes:
    """Ask another program by way of a helper."""
    return asks_program(order)


async def asks_in_time(order: str) -> str:
    """Ask a server, which gets 5 seconds."""
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get(f"https://shop.example/{order}")).text


async def notes(ctx: ToolContext, order: str) -> str:
    """Put an order on the case, which waits for nobody."""
    await ctx.update(order=order)
    return f"{order} at {time.time()}"


def test_a_tool_whose_effect_is_not_declared():
    assert found(Agent("a", tools=[asks_in_time]), Agent("a", tools=[looks_up]), "undeclared-effect") == snapshot(
        (
            "warning",
            "Tool 'asks_in_time' of 'a' does not say what a call does: after a crash a person has to be asked.",
            "Declare it: @tool(effect='read'), 'idempotent', 'compensable' or 'irreversible'.",
        )
    )
    schema = {"type": "object"}
    assert len(findings(Agent("a", tools=[Tool.from_schema("t", "t", schema, asks_server)]), "undeclared-effect")) == 1
    assert (
        findings(Agent("a", tools=[Tool.from_schema("t", "t", schema, asks_server, effect="read")]), "undeclared-effect") == []
    )
    assert findings(Agent("a", tools=[Agent("b").as_tool()]), "undeclared-effect") == []


@pytest.mark.parametrize("fn", [asks_server, asks_database, asks_program, asks_by_a_helper], ids=lambda fn: fn.__name__)
def test_a_tool_that_may_wait_for_ever(fn: Any):
    assert len(findings(Agent("a", tools=[tool(effect="read")(fn)]), "no-deadline")) == 1
    assert len(findings(Agent("a", tools=[retrying(tool(effect="read")(fn))]), "no-deadline")) == 1
    for mended in (tool(effect="read", timeout=5)(fn), timed(tool(effect="read")(fn), 5)):
        assert findings(Agent("a", tools=[mended]), "no-deadline") == []
    assert findings(Agent("a", tools=[fn]), "no-deadline", RunConfig(model=CONFIG.model, deadline=60)) == []
    assert findings(Session(Agent("a", tools=[fn])), "no-deadline") == []


@pytest.mark.parametrize("fn", [asks_in_time, notes], ids=lambda fn: fn.__name__)
def test_a_tool_that_waits_for_nobody_or_not_for_ever(fn: Any):
    assert findings(Agent("a", tools=[fn]), "no-deadline") == []


def test_a_step_that_may_wait_for_ever():
    async def fetch(order: str, scope: Scope) -> str:
        return await asks_server(order)

    assert found(sequential(fetch, Agent("a")), sequential(timed(fetch, 5), Agent("a")), "no-deadline") == snapshot(
        (
            "warning",
            "Function 'fetch' waits for something outside, and nothing says how long.",
            "Give what it asks a timeout, or the whole run: RunConfig(deadline=60).",
        )
    )
