"""Steps side by side: each is heard of, in its place, also one that cancels itself, and none of none."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from switchroom import Agent, Budget, RunConfig, Runner, UserError, fallback, parallel, sequential, vote
from switchroom.budget import PartialAnswer, SkipOptional
from switchroom.errors import BudgetExceeded, ToolCancelled
from switchroom.testing import FunctionModel
from switchroom.workflow import Branches, budgeted, plurality
from switchroom.workflow.branches import Failure
from tests.helpers import keeping, kinds, run_of
from tests.virtual import in_no_time

CLERK = Agent("clerk", model=FunctionModel(lambda request: "clerk"))
SPARING = RunConfig(budget=Budget(turns=1, degrade=(SkipOptional(at=0.5),)))


async def first(question: str) -> str:
    return "first"


async def second(question: str) -> str:
    await asyncio.sleep(1)
    return "second"


async def cancels(question: str) -> str:
    cast("asyncio.Task[Any]", asyncio.current_task()).cancel()
    await asyncio.sleep(1)
    return "never"


async def raises_cancelled(question: str) -> str:
    raise asyncio.CancelledError


def given(step: Any, config: RunConfig) -> Any:
    return in_no_time(Runner.run(step, "go", config=config)).final_output


def test_what_a_budget_left_out_stands_in_its_place():
    found: Branches = given(sequential(CLERK, parallel(first, second, optional=["first"])), SPARING)
    assert list(found) == ["first", "second"]
    assert found.failures["first"].failed == "Skipped"


def test_a_budget_may_leave_out_all_branches():
    found: Branches = given(sequential(CLERK, parallel(first, second, optional=["first", "second"])), SPARING)
    assert [failure.failed for failure in found.failures.values()] == ["Skipped", "Skipped"]


@pytest.mark.parametrize("limit", [1, 2, None])
@pytest.mark.parametrize("quorum", [1, None])
def test_a_branch_that_cancels_itself_is_a_failure_and_the_others_go_on(limit: int | None, quorum: int | None):
    step = parallel(raises_cancelled, second, limit=limit, quorum=quorum)
    found: Branches = given(step, RunConfig())
    assert {name: failure.failed for name, failure in found.failures.items()} == {"raises_cancelled": "ToolCancelled"}
    assert found.results == {"second": "second"}


@pytest.mark.parametrize("quorum", [1, None])
def test_a_branch_that_cancels_its_task_is_a_failure_and_the_others_go_on(quorum: int | None):
    found: Branches = given(parallel(cancels, second, limit=2, quorum=quorum), RunConfig())
    assert {name: failure.failed for name, failure in found.failures.items()} == {"cancels": "ToolCancelled"}
    assert found.results == {"second": "second"}


def by_an_agent() -> Agent[str]:
    async def answer(request: object) -> str:
        raise asyncio.CancelledError

    return Agent("canceller", model=FunctionModel(answer))


@pytest.mark.parametrize("step", [raises_cancelled, by_an_agent()], ids=["function", "agent"])
def test_a_step_that_cancels_itself_has_failed_and_that_is_a_fact(step: Any):
    assert given(fallback(step, first), RunConfig()) == "first"
    with pytest.raises(ToolCancelled, match="cancelled itself") as raised:
        given(sequential(step), RunConfig())
    assert kinds(run_of(raised.value).events)[-2:] == ["step_failed", "step_failed"]


PARTIAL = RunConfig(budget=Budget(seconds=10, degrade=(PartialAnswer(at=0.5),)))


async def endless(question: Any) -> str:
    await asyncio.sleep(1000)
    return "never"


def test_what_joins_branches_has_the_time_behind_the_cut():
    async def join(found: Branches) -> str:
        await asyncio.sleep(4)
        return f"joined {list(found.results)} without {list(found.failures)}"

    assert given(parallel(second, endless, join=join), PARTIAL) == "joined ['second'] without ['endless']"


def test_who_decides_a_tie_has_the_time_behind_the_cut():
    async def decides(tie: Any) -> str:
        await asyncio.sleep(4)
        return tie["tied"][0]

    assert given(vote(first, second, endless, by=plurality, ties=decides), PARTIAL).winner == "first"


def test_what_joins_branches_has_no_more_time_than_the_budget():
    with pytest.raises(BudgetExceeded):
        given(parallel(second, endless, join=endless), PARTIAL)


def test_the_earliest_cut_of_the_budgets_around_is_the_one_that_cuts():
    inner = budgeted(sequential(first, endless), Budget(seconds=100, degrade=(PartialAnswer(),)))
    found = given(parallel(inner, second), PARTIAL)
    assert found.results == {"second": "second"}
    assert "10 s are over" in found.failures["budgeted"].message


# types of results -----------------------------------------------------------------------------------------------------


class Report(BaseModel):
    words: int


async def report(text: str) -> Report:
    return Report(words=len(text.split()))


async def breaks(text: str) -> Report:
    raise ConnectionError("no line")


async def total(found: Branches[Report]) -> int:
    assert all(isinstance(one, Report) for one in found.results.values())  # pyright: ignore[reportUnnecessaryIsInstance]
    return sum(one.words for one in found.results.values())


async def test_a_join_that_names_the_type_of_the_results_gets_them_of_that_type_also_from_a_journal():
    broken = [True]

    async def total_once(found: Branches[Report]) -> int:
        if broken:
            broken.clear()
            raise ConnectionError("later")
        assert isinstance(found["bad"], Failure)
        return await total(found)

    workflow, config = sequential(parallel(a=report, bad=breaks), total_once), keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(workflow, "one two", conversation="c", config=config)
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == 2
    assert (await Runner.run(parallel(a=report, b=report, join=total), "one two")).final_output == 4


async def test_results_of_another_type_than_a_join_names_are_told():
    async def word(text: str) -> str:
        return text

    with pytest.raises(UserError, match="not what it declares to take"):
        await Runner.run(parallel(a=word, join=total), "one two")


def test_branches_are_read_with_and_without_a_type():
    plain = {"a": {"words": 2}, "b": {"failed": "ConnectionError", "message": "no line", "path": "p"}}
    failure = Failure("ConnectionError", "no line", "p")
    assert TypeAdapter(Branches).validate_python(plain) == {"a": {"words": 2}, "b": failure}
    typed = TypeAdapter(Branches[Report]).validate_json(to_json(plain))
    assert (type(typed), typed) == (Branches, {"a": Report(words=2), "b": failure})
