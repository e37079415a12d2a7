"""Whatever workflows are made of, and whatever happens: nothing finished is lost, nothing goes on, nothing is done twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from switchroom import RunConfig, Runner
from switchroom.errors import Diverged
from switchroom.events import REPEATABLE, ModelAnswered, RunEvent, StepFailed, StepReturned, ToolReturned
from switchroom.failure import told
from switchroom.journals import MemoryJournal
from switchroom.result import Waiting
from tests.examples import times
from tests.laws.accounts import check
from tests.laws.flows import Flow, Plan, Wild, World, build, flows
from tests.laws.test_nesting import drawn_once
from tests.laws.worlds import CONVERSATION, Died, cut, kept
from tests.virtual import in_no_time


def examples(count: int) -> settings:
    return settings(
        max_examples=times(count),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


class Outcome(NamedTuple):
    """How a run ended: with a value, or with an error of a type that says something."""

    value: Any = None
    error: str = ""
    said: str = ""


async def driven(attempt: Callable[[Sequence[Waiting] | None], Awaitable[Any]], waiting: Sequence[Waiting] | None) -> Outcome:
    """A run driven to its end, persons answering what it asks."""
    for _ in range(40):
        try:
            result = await attempt(waiting)
        except Exception as error:
            return Outcome(None, type(error).__name__, told(error))
        if not result.waiting:
            return Outcome(to_jsonable_python(result.final_output))  # what functions do not declare is given again as JSON
        waiting = result.waiting
    raise AssertionError(f"the run asks for ever: {waiting}")


async def begun(step: Any, world: World, config: RunConfig) -> Outcome:
    """A run from its beginning to its end."""

    async def attempt(waiting: Sequence[Waiting] | None) -> Any:
        if waiting is None:
            return await Runner.run(step, "go", config=config, conversation=CONVERSATION)
        return await Runner.resume(step, conversation=CONVERSATION, config=config, answers=world.person(waiting))

    return await driven(attempt, None)


async def gone_on(step: Any, world: World, config: RunConfig) -> Outcome:
    """A run taken up again, to its end."""

    async def attempt(waiting: Sequence[Waiting] | None) -> Any:
        return await Runner.resume(step, conversation=CONVERSATION, config=config, answers=world.person(waiting or ()))

    return await driven(attempt, None)


class Watch:
    """A listener that sees whether anything goes on below a step that is over."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.left: list[str] = []

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event.fact, StepReturned | StepFailed):
            self.left += [one for one in self._world.running if one.startswith((f"{event.path}/", f"{event.path}:"))]


async def alone(run: Awaitable[Outcome], world: World) -> Outcome:
    """The outcome of a run that has left nothing behind."""
    outcome = await run
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"left behind: {left}"
    assert not world.running
    return outcome


def racing(plan: Plan) -> bool:
    """Whether it depends on time what comes of a plan."""
    return isinstance(plan, Flow) and (plan.quorum is not None or plan.kind == "timed" or any(map(racing, plan.parts)))


async def check_a_run(plan: Flow) -> None:
    """Run a plan to its end, and hold its facts against what they have to say."""
    world, journal = World(), MemoryJournal()
    watch = Watch(world)
    outcome = await alone(
        begun(build(plan, world), world, RunConfig(journal=journal, max_turns=1000, listeners=(watch,))), world
    )
    events = kept(journal)
    check(plan, events, world.failed)
    assert not watch.left
    assert not world.late
    assert all(count == 1 for count in world.happened.values()), "waiting for a person repeated something"
    last = events[-1].fact
    assert isinstance(last, StepFailed if outcome.error else StepReturned)
    if isinstance(last, StepFailed):
        assert outcome.error == last.error


@examples(60)
@given(flows(Wild(timed=True)))
def test_nothing_finished_is_lost_and_each_failure_is_a_fact(plan: Flow):
    in_no_time(check_a_run(plan))


def recorded(events: Sequence[RunEvent]) -> set[str]:
    """The labels of what a journal knows the end of: it must not happen again."""
    labels: set[str] = set()
    answers: dict[str, int] = {}
    for event in events:
        match event.fact:
            case ModelAnswered():
                given = answers.setdefault(event.path, 0)
                answers[event.path] = given + 1
                labels.add(f"{event.path}:{given}")
            case StepReturned():
                labels.add(event.path)
            case ToolReturned(index=index, tool=name, failed=False):
                labels.add(f"{event.path}/{name}#{answers[event.path]}.{index}")
            case _:
                pass
    return labels


