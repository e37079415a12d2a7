"""The support application, recorded with its desk and played without: the same conversation, and the desk is not touched."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from supportgenie import app, config, model
from supportgenie.desk import Desk
from supportgenie.state import CustomerState
from switchroom import RunConfig, Runner
from switchroom.journals import MemoryJournal
from switchroom.testing import Cassette, no_network, transcript
from tests.laws.test_streams import told

TODAY = date(2025, 3, 14)
CHATS = [
    ["Hi, I want to cancel order 370795561790, please."],
    ["I was charged twice for order 900100200302. I want my money back!"],
    ["My Phone 6 won't start any more.", "I tried all of that. It is still dead, I need a person."],
    ["hello", "where is my order 732201349959?", "thanks"],
]


async def chat(journal: MemoryJournal, desk: Desk, messages: list[str]) -> None:
    """A conversation of an order's owner with the application; the person at the desk approves what is asked."""
    options = replace(config, model=model, journal=journal)
    number = next(iter(re.findall(r"\d{12}", "".join(messages))), "")
    order = desk.find_order(number)
    state: CustomerState | None = CustomerState(tier="gold", customer_id=order.customer_id if order else "C1003")
    for message in messages:
        result = await Runner.run(app, message, deps=desk, state=state, config=options, conversation="chat")
        state = None
        while result.waiting:
            answers = {one.id: True for one in result.waiting}
            result = await Runner.resume(app, deps=desk, config=options, conversation="chat", answers=answers)


def records(file: Path) -> list[str]:
    """All that a desk has in its books."""
    with contextlib.closing(sqlite3.connect(file)) as books:
        return list(books.iterdump())


@pytest.mark.parametrize("messages", CHATS, ids=["cancel", "refund", "escalate", "small talk"])
async def test_a_conversation_with_the_application_plays_from_its_file_and_its_desk_is_not_touched(
    messages: list[str], tmp_path: Path
):
    journal = MemoryJournal()
    with contextlib.closing(Desk.open(today=TODAY)) as desk:
        await chat(journal, desk, messages)
    Cassette.from_journal(journal, "chat").save(tmp_path / "chat.jsonl")
    cassette = Cassette.load(tmp_path / "chat.jsonl")

    options = RunConfig(state_type=CustomerState, max_turns=config.max_turns)
    with contextlib.closing(Desk.open(tmp_path / "desk.db", today=TODAY)) as another, no_network():
        before = records(tmp_path / "desk.db")
        played = await cassette.play(app, deps=another, config=options)

    assert records(tmp_path / "desk.db") == before
    assert transcript(played) == transcript(cassette)
    assert told(list(played.events)) == told(list(cassette.events))
