"""Branches at the same time: what each gave or failed with, how many are enough, and what puts them together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Budget, RunConfig, Runner, UserError, parallel, sequential, tool
from switchroom.budget import SkipOptional
from switchroom.errors import QuorumNotReached
from switchroom.events import QuorumReached, StepFailed
from switchroom.step import Scope
from switchroom.testing import call, transcript
from switchroom.workflow import Branches, Failure
from tests.helpers import asked_by_person, facts_of, keeping, last, run_of, soon
from tests.laws.worlds import Died, DyingJournal
from tests.patience import HANGS_S
from tests.workflow.cuts import World, agent, echo, failing


class Report(BaseModel):
    """What a branch finds."""

    title: str
    pages: int = 1


def hanging(name: str, ended: list[str], begun: asyncio.Event | None = None) -> Any:
    """A step that never ends by itself, and says when it was stopped."""

    async def hang(input: Any) -> str:
        if begun is not None:
            begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)
        return name

    hang.__name__ = name
    return hang


def left() -> set[asyncio.Task[Any]]:
    """Tasks that are still there beside the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


# results and failures ------------------------------------------------------------------------------------------------


async def test_branches_run_at_the_same_time_on_one_input():
    both = asyncio.Barrier(2)

    def meeting(name: str) -> Any:
        async def meet(text: str) -> str:
            await both.wait()
            return f"{name}: {text}"

        return meet

    result = await soon(Runner.run(parallel(a=meeting("a"), b=meeting("b")), "go"))
    assert result.final_output == {"a": "a: go", "b": "b: go"}


async def test_a_transcript_of_branches_stands_in_their_order_whoever_was_quicker():
    second_done = asyncio.Event()

    async def slow(text: str) -> str:
        await second_done.wait()
        return "slow"

    async def quick(text: str) -> str:
        second_done.set()
        return "quick"

    def merge(found: Branches) -> str:
        return ", ".join(f"{name}={value}" for name, value in found.items())

    workflow = parallel(a=slow, b=failing("b", lambda: ConnectionError("gone")), c=quick, join=merge)
    result = await soon(Runner.run(workflow, "go"))
    assert result.final_output == "a=slow, b=ConnectionError: gone, c=quick"
    assert transcript(result) == snapshot("""\
parallel is given "go"
  a begins with "go"
  a returns "slow"
  b begins, person: "go"
  b fails with ConnectionError: gone
  c begins with "go"
  c returns "quick"
  merge begins with {"a":"slow","b":{"failed":"ConnectionError","message":"gone","path":"turn#1/parallel#0/b#0"},"c":"quick"}
  merge returns "a=slow, b=ConnectionError: gone, c=quick"
parallel returns "a=slow, b=ConnectionError: gone, c=quick"\
""")


async def test_failures_are_values_beside_the_results_and_each_is_a_fact():
    result = await Runner.run(parallel(good=echo("good"), bad=failing("bad")), "go")
    found = result.final_output
    assert found.results == {"good": "good(go)"}
    assert found.failures == {"bad": Failure("ConnectionError", "the line is down", "turn#1/parallel#0/bad#0")}
    assert [fact.error for fact in facts_of(StepFailed, result.events)] == ["ConnectionError"]


async def test_a_branch_that_cancels_itself_is_a_failure_and_a_fact():
    async def gives_up(text: str) -> str:
        raise asyncio.CancelledError

    result = await Runner.run(parallel(good=echo("good"), bad=gives_up), "go")
    assert result.final_output.failures["bad"].failed == "ToolCancelled"
    assert [fact.error for fact in facts_of(StepFailed, result.events)] == ["ToolCancelled"]


async def test_what_the_developer_has_to_change_ends_it_and_the_others_are_stopped():
    ended: list[str] = []
    begun = asyncio.Event()

    async def wrong(text: str) -> str:
        await begun.wait()
        raise UserError("change this")

    with pytest.raises(UserError, match="change this"):
        await soon(Runner.run(parallel(a=hanging("a", ended, begun), b=wrong), "go"))
    assert ended == ["a"]
    assert not left()


async def test_all_may_fail_where_no_quorum_is_wanted():
    result = await Runner.run(parallel(a=failing("a"), b=failing("b")), "go")
    assert (result.final_output.results, list(result.final_output.failures)) == ({}, ["a", "b"])


async def test_one_branch_is_enough_of_a_workflow():
    assert (await Runner.run(parallel(only=echo("only")), "go")).final_output == {"only": "only(go)"}


