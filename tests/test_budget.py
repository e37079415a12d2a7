"""Budgets: what may be spent where, what is done with less before anything fails, and how much time everybody has left."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Budget, RunConfig, Runner, Settings, ToolContext, UserError, parallel, sequential, tool
from switchroom.budget import CheaperModel, FewerVoters, PartialAnswer, SkipOptional
from switchroom.errors import BudgetExceeded
from switchroom.events import BudgetDegraded
from switchroom.messages import Message
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.usage import Usage
from switchroom.workflow import budgeted
from tests.helpers import facts_of, keeping, run_of, soon
from tests.virtual import in_no_time
from tests.workflow.cuts import World, agent, echo


class Metered:
    """A model that uses so many tokens for an answer, and holds it back until it is told."""

    name = "test:metered"

    def __init__(self, tokens: int, gate: asyncio.Event | None = None) -> None:
        self.tokens = tokens
        self.gate = gate
        self.asked = 0
        self.at_once = 0
        self.most = 0

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        self.asked += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            else:
                await asyncio.sleep(0)
            return ModelResponse(Message("assistant", "said"), Usage(1, self.tokens, 0), self.name)
        finally:
            self.at_once -= 1


def priced(usage: Usage, model: str) -> Decimal:
    """A dollar for ten tokens."""
    return Decimal(usage.total_tokens) / 10


def speaking(model: Any, name: str = "a", **options: Any) -> Agent[str]:
    return Agent(name, model=model, **options)


# what may be spent ---------------------------------------------------------------------------------------------------


async def test_turns_are_answers_of_models_and_the_next_does_not_fit():
    workflow = sequential(echo("a"), echo("b"), echo("c"))
    with pytest.raises(BudgetExceeded) as error:
        await Runner.run(workflow, "x", config=RunConfig(budget=Budget(turns=2)))
    assert str(error.value) == snapshot(
        "The budget of turns at turn#1/sequential#0 does not allow another call: 2 of 2 are spent. "
        "Give more than Budget(turns=2), or say what is to be done with less: degrade=."
    )
    assert (error.value.resource, error.value.partial) == ("turns", False)
    assert run_of(error.value).usage.requests == 2


async def test_tokens_are_counted_as_the_server_counted_them():
    model = Metered(60)
    workflow = sequential(speaking(model), speaking(model), speaking(model))
    with pytest.raises(BudgetExceeded, match=r"120 of 100 are spent"):
        await Runner.run(workflow, "x", config=RunConfig(budget=Budget(tokens=100)))
    assert model.asked == 2


async def test_a_call_whose_declared_maximum_does_not_fit_is_not_made():
    model = Metered(5)
    with pytest.raises(BudgetExceeded):
        config = RunConfig(budget=Budget(tokens=100))
        await Runner.run(speaking(model, settings=Settings(max_tokens=100)), "hello there", config=config)
    assert model.asked == 0


async def test_money_is_counted_by_a_price_of_ones_own():
    model = Metered(60)
    config = RunConfig(budget=Budget(money=10, price=priced))
    with pytest.raises(BudgetExceeded, match="money"):
        await Runner.run(sequential(*[speaking(model, name) for name in "abc"]), "x", config=config)
    assert model.asked == 2


async def test_calls_at_the_same_time_are_spoken_for_so_that_no_more_are_made_than_fit():
    gate = asyncio.Event()
    model = Metered(1, gate)
    workflow = parallel({str(n): speaking(model, f"a{n}") for n in range(6)})
    running = asyncio.ensure_future(Runner.run(workflow, "x", config=RunConfig(budget=Budget(turns=4))))
    for _ in range(50):
        await asyncio.sleep(0)
    assert model.asked == 4
    gate.set()
    found = (await soon(running)).final_output
    assert (model.asked, len(found.results)) == (4, 4)
    assert {failure.failed for failure in found.failures.values()} == {"BudgetExceeded"}


async def test_a_call_that_does_not_fit_beside_others_waits_for_what_they_give_back():
    model = Metered(1)
    options = {"settings": Settings(max_tokens=60)}
    workflow = parallel({str(n): speaking(model, f"a{n}", **options) for n in range(5)})
    found = (await soon(Runner.run(workflow, "x", config=RunConfig(budget=Budget(tokens=100))))).final_output
    assert (len(found.results), model.most) == (5, 1)


async def test_the_same_step_many_times_waits_for_its_turns_too():
    model = Metered(1)
    worker = speaking(model, settings=Settings(max_tokens=60))

    async def many(text: str, scope: Scope) -> list[str]:
        return await asyncio.gather(*[scope.call(worker, text) for _ in range(12)])

    result = await soon(Runner.run(many, "x", config=RunConfig(budget=Budget(tokens=100))))
    assert result.final_output == ["said"] * 12


async def test_a_call_that_fails_gives_back_what_was_spoken_for():
    tried = 0

    def flaky(request: ModelRequest) -> str:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise ConnectionError("the line is down")
        return "well"

    async def twice(text: str, scope: Scope) -> str:
        try:
            return await scope.call(agent("a", flaky), text)
        except ConnectionError:
            return await scope.call(agent("a", flaky), text)

    assert (await Runner.run(twice, "x", config=RunConfig(budget=Budget(turns=1)))).final_output == "well"


# a tree --------------------------------------------------------------------------------------------------------------


async def test_what_a_part_uses_counts_for_it_and_for_all_around():
    inner = budgeted(sequential(echo("b"), echo("c")), Budget(turns=2))
    result = await Runner.run(sequential(echo("a"), inner), "x", config=RunConfig(budget=Budget(turns=3)))
    assert result.final_output == "c(b(a(x)))"
    with pytest.raises(BudgetExceeded, match=r"at turn#1/sequential#0 "):
        await Runner.run(sequential(echo("a"), inner, echo("d")), "x", config=RunConfig(budget=Budget(turns=3)))
    small = budgeted(sequential(echo("b"), echo("c")), Budget(turns=1))
    with pytest.raises(BudgetExceeded, match=r"at turn#1/sequential#0/budgeted#0/sequential#0 "):
        await Runner.run(sequential(echo("a"), small), "x", config=RunConfig(budget=Budget(turns=9)))


async def test_a_budget_of_a_run_inside_a_tool_holds_there():
    @tool(effect="read")
    async def ask(ctx: ToolContext) -> str:
        try:
            await Runner.run(sequential(echo("b"), echo("c")), "x", config=RunConfig(budget=Budget(turns=1)))
        except BudgetExceeded as error:
            return error.resource
        return "enough"

    boss = Agent("boss", model=ScriptedModel([call("ask"), "done"]), tools=[ask])
    result = await Runner.run(boss, "go", config=RunConfig(budget=Budget(turns=9)))
    assert [message.text for message in result.messages if message.role == "tool"] == ["turns"]


async def test_what_was_spent_before_a_crash_is_spent_and_more_may_be_given():
    world = World()
    workflow, journal = sequential(world.agent("a", "1"), world.agent("b", "2"), world.agent("c", "3")), keeping().journal
    small = RunConfig(journal=journal, budget=Budget(turns=2))
    with pytest.raises(BudgetExceeded):
        await Runner.run(workflow, "x", conversation="c", config=small)
    with pytest.raises(BudgetExceeded):
        await Runner.resume(workflow, conversation="c", config=small)
    assert world.asked == {"a": 1, "b": 1}
    larger = RunConfig(journal=journal, budget=Budget(turns=3))
    assert (await Runner.resume(workflow, conversation="c", config=larger)).final_output == "3"
    assert world.asked == {"a": 1, "b": 1, "c": 1}


async def test_each_turn_of_a_conversation_has_the_budget_anew():
    config = keeping(budget=Budget(turns=1))
    for text in ("one", "two", "three"):
        assert (await Runner.run(sequential(echo()), text, conversation="c", config=config)).final_output == f"echo({text})"


# with less -----------------------------------------------------------------------------------------------------------


async def test_a_cheaper_model_is_given_when_its_turn_has_come_and_that_is_told_once():
    dear, cheap, cheapest = (FunctionModel(lambda request, what=what: what) for what in ("dear", "cheap", "cheapest"))  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    budget = Budget(turns=10, degrade=(CheaperModel(cheap, at=0.3), CheaperModel(cheapest, at=0.6)))
    said: list[str] = []

    async def many(text: str, scope: Scope) -> str:
        for _ in range(8):
            said.append(await scope.call(speaking(dear), text))
        return "done"

    result = await Runner.run(many, "x", config=RunConfig(budget=budget))
    assert said == ["dear"] * 3 + ["cheap"] * 3 + ["cheapest"] * 2
    told = facts_of(BudgetDegraded, result.events)
    assert [(fact.step, fact.share, fact.place) for fact in told] == [("cheaper_model", 0.3, 0), ("cheaper_model", 0.6, 1)]


async def test_what_is_done_with_less_takes_effect_in_order_in_the_second_half():
    seen: list[tuple[int, list[str]]] = []
    budget = Budget(turns=10, degrade=(SkipOptional(), FewerVoters(), PartialAnswer()))

    async def many(text: str, scope: Any) -> str:
        for asked in range(10):
            kinds = [kind.step for kind in (SkipOptional, FewerVoters) if scope.ledger.less(kind) is not None]
            seen.append((asked, kinds))
            await scope.call(echo(), text)
        return "done"

    await Runner.run(many, "x", config=RunConfig(budget=budget))
    assert seen[6] == (6, [])
    assert seen[7] == (7, ["skip_optional"])
    assert seen[9] == (9, ["skip_optional", "fewer_voters"])


async def test_all_that_can_be_done_with_less_is_done_before_a_call_fails():
    dear, cheap = Metered(1), FunctionModel(lambda request: "cheap")
    budget = Budget(tokens=30, degrade=(CheaperModel(cheap, at=0.9),))
    big = speaking(dear, settings=Settings(max_tokens=1_000))
    with pytest.raises(BudgetExceeded) as error:
        await Runner.run(big, "x", config=RunConfig(budget=budget))
    assert [fact.step for fact in facts_of(BudgetDegraded, run_of(error.value).events)] == ["cheaper_model"]


async def test_what_there_is_is_the_answer_when_nothing_more_fits_and_that_is_wanted():
    budget = Budget(turns=2, degrade=(PartialAnswer(),))
    result = await Runner.run(sequential(echo("a"), echo("b"), echo("c")), "x", config=RunConfig(budget=budget))
    assert result.final_output == "b(a(x))"
    assert [(fact.step, fact.resource) for fact in facts_of(BudgetDegraded, result.events)] == [("partial_answer", "turns")]
    state = await Runner.run(sequential(echo("a"), echo("b"), echo("c"), state={}), "x", config=RunConfig(budget=budget))
    assert list(state.final_output) == ["input", "a", "b"]


async def test_a_quorum_is_not_insisted_on_when_what_there_is_is_wanted():
    budget = Budget(turns=1, degrade=(PartialAnswer(),))
    workflow = parallel(a=echo("a"), b=echo("b"), quorum=2, limit=1)
    result = await Runner.run(workflow, "x", config=RunConfig(budget=budget))
    assert list(result.final_output.results) == ["a"]


async def test_the_partial_answer_of_a_part_is_not_that_of_what_is_around_it():
    part = budgeted(echo("b"), Budget(tokens=1, degrade=(PartialAnswer(),)))
    with pytest.raises(BudgetExceeded):
        await Runner.run(sequential(echo("a"), part), "x")


async def test_without_a_first_result_there_is_no_partial_answer():
    budget = Budget(tokens=1, degrade=(PartialAnswer(),))
    with pytest.raises(BudgetExceeded):
        await Runner.run(sequential(echo("a"), echo("b")), "x", config=RunConfig(budget=budget))


# time ----------------------------------------------------------------------------------------------------------------


def remaining_of(*configs: RunConfig) -> list[float | None]:
    """What a step, its agent's model and its tool see of the time that is left, 2 s after the run began."""
    seen: list[float | None] = []

    @tool(effect="read")
    async def look(ctx: ToolContext) -> str:
        seen.append(ctx.remaining)
        return "seen"

    def answer(request: ModelRequest) -> Any:
        seen.append(request.seconds)
        return call("look") if len(request.messages) == 1 else "done"

    async def step(text: str, scope: Scope) -> str:
        await asyncio.sleep(2)
        seen.append(scope.remaining)
        return await scope.call(agent("a", answer, tools=[look]), text)

    async def outer(text: str, scope: Scope) -> str:
        for config in configs[1:]:
            return (await Runner.run(step, text, config=config)).final_output
        return await scope.call(step, text)

    in_no_time(Runner.run(outer, "x", config=configs[0]))
    return seen


