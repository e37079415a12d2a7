"""A turn over loopback HTTP, ours beside the plain SDK's call: the server is a process of its own, and not in the figures."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

import openai

from benchmarks.measure import Row, Work, compare
from switchroom import Agent, Runner
from switchroom.models import OpenAIChat

AT_ONCE = 64


@contextlib.contextmanager
def server() -> Generator[str]:
    """A server that answers all requests with the same fifty words, and its URL."""
    command = [sys.executable, "-m", "tests.servers", "--script", "fifty", "--while-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def rows() -> list[Row]:
    """A turn, plain and streamed, one after the other and many at once; the floor is the SDK's call with its typed response."""
    with server() as url:
        plain = (_sdk(url, False), _turn(url, False))
        streamed = (_sdk(url, True), _turn(url, True))
        return [
            compare("HTTP turn", 1, plain, 100),
            compare("HTTP turn, streamed", 1, streamed, 50),
            compare("HTTP, 64 at once", 1, (_at_once(plain[0]), _at_once(plain[1])), 3, per=AT_ONCE),
            compare("HTTP streamed, 64 at once", 1, (_at_once(streamed[0]), _at_once(streamed[1])), 2, per=AT_ONCE),
        ]


Use = Callable[[Any], Awaitable[object]]
"""One exchange, by what makes it: a client or an agent."""


def _each(make: Callable[[], AsyncGenerator[Any]], use: Use) -> Work:
    """One exchange after the other. What makes them is opened once in a loop, which closes its generators when it ends."""
    opened: dict[Any, tuple[Any, AsyncGenerator[Any]]] = {}

    async def work() -> object:
        loop = asyncio.get_running_loop()
        if loop not in opened:
            opened.clear()
            keeper = make()
            opened[loop] = (await anext(keeper), keeper)
        return await use(opened[loop][0])

    return work


def _at_once(one: Work) -> Work:
    async def work() -> object:
        return await asyncio.gather(*(one() for _ in range(AT_ONCE)))

    return work


def _sdk(url: str, streamed: bool) -> Work:
    async def client() -> AsyncGenerator[openai.AsyncOpenAI]:
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as opened:
            yield opened

    async def whole(client: openai.AsyncOpenAI) -> object:
        return await client.chat.completions.create(model="m", messages=_SAID)

    async def pieces(client: openai.AsyncOpenAI) -> object:
        return [chunk async for chunk in await client.chat.completions.create(model="m", messages=_SAID, stream=True)]

    return _each(client, pieces if streamed else whole)


def _turn(url: str, streamed: bool) -> Work:
    async def agent() -> AsyncGenerator[Agent]:
        yield Agent("greeter", "Be brief.", model=OpenAIChat("m", base_url=url, api_key="none"))

    async def pieces(agent: Agent) -> object:
        async with Runner.stream(agent, "hi") as events:
            return [event async for event in events]

    return _each(agent, pieces if streamed else lambda agent: Runner.run(agent, "hi"))


_SAID: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
