"""Long conversations: what a turn costs late in one, and what it costs a process to open one that it does not remember."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import ours
from switchroom import Agent, Message, RunConfig, Runner, Session
from switchroom.events import RunEvent
from switchroom.history import keep_last
from switchroom.journal import Journal
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.model import Emit, ModelRequest, ModelResponse

PLACES = (10, 1_000, 5_000)
"""The turns at which turns are measured."""

EARLY, LATE = 10, 10_000
"""The turns from which on opening is measured."""

WINDOW = 64
"""Turns that are opened one after the other; the worst counts, so that none hides behind a snapshot just written."""

Say = Callable[[], Awaitable[object]]


@asynccontextmanager
async def _runner(journal: Journal) -> AsyncGenerator[Say]:
    config = RunConfig(journal=journal, history=keep_last(20))
    yield lambda: Runner.run(ours.greeter, "hi", conversation="c", config=config)


@asynccontextmanager
async def _session(journal: Journal) -> AsyncGenerator[Say]:
    async with Session(ours.greeter, journal=journal, config=RunConfig(history=keep_last(20))) as session:
        yield lambda: session.send("hi")


def turns() -> dict[str, list[float]]:
    """CPU microseconds of a turn of a `Runner` and of a `Session` at each of the places, the best of 20 there."""

    async def measure(kind: Callable[[Journal], AbstractAsyncContextManager[Say]]) -> list[float]:
        best: list[float] = []
        async with kind(MemoryJournal()) as say:
            gc.collect()
            done = 0
            for place in PLACES:
                for _ in range(place - done):
                    await say()
                best.append(min([await _cpu(say) for _ in range(20)]))
                done = place + 20
        return best

    return {name: asyncio.run(measure(kind)) for name, kind in (("Runner", _runner), ("Session", _session))}


async def _cpu(say: Say) -> float:
    began = time.process_time()
    await say()
    return (time.process_time() - began) * 1e6


class Asked(Exception):
    """The first command was reached: a model is asked."""


async def _ends(request: ModelRequest, emit: Emit) -> ModelResponse:
    """A model that reads its window, and stops the run."""
    assert all(message.text for message in request.messages)
    raise Asked


async def _hello(request: ModelRequest, emit: Emit) -> ModelResponse:
    return ModelResponse(Message("assistant", "hello"))


def opening(rounds: int = 3) -> tuple[float, float]:
    """CPU microseconds from opening a conversation to its first model call, for a process that knows nothing of it.

    The worst of 64 consecutive turns, from turn 10 and from turn 10,000 on; of each turn the best of several rounds. A process
    that knows nothing is another journal object over the same file.
    """

    def worst(turn: int) -> float:
        with _file() as path:
            _talk(path, turn)
            found: list[float] = []
            for _ in range(WINDOW):
                found.append(min(_opened(path) for _ in range(rounds)))
                _talk(path, 1)
            return max(found)

    return worst(EARLY), worst(LATE)


@contextmanager
def _file() -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "chats.db"


def _talk(path: Path, count: int) -> None:
    """Turns of one process."""

    async def talk() -> None:
        journal = SqliteJournal(path)
        config = RunConfig(journal=journal, history=keep_last(20))
        for _ in range(count):
            await Runner.run(Agent("clerk", "Be brief.", model=_hello), "hi", conversation="c", config=config)
        journal.close()

    asyncio.run(talk())


class _Peeking(SqliteJournal):
    """Keeps nothing of what is noted, so that the same turn can be opened several times."""

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Forget the events."""

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> None:
        """Forget the events."""


def _opened(path: Path) -> float:
    """CPU microseconds of one process's first turn up to its model call."""

    async def first() -> float:
        journal = _Peeking(path)
        config = RunConfig(journal=journal, history=keep_last(20))
        agent = Agent("clerk", "Be brief.", model=_ends)
        gc.collect()
        began = time.process_time()
        with contextlib.suppress(Asked):
            await Runner.run(agent, "hi", conversation="c", config=config)
        took = time.process_time() - began
        journal.close()
        return took * 1e6

    return asyncio.run(first())


class Line(NamedTuple):
    """A line of the table: microseconds late in a conversation, and how many times those early in it."""

    name: str
    late: float
    ratio: float
    goal: float


def lines() -> Iterator[Line]:
    """The lines about long conversations."""
    for kind, times in turns().items():
        for place, took in zip(PLACES[1:], times[1:], strict=True):
            yield Line(f"{kind} at turn {place:,} / {PLACES[0]}", took, took / times[0], 1.2)
    early, late = opening()
    yield Line(f"opening at {LATE:,} / {EARLY}", late, late / early, 1.5)


if __name__ == "__main__":
    for line in lines():
        print(f"{line.name:28}{line.late:10.2f}{line.ratio:8.2f}{line.goal:7.1f}")
