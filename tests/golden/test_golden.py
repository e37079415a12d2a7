"""A journal that an older version wrote is read, resumed, answered, gone on with and played by the code of today."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from switchroom.events import ModelAnswered, TurnStarted
from switchroom.events.codec import decode, encode
from switchroom.journals import SqliteJournal
from tests.golden.scene import Ending
from tests.golden.scenes import SCENES
from tests.golden.world import World

HERE = Path(__file__).parent
WRITTEN = gzip.decompress((HERE / "journal-1.db.gz").read_bytes())
EXPECTED: dict[str, Any] = json.loads((HERE / "journal-1.json").read_text())
CONVERSATIONS: dict[str, dict[str, Any]] = EXPECTED["conversations"]
PLAYED = [name for name, known in CONVERSATIONS.items() if isinstance(known["played"], list)]
"""The conversations that the version that wrote them could play; a session that was interrupted cannot be."""

ONCE = ("reserve", "charge", "mail", "refund", "settle", "sign_off")
"""The tools that must not have their effect twice."""


def ending(*endings: Ending) -> list[str]:
    """The names of the conversations whose record ends so."""
    return [name for name, known in CONVERSATIONS.items() if known["ends"] in endings]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the golden journal."""
    copy = tmp_path / "golden.db"
    copy.write_bytes(WRITTEN)
    return copy


@pytest.fixture
def journal(file: Path) -> Iterator[SqliteJournal]:
    """The copy, opened by the code of today."""
    opened = SqliteJournal(file)
    yield opened
    opened.close()


def as_told_then(now: Any, recorded: Any) -> Any:
    """Return what came of turns now, as the older version told of a finished workflow or function.

    The older version knew no agent of one that it resumed, and gave the messages of the turn before.
    """
    if not isinstance(now, list):
        return now
    pairs: list[tuple[Any, Any]] = list(zip(cast("list[Any]", now), recorded, strict=True))
    unknown = {"agent": ""}
    return [
        {**turn, **unknown, "messages": then["messages"]}
        if isinstance(then, dict) and unknown.items() <= then.items()
        else turn  # pyright: ignore[reportUnknownMemberType]
        for turn, then in pairs
    ]


async def take_up(name: str, journal: SqliteJournal) -> list[str]:
    """Resume a conversation, and compare what comes of it with what the older version gave; give what was done for it."""
    world = World(mended=True)
    recorded = CONVERSATIONS[name]["taken_up"]
    assert as_told_then(await SCENES[name].take_up(world, journal), recorded) == recorded
    assert sorted(world.log) == CONVERSATIONS[name]["log_now"]
    return world.log


# reading --------------------------------------------------------------------------------------------------------------


def test_every_conversation_that_was_written_has_its_code_here():
    assert set(SCENES) == set(CONVERSATIONS)
    assert {name: scene.ends for name, scene in SCENES.items()} == {
        name: known["ends"] for name, known in CONVERSATIONS.items()
    }


def test_every_kind_of_fact_of_the_older_version_is_in_the_journal_and_read(journal: SqliteJournal):
    kinds = Counter(event.kind for name in SCENES for event in journal.read_sync(name))
    assert sorted(kinds) == EXPECTED["kinds"]
    assert all(event.seq == seq for name in SCENES for seq, event in enumerate(journal.read_sync(name), start=1))


def test_each_fact_and_each_large_value_is_written_again_as_it_was(file: Path):
    db = sqlite3.connect(file)
    rows = db.execute("SELECT version, fact FROM entries").fetchall()
    blobs: dict[str, bytes] = dict(db.execute("SELECT digest, body FROM blobs"))
    db.close()
    large: dict[str, bytes] = {}
    for version, fact in rows:
        body, apart = encode(decode(version, fact.encode(), blobs.__getitem__))
        assert body == fact.encode()
        large |= apart
    assert len(rows) > 1000
    assert blobs
    assert large == blobs


def test_the_turns_of_the_older_version_have_no_owner(journal: SqliteJournal):
    starts = [event.fact for name in SCENES for event in journal.read_sync(name) if isinstance(event.fact, TurnStarted)]
    assert {start.owner for start in starts} == {""}


# going on -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ending("finished"))
async def test_a_finished_conversation_resumes_to_what_it_gave(name: str, journal: SqliteJournal):
    before = journal.read_sync(name)
    assert await take_up(name, journal) == []
    assert journal.read_sync(name) == before


@pytest.mark.parametrize("name", ending("failed"))
async def test_a_failed_turn_is_finished_once_what_failed_works_again(name: str, journal: SqliteJournal):
    await take_up(name, journal)


@pytest.mark.parametrize("name", ending("killed", "waiting"))
async def test_a_turn_that_was_killed_or_waits_is_finished_and_nothing_that_was_done_is_repeated(
    name: str, journal: SqliteJournal
):
    before = journal.read_sync(name)

    now = await take_up(name, journal)

    done = Counter(line for line in [*CONVERSATIONS[name]["log"], *now] if line.startswith(ONCE))
    assert set(done.values()) <= {1}
    after = journal.read_sync(name)
    assert after[: len(before)] == before
    answered = [event for event in after[len(before) :] if isinstance(event.fact, ModelAnswered)]
    assert len(answered) == sum(" answers " in line.partition(":")[0] for line in now)


@pytest.mark.parametrize("name", SCENES)
async def test_a_conversation_goes_on_with_a_next_turn(name: str, journal: SqliteJournal):
    await take_up(name, journal)
    world = World(mended=True)
    recorded = CONVERSATIONS[name]["next"]
    assert as_told_then(await SCENES[name].go_on(world, journal), recorded) == recorded
    assert sorted(world.log) == CONVERSATIONS[name]["log_next"]


@pytest.mark.parametrize("name", PLAYED)
async def test_a_conversation_plays_without_a_model_and_without_tools(name: str, journal: SqliteJournal):
    world = World()
    played = await SCENES[name].play(world, journal)
    # All that was heard is the output now; the older version gave the last part.
    last = [output.rpartition("\n")[2] if isinstance(output, str) else output for output in played]
    assert CONVERSATIONS[name]["played"] in (played, last)
    assert world.log == []