async def test_branches_go_by_their_own_names_by_those_given_or_by_those_of_a_mapping():
    assert list((await Runner.run(parallel(echo("a"), echo("a"), b=echo("c")), "x")).final_output) == ["a", "a-2", "b"]
    assert list((await Runner.run(parallel({"a/b": echo("a"), "a#b": echo("b")}), "x")).final_output) == ["a/b", "a#b"]


async def test_no_more_run_at_a_time_than_the_limit_and_all_run():
    running, most = 0, 0

    async def work(number: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        return number

    for limit in (1, 3):
        most = 0
        result = await Runner.run(parallel({str(n): work for n in range(10)}, limit=limit), "x")
        assert (most, len(result.final_output.results)) == (limit, 10)


async def test_ten_thousand_branches_run_and_fail_each_for_itself():
    async def work(number: int, scope: Scope) -> int:
        place = int(scope.path.rpartition("/")[2].partition("#")[0])
        if place % 2:
            raise ValueError(place)
        return place

    result = await Runner.run(parallel({str(n): work for n in range(10_000)}, limit=50), 1)
    assert (len(result.final_output.results), len(result.final_output.failures)) == (5_000, 5_000)
    assert list(result.final_output)[:3] == ["0", "1", "2"]
    assert not left()


async def test_ten_thousand_failures_below_a_quorum_are_told_in_a_sentence_that_can_be_read():
    def fails(number: int, scope: Scope) -> int:
        raise ConnectionError("the line is down")

    workflow = parallel({str(n): fails for n in range(10_000)}, quorum=1, limit=50)
    with pytest.raises(QuorumNotReached) as error:
        await Runner.run(workflow, 1)
    assert str(error.value) == snapshot(
        "Of 10000 branches of 'parallel' 0 succeeded, and 1 were wanted. 0: ConnectionError: the line is down; 1: "
        "ConnectionError: the line is down; 2: ConnectionError: the line is down; 3: ConnectionError: the line is "
        "down; 4: ConnectionError: the line is down; 5: ConnectionError: the line is down; 6: ConnectionError: the "
        "line is down; 7: ConnectionError: the line is down; and 9992 more"
    )


async def test_when_the_line_is_up_again_all_of_many_branches_are_tried_again():
    down, tried = True, 0

    async def call_out(number: int) -> int:
        nonlocal tried
        tried += 1
        if down:
            raise ConnectionError("the line is down")
        return number

    workflow, config = parallel({str(n): call_out for n in range(600)}, quorum=600, limit=8), keeping()
    with pytest.raises(QuorumNotReached):
        await Runner.run(workflow, 1, conversation="c", config=config)
    down = False
    result = await Runner.resume(workflow, conversation="c", config=config)
    assert (len(result.final_output.results), tried) == (600, 1_200)


# enough --------------------------------------------------------------------------------------------------------------


async def test_when_enough_succeeded_the_others_are_stopped_and_waited_for():
    ended: list[str] = []
    result = await soon(Runner.run(parallel(a=echo("a"), b=hanging("b", ended), c=echo("c"), quorum=2), "go"))
    assert result.final_output == {"a": "a(go)", "c": "c(go)"}
    assert facts_of(QuorumReached, result.events) == [QuorumReached(("a", "c"), ("b",))]
    assert ended == ["b"]
    assert not left()


async def test_a_transcript_of_a_quorum():
    result = await soon(Runner.run(parallel(a=echo("a"), b=hanging("b", []), quorum=1), "go"))
    assert transcript(result) == snapshot("""\
parallel is given "go"
  a begins, person: "go"
  a: "a(go)"
a won, b stopped
parallel returns {"a":"a(go)"}\
""")


async def test_a_failure_does_not_count_for_the_quorum_and_stands_beside_the_results():
    result = await soon(Runner.run(parallel(a=failing("a"), b=echo("b"), c=hanging("c", []), quorum=1), "go"))
    assert list(result.final_output) == ["a", "b"]
    assert list(result.final_output.failures) == ["a"]


async def test_branches_that_the_limit_held_back_are_not_begun_when_there_are_enough():
    ran: list[str] = []

    def running(name: str) -> Callable[[str], str]:
        def run(text: str) -> str:
            ran.append(name)
            return text

        return run

    result = await Runner.run(parallel({name: running(name) for name in "abcdef"}, quorum=2, limit=1), "go")
    assert ran == ["a", "b"]
    assert facts_of(QuorumReached, result.events)[0].lost == ("c", "d", "e", "f")


async def test_too_few_successes_are_an_error_that_says_who_failed_and_has_their_errors_as_its_cause():
    with pytest.raises(QuorumNotReached) as error:
        await Runner.run(parallel(a=failing("a"), b=echo("b"), c=failing("c", lambda: KeyError("x")), quorum=2), "go")
    assert str(error.value) == snapshot(
        "Of 3 branches of 'parallel' 1 succeeded, and 2 were wanted. a: ConnectionError: the line is down; c: KeyError: 'x'"
    )
    cause = error.value.__cause__
    assert isinstance(cause, ExceptionGroup)
    assert [type(one) for one in cast("ExceptionGroup[Exception]", cause).exceptions] == [ConnectionError, KeyError]
    assert run_of(error.value).usage.requests == 1


async def test_branches_that_had_failed_when_there_were_enough_are_not_tried_again_on_resume():
    world = World()
    down = True

    def flaky(request: Any) -> str:
        if down:
            raise ConnectionError("the line is down")
        return "well"

    workflow = parallel(bad=world.agent("bad", flaky), good=echo("good"), quorum=1)
    journal = DyingJournal(lambda event: event.kind == "step_returned" and event.path == "turn#1/parallel#0")
    config = RunConfig(journal=journal)
    with pytest.raises(Died):
        await Runner.run(workflow, "go", conversation="c", config=config)
    down = False
    result = await Runner.resume(workflow, conversation="c", config=config)
    assert list(result.final_output.results) == ["good"]
    assert world.asked["bad"] == 1


# joining -------------------------------------------------------------------------------------------------------------


async def test_a_join_takes_all_or_each_by_name_and_may_be_async_or_an_agent():
    def all_of(found: Branches) -> str:
        return "+".join(found)

    async def each(b: str, a: str) -> str:
        return f"{a} & {b}"

    def with_default(a: str, nobody_gave: str = "x") -> str:
        return a

    def rest(a: str, **others: str) -> str:
        return f"{a} and {others}"

    branches = {"a": echo("a"), "b": echo("b")}
    assert (await Runner.run(parallel(branches, join=all_of), "x")).final_output == "a+b"
    assert (await Runner.run(parallel(branches, join=each), "x")).final_output == "a(x) & b(x)"
    assert (await Runner.run(parallel(branches, join=rest), "x")).final_output == "a(x) and {'b': 'b(x)'}"
    joined = await Runner.run(parallel(branches, join=echo("writer")), "x")
    assert joined.final_output == 'writer({"a":"a(x)","b":"b(x)"})'
    with pytest.raises(UserError, match="nobody_gave"):
        parallel(branches, join=with_default)


async def test_a_join_by_name_is_given_failures_and_nothing_of_branches_that_were_stopped():
    def each(a: Any, b: Any, c: Any) -> list[Any]:
        return [type(a).__name__, b, c]

    workflow = parallel(a=failing("a"), b=echo("b"), c=hanging("c", []), join=each, quorum=1)
    assert (await soon(Runner.run(workflow, "x"))).final_output == ["Failure", "b(x)", None]


async def test_a_join_by_name_has_to_give_what_it_declares_as_any_other_does():
    def count(a: str) -> int:
        return a  # pyright: ignore[reportReturnType]

    with pytest.raises(UserError, match="Step 'count' returned 'a\\(x\\)', which is not what it declares"):
        await Runner.run(parallel(a=echo("a"), join=count), "x")


async def test_a_join_by_name_that_blocks_does_not_hold_up_the_loop():
    import threading

    threads: list[bool] = []

    def merge(a: str) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return a

    await Runner.run(parallel(a=echo("a"), join=merge), "x")
    assert threads == [False]


async def test_a_join_that_raises_ends_it_with_its_own_error_and_the_branches_are_not_run_again():
    world = World()
    broken = True

    def merge(a: str, b: str) -> str:
        if broken:
            raise LookupError("no such thing")
        return a + b

    workflow = parallel(a=world.agent("a", "1"), b=world.agent("b", "2"), join=merge)
    config = keeping()
    with pytest.raises(LookupError):
        await Runner.run(workflow, "x", conversation="c", config=config)
    broken = False
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == "12"
    assert world.asked == {"a": 1, "b": 1}


async def test_typed_results_come_to_the_join_as_their_types_also_on_resume():
    seen: list[Any] = []
    broken = True

    def merge(a: Report, b: Any) -> str:
        seen.append((a, b))
        if broken:
            raise ConnectionError("later")
        return a.title

    workflow = parallel(a=agent("a", '{"title": "bees"}', output_type=Report), b=failing("b"), join=merge)
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(workflow, "x", conversation="c", config=config)
    broken = False
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == "bees"
    assert seen[0] == seen[1]
    assert seen[0][0] == Report(title="bees")
    assert isinstance(seen[0][1], Failure)


async def test_a_failure_of_a_type_that_cannot_be_made_again_is_the_same_failure_on_resume():
    broken = True

    def parse(text: str) -> Report:
        return Report.model_validate({"pages": "none"})

    def merge(found: Branches) -> list[str]:
        if broken:
            raise ConnectionError("later")
        return [str(failure) for failure in found.failures.values()]

    workflow, config = parallel(parse=parse, join=merge), keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(workflow, "x", conversation="c", config=config)
    broken = False
    [told] = (await Runner.resume(workflow, conversation="c", config=config)).final_output
    assert told.startswith("ValidationError: 2 validation errors for Report")


# what a budget leaves out --------------------------------------------------------------------------------------------


async def test_optional_branches_are_left_out_when_the_budget_says_so_and_stand_where_they_stood():
    spared = Budget(turns=4, degrade=(SkipOptional(at=0.0),))
    workflow = parallel(a=echo("a"), b=echo("b"), c=echo("c"), d=echo("d"), optional=("b", "a"))
    result = await Runner.run(workflow, "x", config=RunConfig(budget=spared))
    assert list(result.final_output) == ["a", "b", "c", "d"]
    assert list(result.final_output.results) == ["c", "d"]
    assert result.final_output["a"] == Failure("Skipped", "The budget left it out.")


async def test_all_branches_may_be_optional():
    spared = Budget(turns=4, degrade=(SkipOptional(at=0.0),))
    workflow = parallel(a=echo("a"), b=echo("b"), optional=("a", "b"))
    result = await Runner.run(workflow, "x", config=RunConfig(budget=spared))
    assert list(result.final_output.failures) == ["a", "b"]


# a person ------------------------------------------------------------------------------------------------------------


def asking(name: str) -> Any:
    """An agent that asks a person before it is done."""

    @tool(name=f"sign_{name}", effect="irreversible", needs_approval=True)
    async def sign() -> str:
        return "signed"

    return agent(name, lambda request: call(f"sign_{name}") if asked_by_person(request) else last(request), tools=[sign])


async def test_a_branch_that_asks_a_person_makes_the_run_wait_when_its_siblings_have_finished():
    ended: list[str] = []

    async def slow(text: str) -> str:
        for _ in range(20):
            await asyncio.sleep(0)
        ended.append("slow")
        return "slow"

    workflow, config = parallel(boss=asking("boss"), slow=slow, after=echo("after"), limit=2), keeping()
    waiting = await soon(Runner.run(workflow, "go", conversation="c", config=config))
    assert [(one.agent, one.tool) for one in waiting.waiting] == [("boss", "sign_boss")]
    assert ended == ["slow"]
    assert [fact.kind for fact in waiting.events if fact.path.endswith("after#0")][-1] == "step_returned"
    answers = {waiting.waiting[0].id: True}
    result = await Runner.resume(workflow, conversation="c", config=config, answers=answers)
    assert result.final_output == {"boss": "signed", "slow": "slow", "after": "after(go)"}
    assert ended == ["slow"]


async def test_two_branches_ask_and_each_is_answered_by_its_path():
    workflow, config = sequential(parallel(a=asking("a"), b=asking("b")), lambda found: dict(found)), keeping()
    waiting = await soon(Runner.run(workflow, "go", conversation="c", config=config))
    first, second = waiting.waiting
    assert (first.agent, second.agent) == ("a", "b")
    still = await Runner.resume(workflow, conversation="c", config=config, answers={second.id: (False, "not now")})
    assert [one.id for one in still.waiting] == [first.id]
    result = await Runner.resume(workflow, conversation="c", config=config, answers={first.id: True})
    assert result.final_output["a"] == "signed"
    assert "not now" in str(result.final_output["b"])


async def test_many_branches_may_wait_for_a_person_at_once():
    one, config = asking("one"), keeping(max_turns=1_000)
    workflow = parallel({str(n): one for n in range(300)})
    waiting = await asyncio.wait_for(Runner.run(workflow, "go", conversation="c", config=config), HANGS_S)
    assert len(waiting.waiting) == 300
    answers = {asked.id: True for asked in waiting.waiting}
    result = await asyncio.wait_for(Runner.resume(workflow, conversation="c", config=config, answers=answers), HANGS_S)
    assert set(result.final_output.values()) == {"signed"}


async def test_a_branch_that_waits_is_stopped_when_there_are_enough_and_nobody_is_asked_any_more():
    gate = asyncio.Event()

    async def later(text: str) -> str:
        await gate.wait()
        return "later"

    def listen(event: Any) -> None:
        if event.kind == "person_asked":
            gate.set()

    workflow = sequential(parallel(boss=asking("boss"), later=later, quorum=1), asking("other"))
    config = keeping(listeners=(listen,))
    waiting = await soon(Runner.run(workflow, "go", conversation="c", config=config))
    assert [one.agent for one in waiting.waiting] == ["other"]
    result = await Runner.resume(workflow, conversation="c", config=config, answers={waiting.waiting[0].id: True})
    assert result.final_output == "signed"


# ending from outside -------------------------------------------------------------------------------------------------


async def test_a_cancelled_run_leaves_no_branch_behind_and_goes_on_later():
    ended: list[str] = []
    begun = asyncio.Event()
    world = World()
    hold = True

    async def slow(text: str) -> str:
        begun.set()
        try:
            if hold:
                await asyncio.Event().wait()
        finally:
            ended.append("slow")
        return "slow"

    workflow, config = parallel(a=world.agent("a", "done"), b=sequential(slow)), keeping()
    running = asyncio.ensure_future(Runner.run(workflow, "go", conversation="c", config=config))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["slow"]
    assert not left()
    hold = False
    result = await soon(Runner.resume(workflow, conversation="c", config=config))
    assert result.final_output == {"a": "done", "b": "slow"}
    assert world.asked["a"] == 1


async def test_a_stream_that_is_left_early_stops_all_branches():
    ended: list[str] = []
    begun = asyncio.Event()
    async with Runner.stream(parallel(a=hanging("a", ended), b=hanging("b", ended, begun)), "go") as events:
        await soon(begun.wait())
        assert (await events.__anext__()).kind == "turn_started"
    assert sorted(ended) == ["a", "b"]
    assert not left()


async def test_a_workflow_cannot_be_interrupted_and_says_so():
    begun = asyncio.Event()
    async with Runner.stream(parallel(a=hanging("a", [], begun)), "go") as events:
        await soon(begun.wait())
        with pytest.raises(UserError, match="Only the run of an agent or a team can be interrupted"):
            events.interrupt("stop")


async def test_pieces_of_answers_say_by_their_paths_whose_they_are():
    said: dict[str, str] = {}
    workflow = parallel(a=echo("first"), b=sequential(echo("second"), echo("third")))
    async with Runner.stream(workflow, "go now") as events:
        async for event in events:
            if event.kind == "text_delta":
                said[event.path] = said.get(event.path, "") + event.text
    assert said == snapshot(
        {
            "turn#1/parallel#0/a#0": "first(go now)",
            "turn#1/parallel#0/b#0/second#0": "second(go now)",
            "turn#1/parallel#0/b#0/third#0": "third(second(go now))",
        }
    )


# bad input -----------------------------------------------------------------------------------------------------------


def merge_all(found: str) -> str:
    return found


def stranger(a: str, c: str) -> str:
    return a + c


unchecked: Any = parallel  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(), "no branches"),
        (lambda: unchecked({}), "parallel\\(\\) has no branches"),
        (lambda: unchecked(a=None), "branch 'a' is None"),
        (lambda: unchecked(a=echo(), b=5), "branch 'b' is 5"),
        (lambda: unchecked(tool(merge_all)), "is the tool 'merge_all'"),
        (lambda: unchecked(echo("a"), a=echo()), "two branches called 'a'"),
        (lambda: unchecked({1: echo(), "1": echo()}), "two branches called '1'"),
        (lambda: unchecked(a=echo(), quorum=2), "quorum=2"),
        (lambda: unchecked(a=echo(), quorum=0), "quorum=0"),
        (lambda: unchecked(a=echo(), quorum=-1), "quorum=-1"),
        (lambda: unchecked(a=echo(), quorum=1.0), "quorum=1.0"),
        (lambda: unchecked(a=echo(), quorum="1"), "quorum='1'"),
        (lambda: unchecked(a=echo(), limit=0), "limit=0"),
        (lambda: unchecked(a=echo(), limit=1.5), "limit=1.5"),
        (lambda: unchecked(a=echo(), b=echo(), optional=("c",)), "optional=.*no branch 'c'"),
        (lambda: unchecked(a=echo(), b=echo(), optional=("b",), quorum=2), "1 branches that are not optional"),
        (lambda: unchecked(a=echo(), join=5), "join is 5"),
        (lambda: unchecked(a=echo(), join=lambda: 1), "takes no parameter"),
        (lambda: unchecked(a=echo(), b=echo(), join=stranger), "no branch 'c'"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Callable[[], Any], message: str):
    with pytest.raises(UserError, match=message):
        make()
