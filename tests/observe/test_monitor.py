"""A call of any agent, measured."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, Team, UserError
from switchroom.observe import AgentMetrics, monitored_agent_call
from switchroom.testing import ScriptedModel, call
from switchroom.tokens import count_tokens


@dataclass
class Found:
    """What an agent of somebody's own gives."""

    result: str
    confidence: float


class SearchAgent:
    """An agent of somebody's own."""

    async def run(self, query: str, limit: int = 3) -> Found:
        await asyncio.sleep(0.01)
        if not query:
            raise LookupError("nothing to look for")
        return Found(f"{limit} hits for {query}", 0.75)


class Verdict(BaseModel):
    label: str
    confidence: float


async def test_an_agent_of_ones_own_is_measured_by_what_goes_in_and_comes_out():
    result, metrics = await monitored_agent_call(SearchAgent(), "parcels", limit=2)
    assert result == Found("2 hits for parcels", 0.75)
    assert 0.01 <= metrics.execution_time < 5
    assert (metrics.agent_name, metrics.success, metrics.error, metrics.confidence) == ("SearchAgent", True, None, 0.75)
    assert metrics.input_tokens == count_tokens(("parcels",), {"limit": 2})
    assert metrics.output_tokens == count_tokens(result)
    assert (metrics.counted, metrics.cost) == (True, None)


async def test_a_step_is_run_and_measured_by_what_all_its_agents_used():
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_judge")]), handoffs=["judge"])
    judge = Agent("judge", model=ScriptedModel(['{"label": "spam", "confidence": 0.9}']), output_type=Verdict)
    team = Team([triage, judge], name="desk")
    result, metrics = await monitored_agent_call(team, "what is this?", config=RunConfig(max_turns=5))
    by_agent = AgentMetrics.of(result)
    assert result.final_output == Verdict(label="spam", confidence=0.9)
    assert (metrics.agent_name, metrics.calls, metrics.confidence) == ("desk", 2, 0.9)
    assert metrics.input_tokens == by_agent["triage"].input_tokens + by_agent["judge"].input_tokens
    assert metrics.execution_time >= sum(one.execution_time for one in by_agent.values())


def logged(records: Sequence[logging.LogRecord]) -> list[tuple[str, str, Any]]:
    """Level, what is said up to the time, and the metrics."""
    return [(record.levelname, record.msg % ("it", 0.0), vars(record)["metrics"]) for record in records]


async def test_a_call_is_logged_also_when_it_fails_and_the_exception_is_the_agents_own(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "switchroom")
    await monitored_agent_call(SearchAgent(), "parcels")
    with pytest.raises(LookupError, match="nothing to look for"):
        await monitored_agent_call(SearchAgent(), "")
    answered, failed = logged(caplog.records)
    assert answered[:2] == ("INFO", "Agent 'it' answered in 0.000 s")
    assert failed[:2] == ("WARNING", "Agent 'it' failed after 0.000 s")
    assert (answered[2]["success"], answered[2]["confidence"]) == (True, 0.75)
    assert (failed[2]["success"], failed[2]["error"]) == (False, "LookupError: nothing to look for")
    assert (failed[2]["output_tokens"], failed[2]["confidence"]) == (0, None)
    assert failed[2]["input_tokens"] == count_tokens(("",), {})


async def test_a_failed_run_is_measured_by_what_it_came_to(caplog: pytest.LogCaptureFixture):
    def look() -> str:
        raise LookupError("no such order")

    clerk = Agent("clerk", model=ScriptedModel([call("look")]), tools=[look])
    with pytest.raises(LookupError) as raised:
        await monitored_agent_call(clerk, "where is it?")
    [(_, _, metrics)] = logged(caplog.records)
    own = AgentMetrics.of(raised.value)["clerk"]
    assert (metrics["agent_name"], metrics["success"], metrics["calls"], metrics["tools"]) == ("clerk", False, 1, {"look": 1})
    assert (metrics["input_tokens"], metrics["output_tokens"]) == (own.input_tokens, own.output_tokens)


async def test_what_is_no_agent_is_refused():
    with pytest.raises(UserError, match="is not a step"):
        await monitored_agent_call(42, "hello")


async def test_a_monitor_of_ones_own_needs_only_the_names_from_here():
    reported: list[AgentMetrics] = []

    async def monitor(agent: Any, *args: Any, **kwargs: Any) -> tuple[Any, AgentMetrics]:
        began, error, success, result = time.time(), None, True, None
        try:
            result = await agent.run(*args, **kwargs)
        except Exception as failure:
            error, success = str(failure), False
            raise
        finally:
            metrics = AgentMetrics(
                agent_name=type(agent).__name__,
                execution_time=time.time() - began,
                success=success,
                error=error,
                input_tokens=count_tokens(args, kwargs),
                output_tokens=count_tokens(result) if success else 0,
                confidence=result.confidence if result else 0.0,
            )
            reported.append(metrics)
        return result, metrics

    await monitor(SearchAgent(), "parcels")
    with pytest.raises(LookupError):
        await monitor(SearchAgent(), "")
    assert [(one.success, one.error, one.confidence) for one in reported] == [
        (True, None, 0.75),
        (False, "nothing to look for", 0.0),
    ]
    assert all(one.input_tokens > 0 for one in reported)


async def test_a_measured_call_inside_a_run_is_part_of_it():
    inner = Agent("inner", model=ScriptedModel(["hi"]))

    async def outer(input: str) -> str:
        result, _ = await monitored_agent_call(inner, input)
        return result.final_output

    result = await Runner.run(outer, "hello")
    assert (result.final_output, result.by_agent["inner"].requests) == ("hi", 1)
