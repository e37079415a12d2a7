"""However steps are nested, a run cut off anywhere ends as the uncut one did, and does nothing again that is recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from switchroom import Agent, RunConfig, Runner, RunResult, tool
from switchroom.conversation import Conversation
from switchroom.events import Fact, ModelAnswered, RunEvent, ValueDrawn
from switchroom.journals import MemoryJournal
from switchroom.testing import call
from tests.examples import times
from tests.laws.plans import Plan, World, build, plans, recorded
from tests.laws.worlds import CONVERSATION, answering, cut, finished, kept, resumed, texts

EXAMPLES = settings(
    max_examples=times(10),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


def config(journal: MemoryJournal) -> RunConfig:
    """A run that may go far."""
    return RunConfig(journal=journal, max_turns=1000)


async def uncut(plan: Plan) -> tuple[RunResult[Any], list[RunEvent], World]:
    """The run as it goes when nothing goes wrong, a person answering what it asks."""
    world, journal = World(), MemoryJournal()
    step = build(plan, world)
    result = await Runner.run(step, "go", config=config(journal), conversation=CONVERSATION)
    if result.waiting:
        result = await resumed(step, config(journal), world.person, result.waiting)
    return result, kept(journal), world


def drawn_once(events: Sequence[RunEvent]) -> bool:
    """Whether no step drew a value again that it had drawn before."""
    draws = Counter((event.path, event.fact.source) for event in events if isinstance(event.fact, ValueDrawn))
    return all(count == 1 for count in draws.values())


async def check_every_cut(plan: Plan) -> None:
    """Cut the journal after each of its entries, and go on from there in a fresh world."""
    whole, events, world = await uncut(plan)
    assert all(count == 1 for count in world.happened.values()), "waiting for a person repeated something"
    assert drawn_once(events)
    for at in range(1, len(events) + 1):
        fresh = World()
        step = build(plan, fresh)
        journal = cut(events[:at])
        result = await resumed(step, config(journal), fresh.person)
        again = set(fresh.happened) & recorded(events[:at])
        assert result.final_output == whole.final_output, f"cut after entry {at}: {events[at - 1]}"
        assert not again, f"cut after entry {at}, {sorted(again)} happened again"
        assert kept(journal)[:at] == events[:at]
        assert drawn_once(kept(journal)), f"cut after entry {at}"
        assert all(count == 1 for count in fresh.happened.values()), f"cut after entry {at}"


@settings(EXAMPLES, max_examples=times(6))
@given(plans())
def test_a_run_cut_after_any_fact_ends_as_the_uncut_one(plan: Plan):
    asyncio.run(check_every_cut(plan))


def facts_of_run(error: Exception) -> list[Fact]:
    """What the run had come to when it failed."""
    run: RunResult[Any] = vars(error)["run"]
    return run.facts


async def check_every_fault(plan: Plan) -> None:
    """Let the world break once over each thing that happens, and go on when it is whole again."""
    whole, _, world = await uncut(plan)
    for label in sorted(label for label in world.happened if "=" not in label):
        broken = World(breaks=label)
        journal = MemoryJournal()
        step = build(plan, broken)
        waiting: Any = None
        for _ in range(60):
            try:
                if waiting is None:
                    result = await Runner.run(step, "go", config=config(journal), conversation=CONVERSATION)
                else:
                    answers = broken.person(waiting)
                    result = await Runner.resume(step, conversation=CONVERSATION, config=config(journal), answers=answers)
            except ConnectionError as error:
                carried = facts_of_run(error)
                assert carried == [event.fact for event in kept(journal)]
                waiting = ()
                continue
            if not result.waiting:
                break
            waiting = result.waiting
        else:
            raise AssertionError(f"after the world broke at {label} the run never ended")
        assert result.final_output == whole.final_output, f"after the world broke at {label}"
        repeated = {one for one, count in broken.happened.items() if count > 1 and one in recorded(kept(journal))}
        assert not repeated, f"after the world broke at {label}, {repeated} happened again"


@EXAMPLES
@given(plans())
def test_a_run_ends_as_it_would_have_after_a_fault_of_the_world_anywhere(plan: Plan):
    asyncio.run(check_every_fault(plan))


async def check_the_fold(plan: Plan) -> None:
    """What the run knew at its end is what its journal says, entry by entry or all at once."""
    result, events, _ = await uncut(plan)
    folded = Conversation().after(events)
    one_by_one = Conversation()
    for event in events:
        one_by_one = one_by_one.after([event])
    assert one_by_one == folded
    assert folded.seq == len(events)
    if result.messages:
        assert list(folded.state.history) == list(result.messages)
        assert result.last_agent is not None
        assert folded.state.agent == result.last_agent.name
    assert result.usage.requests == sum(isinstance(event.fact, ModelAnswered) for event in events)
    assert sum(usage.requests for usage in result.by_agent.values()) == result.usage.requests


@EXAMPLES
@given(plans())
def test_the_order_of_a_live_history_is_the_order_of_the_replayed_one(plan: Plan):
    asyncio.run(check_the_fold(plan))


async def check_the_next_turn(plan: Plan) -> None:
    """The next turn goes the same from a fold that the process remembers and from one read anew."""
    world, journal = World(), MemoryJournal()
    step = build(plan, world)
    first = await Runner.run(step, "go", config=config(journal), conversation=CONVERSATION)
    if first.waiting:
        await resumed(step, config(journal), world.person, first.waiting)
    anew = cut(kept(journal))
    here = await Runner.run(step, "and now?", config=config(journal), conversation=CONVERSATION)
    there = await Runner.run(build(plan, World()), "and now?", config=config(anew), conversation=CONVERSATION)

    assert here.final_output == there.final_output
    assert list(here.messages) == list(there.messages)
    assert here.turn == there.turn == 2


@EXAMPLES
@given(plans(approvals=False))
def test_the_next_turn_is_the_same_in_this_process_and_in_another(plan: Plan):
    asyncio.run(check_the_next_turn(plan))


async def test_results_enter_the_history_in_call_order_whatever_order_they_come_in():
    turns = [asyncio.Event() for _ in range(4)]

    @tool(effect="read")
    async def wait_for(place: int) -> str:
        if place < 3:
            await turns[place + 1].wait()
        turns[place].set()
        return f"result {place}"

    agent = Agent("agent", tools=[wait_for], model=answering([call("wait_for", place=place) for place in range(4)], "done"))
    journal = MemoryJournal()
    live = await finished(agent, "go", config(journal))
    events = kept(journal)

    returned = [event.text for event in events if event.kind == "tool_returned"]
    assert returned == ["result 3", "result 2", "result 1", "result 0"]
    assert texts(live.messages) == ["result 0", "result 1", "result 2", "result 3"]
    assert list(Conversation().after(events).state.history) == list(live.messages)
