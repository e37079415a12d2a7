"""Streams: what is told, in which order, and how they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot
from openai.types.responses import ResponseCompletedEvent, ResponseTextDeltaEvent
from pydantic import BaseModel

import switchroom
from switchroom.compat.agents import (
    Agent,
    MaxTurnsExceeded,
    OutputGuardrail,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    Runner,
    RunResultStreaming,
    StreamEvent,
    UserError,
    function_tool,
    handoff,
)
from switchroom.compat.agents.extensions.handoff_filters import remove_all_tools
from switchroom.compat.agents.guardrail import GuardrailFunctionOutput
from switchroom.messages import Message
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from switchroom.usage import Usage
from tests.compat.ways import told
from tests.helpers import soon


@function_tool
def look(at: int = 1) -> str:
    """Look."""
    return f"seen {at}"


def _line(event: StreamEvent) -> str:
    match event.type:
        case "raw_response_event":
            return f"{event.data.type} {getattr(event.data, 'delta', '')}".strip()
        case "run_item_stream_event":
            return f"{event.item.agent.name}: {event.name}"
        case "agent_updated_stream_event":
            return f"{event.new_agent.name} has the conversation"


async def _lines(result: RunResultStreaming, *, raw: bool = False) -> list[str]:
    return [_line(event) async for event in result.stream_events() if raw or event.type != "raw_response_event"]


async def test_all_that_happens_is_told_in_order() -> None:
    billing = Agent("billing")
    triage = Agent("triage", tools=[look], handoffs=[billing])
    model = ScriptedModel(
        [[call("look"), call("look", at=2)], ["One moment.", call("transfer_to_billing")], deltas(["Pa", "id."])]
    )
    result = Runner.run_streamed(triage, "hi", run_config=RunConfig(model=model))
    assert (result.is_complete, result.final_output, result.current_agent) == (False, None, triage)
    assert await _lines(result, raw=True) == snapshot(
        [
            "triage has the conversation",
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.function_call_arguments.delta {}",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.output_item.added",
            'response.function_call_arguments.delta {"at":2}',
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
            "triage: tool_called",
            "triage: tool_called",
            "triage: tool_output",
            "triage: tool_output",
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta One",
            "response.output_text.delta  moment.",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta {}",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
            "triage: message_output_created",
            "triage: handoff_requested",
            "triage: handoff_occured",
            "billing has the conversation",
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta Pa",
            "response.output_text.delta id.",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
            "billing: message_output_created",
        ]
    )
    assert (result.is_complete, result.final_output, result.last_agent) == (True, "Paid.", billing)
    assert told(result) == snapshot(
        [
            "triage calls look({})",
            'triage calls look({"at":2})',
            "triage is told seen 1",
            "triage is told seen 2",
            "triage: One moment.",
            "triage calls transfer_to_billing({})",
            "triage hands over to billing",
            "billing: Paid.",
        ]
    )


async def test_the_items_of_the_stream_are_those_of_the_plain_run() -> None:
    def agents() -> tuple[Agent[Any], RunConfig]:
        first = Agent("first", tools=[look], handoffs=[Agent("second", tools=[look])])
        answers = [["So.", call("look"), call("nothing")], call("transfer_to_second"), call("look", at=3), "Done."]
        return first, RunConfig(model=ScriptedModel(answers))

    agent, config = agents()
    plain = await Runner.run(agent, "hi", run_config=config)
    agent, config = agents()
    streamed = Runner.run_streamed(agent, "hi", run_config=config)
    items = [event.item async for event in streamed.stream_events() if event.type == "run_item_stream_event"]
    assert [item.to_input_item() for item in items] == [item.to_input_item() for item in plain.new_items]
    assert [item.to_input_item() for item in streamed.new_items] == [item.to_input_item() for item in plain.new_items]
    assert streamed.to_input_list() == plain.to_input_list()


async def test_deltas_are_of_openai_s_own_type_and_add_up_to_the_answer() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel(["One, two, three."])), "count")
    text = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            assert event.data.type == "response.output_text.delta"
            text += event.data.delta
    assert text == result.final_output == "One, two, three."


async def test_a_model_that_does_not_stream_is_told_in_one_piece_with_its_usage() -> None:
    async def whole(request: ModelRequest, emit: Emit) -> ModelResponse:
        return ModelResponse(Message("assistant", "All at once."), Usage(1, 7, 3, 2, 1), "nobody:nothing")

    result = Runner.run_streamed(Agent("clerk", model=whole), "hi")
    raw = [event.data async for event in result.stream_events() if event.type == "raw_response_event"]
    assert [data.delta for data in raw if isinstance(data, ResponseTextDeltaEvent)] == ["All at once."]
    assert [data.sequence_number for data in raw] == list(range(len(raw)))
    [completed] = [data for data in raw if isinstance(data, ResponseCompletedEvent)]
    assert completed.response.usage is not None
    assert (completed.response.model, completed.response.usage.total_tokens) == ("nobody:nothing", 10)
    assert completed.response.output_text == "All at once."
    usage = result.context_wrapper.usage
    assert (usage.requests, usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1, 7, 3, 10)
    assert (usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens) == (2, 1)
    assert [entry.total_tokens for entry in usage.request_usage_entries] == [10]


async def test_an_answer_that_is_of_no_use_is_no_item() -> None:
    class Verdict(BaseModel):
        good: bool

    agent = Agent("judge", output_type=Verdict, model=ScriptedModel(["Well.", '{"good": true}']))
    result = Runner.run_streamed(agent, "Is it?")
    assert await _lines(result) == ["judge has the conversation", "judge: message_output_created"]
    assert result.final_output == Verdict(good=True)


async def test_the_stream_of_a_filtered_handoff_goes_on_with_the_next_agent() -> None:
    first = Agent("first", tools=[look], handoffs=[handoff(Agent("second", tools=[look]), input_filter=remove_all_tools)])
    model = ScriptedModel([["So.", call("look"), call("transfer_to_second")], call("look", at=2), "Done."])
    result = Runner.run_streamed(first, "hi", run_config=RunConfig(model=model))
    assert await _lines(result) == snapshot(
        [
            "first has the conversation",
            "first: message_output_created",
            "first: tool_called",
            "first: handoff_requested",
            "second has the conversation",
            "second: tool_called",
            "second: tool_output",
            "second: message_output_created",
        ]
    )


async def test_runs_inside_are_not_told_and_their_deltas_neither() -> None:
    @function_tool
    async def ask() -> str:
        """Ask another."""
        return (await Runner.run(Agent("inner", model=ScriptedModel(["Inside."])), "hi")).final_output

    result = Runner.run_streamed(Agent("outer", tools=[ask], model=ScriptedModel([call("ask"), "Outside."])), "hi")
    lines = await _lines(result, raw=True)
    assert [line for line in lines if "delta" in line or "inner" in line] == snapshot(
        ["response.function_call_arguments.delta {}", "response.output_text.delta Outside."]
    )


async def test_a_stream_inside_a_tool_tells_when_it_is_over() -> None:
    @function_tool
    async def ask() -> str:
        """Ask another, streamed."""
        inner = Agent("inner", tools=[look], model=ScriptedModel([call("look"), "Inside."]))
        return "; ".join(await _lines(Runner.run_streamed(inner, "hi")))

    result = await Runner.run(Agent("outer", tools=[ask], model=ScriptedModel([call("ask"), "Outside."])), "hi")
    assert told(result)[1] == snapshot(
        "outer is told inner has the conversation; inner: tool_called; inner: tool_output; inner: message_output_created"
    )


async def test_what_a_run_fails_with_is_raised_when_all_was_told() -> None:
    agent = Agent("clerk", tools=[look], model=FunctionModel(lambda request: call("look")))
    result = Runner.run_streamed(agent, "hi", max_turns=1)
    seen: list[str] = []
    with pytest.raises(MaxTurnsExceeded) as caught:
        async for event in result.stream_events():
            if event.type != "raw_response_event":
                seen.append(_line(event))
    assert seen == ["clerk has the conversation", "clerk: tool_called", "clerk: tool_output"]
    assert result.run_loop_exception is caught.value
    assert result.is_complete
    assert len(result.new_items) == 2


async def test_an_output_that_trips_is_no_item_of_the_stream() -> None:
    def never(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, True)

    agent = Agent("clerk", output_guardrails=[OutputGuardrail(never)], model=ScriptedModel(["Hello."]))
    result = Runner.run_streamed(agent, "hi")
    with pytest.raises(OutputGuardrailTripwireTriggered):
        await _lines(result)
    assert (result.new_items, result.final_output) == ([], None)


async def test_a_run_whose_events_nobody_takes_comes_to_its_end() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel(["Hello."])), "hi")
    await result.run_loop_task
    assert (result.is_complete, result.final_output) == (True, "Hello.")
    lines = await _lines(result)
    assert lines[0] == "clerk has the conversation"
    assert await _lines(result) == []


async def test_a_reader_that_leaves_early_does_not_stop_the_run() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel(["Hello."])), "hi")
    async for _ in result.stream_events():
        break
    await result.run_loop_task
    assert result.final_output == "Hello."


async def test_an_answer_that_is_taken_back_begins_anew() -> None:
    async def stumbles(request: ModelRequest, emit: Emit) -> ModelResponse:
        emit("One, tw")
        assert await emit.withdraw("the line broke")
        emit("One, two.")
        return ModelResponse(Message("assistant", "One, two."))

    config = RunConfig(switchroom=switchroom.RunConfig(withdraws=True))
    result = Runner.run_streamed(Agent("clerk", model=stumbles), "count", run_config=config)
    lines = await _lines(result, raw=True)
    assert [line for line in lines if "created" in line or "delta" in line] == [
        "response.created",
        "response.output_text.delta One, tw",
        "response.created",
        "response.output_text.delta One, two.",
        "clerk: message_output_created",
    ]


async def test_a_run_that_is_cancelled_ends_its_stream_without_an_error() -> None:
    began = asyncio.Event()

    async def never(request: ModelRequest, emit: Emit) -> ModelResponse:
        emit("Once upon")
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    result = Runner.run_streamed(Agent("clerk", model=never), "hi")
    await began.wait()
    result.cancel()
    lines = await _lines(result)
    assert lines == []
    assert (result.is_complete, result.run_loop_exception, result.final_output) == (True, None, None)
    with pytest.raises(UserError, match="there are 'immediate' and 'after_turn'"):
        result.cancel(mode="later")  # pyright: ignore[reportArgumentType]


async def test_a_run_that_is_cancelled_before_it_begins_ends_its_stream_too() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel([])), "hi")
    result.cancel()
    assert await soon(_lines(result)) == []
    assert result.is_complete


async def test_two_readers_share_the_events_and_both_come_to_the_end() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel(["Hello there."])), "hi")
    lines = await soon(asyncio.gather(_lines(result, raw=True), _lines(result, raw=True)))
    assert sum(map(len, lines)) == 12


async def test_a_stream_that_cannot_begin_says_why() -> None:
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel([]), handoffs=["b"]), "hi")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="handoffs holds 'b'"):
        await _lines(result)


async def test_thoughts_are_told_where_a_provider_gives_them() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    answer = Message("assistant", "Yes.", items=({"provider": "openai-responses", "item": thought},))
    result = Runner.run_streamed(Agent("clerk", model=ScriptedModel([answer])), "hi")
    assert await _lines(result) == snapshot(
        ["clerk has the conversation", "clerk: reasoning_item_created", "clerk: message_output_created"]
    )
    assert [item.type for item in result.new_items] == ["reasoning_item", "message_output_item"]
    assert [item.type for item in result.raw_responses[0].output] == ["reasoning", "message"]
