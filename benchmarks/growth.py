"""Costs that may not grow with the length of a conversation or with the number of routes, at two sizes each."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from benchmarks import ours
from switchroom import Agent, Node, OutputNode, RunConfig, Runner, Session
from switchroom.history import Summary
from switchroom.journals import MemoryJournal
from switchroom.routing import LearnedRouter

EARLY_TURN, LATE_TURN = 50, 1000
FEW_ROUTES, MANY_ROUTES = 220, 440
EXAMPLES = 10
SAID = "Please note: my order is late, and I would like to know when it comes."


class Growth(NamedTuple):
    """A cost at two sizes.

    Args:
        name: what was done, and at which sizes.
        small: CPU microseconds of one at the small size.
        large: the same at the large size.
        goal: the ratio that is not to be exceeded.
    """

    name: str
    small: float
    large: float
    goal: float

    @property
    def ratio(self) -> float:
        """How many times as much the large size costs."""
        return self.large / self.small


def rows() -> list[Growth]:
    """All of them."""
    return [
        Growth(f"messages read at {EARLY_TURN} / {LATE_TURN:,}", *asyncio.run(_read_turns()), 1.3),
        Growth(f"Summary at turn {EARLY_TURN} / {LATE_TURN:,}", *asyncio.run(_summary_turns()), 1.3),
        Growth(f"route, one of {FEW_ROUTES} / {MANY_ROUTES}", _fit(FEW_ROUTES), _fit(MANY_ROUTES), 1.3),
    ]


class _Reader(OutputNode):
    """Reads all messages before it answers."""

    async def generate_response(self) -> AsyncIterator[str]:
        assert self.context.messages
        yield "Noted."


async def _read_turns() -> tuple[float, float]:
    """A turn of a session in which a node reads `context.messages`."""
    session, entry, reader = Session(), Node("entry"), _Reader("reader")
    session.add_node(entry)
    session.add_node(reader)
    session.add_edge(entry, reader)
    async with session:
        return await _turns(lambda: session.send(SAID))


async def _summary_turns() -> tuple[float, float]:
    """A turn of an agent whose history is far from being summarised."""
    history = Summary(ours.greeter, over=1_000_000_000)
    agent = Agent("greeter", "Be brief.", model=ours.greeter.model, history=history)
    config = RunConfig(journal=MemoryJournal())
    return await _turns(lambda: Runner.run(agent, SAID, conversation="c", config=config))


async def _turns(turn: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """The median turn of twenty, up to the early one and up to the late one."""
    times: list[float] = []
    gc.collect()
    for _ in range(LATE_TURN):
        began = time.process_time()
        await turn()
        times.append((time.process_time() - began) * 1e6)
    return sorted(times[EARLY_TURN - 20 : EARLY_TURN])[10], sorted(times[-20:])[10]


def _fit(routes: int) -> float:
    """Learning from ten examples of each route, per route."""
    chance = random.Random(1)

    def words(count: int) -> list[str]:
        return ["".join(chance.choice("bcdfghklmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(count)]

    common = words(300)
    examples: list[tuple[str, str]] = []
    for route in range(routes):
        own = words(12)
        for _ in range(EXAMPLES):
            text = [chance.choice(own if chance.random() < 0.35 else common) for _ in range(9)]
            examples.append((" ".join(text), f"route {route}"))
    began = time.process_time()
    LearnedRouter.fit(examples)
    return (time.process_time() - began) / routes * 1e6
