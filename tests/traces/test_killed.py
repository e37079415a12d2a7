"""Killed over and over, a conversation over HTTP comes to the end that was recorded, and no effect is had twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import pytest

from switchroom import RunConfig, Runner
from switchroom.events import (
    Delta,
    Fact,
    HandoffCommitted,
    ModelAnswered,
    PersonAnswered,
    RunEvent,
    StepReturned,
    TurnStarted,
)
from switchroom.journals import SqliteJournal
from tests.servers.asked import Api
from tests.servers.http import serving
from tests.traces.desk import Desk, Ledger
from tests.traces.fronts import server
from tests.traces.life import Moment, Order, go_on, journal_of, ledger_of, lives, recorded
from tests.traces.script import Entry, Script, same

ID = "airline-0-trial3"
"""A conversation of ten messages, with seven handoffs; it books, and changes what was booked."""

MOMENTS: Sequence[tuple[Moment, int]] = (
    ("after a fact", 5),
    ("while speaking", 3),
    ("after an effect", 1),
    ("before a fact", 4),
    ("before an effect", 1),
    ("after a fact", 2),
    ("while speaking", 9),
    ("before a fact", 6),
)

LIVES = 100
"""More than it can take."""


async def check_the_end(folder: Path) -> list[RunEvent]:
    """All is as recorded, and each thing happened once. Gives the journal's entries."""
    recording = recorded(ID)
    script = Script(recording)
    ledger = Ledger(ledger_of(str(folder)))
    assert [json.loads(line) for line in ledger.lines] == [[step.tool, step.args] for step in recording.effects]
    desk = Desk(recording, ledger)
    assert desk.records == recording.after
    journal = SqliteJournal(journal_of(str(folder)))
    events = journal.read_sync(ID)
    result = await Runner.resume(desk.team, conversation=ID, config=RunConfig(journal=journal))
    journal.close()

    facts = [event.fact for event in events]
    began = [fact.messages[0].text for fact in facts if isinstance(fact, TurnStarted) and fact.attempt == 1]
    assert began == [turn.said for turn in recording.turns]
    returned = [fact.last or fact.output for fact in facts if isinstance(fact, StepReturned)]
    assert returned == [turn.answer for turn in recording.turns]
    given = [(fact.agent, fact.message.text) for fact in facts if isinstance(fact, ModelAnswered)]
    assert given == [(answer.agent, answer.text) for answer in script.answers]
    committed = [(fact.source, fact.target) for fact in facts if isinstance(fact, HandoffCommitted)]
    assert committed == recording.moves
    told = [Entry("told", message.text) for message in result.messages if message.role == "tool"]
    was_told = [entry for entry in script.history if entry.kind == "told"]
    assert all(same(*pair) for pair in zip(told, was_told, strict=True))
    return events


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_killed_by_the_system_at_all_moments(api: Api, tmp_path: Path):
    script = Script(recorded(ID))
    ends: list[str] = []

    async with serving(server({ID: script})) as served, lives() as lived:
        for moment, count in islice(cycle(MOMENTS), LIVES):
            ends.append(await lived(Order(str(tmp_path), ID, served.url, api, moment, count)))
            if ends[-1] != "killed":
                break

    deaths = len(ends) - 1
    assert ends == ["killed"] * deaths + ["over"]
    assert deaths >= 2 * len(MOMENTS)
    assert len(served.requests) - len(script.answers) <= deaths, "no answer is asked for again that was recorded"
    words = [event.fact.yes for event in await check_the_end(tmp_path) if isinstance(event.fact, PersonAnswered)]
    assert {True, False} <= set(words), "a person was asked about effects that were had, and about such that were not"


async def test_cancelled_while_speaking_and_after_facts(tmp_path: Path):
    script = Script(recorded(ID))
    cancelled = Counter[str]()

    async def lived(order: Order, kind: type[Fact | Delta], count: int) -> bool:
        """Go on until so many events of a kind were seen. Whether that was before the end."""
        left = count

        def listener(event: RunEvent) -> None:
            nonlocal left
            left -= isinstance(event.fact, kind)
            if not left:
                left = -1
                cancelled[event.kind] += 1
                task.cancel()

        journal = SqliteJournal(journal_of(order.folder))
        task = asyncio.ensure_future(go_on(order, journal, Ledger(ledger_of(order.folder)), listener))
        await asyncio.wait([task])
        journal.close()
        return task.cancelled() or bool(task.result())

    async with serving(server({ID: script})) as served:
        order = Order(str(tmp_path), ID, served.url, "chat")
        moments = [(Fact, 5), (Delta, 6), (Fact, 3), (Fact, 8), (Delta, 25), (Fact, 4)]
        for moment in islice(cycle(moments), LIVES):
            if not await lived(order, *moment):
                break

    await check_the_end(tmp_path)
    assert cancelled["text_delta"] >= 3
    assert cancelled["tool_started"] + cancelled["tool_returned"] >= 3
    assert len(served.requests) - len(script.answers) <= cancelled.total()
