"""`python -m benchmarks` prints the table: each row ours, the floor's, their ratio and the goal."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
import tracemalloc
from importlib import metadata
from typing import Any

from benchmarks import durable, floor, growth_core, guards, http, long, ours, session, workflows
from benchmarks.growth import rows as growth_rows
from benchmarks.measure import Row, Work, compare
from switchroom import Agent, Message, RunConfig, Runner
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, ModelRequest, ModelResponse


def _floor_models(hops: int) -> dict[str, floor.Answer]:
    def handing(to: str) -> floor.Answer:
        arguments = f'{{"to": "{to}"}}'
        calls = [{"id": "call-1", "function": {"name": "transfer", "arguments": arguments}}]

        async def model(messages: list[floor.Chat]) -> floor.Chat:
            return {"role": "assistant", "content": "", "tool_calls": calls}

        return model

    models = {f"agent{i}": handing(f"agent{i + 1}") for i in range(hops)}
    return models | {f"agent{hops}": floor.hello}


async def _floor_calling(messages: list[floor.Chat]) -> floor.Chat:
    if messages[-1]["role"] == "tool":
        return {"role": "assistant", "content": "done"}
    call = {"id": "call-1", "function": {"name": "look", "arguments": '{"order_id": "7"}'}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


async def _look(order_id: str) -> dict[str, str]:
    return {"order": order_id, "status": "shipped"}


def _look_in_thread(order_id: str) -> dict[str, str]:
    return {"order": order_id, "status": "shipped"}


def rows() -> list[Row]:
    """The rows that are ratios to the floor."""

    def by_hand(tools: dict[str, Any]) -> Work:
        return lambda: floor.with_tools(_floor_calling, tools, "hi")

    def handed_on(hops: int) -> tuple[Work, Work]:
        models, team = _floor_models(hops), ours.chain(hops)
        return lambda: floor.with_handoffs(models, "agent0", "hi"), lambda: Runner.run(team, "hi")

    def run(agent: Agent) -> Work:
        return lambda: Runner.run(agent, "hi")

    return [
        compare("turn", 50, (lambda: floor.turn(floor.hello, "hi"), run(ours.greeter)), 2000),
        compare("tool call (async)", 20, (by_hand({"look": _look}), run(ours.caller)), 1000),
        compare("tool call (thread)", 20, (by_hand({"look": _look_in_thread}), run(ours.thread_caller)), 300),
        compare("handoff", 50, handed_on(1), 1000),
        compare("three hops", 50, handed_on(3), 500),
        compare("conversation of 20 turns", 50, (_floor_conversation, _our_conversation), 20, per=20),
        compare("streamed token", 2.5, (lambda: floor.streamed(1000), lambda: ours.streamed(1000)), 4, per=1000),
    ]


async def _floor_conversation() -> None:
    messages: list[floor.Chat] = [{"role": "system", "content": "Be brief."}]
    kept: list[bytes] = []
    for _ in range(20):
        await floor.turn(floor.hello, "hi", messages)
        kept += (json.dumps(message).encode() for message in messages[-2:])


async def _our_conversation() -> None:
    config = RunConfig(journal=MemoryJournal())
    for _ in range(20):
        await Runner.run(ours.greeter, "hi", conversation="c", config=config)


def growth() -> tuple[float, float]:
    """CPU microseconds of a turn around turn 10 and around turn 200, the best of several conversations."""

    async def conversation() -> tuple[float, float]:
        config = RunConfig(journal=MemoryJournal())
        times: list[float] = []
        gc.collect()
        for _ in range(205):
            began = time.process_time()
            await Runner.run(ours.greeter, "hi", conversation="c", config=config)
            times.append((time.process_time() - began) * 1e6)
        return min(times[5:15]), min(times[195:205])

    runs = [asyncio.run(conversation()) for _ in range(9)]
    return min(early for early, _ in runs), min(late for _, late in runs)


def memory(count: int = 10_000) -> float:
    """Bytes that each of many conversations holds while all are in flight on a model that does not answer yet."""

    async def measure() -> float:
        answer = asyncio.Event()
        waiting = 0

        async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
            nonlocal waiting
            waiting += 1
            await answer.wait()
            return ModelResponse(Message("assistant", "hello"))

        agent = Agent("slow", "Be brief.", model=model)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tasks = [asyncio.create_task(Runner.run(agent, "hi")) for _ in range(count)]
        while waiting < count:
            await asyncio.sleep(0)
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        answer.set()
        await asyncio.gather(*tasks)
        return used / count

    return asyncio.run(measure())


def import_seconds() -> float:
    """CPU seconds of `import switchroom`, beyond those of the bare interpreter; the best of five."""

    def child(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(child("import switchroom") - child("pass") for _ in range(5))


def main() -> None:
    """Print the table."""
    print(f"{'':28}{'floor us':>10}{'ours us':>10}{'ratio':>8}{'goal':>7}")
    for row in (*rows(), *workflows.rows(), *session.rows(), *durable.rows(), *http.rows()):
        verdict = "" if row.ratio <= row.goal else "  missed"
        print(f"{row.name:28}{row.floor:10.2f}{row.ours:10.2f}{row.ratio:8.1f}{row.goal:7.1f}{verdict}")
    for row in guards.rows():
        added = row.ours - row.floor
        print(f"{'guard ' + row.name:28}{'':10}{added:10.2f}{'':8}{row.goal:7.1f}{_missed(added, row.goal)}")
    early, late = growth()
    print(f"{'turn at turn 10 / 200':28}{early:10.2f}{late:10.2f}{late / early:8.2f}{1.2:7.1f}{_missed(late / early, 1.2)}")
    for row in growth_core.rows():
        told = f"{row.floor:10.2f}{row.ours:10.2f}{row.ratio:8.2f}{row.goal:7.1f}{_missed(row.ratio, row.goal)}"
        print(f"{row.name:30}{told}")
    for name, value, ratio, goal in long.lines():
        print(f"{name:28}{'':10}{value:10.2f}{ratio:8.2f}{goal:7.1f}{_missed(ratio, goal)}")
    for row in growth_rows():
        print(f"{row.name:28}{row.small:10.2f}{row.large:10.2f}{row.ratio:8.2f}{row.goal:7.1f}{_missed(row.ratio, row.goal)}")
    kept = memory()
    print(f"{'10,000 in flight, KB each':28}{'':10}{kept / 1024:10.2f}{'':8}{8:7.1f}{_missed(kept / 1024, 8)}")
    idle, busy = session.memory()
    print(f"{'10,000 sessions, KB each':28}{'':10}{idle / 1024:10.2f}{'':8}{12:7.1f}{_missed(idle / 1024, 12)}")
    hand = session.memory_by_hand()
    told = f"{hand / 1024:10.2f}{busy / 1024:10.2f}{busy / hand:8.2f}{1:7.1f}{_missed(busy / hand, 1)}"
    print(f"{'the same, all answering':28}{told}")
    took = import_seconds()
    print(f"{'import switchroom, s':28}{'':10}{took:10.3f}{'':8}{0.3:7.1f}{_missed(took, 0.3)}")
    print("HTTP rows: the floor is the openai SDK's own call; both ask a server in another process, over loopback")
    print(f"python {sys.version.split()[0]}, switchroom {metadata.version('switchroom')}; CPU time, best of several rounds")


def _missed(value: float, goal: float) -> str:
    return "" if value <= goal else "  missed"


if __name__ == "__main__":
    main()
