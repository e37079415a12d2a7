"""Workflows that are gone on with: what had been decided, and what had ended, stays as it was, also what failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, fallback, parallel, route, sequential
from switchroom.errors import QuorumNotReached
from switchroom.events import RunEvent
from switchroom.journals import MemoryJournal
from switchroom.testing import call
from switchroom.workflow import Branches
from tests.laws.worlds import CONVERSATION, answering, cut, kept, resumed, sign
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


class Flaky:
    """A step that fails the first time it is asked, after a while."""

    name = "flaky"

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, question: str) -> str:
        self.asked += 1
        await asyncio.sleep(1)
        if self.asked == 1:
            raise ConnectionError("the line is down")
        return "there again"


async def slow(question: str) -> str:
    await asyncio.sleep(2)
    return "slow"


def after(events: list[RunEvent], kind: str) -> MemoryJournal:
    """A journal that ends with the first fact of a kind."""
    at = next(place for place, event in enumerate(events) if event.kind == kind)
    return cut(events[: at + 1])


def test_a_branch_that_had_failed_when_there_were_enough_is_not_tried_again():
    flaky = Flaky()

    async def check() -> None:
        journal = MemoryJournal()
        step = parallel(flaky, slow, quorum=1)
        whole = await Runner.run(step, "go", config=RunConfig(journal=journal), conversation=CONVERSATION)
        again = await resumed(step, RunConfig(journal=after(kept(journal), "quorum_reached")))
        assert (again.final_output, flaky.asked) == (whole.final_output, 1)

    in_no_time(check())


def test_a_classifier_that_had_failed_is_not_asked_again_when_it_was_decided_who_answers():
    flaky = Flaky()

    async def check() -> None:
        journal = MemoryJournal()
        step = route(flaky, {"there again": slow}, fallback=told)
        await Runner.run(step, "go", config=RunConfig(journal=journal), conversation=CONVERSATION)
        again = await resumed(step, RunConfig(journal=after(kept(journal), "route_decided")))
        assert (again.final_output, flaky.asked) == ("told: ", 1)

    in_no_time(check())


async def at_once(question: str) -> str:
    return "at once"


class Hesitant:
    """A step that takes its time when it is asked first, and none later."""

    name = "hesitant"
    asked = 0

    async def __call__(self, question: str) -> str:
        self.asked += 1
        if self.asked == 1:
            await asyncio.sleep(2)
        return "after all"


def test_branches_that_had_ended_before_a_death_are_counted_first():
    step = parallel(Hesitant(), at_once, quorum=1)

    async def check() -> None:
        journal = MemoryJournal()
        whole = await Runner.run(step, "go", config=RunConfig(journal=journal), conversation=CONVERSATION)
        again = await resumed(step, RunConfig(journal=after(kept(journal), "step_returned")))
        assert again.final_output == whole.final_output == {"at_once": "at once"}

    in_no_time(check())


def test_a_question_of_a_branch_that_lost_is_asked_no_more():
    asking = Agent("asking", tools=[sign], model=answering(call("sign"), "signed"))
    step = sequential(parallel(asking, at_once, quorum=1, join=listed), Agent("last", tools=[sign], model=asking.model))

    async def check() -> None:
        config = RunConfig(journal=MemoryJournal())
        result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
        assert [one.agent for one in result.waiting] == ["last"]
        again = await resumed(step, config, waiting=result.waiting)
        assert again.final_output == "signed"

    in_no_time(check())


def test_failures_of_branches_in_a_state_are_given_again_as_failures():
    def misses(found: dict[str, Any]) -> str:
        return found["nothing"]

    def tells(found: dict[str, Any]) -> str:
        return f"told of {sorted(found)}"

    step = sequential(parallel(misses, tells), state={})

    async def check() -> None:
        config = RunConfig(journal=MemoryJournal())
        whole = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
        assert (await resumed(step, config)).final_output == whole.final_output

    in_no_time(check())


def test_all_of_many_branches_that_failed_are_tried_again():
    down = [True]

    async def touch(question: str) -> str:
        if down:
            raise ConnectionError("the line is down")
        return "there again"

    step = parallel({f"branch{place}": touch for place in range(300)}, limit=10, quorum=300)

    async def check() -> None:
        config = RunConfig(journal=MemoryJournal())
        with pytest.raises(QuorumNotReached):
            await Runner.run(step, "go", config=config, conversation=CONVERSATION)
        down.clear()
        assert len((await resumed(step, config)).final_output) == 300

    in_no_time(check())