async def check_the_cuts(plan: Flow, places: Sequence[int]) -> None:
    """Cut the journal of a run at some places, and go on from there in a fresh world."""
    world, journal = World(), MemoryJournal()
    whole = await begun(build(plan, world), world, RunConfig(journal=journal, max_turns=1000))
    events = kept(journal)
    decided = [at for at, event in enumerate(events) if event.kind in ("quorum_reached", "route_decided")]
    for at in sorted({place % len(events) for place in places} | set(decided[:2])):
        fresh, rest = World(), cut(events[: at + 1])
        outcome = await alone(gone_on(build(plan, fresh), fresh, RunConfig(journal=rest, max_turns=1000)), fresh)
        where = f"cut after {events[at]}"
        assert outcome.error != Diverged.__name__, f"{where}: {outcome.said}"
        if not racing(plan):
            assert outcome == whole, where
        again = set(fresh.happened) & recorded(events[: at + 1])
        assert not again, f"{where}, {again} happened again"
        assert all(count == 1 for count in fresh.happened.values()), where
        assert kept(rest)[: at + 1] == events[: at + 1]
        assert drawn_once(kept(rest)), where
        check(plan, kept(rest), fresh.failed)


@examples(40)
@given(flows(Wild()), st.lists(st.integers(0, 200), min_size=5, max_size=5))
def test_a_workflow_cut_after_any_fact_ends_as_the_uncut_one(plan: Flow, places: list[int]):
    in_no_time(check_the_cuts(plan, places))


class Mortal(MemoryJournal):
    """A journal of a process that dies before it keeps an entry, and keeps nothing after that."""

    def __init__(self, entries: Sequence[RunEvent], last: int) -> None:
        super().__init__()
        if entries:
            super().append(CONVERSATION, entries)
        self._last = last

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events, or die."""
        if events[-1].seq > self._last:
            raise Died
        super().append(conversation, events)


async def check_the_deaths(plan: Flow, lives: Sequence[int]) -> None:
    """Let the process die again and again in one world, and go on each time."""
    world, entries = World(), list[RunEvent]()
    step = build(plan, world)
    for life in [*lives, 10_000]:
        journal = Mortal(entries, len(entries) + life)
        config = RunConfig(journal=journal, max_turns=1000)
        known = {label: world.happened[label] for label in recorded(entries)}
        with contextlib.suppress(Died):
            outcome = await (gone_on(step, world, config) if entries else begun(step, world, config))
            assert outcome.error != Diverged.__name__, outcome.said
        assert not asyncio.all_tasks() - {asyncio.current_task()}
        assert not world.running
        again = [label for label, count in known.items() if world.happened[label] != count]
        assert not again, f"{again} happened again"
        entries = kept(journal)
    check(plan, entries, ())
    twice = [label for label in world.happened if world.happened[label] > 1 and effect_of(plan, label) not in REPEATABLE]
    assert not twice, f"{twice} happened twice"


def effect_of(plan: Plan, label: str) -> str:
    """The effect of the call at a path; "read" of what is none."""
    name = label.rpartition("/")[2].partition("#")[0]
    if isinstance(plan, Flow):
        return next((effect for part in plan.parts if (effect := effect_of(part, label)) != "read"), "read")
    return next((one.effect for one in plan.tools if one.name == name), "read")


@examples(40)
@given(flows(Wild()), st.lists(st.integers(1, 25), max_size=4))
def test_nothing_is_done_twice_however_often_the_process_dies(plan: Flow, lives: list[int]):
    in_no_time(check_the_deaths(plan, lives))


async def check_a_cancellation(plan: Flow, when: float, again: bool) -> None:
    """Cancel a run at some time, and go on after that."""
    world, fresh, journal = World(), World(), MemoryJournal()
    whole = await begun(build(plan, fresh), fresh, RunConfig(journal=MemoryJournal(), max_turns=1000))
    step, config = build(plan, world), RunConfig(journal=journal, max_turns=1000)
    run = asyncio.create_task(begun(step, world, config))
    await asyncio.sleep(when)
    run.cancel()
    if again:
        await asyncio.sleep(0)
        run.cancel()
    await asyncio.wait([run])
    assert not asyncio.all_tasks() - {asyncio.current_task()}
    assert not world.running
    if not kept(journal):
        return
    known = {label: world.happened[label] for label in recorded(kept(journal))}
    outcome = await alone(gone_on(step, world, config), world)
    if not racing(plan):
        assert outcome == whole
    assert not [label for label, count in known.items() if world.happened[label] != count]
    check(plan, kept(journal), ())


@examples(40)
@given(flows(Wild(threads=False, persons=False)), st.floats(0, 12), st.booleans())
def test_a_cancelled_run_leaves_nothing_behind_and_can_be_gone_on_with(plan: Flow, when: float, again: bool):
    in_no_time(check_a_cancellation(plan, when, again))