def test_steps_models_and_tools_see_the_time_that_is_left_until_the_nearest_deadline():
    assert remaining_of(RunConfig()) == [None, None, None, None]
    assert remaining_of(RunConfig(deadline=10)) == [8, 8, 8, 8]
    assert remaining_of(RunConfig(budget=Budget(seconds=5))) == [3, 3, 3, 3]
    assert remaining_of(RunConfig(deadline=10, budget=Budget(seconds=5))) == [3, 3, 3, 3]
    assert remaining_of(RunConfig(deadline=10), RunConfig(deadline=4)) == [2, 2, 2, 2]
    assert remaining_of(RunConfig(deadline=10), RunConfig(deadline=40)) == [8, 8, 8, 8]


def test_what_is_cut_for_an_answer_sees_the_time_until_the_cut():
    seen: list[float | None] = []

    async def branch(text: str, scope: Scope) -> str:
        seen.append(scope.remaining)
        return text

    async def join(found: Any, scope: Scope) -> str:
        seen.append(scope.remaining)
        return "joined"

    budget = Budget(seconds=10, degrade=(PartialAnswer(at=0.8),))
    in_no_time(Runner.run(parallel(branch, join=join), "x", config=RunConfig(budget=budget)))
    assert seen == [8, 10]


def test_when_the_seconds_are_over_the_run_is_and_nothing_of_it_goes_on():
    ended: list[str] = []

    async def slow(text: str) -> str:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("slow")
        return text

    async def run() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(BudgetExceeded, match="5 s are over"):
            await Runner.run(parallel(slow, sequential(slow)), "x", config=RunConfig(budget=Budget(seconds=5)))
        return loop.time() - began

    assert in_no_time(run()) == 5
    assert ended == ["slow", "slow"]


