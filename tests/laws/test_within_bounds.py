"""Budgets are not overspent and deadlines hold, at every level of any nesting, and what was done with less stays so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from switchroom import Budget, RunConfig
from switchroom.budget import FewerVoters, PartialAnswer
from switchroom.errors import DeadlineExceeded
from switchroom.events import BudgetDegraded, ModelAnswered, RunEvent, StepFailed, StepStarted
from switchroom.journals import MemoryJournal
from tests.laws.accounts import check
from tests.laws.flows import CHEAPER, Flow, Leaf, Plan, Wild, World, budgets, build, flows
from tests.laws.test_workflows import Watch, alone, begun, examples, gone_on, racing
from tests.laws.worlds import cut, kept
from tests.virtual import in_no_time

TIMED = Wild(timed=True, persons=False, threads=False)
SPENT = Wild(budgets=True, persons=False, threads=False)


async def check_the_deadline(plan: Flow, seconds: float) -> None:
    """Run a plan with a deadline, and go on after it without one."""
    world, journal = World(), MemoryJournal()
    watch = Watch(world)
    step, loop = build(plan, world), asyncio.get_running_loop()
    config = RunConfig(journal=journal, max_turns=1000, deadline=seconds, listeners=(watch,))
    began = loop.time()
    outcome = await alone(begun(step, world, config), world)
    assert loop.time() - began <= seconds + 0.05
    assert not world.late
    assert not watch.left
    events = kept(journal)
    check(plan, events, world.failed)
    if outcome.error == DeadlineExceeded.__name__:
        assert isinstance(events[-1].fact, StepFailed)
        fresh = World()
        whole = await begun(build(plan, fresh), fresh, RunConfig(journal=MemoryJournal(), max_turns=1000))
        outcome = await alone(gone_on(step, world, RunConfig(journal=journal, max_turns=1000)), world)
        if not racing(plan):
            assert outcome == whole
        check(plan, kept(journal), world.failed)


@examples(60)
@given(flows(TIMED), st.floats(0.1, 12))
def test_deadlines_hold_at_every_level_and_the_next_attempt_goes_on(plan: Flow, seconds: float):
    in_no_time(check_the_deadline(plan, seconds))


def accounts(plan: Plan, budget: Budget) -> dict[str, Budget]:
    """The budgets that hold in a plan, by the name of what they hold for."""
    held = {plan.name: budget}
    for part in plan.parts if isinstance(plan, Flow) else ():
        held |= accounts(part, plan.budget if isinstance(plan, Flow) and plan.budget is not None else NONE)
    return {name: one for name, one in held.items() if one is not NONE}


NONE = Budget(turns=10_000)


def check_the_spending(events: Sequence[RunEvent], held: dict[str, Budget]) -> None:
    """No budget is overspent: what calls use is what they declared."""
    for path in {event.path for event in events if isinstance(event.fact, StepStarted)}:
        budget = held.get(name_of(path))
        if budget is None:
            continue
        answers = [
            one.fact.usage for one in events if isinstance(one.fact, ModelAnswered) and f"{one.path}/".startswith(f"{path}/")
        ]
        assert len(answers) <= (budget.turns or 10_000), f"{path} is given {budget.turns} turns"
        assert sum(usage.total_tokens for usage in answers) <= (budget.tokens or 10_000), (
            f"{path} is given {budget.tokens} tokens"
        )


def name_of(path: str) -> str:
    return path.rpartition("/")[2].partition("#")[0]


def check_what_is_done_with_less(events: Sequence[RunEvent], plans: dict[str, Flow], held: dict[str, Budget]) -> None:
    """Each thing is done in its order, and a workflow that does with less does so in all attempts."""
    told: dict[str, set[int]] = {}
    for event in events:
        match event.fact:
            case BudgetDegraded(step=step, budget=account, place=place, share=share, applied=True) if step != "partial_answer":
                rules = held[name_of(account)].degrade
                earlier = {one for one in range(place) if not isinstance(rules[one], PartialAnswer)}
                assert share >= 0.5 or earlier <= told.get(account, set()), f"{event} comes before its turn"
                told.setdefault(account, set()).add(place)
                flow = plans.get(name_of(event.path))
                if flow is not None and flow.kind in ("vote", "parallel"):
                    begun = {name_of(one.path) for one in events if one.path.rpartition("/")[0] == event.path}
                    assert not begun & left_out(flow, rules[place]), f"{event} was not kept to"
            case _:
                pass


def left_out(flow: Flow, rule: Any) -> set[str]:
    """The parts that are not to be begun, by what is done with less."""
    if isinstance(rule, FewerVoters):
        voters = flow.names[:-1] if flow.last else flow.names
        return set(voters[rule.count :])
    return {flow.names[0]}


def flows_in(plan: Plan) -> dict[str, Flow]:
    """The workflows of a plan, by name."""
    if not isinstance(plan, Flow):
        return {}
    return {plan.name: plan} | {name: flow for part in plan.parts for name, flow in flows_in(part).items()}


async def check_the_budgets(plan: Flow, budget: Budget, places: Sequence[int]) -> None:
    """Run a plan within budgets, cut it at some places, and go on within the same budgets."""
    world, journal = World(), MemoryJournal()
    watch = Watch(world)
    held, plans = accounts(plan, budget), flows_in(plan)
    config = RunConfig(journal=journal, max_turns=1000, budget=budget, listeners=(watch,))
    await alone(begun(build(plan, world), world, config), world)
    events = kept(journal)
    check(plan, events, world.failed)
    check_the_spending(events, held)
    check_what_is_done_with_less(events, plans, held)
    assert not watch.left
    for at in sorted({place % len(events) for place in places}):
        fresh, rest = World(), cut(events[: at + 1])
        config = RunConfig(journal=rest, max_turns=1000, budget=budget)
        outcome = await alone(gone_on(build(plan, fresh), fresh, config), fresh)
        assert outcome.error != "Diverged", outcome.said
        check(plan, kept(rest), fresh.failed)
        check_the_spending(kept(rest), held)
        check_what_is_done_with_less(kept(rest), plans, held)


AGENTS = tuple(Leaf("agent", f"agent{number}") for number in range(3))
FAILING = tuple(Leaf("agent", f"agent{number}", fault="value") for number in range(3))
CODE = (Leaf("async", "async1"), Leaf("async", "async2"))
VOTE_AFTER_ALL_IS_SPENT = Flow("sequential", "sequential1", (AGENTS[0], Flow("vote", "vote1", CODE)))
QUORUM_BEYOND_THE_BUDGET = Flow("parallel", "parallel1", AGENTS, quorum=2)


@examples(60)
@example(VOTE_AFTER_ALL_IS_SPENT, Budget(turns=1, degrade=(FewerVoters(1),)), [])
@example(QUORUM_BEYOND_THE_BUDGET, Budget(turns=1, degrade=(PartialAnswer(),)), [])
@example(Flow("supervisor", "supervisor1", FAILING), Budget(turns=4, degrade=(CHEAPER,)), [])
@given(flows(SPENT), budgets(), st.lists(st.integers(0, 200), max_size=3))
def test_budgets_are_not_overspent_and_what_is_done_with_less_stays_so(plan: Flow, budget: Budget, places: list[int]):
    in_no_time(check_the_budgets(plan, budget, places))
