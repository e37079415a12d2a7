"""300 real messages of customers: each is answered once, most with a fact from the desk, and by the right department."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from supportgenie import Desk, app, config, model
from switchroom import Runner, RunResult

MESSAGES = Path(__file__).parents[1] / "data" / "bitext_cs_val_300.jsonl"

# A number, an amount, a day, a time, a path, a ticket or a refund. What is one digit long may stand anywhere by chance.
VALUE = re.compile(
    r"/[a-z]+(?:/[a-z-]+)+|[TR]-\d{5}|\$[\d,]+\.\d\d|\+\d[\d ]{8,}\d|[A-Z]{2}\d{6,}[A-Z]{2}"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4}"
    r"|\d{1,2}:\d\d|\d[\d,.]*\d|\d+ (?:days|months|hours|minutes|%)|\b(?:placed|shipped|delivered|cancelled|overdue|void)\b"
)


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


@pytest.fixture(scope="module", loop_scope="module")
async def answered() -> AsyncIterator[list[Answered]]:
    """All messages, each in a conversation of its own at a desk of its own."""
    rows = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    runs: list[Answered] = []
    for row in rows:
        desk = Desk.open(today=date(2025, 3, 14))
        result = await Runner.run(app, row["text"], deps=desk, config=replace(config, model=model))
        desk.close()
        runs.append(Answered(row["text"], row["intent"], row["department"], result))
    yield runs
