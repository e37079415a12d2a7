"""Runs in all the ways there are, one after the other, in a process where every warning is an error: `lives.py URL`."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading

from switchroom import Agent, Runner
from switchroom.errors import ModelUnavailable
from switchroom.models import OpenAIChat, OpenAIResponses

URL = sys.argv[1]

logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of a machine that is slow


def model() -> OpenAIChat:
    return OpenAIChat("m", base_url=URL, api_key="any")


def look(order: str = "7") -> str:
    return f"{order} was sent"


SHARED = Agent("a", model=OpenAIResponses("m", base_url=URL, api_key="any"), tools=[look])
ANSWER = "It says: 7 was sent"


def synchronously() -> None:
    for _ in range(3):
        assert Runner.run_sync(SHARED, "Where is it?").final_output == ANSWER


def threads() -> None:
    found: list[str] = []

    def body() -> None:
        found.append(Runner.run_sync(SHARED, "Where is it?").final_output)

    several = [threading.Thread(target=body) for _ in range(6)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert found == [ANSWER] * 6


def notebook() -> None:
    """A loop is running, and a cell waits for a run."""

    async def cells() -> None:
        for _ in range(2):
            assert Runner.run_sync(SHARED, "Where is it?").final_output == ANSWER
            assert (await Runner.run(SHARED, "Where is it?")).final_output == ANSWER

    asyncio.run(cells())


def loops() -> None:
    """One loop after the other, each with several runs at once, and one loop that is shut down by hand."""

    async def several() -> None:
        results = await asyncio.gather(*(Runner.run(SHARED, "Where is it?") for _ in range(8)))
        assert {result.final_output for result in results} == {ANSWER}

    for _ in range(2):
        asyncio.run(several())
    with asyncio.Runner() as runner:
        runner.run(several())
        runner.run(several())


def dropped() -> None:
    """Models that nobody can use any more, in a loop that goes on, and at its very end."""

    async def many() -> None:
        for _ in range(4):
            agent = Agent("a", model=model(), tools=[look])
            assert (await Runner.run(agent, "Where is it?")).final_output == ANSWER
            del agent
            gc.collect()
            await asyncio.sleep(0.01)
        agent = Agent("a", model=model(), tools=[look])
        await Runner.run(agent, "Where is it?")
        del agent
        gc.collect()

    asyncio.run(many())


def left() -> None:
    """Streams that nobody reads to the end."""

    async def early() -> None:
        for _ in range(3):
            async with Runner.stream(SHARED, "Where is it?") as events:
                async for event in events:
                    if event.kind == "text_delta":
                        break

    asyncio.run(early())


def failed() -> None:
    """Errors, which hold the run, which holds the agent, which holds the model."""

    async def fail() -> None:
        agent = Agent("a", model=OpenAIChat("m", base_url="http://127.0.0.1:9/v1", api_key="any", retries=0))
        try:
            await Runner.run(agent, "Where is it?")
        except ModelUnavailable as error:
            kept.append(error)

    kept: list[Exception] = []
    for _ in range(2):
        asyncio.run(fail())
    assert len(kept) == 2


for way in (synchronously, threads, notebook, loops, dropped, left, failed):
    way()
    gc.collect()
    print(way.__name__)
