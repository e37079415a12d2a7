"""A run while it goes on: the order of its events, a slow reader, a reader that leaves, what was withdrawn, what was raised."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, Team, ToolContext, UserError, tool
from switchroom.channel import SIZE
from switchroom.errors import MaxTurnsExceeded
from switchroom.events import RunEvent, TextDelta, ValueDrawn
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.runner import RunStream
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from tests.helpers import facts_of, kinds, run_of, soon


@tool(effect="read")
async def look(n: int) -> str:
    """Look."""
    return f"seen {n}"


async def all_of(stream: RunStream[Any]) -> list[RunEvent]:
    return [event async for event in stream]


async def drained(step: Any, input: Any = "go", **options: Any) -> list[RunEvent]:
    async with Runner.stream(step, input, config=RunConfig(**options)) as stream:
        return await all_of(stream)


def joined(events: list[RunEvent]) -> str:
    return "".join(piece.text for piece in facts_of(TextDelta, events))


async def idle() -> None:
    """Let everything run that can."""
    for _ in range(2000):
        await asyncio.sleep(0)


class Line:
    """A model that says something and then waits until it is cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.cancelled = False

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        self.asked.set()
        emit("one moment")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        raise AssertionError("nobody wakes it")


def caller(made: Any) -> Agent[str]:
    return Agent("clerk", model=ScriptedModel([call(made.name), "done"]), tools=[made])


# order ----------------------------------------------------------------------------------------------------------------


async def test_events_come_in_the_order_in_which_things_happen():
    agent = Agent(
        "clerk", model=ScriptedModel([["let me look", call("look", n=1), call("look", n=2)], "it is there"]), tools=[look]
    )
    events = await drained(agent)
    assert [event.kind + (f" {event.text!r}" if event.text else "") for event in events] == snapshot(
        [
            "turn_started",
            "step_started",
            "text_delta 'let'",
            "text_delta ' me'",
            "text_delta ' look'",
            "model_answered 'let me look'",
            "calls_judged",
            "tool_started",
            "tool_returned 'seen 1'",
            "tool_started",
            "tool_returned 'seen 2'",
            "text_delta 'it'",
            "text_delta ' is'",
            "text_delta ' there'",
            "model_answered 'it is there'",
            "step_returned",
        ]
    )


async def test_events_of_a_handoff_come_in_the_order_in_which_it_happens():
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_sales", reason="buys")]), handoffs=["sales"])
    events = await drained(Team([triage, Agent("sales", model=ScriptedModel(["sold"]))]))
    assert [(event.kind, event.agent) for event in events] == snapshot(
        [
            ("turn_started", ""),
            ("step_started", "triage"),
            ("model_answered", "triage"),
            ("calls_judged", "triage"),
            ("handoff_proposed", ""),
            ("handoff_committed", ""),
            ("text_delta", "sales"),
            ("model_answered", "sales"),
            ("step_returned", ""),
        ]
    )


async def test_facts_are_numbered_without_a_gap_and_deltas_are_not():
    events = await drained(Agent("clerk", model=ScriptedModel([call("look", n=1), "it is there"]), tools=[look]))
    assert [event.seq for event in events if event.seq] == list(range(1, 1 + sum(1 for event in events if event.seq)))
    assert {event.kind for event in events if not event.seq} == {"text_delta"}
    assert all(event.at for event in events if event.seq)


async def test_the_events_of_a_child_stand_between_the_call_and_its_result():
    child = Agent("child", description="c", model=ScriptedModel(["dug"]))
    events = await drained(Agent("clerk", model=ScriptedModel([call("child", input="dig"), "done"]), tools=[child]))
    inside = [event.kind for event in events if event.path.startswith("turn#1/clerk#0/child#1.0")]
    assert inside == ["step_started", "text_delta", "model_answered", "step_returned"]
    order = kinds(events)
    assert order.index("tool_started") < order.index("step_returned") < order.index("tool_returned")


async def test_a_piece_is_there_before_the_next_one_is_said():
    heard: list[str] = []
    asked = asyncio.Event()

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        emit("one")
        await asked.wait()
        emit(" two")
        return ModelResponse(Message("assistant", "one two"))

    async with Runner.stream(Agent("clerk", model=model), "go") as stream:
        async for event in stream:
            if event.kind == "text_delta":
                heard.append(event.text)
                asked.set()
    assert heard == ["one", " two"]


async def test_the_result_is_there_at_the_end_and_not_before():
    async with Runner.stream(Agent("clerk", model=ScriptedModel(["done"])), "go") as stream:
        with pytest.raises(UserError) as early:
            _ = stream.result
        await all_of(stream)
        assert stream.result.final_output == "done"
    assert stream.result.final_output == "done"
    assert str(early.value) == snapshot("The run is not over. Take its events to the end before you ask for the result.")


async def test_taking_more_than_there_is_gives_nothing_more():
    async with Runner.stream(Agent("clerk", model=ScriptedModel(["done"])), "go") as stream:
        assert await all_of(stream)
        assert await all_of(stream) == []


