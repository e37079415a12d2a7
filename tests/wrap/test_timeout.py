"""Timeouts: what takes too long is cancelled and says so; what is in time, and what fails by itself, is as before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from switchroom import Agent, Runner, tool
from switchroom.errors import DeadlineExceeded, ModelTimeout, ModelUnavailable, StepTimeout
from switchroom.events import StepFailed, ToolReturned
from switchroom.model import nobody
from switchroom.wrap import falling_back, retrying, timed
from tests.helpers import facts_of, keeping, run_of
from tests.virtual import in_no_time
from tests.wrap.worlds import REQUEST, Line, Server, caller, now, said


def test_a_model_that_takes_too_long_is_cancelled_and_another_may_answer():
    async def main() -> None:
        slow, quick = Server((10, "late")), Server((1, "hello"))
        with pytest.raises(ModelTimeout) as caught:
            await timed(slow, 5)(REQUEST, nobody)
        assert now() == 5
        assert str(caught.value) == "The model of agent 'clerk' took longer than its 5 s."
        assert isinstance(caught.value, ModelUnavailable)
        assert slow.ended == ["cancelled"]
        assert await said(Agent("clerk", model=falling_back(timed(slow, timedelta(seconds=2)), quick))) == "hello"
        assert now() == 8

    in_no_time(main())


def test_a_model_that_is_in_time_answers_as_before_and_one_that_fails_raises_its_own():
    async def main() -> None:
        assert (await timed(Server((4.9, "hello")), 5)(REQUEST, nobody)).message.text == "hello"
        for error in (TimeoutError("its own"), ConnectionError("gone")):
            with pytest.raises(type(error)) as caught:
                await timed(Server((1, error)), 5)(REQUEST, nobody)
            assert caught.value is error

    in_no_time(main())


def test_who_cancels_from_outside_cancels_and_is_not_told_of_a_timeout():
    async def main() -> None:
        asking = asyncio.create_task(timed(Server((10, "late")), 5)(REQUEST, nobody))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        asking = asyncio.create_task(timed(Server((10, "late")), 5)(REQUEST, nobody))
        asyncio.get_running_loop().call_later(5, asking.cancel)  # set before: the timeout rings in the same turn of the loop
        await asyncio.wait([asking])
        assert asking.cancelled()

    in_no_time(main())


def test_timeouts_inside_one_another_ring_each_for_itself():
    async def main() -> None:
        for inner, outer, passed in ((2, 5, 2), (5, 2, 2), (3, 3, 3)):
            began = now()
            with pytest.raises(ModelTimeout, match=f"its {passed} s"):
                await timed(timed(Server((10, "late")), inner), outer)(REQUEST, nobody)
            assert now() - began == passed
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await timed(Server((10, "late")), 5)(REQUEST, nobody)
        await asyncio.sleep(100)

    in_no_time(main())


def test_a_call_that_does_not_let_itself_be_cancelled_keeps_what_it_gives():
    async def main() -> None:
        async def stubborn(input: str, scope: Any) -> str:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
            return "in spite of all"

        task = asyncio.current_task()
        assert task is not None
        assert await said(timed(stubborn, 5)) == "in spite of all"
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    in_no_time(main())


def test_many_calls_at_once_each_get_their_own_time():
    async def main() -> None:
        model = timed(Server((10, "late")), 5)
        ended: list[float] = []

        async def ask(after: float) -> None:
            await asyncio.sleep(after)
            with pytest.raises(ModelTimeout):
                await model(REQUEST, nobody)
            ended.append(now())

        await asyncio.gather(*(ask(after / 10) for after in range(50)))
        assert ended == pytest.approx([5 + after / 10 for after in range(50)])

    in_no_time(main())


@pytest.mark.parametrize(("effect", "told"), [("read", "failed"), ("irreversible", "not known whether this happened")])
def test_of_a_tool_that_must_not_happen_twice_the_model_is_told_that_nobody_knows(effect: Any, told: str):
    async def main() -> None:
        @tool(effect=effect, on_error="tell_model")
        async def pay() -> str:
            await asyncio.sleep(10)
            return "paid"

        result = await Runner.run(caller([timed(pay, 5)], "pay"), "go")
        assert result.final_output == f"[{told}: ToolTimeout: Tool 'pay' took longer than its 5 s.]"
        assert facts_of(ToolReturned, result.events)[0].failed

    in_no_time(main())


def test_a_tool_that_runs_an_agent_is_timed_as_a_step():
    async def main() -> None:
        boss = caller([timed(Agent("helper", model=Server((10, "late"))).as_tool(), 5)], "helper", input="go")
        with pytest.raises(StepTimeout, match="Step 'helper' took longer than its 5 s"):
            await said(boss)

    in_no_time(main())


def test_a_step_that_takes_too_long_fails_as_a_fact_and_what_it_had_begun_is_ended():
    async def main() -> None:
        server = Server((10, "late"))

        async def step(input: str, scope: Any) -> str:
            beside = asyncio.create_task(scope.call(Agent("beside", model=server), "go"))
            await scope.call(Agent("clerk", model=server), "go")
            return await beside

        with pytest.raises(StepTimeout) as caught:
            await Runner.run(timed(step, 5), "go")
        assert now() == 5
        assert server.ended == ["cancelled", "cancelled"]
        run = run_of(caught.value)
        assert [fact.error for fact in facts_of(StepFailed, run.events)][-1] == "StepTimeout"

    in_no_time(main())


def test_a_timeout_inside_of_retrying_is_each_try_s_and_outside_of_it_that_of_all():
    async def main() -> None:
        server = Server((10, "late"), (1, "hello"))
        assert (await retrying(timed(server, 5), wait=0)(REQUEST, nobody)).message.text == "hello"
        assert server.asked == [0, 5]
        with pytest.raises(ModelTimeout):
            await timed(retrying(Server((2, ConnectionError("gone"))), attempts=9, wait=0), 5)(REQUEST, nobody)
        assert now() == 11

    in_no_time(main())


def test_what_was_shown_before_the_timeout_is_for_those_around_to_withdraw():
    async def main() -> None:
        line = Line()
        with pytest.raises(ModelTimeout):
            await timed(Server((10, "late"), pieces=3), 5)(REQUEST, line)
        assert line.eyes == "late.0 "
        model = falling_back(timed(Server((10, "late"), pieces=3), 5), Server((1, "hello"), pieces=1))
        assert (await model(REQUEST, line)).message.text == "hello"
        assert line.eyes == "hello"

    in_no_time(main())


async def test_a_run_s_deadline_is_not_mistaken_for_the_timeout():
    agent = timed(caller([timed(slow, 60)], "slow"), 60)
    with pytest.raises(DeadlineExceeded):
        await Runner.run(agent, "go", config=keeping(deadline=0.02))


@tool(effect="read")
async def slow() -> str:
    """Take long."""
    await asyncio.Event().wait()
    return "never"


async def test_time_in_which_a_person_is_asked_does_not_count():
    @tool(effect="irreversible", needs_approval=True)
    async def pay() -> str:
        return "paid"

    step = timed(caller([pay], "pay"), 5)
    config = keeping()
    result = await Runner.run(step, "go", conversation="c", config=config)
    [question] = result.waiting
    result = await Runner.resume(step, conversation="c", config=config, answers={question.id: True})
    assert result.final_output == "paid"
