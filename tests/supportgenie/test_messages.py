"""300 real messages of customers, each from the owner of what it names: answered once, mostly with facts, and rightly."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from supportgenie import Desk, app, config, model
from supportgenie.state import CustomerState
from switchroom import Runner, RunResult
from switchroom.journals import MemoryJournal

MESSAGES = Path(__file__).parents[1] / "data" / "bitext_cs_val_300.jsonl"

# A number, an amount, a day, a time, a path, a ticket or a refund. What is one digit long may stand anywhere by chance.
VALUE = re.compile(
    r"/[a-z]+(?:/[a-z-]+)+|[TR]-\d{5}|\$[\d,]+\.\d\d|\+\d[\d ]{8,}\d|[A-Z]{2}\d{6,}[A-Z]{2}"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4}"
    r"|\d{1,2}:\d\d|\d[\d,.]*\d|\d+ (?:days|months|hours|minutes|%)|\b(?:placed|shipped|delivered|cancelled|overdue|void)\b"
)

NAME = re.compile(r"(?:m(?:r|s|rs)\.? )?[a-z]+(?: [a-z]+)?(?=\W*$)", re.I)


@dataclass
class Answered:
    """A message, what it was about, and the run that answered it."""

    text: str
    intent: str
    department: str
    result: RunResult[Any]

    @property
    def values(self) -> set[str]:
        """The values in the answer that a tool returned and the customer had not said."""
        returned = "\n".join(message.text for message in self.result.messages if message.role == "tool")
        found = VALUE.findall(self.result.final_output)
        return {value for value in found if value in returned and value not in self.text}

    @property
    def by(self) -> str:
        """The department that answered."""
        assert self.result.last_agent is not None
        return self.result.last_agent.name


@pytest.fixture(scope="module")
def answered() -> list[Answered]:
    """All messages, each in a conversation of its own at a desk of its own."""
    return asyncio.run(_answer_all())


async def _answer_all() -> list[Answered]:
    runs: list[Answered] = []
    options = replace(config, model=model, journal=MemoryJournal())
    for line in MESSAGES.read_text("utf-8").splitlines():
        row = json.loads(line)
        desk = Desk.open(today=date(2025, 3, 14))
        result = await Runner.run(app, row["text"], deps=desk, state=owner(desk, row["text"]), config=options)
        desk.close()
        runs.append(Answered(row["text"], row["intent"], row["department"], result))
    return runs


def owner(desk: Desk, text: str) -> CustomerState:
    """The customer whose order, invoice or name stands in a message; nobody is signed in if nothing of the kind does."""
    numbers = re.findall(r"\d{4,18}", text)
    records = [found for number in numbers if (found := desk.find_order(number) or desk.find_invoice(number))]
    if records:
        return CustomerState(customer_id=records[0].customer_id)
    named = [found for words in NAME.findall(text) if (found := desk.find_customer(words))]
    return CustomerState(customer_id=named[0].id) if named else CustomerState()


def test_most_messages_that_name_something_are_the_owners(reading_desk: Desk):
    texts = [json.loads(line)["text"] for line in MESSAGES.read_text("utf-8").splitlines()]
    assert sum(bool(owner(reading_desk, text).customer_id) for text in texts) >= 30


def test_each_message_is_answered_exactly_once(answered: list[Answered]):
    assert len(answered) == 300
    for message in answered:
        said = [heard.text for heard in message.result.messages if heard.role == "assistant" and heard.text]
        assert said == [message.result.final_output], message.text
        assert message.result.waiting == ()


def test_most_answers_tell_something_that_the_desk_returned(answered: list[Answered]):
    told = [message for message in answered if message.values]
    assert len(told) / len(answered) >= 0.95


def test_the_right_department_answers(answered: list[Answered]):
    right = [message for message in answered if message.by == message.department]
    assert len(right) / len(answered) >= 0.97


def test_no_answer_speaks_of_how_it_was_made(answered: list[Answered]):
    inner = re.compile(r"\b(agents?|transferred|handoff|router|tool|escalat\w*|refused|None|Traceback)\b|[{}\[\]_]")
    assert [message.result.final_output for message in answered if inner.search(message.result.final_output)] == []


def test_an_answer_is_short_enough_to_be_read(answered: list[Answered]):
    assert max(len(message.result.final_output) for message in answered) < 700
