"""Files of an older layout: what was kept stays, old processes are noticed, and new ones do not hinder one another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from switchroom import Message, UserError
from switchroom.errors import JournalUnwritable
from switchroom.events import AnyFact, PersonAsked, RunEvent, StepReturned, TurnStarted
from switchroom.events.codec import LARGE, VERSION, encode
from switchroom.journals import SqliteJournal, SqliteMemories, opening
from switchroom.journals.database import settled
from switchroom.journals.tables import LAYOUT
from tests.journals.processes import process

LARGE_VALUE = ["x" * LARGE, "y" * LARGE]
FIRST_LAYOUT = """
CREATE TABLE entries (
    conversation TEXT NOT NULL, seq INTEGER NOT NULL, path TEXT NOT NULL, at REAL NOT NULL, version INTEGER NOT NULL,
    fact TEXT NOT NULL, PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
CREATE TABLE blobs (digest TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version=1;
"""


def begun(name: str) -> TurnStarted:
    return TurnStarted(1, 1, name, (Message("user", "hello \0"),))


CONVERSATIONS: dict[str, list[AnyFact]] = {
    "large": [begun("clerk"), StepReturned(LARGE_VALUE)],
    "same": [begun("clerk"), StepReturned({"a": LARGE_VALUE[0]})],
    "quotes": [begun("clerk"), StepReturned({"\0blob": "0" * 32})],
    "asked": [begun("clerk"), PersonAsked(0, "q", "clerk", "pay", {})],
    "answered": [begun("clerk"), PersonAsked(0, "q", "clerk", "pay", {}), StepReturned("done")],
}


def events_of(facts: list[AnyFact]) -> list[RunEvent]:
    paths = ["turn#1" if isinstance(fact, TurnStarted) else "turn#1/clerk#0" for fact in facts]
    return [RunEvent(path, fact, seq, seq + 0.5) for seq, (path, fact) in enumerate(zip(paths, facts, strict=True), start=1)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of layout 1, as a process of the older version leaves it."""
    db = sqlite3.connect(tmp_path / "chats.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript(FIRST_LAYOUT)
    for name, facts in CONVERSATIONS.items():
        for event in events_of(facts):
            body, blobs = encode(event.fact)
            db.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs.items())
            row = (name, event.seq, event.path, event.at, VERSION, body.decode())
            db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
    db.close()
    return tmp_path / "chats.db"


def layout(file: Path) -> int:
    db = sqlite3.connect(file)
    found = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return found


def check_whole(journal: SqliteJournal) -> None:
    for name, facts in CONVERSATIONS.items():
        assert journal.read(name) == events_of(facts)
    waiting = journal.list_conversations("", "", 10, True)
    assert isinstance(waiting, list)
    assert [row.id for row in waiting] == ["asked"]


async def test_an_older_file_is_migrated_with_all_that_it_keeps(file: Path):
    journal = SqliteJournal(file)
    assert layout(file) == LAYOUT
    check_whole(journal)
    await settled(journal.claim("large", [RunEvent("turn#2", TurnStarted(2, 1, "clerk"), 3)], 0))
    journal.close()
    check = SqliteJournal(file)
    assert len(await settled(check.read("large"))) == 3


async def test_large_values_of_an_older_file_are_removed_with_the_last_conversation_that_uses_them(file: Path):
    def digests() -> int:
        db = sqlite3.connect(file)
        found = db.execute("SELECT count(*) FROM blobs").fetchone()[0]
        db.close()
        return found

    journal = SqliteJournal(file)
    before = digests()
    await journal.erase("large", 0, 2)
    assert 0 < digests() < before
    assert await settled(journal.read("same")) == events_of(CONVERSATIONS["same"])
    await journal.erase("same", 0, 2)
    assert digests() == 0


def test_a_process_of_the_older_version_that_has_the_file_open_is_noticed(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening, "CLOSING_S", 0.1)
    program = "db = sqlite3.connect(file); db.execute('SELECT count(*) FROM entries').fetchall(); say('open'); wait()"
    with process(program, file) as old:
        assert old.heard() == "open"
        for kind in (SqliteJournal, SqliteMemories):
            with pytest.raises(UserError) as error:
                kind(file)
        assert str(error.value).replace(str(file), "chats.db") == snapshot(
            "The memories in chats.db: an older Switchroom wrote the file, and a process still has it open. Stop all processes "
            "that use the file, and start this one again: it brings the file to the present layout."
        )
        assert layout(file) == 1
        old.kill()
    check_whole(SqliteJournal(file))


def test_a_killed_process_of_the_older_version_is_no_hindrance_and_loses_nothing(file: Path):
    program = (
        "db = sqlite3.connect(file, isolation_level=None)\n"
        'fact = \'{"kind":"step_returned","output":7}\'\n'
        "db.execute('INSERT INTO entries VALUES (?, 1, ?, 1.0, 1, ?)', ('last', 'turn#1/clerk#0', fact)); say('open'); wait()"
    )
    with process(program, file) as old:
        assert old.heard() == "open"
        old.kill()
    journal = SqliteJournal(file)
    assert journal.read("last") == [RunEvent("turn#1/clerk#0", StepReturned(7), 1, 1.0)]
    check_whole(journal)


def test_several_processes_open_an_older_file_at_the_same_moment(file: Path):
    program = "say('ready'); wait(); journal = SqliteJournal(file); say(len(journal.conversations())); wait()"
    with process(program, file) as one, process(program, file) as two, process(program, file) as three:
        all_of_them = (one, two, three)
        for other in all_of_them:
            assert other.heard() == "ready"
        for other in all_of_them:
            other.tell()
        assert [other.heard() for other in all_of_them] == [str(len(CONVERSATIONS))] * 3
    check_whole(SqliteJournal(file))


def test_a_process_that_dies_in_the_middle_of_a_migration_leaves_the_older_file(file: Path):
    program = (
        "from switchroom.journals import tables\n"
        "tables._find_references = lambda db: (say('half'), wait())\n"
        "SqliteJournal(file)"
    )
    with process(program, file) as dying:
        assert dying.heard() == "half"
        dying.kill()
    assert layout(file) == 1
    check_whole(SqliteJournal(file))


def test_what_agents_remember_and_the_journal_are_opened_in_any_order(file: Path):
    memories = SqliteMemories(file)
    check_whole(SqliteJournal(file))
    memories.close()


async def test_an_older_file_is_read_as_it_is(file: Path):
    before = file.read_bytes()
    journal = SqliteJournal.at(f"sqlite:///{file}?mode=ro")
    check_whole(journal)
    assert await settled(journal.generation("large")) == 0
    assert await settled(journal.accepted("large", "m")) is None
    assert await settled(journal.first_ticket("large")) is None
    assert await settled(journal.read_snapshot("large")) is None
    assert journal.read_chunk("large", "d") is None
    assert await settled(journal.requested_interrupts()) == []
    with pytest.raises(JournalUnwritable):
        await settled(journal.take_ticket("large"))
    journal.close()
    assert file.read_bytes() == before
    assert layout(file) == 1
    assert not file.with_name("chats.db-owners").exists()
