"""Live sessions: what a delivery costs over bare asyncio that copies as deep, and what a session in flight holds."""

from __future__ import annotations

import asyncio
import copy
import gc
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

from benchmarks.measure import Row, compare
from switchroom import Event, Node, OutputNode, Session

EVENTS = 200
"""Events that one message causes, so that what is measured is the delivery and not the turn."""


class Tick(Event):
    """What is delivered."""

    type: str = "tick"


class Source(Node):
    """Sends events, each of which goes to three nodes and on to one."""

    def __init__(self) -> None:
        super().__init__("router")
        self.tick = Tick(metadata={"route": "all"})

    async def process_event(self, event: Event) -> None:
        for _ in range(EVENTS):
            await self.send_event(self.tick)
        await self.send_event(event)


class Passing(Node):
    """Passes on what it gets."""


class Join(OutputNode):
    """Counts what it gets, and answers the message."""

    def __init__(self, hold: asyncio.Event | None = None) -> None:
        super().__init__("join")
        self.got = 0
        self.hold = hold

    async def process_event(self, event: Event) -> None:
        self.got += 1
        if event.type == "user.message":
            await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        if self.hold is not None:
            await self.hold.wait()
        yield "hello"


def session(source: Node, join: Node) -> Session:
    """A router, three nodes, and the one to which they lead."""
    made = Session()
    made.add_node(source)
    made.add_node(join)
    for name in "abc":
        node = Passing(name)
        made.add_node(node)
        made.add_edge(source, node)
        made.add_edge(node, join)
    return made


def _copied(event: Tick) -> Tick:
    twin = copy.copy(event)
    fields: dict[str, Any] = vars(twin)
    fields["metadata"] = dict(event.metadata)
    return twin


async def by_hand(count: int) -> int:
    """The same deliveries in bare asyncio: a queue and a task for each node, a copy for each receiver."""
    got = 0
    source = Tick(metadata={"route": "all"})
    queues: dict[str, asyncio.Queue[Tick | None]] = {name: asyncio.Queue() for name in ("a", "b", "c", "join")}

    async def passing(name: str) -> None:
        while (event := await queues[name].get()) is not None:
            queues["join"].put_nowait(_copied(event))

    async def join() -> None:
        nonlocal got
        while await queues["join"].get() is not None:
            got += 1

    tasks = [asyncio.create_task(passing(name)) for name in "abc"]
    joining = asyncio.create_task(join())
    for sent in range(count):
        for name in "abc":
            queues[name].put_nowait(_copied(source))
        if sent % 64 == 63:
            await asyncio.sleep(0)
    for name in "abc":
        queues[name].put_nowait(None)
    await asyncio.gather(*tasks)
    queues["join"].put_nowait(None)
    await joining
    return got


def rows() -> list[Row]:
    """The rows that are ratios to the floor."""

    async def ours() -> object:
        made = session(Source(), join := Join())
        await made.start()
        await made.send("go")
        await made.stop()
        assert join.got == 3 * EVENTS + 3
        return join

    return [compare("event to three and a join", 3, (lambda: by_hand(EVENTS), ours), 20, per=EVENTS)]


def memory(count: int = 10_000) -> tuple[float, float]:
    """Bytes that each of many sessions holds: when one message was answered, and while all of them answer another."""

    async def measure() -> tuple[float, float]:
        joins = [Join() for _ in range(count)]
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        sessions: list[Session] = []
        for join in joins:
            made = session(Passing("router"), join)
            await made.start()
            await made.send("hi")
            sessions.append(made)
        await asyncio.sleep(0.1)  # the quiet after the answers
        gc.collect()
        idle = tracemalloc.get_traced_memory()[0] - before
        hold = asyncio.Event()
        for join in joins:
            join.hold, join.got = hold, 0
        sending = [asyncio.create_task(made.send("hi")) for made in sessions]
        while not all(join.got for join in joins):
            await asyncio.sleep(0)
        gc.collect()
        busy = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        hold.set()
        await asyncio.gather(*sending)
        return idle / count, busy / count

    return asyncio.run(measure())


def memory_by_hand(count: int = 1_000) -> float:
    """Bytes that the same graph holds in bare asyncio while it answers: a task and a queue for each node, and a timeout."""

    async def measure() -> float:
        hold = asyncio.Event()
        waiting = 0

        async def one() -> str:
            nonlocal waiting
            queues: dict[str, asyncio.Queue[Tick]] = {name: asyncio.Queue() for name in ("router", "a", "b", "c", "join")}
            reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            async def passing(name: str, *to: str) -> None:
                while True:
                    event = await queues[name].get()
                    for receiver in to:
                        queues[receiver].put_nowait(_copied(event))

            async def join() -> None:
                nonlocal waiting
                await queues["join"].get()
                waiting += 1
                await hold.wait()
                reply.set_result("hello")

            nodes = [passing("router", "a", "b", "c"), *(passing(name, "join") for name in "abc"), join()]
            tasks = [asyncio.create_task(node) for node in nodes]
            queues["router"].put_nowait(Tick())
            try:
                return await asyncio.wait_for(reply, 30)
            finally:
                for task in tasks:
                    task.cancel()

        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        sending = [asyncio.create_task(one()) for _ in range(count)]
        while waiting < count:
            await asyncio.sleep(0)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        hold.set()
        await asyncio.gather(*sending)
        return held / count

    return asyncio.run(measure())