def test_what_begins_when_its_time_is_over_asks_no_model():
    world = World()

    async def slow(text: str) -> str:
        await asyncio.sleep(100)
        return text

    config = RunConfig(budget=Budget(seconds=10, degrade=(PartialAnswer(),)))
    workflow = parallel(a=slow, b=world.agent("b", "never"), c=sequential(world.agent("c", "never")), limit=1)
    result = in_no_time(Runner.run(workflow, "x", config=config))
    assert [failure.failed for failure in result.final_output.failures.values()] == ["BudgetExceeded"] * 3
    assert not world.asked


def test_the_seconds_of_a_budget_are_those_of_one_attempt():
    waited = False

    async def slow(text: str) -> str:
        if not waited:
            await asyncio.sleep(100)
        await asyncio.sleep(3)
        return "done"

    async def run() -> Any:
        nonlocal waited
        config = keeping(budget=Budget(seconds=5))
        with pytest.raises(BudgetExceeded):
            await Runner.run(sequential(slow), "x", conversation="c", config=config)
        waited = True
        await asyncio.sleep(1_000)
        return (await Runner.resume(sequential(slow), conversation="c", config=config)).final_output

    assert in_no_time(run()) == "done"


# bad input -----------------------------------------------------------------------------------------------------------


unchecked: Any = Budget  # as a caller without a type checker has it
cheaper: Any = CheaperModel
fewer: Any = FewerVoters
step: Any = budgeted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(), "limits nothing"),
        (lambda: unchecked(turns=0), "turns=0"),
        (lambda: unchecked(turns=-1), "turns=-1"),
        (lambda: unchecked(turns=1.5), "whole number"),
        (lambda: unchecked(turns=True), "turns=True"),
        (lambda: unchecked(tokens="many"), "tokens='many'"),
        (lambda: unchecked(money=-0.5), "money=-0.5"),
        (lambda: unchecked(money=Decimal("NaN")), "NaN"),
        (lambda: unchecked(seconds=float("inf")), "seconds=inf"),
        (lambda: unchecked(seconds=-3), "seconds=-3"),
        (lambda: unchecked(turns=1, degrade=("fewer",)), "holds 'fewer'"),
        (lambda: unchecked(turns=1, degrade=SkipOptional(at=2)), "at="),
        (lambda: unchecked(turns=1, degrade=SkipOptional(at="x")), "at='x'"),  # pyright: ignore[reportArgumentType]
        (lambda: unchecked(turns=1, degrade=fewer(0)), "at least 1 voter"),
        (lambda: unchecked(turns=1, degrade=fewer("two")), "count='two'.*at least 1 voter"),
        (lambda: unchecked(turns=1, degrade=cheaper(5)), "model"),
        (lambda: RunConfig(deadline=-1), "deadline=-1"),
        (lambda: RunConfig(deadline=0), "deadline=0"),
        (lambda: RunConfig(budget=5), "budget=5"),  # pyright: ignore[reportArgumentType]
        (lambda: step(echo(), 5), "give Budget"),
        (lambda: step(5, Budget(turns=1)), "budgeted is 5"),
    ],
)
def test_what_limits_nothing_or_no_number_is_refused(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
