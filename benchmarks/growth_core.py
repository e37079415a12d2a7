"""Growth: the CPU time for one of many, at two sizes. A turn, branch, call or event costs the same, however many there are."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from benchmarks.measure import Row
from benchmarks.ours import answering, hello, look
from switchroom import (
    Agent,
    Budget,
    Event,
    Message,
    Node,
    OutputNode,
    RunConfig,
    Runner,
    Session,
    parallel,
    sequential,
    tool,
)
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.usage import Usage

ROUNDS = 3
LAST = 20
"""Turns whose least is taken."""

Say = Callable[[str], Awaitable[Any]]
Cost = Callable[[int], Coroutine[Any, Any, float]]


def rows() -> list[Row]:
    """Return the rows: microseconds for one of few (as the floor) and for one of many, and the ratio not to be exceeded."""
    return [
        _row("Runner turn 10 / 5,000", 1.2, _runner, (10, 5_000)),
        _row("Session turn 10 / 5,000", 1.2, _session, (10, 5_000)),
        _row("workflow turn 10 / 1,000", 1.2, _workflow, (10, 1_000)),
        _row("budget, 100 / 3,000 branches", 1.5, _branches_with_budget, (100, 3_000)),
        _row("waiting, 100 / 3,000", 1.5, _branches_that_wait, (100, 3_000)),
        _row("tools, 100 / 3,000 branches", 1.5, _branches_with_tools, (100, 3_000)),
        _row("an answer's 100 / 4,000 calls", 1.5, _one_answer, (100, 4_000)),
        _row("100 / 10,000 calls in a row", 1.5, _calls_in_a_row, (100, 10_000)),
        _row("event, 30 / 900 deliveries", 1.5, _rounds, (30, 900)),
    ]


def _row(name: str, goal: float, cost: Cost, sizes: tuple[int, int]) -> Row:
    few, many = [min([asyncio.run(cost(size)) for _ in range(ROUNDS)]) for size in sizes]
    return Row(name, few * 1e6, many * 1e6, goal)


async def _spent(work: Awaitable[Any]) -> float:
    began = time.process_time()
    await work
    return time.process_time() - began


# conversations -------------------------------------------------------------------------------------------------------


async def _turn(say: Say, turns: int) -> float:
    for turn in range(turns - LAST // 2):
        await say(f"{turn}: where is my parcel?")
    gc.collect()
    return min([await _spent(say("where is my parcel?")) for _ in range(LAST)])


async def _runner(turns: int) -> float:
    config = RunConfig(journal=MemoryJournal())
    agent = Agent("clerk", "Be brief.", model=answering(hello))
    return await _turn(lambda text: Runner.run(agent, text, conversation="c", config=config), turns)


async def _workflow(turns: int) -> float:
    config = RunConfig(journal=MemoryJournal())
    step = sequential(*(Agent(name, "Be brief.", model=answering(hello)) for name in ("first", "second")))
    return await _turn(lambda text: Runner.run(step, text, conversation="c", config=config), turns)


async def _session(turns: int) -> float:
    async with Session(Agent("clerk", "Be brief.", model=answering(hello)), journal=MemoryJournal()) as session:
        return await _turn(session.send, turns)


# branches ------------------------------------------------------------------------------------------------------------


async def _slowly(request: ModelRequest, emit: Emit) -> ModelResponse:
    await asyncio.sleep(0.001)
    return ModelResponse(Message("assistant", "done"), Usage(1, 10, 10))


def _once(request: ModelRequest) -> Message:
    if request.messages[-1].role == "tool":
        return Message("assistant", "done")
    return Message("assistant", calls=(ToolCall("pause", {}, "call-1"),))


@tool(effect="read")
async def pause() -> str:
    """Let others go on."""
    await asyncio.sleep(0)
    return "paused"


async def _branches(count: int, budget: Budget | None, model: Any, **options: Any) -> float:
    step = parallel(*(Agent(f"agent{place}", "Be brief.", model=model, **options) for place in range(count)))
    gc.collect()
    gc.disable()  # the collector looks at all live objects again and again: its cost grows in any program
    try:
        return await _spent(Runner.run(step, "go", config=RunConfig(max_turns=10 * count, budget=budget))) / count
    finally:
        gc.enable()


async def _branches_with_budget(count: int) -> float:
    return await _branches(count, Budget(turns=10 * count), _slowly)


async def _branches_that_wait(count: int) -> float:
    return await _branches(count, Budget(tokens=20 * count + 20_000), _slowly, settings=Settings(max_tokens=1000))


async def _branches_with_tools(count: int) -> float:
    return await _branches(count, None, answering(_once), tools=[pause])


# calls and events ----------------------------------------------------------------------------------------------------


async def _one_answer(count: int) -> float:
    calls = tuple(ToolCall("look", {"order_id": str(place)}, str(place)) for place in range(count))

    def answer(request: ModelRequest) -> Message:
        return Message("assistant", "done") if request.messages[-1].role == "tool" else Message("assistant", calls=calls)

    return await _spent(Runner.run(Agent("clerk", model=answering(answer), tools=[look]), "go")) / count


async def _calls_in_a_row(count: int) -> float:
    made = 0

    def answer(request: ModelRequest) -> Message:
        nonlocal made
        made += 1
        return Message("assistant", "done" if made > count else "", calls=() if made > count else (_call(made),))

    step = Agent("clerk", model=answering(answer), tools=[look])
    return await _spent(Runner.run(step, "go", config=RunConfig(max_turns=2 * count))) / count


def _call(place: int) -> ToolCall:
    return ToolCall("look", {"order_id": str(place)}, str(place))


class _Counting(Node):
    """Sends an event on, and to the answer once it came often enough."""

    def __init__(self, name: str, upto: int) -> None:
        super().__init__(name)
        self.upto = upto

    async def process_event(self, event: Event) -> None:
        came = event.metadata.get("came", 0) + 1
        await self.send_event(Event(type="tick", metadata={"came": came, "route": "on" if came < self.upto else "answer"}))


class _Answering(OutputNode):
    async def process_event(self, event: Event) -> None:
        await self.speak("done")


async def _rounds(count: int) -> float:
    session = Session()
    entry, one, other, answer = Node("entry"), _Counting("one", count), _Counting("other", count), _Answering("answer")
    for node in (entry, one, other, answer):
        session.add_node(node)
    session.add_edge(entry, one)
    for source, target in ((one, other), (other, one)):
        session.add_edge(source, target, "on")
        session.add_edge(source, answer, "answer")
    async with session:
        await session.send("go")
        return min([await _spent(session.send("go")) for _ in range(5)]) / count
