"""Each failure that a workflow tells of is a fact, at the path that it tells."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Agent, Budget, RunConfig, Runner, debate, refine
from switchroom.budget import PartialAnswer
from switchroom.events import RunEvent, StepFailed
from switchroom.testing import FunctionModel
from switchroom.workflow import Failure
from tests.virtual import in_no_time


def agent(name: str, *answers: Any) -> Agent[str]:
    """An agent that gives one answer after the other, and raises what is an exception."""
    left = list(answers)

    def answer(request: object) -> Any:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return Agent(name, model=FunctionModel(answer))


BROKEN = ConnectionError("the line is down")


async def slow(question: str) -> str:
    await asyncio.sleep(100)
    return "never"


def passes(verdict: str) -> bool:
    return verdict == "good"


def is_of(event: RunEvent, failure: Failure) -> bool:
    match event.fact:
        case StepFailed(error=error, message=message):
            return (event.path, error, message) == (failure.path, failure.failed, failure.message)
        case _:
            return False


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (debate(agent("pro", "a", BROKEN), agent("con", "b")), "turn#1/debate#0/pro#1"),
        (debate(agent("pro", "a"), agent("con", "b"), rounds=1, judge=slow), "turn#1/debate#0/slow#0"),
        (refine(agent("writer", "a", BROKEN), agent("critic", "worse"), accept=passes), "turn#1/refine#0/writer#1"),
        (refine(agent("writer", "a"), agent("critic", BROKEN)), "turn#1/refine#0/critic#0"),
    ],
)
def test_a_failure_says_where_it_is_to_be_found(step: Any, path: str):
    config = RunConfig(budget=Budget(seconds=10, degrade=(PartialAnswer(),)))
    result = in_no_time(Runner.run(step, "go", config=config))
    told = result.final_output
    failure = told.failure if hasattr(told, "failure") else next(iter(told.failures.values()))

    assert failure.path == path
    assert any(is_of(event, failure) for event in result.events)
