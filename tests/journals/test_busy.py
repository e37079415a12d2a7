"""A file that another process holds, that is full, or that may only be read: the loop goes on, and the error says which."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import UserError
from switchroom.errors import Fenced, JournalBusy, JournalUnwritable
from switchroom.events import RunEvent, StepReturned, TurnStarted
from switchroom.journals import SqliteJournal, SqliteMemories, database
from switchroom.journals.database import settled
from tests.helpers import soon
from tests.journals.processes import process
from tests.patience import HANGS_S

HOLD = (
    "db = sqlite3.connect(file, isolation_level=None); db.execute('BEGIN IMMEDIATE'); say('held')\n"
    "time.sleep(float(wait())); db.execute('COMMIT'); say('free'); wait()"
)


def entry(seq: int, output: Any = None) -> RunEvent:
    return RunEvent("turn#1/clerk#0", StepReturned(output), seq, 1.0)


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "chats.db")
    journal.append("c", [entry(1)])
    return journal


@contextmanager
def held(journal: SqliteJournal) -> Generator[sqlite3.Connection]:
    """Another connection holds the write lock, until it commits or the block ends."""
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


WRITES: dict[str, Callable[[SqliteJournal], Any]] = {
    "append": lambda journal: journal.append("c", [entry(2)]),
    "append several": lambda journal: journal.append("c", [entry(2, "x" * 100_000), entry(3)]),
    "claim": lambda journal: journal.claim("c", [RunEvent("turn#2", TurnStarted(2, 1, "clerk"), 2)], 0),
    "claim with a ticket": lambda journal: journal.claim("c", [RunEvent("turn#2", TurnStarted(2, 1, "clerk"), 2)], 0, 9),
    "take a ticket": lambda journal: journal.take_ticket("c"),
    "drop a ticket": lambda journal: journal.drop_ticket("c", 1),
    "request an interrupt": lambda journal: journal.request_interrupt("c", 1),
    "drop an interrupt": lambda journal: journal.drop_interrupt("c", 1),
    "write a snapshot": lambda journal: journal.write_snapshot("c", 0, b"body", {"d": b"chunk"}),
    "erase": lambda journal: journal.erase("c", 0, 1),
    "remember": lambda journal: journal.memories.put("clerk", "key", 1),
}
writes = pytest.mark.parametrize("write", list(WRITES.values()), ids=list(WRITES))


def content(journal: SqliteJournal) -> list[str]:
    """All that the file holds, as SQL, without the ids of owners."""
    db = sqlite3.connect(journal.path)
    lines = [line.replace(journal.owner, "owner") for line in db.iterdump() if "owners" not in line]
    db.close()
    return lines


@writes
async def test_a_write_waits_for_another_process_and_is_then_made(journal: SqliteJournal, write: Callable[[Any], Any]):
    assert journal.memories
    free = SqliteJournal(journal.path.with_name("free.db"))
    free.append("c", [entry(1)])
    assert free.memories
    await settled(write(free))
    with held(journal) as other:
        writing = asyncio.ensure_future(settled(write(journal)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not writing.done()
        other.execute("COMMIT")
        await soon(writing)
    assert content(journal) == content(free)


@writes
async def test_a_cancelled_write_is_not_made(journal: SqliteJournal, write: Callable[[Any], Any]):
    assert journal.memories
    before = content(journal)
    with held(journal) as other:
        writing = asyncio.ensure_future(settled(write(journal)))
        for _ in range(20):
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        other.execute("COMMIT")
    await asyncio.sleep(0.05)  # a write that was only forgotten, and not given up, would come now
    assert content(journal) == before


@writes
async def test_a_write_that_waits_too_long_fails_and_is_not_made(
    journal: SqliteJournal, write: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
):
    assert journal.memories
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    before = content(journal)
    with held(journal), pytest.raises(JournalBusy, match=r"another process held its lock\. Nothing was written\. Try again"):
        await soon(settled(write(journal)))
    assert content(journal) == before
    await settled(write(journal))


async def test_the_error_of_a_busy_journal_says_what_to_do(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with held(journal), pytest.raises(JournalBusy) as error:
        await settled(journal.append("c", [entry(2)]))
    assert str(error.value).replace(str(journal.path), "chats.db") == snapshot(
        "The journal chats.db could not be used for 0.05 s: another process held its lock. Nothing was written. Try again, "
        "and look for a process that is stopped in the middle of a transaction."
    )


async def test_reading_waits_for_nobody(journal: SqliteJournal):
    with held(journal):
        assert journal.read("c") == [entry(1)]
        assert journal.generation("c") == 0
        assert journal.accepted("c", "m") is None
        assert journal.first_ticket("c") is None
        assert journal.requested_interrupts() == []
        assert journal.read_snapshot("c") is None
        assert journal.read_chunk("c", "d") is None
        assert journal.conversations() == ["c"]


async def test_writes_that_wait_are_made_in_the_order_in_which_they_came(journal: SqliteJournal):
    with held(journal) as other:
        waiting = [asyncio.ensure_future(settled(journal.take_ticket(f"q{number}"))) for number in range(30)]
        for _ in range(20):
            await asyncio.sleep(0)
        other.execute("COMMIT")
        numbers = await soon(asyncio.gather(*waiting))
    assert numbers == sorted(numbers)


async def test_a_write_that_waits_ahead_and_is_cancelled_does_not_hold_up_those_behind(journal: SqliteJournal):
    with held(journal) as other:
        first, second = [asyncio.ensure_future(settled(journal.take_ticket("c"))) for _ in range(2)]
        for _ in range(20):
            await asyncio.sleep(0)
        first.cancel()
        other.execute("COMMIT")
        assert await soon(second) == 1
        assert first.cancelled()


async def test_a_waiting_append_that_another_process_forestalls_is_fenced(journal: SqliteJournal):
    with held(journal) as other:
        writing = asyncio.ensure_future(settled(journal.append("c", [entry(2)])))
        for _ in range(20):
            await asyncio.sleep(0)
        fact = '{"kind":"step_returned"}'
        other.execute("INSERT INTO entries VALUES ('c', 2, 'turn#1/clerk#0', 1.0, 1, ?)", (fact,))
        other.execute("COMMIT")
        with pytest.raises(Fenced):
            await soon(writing)


async def test_a_journal_whose_lock_is_held_for_5_seconds_does_not_hold_up_the_loop(journal: SqliteJournal):
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    with process(HOLD, journal.path) as other:
        assert other.heard() == "held"
        ticking = asyncio.ensure_future(tick())
        began = time.monotonic()
        other.tell("5")
        async with asyncio.timeout(HANGS_S):
            await asyncio.gather(*(settled(journal.append(f"c{n}", [entry(1, n)])) for n in range(100)))
        waited = time.monotonic() - began
        ticking.cancel()
    assert waited > 4.9
    assert len(gaps) > 10
    assert max(gaps) < waited / 2
    assert [await settled(journal.read(f"c{n}")) for n in range(100)] == [[entry(1, n)] for n in range(100)]


async def test_a_deadline_holds_while_the_journal_is_busy(journal: SqliteJournal):
    with held(journal):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await settled(journal.append("c", [entry(2)]))
        assert time.monotonic() - began < 20  # and not as long as a busy journal is waited for
    await settled(journal.append("c", [entry(2)]))


async def test_a_file_that_is_held_is_opened_and_read(journal: SqliteJournal):
    with held(journal):
        other = SqliteJournal(journal.path)
        assert other.read("c") == [entry(1)]


# full ----------------------------------------------------------------------------------------------------------------


def fill(journal: SqliteJournal) -> None:
    """Let the file grow no more."""
    db = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")


def make_room(journal: SqliteJournal) -> None:
    db = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None
    db.execute("PRAGMA max_page_count=1000000")


@pytest.mark.parametrize("count", [1, 2])
async def test_a_full_journal_says_so_and_goes_on_when_there_is_room(journal: SqliteJournal, count: int):
    fill(journal)
    events = [entry(seq, "x" * 60_000) for seq in range(2, 2 + count)]
    with pytest.raises(JournalUnwritable) as error:
        await settled(journal.append("c", events))
    assert str(error.value).replace(str(journal.path), "chats.db") == snapshot(
        "The journal chats.db cannot be written: database or disk is full. Nothing was written. Make room on the disk."
    )
    assert journal.read("c") == [entry(1)]
    make_room(journal)
    await settled(journal.append("c", events))
    assert journal.read("c") == [entry(1), *events]


async def test_full_memories_say_so(tmp_path: Path):
    memories = SqliteMemories(tmp_path / "memories.db")
    db = memories._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(JournalUnwritable, match=r"The memories in .* cannot be written: database or disk is full"):
        await memories.put("clerk", "key", "x" * 60_000)
    assert await memories.find("clerk", "key") is None


# read-only -----------------------------------------------------------------------------------------------------------


@writes
async def test_a_journal_that_may_only_be_read_refuses_to_write(journal: SqliteJournal, write: Callable[[Any], Any]):
    assert journal.memories
    before = content(journal)
    only = SqliteJournal.at(f"sqlite:///{journal.path}?mode=ro")
    with pytest.raises(JournalUnwritable, match=r"was opened with mode=ro, for reading only\. Nothing was written\."):
        await settled(write(only))
    assert content(journal) == before


async def test_a_journal_that_may_only_be_read_sees_what_others_write(journal: SqliteJournal):
    only = SqliteJournal.at(f"sqlite:///{journal.path}?mode=ro")
    assert only.read("c") == [entry(1)]
    await settled(journal.append("c", [entry(2)]))
    assert only.read("c") == [entry(1), entry(2)]
    assert only.is_alive(journal.owner)


async def test_memories_that_may_only_be_read_are_read(tmp_path: Path):
    await SqliteMemories(tmp_path / "memories.db").put("clerk", "key", 1)
    only = SqliteMemories.at(f"sqlite:///{tmp_path}/memories.db?mode=ro")
    assert await only.find("clerk", "key") == (1,)
    with pytest.raises(JournalUnwritable):
        await only.put("clerk", "key", 2)


def test_a_file_that_is_not_there_is_not_made_for_reading(tmp_path: Path):
    for kind in (SqliteJournal, SqliteMemories):
        with pytest.raises(UserError, match="cannot be opened"):
            kind.at(f"sqlite:///{tmp_path}/chats.db?mode=ro")
    assert list(tmp_path.iterdir()) == []


async def test_a_closed_journal_says_so(journal: SqliteJournal):
    journal.close()
    with pytest.raises(UserError, match="was closed"):
        await settled(journal.append("c", [entry(2)]))
    with pytest.raises(UserError, match="was closed"):
        await settled(journal.read("c"))
