"""What agents remember: in a real database, by key, across processes, and never twice."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, AgentMemory, RunConfig, Runner, UserError, tool
from switchroom.errors import JournalUnreadable
from switchroom.journals import SqliteJournal, SqliteMemories
from switchroom.testing import ScriptedModel, call
from tests import forked
from tests.patience import HANGS_S

KEYS = st.text("aBö%_:*?[\0\n\U0001f642\U0010ffff", min_size=1, max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/memories/chats.db"


async def test_what_is_remembered_is_recalled_until_it_is_forgotten(url: str):
    memory = AgentMemory("billing", url)
    await memory.remember("customer:7", {"tier": "gold", "since": date(2020, 5, 1)})
    assert await memory.recall("customer:7") == {"tier": "gold", "since": "2020-05-01"}
    assert await memory.forget("customer:7") is True
    assert await memory.recall("customer:7") is None
    assert await memory.forget("customer:7") is False


async def test_what_is_remembered_again_takes_the_place_of_what_was(url: str):
    memory = AgentMemory("billing", url)
    for tier in ("silver", "gold"):
        await memory.remember("tier", tier)
    assert await memory.items() == {"tier": "gold"}


async def test_null_is_a_value_and_nothing_is_not(url: str):
    memory = AgentMemory("billing", url)
    await memory.remember("tier", None)
    assert await memory.recall("tier", "unknown") is None
    assert await memory.recall("name", "unknown") == "unknown"


async def test_agents_do_not_see_what_others_remember(url: str):
    billing, sales = AgentMemory("billing", url), AgentMemory("sales", url)
    await billing.remember("tier", "gold")
    assert await sales.recall("tier") is None
    assert await sales.forget("tier") is False
    assert await billing.keys() == ["tier"]


async def test_keys_are_listed_by_how_they_begin(url: str):
    memory = AgentMemory("billing", url)
    for key in ("order:2", "order:10", "orders", "customer:7", "order%", "ordes"):
        await memory.remember(key, key.upper())
    assert await memory.keys("order:") == ["order:10", "order:2"]
    assert await memory.items("order%") == {"order%": "ORDER%"}
    assert len(await memory.keys()) == 6


async def test_it_stands_in_the_journals_file_and_disturbs_neither(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/chats.db"
    memory = AgentMemory("clerk", url)
    await memory.remember("greeting", "hello")  # before the journal makes the file its own
    config = RunConfig(journal=url, model=ScriptedModel(["first", "second"]))
    for turn in ("one", "two"):
        await Runner.run(Agent("clerk"), turn, conversation="c", config=config)
    assert await memory.recall("greeting") == "hello"
    journal = SqliteJournal(tmp_path / "chats.db")
    assert await AgentMemory("clerk", journal).recall("greeting") == "hello"
    assert journal.conversations() == ["c"]
    journal.close()


async def test_a_tool_remembers_for_its_agent(url: str):
    memory = AgentMemory("clerk", url)

    @tool(effect="idempotent")
    async def note(key: str, value: str) -> str:
        """Remember something."""
        await memory.remember(key, value)
        return "noted"

    clerk = Agent("clerk", tools=[note])
    model = ScriptedModel([call("note", key="name", value="Ann"), "Noted."])
    await Runner.run(clerk, "I am Ann", config=RunConfig(model=model))
    assert await memory.items() == {"name": "Ann"}


REMEMBERS = """
import asyncio, sys
from switchroom import AgentMemory

