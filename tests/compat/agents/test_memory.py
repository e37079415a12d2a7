"""Sessions: what they keep, for whom, and how long."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom.compat.agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    RunConfig,
    Runner,
    Session,
    SessionSettings,
    SQLiteSession,
    UserError,
    function_tool,
)
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests import forked

SAID = {"role": "user", "content": "hi"}
ANSWERED = {"role": "assistant", "content": "hello"}


async def test_a_session_gives_items_in_their_order_and_the_newest_of_them() -> None:
    session = SQLiteSession("a")
    await session.add_items([SAID, ANSWERED])
    await session.add_items([])
    assert await session.get_items() == [SAID, ANSWERED]
    assert await session.get_items(1) == [ANSWERED]
    assert await session.pop_item() == ANSWERED
    assert await session.get_items() == [SAID]
    await session.clear_session()
    assert await session.get_items() == []
    assert await session.pop_item() is None


async def test_sessions_in_one_file_are_apart(tmp_path: Path) -> None:
    one, other = SQLiteSession("one", tmp_path / "s.db"), SQLiteSession("other", tmp_path / "s.db")
    await one.add_items([SAID])
    await other.add_items([ANSWERED])
    await other.clear_session()
    assert await one.get_items() == [SAID]
    assert await other.get_items() == []


async def test_a_session_is_read_in_another_process(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    program = f"""
from switchroom.compat.agents import Agent, RunConfig, Runner, SQLiteSession
from switchroom.testing import FunctionModel
agent = Agent("clerk", model=FunctionModel(lambda request: f"message {{len(request.messages)}}"))
print(Runner.run_sync(agent, "next", session=SQLiteSession("a", {str(file)!r})).final_output)
"""
    told = [forked.run("-c", program).stdout for _ in range(3)]
    assert told == ["message 1\n", "message 3\n", "message 5\n"]
    kept = await SQLiteSession("a", file).get_items()
    assert [item["role"] for item in kept] == ["user", "assistant"] * 3


async def test_the_file_has_the_tables_of_that_sdk(tmp_path: Path) -> None:
    session = SQLiteSession("a", tmp_path / "s.db")
    await session.add_items([SAID])
    session.close()
    with sqlite3.connect(tmp_path / "s.db") as db:
        assert db.execute("SELECT session_id FROM agent_sessions").fetchall() == [("a",)]
        assert db.execute("SELECT session_id, message_data FROM agent_messages").fetchall() == [
            ("a", '{"role": "user", "content": "hi"}')
        ]
    db.close()


async def test_many_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    sessions = [SQLiteSession("a", tmp_path / "s.db") for _ in range(4)]
    await asyncio.gather(
        *(asyncio.to_thread(asyncio.run, one.add_items([SAID, ANSWERED])) for one in sessions for _ in range(5))
    )
    kept = await sessions[0].get_items()
    assert kept == [SAID, ANSWERED] * 20


async def test_an_item_is_taken_away_once(tmp_path: Path) -> None:
    sessions = [SQLiteSession("a", tmp_path / "s.db") for _ in range(4)]
    await sessions[0].add_items([{"role": "user", "content": str(number)} for number in range(40)])
    taking = [asyncio.to_thread(asyncio.run, one.pop_item()) for one in sessions for _ in range(10)]
    taken = [item["content"] for item in await asyncio.gather(*taking) if item is not None]
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("no database, but long enough to look like a page of something else" * 20)
    with pytest.raises(UserError, match="cannot be opened"):
        SQLiteSession("a", tmp_path / "s.db")
    with pytest.raises(UserError, match="no name of a table"):
        SQLiteSession("a", sessions_table="x; DROP TABLE y")


def _counting() -> Agent[Any]:
    return Agent("clerk", model=FunctionModel(lambda request: f"message {len(request.messages)}"))


async def test_a_run_begins_at_its_agent_with_all_that_was_said() -> None:
    session = SQLiteSession("a")
    billing = Agent("billing", instructions="billing")
    triage = Agent("triage", instructions="triage", handoffs=[billing])
    model = ScriptedModel([call("transfer_to_billing"), "Paid.", "Back at triage."])
    config = RunConfig(model=model)
    first = await Runner.run(triage, "My invoice", run_config=config, session=session)
    second = await Runner.run(triage, "Thanks", run_config=config, session=session)
    assert (first.last_agent.name, second.last_agent.name) == ("billing", "triage")
    assert second.input == snapshot(
        [
            {"role": "user", "content": "My invoice"},
            {"type": "function_call", "call_id": "call_1_0", "name": "transfer_to_billing", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1_0", "output": '{"assistant": "billing"}'},
            {
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Paid.", "annotations": []}],
            },
            {"role": "user", "content": "Thanks"},
        ]
    )
    assert await session.get_items() == second.to_input_list()


async def test_a_run_sees_as_much_of_a_session_as_its_settings_say() -> None:
    session = SQLiteSession("a", session_settings=SessionSettings(limit=2))
    agent = _counting()
    for told in ("message 1", "message 3", "message 3"):
        assert (await Runner.run(agent, "next", session=session)).final_output == told
    config = RunConfig(session_settings=SessionSettings(limit=4))
    assert (await Runner.run(agent, "next", session=session, run_config=config)).final_output == "message 5"
    assert len(await session.get_items(100)) == 8


async def test_a_callback_says_what_a_run_is_asked() -> None:
    async def only_said(history: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [item for item in history if item["role"] == "user"] + new

    session = SQLiteSession("a")
    config = RunConfig(session_input_callback=only_said)
    for told in ("message 1", "message 2", "message 3"):
        assert (await Runner.run(_counting(), "next", session=session, run_config=config)).final_output == told


async def test_a_run_that_fails_keeps_the_turns_that_were_complete() -> None:
    @function_tool
    def look() -> str:
        """Look."""
        return "a phone"

    session = SQLiteSession("a")
    agent = Agent("eye", tools=[look], model=FunctionModel(lambda request: call("look")))
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent, "What is it?", max_turns=2, session=session)
    kinds = [item.get("type", item.get("role")) for item in await session.get_items()]
    assert kinds == ["user", "function_call", "function_call_output", "function_call", "function_call_output"]


async def test_an_input_that_a_guardrail_refuses_is_kept_and_the_answer_is_not_there() -> None:
    def never(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, True)

    session = SQLiteSession("a")
    agent = Agent("clerk", input_guardrails=[InputGuardrail(never)], model=ScriptedModel([]))
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent, "hi", session=session)
    assert await session.get_items() == [SAID]


async def test_any_object_with_the_methods_is_a_session() -> None:
    class Kept:
        session_id = "a"

        def __init__(self) -> None:
            self.items: list[dict[str, Any]] = []

        async def get_items(self, limit: int | None = None) -> list[dict[str, Any]]:
            return list(self.items)

        async def add_items(self, items: list[dict[str, Any]]) -> None:
            self.items += items

        async def pop_item(self) -> dict[str, Any] | None:
            return self.items.pop() if self.items else None

        async def clear_session(self) -> None:
            self.items.clear()

    session = Kept()
    assert isinstance(session, Session)
    await Runner.run(_counting(), "one", session=session)
    assert (await Runner.run(_counting(), "two", session=session)).final_output == "message 3"


async def test_what_is_no_session_is_refused() -> None:
    with pytest.raises(UserError, match="conversation=, with a journal"):
        await Runner.run(_counting(), "hi", session="chat-1")  # pyright: ignore[reportArgumentType]


def test_a_session_serves_run_sync_and_streams() -> None:
    session = SQLiteSession("a")
    agent = _counting()
    Runner.run_sync(agent, "one", session=session)

    async def streamed() -> Any:
        result = Runner.run_streamed(agent, "two", session=session)
        async for _ in result.stream_events():
            pass
        return result.final_output

    assert asyncio.run(streamed()) == "message 3"
    assert Runner.run_sync(agent, "three", session=session).final_output == "message 5"
