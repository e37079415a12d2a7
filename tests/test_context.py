"""Request id and trace id: known anywhere in a run, to tasks, threads and the runs within it, and to nobody else."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from switchroom import Agent, RunConfig, RunContext, Runner, UserError, parallel, tool
from switchroom.context import REQUEST_ID, request_id, trace_id
from switchroom.journals import MemoryJournal
from switchroom.observe import Trace, TraceProcessor
from switchroom.testing import ScriptedModel, call
from tests.helpers import World, keeping, run_of
from tests.patience import HANGS_S

T = TypeVar("T")

NAMED = RunConfig(request_id="r-1")


def ids() -> tuple[str, str]:
    return request_id(), trace_id()


def look(text: str) -> tuple[str, str]:
    return ids()


def requested(text: str) -> str:
    return request_id()


def silent(text: str) -> str:
    return ""


def apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it in a context of its own, as a server's task for a request is."""
    return contextvars.copy_context().run(asyncio.run, work())


async def test_a_function_of_the_run_knows_both_ids_and_the_result_the_same_trace():
    result = await Runner.run(look, "go", config=NAMED)
    assert result.final_output == ("r-1", result.trace_id)
    assert len(result.trace_id) == 32


async def test_outside_of_a_run_there_is_no_id():
    await Runner.run(silent, "go", config=NAMED)
    assert ids() == ("", "")


def test_what_a_middleware_has_set_is_the_request_of_the_runs_that_it_starts_and_of_no_other():
    async def served(id: str) -> tuple[str, str]:
        REQUEST_ID.set(id)
        await asyncio.sleep(0)
        return (await Runner.run(requested, "go")).final_output, request_id()

    async def both() -> list[tuple[str, str]]:
        return await asyncio.gather(*(served(id) for id in ("r-1", "r-2")))

    assert apart(both) == [("r-1", "r-1"), ("r-2", "r-2")]


def test_what_the_run_says_goes_before_what_was_set_and_only_as_long_as_it_runs():
    async def served() -> tuple[str, str]:
        REQUEST_ID.set("outer")
        return (await Runner.run(requested, "go", config=NAMED)).final_output, request_id()

    assert apart(served) == ("r-1", "outer")


def test_a_run_that_fails_leaves_the_request_as_it_was():
    def fails(text: str) -> None:
        World().touch()

    async def served() -> str:
        REQUEST_ID.set("outer")
        with pytest.raises(ConnectionError):
            await Runner.run(fails, "go", config=NAMED)
        return request_id()

    assert apart(served) == "outer"


async def test_tools_in_threads_and_tasks_and_an_agents_own_functions_know_the_run():
    seen: dict[str, tuple[str, str]] = {}

    def in_thread() -> str:
        """Look at the ids."""
        seen["thread"] = ids()
        return ""

    async def in_task() -> str:
        """Look at the ids."""
        seen["tool"] = ids()

        async def work() -> None:
            seen["task"] = ids()

        await asyncio.create_task(work())
        return ""

    def instructions(ctx: RunContext) -> str:
        seen["instructions"] = ids()
        return "Look."

    model = ScriptedModel([[call("in_thread"), call("in_task")], "seen"])
    clerk = Agent("clerk", instructions, model=model, tools=[in_thread, in_task])
    result = await Runner.run(clerk, "go", config=NAMED)
    assert seen == dict.fromkeys(["instructions", "thread", "tool", "task"], ("r-1", result.trace_id))


async def test_threads_that_ask_at_the_same_moment_are_told_one_trace():
    together = threading.Barrier(8)

    def ask(text: str) -> str:
        together.wait(HANGS_S)
        return trace_id()

    result = await Runner.run(parallel({str(number): ask for number in range(8)}), "go")
    assert set(result.final_output.values()) == {result.trace_id}


