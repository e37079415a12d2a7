"""Whatever was recorded plays: the same facts, no model asked, no tool's body run, wherever it was cut off and gone on with."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from switchroom import RunConfig, Runner, RunResult
from switchroom.events import RunEvent, ValueDrawn
from switchroom.journals import MemoryJournal
from switchroom.testing import Cassette, Played
from tests.examples import times
from tests.laws.plans import Plan, World, build, concurrent, plans
from tests.laws.test_streams import told
from tests.laws.worlds import CONVERSATION, cut, kept, resumed
from tests.patience import HANGS_S

EXAMPLES = settings(
    max_examples=times(15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


class Writes(MemoryJournal):
    """A journal that knows where a write ended: a crash cuts between writes, never through one."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[int] = []

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events, and where they ended."""
        super().append(conversation, events)
        self.ends.append(events[-1].seq)


def config(journal: MemoryJournal | None = None) -> RunConfig:
    """A run that may go far."""
    return RunConfig(journal=journal, max_turns=1000)


async def uncut(plan: Plan) -> tuple[RunResult[Any], Writes]:
    """The run as it goes when nothing goes wrong, a person answering what it asks."""
    world, journal = World(), Writes()
    step = build(plan, world)
    result = await Runner.run(step, "go", config=config(journal), conversation=CONVERSATION)
    if result.waiting:
        result = await resumed(step, config(journal), world.person, result.waiting)
    return result, journal


async def played(cassette: Cassette, plan: Plan) -> Played:
    """The cassette played in a fresh world, in which nothing happens but what functions do that are steps."""
    world = World()
    outcome = await asyncio.wait_for(cassette.play(build(plan, world), config=config()), HANGS_S)
    assert not [label for label in world.happened if "=" not in label], "a model was asked, or a tool's body ran"
    return outcome


def facts_of(events: Sequence[RunEvent]) -> Counter[tuple[str, bytes]]:
    """Facts and where they happened, without when."""
    return Counter(told(list(events)))


def drawn(events: Sequence[RunEvent]) -> Counter[tuple[str, str]]:
    """What was drawn from chance, and where."""
    return Counter((event.path, event.fact.value) for event in events if isinstance(event.fact, ValueDrawn))


async def check_the_facts(plan: Plan) -> None:
    """Play an uncut run, and play what was played."""
    whole, journal = await uncut(plan)
    cassette = Cassette.from_journal(journal, CONVERSATION)
    again = await played(cassette, plan)

    assert again.result.final_output == whole.final_output
    assert again.result.usage == whole.usage
    assert list(again.result.messages) == list(whole.messages)
    assert facts_of(again.events) == facts_of(cassette.events)
    assert drawn(again.events) == drawn(cassette.events)
    if not concurrent(plan):
        assert told(list(again.events)) == told(list(cassette.events))
    once_more = await played(Cassette(CONVERSATION, tuple(again.events)), plan)
    assert facts_of(once_more.events) == facts_of(cassette.events)


@EXAMPLES
@given(plans())
def test_a_run_that_is_played_notes_the_same_facts_and_touches_nothing(plan: Plan):
    asyncio.run(check_the_facts(plan))


async def check_the_cuts(plan: Plan, chance: random.Random) -> None:
    """Cut the record after some of its writes; play what is left, and what became of it when it was gone on with."""
    _, journal = await uncut(plan)
    events = kept(journal)
    for at in chance.sample(journal.ends, min(5, len(journal.ends))):
        left = await played(Cassette(CONVERSATION, tuple(events[:at])), plan)
        assert facts_of(left.events) == facts_of(events[:at])

        world, mended = World(), cut(events[:at])
        whole = await resumed(build(plan, world), config(mended), world.person)
        again = await played(Cassette.from_journal(mended, CONVERSATION), plan)
        assert again.result.final_output == whole.final_output
        assert facts_of(again.events) == facts_of(kept(mended))


@settings(EXAMPLES, max_examples=times(10))
@given(plans(), st.randoms(use_true_random=False))
def test_a_record_that_breaks_off_plays_to_its_end_and_one_that_was_gone_on_with_as_well(plan: Plan, chance: random.Random):
    asyncio.run(check_the_cuts(plan, chance))


async def check_the_faults(plan: Plan, chance: random.Random) -> None:
    """Let the world break over things that happen; play the failure, and what became of it when the world was whole again."""
    world = World()
    await Runner.run(build(plan, world), "go", config=config())
    labels = sorted(label for label in world.happened if "=" not in label)
    for label in chance.sample(labels, min(4, len(labels))):
        broken, journal = World(breaks=label), MemoryJournal()
        step = build(plan, broken)
        try:
            await Runner.run(step, "go", config=config(journal), conversation=CONVERSATION)
            continue  # what failed before it in call order is what the run heard of
        except ConnectionError:
            pass
        failed = await played(Cassette.from_journal(journal, CONVERSATION), plan)
        assert isinstance(failed.error, ConnectionError)
        assert facts_of(failed.events) == facts_of(kept(journal))

        whole = await resumed(step, config(journal), broken.person)
        again = await played(Cassette.from_journal(journal, CONVERSATION), plan)
        assert again.error is None
        assert again.result.final_output == whole.final_output
        assert facts_of(again.events) == facts_of(kept(journal))


@settings(EXAMPLES, max_examples=times(10))
@given(plans(approvals=False), st.randoms(use_true_random=False))
def test_a_failure_on_record_is_a_failure_again_and_is_tried_again_where_it_was(plan: Plan, chance: random.Random):
    asyncio.run(check_the_faults(plan, chance))
