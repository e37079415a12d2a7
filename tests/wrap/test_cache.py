"""A cache: answers from memory for a while, one request for all who ask the same at once, and no failure kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from switchroom import Agent, Message, RunConfig, Runner, Settings, ToolContext, tool
from switchroom.events import ModelAnswered
from switchroom.model import ModelRequest, ToolSpec, nobody
from switchroom.usage import Usage
from switchroom.wrap import cached
from tests.helpers import facts_of
from tests.virtual import in_no_time
from tests.wrap.worlds import COUNTED, REQUEST, Ear, Line, Server, caller, now, said


def test_what_was_asked_before_is_answered_from_memory_and_costs_nothing():
    async def main() -> None:
        server = Server((1, "hello"))
        model = cached(server)
        assert (await model(REQUEST, nobody)).usage == COUNTED
        line = Line()
        response = await model(REQUEST, line)
        assert (response.message.text, response.usage, now()) == ("hello", Usage(), 1)
        assert line.eyes == "hello"
        assert len(server.asked) == 1

    in_no_time(main())


async def test_a_run_counts_no_request_for_it_and_shows_its_text():
    server = Server((0, "hello"), pieces=2)
    agent = Agent("clerk", model=cached(server))
    for requests in (1, 0):
        ear = Ear()
        result = await Runner.run(agent, "go", config=RunConfig(listeners=(ear,)))
        assert ear.eyes == result.final_output == "hello.0 hello.1 "
        assert result.usage.requests == requests
        assert len(facts_of(ModelAnswered, result.events)) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, agent="boss"),
        replace(REQUEST, instructions="Be long."),
        replace(REQUEST, messages=[*REQUEST.messages, Message("assistant", "Yes?")]),
        replace(REQUEST, tools=[ToolSpec("look", "", {})]),
        replace(REQUEST, output_schema={"type": "object"}),
        replace(REQUEST, settings=Settings(temperature=1)),
        replace(REQUEST, settings=Settings(extra={"seed": 7})),
    ],
    ids=["agent", "instructions", "messages", "tools", "schema", "temperature", "extra"],
)
async def test_all_that_matters_is_compared(other: ModelRequest):
    server = Server((0, "hello"))
    model = cached(server)
    for request in (REQUEST, other, REQUEST, other):
        await model(request, nobody)
    assert len(server.asked) == 2


async def test_what_cannot_be_compared_is_asked_each_time():
    server = Server((0, "hello"))
    model = cached(server)
    for _ in range(2):
        await model(replace(REQUEST, settings=Settings(extra={"stop": object()})), nobody)
    assert len(server.asked) == 2


def test_an_answer_is_kept_for_its_time_and_the_least_used_go_first():
    async def main() -> None:
        server = Server((0, "hello"))
        model = cached(server, size=2, seconds=timedelta(minutes=1))
        a, b, c = (replace(REQUEST, instructions=text) for text in "abc")
        for request in (a, b, a, c, a):
            await model(request, nobody)
        assert len(server.asked) == 3
        await model(b, nobody)
        assert len(server.asked) == 4
        await asyncio.sleep(61)
        await model(b, nobody)
        assert len(server.asked) == 5

    in_no_time(main())


def test_equal_requests_at_once_are_one_request():
    async def main() -> None:
        server = Server((1, "hello"))
        model = cached(server)
        lines = [Line() for _ in range(5)]
        responses = await asyncio.gather(*(model(REQUEST, line) for line in lines))
        assert len(server.asked) == 1
        assert [response.message.text for response in responses] == ["hello"] * 5
        assert sum((response.usage for response in responses), Usage()) == COUNTED
        assert [line.eyes for line in lines[1:]] == ["hello"] * 4

    in_no_time(main())


def test_a_failure_is_not_kept_and_who_waited_for_it_asks_for_himself():
    async def main() -> None:
        server = Server((1, ConnectionError("gone")), (1, "hello"))
        model = cached(server)
        first, second, third = await asyncio.gather(*(model(REQUEST, nobody) for _ in range(3)), return_exceptions=True)
        assert isinstance(first, ConnectionError)
        assert not isinstance(second, BaseException)
        assert not isinstance(third, BaseException)
        assert (second.message.text, third.message.text, now()) == ("hello", "hello", 2)
        assert len(server.asked) == 3
        await model(REQUEST, nobody)
        assert len(server.asked) == 3

    in_no_time(main())


def test_who_stops_asking_stops_nobody_else():
    async def main() -> None:
        server = Server((2, "hello"))
        model = cached(server)
        first, second, third = (asyncio.create_task(model(REQUEST, nobody)) for _ in range(3))
        await asyncio.sleep(1)
        second.cancel()
        await asyncio.sleep(0)
        assert second.cancelled()
        first.cancel()
        assert (await third).message.text == "hello"
        assert server.ended == ["cancelled", "answered"]

    in_no_time(main())


async def test_a_tool_is_asked_once_for_the_same_arguments():
    called: list[str] = []

    @tool(effect="read")
    async def look(order: str) -> dict[str, str]:
        called.append(order)
        return {"order": order}

    guarded = cached(look)
    for order in ("7", "8", "7", "8"):
        assert await said(caller([guarded], "look", order=order)) == f'{{"order":"{order}"}}'
    assert called == ["7", "8"]


async def test_what_depends_on_who_asks_is_kept_by_who_asks():
    @tool(effect="read")
    async def mine(ctx: ToolContext) -> str:
        return f"parcels of {ctx.deps}"

    async def asked(guarded: Any, who: str) -> Any:
        return (await Runner.run(caller([guarded], "mine"), "go", deps=who)).final_output

    guarded = cached(mine, by=lambda ctx: ctx.deps)
    assert [await asked(guarded, who) for who in ("Ann", "Bob", "Ann")] == [
        f"parcels of {who}" for who in ("Ann", "Bob", "Ann")
    ]
    server = Server((0, "hello"))
    model = cached(server, by=lambda request: len(server.asked))
    await model(REQUEST, nobody)
    await model(REQUEST, nobody)
    assert len(server.asked) == 2


async def test_what_by_raises_is_raised():
    def by(request: ModelRequest) -> str:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await cached(Server((0, "hello")), by=by)(REQUEST, nobody)


def test_one_cache_serves_one_event_loop_after_another():
    server = Server((0, "hello"))
    agent = Agent("clerk", model=cached(server))
    for _ in range(3):
        assert Runner.run_sync(agent, "hi").final_output == "hello"
    assert len(server.asked) == 1
