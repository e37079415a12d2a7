"""Trying steps again: each try in a place of its own, nothing that must not happen twice, and nothing anew after a crash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Agent, NotDone, RunConfig, Runner, tool
from switchroom.errors import ModelUnavailable, StepTimeout
from switchroom.events import AnswerWithdrawn, ModelAnswered
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import FunctionModel, call
from switchroom.wrap import retrying, timed
from tests.helpers import facts_of, keeping
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, answering, cut, kept
from tests.virtual import in_no_time
from tests.wrap.worlds import Ear, Server, caller, now, once, said


def failing(*failures: Exception, value: str = "done") -> tuple[Any, list[str]]:
    """A step that fails so often, and what it was given."""
    give, given = once(value, *failures), list[str]()

    async def step(input: str, scope: Any) -> str:
        given.append(input)
        return give()

    return step, given


def gone() -> ConnectionError:
    return ConnectionError("gone")


def test_a_step_that_fails_for_a_passing_reason_is_tried_again_in_a_place_of_its_own():
    async def main() -> None:
        step, given = failing(gone(), ModelUnavailable("busy", "m", 429, 7.0))
        result = await Runner.run(retrying(step, wait=1), "go")
        assert result.final_output == "done"
        assert given == ["go"] * 3
        assert 8 <= now() <= 8.25  # a second and its jitter, then as long as the server wants
        ends = [(event.path, event.kind) for event in result.events if event.path.count("/") == 2]
        assert ends == [
            ("turn#1/step#0/step#0", "step_started"),
            ("turn#1/step#0/step#0", "step_failed"),
            ("turn#1/step#0/step#1", "step_started"),
            ("turn#1/step#0/step#1", "step_failed"),
            ("turn#1/step#0/step#2", "step_started"),
            ("turn#1/step#0/step#2", "step_returned"),
        ]

    in_no_time(main())


async def test_the_last_failure_is_raised_as_itself_and_others_are_not_tried_again():
    step, given = failing(gone(), gone(), ConnectionError("the last"))
    with pytest.raises(ConnectionError, match="the last"):
        await said(retrying(step, attempts=3, wait=0))
    assert len(given) == 3
    step, given = failing(ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await said(retrying(step, wait=0))
    assert len(given) == 1


def paying(effect: Any) -> tuple[Agent, list[str]]:
    """An agent that pays by a tool, and whose model's server is gone after that, once."""
    paid: list[str] = []
    server = once("paid", gone())

    @tool(effect=effect)
    async def pay(cents: int) -> str:
        paid.append(str(cents))
        return "yes"

    def answer(request: ModelRequest) -> Reply:
        return call("pay", cents=500) if request.messages[-1].role == "user" else server()

    return Agent("clerk", model=FunctionModel(answer), tools=[pay]), paid


@pytest.mark.parametrize(("effect", "tries"), [("read", 2), ("idempotent", 2), ("compensable", 1), ("irreversible", 1)])
async def test_a_step_is_not_tried_again_after_a_call_that_must_not_happen_twice(effect: Any, tries: int):
    agent, paid = paying(effect)
    if tries == 2:
        assert await said(retrying(agent, wait=0)) == "paid"
        assert paid == ["500", "500"]
        return
    with pytest.raises(ConnectionError, match="gone") as caught:
        await Runner.run(retrying(agent, wait=0), "go")
    assert paid == ["500"]
    assert caught.value.__notes__ == [
        f"'clerk' is not tried again, for tool 'pay' of agent 'clerk' ({effect}) was called and must not be called twice. "
        "Resume the run, or ask for another try by retrying(..., repeat_effects=True)."
    ]


async def test_such_a_run_goes_on_by_being_resumed_which_repeats_nothing():
    agent, paid = paying("irreversible")
    config = keeping()
    step = retrying(agent, wait=0)
    with pytest.raises(ConnectionError):
        await Runner.run(step, "go", conversation="c", config=config)
    assert (await Runner.resume(step, conversation="c", config=config)).final_output == "paid"
    assert paid == ["500"]


async def test_who_asks_for_it_gets_another_try_whatever_was_done():
    agent, paid = paying("irreversible")
    assert await said(retrying(agent, wait=0, repeat_effects=True)) == "paid"
    assert paid == ["500", "500"]


