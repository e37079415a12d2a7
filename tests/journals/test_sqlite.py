"""The SQLite file: shared by processes, and honest about what it cannot read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, UserError
from switchroom.errors import Fenced, JournalUnreadable
from switchroom.events import RunEvent, StepReturned, TurnStarted
from switchroom.journals import SqliteJournal
from switchroom.testing import FunctionModel, ScriptedModel
from tests import forked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one conversation of two turns, closed."""
    journal = SqliteJournal(tmp_path / "chats.db")
    for turn in (1, 2):
        journal.append("c", [RunEvent("turn#1", TurnStarted(turn, 1, "clerk"), 2 * turn - 1)])
        journal.append("c", [RunEvent("turn#1/clerk#0", StepReturned("x" * 100_000), 2 * turn)])
    journal.close()
    return tmp_path / "chats.db"


def spoil(file: Path, *statements: str) -> None:
    db = sqlite3.connect(file)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def complaint(file: Path) -> str:
    """What is said when the file is opened and read."""
    with pytest.raises(JournalUnreadable) as error:
        SqliteJournal(file).read("c")
    return str(error.value).replace(str(file), "chats.db")


def test_a_newer_layout_is_refused(file: Path):
    spoil(file, "PRAGMA user_version = 99")
    assert complaint(file) == snapshot(
        "The journal chats.db was written by a newer Switchroom (layout 99; this one reads up to 2). Install a newer version."
    )


def test_a_newer_codec_is_refused(file: Path):
    spoil(file, "UPDATE entries SET version = 99 WHERE seq = 3")
    assert complaint(file) == snapshot(
        "The journal was written by a newer Switchroom (codec 99; this one reads up to 1). Install a newer version."
    )


def test_a_gap_is_refused(file: Path):
    spoil(file, "DELETE FROM entries WHERE seq = 2")
    assert complaint(file) == snapshot("The journal chats.db lacks entry 2 of conversation 'c'. Restore it from a backup.")


def test_a_lost_value_is_refused(file: Path):
    spoil(file, "DELETE FROM blobs")
    assert complaint(file) == snapshot(
        "The journal chats.db lacks the value d6d9dd08b5cb48d1b010522957561f86. Restore it from a backup."
    )


@pytest.mark.parametrize(
    "fact", ["'{'", "''", "'[]'", """'{"kind":"never_heard_of"}'""", """'{"kind":"step_failed"}'""", "x'ff'", "5"]
)
def test_a_damaged_entry_is_refused(file: Path, fact: str):
    spoil(file, f"UPDATE entries SET fact = {fact} WHERE seq = 3")
    assert complaint(file).startswith("An entry of the journal is damaged: ")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "chats.db").write_text("Dear diary, today nothing happened. " * 100)
    assert complaint(tmp_path / "chats.db") == snapshot(
        "The journal chats.db cannot be read or written: file is not a database."
    )


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(file: Path, share: float):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    assert complaint(file).startswith("The journal chats.db cannot be read or written: ")


def test_a_place_that_cannot_be_written_is_the_developers_fault(tmp_path: Path):
    with pytest.raises(UserError, match="cannot be opened"):
        SqliteJournal(tmp_path)


async def test_entries_that_do_not_fit_together_are_refused(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    config = RunConfig(journal=journal)
    agent = Agent("clerk", model=ScriptedModel(["one"]))
    journal.append("c", [RunEvent("turn#1", TurnStarted(1, 1, "clerk"), 1)])
    journal.append("c", [RunEvent("turn#1/clerk#0", StepReturned("never begun"), 2)])
    journal.append("c", [RunEvent("turn#1", TurnStarted(1, 2, "clerk"), 3)])
    with pytest.raises(JournalUnreadable, match="damaged"):
        await Runner.resume(agent, config=config, conversation="c")


async def test_another_connection_sees_what_was_written(tmp_path: Path):
    agent = Agent("clerk", model=FunctionModel(lambda request: f"{len(request.messages)} messages"))
    for expected in ("1 messages", "3 messages", "5 messages"):
        journal = SqliteJournal(tmp_path / "chats.db")
        result = await Runner.run(agent, "x", config=RunConfig(journal=journal), conversation="c")
        assert result.final_output == expected
        journal.close()


async def test_two_connections_take_turns_in_one_conversation(tmp_path: Path):
    agent = Agent("clerk", model=FunctionModel(lambda request: f"{len(request.messages)} messages"))
    journals = [SqliteJournal(tmp_path / "chats.db") for _ in range(2)]
    said = [
        (await Runner.run(agent, "x", config=RunConfig(journal=journals[n % 2]), conversation="c")).final_output
        for n in range(4)
    ]
    assert said == ["1 messages", "3 messages", "5 messages", "7 messages"]


def test_the_second_of_two_writers_is_fenced(tmp_path: Path):
    first, second = (SqliteJournal(tmp_path / "chats.db") for _ in range(2))
    first.append("c", [RunEvent("turn#1", TurnStarted(1, 1, "clerk"), 1)])
    with pytest.raises(Fenced):
        second.append("c", [RunEvent("turn#1", TurnStarted(1, 1, "clerk"), 1)])


# processes -----------------------------------------------------------------------------------------------------------

PREAMBLE = """
import asyncio, sys
from switchroom import Agent, RunConfig, Runner
from switchroom.errors import Fenced
from switchroom.journals import SqliteJournal
from switchroom.testing import FunctionModel
print("ready", flush=True)
sys.stdin.readline()
file, me = sys.argv[1:]
"""


@pytest.fixture
def together(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs a program in several processes at the same moment, and gives what each printed."""

    def together(program: str, count: int) -> list[str]:
        running = [forked.Talking("-c", PREAMBLE + program, str(tmp_path / "chats.db"), str(n)) for n in range(count)]
        for process in running:
            assert process.hear() == "ready"
        for process in running:
            process.say("go")
        return [process.end().strip() for process in running]

    return together


def test_processes_that_open_a_new_file_at_the_same_moment_all_write(together: Callable[..., list[str]], tmp_path: Path):
    program = """
journal = SqliteJournal(file)
agent = Agent("clerk", model=FunctionModel(lambda request: "answered"))
for _ in range(20):
    asyncio.run(Runner.run(agent, "x", config=RunConfig(journal=journal), conversation=me))
print("fine")
"""
    for attempt in range(3):
        assert together(program, 4) == ["fine"] * 4
        for left in tmp_path.iterdir():
            if attempt < 2:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    assert SqliteJournal(tmp_path / "chats.db").conversations() == ["0", "1", "2", "3"]


def test_processes_that_write_to_one_conversation_fence_one_another_and_leave_it_whole(
    together: Callable[..., list[str]], tmp_path: Path
):
    program = """
journal = SqliteJournal(file)
agent = Agent("clerk", model=FunctionModel(lambda request: "answered"))
done = 0
for _ in range(30):
    try:
        asyncio.run(Runner.run(agent, me, config=RunConfig(journal=journal), conversation="shared"))
        done += 1
    except Fenced:
        pass
print(done)
"""
    SqliteJournal(tmp_path / "chats.db").close()
    counts = [int(count) for count in together(program, 3)]
    events = SqliteJournal(tmp_path / "chats.db").read_sync("shared")
    turns = [event.fact for event in events if isinstance(event.fact, TurnStarted) and event.fact.attempt == 1]
    answered = [event for event in events if isinstance(event.fact, StepReturned)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [turn.turn for turn in turns] == list(range(1, len(turns) + 1))
    assert sum(counts) <= len(answered) <= len(turns)
    assert sum(counts) > 0
