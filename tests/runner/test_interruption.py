"""Interruption: a person speaks while the run goes on, and is answered; nothing is lost, said twice or half done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Decline, RunConfig, Runner, UserError, handoff, tool
from switchroom.errors import GuardrailTripped
from switchroom.events import AnswerCut, Effect, HandoffCommitted, HandoffProposed, RunEvent, ToolReturned
from switchroom.guardrail import Pass, Trip, on_input
from switchroom.messages import Message
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.runner import RunStream
from switchroom.testing import FunctionModel, call
from tests.helpers import facts_of, last, soon, texts


class Line:
    """A place at which a run stands still until it is let go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()
        self.cancelled = False

    async def stand(self) -> None:
        self.reached.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def interrupted(events: RunStream[Any], line: Line, *messages: str, heard: int | None = None) -> Any:
    """Interrupts a run where it stands, takes it to its end, and gives its result."""

    async def drain() -> None:
        async for _ in events:
            pass

    drained = asyncio.ensure_future(drain())
    await soon(line.reached.wait())
    await asyncio.sleep(0)
    taken = [events.interrupt(message, heard=heard) for message in messages]
    line.released.set()
    await soon(drained)
    for one in taken:
        await one
    return events.result


def speaker(line: Line, *pieces: str) -> Agent[str]:
    """An agent that says its pieces and then stands still; it answers anything else at once."""

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        if last(request) != "hello":
            return ModelResponse(Message("assistant", f"you said {last(request)}"))
        for piece in pieces:
            emit(piece)
        await line.stand()
        return ModelResponse(Message("assistant", "".join(pieces)))

    return Agent("clerk", model=model)


async def test_what_was_said_before_the_interruption_stays_and_the_interrupting_message_is_answered():
    line = Line()
    async with Runner.stream(speaker(line, "Once ", "upon a time"), "hello") as events:
        result = await interrupted(events, line, "wait")
    assert texts(result.messages) == snapshot(
        [("user", "hello"), ("clerk", "Once upon a time"), ("user", "wait"), ("clerk", "you said wait")]
    )
    assert line.cancelled


async def test_only_what_was_heard_stays_in_the_history():
    line = Line()
    async with Runner.stream(speaker(line, "Once ", "upon a time"), "hello") as events:
        result = await interrupted(events, line, "wait", heard=4)
    assert texts(result.messages)[1] == ("clerk", "Once")
    [cut] = facts_of(AnswerCut, result.events)
    assert (cut.text, cut.heard) == ("Once upon a time", "Once")


async def test_an_answer_of_which_nothing_was_heard_leaves_no_message():
    line = Line()
    async with Runner.stream(speaker(line, "Once"), "hello") as events:
        result = await interrupted(events, line, "wait", heard=0)
    assert texts(result.messages) == [("user", "hello"), ("user", "wait"), ("clerk", "you said wait")]


async def test_two_interruptions_at_once_are_both_answered():
    line = Line()
    async with Runner.stream(speaker(line, "Once"), "hello") as events:
        result = await interrupted(events, line, "wait", "listen")
    assert texts(result.messages) == [
        ("user", "hello"),
        ("clerk", "Once"),
        ("user", "wait"),
        ("user", "listen"),
        ("clerk", "you said listen"),
    ]


async def test_who_gives_up_waiting_for_the_interruption_does_not_break_the_run():
    line = Line()
    async with Runner.stream(speaker(line, "Once"), "hello") as events:

        async def drain() -> None:
            async for _ in events:
                pass

        drained = asyncio.ensure_future(drain())
        await soon(line.reached.wait())
        waiting = asyncio.ensure_future(events.interrupt("wait"))
        waiting.cancel()
        await soon(drained)
    assert events.result.final_output == "Once\nyou said wait"


async def test_leaving_while_an_interruption_is_under_way_cancels_the_run():
    line = Line()
    answered: list[str] = []

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        answered.append(last(request))
        await line.stand()
        return ModelResponse(Message("assistant", "x"))

    async with Runner.stream(Agent("clerk", model=model), "hello") as events:
        await soon(line.reached.wait())
        events.interrupt("wait")
    assert answered == ["hello"]


async def test_interrupting_a_run_before_it_began_says_so():
    async with Runner.stream(Agent("clerk", model=FunctionModel(lambda request: "hi")), "hello") as events:
        with pytest.raises(UserError, match="has not begun"):
            events.interrupt("wait")
        async for _ in events:
            pass
    assert events.result.final_output == "hi"


# tools in flight -----------------------------------------------------------------------------------------------------


def worker(line: Line, spoken: str = "", **options: Any) -> Agent[str]:
    """An agent whose tool stands still."""

    @tool(**options)
    async def work() -> str:
        await line.stand()
        return "worked"

    def model(request: ModelRequest) -> Any:
        if last(request) != "hello":
            return f"you said {last(request)}"
        return [spoken, call("work")] if spoken else call("work")

    return Agent("clerk", model=FunctionModel(model), tools=[work])


