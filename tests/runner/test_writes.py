"""The statements with which an SQLite journal keeps a turn: few, for each one costs as much as the rest of the turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from switchroom import Agent, RunConfig, Runner
from switchroom.events import ModelAnswered, StepReturned, StepStarted, TurnStarted
from switchroom.journals import SqliteJournal
from switchroom.testing import FunctionModel

CLERK = Agent("clerk", model=FunctionModel(lambda request: f"echo {request.messages[-1].text}"))


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "chats.db")


@asynccontextmanager
async def traced(journal: SqliteJournal) -> AsyncGenerator[list[str]]:
    connection = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert connection is not None
    statements: list[str] = []
    connection.set_trace_callback(lambda sql: statements.append(sql.split()[0]))
    yield statements
    connection.set_trace_callback(None)


async def say_to(journal: SqliteJournal, text: str) -> str:
    result = await Runner.run(CLERK, text, conversation="c", config=RunConfig(journal=journal))
    return result.final_output


async def test_a_turn_of_a_remembered_conversation_is_two_writes_and_reads_nothing(journal: SqliteJournal):
    await say_to(journal, "one")
    async with traced(journal) as statements:
        await say_to(journal, "two")
    assert statements == ["BEGIN", "INSERT", "INSERT", "COMMIT"] * 2
    kinds = [type(event.fact) for event in journal.read_sync("c")]
    assert kinds == [TurnStarted, StepStarted, ModelAnswered, StepReturned] * 2


async def test_a_turn_that_another_process_has_taken_meanwhile_is_claimed_after_a_look(journal: SqliteJournal, tmp_path: Path):
    other = SqliteJournal(tmp_path / "chats.db")
    assert await say_to(journal, "one") == "echo one"
    assert await say_to(other, "two") == "echo two"  # what `journal` remembers is old now
    assert await say_to(journal, "three") == "echo three"
    turns = [event.fact.turn for event in journal.read_sync("c") if isinstance(event.fact, TurnStarted)]
    assert turns == [1, 2, 3]


async def test_a_turn_whose_step_cannot_start_is_not_recorded(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> Callable[[], None]:
        raise RuntimeError("cannot start")

    monkeypatch.setattr("switchroom.runner.interpreter.Spoken.begin", refuse)
    with pytest.raises(RuntimeError, match="cannot start"):
        await say_to(journal, "one")
    assert journal.read_sync("c") == []
    monkeypatch.undo()
    assert await say_to(journal, "two") == "echo two"
