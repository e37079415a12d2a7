"""Sessions are written turn by turn: a run that ends early is remembered as far as it came."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import switchroom
from switchroom import Message
from switchroom.compat.agents import (
    Agent,
    HandoffInputData,
    ReasoningItem,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
    handoff,
)
from switchroom.compat.agents.extensions.handoff_filters import remove_all_tools
from switchroom.compat.agents.keeping import UNKNOWN
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import soon


@function_tool
def refund(order: str) -> str:
    """Refund an order."""
    return f"refunded {order}"


class Held:
    """Something that begins, and does not end before it is let go."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.ends = asyncio.Event()

    async def wait(self) -> None:
        self.began.set()
        await self.ends.wait()


def _held_model(held: Held, *first: Any) -> Any:
    """Return a model that answers by a script, and then does not answer."""
    script = ScriptedModel(first)

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        if len(script.requests) == len(first):
            await held.wait()
        return await script(request, emit)

    return model


async def _told(session: SQLiteSession) -> list[str]:
    """Return what a session has, a word and a text for each item."""
    lines: list[str] = []
    for item in await session.get_items():
        match item:
            case {"type": "function_call"}:
                lines.append(f"call {item['name']}({item['arguments']})")
            case {"type": "function_call_output"}:
                lines.append(f"result {item['output']}")
            case {"role": "user"}:
                lines.append(f"user {item['content']}")
            case _:
                lines.append(f"said {item['content'][0]['text']}")
    return lines


REFUNDED = ["user Refund 7.", 'call refund({"order":"7"})', "result refunded 7"]


