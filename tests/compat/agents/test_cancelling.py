"""A streamed run that is cancelled: its events end at once, and no model is asked any more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom.compat.agents import Agent, RunConfig, Runner, RunResultStreaming, SQLiteSession, function_tool
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import soon


class Stubborn:
    """A tool that goes on when it is cancelled, until it is let go."""

    def __init__(self) -> None:
        self.began, self.ends = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> str:
        self.began.set()
        while not self.ends.is_set():
            try:
                await self.ends.wait()
            except asyncio.CancelledError:
                continue
        return "done"


def _clerk(work: Stubborn, *more: Any) -> tuple[Agent[Any], ScriptedModel]:
    model = ScriptedModel([call("work"), *more])
    return Agent("clerk", tools=[function_tool(name_override="work")(work)], model=model), model


async def _kinds(result: RunResultStreaming) -> list[str]:
    return [getattr(event, "name", event.type) async for event in result.stream_events()]


async def test_events_end_at_once_and_no_model_is_asked_though_a_tool_goes_on() -> None:
    work = Stubborn()
    agent, model = _clerk(work, "Never said.")
    result = Runner.run_streamed(agent, "hi")
    await soon(work.began.wait())
    result.cancel()
    assert result.is_complete
    assert await soon(_kinds(result)) == []
    assert not result.run_loop_task.done()  # the tool goes on
    work.ends.set()
    await soon(asyncio.wait([result.run_loop_task]))
    assert (len(model.requests), result.final_output, result.run_loop_exception) == (1, None, None)


async def test_whoever_waits_for_an_event_is_let_go() -> None:
    work = Stubborn()
    agent, _ = _clerk(work)
    result = Runner.run_streamed(agent, "hi")
    seen: list[str] = []

    async def read() -> None:
        async for event in result.stream_events():
            seen.append(getattr(event, "name", event.type))

    reading = asyncio.ensure_future(read())
    await soon(work.began.wait())
    result.cancel()
    await soon(reading)
    assert "tool_output" not in seen
    work.ends.set()
    await soon(asyncio.wait([result.run_loop_task]))


async def test_a_reader_that_cancels_reads_nothing_more() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel(["One two three four."])), "hi")
    seen: list[str] = []
    async for event in result.stream_events():
        seen.append(event.type)
        if event.type == "raw_response_event":
            result.cancel()
    assert seen == ["agent_updated_stream_event", "raw_response_event"]
    assert [event async for event in result.stream_events()] == []


async def test_after_a_turn_its_tools_have_returned_and_the_session_has_them() -> None:
    work, session = Stubborn(), SQLiteSession("a")
    agent, model = _clerk(work, "Never said.")
    result = Runner.run_streamed(agent, "hi", session=session)
    reading = asyncio.ensure_future(_kinds(result))
    await soon(work.began.wait())
    result.cancel(mode="after_turn")
    work.ends.set()
    assert [name for name in await soon(reading) if name.startswith("tool")] == ["tool_called", "tool_output"]
    assert (len(model.requests), result.final_output, result.is_complete) == (1, None, True)
    assert [item.get("output") for item in await session.get_items()] == [None, None, "done"]


async def test_after_the_last_turn_the_output_is_there() -> None:
    asked = asyncio.Event()
    let_go = asyncio.Event()

    async def answer(request: Any) -> str:
        asked.set()
        await let_go.wait()
        return "Hello."

    result = Runner.run_streamed(Agent("clerk", model=FunctionModel(answer)), "hi")
    reading = asyncio.ensure_future(_kinds(result))
    await soon(asked.wait())
    result.cancel(mode="after_turn")
    let_go.set()
    await soon(reading)
    assert result.final_output == "Hello."


@pytest.mark.parametrize("mode", ["immediate", "after_turn"])
async def test_a_streamed_run_inside_a_tool_can_be_cancelled(mode: Any) -> None:
    work = Stubborn()
    inner, asked = _clerk(work, "Never said.")

    @function_tool
    async def ask() -> str:
        """Ask."""
        result = Runner.run_streamed(inner, "hi")
        await work.began.wait()
        result.cancel(mode=mode)
        work.ends.set()
        await _kinds(result)
        await asyncio.wait([result.run_loop_task])
        return f"cancelled: {result.final_output}"

    outer = Agent("outer", tools=[ask], model=ScriptedModel([call("ask"), "Done."]))
    result = await soon(Runner.run(outer, "hi", run_config=RunConfig()))
    outputs = [item.output for item in result.new_items if item.type == "tool_call_output_item"]
    assert (outputs, len(asked.requests)) == (["cancelled: None"], 1)