async def test_the_failed_call_itself_may_have_happened():
    tried: list[int] = []

    @tool(effect="irreversible")
    async def pay() -> str:
        tried.append(1)
        raise gone()

    with pytest.raises(ConnectionError) as caught:
        await said(retrying(caller([pay], "pay"), wait=0))
    assert tried == [1]
    assert "not tried again" in caught.value.__notes__[0]


async def test_a_call_deep_below_the_step_counts_too():
    agent, paid = paying("irreversible")

    async def office(input: str, scope: Any) -> str:
        boss = Agent("boss", model=answering(call("clerk", input="go"), "done"), tools=[agent.as_tool()])
        return await scope.call(boss, input)

    with pytest.raises(ConnectionError):
        await said(retrying(retrying(office, wait=0), wait=0))
    assert paid == ["500"]


def test_a_call_that_was_cut_off_by_a_timeout_is_not_known_and_is_not_made_again():
    async def main() -> None:
        paid: list[int] = []

        @tool(effect="irreversible")
        async def pay() -> str:
            paid.append(1)
            await asyncio.sleep(10)
            return "paid"

        with pytest.raises(StepTimeout):
            await said(retrying(timed(caller([pay], "pay"), 5), wait=0))
        assert paid == [1]

    in_no_time(main())


async def test_a_call_of_which_it_became_known_that_it_did_not_happen_is_none():
    server = once("paid", gone())
    paid: list[int] = []

    async def ask(ctx: Any, args: Any) -> Any:
        return NotDone()

    @tool(effect="irreversible", reconcile=ask, on_error="raise")
    async def pay() -> str:
        paid.append(1)
        return server()

    config = RunConfig(journal=DyingJournal(lambda event: event.kind == "tool_failed"))
    step = retrying(caller([pay], "pay"), wait=0)
    with pytest.raises(Died):
        await Runner.run(step, "go", conversation="c", config=config)
    assert (await Runner.resume(step, conversation="c", config=config)).final_output == "paid"
    assert paid == [1, 1]


async def test_where_somebody_heard_an_agent_who_cannot_clear_it_there_is_no_other_try():
    for withdraws in (True, False):
        server = Server((0, gone()), (0, "hello"), pieces=1)
        ear = Ear(withdraws)
        running = Runner.run(retrying(Agent("clerk", model=server), wait=0), "go", config=RunConfig(listeners=(ear,)))
        if withdraws:
            result = await running
            assert (result.final_output, ear.eyes, ear.ever) == ("hello", "hello", "half of ithello")
            assert [fact.reason for fact in facts_of(AnswerWithdrawn, result.events)] == ["gone"]
        else:
            with pytest.raises(ConnectionError):
                await running
            assert ear.ever == "half of it"


async def test_a_step_without_agents_is_tried_again_whoever_listens():
    step, given = failing(gone())
    assert await said(retrying(step, wait=0), listeners=(Ear(False),)) == "done"
    assert len(given) == 2


async def test_a_tool_that_runs_an_agent_is_tried_again_as_a_step():
    server = Server((0, gone()), (0, "hello"))
    boss = caller([retrying(Agent("helper", model=server).as_tool(), wait=0)], "helper", input="go")
    assert await said(boss) == "hello"
    assert len(server.asked) == 2


async def test_cut_off_anywhere_the_run_goes_on_to_the_same_end_and_makes_no_try_again_that_was_known_to_be_over():
    left = asked = 0

    def answer(request: ModelRequest) -> Reply:
        nonlocal left, asked
        asked += 1
        left -= 1
        if left >= 0:
            raise gone()
        return "done"

    step = retrying(Agent("clerk", model=FunctionModel(answer)), wait=0)

    async def desk(input: str, scope: Any) -> str:
        return await scope.call(step, input)

    left = 2
    journal = MemoryJournal()
    await Runner.run(desk, "go", conversation=CONVERSATION, config=RunConfig(journal=journal))
    whole = kept(journal)
    for length in range(1, len(whole) + 1):
        before = whole[:length]
        tries = sum(
            event.path.endswith("/clerk#0/" + name) for event in before if event.kind == "step_started" for name in TRIES
        )
        over = max(0, tries - 1)
        left, asked = 2 - over, 0
        result = await Runner.resume(desk, conversation=CONVERSATION, config=RunConfig(journal=cut(before)))
        assert result.final_output == "done"
        assert asked + over + len(facts_of(ModelAnswered, before)) == 3
        assert {event.path.rpartition("/")[2] for event in result.events if event.kind == "step_failed"} <= set(TRIES)


TRIES = ("clerk#0", "clerk#1", "clerk#2")
