"""Asking twice: the first good answer wins, the other call is ended and paid for, and one voice is heard."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from switchroom import Agent, Message, RunConfig, Runner, ToolContext, tool
from switchroom.estimate import estimated, sent
from switchroom.events import StepReturned, StepStarted
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, Model, ModelRequest, ModelResponse, nobody
from switchroom.wrap import Quantile, hedged, retrying, timed
from tests.helpers import facts_of
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, cut, kept
from tests.virtual import in_no_time
from tests.wrap.worlds import COUNTED, REQUEST, Ear, Line, Server, caller, now, said

GONE = (1.0, ConnectionError("gone"))


def two_speeds(seed: int, slow_part: float) -> tuple[Model, list[str]]:
    """A model that takes about 0.2 s, and now and then 5 s; and how its requests ended."""
    chance, asked = random.Random(seed), list[str]()

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        asked.append("asked")
        await asyncio.sleep(5 if chance.random() < slow_part else chance.uniform(0.1, 0.3))
        return ModelResponse(Message("assistant", "hello"), COUNTED)

    return model, asked


async def percentile(model: Model, calls: int = 1000, at: float = 0.99) -> float:
    """The seconds within which so many of the calls were answered."""
    took: list[float] = []
    for _ in range(calls):
        began = now()
        await model(REQUEST, nobody)
        took.append(now() - began)
    return sorted(took)[int(at * calls)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("after", [0.4, Quantile(0.9, at_first=0.4)], ids=["seconds", "quantile"])
def test_the_slowest_calls_take_less_than_half_at_under_fifteen_percent_more_calls(seed: int, after: float | Quantile):
    async def main() -> None:
        bare, _ = two_speeds(seed, 0.05)
        server, asked = two_speeds(seed, 0.05)
        assert await percentile(hedged(server, after)) < await percentile(bare) / 2
        assert len(asked) < 1150

    in_no_time(main())


@pytest.mark.parametrize("after", [0.4, Quantile(0.9, at_first=0.4)], ids=["seconds", "quantile"])
def test_a_server_that_is_slow_for_all_does_not_get_double(after: float | Quantile):
    async def main() -> None:
        server, asked = two_speeds(7, 0.8)
        await percentile(hedged(server, after), 1000)
        assert len(asked) <= 1000 * 1.15 + 11
        server, asked = two_speeds(7, 1)
        await percentile(hedged(server, 0.4, most=1), 100)
        assert len(asked) == 200

    in_no_time(main())


def test_an_answer_in_time_is_asked_for_once_and_costs_what_it_costs():
    async def main() -> None:
        server = Server((1, "hello"))
        assert (await hedged(server, 2)(REQUEST, nobody)).usage == COUNTED
        await asyncio.sleep(100)
        assert len(server.asked) == 1

    in_no_time(main())


def test_the_first_answer_wins_and_the_other_request_is_ended_and_paid_for():
    async def main() -> None:
        server = Server((10, "slow"), (1, "quick"))
        response = await hedged(server, 2)(REQUEST, nobody)
        assert (response.message.text, now()) == ("quick", 3)
        assert server.asked == [0, 2]
        assert server.ended == ["answered", "cancelled"]
        lost = estimated(REQUEST, Message("assistant", ""))
        assert response.usage == COUNTED + lost
        assert (response.usage.requests, response.usage.estimated) == (2, 1)
        server = Server((3, "slow"), (10, "slower"))
        response = await hedged(server, 2)(REQUEST, nobody)
        assert (response.message.text, now()) == ("slow", 6)
        assert response.usage == COUNTED + lost
        assert server.ended == ["answered", "cancelled"]

    in_no_time(main())


def test_what_both_answered_is_paid_for_as_it_was_counted():
    async def main() -> None:
        async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
            asked.append(now())
            if len(asked) == 1:
                await asyncio.sleep(4)
                await asyncio.sleep(0)  # meanwhile the second answers
            else:
                await asyncio.sleep(2)
            return ModelResponse(Message("assistant", "hello"), COUNTED)

        asked: list[float] = []
        assert (await hedged(model, 2)(REQUEST, nobody)).usage == COUNTED + COUNTED

    in_no_time(main())


def test_the_cost_of_both_stands_in_the_run():
    async def main() -> None:
        result = await Runner.run(Agent("clerk", model=hedged(Server((10, "slow"), (1, "quick")), 2)), "go")
        assert result.usage.requests == result.by_agent["clerk"].requests == 2
        assert result.usage.input_tokens > COUNTED.input_tokens

    in_no_time(main())


def test_a_failure_before_the_second_request_is_raised_at_once():
    async def main() -> None:
        server = Server(GONE, (1, "hello"))
        with pytest.raises(ConnectionError):
            await hedged(server, 2)(REQUEST, nobody)
        assert (len(server.asked), now()) == (1, 1)

    in_no_time(main())


@pytest.mark.parametrize("first_fails", [True, False])
def test_when_one_of_two_fails_the_other_answers_and_what_failed_costs_nothing(first_fails: bool):
    async def main() -> None:
        good = (6.0, "hello")
        bad = (4.0, ConnectionError("gone"))
        server = Server(bad, good) if first_fails else Server(good, bad)
        response = await hedged(server, 1)(REQUEST, nobody)
        assert (response.message.text, response.usage) == ("hello", COUNTED)
        assert server.ended == ["failed", "answered"]

    in_no_time(main())


def test_when_both_fail_the_first_failure_is_raised_and_tells_of_the_second():
    async def main() -> None:
        server = Server((5, ConnectionError("gone")), (1, ValueError("broken")))
        with pytest.raises(ConnectionError, match="gone") as caught:
            await hedged(server, 2)(REQUEST, nobody)
        assert caught.value.__notes__ == ["It was asked twice, and the second failed too: ValueError: broken"]
        server = Server((3, ConnectionError("gone")), (5, ValueError("broken")))
        with pytest.raises(ConnectionError, match="gone"):
            await hedged(server, 2)(REQUEST, nobody)

    in_no_time(main())


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_who_cancels_from_outside_ends_both(after: float):
    async def main() -> None:
        server = Server((10, "slow"), (10, "slower"))
        asking = asyncio.create_task(hedged(server, 2)(REQUEST, nobody))
        await asyncio.sleep(after)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        assert server.ended == ["cancelled"] * len(server.asked)

    in_no_time(main())


def test_a_cancellation_in_the_moment_of_winning_is_not_swallowed():
    async def main() -> None:
        server = Server((10, "slow"), (1, "quick"))

        async def ask() -> None:
            await hedged(server, 2)(REQUEST, nobody)

        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(3, asking.cancel)
        await asyncio.wait([asking])
        assert asking.cancelled() or asking.result() is None
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    in_no_time(main())


# who is heard ------------------------------------------------------------------------------------------------------------


def test_who_speaks_before_the_time_is_over_is_not_asked_twice():
    async def main() -> None:
        server, line = Server((10, "hello"), pieces=4), Line()
        response = await hedged(server, 3)(REQUEST, line)
        assert len(server.asked) == 1
        assert line.eyes == response.message.text == "hello.0 hello.1 hello.2 hello.3 "

    in_no_time(main())


@pytest.mark.parametrize("withdraws", [True, False])
def test_one_voice_is_heard_whoever_wins(withdraws: bool):
    async def main() -> None:
        for plans, winner in ((((20, "slow"), (3, "quick")), "quick"), (((6, "slow"), (9, "slower")), "slow")):
            server, line = Server(*plans, pieces=2), Line(withdraws)
            response = await hedged(server, 1)(REQUEST, line)
            assert line.eyes == response.message.text == f"{winner}.0 {winner}.1 "
            assert line.withdrawn == []
            assert "cancelled" in server.ended

    in_no_time(main())


def test_who_speaks_first_is_heard_to_the_end_also_when_the_other_is_done_before():
    async def main() -> None:
        class Slowly(Server):
            async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
                first = not self.asked
                self.asked.append(now())
                for piece in ("one ", "two ", "three") if first else ("un ", "deux ", "trois"):
                    await asyncio.sleep(5 if first else 1)
                    if not first and piece == "un ":
                        await asyncio.sleep(4)  # it begins to speak after the first does
                    emit(piece)
                return ModelResponse(Message("assistant", "one two three" if first else "un deux trois"), COUNTED)

        line = Line(False)
        response = await hedged(Slowly(), 2)(REQUEST, line)
        assert line.eyes == response.message.text == "one two three"
        assert response.usage == COUNTED + COUNTED
        assert now() == 15

    in_no_time(main())


@pytest.mark.parametrize("withdraws", [True, False])
@pytest.mark.parametrize("first_fails", [True, False])
def test_when_the_one_who_spoke_fails_the_other_takes_over_as_far_as_that_can_be_withdrawn(withdraws: bool, first_fails: bool):
    async def main() -> None:
        async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
            nonlocal asked
            asked += 1
            if (asked == 1) == first_fails:
                await asyncio.sleep(2)  # both have begun when it speaks
                emit("I was about ")
                await asyncio.sleep(3)
                raise ConnectionError("gone")
            for piece in ("Hello, ", "Ann."):
                await asyncio.sleep(4)
                emit(piece)
            return ModelResponse(Message("assistant", "Hello, Ann."), COUNTED)

        asked, line = 0, Line(withdraws)
        asking = hedged(model, 1)(REQUEST, line)
        if withdraws:
            assert (await asking).message.text == "Hello, Ann."
            assert line.eyes == "Hello, Ann."
            assert line.withdrawn == ["gone"]
        else:
            with pytest.raises(ConnectionError):
                await asking
            assert line.eyes == "I was about "

    in_no_time(main())


def test_what_the_loser_had_said_is_part_of_its_cost():
    async def main() -> None:
        class Both(Server):
            async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
                self.asked.append(now())
                if len(self.asked) == 1:
                    await asyncio.sleep(5)
                    emit("a few words that nobody is to hear")
                    await asyncio.sleep(50)
                await asyncio.sleep(1)
                emit("quick, ")
                await asyncio.sleep(9)
                emit("and long")
                return ModelResponse(Message("assistant", "quick, and long"), COUNTED)

        line = Line()
        response = await hedged(Both(), 1)(REQUEST, line)
        assert line.eyes == "quick, and long"
        lost = estimated(REQUEST, Message("assistant", "a few words that nobody is to hear"))
        assert lost.output_tokens > 8
        assert response.usage == COUNTED + lost
        assert lost.input_tokens == sent(REQUEST)

    in_no_time(main())


def test_who_took_back_what_it_said_is_not_waited_for_any_more():
    async def main() -> None:
        server, line = Server((1, ConnectionError("gone")), (50, "slow"), (1, "quick"), pieces=2), Line()
        response = await hedged(retrying(server, wait=0.1), 5)(REQUEST, line)
        assert line.eyes == response.message.text == "quick.0 quick.1 "
        assert now() == pytest.approx(6)
        # The second has an answer that nobody heard when the first, which was heard, takes back what it said, and fails.
        server, line = Server((8, ConnectionError("gone")), (2, "quick"), (0.1, ValueError("broken")), pieces=1), Line()
        response = await hedged(retrying(server, wait=0.1), 3.9)(REQUEST, line)
        assert line.eyes == response.message.text == "quick"

    in_no_time(main())


def test_a_run_that_is_listened_to_shows_one_answer():
    async def main() -> None:
        ear = Ear(False)
        server = Server((20, "slow"), (3, "quick"), pieces=2)
        assert await said(Agent("clerk", model=hedged(server, 1)), listeners=(ear,)) == ear.eyes == ear.ever

    in_no_time(main())


# tools -------------------------------------------------------------------------------------------------------------------


def test_a_tool_that_reads_is_called_twice_when_it_takes_long():
    async def main() -> None:
        began: list[tuple[float, str, str]] = []

        @tool(effect="read")
        async def look(ctx: ToolContext, order: str) -> str:
            began.append((now(), ctx.effect_key.partition(":")[2], ctx.scope.path))
            await asyncio.sleep(10 if len(began) == 1 else 1)
            return await ctx.scope.call(reading, order)

        async def reading(order: str, scope: Any) -> str:
            return f"{order} is shipped"

        result = await Runner.run(caller([hedged(look, 2)], "look", order="7"), "go")
        assert result.final_output == "7 is shipped"
        assert [at for at, *_ in began] == [0, 2]
        assert now() == 3
        assert began[0][1] == began[1][1]
        paths = [event.path for event in result.events if event.kind == "step_returned"]
        assert "turn#1/clerk#0/look#1.0/second#0/reading#0" in paths

    in_no_time(main())


# steps -------------------------------------------------------------------------------------------------------------------


def racing(*seconds: float) -> tuple[Callable[..., Any], list[float]]:
    """A step whose tries take so long each, and when they began."""
    began: list[float] = []

    async def step(input: str, scope: Any) -> str:
        number = len(began)
        began.append(now())
        await asyncio.sleep(seconds[min(number, len(seconds) - 1)])
        return f"try {number}"

    return step, began


def test_a_step_runs_twice_if_it_takes_long_and_both_tries_are_in_the_facts():
    async def main() -> None:
        step, began = racing(10, 1)
        result = await Runner.run(hedged(step, 2, repeat_effects=True), "go")
        assert (result.final_output, now(), began) == ("try 1", 3, [0, 2])
        ends = [(event.path, event.kind) for event in result.events if event.path.count("/") == 2]
        assert ends == [
            ("turn#1/step#0/step#0", "step_started"),
            ("turn#1/step#0/step#1", "step_started"),
            ("turn#1/step#0/step#1", "step_returned"),
        ]

    in_no_time(main())


def test_a_resumed_run_keeps_to_the_try_that_had_returned():
    async def main() -> None:
        for seconds, winner in (((10, 1), "try 1"), ((3, 10), "try 0"), ((10,), "try 0")):
            step, began = racing(*seconds)
            outer = hedged(step, 2, repeat_effects=True)
            dying = DyingJournal(lambda event: event.kind == "step_returned" and event.path == "turn#1/step#0")
            with pytest.raises(Died):
                await Runner.run(outer, "go", conversation=CONVERSATION, config=RunConfig(journal=dying))
            tries = len(began)
            result = await Runner.resume(outer, conversation=CONVERSATION, config=RunConfig(journal=dying))
            assert result.final_output == winner
            assert len(began) == tries

    in_no_time(main())


def test_cut_off_anywhere_the_run_ends_with_the_answer_of_a_try():
    async def main() -> None:
        step, _ = racing(10, 1)
        outer: Any = hedged(step, 2, repeat_effects=True)
        journal = MemoryJournal()
        await Runner.run(outer, "go", conversation=CONVERSATION, config=RunConfig(journal=journal))
        whole = kept(journal)
        for length in range(1, len(whole) + 1):
            known = [fact.output for fact in facts_of(StepReturned, whole[:length])]
            result = await Runner.resume(outer, conversation=CONVERSATION, config=RunConfig(journal=cut(whole[:length])))
            assert result.final_output == (known[0] if known else result.final_output)
            assert result.final_output.startswith("try ")
            assert len(facts_of(StepStarted, result.events)) <= 3

    in_no_time(main())


def test_while_somebody_listens_to_the_pieces_a_step_is_run_once():
    async def main() -> None:
        server = Server((10, "hello"), pieces=2)
        agent = Agent("clerk", model=server)
        ear = Ear(False)
        assert await said(hedged(agent, 2, repeat_effects=True), listeners=(ear,)) == ear.eyes == "hello.0 hello.1 "
        assert len(server.asked) == 1
        assert await said(hedged(agent, 2, repeat_effects=True)) == "hello.0 hello.1 "
        assert len(server.asked) == 3

    in_no_time(main())


def test_a_step_that_fails_before_the_second_try_fails_and_after_it_only_when_both_do():
    async def main() -> None:
        async def step(input: str, scope: Any) -> str:
            tries.append(now())
            if len(tries) == 1:
                await asyncio.sleep(5)
                raise ConnectionError("gone")
            await asyncio.sleep(9)
            return "done"

        tries: list[float] = []
        assert await said(hedged(step, 2, repeat_effects=True)) == "done"
        tries.clear()
        with pytest.raises(ConnectionError):
            await said(hedged(step, 6, repeat_effects=True))

    in_no_time(main())


def test_a_hedge_within_a_timeout_leaves_nothing_behind():
    async def main() -> None:
        server = Server((10, "slow"), (10, "slower"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await timed(hedged(server, 2), 60)(REQUEST, nobody)
        assert server.ended == ["cancelled", "cancelled"]

    in_no_time(main())