async def interrupted_at_work(agent: Agent[str], line: Line) -> Any:
    async with Runner.stream(agent, "hello") as events:
        return await interrupted(events, line, "wait")


@pytest.mark.parametrize("options", [{"effect": "read"}, {"effect": "irreversible", "on_interrupt": "cancel"}])
async def test_a_tool_that_may_be_cancelled_is_cancelled_and_its_call_dropped(options: dict[str, Any]):
    line = Line()
    result = await interrupted_at_work(worker(line, **options), line)
    assert line.cancelled
    assert [message.text for message in result.messages] == snapshot(
        ["hello", "", "[dropped: the person interrupted]", "wait", "you said wait"]
    )


@pytest.mark.parametrize("options", [{}, {"effect": "idempotent"}, {"effect": "read", "on_interrupt": "finish"}])
async def test_a_tool_that_is_to_finish_finishes_and_its_result_is_known(options: dict[str, Any]):
    line = Line()
    result = await interrupted_at_work(worker(line, **options), line)
    assert not line.cancelled
    assert [message.text for message in result.messages] == ["hello", "", "worked", "wait", "you said wait"]
    assert len(facts_of(ToolReturned, result.events)) == 1


async def test_what_was_said_before_a_call_is_in_the_history_once():
    line = Line()
    result = await interrupted_at_work(worker(line, "Let me look."), line)
    assert texts(result.messages) == [
        ("user", "hello"),
        ("clerk", "Let me look."),
        ("tool", "worked"),
        ("user", "wait"),
        ("clerk", "you said wait"),
    ]


async def test_what_was_said_before_is_not_taken_for_what_is_said_now():
    line = Line()
    rendered: list[str] = []

    async def instructions(ctx: Any) -> str:
        rendered.append("once")
        if len(rendered) == 2:
            await line.stand()
        return ""

    @tool(effect="read")
    async def work() -> str:
        return "worked"

    def model(request: ModelRequest) -> Any:
        return ["Let me look.", call("work")] if last(request) == "hello" else f"you said {last(request)}"

    agent = Agent("clerk", instructions, model=FunctionModel(model), tools=[work])
    async with Runner.stream(agent, "hello") as events:
        result = await interrupted(events, line, "wait")
    assert [text for who, text in texts(result.messages) if who == "clerk"] == ["Let me look.", "you said wait"]


async def test_of_parallel_tools_each_follows_its_own_policy():
    look, pay = Line(), Line()

    @tool(effect="read")
    async def looking() -> str:
        await look.stand()
        return "seen"

    @tool
    async def paying() -> str:
        await pay.stand()
        return "paid"

    def model(request: ModelRequest) -> Any:
        return [call("looking"), call("paying")] if last(request) == "hello" else "done"

    agent = Agent("clerk", model=FunctionModel(model), tools=[looking, paying])
    async with Runner.stream(agent, "hello") as events:
        result = await interrupted(events, pay, "wait")
    assert (look.cancelled, pay.cancelled) == (True, False)
    assert [message.text for message in result.messages if message.role == "tool"] == [
        "[dropped: the person interrupted]",
        "paid",
    ]


async def test_a_child_in_flight_is_cancelled_and_the_parent_answers():
    line = Line()
    child = Agent("child", model=FunctionModel(lambda request: _standing(line)))
    model = FunctionModel(lambda request: call("child", input="x") if last(request) == "hello" else f"you said {last(request)}")
    async with Runner.stream(Agent("boss", model=model, tools=[child]), "hello") as events:
        result = await interrupted(events, line, "wait")
    assert line.cancelled
    assert result.final_output == "you said wait"


async def _standing(line: Line) -> str:
    await line.stand()
    return "stood"


# handoffs ------------------------------------------------------------------------------------------------------------


def handing_over(accepts: Any, target_model: Any) -> Agent[str]:
    billing = Agent("billing", model=target_model)
    model = FunctionModel(
        lambda request: call("transfer_to_billing") if last(request) == "hello" else f"triage heard {last(request)}"
    )
    return Agent("triage", model=model, handoffs=[handoff(billing, accepts=accepts)])


async def test_a_handoff_that_is_interrupted_while_the_target_decides_was_never_proposed():
    line = Line()

    async def accepts(ctx: Any, brief: Any) -> Decline | None:
        await line.stand()
        return None

    agent = handing_over(accepts, FunctionModel(lambda request: "billing here"))
    async with Runner.stream(agent, "hello") as events:
        result = await interrupted(events, line, "wait")
    assert facts_of(HandoffProposed, result.events) == []
    assert (result.final_output, result.last_agent.name) == ("triage heard wait", "triage")


