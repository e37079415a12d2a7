"""Workflows that are gone on with: what had been decided, and what had ended, stays as it was, also what failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import RunConfig, Runner, fallback, parallel
from switchroom.journals import MemoryJournal
from switchroom.workflow import Branches
from tests.laws.worlds import CONVERSATION, cut, kept, resumed
from tests.virtual import in_no_time


class Form(BaseModel):
    number: int


def misses_a_file(question: str) -> str:
    with open("/there/is/no/such/file") as file:
        return file.read()


def misses_a_key(question: str) -> str:
    prices: dict[tuple[str, int], str] = {}
    return prices["lamp", 1]


def validates(question: str) -> str:
    return str(Form.model_validate({"number": question}))


async def groups(question: str) -> str:
    async def fails() -> None:
        raise ValueError("broken")

    async with asyncio.TaskGroup() as group:
        group.create_task(fails())
    return "never"


def told(question: str, error: str = "") -> str:
    return f"told: {error}"


def listed(found: Branches) -> str:
    return str(found)


async def every_cut(step: Any) -> None:
    """Cut a run after each of its facts, and hold what it gives against what it gave uncut."""
    journal = MemoryJournal()
    whole = await Runner.run(step, "go", config=RunConfig(journal=journal), conversation=CONVERSATION)
    events = kept(journal)
    for at in range(1, len(events) + 1):
        again = await resumed(step, RunConfig(journal=cut(events[:at])))
        assert again.final_output == whole.final_output, f"cut after {events[at - 1]}"


@pytest.mark.parametrize("fails", [misses_a_file, misses_a_key, validates, groups])
def test_what_a_failure_says_is_the_same_after_a_death(fails: Any):
    in_no_time(every_cut(fallback(fails, told)))
    in_no_time(every_cut(parallel(fails, told, join=listed)))
