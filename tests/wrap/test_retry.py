"""Trying again: only for passing reasons, only what may be repeated, and never over what somebody heard."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, UserError, tool
from switchroom.errors import ModelError, ModelUnavailable
from switchroom.events import AnswerWithdrawn, TextDelta
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.models import OpenAIChat
from switchroom.reply import respond
from switchroom.testing import FunctionModel, call
from switchroom.wrap import retrying
from tests.servers.errors import out_of_money, rate_limited
from tests.servers.faults import Faults
from tests.servers.http import serving
from tests.servers.said import Said
from tests.virtual import in_no_time


def failing(times: int, error: Exception, say_first: str = "") -> tuple[Model, list[int]]:
    """A model that fails a number of times, having said something or not, and then answers."""
    asked: list[int] = []

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        asked.append(len(asked))
        if len(asked) <= times:
            if say_first:
                emit(say_first)
            raise error
        return await respond("here you are", emit, "the test")

    return model, asked


async def test_a_model_that_fails_for_a_passing_reason_is_asked_again():
    model, asked = failing(2, ConnectionError("reset"))
    result = await Runner.run(Agent("a", model=retrying(model, attempts=3, wait=0.001)), "hi")
    assert result.final_output == "here you are"
    assert len(asked) == 3


async def test_after_the_last_attempt_the_failure_itself_is_raised():
    model, asked = failing(9, ConnectionError("reset"))
    with pytest.raises(ConnectionError, match="reset"):
        await Runner.run(Agent("a", model=retrying(model, attempts=2, wait=0.001)), "hi")
    assert len(asked) == 2


async def test_what_is_no_passing_failure_is_raised_at_once():
    model, asked = failing(9, ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await Runner.run(Agent("a", model=retrying(model, wait=0.001)), "hi")
    assert len(asked) == 1


async def test_an_answer_that_somebody_heard_is_not_begun_again():
    model, asked = failing(1, ConnectionError("reset"), say_first="Dear")
    with pytest.raises(ConnectionError):
        async with Runner.stream(Agent("a", model=retrying(model, wait=0.001)), "hi") as events:
            async for _ in events:
                pass
    assert len(asked) == 1


async def test_a_reader_who_clears_what_was_withdrawn_gets_another_try():
    model, _ = failing(1, ConnectionError("reset"), say_first="Dear")
    shown = ""
    agent = Agent("a", model=retrying(model, wait=0.001))
    async with Runner.stream(agent, "hi", config=RunConfig(withdraws=True)) as events:
        async for event in events:
            match event.fact:
                case TextDelta():
                    shown += event.fact.text
                case AnswerWithdrawn():
                    assert shown == "Dear"
                    shown = ""
                case _:
                    pass
    assert shown == events.result.final_output == "here you are"


async def test_a_tool_that_only_reads_is_called_again():
    called: list[str] = []

    @tool(effect="read")
    async def look(order: str) -> str:
        called.append(order)
        if len(called) == 1:
            raise TimeoutError("slow")
        return "shipped"

    model = FunctionModel(lambda r: r.messages[-1].text if r.messages[-1].role == "tool" else call("look", order="7"))
    result = await Runner.run(Agent("a", model=model, tools=[retrying(look, wait=0.001)]), "hi")
    assert result.final_output == "shipped"
    assert called == ["7", "7"]


def test_a_tool_that_must_not_happen_twice_cannot_be_retried():
    @tool(effect="irreversible")
    async def refund(order: str) -> str:
        return order

    with pytest.raises(UserError, match="Tool 'refund' is irreversible"):
        retrying(refund)


def busy(after: Any) -> ModelUnavailable:
    return ModelUnavailable("busy", "m", 429, after)


def test_a_server_that_says_when_to_come_back_is_asked_then_and_not_later():
    model, asked = failing(2, busy(0.001))

    async def main() -> float:
        await Runner.run(Agent("a", model=retrying(model, wait=60)), "hi")
        return asyncio.get_running_loop().time()

    assert in_no_time(main()) < 5
    assert len(asked) == 3


async def test_a_server_that_says_when_to_come_back_is_not_asked_before():
    model, asked = failing(1, busy(0.1))
    begun = time.perf_counter()
    await Runner.run(Agent("a", model=retrying(model, wait=0.0001)), "hi")
    assert time.perf_counter() - begun >= 0.1
    assert len(asked) == 2


async def test_a_server_that_wants_to_be_asked_at_once_is():
    model, asked = failing(1, busy(0))
    await Runner.run(Agent("a", model=retrying(model, wait=60)), "hi")
    assert len(asked) == 2


async def test_who_would_have_to_wait_longer_than_the_longest_is_told_at_once():
    model, asked = failing(1, busy(31))
    with pytest.raises(ModelUnavailable) as caught:
        await Runner.run(Agent("a", model=retrying(model)), "hi")
    assert caught.value.retry_after == 31
    assert len(asked) == 1
    model, asked = failing(1, busy(0.02))
    with pytest.raises(ModelUnavailable):
        await Runner.run(Agent("a", model=retrying(model, longest=0.01)), "hi")
    assert len(asked) == 1


def test_no_wait_is_longer_than_the_longest():
    model, asked = failing(2, ConnectionError("reset"))

    async def main() -> float:
        await Runner.run(Agent("a", model=retrying(model, wait=60, longest=0.01)), "hi")
        return asyncio.get_running_loop().time()

    assert in_no_time(main()) < 5
    assert len(asked) == 3


@pytest.mark.parametrize("after", ["soon", None])
async def test_what_a_library_means_by_it_otherwise_is_no_time_to_come_back(after: Any):
    model, asked = failing(1, busy(after))
    await Runner.run(Agent("a", model=retrying(model, wait=0.001)), "hi")
    assert len(asked) == 2


async def test_a_busy_server_is_asked_again_when_it_said_and_one_without_money_is_not():
    async with serving(Faults(rate_limited(1, ms=5), times=2, then=Said("here you are"))) as server:
        model = OpenAIChat("gpt-test", base_url=server.url, api_key="any", retries=0)
        result = await Runner.run(Agent("a", model=retrying(model, wait=60)), "hi")
        assert result.final_output == "here you are"
    assert len(server.requests) == 3
    async with serving(out_of_money()) as server:
        model = OpenAIChat("gpt-test", base_url=server.url, api_key="any", retries=0)
        with pytest.raises(ModelError, match="exceeded your current quota"):
            await Runner.run(Agent("a", model=retrying(model, wait=0.001)), "hi")
    assert len(server.requests) == 1


async def test_a_tool_waits_for_its_server_too():
    called: list[str] = []

    @tool(effect="read")
    async def look(order: str) -> str:
        called.append(order)
        if len(called) == 1:
            raise busy(0.001)
        return "shipped"

    model = FunctionModel(lambda r: r.messages[-1].text if r.messages[-1].role == "tool" else call("look", order="7"))
    result = await Runner.run(Agent("a", model=model, tools=[retrying(look, wait=60)]), "hi")
    assert result.final_output == "shipped"