async def test_a_run_within_a_run_has_its_parents_ids_whatever_it_says():
    async def outer(text: str, scope: Any) -> list[tuple[str, str]]:
        inner = await Runner.run(look, text, config=RunConfig(request_id="other"))
        assert inner.trace_id == trace_id()
        return [inner.final_output, ids()]

    result = await Runner.run(outer, "go", config=NAMED)
    assert result.final_output == [("r-1", result.trace_id)] * 2


async def test_an_agent_in_a_synchronous_tool_has_the_ids_too():
    worker = Agent("worker", lambda ctx: " ".join(ids()), model=ScriptedModel(["done"]))
    asked = ScriptedModel([call("assign"), "done"])

    @tool(effect="read")
    def assign() -> str:
        """Have it done."""
        Runner.run_sync(worker, "work")
        return " ".join(ids())

    result = await Runner.run(Agent("boss", model=asked, tools=[assign]), "go", config=NAMED)
    assert asked.requests[-1].messages[-1].text == f"r-1 {result.trace_id}"
    assert isinstance(worker.model, ScriptedModel)
    assert worker.model.requests[0].instructions == f"r-1 {result.trace_id}"


async def test_branches_have_the_ids_of_their_run():
    result = await Runner.run(parallel(a=look, b=look), "go", config=NAMED)
    assert {tuple(found) for found in result.final_output.results.values()} == {("r-1", result.trace_id)}


async def test_a_detached_run_serves_the_same_request_and_has_a_trace_of_its_own():
    async def outer(text: str, scope: Any) -> list[str]:
        inner = await Runner.run(requested, text, config=RunConfig(detached=True))
        return [inner.final_output, inner.trace_id]

    result = await Runner.run(outer, "go", config=NAMED)
    assert result.final_output[0] == "r-1"
    assert result.final_output[1] != result.trace_id


async def test_an_attempt_that_resumes_a_turn_serves_a_request_of_its_own_in_the_same_trace():
    world = World()
    seen: list[tuple[str, str]] = []

    def work(text: str) -> str:
        seen.append(ids())
        world.touch()
        return text

    config = keeping()
    with pytest.raises(ConnectionError) as error:
        await Runner.run(work, "go", conversation="c", config=replace(config, request_id="r-1"))
    world.down = False
    result = await Runner.resume(work, conversation="c", config=replace(config, request_id="r-2"))
    trace = result.trace_id
    assert seen == [("r-1", trace), ("r-2", trace)]
    assert run_of(error.value).trace_id == trace


async def test_the_request_is_not_kept():
    journal = MemoryJournal()
    await Runner.run(silent, "go", conversation="c", config=RunConfig(journal=journal, request_id="r-secret"))
    assert journal.entries["c"]
    assert b"r-secret" not in b"".join(entry.body for entry in journal.entries["c"])


async def test_listeners_and_streams_know_the_request():
    heard: list[str] = []
    config = RunConfig(request_id="r-1", listeners=(lambda event: heard.append(request_id()),))
    async with Runner.stream(requested, "go", config=config) as events:
        async for _ in events:
            pass
    assert events.result.final_output == "r-1"
    assert set(heard) == {"r-1"}
    assert request_id() == ""


class Book(TraceProcessor):
    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def on_trace_start(self, trace: Trace) -> None:
        self.traces.append(trace)


async def test_a_trace_says_which_request_it_served_and_the_run_has_its_id():
    book = Book()
    config = RunConfig(trace_processors=(book,))
    result = await Runner.run(look, "go", config=replace(config, request_id="r-1"))
    await Runner.run(silent, "go", config=config)
    served, alone = book.traces
    assert (served.metadata["request_id"], served.trace_id) == result.final_output
    assert "request_id" not in alone.metadata


def test_a_request_id_that_is_no_text_is_refused():
    with pytest.raises(UserError, match=r"RunConfig\(request_id=7\) has the type int: give a name, as text"):
        RunConfig(request_id=7)  # pyright: ignore[reportArgumentType]
