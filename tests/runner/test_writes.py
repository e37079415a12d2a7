"""The statements with which an SQLite journal keeps a turn: few, for each one costs as much as the rest of the turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel, field_validator

from switchroom import Agent, RunConfig, Runner
from switchroom.errors import DeadlineExceeded
from switchroom.events import ModelAnswered, RunEvent, StepReturned, StepStarted, TurnStarted
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from tests.helpers import facts_of, kinds, run_of
from tests.virtual import in_no_time

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


class Slow(MemoryJournal):
    """A journal whose writes take a while, before and after they happen."""

    waits = True

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._slowly(lambda: super(Slow, self).append(conversation, events))

    def claim(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0
    ) -> Awaitable[None]:
        return self._slowly(lambda: super(Slow, self).claim(conversation, events, generation, ticket))

    async def _slowly(self, write: Callable[[], None]) -> None:
        await asyncio.sleep(0.2)
        write()
        await asyncio.sleep(0.2)


async def thinks(request: ModelRequest) -> str:
    await asyncio.sleep(0.2)
    return f"echo {request.messages[-1].text}"


@pytest.mark.parametrize("tenth", range(1, 16))
def test_a_run_whose_end_is_recorded_has_not_failed_whenever_its_deadline_passes(tenth: int):
    async def main() -> tuple[list[str], str]:
        journal = Slow()
        config = RunConfig(journal=journal, deadline=tenth / 10 + 0.05)
        try:
            result = await Runner.run(Agent("clerk", model=FunctionModel(thinks)), "one", conversation="c", config=config)
            return kinds(journal.read("c")), result.final_output
        except DeadlineExceeded:
            return kinds(journal.read("c")), "late"

    recorded, output = in_no_time(main())
    assert not ("step_returned" in recorded and "step_failed" in recorded)
    assert output == ("echo one" if "step_returned" in recorded else "late")


@pytest.mark.parametrize("tenth", range(1, 5))
def test_a_message_does_not_overtake_one_whose_claim_is_being_written(tenth: int):
    async def main() -> list[str]:
        journal = Slow()
        agent, config = Agent("clerk", model=FunctionModel(thinks)), RunConfig(journal=journal)
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(tenth / 10 - 0.05)
        await Runner.run(agent, "two", conversation="c", config=config)
        await first
        return [fact.messages[0].text for fact in facts_of(TurnStarted, journal.read("c"))]

    assert in_no_time(main()) == ["one", "two"]


class Refund(BaseModel):
    order: str

    @field_validator("order")
    @classmethod
    def known(cls, order: str) -> str:
        raise LookupError(f"no order {order}")


async def test_an_answer_whose_validator_fails_is_recorded_before_the_failure():
    journal = MemoryJournal()
    agent = Agent("clerk", model=FunctionModel(lambda _: '{"order": "A-1"}'), output_type=Refund)
    with pytest.raises(LookupError) as caught:
        await Runner.run(agent, "one", conversation="c", config=RunConfig(journal=journal))
    assert kinds(journal.read("c")) == ["turn_started", "step_started", "model_answered", "step_failed"]
    assert run_of(caught.value).usage.requests == 1


async def test_handles_are_made_once_for_each_turn_although_another_process_goes_on_meanwhile(tmp_path: Path):
    made: list[str] = []

    def handles(conversation: str) -> str:
        made.append(conversation)
        return "handle"

    journals = [SqliteJournal(tmp_path / "chats.db"), SqliteJournal(tmp_path / "chats.db")]
    for turn in range(6):
        await Runner.run(CLERK, "x", conversation="c", config=RunConfig(journal=journals[turn % 2], deps=handles))
    assert made == ["c"] * 6
