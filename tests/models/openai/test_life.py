"""The lives of clients: one for each loop, connections that are used again, and nothing left open behind anybody's back."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from switchroom import Agent, Runner, tool
from switchroom.errors import ModelDenied
from switchroom.models import OpenAIChat
from tests.helpers import soon
from tests.models.openai.lines import KEY, KINDS, hear, line, model_at, run
from tests.patience import HANGS_S
from tests.servers import speech
from tests.servers.asked import Api, Asked
from tests.servers.faults import Faults, Refuses
from tests.servers.http import served, serving
from tests.servers.manners import PLAIN
from tests.servers.process import running
from tests.servers.said import Called, Said
from tests.servers.script import End, Script, Wait, stream_head

HERE = Path(__file__).parent


@tool(effect="read")
async def lookup(order: str) -> str:
    return f"{order} was sent"


async def test_the_turns_of_a_run_and_of_the_next_go_over_one_connection(api: Api, streamed: bool):
    def answer(asked: Asked) -> Said:
        if not asked.results:
            return Said(calls=(Called("lookup", {"order": "7"}),))
        return Said("Done.")

    async with line(answer, api) as (server, model):
        agent = Agent("a", model=model, tools=[lookup])
        for _ in range(3):
            await run(agent, "Where is it?", streamed)
    assert len(server.requests) == 6
    assert server.connections == 1


async def test_many_runs_at_once_are_answered_each_and_their_connections_used_again(api: Api):
    async with line(lambda asked: Said(f"To {asked.newest}"), api) as (server, model):
        agent = Agent("a", model=model)
        for _ in range(2):
            results = await asyncio.gather(*(run(agent, f"{n}", n % 2 == 0) for n in range(64)))
            assert [result.final_output for result in results] == [f"To {n}" for n in range(64)]
            assert server.connections <= 64


async def test_runs_that_are_cancelled_leave_no_connection_in_use(api: Api):
    """With the few connections that the client may have, what a cancelled run kept would be missed soon."""
    async with serving(lambda asked: Said("Hello.") if asked.newest == "Hello?" else Script([stream_head(), Wait()])) as server:
        http = openai.DefaultAsyncHttpxClient(limits=httpx2.Limits(max_connections=2))
        async with openai.AsyncOpenAI(base_url=server.url, api_key=KEY, max_retries=0, http_client=http) as client:
            agent = Agent("a", model=KINDS[api]("gpt-test", client=client))
            for n in range(1, 9):
                task = asyncio.create_task(run(agent, "Wait.", n % 2 == 0))
                await soon(server.until(lambda n=n: len(server.requests) == n))
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
            assert (await soon(run(agent, "Hello?", True))).final_output == "Hello."
        await soon(server.until(lambda: len(server.left) == 8))


def test_each_loop_has_its_own_client_and_is_not_kept_by_it():
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    with served(Said("Hello.")) as server:
        agent = Agent("a", model=model_at(server.url))

        async def twice() -> None:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            for streamed in (False, True):
                assert (await run(agent, "Hello?", streamed)).final_output == "Hello."

        for _ in range(3):
            asyncio.run(twice())
        gc.collect()
        assert server.connections == 3
    assert [loop() for loop in loops] == [None, None, None]


def test_a_process_ends_with_nothing_open_and_nothing_said():
    """The script makes runs in all the ways there are; warnings are errors, and what the collector finds is said."""
    with running("calling") as url:
        command = [sys.executable, "-X", "dev", "-W", "error", str(HERE / "lives.py"), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS_S, cwd=HERE.parents[2])
    assert done.stderr == ""
    assert done.stdout.split() == ["synchronously", "threads", "notebook", "loops", "dropped", "left", "failed"]
    assert done.returncode == 0


async def test_a_client_of_one_s_own_says_how_the_server_is_reached(api: Api):
    async def key() -> str:
        return KEY

    busy = Refuses(503, "", headers={"retry-after-ms": "1"})
    more: dict[str, Any] = {"default_headers": {"X-Team": "blue"}, "default_query": {"version": "1"}}
    async with (
        serving(Faults(busy, times=3, then=Said("Hello.")), key=KEY) as server,
        openai.AsyncOpenAI(base_url=server.url, api_key=key, max_retries=3, **more) as client,
    ):
        agent = Agent("a", model=KINDS[api]("gpt-test", client=client, provider="vllm"))
        for streamed in (False, True):
            result = await run(agent, "Hello?", streamed)
            assert result.final_output == "Hello."
    assert len(server.requests) == 5
    assert {(asked.headers["x-team"], asked.query) for asked in server.requests} == {("blue", "version=1")}


async def test_a_client_of_one_s_own_is_not_closed():
    async with serving(Said("Hello.")) as server, openai.AsyncOpenAI(base_url=server.url, api_key=KEY) as client:
        model = OpenAIChat("gpt-test", client=client)
        await Runner.run(Agent("a", model=model), "Hello?")
        del model
        gc.collect()
        assert (await client.models.list()).data[0].id == "gpt-test"


async def test_azure_s_client_finds_the_model_in_the_request():
    async with (
        serving(Said("Hello.")) as server,
        openai.AsyncAzureOpenAI(base_url=server.url, api_key=KEY, api_version="2025-01-01") as client,
    ):
        with pytest.raises(ModelDenied):  # this server has no such path
            await Runner.run(Agent("a", model=OpenAIChat("gpt-test", client=client)), "Hello?")
    asked = server.requests[0]
    assert (asked.path, asked.query) == ("/v1/deployments/gpt-test/chat/completions", "api-version=2025-01-01")
    assert asked.headers["api-key"] == KEY
    assert asked.body["messages"] == [{"role": "user", "content": "Hello?"}]


async def test_a_server_that_closes_after_each_answer_is_asked_on_a_new_connection(api: Api, streamed: bool):
    def closing(asked: Asked) -> Script:
        first, *others = speech.speak(asked, Said("Hello."), PLAIN)
        assert isinstance(first, bytes)
        return Script([first.replace(b"\r\n", b"\r\nconnection: close\r\n", 1), *others, End()])

    async with line(closing, api) as (server, model):
        agent = Agent("a", model=model)
        for _ in range(3):
            assert (await run(agent, "Hello?", streamed)).final_output == "Hello."
    assert server.connections == 3


async def test_a_tool_of_a_run_may_run_agents_of_the_same_model(api: Api):
    def answer(asked: Asked) -> Said:
        if asked.instructions == "Ask the clerk." and not asked.results:
            return Said(calls=(Called("clerk", {"input": "order 7"}), Called("clerk", {"input": "order 8"})))
        return Said(f"I heard: {asked.newest}")

    async with line(answer, api) as (server, model):
        clerk = Agent("clerk", "Know it.", model=model, description="knows orders")
        boss = Agent("boss", "Ask the clerk.", model=model, tools=[clerk.as_tool()])
        heard = await hear(boss, "Where are they?")
    assert heard.result.usage.requests == len(server.requests) == 4
    assert heard.result.final_output == "I heard: I heard: order 8"