async def test_a_stream_is_used_with_async_with():
    stream = Runner.stream(Agent("clerk", model=ScriptedModel(["done"])), "go")
    told: list[str] = []
    uses: list[Callable[[], Any]] = [lambda: stream.result, lambda: stream.interrupt("stop")]
    for use in uses:
        with pytest.raises(UserError) as error:
            use()
        told.append(str(error.value))
    assert set(told) == snapshot({"The stream has not begun. Write `async with Runner.stream(...) as events:`."})


# leaving --------------------------------------------------------------------------------------------------------------


async def test_leaving_early_cancels_the_model():
    line = Line()
    async with Runner.stream(Agent("clerk", model=line), "go") as stream:
        async for event in stream:
            if event.kind == "text_delta":
                break
    assert line.cancelled


async def test_leaving_before_the_first_event_cancels_the_run():
    line = Line()
    async with Runner.stream(Agent("clerk", model=line), "go"):
        await soon(line.asked.wait())
    assert line.cancelled


async def test_leaving_at_once_never_asks_the_model():
    line = Line()
    async with Runner.stream(Agent("clerk", model=line), "go"):
        pass
    assert not line.asked.is_set()


async def test_an_exception_of_the_reader_cancels_the_run_and_goes_out():
    line = Line()
    with pytest.raises(ZeroDivisionError):
        async with Runner.stream(Agent("clerk", model=line), "go"):
            await soon(line.asked.wait())
            raise ZeroDivisionError
    assert line.cancelled


async def test_cancelling_the_reader_cancels_the_run():
    line = Line()
    reader = asyncio.ensure_future(drained(Agent("clerk", model=line)))
    await soon(line.asked.wait())
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert line.cancelled


async def test_leaving_waits_until_the_run_has_ended():
    put_away: list[str] = []

    @tool
    async def dig() -> str:
        """Dig."""
        try:
            await asyncio.Event().wait()
        finally:
            await idle()
            put_away.append("spade")
        return "dug"

    async with Runner.stream(caller(dig), "go") as stream:
        async for event in stream:
            if event.kind == "tool_started":
                break
    assert put_away == ["spade"]


@pytest.mark.parametrize("kind", ["step", "run", "run_sync", "task"])
async def test_leaving_early_cancels_the_models_of_children_too(kind: str):
    line = Line()
    child = Agent("child", description="c", model=line)

    @tool
    async def run(ctx: ToolContext) -> str:
        return (await Runner.run(child, "dig")).final_output

    @tool
    def run_sync(ctx: ToolContext) -> str:
        return Runner.run_sync(child, "dig").final_output

    @tool
    async def task(ctx: ToolContext) -> str:
        own = asyncio.ensure_future(Runner.run(child, "dig"))
        await asyncio.wait([own])
        return "done"

    made = {"step": child.as_tool(), "run": run, "run_sync": run_sync, "task": task}[kind]
    args = {"input": "dig"} if kind == "step" else {}
    model = ScriptedModel([call(made.name, **args), "done"])
    async with Runner.stream(Agent("clerk", model=model, tools=[made]), "go"):
        await soon(line.asked.wait())
    assert line.cancelled


# a slow reader --------------------------------------------------------------------------------------------------------


async def test_a_slow_reader_loses_no_text_though_pieces_merge():
    said = [f"{n} " for n in range(3 * SIZE)]

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        for piece in said:
            emit(piece)
        return ModelResponse(Message("assistant", "".join(said)))

    async with Runner.stream(Agent("clerk", model=model), "go") as stream:
        await idle()
        events = await all_of(stream)
    assert joined(events) == "".join(said)
    assert len(facts_of(TextDelta, events)) < SIZE
    assert kinds([event for event in events if event.seq]) == [
        "turn_started",
        "step_started",
        "model_answered",
        "step_returned",
    ]


async def test_a_slow_reader_holds_up_the_run_and_loses_no_fact():
    drawn: list[float] = []

    async def work(input: str, scope: Scope) -> str:
        for _ in range(2 * SIZE):
            drawn.append(await scope.random())
        return "done"

    async with Runner.stream(work, "go") as stream:
        await idle()
        assert len(drawn) < SIZE
        held_up_at = len(drawn)
        events = [await anext(stream) for _ in range(100)]
        await idle()
        assert len(drawn) - held_up_at == 100
        events += await all_of(stream)
    assert [fact.value for fact in facts_of(ValueDrawn, events)] == drawn
    assert [event.seq for event in events] == list(range(1, 2 * SIZE + 4))


async def test_a_reader_slower_than_a_whole_conversation_of_agents_gets_all_in_order():
    calls = [[call("look", n=n) for n in range(60)] for _ in range(4)]
    agent = Agent("clerk", model=ScriptedModel([*calls, "it is " + "far " * 400 + "away"]), tools=[look])
    async with Runner.stream(agent, "go") as stream:
        events: list[RunEvent] = []
        async for event in stream:
            events.append(event)
            await asyncio.sleep(0)
        assert [event for event in events if event.seq] == list(stream.result.events)
        assert joined(events) == stream.result.final_output


