"""Whatever a run does, and however it ends, its spans are sound: each that began ends, within its parent."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from switchroom import RunConfig, Runner, RunResult
from switchroom.events import Fact, RunEvent, TextDelta, TurnStarted
from switchroom.journals import MemoryJournal
from switchroom.tracing.tracer import Tracer
from tests.examples import times
from tests.laws.facts import facts
from tests.laws.plans import Plan, World, build, plans
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, cut, kept, resumed
from tests.tracing.book import Book, late

EXAMPLES = settings(
    max_examples=times(10),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


def traced(journal: MemoryJournal, book: Book) -> RunConfig:
    """A run that may go far, and is traced."""
    return RunConfig(journal=journal, max_turns=1000, trace_processors=(book,), trace_include_sensitive_data=True)


def check(book: Book, result: RunResult[Any]) -> None:
    """All is sound, and the models' answers are told as the result has them."""
    assert not book.faults()
    assert not late(book.spans)
    assert {trace.trace_id for trace in book.traces} == {result.trace_id}
    assert [trace.metadata["attempt"] for trace in book.traces] == list(range(1, len(book.traces) + 1))
    assert len(book.of("generation")) == result.usage.requests
    for span in book.spans:
        assert msgspec.json.decode(msgspec.json.encode(span)) == msgspec.to_builtins(span), "spans are JSON"


async def check_the_run(plan: Plan) -> None:
    """Run the plan, a person answering, and look at the book."""
    world, journal, book = World(), MemoryJournal(), Book()
    step, config = build(plan, world), traced(journal, book)
    result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
    if result.waiting:
        assert book.of("turn")[0].outcome == "waiting"
        result = await resumed(step, config, world.person, result.waiting)
    check(book, result)
    turns = [span.outcome for span in book.of("turn")]
    assert turns == ["waiting"] * (len(turns) - 1) + ["done"]
    assert not [span for span in book.spans if span.outcome == "cancelled"], "nothing was cut off"


@EXAMPLES
@given(plans())
def test_the_spans_of_any_nesting_are_sound(plan: Plan):
    asyncio.run(check_the_run(plan))


async def check_the_ends(plan: Plan) -> None:
    """What started and what ended is told of each tool and step, once in each attempt."""
    book, journal = Book(), MemoryJournal()
    result = await Runner.run(build(plan, World()), "go", config=traced(journal, book), conversation=CONVERSATION)
    events = kept(journal)
    started = [event for event in events if event.kind in ("tool_started", "step_started", "handoff_committed")]
    assert len(started) == sum(span.kind in ("tool", "step", "agent") for span in book.spans)
    assert result.final_output is not None


@EXAMPLES
@given(plans(approvals=False))
def test_each_step_each_call_and_each_agent_has_a_span(plan: Plan):
    asyncio.run(check_the_ends(plan))


async def check_after_deaths(plan: Plan, share: float) -> None:
    """Let the process die at an entry, and trace the rest."""
    whole = MemoryJournal()
    world, unseen = World(), RunConfig(journal=whole, max_turns=1000)
    step = build(plan, world)
    first = await Runner.run(step, "go", config=unseen, conversation=CONVERSATION)
    if first.waiting:
        await resumed(step, unseen, world.person, first.waiting)
    at = 2 + int(share * (len(kept(whole)) - 2))

    world, book = World(), Book()
    step, journal = build(plan, world), DyingJournal(lambda event: event.seq == at)
    config = traced(journal, book)
    try:
        result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
    except Died:
        assert book.of("turn")[0].error == "Died: "
        result = await resumed(step, config, world.person)
    else:
        if result.waiting:
            try:
                result = await resumed(step, config, world.person, result.waiting)
            except Died:
                result = await resumed(step, config, world.person)
    assert not book.faults()
    assert not late(book.spans)
    assert {trace.trace_id for trace in book.traces} == {result.trace_id}


@EXAMPLES
@given(plans(), st.floats(0, 1, exclude_max=True))
def test_the_spans_of_a_run_that_died_and_was_resumed_are_sound_and_of_one_trace(plan: Plan, share: float):
    asyncio.run(check_after_deaths(plan, share))


async def check_after_a_fault(plan: Plan) -> None:
    """Let the world break once over some of the things that happen."""
    world = World()
    step = build(plan, world)
    config = RunConfig(journal=MemoryJournal(), max_turns=1000)
    result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
    if result.waiting:
        await resumed(step, config, world.person, result.waiting)
    labels = sorted(label for label in world.happened if "=" not in label)
    for label in labels[:: 1 + len(labels) // 6]:
        broken, book, failed = World(breaks=label), Book(), ""
        step, config = build(plan, broken), traced(MemoryJournal(), book)
        waiting: Any = None
        for _ in range(60):
            try:
                if waiting is None:
                    result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
                else:
                    answers = broken.person(waiting)
                    result = await Runner.resume(step, conversation=CONVERSATION, config=config, answers=answers)
            except ConnectionError as error:
                failed = str(error)
                waiting = ()
                continue
            if not result.waiting:
                break
            waiting = result.waiting
        assert not book.faults()
        assert not late(book.spans)
        # What fails behind a call that waits for a person is tried again when the answer is there, and is not raised.
        errors = [span.error for span in book.of("turn") if span.outcome == "failed"]
        assert errors == ([f"ConnectionError: {failed}"] if failed else [])


@settings(EXAMPLES, max_examples=times(5))
@given(plans())
def test_the_spans_are_sound_after_a_fault_of_the_world_anywhere(plan: Plan):
    asyncio.run(check_after_a_fault(plan))


@EXAMPLES
@given(plans())
def test_a_journal_that_was_cut_anywhere_is_gone_on_with_in_sound_spans(plan: Plan):
    async def go_on() -> None:
        world, journal = World(), MemoryJournal()
        step, config = build(plan, world), RunConfig(journal=journal, max_turns=1000)
        result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
        if result.waiting:
            await resumed(step, config, world.person, result.waiting)
        events = kept(journal)
        for at in range(1, len(events), max(1, len(events) // 8)):
            fresh, book = World(), Book()
            await resumed(build(plan, fresh), traced(cut(events[:at]), book), fresh.person)
            assert not book.faults(), f"cut after entry {at}: {events[at - 1]}"
            assert not late(book.spans)

    asyncio.run(go_on())


PATHS = ["turn#1", "turn#1/a#0", "turn#1/a#0/b#1.0", "turn#1/a#0/b#1.0/c#0", "turn#1/a#0/on_input0#0.0/d#0", "turn#1/a#0/e#0"]
FACTS = facts().filter(lambda fact: getattr(fact, "error", "Error") != "") | st.just(TextDelta("x"))


@settings(max_examples=times(40), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(st.sampled_from(PATHS), FACTS, st.floats(0, 100)), max_size=12), st.booleans())
def test_no_order_of_facts_whatever_they_hold_makes_the_spans_unsound(
    noted: list[tuple[str, Fact | Any, float]], sensitive: bool
):
    book = Book()
    tracer = Tracer((book,), "", sensitive)
    tracer.begin("c")
    tracer(RunEvent("turn#1", TurnStarted(1, 1, "a"), 1, 50.0))
    for path, fact, at in noted:
        if not isinstance(fact, TurnStarted):
            tracer(RunEvent(path, fact, 1, at))
    tracer.close()
    assert not book.faults()
    assert not late(book.spans)
