"""Processes killed and stopped at random over one file: each message has its own answer, and no effect happens twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from switchroom import RunConfig, Runner
from switchroom.errors import ConversationBusy
from switchroom.events import RunEvent, TurnStarted
from switchroom.journals.database import settled
from tests.kill.chaos import ONCE, team_at
from tests.kill.checks import check_the_answers, check_the_turns, check_the_unknown, next_attempt, takeovers
from tests.kill.harness import Harness, Life, harness_at

TAKEOVER_S = 10.0
"""Seconds in which a waiting caller has to take over a killed owner's turn: ten times what is promised."""


async def run_chaos(folder: Path, seconds: float, processes: int, conversations: int, seed: int) -> dict[str, Any]:
    """Let processes answer conversations while they are killed and stopped, check what came of it, and return the figures."""
    with harness_at(folder, processes, conversations, seed) as harness:
        person = asyncio.ensure_future(harness.be_the_person())
        try:
            await harness.torment(seconds)
            left = await harness.quiet()
            assert not harness.open_calls(), "messages of living processes have no answer"
        finally:
            person.cancel()
            await asyncio.wait([person])
        assert not left, "living processes left places in queues"
        for life in harness.running:
            os.kill(life.pid, signal.SIGKILL)
            life.killed = time.time()
        await harness.finish()
        ends = check_the_answers(harness)
        lives = {life.owner: life for life in harness.lives}
        found: Counter[str] = Counter()
        histories: dict[str, Sequence[RunEvent]] = {}
        turns = 0
        for conversation in harness.journal.conversations():
            histories[conversation] = events = await settled(harness.journal.read(conversation))
            turns += check_the_turns(conversation, events, lives)
            found += check_the_unknown(conversation, events)
        effects = Counter(harness.place.lines("effects"))
        twice = [line for line, count in effects.items() if count > 1 and line.partition(" ")[0] in ONCE]
        assert not twice, f"effects happened twice: {twice}"
        with closing(sqlite3.connect(folder / "chats.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        waits = takeovers(harness, histories)
        assert all(wait < TAKEOVER_S for wait in waits), waits
        return {
            "turns": turns,
            "kills": sum(life.killed is not None for life in harness.lives) - len(harness.running),
            "stops": sum(len(life.stopped) for life in harness.lives),
            "effects": sum(count for line, count in effects.items() if line.partition(" ")[0] in ONCE),
            "effects twice": len(twice),
            "callers": dict(ends),
            "unknown effects": dict(found),
            "a person answered": dict(harness.questions),
            "takeovers": len(waits),
            "takeover, longest ms": round(max(waits, default=0) * 1000),
            "takeover, median ms": round(statistics.median(waits) * 1000) if waits else 0,
        }


@pytest.mark.timeout(180)
async def test_four_processes_that_are_killed_and_stopped_lose_nothing_and_do_nothing_twice(tmp_path: Path):
    figures = await run_chaos(tmp_path, 8.0, 4, 8, seed=1)

    assert figures["turns"] > 20
    assert figures["kills"] > 5


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_ten_processes_over_fifty_conversations_for_two_minutes(tmp_path: Path):
    figures = await run_chaos(
        tmp_path, float(os.environ.get("CHAOS_S", "120")), 10, 50, seed=int(os.environ.get("CHAOS_SEED", "2"))
    )

    print(json.dumps(figures, indent=2))
    assert figures["turns"] > 200


async def holding(harness: Harness) -> Life:
    """Start a process whose turn is held up by a tool, and wait until the tool runs."""
    life = harness.start("m1 hold")
    end = time.time() + 60
    while not harness.place.lines("effects"):
        assert time.time() < end, "the process never began"
        await asyncio.sleep(0.01)
    harness.learn_owners()
    return life


@pytest.mark.timeout(120)
async def test_a_stopped_owners_turn_is_never_taken_over_and_goes_on_when_the_owner_does(tmp_path: Path):
    with harness_at(tmp_path, 0, 1, seed=0) as harness:
        team = team_at(harness.place)
        life = await holding(harness)
        os.kill(life.pid, signal.SIGSTOP)
        with pytest.raises(ConversationBusy):
            config = RunConfig(journal=harness.journal, busy_timeout=1.0)
            await Runner.run(team, "m2", conversation="c1", config=config)
        begun = [event for event in await settled(harness.journal.read("c1")) if isinstance(event.fact, TurnStarted)]

        harness.place.write("go", "on")
        os.kill(life.pid, signal.SIGCONT)
        result = await Runner.run(team, "m3", conversation="c1", config=RunConfig(journal=harness.journal))
        events = await settled(harness.journal.read("c1"))

    assert len(begun) == 1
    assert result.final_output == "echo m3"
    assert check_the_turns("c1", list(events), {}) == 2
    assert [event.fact.attempt for event in events if isinstance(event.fact, TurnStarted)] == [1, 1]


@pytest.mark.timeout(120)
async def test_a_killed_owners_turn_is_taken_over_by_the_caller_that_waits(tmp_path: Path):
    with harness_at(tmp_path, 0, 1, seed=0) as harness:
        life = await holding(harness)
        config = RunConfig(journal=harness.journal, busy_timeout=60.0)
        waiting = asyncio.ensure_future(Runner.run(team_at(harness.place), "m2", conversation="c1", config=config))
        while await settled(harness.journal.first_ticket("c1")) is None:
            await asyncio.sleep(0.01)
        harness.place.write("go", "on")
        os.kill(life.pid, signal.SIGSTOP)  # so that it cannot end before it is killed
        harness.kill(life)
        result = await waiting
        events = await settled(harness.journal.read("c1"))

    assert life.killed is not None
    began = next_attempt(list(events), life.owner, life.killed)
    assert began is not None
    assert began - life.killed < TAKEOVER_S
    assert result.final_output == "echo m2"
    assert check_the_turns("c1", list(events), {life.owner: life}) == 2
