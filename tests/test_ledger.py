"""The account of a budget: what waits, what fails, and what is done with less, in its order and also after a death."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, cast

from msgspec.structs import replace

from switchroom import Agent, Budget, RunConfig, Runner, parallel, sequential, vote
from switchroom.budget import CheaperModel, Degradation, FewerVoters
from switchroom.events import BudgetDegraded, ModelAnswered, RunEvent, StepStarted
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.testing import FunctionModel
from switchroom.usage import Usage
from tests.laws.worlds import CONVERSATION, cut, kept, resumed
from tests.virtual import in_no_time


def saying(text: str) -> FunctionModel:
    return FunctionModel(lambda request: text)


def agents(count: int) -> list[Agent[str]]:
    return [Agent(f"agent{place}", model=saying("dear")) for place in range(count)]


def spending(turns: int, *degrade: Degradation) -> RunConfig:
    return RunConfig(budget=Budget(turns=turns, degrade=degrade), journal=MemoryJournal())


async def given(step: Any, config: RunConfig) -> Any:
    return (await Runner.run(step, "go", config=config, conversation=CONVERSATION)).final_output


def test_of_two_cheaper_models_the_second_takes_effect_after_the_first():
    less = (CheaperModel(saying("cheap"), at=0.5), CheaperModel(saying("cheapest"), at=0.75))
    found = in_no_time(given(sequential(*agents(4), state={}), spending(4, *less)))
    assert [found[f"agent{place}"] for place in range(4)] == ["dear", "dear", "cheap", "cheapest"]


def test_a_call_whose_path_begins_as_that_of_one_in_flight_waits_for_it():
    async def answer(request: ModelRequest) -> str:
        await asyncio.sleep(1)
        if request.messages[-1].text == "first":
            raise ConnectionError("the line is down")
        return "answered"

    agent = Agent("agent", model=FunctionModel(answer))

    async def nothing(question: str) -> str:
        return ""

    async def many(question: str, scope: Any) -> str:
        await scope.call(nothing, "", name="agent")
        first = asyncio.ensure_future(scope.call(agent, "first"))
        for _ in range(8):
            await scope.call(nothing, "", name="agent")
        await asyncio.sleep(0.5)
        given = await scope.call(agent, "second")
        await asyncio.wait([first])
        return given

    assert in_no_time(given(many, spending(1))) == "answered"


def test_models_that_run_agents_do_not_wait_for_one_another_for_ever():
    inner = Agent("inner", model=saying("inner"))

    async def answer(request: ModelRequest) -> str:
        await asyncio.sleep(1)
        return (await Runner.run(inner, "go")).final_output

    outer = [Agent(name, model=FunctionModel(answer)) for name in ("one", "other")]
    found = in_no_time(given(parallel(*outer), spending(2)))
    assert [failure.failed for failure in found.failures.values()] == ["BudgetExceeded"]
    assert list(found.results.values()) == ["inner"]


def after_answers(events: list[RunEvent], answers: int) -> MemoryJournal:
    """The journal of a run that died after some answers of models."""
    ends = [place for place, event in enumerate(events) if isinstance(event.fact, ModelAnswered)]
    return cut(events[: ends[answers - 1] + 1])


def test_a_price_that_fails_leaves_nobody_waiting():
    class Strange(FunctionModel):
        name = "known"

        async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
            await asyncio.sleep(1)
            return replace(await super().__call__(request, emit), usage=Usage(1, 10, 10), model="strange")

    prices = {"known": Decimal(1)}
    budget = Budget(money=1.5, price=lambda usage, model: prices[model])
    both = [Agent(name, model=Strange(lambda request: "answered")) for name in ("one", "other")]
    found = in_no_time(given(parallel(*both), RunConfig(budget=budget, journal=MemoryJournal())))
    assert [failure.failed for failure in found.failures.values()] == ["KeyError", "KeyError"]


class Named(FunctionModel):
    """A model that says its own name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__(lambda request: name)
        self.name = name


def by_name(usage: Usage, model: str) -> Decimal:
    return Decimal(usage.total_tokens) if model == "dear" else Decimal(0)


def test_a_cheaper_model_that_took_effect_because_a_call_did_not_fit_stays_after_a_death():
    lengths = {"long": 200, "short": 1}
    step = sequential(*[Agent(name, model=Named("dear"), settings=Settings(max_tokens=most)) for name, most in lengths.items()])
    budget = Budget(money=100, price=by_name, degrade=(CheaperModel(Named("cheap")),))

    async def check() -> None:
        journal = MemoryJournal()
        config = RunConfig(budget=budget, journal=journal)
        assert await given(step, config) == "cheap"
        events = kept(journal)
        again = await resumed(step, RunConfig(budget=budget, journal=after_answers(events, 1)))
        assert again.final_output == "cheap"
        assert [event.kind for event in again.events].count("budget_degraded") == 1

    in_no_time(check())


def test_a_vote_asks_after_a_death_as_many_as_it_had_decided_to():
    few = (FewerVoters(3, at=0.2), FewerVoters(1, at=0.8))
    step = sequential(*agents(2), vote(*agents(4)))

    async def check() -> None:
        config = spending(5, *few)
        await given(step, config)
        journal = after_answers(kept(cast("MemoryJournal", config.journal)), 4)
        again = await resumed(step, RunConfig(budget=config.budget, journal=journal))
        assert len(again.final_output.ballots) == 3

    in_no_time(check())


def test_reductions_stay_in_order_when_the_call_through_which_one_held_fails():
    """The first holds through a call in flight when another call makes the second one hold; then the call in flight fails."""

    async def fails_later(request: ModelRequest) -> str:
        await asyncio.sleep(2)
        raise ConnectionError("no answer")

    async def later(text: str) -> str:
        await asyncio.sleep(1)
        return text

    slow = Agent("slow", model=FunctionModel(fails_later), settings=Settings(max_tokens=700))
    greedy = sequential(later, Agent("greedy", model=saying("dear"), settings=Settings(max_tokens=1000)))
    court = vote(*agents(3)).named("court")
    step = sequential(parallel(slow=slow, greedy=greedy, fine=lambda text: "fine"), court)
    budget = Budget(tokens=1000, degrade=(FewerVoters(1), CheaperModel(saying("cheap"))))

    async def cut_anywhere() -> None:
        journal = MemoryJournal()
        whole = await Runner.run(step, "go", config=RunConfig(budget=budget, journal=journal), conversation=CONVERSATION)
        assert whole.final_output.ballots == {"agent0": "cheap"}
        events = kept(journal)
        applied = [event.fact for event in events if isinstance(event.fact, BudgetDegraded) and event.fact.applied]
        assert [(fact.step, fact.place) for fact in applied[:2]] == [("fewer_voters", 0), ("cheaper_model", 1)]
        for place in range(len(events) - 1):
            rest = cut(events[: place + 1])
            result = await resumed(step, RunConfig(budget=budget, journal=rest))
            asked = {event.path for event in kept(rest) if isinstance(event.fact, StepStarted) and "court#0/" in event.path}
            second = any(isinstance(event.fact, BudgetDegraded) and event.fact.place == 1 for event in events[: place + 1])
            if second:
                assert (result.final_output.ballots, len(asked)) == ({"agent0": "cheap"}, 1), events[place]

    in_no_time(cut_anywhere())
