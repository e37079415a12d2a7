"""TryAgain: a tool tells the model what was wrong with a call, a bounded number of times, also over a crash and in a play."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, CircuitBreaker, RunConfig, Runner, RunResult, ToolContext, TryAgain, tool
from switchroom.errors import MaxTurnsExceeded, ModelMisbehaved
from switchroom.events import ModelAnswered, ToolFailed, ToolReturned
from switchroom.journals import MemoryJournal
from switchroom.reply import Reply
from switchroom.rules.limits import MAX_FAULTS
from switchroom.testing import Cassette, call
from switchroom.wrap import breaking, falling_back, retrying
from tests.helpers import facts_of
from tests.laws.worlds import CONVERSATION, Died, DyingJournal, answering, texts


@tool(effect="read")
async def find_order(order: int) -> str:
    """Look an order up."""
    if order < 100:
        raise TryAgain(f"There is no order {order}; numbers have three digits.")
    return "shipped"


@tool(effect="irreversible")
def cancel_order(order: int) -> str:
    """Cancel an order."""
    raise TryAgain("Ask the customer first.")


def clerk(*answers: Reply, tools: Any = (find_order,)) -> Agent[str]:
    return Agent("clerk", model=answering(*answers), tools=list(tools))


def returned(result: RunResult[Any]) -> list[tuple[str, bool, bool]]:
    return [(fact.text, fact.failed, fact.again) for fact in facts_of(ToolReturned, result.events)]


async def test_the_model_is_told_and_calls_again():
    result = await Runner.run(clerk(call("find_order", order=7), call("find_order", order=700), "It has been shipped."), "go")
    assert result.final_output == "It has been shipped."
    assert returned(result) == snapshot(
        [("[try again: There is no order 7; numbers have three digits.]", True, True), ("shipped", False, False)]
    )
    assert facts_of(ToolFailed, result.events) == []


async def test_a_plain_function_and_a_step_inside_of_the_tool_may_say_so_too():
    async def inner(text: str, scope: Any) -> str:
        raise TryAgain(f"not {text}")

    @tool
    async def outer(ctx: ToolContext, text: str) -> str:
        return await ctx.scope.call(inner, text)

    agent = clerk([call("cancel_order", order=7), call("outer", text="this")], "done", tools=(cancel_order, outer))
    assert texts((await Runner.run(agent, "go")).messages) == ["[try again: Ask the customer first.]", "[try again: not this]"]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_model_that_has_to_be_told_too_often_in_a_row_ends_the_run(count: int):
    calls = [call("find_order", order=7) for _ in range(count)]
    with pytest.raises(ModelMisbehaved, match="There is no order 7") as error:
        await Runner.run(clerk(calls), "go")
    result: RunResult[Any] = error.value.run
    assert len(facts_of(ModelAnswered, result.events)) == MAX_FAULTS + 1


async def test_another_call_that_succeeds_in_the_same_answer_does_not_make_it_endless():
    with pytest.raises(ModelMisbehaved):
        await Runner.run(clerk([call("find_order", order=7), call("find_order", order=700)]), "go")
    with pytest.raises(ModelMisbehaved):
        await Runner.run(clerk([call("find_order", order=700), call("find_order", order=7)]), "go")


async def test_an_answer_that_succeeds_begins_the_count_anew():
    bad, good = call("find_order", order=7), call("find_order", order=700)
    answers = [bad, bad, bad, good, bad, bad, bad, "done"]
    assert (await Runner.run(clerk(*answers), "go")).final_output == "done"
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(clerk(*[bad, good] * 20), "go", config=RunConfig(max_turns=9))


async def test_a_crash_before_the_next_request_repeats_no_call():
    ran: list[int] = []

    @tool(effect="irreversible")
    async def pay(cents: int) -> str:
        ran.append(cents)
        if cents > 100:
            raise TryAgain("At most 100.")
        return "paid"

    agent = clerk(call("pay", cents=500), call("pay", cents=100), "done", tools=(pay,))
    for dies_at in range(1, 4):
        ran.clear()
        seen = iter(range(1, 99))

        def dies(event: Any, seen: Any = seen, dies_at: int = dies_at) -> bool:
            return isinstance(event.fact, ModelAnswered) and next(seen) == dies_at

        journal = DyingJournal(dies)
        with pytest.raises(Died):
            await Runner.run(agent, "go", conversation=CONVERSATION, config=RunConfig(journal=journal))
        result = await Runner.resume(agent, conversation=CONVERSATION, config=RunConfig(journal=journal))
        assert (result.final_output, ran) == ("done", [500, 100])


async def test_a_play_gives_the_same_without_calling_the_tool():
    agent = clerk(call("find_order", order=7), call("find_order", order=700), "done")
    config = RunConfig(journal=MemoryJournal())
    await Runner.run(agent, "go", conversation=CONVERSATION, config=config)
    assert config.journal is not None
    played = await Cassette.from_journal(config.journal, CONVERSATION).play(agent)
    assert returned(played.result)[0] == ("[try again: There is no order 7; numbers have three digits.]", True, True)


async def test_guards_let_it_through_and_count_no_failure():
    breaker = CircuitBreaker(failure_threshold=1)
    tries: list[str] = []

    @tool(name="find_order", effect="read")
    async def other(order: int) -> str:
        tries.append("other")
        return "from elsewhere"

    guarded = falling_back(breaking(retrying(find_order), breaker), other, on=(Exception,))
    result = await Runner.run(clerk(call("find_order", order=7), "done", tools=(guarded,)), "go")
    assert texts(result.messages) == ["[try again: There is no order 7; numbers have three digits.]"]
    assert (breaker.state, tries) == ("closed", [])


async def test_a_tool_that_is_tried_again_on_any_exception_is_not_on_this_one():
    tries: list[int] = []

    @tool(name="find_order", effect="read")
    async def busy(order: int) -> str:
        tries.append(order)
        if len(tries) == 1:
            raise ConnectionError
        raise TryAgain("Three digits.")

    guarded = retrying(busy, attempts=9, wait=0, on=(Exception,))
    result = await Runner.run(clerk(call("find_order", order=7), "done", tools=(guarded,)), "go")
    assert (texts(result.messages), tries) == (["[try again: Three digits.]"], [7, 7])


async def test_a_tool_whose_failures_are_told_tells_this_one_in_its_own_words():
    telling = tool(name="find_order", on_error="tell_model")(find_order.invoke.function)  # pyright: ignore
    result = await Runner.run(clerk(call("find_order", order=7), "done", tools=(telling,)), "go")
    assert texts(result.messages) == ["[try again: There is no order 7; numbers have three digits.]"]


async def test_parallel_calls_are_all_answered():
    @tool(effect="read")
    async def slow() -> str:
        await asyncio.sleep(0)
        return "slow"

    agent = clerk([call("slow"), call("find_order", order=7)], "done", tools=(slow, find_order))
    told = "[try again: There is no order 7; numbers have three digits.]"
    assert texts((await Runner.run(agent, "go")).messages) == ["slow", told]
