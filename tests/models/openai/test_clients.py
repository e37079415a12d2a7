"""The clients of one server: as many as requests at the same time need, each with few connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import httpx2
import pytest

from switchroom import Agent
from switchroom.models.openai.clients import FULL_REQUESTS, MOST_CLIENTS, Clients, share_of
from tests.models.openai.lines import line, run
from tests.servers.asked import Api
from tests.servers.said import Said


class Client:
    """A client that can be closed, which may fail."""

    def __init__(self, fails: bool = False) -> None:
        self.closed = False
        self._fails = fails

    async def close(self) -> None:
        self.closed = True
        if self._fails:
            raise OSError("the line is gone")


def clients(opened: list[Client], fails: bool = False) -> Clients:
    """Clients, which are added to a list when they are opened."""

    def open_client(share: int) -> Client:
        opened.append(Client(fails))
        return opened[-1]

    return Clients(open_client)


def test_requests_one_after_the_other_go_through_one_client():
    opened: list[Client] = []
    several = clients(opened)
    for _ in range(100):
        with several.lend() as client:
            assert client is opened[0]
        with contextlib.suppress(ValueError), several.lend():
            raise ValueError
    assert len(opened) == 1


def test_a_client_is_opened_when_all_are_full_and_the_one_with_the_fewest_requests_when_all_are_open():
    opened: list[Client] = []
    several = clients(opened)
    with contextlib.ExitStack() as stack:
        lent = [stack.enter_context(several.lend()) for _ in range(FULL_REQUESTS)]
        assert len(opened) == 1
        lent += [stack.enter_context(several.lend()) for _ in range(FULL_REQUESTS * (MOST_CLIENTS - 1))]
        assert len(opened) == MOST_CLIENTS
        lent += [stack.enter_context(several.lend()) for _ in range(3 * MOST_CLIENTS)]
        assert len(opened) == MOST_CLIENTS
        assert {lent.count(client) for client in opened} == {FULL_REQUESTS + 3}
    with several.lend() as client:
        assert client is opened[0]


async def test_all_clients_are_closed_also_where_closing_fails():
    opened: list[Client] = []
    several = clients(opened, fails=True)
    with contextlib.ExitStack() as stack:
        for _ in range(2 * FULL_REQUESTS):
            stack.enter_context(several.lend())
    with pytest.raises(OSError, match="the line is gone"):
        await several.close()
    assert [client.closed for client in opened] == [True, True]


def test_clients_together_have_the_connections_of_one():
    part = share_of(httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=5.0), MOST_CLIENTS)
    assert (part.max_connections, part.max_keepalive_connections, part.keepalive_expiry) == (125, 13, 5.0)
    assert FULL_REQUESTS <= 13
    free = share_of(httpx2.Limits(max_connections=None, max_keepalive_connections=None), MOST_CLIENTS)
    assert (free.max_connections, free.max_keepalive_connections) == (None, None)


async def test_many_runs_at_once_are_spread_over_pools_of_few_connections(api: Api):
    """A pool looks at all its connections at each request, so that one for all gets slower with each."""
    async with line(lambda asked: Said(f"To {asked.newest}"), api) as (server, model):
        agent = Agent("a", model=model)
        for _ in range(2):
            results = await asyncio.gather(*(run(agent, f"{n}", n % 2 == 0) for n in range(64)))
            assert [result.final_output for result in results] == [f"To {n}" for n in range(64)]
            sizes = [len(pool.connections) for pool in pools() if pool.connections]
            assert 1 < len(sizes) <= MOST_CLIENTS
            assert max(sizes) <= FULL_REQUESTS
        assert server.connections <= 64


def pools() -> list[Any]:
    """The pools of connections that there are."""
    return [found for found in gc.get_objects() if type(found).__name__ == "AsyncConnectionPool"]
