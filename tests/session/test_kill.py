"""Killed between any two facts, a session answers the turn once after its restart, and repeats nothing that is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom.events import ModelAnswered, RunEvent, TurnAnswered
from switchroom.journals import SqliteJournal
from tests.kill.desk import World
from tests.kill.nursery import Nursery
from tests.session.desk import CONVERSATION, LATER, QUESTION


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """A process to fork from."""
    made = Nursery("tests.session.desk")
    yield made
    made.close()


def kept(folder: Path) -> list[RunEvent]:
    """What the journal holds."""
    if not (folder / "journal.db").exists():
        return []
    journal = SqliteJournal(folder / "journal.db")
    events = journal.read_sync(CONVERSATION)
    journal.close()
    return events


def told(nursery: Nursery, folder: Path, death: dict[str, Any]) -> dict[str, Any]:
    """The conversation, killed as said and gone on with by fresh processes; then its next turn, in one more."""
    folder.mkdir()
    lives = 0
    while True:
        outcome = nursery.live(folder, QUESTION, {}, death)
        lives += 1
        assert lives < 10, "it never ends"
        assert "failed" not in outcome, outcome["failed"]
        if "killed" not in outcome:
            break
        recorded = sum(isinstance(event.fact, ModelAnswered) for event in kept(folder))
        # At most one answer was asked for and not yet kept.
        assert len(World(folder, {}).lines("asked")) <= recorded + 1
        death = {}
    later = nursery.live(folder, LATER, {}, {})
    assert "failed" not in later, later["failed"]
    for message in outcome["messages"]:  # a person who knows says what the tool could not
        message[2] = message[2].replace("[a person confirmed that this was done]", "refunded")
    return {"first": outcome["messages"], "active": outcome["active"], "later": later["answer"], "states": later["states"]}


def check(folder: Path, outcome: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same is heard and kept as if nothing had happened, and nothing irreversible was done twice."""
    assert outcome == expected
    answered = [event for event in kept(folder) if isinstance(event.fact, TurnAnswered)]
    assert [event.path.partition("/")[0] for event in answered] == ["turn#1", "turn#2"]
    effects = Counter(line.split()[0] for line in World(folder, {}).lines("effects"))
    assert effects["refund"] == 1


@pytest.fixture(scope="module")
def whole(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """What is told when nobody kills it, and the entries of its first turn."""
    folder = tmp_path_factory.mktemp("whole") / "talk"
    outcome = told(nursery, folder, {})
    check(folder, outcome, outcome)
    turn = [event for event in kept(folder) if event.path.startswith("turn#1")]
    return outcome, len(turn)


def test_nobody_kills_it(whole: tuple[dict[str, Any], int]):
    outcome, entries = whole
    assert outcome == snapshot(
        {
            "first": [
                ["user", "", "I was charged twice."],
                ["assistant", "greeter", "One moment."],
                ["assistant", "clerk", "Done: noted, refunded."],
            ],
            "active": "billing",
            "later": "You are welcome, after 2 things.",
            "states": {"router": {"turns": 1}},
        }
    )
    assert entries == snapshot(18)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_entry_the_turn_is_answered_once(
    nursery: Nursery, whole: tuple[dict[str, Any], int], tmp_path: Path, when: str
):
    expected, entries = whole
    for entry in range(1, entries + 1):
        folder = tmp_path / f"{entry}"
        check(folder, told(nursery, folder, {when: entry}), expected)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("effect", ["note_case", "refund"])
def test_killed_within_a_tool_its_effect_is_not_repeated_in_silence(
    nursery: Nursery, whole: tuple[dict[str, Any], int], tmp_path: Path, effect: str, done: bool
):
    outcome = told(nursery, tmp_path / "talk", {"within": effect, "done": done})
    effects = Counter(line.split()[0] for line in World(tmp_path / "talk", {}).lines("effects"))
    assert effects["refund"] == 1
    assert outcome["active"] == whole[0]["active"]
    assert [text for role, _, text in outcome["first"] if role == "user"] == [QUESTION]
