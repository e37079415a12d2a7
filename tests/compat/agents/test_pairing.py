"""No model is sent a call without its result, or a result without its call, however a history was shortened."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Message
from switchroom.compat.agents import (
    Agent,
    HandoffInputData,
    RunConfig,
    Runner,
    SessionSettings,
    SQLiteSession,
    function_tool,
    handoff,
)
from switchroom.compat.agents.pairing import paired
from switchroom.compat.agents.run import CallModelData, ModelInputData
from switchroom.messages import ToolCall
from switchroom.testing import FunctionModel, ScriptedModel, call


def _is_paired(messages: Any) -> bool:
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            if message.call_id not in waiting:
                return False
            waiting.remove(message.call_id)
        waiting += [call.id for call in message.calls]
    return not waiting


@st.composite
def _histories(draw: st.DrawFn) -> list[Message]:
    """A whole history: what people say, answers with text and calls, and a result for each call; ids may come again."""
    messages: list[Message] = []
    for _ in range(draw(st.integers(1, 6))):
        messages.append(Message("user", "hi"))
        ids = draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3))
        text = draw(st.sampled_from(["", "One moment."])) if ids else "Done."
        messages.append(Message("assistant", text, calls=tuple(ToolCall("look", {}, id) for id in ids)))
        messages += [Message("tool", "seen", call_id=id) for id in draw(st.permutations(ids))]
    return messages


@given(_histories(), st.data())
def test_whatever_is_left_of_a_history_is_paired_and_nothing_else_is_lost(history: list[Message], data: st.DataObject) -> None:
    assert paired(history) == tuple(history)
    kept = [message for message in history if data.draw(st.booleans())]
    left = paired(kept)
    assert _is_paired(left)
    assert paired(left) == left
    assert [m.text for m in left if m.role != "tool" and m.text] == [m.text for m in kept if m.role != "tool" and m.text]
    for number in range(len(history)):
        assert _is_paired(paired(history[number:]))


@function_tool
def look(at: int) -> str:
    """Look."""
    return f"seen {at}"


async def _filled() -> list[dict[str, Any]]:
    session = SQLiteSession("a")
    model = ScriptedModel([[call("look", at=1), call("look", at=2)], call("look", at=3), "Seen."])
    await Runner.run(Agent("clerk", tools=[look], model=model), "Look.", session=session)
    return await session.get_items()


@pytest.mark.parametrize("limit", range(9))
async def test_a_session_with_a_limit_sends_no_orphan(limit: int) -> None:
    items = await _filled()
    assert len(items) == 8
    for own in (SessionSettings(limit=limit), None):
        session = SQLiteSession("b", session_settings=own)
        await session.add_items(items)
        model = ScriptedModel(["Yes."])
        config = RunConfig(session_settings=None if own else SessionSettings(limit=limit))
        await Runner.run(Agent("clerk", model=model), "Sure?", session=session, run_config=config)
        assert _is_paired(model.requests[0].messages)
        assert model.requests[0].messages[-1].text == "Sure?"
        assert len(await session.get_items(100)) == 10


class Kept:
    """A session of somebody else's, with settings of its own."""

    session_id = "a"
    session_settings = SessionSettings(limit=2)

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    async def get_items(self, limit: int | None = None) -> list[dict[str, Any]]:
        return self.items[-limit:] if limit else list(self.items)

    async def add_items(self, items: list[dict[str, Any]]) -> None:
        self.items += items

    async def pop_item(self) -> dict[str, Any] | None:
        return self.items.pop()

    async def clear_session(self) -> None:
        self.items.clear()


async def test_settings_of_any_session_hold() -> None:
    model = ScriptedModel(["Yes."])
    await Runner.run(Agent("clerk", model=model), "Sure?", session=Kept(await _filled()))
    assert [message.text for message in model.requests[0].messages] == ["Seen.", "Sure?"]


async def test_what_a_callback_a_caller_or_a_filter_leaves_is_paired_too() -> None:
    items = await _filled()
    last = [items[4], items[5], items[7]]  # a result without its call, a call without its result, an answer

    def only_last(history: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*last, *new]

    def trimmed(data: CallModelData) -> ModelInputData:
        return ModelInputData([*last, *data.model_data.input], None)

    for config, said in (
        (RunConfig(session_input_callback=only_last), "Sure?"),
        (RunConfig(), [*last, {"role": "user", "content": "Sure?"}]),
        (RunConfig(call_model_input_filter=trimmed), "Sure?"),
    ):
        model = ScriptedModel(["Yes."])
        session = SQLiteSession("b") if config.session_input_callback else None
        await Runner.run(Agent("clerk", model=model), said, session=session, run_config=config)
        assert [message.text for message in model.requests[0].messages] == ["Seen.", "Sure?"]


async def test_what_a_filter_of_a_handoff_leaves_is_paired_too() -> None:
    def only_news(data: HandoffInputData) -> HandoffInputData:
        return data.clone(pre_handoff_items=data.pre_handoff_items[1:])

    asked: list[list[str]] = []

    def answer(request: Any) -> str:
        asked.append([message.text for message in request.messages])
        assert _is_paired(request.messages)
        return "Hello."

    second = Agent("second", model=FunctionModel(answer))
    model = ScriptedModel([call("look", at=1), call("transfer_to_second")])
    first = Agent("first", tools=[look], handoffs=[handoff(second, input_filter=only_news)], model=model)
    await Runner.run(first, "hi")
    assert len(asked) == 1
    assert "seen 1" not in asked[0]
