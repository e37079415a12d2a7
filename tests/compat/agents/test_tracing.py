"""Traces: what processors of that SDK are told of runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from inline_snapshot import snapshot

import switchroom
from switchroom.compat.agents import (
    Agent,
    RunConfig,
    Runner,
    add_trace_processor,
    enable_verbose_stdout_logging,
    flush_traces,
    function_tool,
    gen_trace_id,
    get_current_trace,
    input_guardrail,
    set_trace_processors,
    set_tracing_disabled,
    trace,
)
from switchroom.compat.agents.guardrail import GuardrailFunctionOutput
from switchroom.compat.agents.tracing import Span, Trace, TracingProcessor
from switchroom.testing import ScriptedModel, call


class Kept(TracingProcessor):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[Trace] = []
        self.over: list[Trace] = []
        self.open: list[str] = []
        self.spans: list[Span] = []
        self.flushed = 0

    def on_trace_start(self, trace: Trace) -> None:
        self.begun.append(trace)

    def on_trace_end(self, trace: Trace) -> None:
        self.over.append(trace)

    def on_span_start(self, span: Span) -> None:
        assert span.ended_at is None
        self.open.append(span.span_id)

    def on_span_end(self, span: Span) -> None:
        self.open.remove(span.span_id)
        self.spans.append(span)

    def force_flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def kept() -> Iterator[Kept]:
    """A processor that is the only one."""
    kept = Kept()
    set_trace_processors([kept])
    yield kept
    set_trace_processors([])
    set_tracing_disabled(False)


@function_tool
def look(at: int) -> str:
    """Look."""
    return f"seen {at}"


@input_guardrail
def polite(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(None, False)


def _agents(**options: Any) -> tuple[Agent[Any], RunConfig]:
    first = Agent("first", tools=[look], handoffs=[Agent("second")], input_guardrails=[polite])
    return first, RunConfig(model=ScriptedModel([call("look", at=1), call("transfer_to_second"), "Done."]), **options)


async def test_a_run_is_a_trace_of_spans(kept: Kept) -> None:
    agent, config = _agents(workflow_name="support", group_id="chat-1", trace_metadata={"who": "Ann"})
    result = await Runner.run(agent, "hi", run_config=config)
    [begun] = kept.begun
    assert (begun.name, begun.group_id, begun.trace_id) == ("support", "chat-1", result.switchroom.trace_id)
    assert begun.metadata is not None
    assert begun.metadata["who"] == "Ann"
    assert kept.over == kept.begun
    assert kept.open == []
    assert {span.trace_id for span in kept.spans} == {begun.trace_id}
    types = [span.span_data.type for span in kept.spans]
    assert types == snapshot(
        ["guardrail", "generation", "function", "generation", "handoff", "agent", "generation", "agent", "task"]
    )
    tool, way, answer = (kept.spans[types.index(kind)].span_data.export() for kind in ("function", "handoff", "generation"))
    assert tool == {"type": "function", "name": "look", "input": '{"at": 1}', "output": "seen 1"}
    assert (way["from_agent"], way["to_agent"]) == ("first", "second")
    assert answer["usage"] == {"input_tokens": 0, "output_tokens": 0}
    [whole] = [span for span in kept.spans if span.parent_id is None]
    assert whole.export()["span_data"] == {"type": "task", "name": "first"}


async def test_what_was_said_is_not_told_if_the_run_says_so(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, config = _agents(trace_include_sensitive_data=False)
    await Runner.run(agent, "hi", run_config=config)
    assert "seen 1" not in str(kept.spans)
    monkeypatch.setenv("OPENAI_AGENTS_TRACE_INCLUDE_SENSITIVE_DATA", "false")
    assert not RunConfig().trace_include_sensitive_data
    monkeypatch.delenv("OPENAI_AGENTS_TRACE_INCLUDE_SENSITIVE_DATA")
    assert RunConfig().trace_include_sensitive_data


async def test_what_went_wrong_is_told(kept: Kept) -> None:
    @function_tool
    def fail() -> str:
        """Fail."""
        raise LookupError("gone")

    await Runner.run(Agent("clerk", tools=[fail], model=ScriptedModel([call("fail"), "Well."])), "hi")
    [tool] = [span for span in kept.spans if span.span_data.type == "function"]
    assert tool.error is not None
    assert "gone" in tool.error["message"]


async def test_runs_in_a_block_are_one_trace(kept: Kept) -> None:
    with trace("two runs", group_id="chat-1", metadata={"who": "Ann"}) as around:
        assert get_current_trace() is around
        for _ in range(2):
            await Runner.run(Agent("clerk", model=ScriptedModel(["Hello."])), "hi")
    assert get_current_trace() is None
    assert kept.begun == kept.over == [around]
    assert {span.trace_id for span in kept.spans} == {around.trace_id}
    assert len([span for span in kept.spans if span.span_data.type == "task"]) == 2
    exported = around.export()
    assert (exported["workflow_name"], exported["group_id"], exported["metadata"]) == ("two runs", "chat-1", {"who": "Ann"})


async def test_a_trace_may_be_begun_and_ended_by_hand(kept: Kept) -> None:
    around = trace("by hand", trace_id=gen_trace_id())
    around.start(mark_as_current=True)
    await Runner.run(Agent("clerk", model=ScriptedModel(["Hello."])), "hi")
    around.finish(reset_current=True)
    assert kept.over == [around]
    assert around.trace_id.startswith("trace_")
    assert get_current_trace() is None


async def test_tracing_may_be_off_for_a_run_for_a_block_and_for_all(kept: Kept) -> None:
    agent = Agent("clerk", model=ScriptedModel(["Hello."] * 3))
    await Runner.run(agent, "hi", run_config=RunConfig(tracing_disabled=True))
    with trace("off", disabled=True):
        await Runner.run(agent, "hi")
    set_tracing_disabled(True)
    with trace("off as well"):
        await Runner.run(agent, "hi")
    assert (kept.begun, kept.spans) == ([], [])


async def test_the_id_of_a_trace_may_be_given(kept: Kept) -> None:
    given = gen_trace_id()
    await Runner.run(Agent("clerk", model=ScriptedModel(["Hello."])), "hi", run_config=RunConfig(trace_id=given))
    assert {one.trace_id for one in (*kept.begun, *kept.spans)} == {given}


async def test_processors_are_added_flushed_and_told_of_switchroom_s_own_runs(kept: Kept) -> None:
    other = Kept()
    add_trace_processor(other)
    await switchroom.Runner.run(switchroom.Agent("clerk", model=ScriptedModel(["Hello."])), "hi")
    assert [one.name for one in (*kept.begun, *other.begun)] == ["clerk", "clerk"]
    flush_traces()
    assert (kept.flushed, other.flushed) == (1, 1)


async def test_a_stream_is_traced_as_well(kept: Kept) -> None:
    agent, config = _agents()
    result = Runner.run_streamed(agent, "hi", run_config=config)
    async for _ in result.stream_events():
        pass
    assert kept.over == kept.begun
    assert kept.begun[0].name == "Agent workflow"


def test_logs_are_written_to_stdout_once() -> None:
    log = logging.getLogger("switchroom")
    level, handlers = log.level, list(log.handlers)
    try:
        enable_verbose_stdout_logging()
        enable_verbose_stdout_logging()
        assert log.level == logging.DEBUG
        assert len(log.handlers) == len(handlers) + 1
    finally:
        log.setLevel(level)
        log.handlers[:] = handlers