async def _cancelled(agent: Agent[Any], session: SQLiteSession, held: Held, streamed: bool) -> None:
    """Run an agent, and cancel the run when something is held."""
    if streamed:
        result = Runner.run_streamed(agent, "Refund 7.", session=session)
        await soon(held.began.wait())
        result.cancel()
        async for _ in result.stream_events():
            pass
        return
    running = asyncio.ensure_future(Runner.run(agent, "Refund 7.", session=session))
    await soon(held.began.wait())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(running)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_run_that_is_cancelled_after_a_refund_remembers_the_refund(streamed: bool) -> None:
    session, held = SQLiteSession("a"), Held()
    agent = Agent("clerk", tools=[refund], model=_held_model(held, call("refund", order="7")))
    await _cancelled(agent, session, held, streamed)
    assert await _told(session) == REFUNDED
    asked = ScriptedModel(["It is refunded."])
    await Runner.run(Agent("clerk", model=asked), "Is it refunded?", session=session)
    assert [message.text for message in asked.requests[0].messages] == ["Refund 7.", "", "refunded 7", "Is it refunded?"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_of_a_turn_that_is_cut_off_the_results_that_came_are_kept_and_the_others_are_said_to_be_unknown(
    streamed: bool,
) -> None:
    session, held = SQLiteSession("a"), Held()

    @function_tool
    async def look() -> str:
        """Look."""
        await held.wait()
        return "seen"

    model = ScriptedModel([["One moment.", call("refund", order="7"), call("look")]])
    agent = Agent("clerk", tools=[refund, look], model=model)
    await _cancelled(agent, session, held, streamed)
    assert await _told(session) == [
        "user Refund 7.",
        "said One moment.",
        'call refund({"order":"7"})',
        "call look({})",
        "result refunded 7",
        f"result {UNKNOWN}",
    ]


async def test_a_call_that_goes_on_in_a_thread_is_said_to_be_unknown() -> None:
    session, held, let_go = SQLiteSession("a"), Held(), threading.Event()
    loop = asyncio.get_running_loop()

    @function_tool
    def pay() -> str:
        """Pay."""
        loop.call_soon_threadsafe(held.began.set)
        let_go.wait(5)
        return "paid"

    agent = Agent("clerk", tools=[pay], model=ScriptedModel([call("pay")]))
    await _cancelled(agent, session, held, streamed=True)
    let_go.set()
    assert await _told(session) == ["user Refund 7.", "call pay({})", f"result {UNKNOWN}"]


async def test_a_call_that_did_not_begin_is_not_kept() -> None:
    session, held = SQLiteSession("a"), Held()

    @function_tool
    async def look(number: int) -> str:
        """Look."""
        await held.wait()
        return "seen"

    config = RunConfig(switchroom=switchroom.RunConfig(parallel_tools=1))
    agent = Agent("clerk", tools=[look], model=ScriptedModel([[call("look", number=1), call("look", number=2)]]))
    result = Runner.run_streamed(agent, "Look.", session=session, run_config=config)
    await soon(held.began.wait())
    result.cancel()
    async for _ in result.stream_events():
        pass
    assert await _told(session) == ["user Look.", 'call look({"number":1})', f"result {UNKNOWN}"]


async def test_a_run_that_a_tool_ends_keeps_what_the_tools_beside_it_did() -> None:
    session, refunded = SQLiteSession("a"), asyncio.Event()

    @function_tool
    async def repay() -> str:
        """Repay."""
        refunded.set()
        return ""

    @function_tool(failure_error_function=None)
    async def fail() -> str:
        """Fail."""
        await refunded.wait()
        raise LookupError("no such order")

    @switchroom.tool(effect="read")
    async def native() -> dict[str, int]:
        """Look."""
        return {"cents": 5}

    agent = Agent("clerk", tools=[repay, fail, native], model=ScriptedModel([[call("repay"), call("native"), call("fail")]]))
    with pytest.raises(LookupError):
        await Runner.run(agent, "Refund 7.", session=session)
    assert await _told(session) == [
        "user Refund 7.",
        "call repay({})",
        "call native({})",
        "call fail({})",
        "result ",
        'result {"cents":5}',
        "result [failed: LookupError: no such order]",
    ]


async def test_each_turn_is_there_before_the_next_request() -> None:
    session = SQLiteSession("a")
    seen: list[int] = []

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        seen.append(len(await session.get_items()))
        number = len(seen)
        calls = (ToolCall("refund", {"order": str(number)}, f"c{number}"),) if number < 4 else ()
        return ModelResponse(Message("assistant", "" if calls else "Done.", calls=calls))

    result = await Runner.run(Agent("clerk", tools=[refund], model=model), "Refund all.", session=session)
    assert seen == [1, 3, 5, 7]
    assert await session.get_items() == result.to_input_list()


async def test_a_run_inside_a_tool_keeps_its_own_session_turn_by_turn() -> None:
    inner, outer, held = SQLiteSession("inner"), SQLiteSession("outer"), Held()
    helper = Agent("helper", tools=[refund], model=_held_model(held, call("refund", order="7")))
    agent = Agent(
        "clerk", tools=[helper.as_tool("ask", "Ask.", session=inner)], model=ScriptedModel([call("ask", input="Do.")])
    )
    await _cancelled(agent, outer, held, streamed=False)
    assert await _told(inner) == ["user Do.", *REFUNDED[1:]]
    assert await _told(outer) == ["user Refund 7.", 'call ask({"input":"Do."})', f"result {UNKNOWN}"]


def _drop_news(data: HandoffInputData) -> HandoffInputData:
    return data.clone(new_items=())


@pytest.mark.parametrize("rule", [None, remove_all_tools, _drop_news])
async def test_no_turn_is_written_twice_whatever_a_handoff_leaves(rule: Any) -> None:
    session = SQLiteSession("a")
    thought: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}

    def thinking(text: str, *calls: ToolCall) -> ModelResponse:
        return ModelResponse(Message("assistant", text, calls=calls, items=({"model": "m", "item": thought},)))

    answers = [
        thinking("", ToolCall("refund", {"order": "7"}, "c1")),
        thinking("", ToolCall("to_second", {}, "c2")),
        thinking("", ToolCall("refund", {"order": "8"}, "c3")),
        thinking("Both are refunded."),
    ]

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        return answers.pop(0)

    second = Agent("second", tools=[refund], model=model)
    first = Agent("first", tools=[refund], handoffs=[handoff(second, "to_second", input_filter=rule)], model=model)
    result = await Runner.run(first, "Refund 7 and 8.", session=session)
    assert any(isinstance(item, ReasoningItem) for item in result.new_items)
    lines = await _told(session)
    assert len(set(lines)) == len(lines)
    assert [line for line in lines if "refund(" in line] == ['call refund({"order":"7"})', 'call refund({"order":"8"})']
    assert lines[-1] == "said Both are refunded."
    if rule is None:
        assert await session.get_items() == result.to_input_list()


async def test_a_session_that_writes_slowly_is_written_once_when_the_run_is_cancelled_meanwhile() -> None:
    held = Held()

    class Slow(SQLiteSession):
        async def add_items(self, items: list[dict[str, Any]]) -> None:
            if any(item.get("type") == "function_call_output" for item in items):
                await held.wait()
            await super().add_items(items)

    session = Slow("a")
    agent = Agent("clerk", tools=[refund], model=FunctionModel(lambda request: call("refund", order="7")))
    running = asyncio.ensure_future(Runner.run(agent, "Refund 7.", session=session))
    await soon(held.began.wait())
    running.cancel()
    held.ends.set()
    with pytest.raises(asyncio.CancelledError):
        await soon(running)
    assert await _told(session) == REFUNDED