async def test_a_handoff_that_was_committed_before_the_interruption_stands():
    line = Line()

    async def model(request: ModelRequest) -> str:
        if last(request) != "wait":
            await line.stand()
        return f"billing heard {last(request)}"

    agent = handing_over(None, FunctionModel(model))
    async with Runner.stream(agent, "hello") as events:
        result = await interrupted(events, line, "wait")
    assert len(facts_of(HandoffCommitted, result.events)) == 1
    assert (result.final_output, result.last_agent.name) == ("billing heard wait", "billing")


# what guards the input, and when it is too late ----------------------------------------------------------------------


async def test_the_message_that_interrupts_passes_the_input_guardrails():
    line = Line()

    async def no_secrets(ctx: Any, text: str) -> Pass | Trip:
        return Trip("no secrets") if "secret" in text else Pass()

    agent = speaker(line, "Once")
    guarded = Agent("clerk", model=agent.model, guardrails=[on_input(no_secrets)])
    with pytest.raises(GuardrailTripped, match="no secrets"):
        async with Runner.stream(guarded, "hello") as events:
            await interrupted(events, line, "secret")


async def test_interrupting_a_run_that_is_over_is_refused():
    async with Runner.stream(Agent("clerk", model=FunctionModel(lambda request: "hi")), "hello") as events:
        async for _ in events:
            pass
        with pytest.raises(UserError) as error:
            events.interrupt("wait")
    assert str(error.value) == snapshot("The run is over. Send the message as the next turn.")


async def test_interrupting_a_function_is_refused():
    line = Line()

    async def work(input: str) -> str:
        await line.stand()
        return input

    async with Runner.stream(work, "hello") as events:
        await soon(line.reached.wait())
        with pytest.raises(UserError) as error:
            events.interrupt("wait")
    assert str(error.value) == snapshot("Only the run of an agent or a team can be interrupted.")


async def test_an_interruption_that_the_run_never_took_is_told_so():
    line = Line()

    async def fail(ctx: Any) -> str:
        try:
            await line.stand()
        except asyncio.CancelledError:
            raise ConnectionError("the line is down") from None
        return ""

    agent = Agent("clerk", fail, model=FunctionModel(lambda request: "hi"))
    taken: list[Awaitable[None]] = []
    with pytest.raises(ConnectionError):
        async with Runner.stream(agent, "hello") as events:
            await soon(line.reached.wait())
            taken.append(events.interrupt("wait"))
            async for _ in events:
                pass
    with pytest.raises(UserError) as error:
        await taken[0]
    assert str(error.value) == snapshot("The run ended before the interruption was taken.")


# a reader that does not read -------------------------------------------------------------------------------------------


def chatty(pieces: int, line: Line) -> Agent[str]:
    """An agent that says more than a channel holds and then stands still; it answers anything else at once."""

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        if last(request) != "hello":
            return ModelResponse(Message("assistant", "you said " + last(request)))
        for piece in range(pieces):
            emit(f"{piece} ")
        await line.stand()
        return ModelResponse(Message("assistant", "never"))

    return Agent("speaker", model=model)


async def test_who_awaits_an_interruption_without_reading_is_not_kept_waiting():
    line = Line()
    async with Runner.stream(chatty(400, line), "hello") as events:
        await soon(line.reached.wait())
        await soon(events.interrupt("wait", heard=1))
        async for _ in events:
            pass
    assert events.result.final_output == "0\nyou said wait"


async def test_a_second_interruption_right_after_the_first_is_answered_too():
    line = Line()
    async with Runner.stream(chatty(400, line), "hello") as events:
        await soon(line.reached.wait())
        first = events.interrupt("wait")
        await asyncio.sleep(0)
        second = events.interrupt("listen")
        async for _ in events:
            pass
        await soon(first)
        await soon(second)
    said = [text for who, text in texts(events.result.messages) if who == "user"]
    assert said == ["hello", "wait", "listen"]


@pytest.mark.parametrize(("effect", "calls"), [("idempotent", 1), ("idempotent", 2), ("read", 2)])
async def test_an_interruption_in_the_moment_in_which_the_last_call_has_settled_is_answered(effect: Effect, calls: int):
    interruptions: list[Awaitable[None]] = []

    @tool(effect=effect)
    async def look() -> str:
        await asyncio.sleep(0)
        return "seen"

    def heard(event: RunEvent) -> None:
        if isinstance(event.fact, ToolReturned) and event.fact.index == calls - 1:
            interruptions.append(events.interrupt("wait"))

    def answers(request: ModelRequest) -> Any:
        said = last(request)
        return [call("look") for _ in range(calls)] if said == "look" else f"you said {said}"

    agent = Agent("clerk", tools=[look], model=FunctionModel(answers))
    async with Runner.stream(agent, "look", config=RunConfig(listeners=(heard,))) as events:
        async for _ in events:
            pass
    assert len(interruptions) == 1
    assert events.result.final_output.endswith("you said wait")
