"""Lines that break or stall, answers without an end, and large ones: the run ends in time, and the server sees it."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, Literal

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner
from switchroom.errors import DeadlineExceeded, ModelError, ModelUnavailable
from switchroom.events import AnswerWithdrawn, ModelAnswered, ToolStarted
from switchroom.models.openai import transport
from tests.helpers import facts_of, run_of, soon
from tests.models.openai.lines import ask, hear, line, model_at, plain, run
from tests.patience import HANGS_S
from tests.servers.asked import Api, Asked
from tests.servers.faults import Cut, Endless, ErrorInStream, Faults, Huge, Stalls
from tests.servers.http import Server
from tests.servers.manners import PLAIN, Manners, characters, whole
from tests.servers.said import Called, Said
from tests.servers.script import Script

MB = 2**20

LEFT = "The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ could not be reached, or did not answer to the end: "


async def broken(agent: Agent[Any], streamed: bool) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        await soon(run(agent, "Hello?", streamed))
    assert not any(isinstance(fact, ModelAnswered) for fact in run_of(caught.value).facts)
    assert (caught.value.model, caught.value.status, caught.value.retry_after) == ("openai:gpt-test", None, None)
    return caught.value


async def nobody_waits_at(server: Server) -> None:
    """Wait until the clients of all requests that came have left; on a slow machine one may leave before its request came."""
    await server.until(lambda: len(server.left) == len(server.requests))


async def test_a_line_that_breaks_is_an_unavailable_model(api: Api, streamed: bool):
    said: dict[str, str] = {}
    for when in ("before", "after headers", "amidst"):
        for how in ("close", "reset"):
            async with line(Cut(when, how=how), api) as (_, model):
                message = plain(await broken(Agent("a", model=model), streamed))
            assert message.startswith(LEFT)
            assert message.endswith(". Is it running, and is base_url right?")
            said[f"{when}, {how}"] = re.split(r"\.? (?:Is it|\()", message.removeprefix(LEFT))[0]
    assert said == snapshot(
        {
            "before, close": "Server disconnected without sending a response",
            "before, reset": "[Errno N] Connection reset by peer",
            "after headers, close": "peer closed connection without sending complete message body",
            "after headers, reset": "[Errno N] Connection reset by peer",
            "amidst, close": "peer closed connection without sending complete message body",
            "amidst, reset": "[Errno N] Connection reset by peer",
        }
    )


@pytest.mark.parametrize("form", ["failed", "flat", "nested", "bare"])
async def test_an_error_in_the_middle_of_a_stream_is_told(form: Literal["failed", "flat", "nested", "bare"], api: Api):
    for streamed in (False, True):
        async with line(ErrorInStream(form=form), api) as (_, model):
            error = await broken(Agent("a", model=model), streamed)
        assert plain(error) == (
            "The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: "
            "The server had an error while processing your request."
        )


async def test_an_error_in_the_middle_that_no_other_try_mends_is_not_called_passing(api: Api, streamed: bool):
    async with line(ErrorInStream(code="content_policy_violation"), api) as (_, model):
        with pytest.raises(ModelError) as caught:
            await run(Agent("a", model=model), "Hello?", streamed)
    assert type(caught.value) is ModelError


async def test_a_line_that_breaks_amidst_arguments_calls_no_tool(api: Api):
    called: list[str] = []

    def note(text: str) -> str:
        called.append(text)
        return "written"

    said = Said("Well,", calls=(Called("note", {"text": "once upon a time there was"}),))
    for after in range(4, 9):
        async with line(Cut("amidst", after=after, said=said), api) as (_, model):
            with pytest.raises(ModelUnavailable) as caught:
                await hear(Agent("a", model=model, tools=[note]), "Write.")
        assert not any(isinstance(fact, ModelAnswered | ToolStarted) for fact in run_of(caught.value).facts)
    assert not called


async def test_a_server_that_stalls_is_not_waited_for_longer_than_the_timeout(api: Api, streamed: bool):
    for after in (None, 0, 3):
        async with line(Stalls(after), api, timeout=0.1) as (server, model):
            error = await broken(Agent("a", model=model), streamed)
            await soon(nobody_waits_at(server))
        assert plain(error) == (
            "The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ did not finish its answer within timeout=0.1 s."
        )


@pytest.mark.parametrize("sends", ["deltas", "comments"])
async def test_a_stream_without_an_end_is_left_at_the_timeout(sends: Literal["deltas", "comments"], api: Api):
    async with line(Endless(sends), api, timeout=0.1) as (server, model):
        error = await broken(Agent("a", model=model), True)
        await soon(nobody_waits_at(server))
    assert str(error).endswith("did not finish its answer within timeout=0.1 s.")


async def test_the_run_s_deadline_ends_it_too(api: Api, streamed: bool):
    async with line(Endless(), api) as (server, model):
        with pytest.raises(DeadlineExceeded) as caught:
            await soon(run(Agent("a", model=model), "Hello?", streamed, RunConfig(deadline=0.1)))
        await soon(nobody_waits_at(server))
    assert run_of(caught.value).usage.requests == 0


async def test_a_server_that_takes_no_connection_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transport, "CONNECTING", 0.1)
    with socket.socket() as full, socket.socket() as waiting, socket.socket() as another:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (waiting, another):
            client.setblocking(False)
            client.connect_ex(full.getsockname())  # now the queue is full, and more are not even refused
        error = await broken(Agent("a", model=model_at(f"http://127.0.0.1:{full.getsockname()[1]}/v1", api)), False)
    assert plain(error).startswith(LEFT)


async def test_an_answer_larger_than_any_is_left(api: Api, streamed: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transport, "LARGEST", 100_000)
    async with line(Huge(1_000_000), api) as (server, model):
        with pytest.raises(ModelError) as caught:
            await soon(run(Agent("a", model=model), "Hello?", streamed))
        if streamed:  # what is not streamed has left the server in one write
            await soon(server.until(lambda: server.left))
    assert type(caught.value) is ModelError
    assert plain(caught.value) == "The answer of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ is larger than 100000 bytes."


async def test_who_leaves_a_stream_early_leaves_the_server_at_once(api: Api):
    async with line(Endless(), api) as (server, model):
        async with Runner.stream(Agent("a", model=model), "Hello?") as events:
            async for event in events:
                if event.kind == "text_delta":
                    break
        await soon(server.until(lambda: server.left))
        assert len(server.left) == 1


async def test_a_cancelled_run_leaves_the_server_and_the_next_is_answered(api: Api, streamed: bool):
    async with line(Faults(Stalls(), then=Said("Hello.")), api) as (server, model):
        agent = Agent("a", model=model)
        task = asyncio.create_task(run(agent, "Hello?", streamed))
        await soon(server.until(lambda: server.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(server.until(lambda: server.left))
        assert (await run(agent, "Hello?", streamed)).final_output == "Hello."


async def test_a_line_that_broke_hinders_no_other(api: Api, streamed: bool):
    async with line(Faults(Cut(), Cut("before"), then=Said("Hello.")), api) as (_, model):
        agent = Agent("a", model=model)
        for _ in range(2):
            await broken(agent, streamed)
        assert (await run(agent, "Hello?", streamed)).final_output == "Hello."


async def test_what_was_shown_of_an_answer_that_broke_off_stands_in_the_stream_until_somebody_withdraws_it(api: Api):
    """The model does not withdraw: whether there is another try is for those who wrap it to know."""
    async with line(Cut("amidst", after=5), api) as (_, model):
        events: list[Any] = []
        with pytest.raises(ModelUnavailable):
            async with Runner.stream(Agent("a", model=model), "Hello?", config=RunConfig(withdraws=True)) as stream:
                async for event in stream:
                    events.append(event)
    assert [event.kind for event in events].count("text_delta") >= 1
    assert not facts_of(AnswerWithdrawn, events)


def prepared(size: int, piece: int | None) -> Callable[[Asked], Script]:
    """A right answer of so many characters, whose bytes are made once, so that they are not counted with what is measured."""
    made: dict[bool, Script] = {}

    def answer(asked: Asked) -> Script:
        if asked.streamed not in made:
            made[asked.streamed] = Script(list(Huge(size, piece).script(asked, PLAIN)))
        return made[asked.streamed]

    return answer


@pytest.mark.parametrize("piece", [2**14, None], ids=["in pieces", "in one event"])
async def test_ten_megabytes_are_an_answer(piece: int | None, api: Api, streamed: bool):
    async def seconds(size: int) -> float:
        async with line(prepared(size, piece), api, timeout=HANGS_S) as (_, model):
            begun = time.process_time()
            result = await run(Agent("a", model=model), "Hello?", streamed)
            took = time.process_time() - begun
        assert len(result.final_output) == size
        return took

    assert await seconds(10 * MB) < 40 * await seconds(MB)


async def test_an_answer_costs_some_times_its_length_in_memory(api: Api, streamed: bool):
    async def peak(size: int) -> float:
        async with line(prepared(size, 2**14), api, timeout=HANGS_S) as (_, model):
            await ask(model, streamed=streamed)
            tracemalloc.start()
            await ask(model, streamed=streamed)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found / size

    assert await peak(MB) < 6
    assert await peak(4 * MB) < 6


async def test_a_megabyte_of_arguments_reaches_the_tool_whole(api: Api, streamed: bool):
    text = "naïve café, 你好 🙂 " * 50_000
    written: list[str] = []

    def note(text: str) -> str:
        written.append(text)
        return "written"

    def answer(asked: Asked) -> Said:
        return Said("Done.") if asked.results else Said(calls=(Called("note", {"text": text}),))

    for manners in (Manners(pieces=whole), Manners(pieces=characters(5_000))):
        async with line(answer, api, manners) as (server, model):
            result = await run(Agent("a", model=model, tools=[note]), "Write.", streamed)
        assert result.final_output == "Done."
        assert written == [text]
        written.clear()
        assert text.encode() in server.requests[1].raw
