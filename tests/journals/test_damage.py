"""Damage of any kind: a row, a value or a line that was not written so ends in JournalUnreadable, and in nothing else."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import AgentMemory, Message, UserError
from switchroom.errors import JournalUnreadable
from switchroom.events import RunEvent, StepReturned, ToolReturned, TurnStarted
from switchroom.events.codec import LARGE, decode, encode
from switchroom.journals import Conversations, MemoryJournal, SqliteJournal
from switchroom.testing import Cassette
from switchroom.testing.cassettefile import dump, parse

EVENTS = [
    RunEvent("turn#1", TurnStarted(1, 1, "clerk", (Message("user", "hello \0 there"),)), 1, 1.0),
    RunEvent("turn#1/clerk#0", ToolReturned(0, "clerk", "look", "x" * LARGE), 2, 2.0),
    RunEvent("turn#1/clerk#0", StepReturned({"a": ["y" * LARGE, "small"]}), 3, 3.0),
]
COLUMNS = ["conversation", "seq", "path", "at", "version", "fact"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(["kind", "\0blob"]), inner)
    ),
    max_leaves=6,
)
VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
    | JSON.map(json.dumps)
)


@pytest.fixture(scope="module")
def file() -> Generator[Path]:
    """A file with one conversation, which each test leaves as it was."""
    with TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder, "chats.db"))
        journal.append("c", EVENTS)
        journal.close()
        yield Path(folder, "chats.db")


def read_spoiled(file: Path, statement: str, *values: Any) -> list[RunEvent]:
    """Read the conversation, also from a list of all, after a statement that is taken back at the end."""
    journal = SqliteJournal(file)
    db = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None
    db.execute("PRAGMA ignore_check_constraints=ON")
    db.execute("BEGIN")
    try:
        try:
            db.execute(statement, values)
        except sqlite3.IntegrityError:  # the table itself refuses such a value
            return EVENTS
        with suppress(JournalUnreadable):
            journal.list_conversations("", "", 10, False)
            journal.conversations()
        return journal.read_sync("c")
    finally:
        db.execute("ROLLBACK")
        journal.close()


def check_spoiled(file: Path, statement: str, *values: Any) -> None:
    """Either the damage is told, or what was read is a conversation still: as it was, shorter, or with another value."""
    try:
        events = read_spoiled(file, statement, *values)
    except JournalUnreadable:
        return
    for event in events:
        assert (type(event.path), type(event.seq)) == (str, int)
        assert isinstance(event.at, float | int)
        encode(event.fact)


@given(st.sampled_from(COLUMNS), st.integers(1, 3), VALUES)
def test_a_row_with_any_other_value_is_told(file: Path, column: str, seq: int, value: Any):
    check_spoiled(file, f"UPDATE entries SET {column} = ? WHERE seq = ?", value, seq)


@given(st.integers(1, 3), JSON)
def test_a_fact_of_any_other_shape_is_told(file: Path, seq: int, fact: Any):
    check_spoiled(file, "UPDATE entries SET fact = ? WHERE seq = ?", json.dumps(fact), seq)


@given(st.integers(1, 3), st.sampled_from(["turn", "attempt", "name", "messages", "text", "output", "kind", "index"]), JSON)
def test_a_field_of_any_other_shape_is_told(file: Path, seq: int, field: str, value: Any):
    fact = json.loads(encode(EVENTS[seq - 1].fact)[0])
    check_spoiled(file, "UPDATE entries SET fact = ? WHERE seq = ?", json.dumps({**fact, field: value}), seq)


@given(st.integers(1, 3), st.data())
def test_a_fact_that_was_cut_or_changed_in_a_byte_is_told(file: Path, seq: int, data: st.DataObject):
    fact = encode(EVENTS[seq - 1].fact)[0]
    at = data.draw(st.integers(0, len(fact) - 1))
    byte = data.draw(st.integers(0, 255))
    spoiled = data.draw(st.sampled_from([fact[:at], fact[:at] + bytes([byte]) + fact[at + 1 :]]))
    check_spoiled(file, "UPDATE entries SET fact = CAST(? AS TEXT) WHERE seq = ?", spoiled, seq)


@given(VALUES)
def test_a_value_with_any_other_content_is_told(file: Path, body: Any):
    with suppress(JournalUnreadable):
        assert read_spoiled(file, "UPDATE blobs SET body = ?", body) == EVENTS  # the table refused it


def test_a_value_with_one_other_letter_is_told(file: Path):
    with pytest.raises(JournalUnreadable, match=r"is damaged\. Restore it from a backup\."):
        read_spoiled(file, "UPDATE blobs SET body = CAST(replace(body, 'xx', 'xy') AS BLOB)")


@pytest.mark.parametrize("version", [0, -1, "one", b"1", 1.5])
def test_a_version_that_is_none_is_told(file: Path, version: Any):
    with pytest.raises(JournalUnreadable):
        read_spoiled(file, "UPDATE entries SET version = ?", version)


# values within values ------------------------------------------------------------------------------------------------


def reference(digest: str) -> dict[str, Any]:
    return {"\0blob": digest}


def fact_with(output: Any) -> bytes:
    return json.dumps({"kind": "step_returned", "output": output}).encode()


@pytest.mark.parametrize("length", [1, 2, 500])
def test_values_that_refer_to_one_another_in_a_circle_are_told(length: int):
    blobs = {f"d{n}": json.dumps(reference(f"d{(n + 1) % length}")).encode() for n in range(length)}
    with pytest.raises(JournalUnreadable):
        decode(1, fact_with(reference("d0")), blobs.__getitem__)


def test_values_within_values_a_thousand_deep_are_read_or_told():
    blobs = {f"d{n}": json.dumps([reference(f"d{n + 1}")]).encode() for n in range(1000)} | {"d1000": b"1"}
    with pytest.raises(JournalUnreadable):
        decode(1, fact_with(reference("d0")), blobs.__getitem__)
    shallow = {f"d{n}": json.dumps([reference(f"d{n + 1}")]).encode() for n in range(20)} | {"d20": b"1"}
    decode(1, fact_with(reference("d0")), shallow.__getitem__)


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_json_that_is_nested_too_deep_is_told(depth: int):
    blobs: dict[str, bytes] = {}
    with pytest.raises(JournalUnreadable):
        decode(1, b'{"kind":"step_returned","output":' + b"[" * depth + b"]" * depth + b"}", blobs.__getitem__)


def test_an_output_that_is_nested_too_deep_is_refused_when_it_is_written():
    output: Any = 1
    for _ in range(5_000):
        output = [output]
    with pytest.raises(UserError, match="holds what JSON cannot"):
        MemoryJournal().append("c", [RunEvent("turn#1/clerk#0", StepReturned(output), 1)])


@pytest.mark.parametrize("digest", ["d9", 5, None, ["d0"], {"\0blob": "d0"}])
def test_a_reference_to_no_value_is_told(digest: Any):
    blobs = {"d0": b"1"}
    with pytest.raises(JournalUnreadable):
        decode(1, fact_with(reference(digest)), blobs.__getitem__)


@given(st.dictionaries(st.sampled_from(["d0", "d1", "d2"]), st.binary(max_size=8) | JSON.map(json.dumps).map(str.encode)), JSON)
def test_any_values_and_any_references_are_read_or_told(blobs: dict[str, bytes], output: Any):
    with suppress(JournalUnreadable):
        decode(1, fact_with([output, reference("d0"), {"a": reference("d1")}]), blobs.__getitem__)


# cassettes -----------------------------------------------------------------------------------------------------------

CASSETTE = dump("c", EVENTS, {})
LINES = CASSETTE.splitlines()


def check_cassette(body: bytes) -> None:
    """Either the damage is told, or what was read are events still."""
    try:
        _, events, _ = parse(body, "c.cassette")
    except JournalUnreadable:
        return
    dump("c", events, {})


@given(st.integers(0, len(CASSETTE)))
def test_a_cassette_that_was_cut_is_told(at: int):
    check_cassette(CASSETTE[:at])


@given(st.integers(0, len(LINES) - 1), st.binary(max_size=30) | JSON.map(json.dumps).map(str.encode))
def test_a_cassette_with_another_line_is_told(number: int, line: bytes):
    check_cassette(b"\n".join([*LINES[:number], line, *LINES[number + 1 :]]))


@given(
    st.integers(0, len(LINES) - 1),
    st.sampled_from(["cassette", "codec", "conversation", "path", "fact", "value", "of", "prompt", "digests"]),
    JSON,
)
def test_a_cassette_with_another_field_is_told(number: int, field: str, value: Any):
    line = json.dumps({**json.loads(LINES[number]), field: value}).encode()
    check_cassette(b"\n".join([*LINES[:number], line, *LINES[number + 1 :]]))


@given(st.permutations(range(len(LINES))))
def test_a_cassette_in_another_order_is_told(order: list[int]):
    check_cassette(b"\n".join(LINES[number] for number in order))


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"path":"p","fact":' + b"[" * 100_000, b'{"value":"d","of":' + b"[" * 100_000]
)
def test_a_cassette_that_is_nested_too_deep_is_told(line: bytes):
    for number in (0, 1):
        with pytest.raises(JournalUnreadable):
            parse(b"\n".join([*LINES[:number], line]), "c.cassette")


def test_a_cassette_whose_values_contain_one_another_is_told():
    lines = [
        b'{"value":"d0","of":{"\\u0000blob":"d1"}}',
        b'{"value":"d1","of":{"\\u0000blob":"d0"}}',
        b'{"path":"turn#1","fact":{"kind":"step_returned","output":{"\\u0000blob":"d0"}}}',
    ]
    with pytest.raises(JournalUnreadable, match="line 4"):
        parse(b"\n".join([LINES[0], *lines]), "c.cassette")


def test_a_cassette_file_that_is_damaged_is_told(tmp_path: Path):
    (tmp_path / "c.cassette").write_bytes(CASSETTE[:-30])
    with pytest.raises(JournalUnreadable):
        Cassette.load(tmp_path / "c.cassette")


# the list, and what agents remember ----------------------------------------------------------------------------------


@given(st.sampled_from(["conversation", "path", "at"]), VALUES)
def test_a_list_with_a_damaged_row_is_told(file: Path, column: str, value: Any):
    journal = SqliteJournal(file)
    db = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None
    db.execute("BEGIN")
    try:
        db.execute(f"UPDATE entries SET {column} = ? WHERE seq = 3", (value,))
        asyncio.run(Conversations(journal).list())
    except (JournalUnreadable, sqlite3.IntegrityError):
        pass
    finally:
        db.execute("ROLLBACK")
        journal.close()


@pytest.mark.parametrize("value", ["'{'", "5", "x'ff'", "x'7b'", "CAST(x'ff' AS TEXT)", "''"])
async def test_a_damaged_memory_is_told(tmp_path: Path, value: str):
    memory = AgentMemory("clerk", f"sqlite:///{tmp_path}/chats.db")
    await memory.remember("key", 1)
    with closing(sqlite3.connect(tmp_path / "chats.db", isolation_level=None)) as db:
        db.execute(f"UPDATE agent_memory SET value = {value}")
    if value == "5":
        assert await memory.recall("key") == 5
        return
    with pytest.raises(JournalUnreadable):
        await memory.recall("key")


def test_a_digest_is_that_of_its_value():
    _, blobs = encode(EVENTS[1].fact)
    assert [blake2b(body, digest_size=16).hexdigest() for body in blobs.values()] == list(blobs)