async def test_leaving_lets_a_run_go_that_was_held_up():
    ended: list[str] = []

    async def work(input: str, scope: Scope) -> str:
        try:
            for _ in range(2 * SIZE):
                await scope.random()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "done"

    async def leave() -> None:
        async with Runner.stream(work, "go"):
            await idle()

    await soon(leave())
    assert ended == ["cancelled"]


# what was withdrawn ---------------------------------------------------------------------------------------------------


async def twice(request: ModelRequest, emit: Emit) -> ModelResponse:
    """A model that takes back what it began to say, and says something else."""
    emit("it is")
    if not await emit.withdraw("the line broke"):
        return ModelResponse(Message("assistant", "it is"))
    emit("it was")
    return ModelResponse(Message("assistant", "it was"))


async def test_what_was_shown_of_a_first_attempt_is_withdrawn_before_the_second_begins():
    events = await drained(Agent("clerk", model=twice), withdraws=True)
    shown = [(event.kind, event.text, getattr(event.fact, "attempt", None)) for event in events[2:5]]
    assert shown == [("text_delta", "it is", 1), ("answer_withdrawn", "", None), ("text_delta", "it was", 2)]


async def test_a_reader_that_clears_nothing_is_shown_no_second_attempt():
    events = await drained(Agent("clerk", model=twice))
    assert "answer_withdrawn" not in kinds(events)
    assert joined(events) == "it is"


async def test_pieces_say_which_answer_of_the_run_they_belong_to():
    events = await drained(
        Agent("clerk", model=ScriptedModel([["one", call("look", n=1)], deltas(["two", "three"])]), tools=[look])
    )
    assert [(piece.text, piece.answer, piece.agent) for piece in facts_of(TextDelta, events)] == [
        ("one", 1, "clerk"),
        ("two", 2, "clerk"),
        ("three", 2, "clerk"),
    ]


async def test_what_was_shown_of_an_answer_that_was_of_no_use_is_withdrawn_and_the_next_is_another_answer():
    agent = Agent("clerk", model=ScriptedModel(["seven", "7"]), output_type=int)
    events = await drained(agent)
    assert [(event.kind, event.text) for event in events[2:]] == snapshot(
        [
            ("text_delta", "seven"),
            ("model_answered", "seven"),
            ("answer_withdrawn", ""),
            ("answer_rejected", ""),
            ("text_delta", "7"),
            ("model_answered", "7"),
            ("step_returned", ""),
        ]
    )


# what was raised ------------------------------------------------------------------------------------------------------


async def test_what_the_run_raised_comes_out_of_the_iteration_after_all_that_happened():
    @tool
    def broken() -> str:
        """Break."""
        raise LookupError("nothing there")

    seen: list[RunEvent] = []
    async with Runner.stream(caller(broken), "go") as stream:
        with pytest.raises(LookupError, match="nothing there") as error:
            async for event in stream:
                seen.append(event)
        with pytest.raises(LookupError, match="nothing there"):
            _ = stream.result
    assert kinds(seen)[-3:] == ["tool_started", "tool_failed", "step_failed"]
    assert list(run_of(error.value).events) == [event for event in seen if event.seq]


async def test_a_reader_that_left_is_not_told_what_the_run_raised():
    def broken(request: ModelRequest) -> str:
        raise LookupError("nothing there")

    async with Runner.stream(Agent("clerk", model=FunctionModel(broken)), "go"):
        await idle()


async def test_what_is_wrong_with_the_call_comes_out_of_the_iteration_too():
    with pytest.raises(UserError, match="The input is empty"):
        await drained(Agent("clerk", model=ScriptedModel([])), "")


async def test_a_limit_ends_the_iteration():
    agent = Agent("clerk", model=FunctionModel(lambda request: call("look", n=1)), tools=[look])
    with pytest.raises(MaxTurnsExceeded):
        await drained(agent, max_turns=3)


# listeners ------------------------------------------------------------------------------------------------------------


async def test_a_listener_is_told_what_the_reader_is_told():
    heard: list[RunEvent] = []
    agent = Agent("clerk", model=ScriptedModel([call("look", n=1), "it is there"]), tools=[look])
    assert await drained(agent, listeners=(heard.append,)) == heard


async def test_a_listener_that_raises_is_reported_and_stops_neither_the_run_nor_the_others(caplog: pytest.LogCaptureFixture):
    def broken(event: RunEvent) -> None:
        raise RuntimeError("no room on the disk")

    heard: list[RunEvent] = []
    with caplog.at_level(logging.ERROR, "switchroom"):
        events = await drained(Agent("clerk", model=ScriptedModel(["done"])), listeners=(broken, heard.append))
    assert events == heard
    assert kinds(events)[-1] == "step_returned"
    assert caplog.records[0].getMessage() == snapshot("A listener failed on turn_started at turn#1")
    assert len(caplog.records) == len(events)
