"""A client of the caller's own: in run after run, loop after loop, and thread beside thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from switchroom import Agent, Runner
from switchroom.compat import agents
from tests.models.openai.lines import KEY, KINDS
from tests.servers.asked import Api
from tests.servers.http import served
from tests.servers.said import Said


class Wrapping(httpx2.AsyncBaseTransport):
    """A transport around another, as libraries for retries are."""

    def __init__(self) -> None:
        self.within = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["x-team"] = "blue"
        return await self.within.handle_async_request(request)

    async def aclose(self) -> None:
        await self.within.aclose()


CLIENTS: dict[str, Callable[[], Any]] = {
    "the SDK's own": lambda: None,
    "with limits": lambda: openai.DefaultAsyncHttpxClient(limits=httpx2.Limits(max_connections=2)),
    "with a transport": lambda: httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(retries=1)),
    "with a transport around another": lambda: httpx2.AsyncClient(transport=Wrapping()),
    "with a mount": lambda: httpx2.AsyncClient(mounts={"http://": Wrapping()}),
}


@pytest.fixture(params=CLIENTS.values(), ids=list(CLIENTS))
def http(request: pytest.FixtureRequest) -> Any:
    return request.param()


def client_at(url: str, http: Any = None) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0, http_client=http)


def test_any_number_of_runs_that_are_waited_for_go_through_one_client(api: Api, http: Any):
    with served(Said("Hello.")) as server:
        agent = Agent("a", model=KINDS[api]("gpt-test", client=client_at(server.url, http)))
        for _ in range(5):
            assert Runner.run_sync(agent, "Hello?").final_output == "Hello."
        assert server.connections == 5  # each loop had its own, and closed it
        assert server.left == []


def test_loops_of_the_caller_s_own_do_as_well():
    with served(Said("Hello.")) as server:
        agent = Agent("a", model=KINDS["chat"]("gpt-test", client=client_at(server.url)))

        async def twice() -> None:
            for _ in range(2):
                assert (await Runner.run(agent, "Hello?")).final_output == "Hello."

        for _ in range(3):
            asyncio.run(twice())
        assert server.connections == 3


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_ended_without_closing_anything_is_no_harm():
    with served(Said("Hello.")) as server:
        agent = Agent("a", model=KINDS["chat"]("gpt-test", client=client_at(server.url)))
        for _ in range(3):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(Runner.run(agent, "Hello?")).final_output == "Hello."
            loop.close()
        assert Runner.run_sync(agent, "Hello?").final_output == "Hello."
        gc.collect()  # here, where warnings of what those loops left open are expected


def test_loops_in_several_threads_at_once_do_not_disturb_one_another(http: Any):
    together = threading.Barrier(4, timeout=20)
    heard: list[str] = []
    with served(Said("Hello.")) as server:
        agent = Agent("a", model=KINDS["chat"]("gpt-test", client=client_at(server.url, http)))

        async def several() -> None:
            for _ in range(3):
                await asyncio.to_thread(together.wait)
                heard.append((await Runner.run(agent, "Hello?")).final_output)

        threads = [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert heard == ["Hello."] * 12
        assert server.connections == 4


def test_the_client_is_the_caller_s_in_between():
    with served(Said("Hello.")) as server:
        client = client_at(server.url)
        agent = Agent("a", model=KINDS["chat"]("gpt-test", client=client))

        async def directly() -> str:
            return (await client.models.list()).data[0].id

        for _ in range(2):
            assert asyncio.run(_both(Runner.run(agent, "Hello?"), directly())) == "gpt-test"
        client.api_key = "sk-another-key"
        Runner.run_sync(agent, "Hello?")
        assert server.requests[-1].headers["authorization"] == "Bearer sk-another-key"
        assert not client.is_closed()


async def _both(run: Any, directly: Any) -> str:
    assert (await run).final_output == "Hello."
    return await directly


def test_the_default_client_of_the_compatible_layer_works_over_any_number_of_runs(monkeypatch: pytest.MonkeyPatch):
    with served(Said("Hello.")) as server:
        agents.set_default_openai_client(client_at(server.url))
        try:
            agent = agents.Agent(name="a", instructions="Be kind.", model="gpt-test")
            for _ in range(4):
                assert agents.Runner.run_sync(agent, "Hello?").final_output == "Hello."
        finally:
            agents.set_default_openai_client(None)
