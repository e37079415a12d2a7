"""What it takes to open a conversation does not depend on its length, nor on how many others there are."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from switchroom import Agent, RunConfig, Runner, Session, conversation, snapshots
from switchroom.conversation import EVICTED_FACTS, SNAPSHOT_FACTS, recall, recall_now
from switchroom.errors import JournalBusy
from switchroom.events import RunEvent
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from tests.laws.shelves import Plain, Shelves

FACTS = 4
"""Facts of one of these turns: it began, the agent was asked, it answered, it returned."""


def clerk(seen: list[int] | None = None) -> Agent[str]:
    """An agent that answers at once, and notes how many messages it was shown."""

    def answer(request: ModelRequest) -> str:
        if request.messages[-1].text == "fail":
            raise ConnectionError("the line is down")
        if seen is not None:
            seen.append(len(request.messages))
        return f"you said {request.messages[-1].text}"

    return Agent("clerk", model=FunctionModel(answer))


async def talk(journal: MemoryJournal, turns: int, name: str = "c", agent: Agent[str] | None = None) -> None:
    """Turns under a window of 20 messages."""
    config = RunConfig(journal=journal, history=keep_last(20))
    for turn in range(turns):
        await Runner.run(agent or clerk(), f"message {turn}", config=config, conversation=name)


@pytest.fixture(scope="module")
def long() -> Shelves:
    """A conversation of 2,000 turns."""
    journal = Shelves()
    asyncio.run(talk(journal, 2_000))
    return journal


async def test_a_fresh_process_reads_as_much_of_2_000_turns_as_of_64(long: Shelves):
    short = Shelves()
    await talk(short, 64)
    read: list[tuple[int, int]] = []
    for journal in (short, long):
        other, seen = journal.moved(), list[int]()
        await talk(other, 1, agent=clerk(seen))
        assert seen == [20]
        read.append((other.entries_read, other.chunks_read))
    for entries, chunks in read:
        assert entries <= SNAPSHOT_FACTS + FACTS
        assert chunks <= 3


async def test_a_conversation_of_10_turns_is_read_from_its_entries():
    journal = Shelves()
    await talk(journal, 10)
    other = journal.moved()
    await talk(other, 1)
    assert (other.entries_read, other.chunks_read, journal.written) == (10 * FACTS, 0, 0)


async def test_a_turn_in_which_the_model_sees_all_loads_each_chunk_once(long: Shelves):
    other, seen = long.moved(), list[int]()
    config = RunConfig(journal=other)
    for _ in range(3):
        await Runner.run(clerk(seen), "hi", config=config, conversation="c")
    assert seen == [4_001, 4_003, 4_005]
    assert other.chunks_read <= 4_000 / 64


def test_a_long_conversation_writes_each_chunk_once_and_few_snapshots(long: Shelves):
    assert long.written == 2_000 * FACTS // SNAPSHOT_FACTS
    assert long.chunks_written == len(long.chunks)
    assert (4_000 - 96 - 2 * SNAPSHOT_FACTS / FACTS) / 64 <= len(long.chunks) <= 4_000 / 64


async def test_a_process_forgets_conversations_without_folding_any_from_its_first_entry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conversation, "REMEMBERED", 8)
    journal = Shelves()
    worst: list[int] = []
    for _ in range(60):
        before = journal.entries_read
        for number in range(24):
            await talk(journal, 1, f"c{number}")
        worst.append(journal.entries_read - before)
    assert max(worst) <= 24 * (EVICTED_FACTS + FACTS)


async def test_a_conversation_whose_model_is_away_for_long_is_not_folded_again_and_again():
    journal = Shelves()
    await talk(journal, 2)
    config = RunConfig(journal=journal)
    read: list[int] = []
    for _ in range(200):
        before = journal.entries_read
        with pytest.raises(ConnectionError):
            await Runner.run(clerk(), "fail", config=config, conversation="c")
        read.append(journal.entries_read - before)
    assert max(read) <= SNAPSHOT_FACTS + FACTS
    found = await recall(journal, "c")
    known = conversation.NEW.after(MemoryJournal.read(journal, "c"))
    assert (found.root, found.before, found.state) == (known.root, known.before, known.state)


async def test_a_journal_from_before_there_were_snapshots_is_read_whole_once(long: Shelves):
    old = long.moved()
    old.snapshots.clear()
    old.chunks.clear()
    await talk(old, 1)
    assert old.entries_read >= 2_000 * FACTS
    other = old.moved()
    await talk(other, 1)
    assert other.entries_read <= 2 * FACTS


def test_a_session_that_has_not_begun_knows_what_was_said_without_reading_all_entries(long: Shelves):
    other = long.moved()
    session = Session(clerk(), conversation="c", journal=other)
    assert session.active == "clerk"
    assert other.chunks_read == 0
    assert len(session.messages) == 4_000
    assert other.entries_read <= SNAPSHOT_FACTS + FACTS


def test_a_conversation_that_has_to_be_waited_for_is_not_read_at_once(long: Shelves):
    class Waiting(Plain):
        waits = True

        async def read(self, conversation: str, after: int = 0) -> list[RunEvent]:  # pyright: ignore[reportIncompatibleMethodOverride]
            await asyncio.sleep(0)
            return long.read(conversation, after)

    with pytest.raises(JournalBusy, match="Conversation 'c' cannot be read at once"):
        recall_now(Waiting(), "c")


def test_the_schema_covers_every_value_in_a_snapshot():
    modules = {kind.__module__.removeprefix("switchroom.") for kind in structs(msgspec.inspect.type_info(snapshots.Snapshot))}
    assert modules <= set(snapshots.VALUES)


def test_a_rule_that_changes_makes_another_schema(tmp_path: Path):
    package = Path(snapshots.__file__).parent
    copy = tmp_path / "switchroom"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert snapshots.schema_of(copy) == snapshots.SCHEMA
    rule = copy / "rules" / "evolve.py"
    rule.write_text(rule.read_text().replace("answers=state.answers + 1", "answers=state.answers + 2", 1))
    assert snapshots.schema_of(copy) != snapshots.SCHEMA


def structs(info: Any) -> set[type]:
    """The classes of structs within a type."""
    found: set[type] = set()
    match info:
        case msgspec.inspect.StructType():
            found = {info.cls}.union(*(structs(field.type) for field in info.fields))
        case msgspec.inspect.UnionType():
            found = found.union(*map(structs, info.types))
        case msgspec.inspect.TupleType():
            found = found.union(*map(structs, info.item_types))
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType() | msgspec.inspect.FrozenSetType():
            found = structs(info.item_type)
        case msgspec.inspect.DictType():
            found = structs(info.value_type)
        case _:
            pass
    return found
