"""Results with parts missing: they say so, on the result and as a fact, and they are of the declared type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import (
    Agent,
    Budget,
    RunConfig,
    Runner,
    Session,
    ToolContext,
    debate,
    fallback,
    parallel,
    refine,
    sequential,
    supervisor,
    tool,
    vote,
)
from switchroom.budget import CheaperModel, FewerVoters, PartialAnswer, SkipOptional
from switchroom.errors import BudgetExceeded
from switchroom.events import AnsweredInPart
from switchroom.rules.speech import is_partial
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.workflow import Failure, budgeted
from tests.helpers import facts_of, keeping, run_of
from tests.virtual import in_no_time

PARTIAL = PartialAnswer()


def echo(name: str) -> Agent[str]:
    return Agent(name, model=FunctionModel(lambda request: f"{name}({request.messages[-1].text})"))


def raw(text: Any) -> str:
    return f"raw {text}"


async def undeclared(text: Any) -> Any:
    return f"raw {text}"


def join(found: Any) -> str:
    return "joined"


async def broken(text: str) -> str:
    raise ConnectionError("gone")


class Draft(BaseModel):
    text: str


class Article(BaseModel):
    text: str
    title: str


def missing(result: Any) -> dict[str, list[str]]:
    """The parts that are missing, by the path of the step that answered without them."""
    return {event.path: [*event.fact.missing] for event in result.events if isinstance(event.fact, AnsweredInPart)}


def limited(turns: int, *degrade: Any) -> RunConfig:
    return keeping(budget=Budget(turns=turns, degrade=(*degrade, PARTIAL)))


# what a budget stops -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [raw, undeclared])
async def test_a_branch_that_a_budget_stops_has_failed_and_gives_nothing_of_its_own(first: Any):
    workflow = parallel(quick=echo("quick"), slow=sequential(first, echo("slow")), limit=1)
    result = await Runner.run(workflow, "x", config=limited(1))
    assert result.final_output["quick"] == "quick(x)"
    assert result.final_output.failures["slow"].failed == "BudgetExceeded"
    assert (result.partial, missing(result)) == (True, {"turn#1/parallel#0": ["slow"]})


AROUND: dict[str, Callable[[Any], Any]] = {
    "parallel": lambda branch: parallel(echo("other"), branch, limit=1),
    "vote": lambda branch: vote(echo("other"), branch, quorum=1),
    "debate": lambda branch: debate(echo("other"), branch, rounds=1),
    "over a state": lambda branch: sequential(echo("other"), branch, state={}),
    "a sequential in a branch": lambda branch: parallel(echo("other"), sequential(branch), limit=1),
    "a larger budget": lambda branch: parallel(echo("other"), budgeted(branch, Budget(turns=100)), limit=1),
    "over a state in a branch": lambda branch: parallel(echo("other"), sequential(raw, branch, state={}), limit=1),
}


@pytest.mark.parametrize("name", AROUND)
async def test_no_workflow_takes_the_raw_output_of_a_stage_for_a_branch(name: str):
    step = AROUND[name](sequential(raw, echo("never")))
    result = await Runner.run(step, "x", config=limited(1))
    assert "raw" not in repr(result.final_output).replace("raw#0", "")
    assert result.partial


async def test_a_sequential_gives_its_last_result_only_to_the_budget_that_was_given_to_it():
    inner = sequential(echo("a"), echo("b"), echo("c"))
    result = await Runner.run(inner, "x", config=limited(2))
    assert (result.final_output, result.partial) == ("b(a(x))", True)
    assert missing(result) == {"turn#1/sequential#0": ["c"]}
    result = await Runner.run(parallel(one=budgeted(inner, Budget(turns=2, degrade=(PARTIAL,)))), "x")
    assert (result.final_output["one"], result.partial) == ("b(a(x))", True)


async def test_a_workflow_never_gives_a_value_of_another_type_than_it_declares():
    draft = Agent("draft", model=ScriptedModel(['{"text": "t"}']), output_type=Draft)
    article = Agent("article", model=ScriptedModel([]), output_type=Article)
    with pytest.raises(BudgetExceeded) as error:
        await Runner.run(sequential(draft, article), "x", config=limited(1))
    assert run_of(error.value).final_output is None
    text = Agent("text", model=ScriptedModel([]))
    with pytest.raises(BudgetExceeded):
        draft = Agent("draft", model=ScriptedModel(['{"text": "t"}']), output_type=Draft)
        await Runner.run(sequential(draft, text), "x", config=limited(1))


async def test_a_result_of_another_type_that_fits_the_declared_one_becomes_it():
    class Page(BaseModel):
        text: str

    draft = Agent("draft", model=ScriptedModel(['{"text": "t"}']), output_type=Draft)
    page, config = Agent("page", model=ScriptedModel([]), output_type=Page), limited(1)
    result = await Runner.run(sequential(draft, page), "x", config=config, conversation="c")
    again = await Runner.resume(sequential(draft, page), config=config, conversation="c")
    assert result.final_output == again.final_output == Page(text="t")


async def test_what_was_found_over_a_state_is_given_with_the_stages_that_are_missing():
    workflow = sequential(echo("a"), echo("b"), echo("c"), state={})
    result = await Runner.run(workflow, "x", config=limited(1))
    assert list(result.final_output) == ["input", "a"]
    assert (result.partial, missing(result)) == (True, {"turn#1/sequential#0": ["b", "c"]})


# every workflow that can do without a part -------------------------------------------------------------------------


async def slow(text: str) -> str:
    await asyncio.sleep(100)
    return "slow"


def passes(verdict: str) -> bool:
    return verdict.startswith("good")


@pytest.mark.parametrize(
    ("step", "config", "parts"),
    [
        (parallel(a=raw, b=broken), RunConfig(), ["b"]),
        (parallel(a=raw, b=slow, quorum=1), RunConfig(), ["b"]),
        (parallel(a=raw, b=broken, join=join), RunConfig(), ["b"]),
        (parallel(a=raw, b=slow), RunConfig(budget=Budget(seconds=10, degrade=(PARTIAL,))), ["b"]),
        (parallel(a=raw, b=raw, optional=["b"]), RunConfig(budget=Budget(turns=9, degrade=(SkipOptional(at=0.0),))), ["b"]),
        (vote(raw, broken, quorum=1), RunConfig(), ["broken"]),
        (vote(raw, raw, raw), RunConfig(budget=Budget(turns=9, degrade=(FewerVoters(1, at=0.0),))), ["raw-2", "raw-3"]),
        (debate(raw, broken, rounds=1), RunConfig(), ["broken"]),
        (debate(echo("a"), echo("b"), rounds=1, judge=echo("judge")), limited(2), ["judge"]),
        (refine(raw, broken), RunConfig(), ["broken"]),
    ],
    ids=["failure", "quorum", "join", "cut", "skipped", "no vote", "fewer voters", "silent side", "no judge", "no critic"],
)
def test_a_result_with_missing_parts_says_so_and_says_it_again_on_resume(step: Any, config: RunConfig, parts: list[str]):
    journal = keeping().journal
    config = RunConfig(journal=journal, budget=config.budget)

    async def run() -> None:
        result = await Runner.run(step, "x", config=config, conversation="c")
        again = await Runner.resume(step, config=config, conversation="c")
        assert (result.partial, again.partial) == (True, True)
        assert missing(result) == missing(again) == {result.path: parts}
        assert is_partial(result.events)
        assert not is_partial(result.events, "turn#1/another#0")

    in_no_time(run())


@pytest.mark.parametrize(
    "step",
    [
        sequential(raw, raw),
        parallel(a=raw, b=raw),
        vote(raw, raw),
        debate(raw, raw, rounds=1),
        refine(raw, echo("critic"), accept=passes, rounds=2),
        fallback(broken, raw),
        echo("agent"),
    ],
    ids=["sequential", "parallel", "vote", "debate", "a draft that did not pass", "a fallback", "agent"],
)
@pytest.mark.parametrize(
    "budget", [None, Budget(turns=100, degrade=(CheaperModel(FunctionModel(lambda request: "x")), PARTIAL))]
)
async def test_a_whole_result_is_not_partial(step: Any, budget: Budget | None):
    result = await Runner.run(step, "x", config=RunConfig(budget=budget))
    assert (result.partial, facts_of(AnsweredInPart, result.events)) == (False, [])


async def test_what_is_around_a_partial_result_is_partial_and_what_is_beside_it_is_not():
    inner: list[bool] = []

    @tool(effect="read")
    async def whole(ctx: ToolContext) -> str:
        result = await Runner.run(parallel(a=raw, b=raw), "x")
        inner.append(result.partial)
        return "whole"

    @tool(effect="read")
    async def half(ctx: ToolContext) -> str:
        result = await Runner.run(parallel(a=raw, b=broken), "x")
        inner.append(result.partial)
        return "half"

    agent = Agent("agent", model=ScriptedModel([call("half"), call("whole"), "done"]), tools=[whole, half])
    result = await Runner.run(sequential(agent, raw), "x")
    assert (result.partial, inner) == (True, [True, False])


async def test_the_next_turn_of_a_conversation_is_not_partial_for_the_last_one_was():
    fails = [True, False]

    async def sometimes(text: str) -> str:
        if fails.pop(0):
            raise ConnectionError("gone")
        return text

    workflow, config = parallel(a=raw, b=sometimes), keeping()
    results = [await Runner.run(workflow, "x", config=config, conversation="c") for _ in range(2)]
    assert [result.partial for result in results] == [True, False]


async def test_a_worker_that_failed_is_told_to_its_manager_and_leaves_no_part_missing():
    manager = Agent("manager", model=ScriptedModel([call("broken", text="x"), "I did it myself"]))
    result = await Runner.run(supervisor(manager, [broken]), "x")
    assert not result.partial


async def test_the_events_of_a_sessions_reply_say_whether_it_is_partial():
    async with Session(parallel(a=raw, b=broken)) as session:
        assert is_partial((await session.send("x")).events)
    async with Session(parallel(a=raw, b=raw)) as session:
        assert not is_partial((await session.send("x")).events)


async def test_a_failure_is_a_value_in_the_result_and_its_reason_stands_in_the_fact():
    result = await Runner.run(parallel(a=raw, b=broken), "x")
    assert isinstance(result.final_output["b"], Failure)
    assert facts_of(AnsweredInPart, result.events) == [AnsweredInPart({"b": "ConnectionError: gone"})]