async def main():
    memory = AgentMemory("counter", sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        await memory.remember(f"{sys.argv[2]}:{number}", number)
        await memory.remember("shared", sys.argv[2])
    print(await memory.recall("before"))

asyncio.run(main())
"""


async def test_processes_remember_side_by_side_and_nothing_is_lost(url: str):
    memory = AgentMemory("counter", url)
    await memory.remember("before", "they began")
    others = [forked.Talking("-c", REMEMBERS, url, name) for name in ("a", "b", "c")]
    for other in others:
        assert other.hear() == "ready"
    for other in others:
        other.say("go")
    assert [other.end() for other in others] == ["they began\n"] * 3
    kept = await memory.items()
    assert len(kept) == 152
    assert kept["shared"] in ("a", "b", "c")


TALKS = """
import asyncio, sys
from switchroom import Agent, AgentMemory, RunConfig, Runner
from switchroom.testing import FunctionModel

async def main():
    url, name = sys.argv[1:]
    memory = AgentMemory("clerk", url)
    config = RunConfig(journal=url, model=FunctionModel(lambda request: "hello"))
    print("ready", flush=True)
    sys.stdin.readline()

    async def talk():
        for turn in range(25):
            await Runner.run(Agent("clerk"), f"turn {turn}", conversation=name, config=config)

    async def remember():
        for number in range(200):
            await memory.remember(f"{name}:{number}", number)

    await asyncio.gather(talk(), remember())
    print(len(await memory.keys(f"{name}:")))

asyncio.run(main())
"""


def test_processes_that_write_one_file_as_journal_and_as_memory_wait_for_one_another(url: str):
    others = [forked.Talking("-c", TALKS, url, name) for name in ("a", "b")]
    for other in others:
        assert other.hear() == "ready"
    for other in others:
        other.say("go")
    assert [other.end() for other in others] == ["200\n"] * 2
    assert [other.process.returncode for other in others] == [0, 0]


async def test_who_waits_for_another_process_does_not_hold_up_the_loop(tmp_path: Path):
    memory = AgentMemory("clerk", f"sqlite:///{tmp_path}/chats.db")
    await memory.remember("first", 1)
    other = sqlite3.connect(tmp_path / "chats.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    remembering = asyncio.ensure_future(memory.remember("second", 2))
    for _ in range(20):  # the loop turns
        await asyncio.sleep(0)
    assert not remembering.done()
    other.execute("COMMIT")
    other.close()
    await asyncio.wait_for(remembering, HANGS_S)
    assert await memory.recall("second") == 2


class Shelf:
    """Memories that an application keeps in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Any] = {}

    async def put(self, agent: str, key: str, value: Any) -> None:
        self.kept[agent, key] = value

    async def find(self, agent: str, key: str) -> tuple[Any] | None:
        return (self.kept[agent, key],) if (agent, key) in self.kept else None

    async def drop(self, agent: str, key: str) -> bool:
        return self.kept.pop((agent, key), self) is not self

    async def listed(self, agent: str, prefix: str) -> dict[str, Any]:
        return {key: value for (of, key), value in sorted(self.kept.items()) if of == agent and key.startswith(prefix)}


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), KEYS, VALUES | st.just(...)), max_size=12), KEYS)
def test_a_database_remembers_as_a_dict_does(acts: list[tuple[str, str, Any]], prefix: str):
    async def outcome(db: Any) -> list[Any]:
        found: list[Any] = []
        for agent, key, value in acts:
            memory = AgentMemory(agent, db)
            found.append(await memory.forget(key) if value is ... else await memory.remember(key, value))
            found.append(await memory.recall(key, "nothing"))
        return [
            *found,
            *[await AgentMemory(agent, db).items(start) for agent in ("a", "b") for start in ("", prefix, prefix[:1])],
        ]

    database = SqliteMemories(":memory:")
    try:
        assert asyncio.run(outcome(database)) == asyncio.run(outcome(Shelf()))
    finally:
        database.close()


async def test_bad_input_is_refused_with_what_to_do(tmp_path: Path, url: str):
    memory = AgentMemory("clerk", url)
    told: list[str] = []
    for wrong in (
        lambda: AgentMemory("", url),
        lambda: AgentMemory("clerk", None),
        lambda: AgentMemory("clerk", "chats.db"),
        lambda: AgentMemory("clerk", "mysql://there"),
        lambda: AgentMemory("clerk", "sqlite://chats.db"),
        lambda: AgentMemory("clerk", "sqlite:///chats.db?synchronous=never"),
        lambda: asyncio.run(memory.remember("", 1)),
        lambda: asyncio.run(memory.remember("key", object())),
        lambda: asyncio.run(memory.recall("\ud800")),
    ):
        with pytest.raises(UserError) as error:
            await asyncio.to_thread(wrong)
        told.append(str(error.value))
    assert told == snapshot(
        [
            "AgentMemory('', ...): say whose memory it is, by the agent's name.",
            "AgentMemory(db=None): pass a URL such as 'sqlite:///chats.db', or an SQLite journal.",
            "AgentMemory(db='chats.db') is no URL. Write 'sqlite:///chats.db' for a file, or 'memory:'.",
            "Switchroom has no memories adapter 'mysql'; it has ['memory', 'sqlite'].",
            "db='sqlite://chats.db': write 'sqlite:///' and the file, such as sqlite:///chats.db.",
            "db='sqlite:///chats.db?synchronous=never': synchronous='never': it may be NORMAL, FULL or EXTRA.",
            "The memory of 'clerk' is asked for ''; a key is text, such as 'customer:7'.",
            (
                "remember('key', ...) gave a object, which JSON cannot hold (Unable to serialize unknown type: <class "
                "'object'>). Give plain data, a pydantic model or a dataclass."
            ),
            (
                "'\\ud800' is no valid Unicode ('utf-8' codec can't encode character '\\ud800' in position 0: surrogates "
                "not allowed), and cannot be a key."
            ),
        ]
    )


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("not a database, and longer than a header of one is" * 40)
    with pytest.raises(JournalUnreadable, match="file is not a database"):
        AgentMemory("clerk", f"sqlite:///{tmp_path}/notes.txt")


def test_another_table_of_that_name_is_not_touched(tmp_path: Path):
    db = sqlite3.connect(tmp_path / "theirs.db")
    db.execute("CREATE TABLE agent_memory (agent_id TEXT, key TEXT, value TEXT)")
    db.close()
    with pytest.raises(UserError) as error:
        AgentMemory("clerk", f"sqlite:///{tmp_path}/theirs.db")
    assert str(error.value).replace(str(tmp_path), "") == snapshot(
        "/theirs.db has another table 'agent_memory', with ['agent_id', 'key', 'value']. Rename it, or give "
        "AgentMemory a file of its own."
    )


async def test_a_damaged_value_is_told(tmp_path: Path):
    memory = AgentMemory("clerk", f"sqlite:///{tmp_path}/chats.db")
    await memory.remember("key", 1)
    db = sqlite3.connect(tmp_path / "chats.db")
    db.execute("UPDATE agent_memory SET value = '{'")
    db.commit()
    db.close()
    with pytest.raises(JournalUnreadable, match="are damaged"):
        await memory.recall("key")
