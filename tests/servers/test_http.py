"""The server as a server: connections, clients that leave, answers that fail, threads and processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from openai import APIConnectionError, BadRequestError, InternalServerError, OpenAI

from tests.helpers import soon
from tests.servers.asked import Asked
from tests.servers.clients import MODEL, chat, chat_stream, client_of, respond, respond_stream
from tests.servers.faults import Endless, Stalls
from tests.servers.http import Server, in_turn, served, serving
from tests.servers.manners import Manners
from tests.servers.process import ROOT, running
from tests.servers.said import Called, Said
from tests.servers.script import End, Script, whole_response
from tests.servers.scripts import FIFTY_WORDS

ASKING = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}


def request(body: Any, path: str = "/v1/chat/completions", version: str = "1.1", **headers: str) -> bytes:
    """The bytes of a request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"host": "x", "content-length": str(len(raw)), **headers}
    lines = [f"POST {path} HTTP/{version}", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + raw


async def send(server: Server, data: bytes, *, and_leave: bool = True) -> bytes:
    """Send bytes over a connection of its own; what came back until the server closed it."""
    port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    if and_leave:
        writer.write_eof()
    try:
        return await soon(reader.read())
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_one_connection_serves_many_requests_streamed_or_not() -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        for _ in range(3):
            await chat(client)
            await chat_stream(client)
            await respond(client)
            await respond_stream(client)
    assert len(server.requests) == 12
    assert server.connections == 1
    assert server.left == []


async def test_requests_are_kept_with_their_headers_and_their_json() -> None:
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        await chat(client, "über", extra_headers={"X-Mine": "1"}, extra_query={"v": "2"})
    [asked] = server.requests
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/chat/completions", "v=2")
    assert asked.headers["authorization"] == "Bearer sk-test"
    assert asked.headers["x-mine"] == "1"
    assert asked.body["messages"] == [{"role": "user", "content": "über"}]
    assert json.loads(asked.raw) == asked.body


async def test_requests_sent_in_one_go_are_answered_in_turn() -> None:
    async with serving(in_turn(Said("first"), Said("second"))) as server:
        came = await send(server, request(ASKING) + request(ASKING, connection="close"), and_leave=False)
    assert came.count(b"HTTP/1.1 200 OK") == 2
    assert came.index(b"first") < came.index(b"second")
    assert server.connections == 1


async def test_a_client_that_speaks_while_it_is_answered_is_heard_afterwards() -> None:
    gate = asyncio.Event()
    async with serving(in_turn(Stalls(after=0, until=gate), Said("second"))) as server:
        port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(ASKING))
        await soon(reader.readuntil(b"\r\n\r\n"))
        writer.write(request(ASKING, connection="close"))
        gate.set()
        assert b"second" in await soon(reader.read())
        writer.close()
        await writer.wait_closed()


async def test_a_client_of_http_1_0_gets_its_answer_and_its_end() -> None:
    async with serving(Said("yes")) as server:
        assert b'"yes"' in await send(server, request(ASKING, version="1.0"), and_leave=False)


async def test_a_client_that_waits_for_leave_to_send_its_body_gets_it() -> None:
    async with serving(Said("yes")) as server:
        head, _, body = request(ASKING, connection="close", expect="100-continue").partition(b"\r\n\r\n")
        port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + b"\r\n\r\n")
        assert await soon(reader.readuntil(b"\r\n\r\n")) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert b'"yes"' in await soon(reader.read())
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("data", [b"\x16\x03\x01 no HTTP\r\n\r\n", b"POST /v1/chat", request(ASKING)[:-4]])
async def test_what_is_no_whole_request_is_not_answered(data: bytes) -> None:
    async with serving(Said("yes")) as server:
        assert await send(server, data) == b""
    assert server.requests == []


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    async with serving(Said("yes")) as server:
        came = await send(server, request(body, connection="close"), and_leave=False)
    assert came.startswith(b"HTTP/1.1 400")
    assert b"We could not parse the JSON body of your request." in came


async def test_a_script_of_bytes_is_sent_as_it_stands() -> None:
    script = Script([whole_response(200, b'{"so": "it is"}'), End()])
    async with serving(script) as server:
        came = await send(server, request(ASKING), and_leave=False)
    assert came == b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"so": "it is"}'


# --- Leaving


@pytest.mark.parametrize("sends", ["deltas", "comments"])
async def test_a_client_that_leaves_a_stream_is_noticed(sends: Any) -> None:
    async with serving(Endless(sends)) as server, client_of(server.url) as client:
        stream = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}], stream=True)
        assert (await anext(aiter(stream))).choices[0].delta.role == "assistant"
        assert server.left == []
        await stream.close()
        await soon(server.until(lambda: server.left))
    assert server.left == server.requests


async def test_a_client_that_gives_up_before_the_answer_is_noticed_and_the_answer_is_cancelled() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def think(asked: Asked) -> Said:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return Said("never")

    async with serving(think) as server, client_of(server.url) as client:
        asking = asyncio.ensure_future(respond(client))
        await soon(begun.wait())
        asking.cancel()
        await soon(server.until(lambda: server.left))
        await soon(cancelled.wait())
        await asyncio.gather(asking, return_exceptions=True)


async def test_the_server_closes_at_once_whatever_its_clients_are_at() -> None:
    async with contextlib.AsyncExitStack() as later:
        async with serving(in_turn(Stalls(), Endless(), Stalls(after=None), Said("yes"))) as server:
            client = await later.enter_async_context(client_of(server.url))
            asking = [asyncio.ensure_future(chat_stream(client)) for _ in range(3)]
            await soon(server.until(lambda: len(server.requests) == 3))
            await chat(client)
            before = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before < 1
        failures = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(failure, Exception) for failure in failures)


async def test_a_client_that_does_not_read_does_not_keep_the_server() -> None:
    async with serving(Endless(every=0)) as server:
        port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(ASKING | {"stream": True}))
        await soon(server.until(lambda: server.requests))
    writer.transport.abort()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


# --- Answers


async def test_an_answer_may_take_its_time_and_speak_as_it_likes() -> None:
    async def answer(asked: Asked) -> tuple[Said, Manners]:
        await asyncio.sleep(0)
        return Said(asked.newest.upper()), Manners(usage=False)

    async with serving(answer) as server, client_of(server.url) as client:
        given = await chat(client, "loud")
    assert given.choices[0].message.content == "LOUD"
    assert given.usage is None


async def test_what_goes_wrong_in_the_answer_reaches_the_test() -> None:
    def answer(asked: Asked) -> Said:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        async with serving(answer) as server, client_of(server.url, max_retries=2) as client:
            with pytest.raises(InternalServerError, match=r"The test's own answer failed: LookupError\('no such thing'\)"):
                await chat(client)
            assert len(server.requests) == 1


async def test_an_answer_that_is_no_json_reaches_the_test_as_what_it_is() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        async with serving(Said(calls=(Called("f", {"x": {1}}),))) as server, client_of(server.url) as client:
            with pytest.raises(APIConnectionError):
                await chat(client)


async def test_answers_in_turn_run_out() -> None:
    with pytest.raises(AssertionError, match="All 1 answers are given, and now this was asked: 'again'"):
        async with serving(in_turn(Said("yes"))) as server, client_of(server.url) as client:
            await chat(client)
            await chat(client, "again")


async def test_a_failure_of_the_answer_goes_before_what_the_client_made_of_it() -> None:
    def answer(asked: Asked) -> Said:
        raise LookupError("no such thing")

    with pytest.raises(LookupError) as caught:
        async with serving(answer) as server, client_of(server.url) as client:
            await chat(client)
    assert isinstance(caught.value.__context__, InternalServerError)


# --- Threads and processes


def test_a_server_in_a_thread_serves_a_sync_client() -> None:
    with served(lambda asked: Said(asked.newest.upper())) as server, OpenAI(base_url=server.url, api_key="any") as client:
        assert client.responses.create(model=MODEL, input="loud").output_text == "LOUD"
        server.wait(lambda: len(server.requests) == 1)
        with pytest.raises(TimeoutError, match=r"Nothing of the kind in 0.01 s; the server had 1 requests\."):
            server.wait(lambda: server.left, 0.01)


def test_a_server_in_a_thread_notices_who_leaves_and_closes_under_a_stream() -> None:
    with served(Endless()) as server, OpenAI(base_url=server.url, api_key="any") as client:
        with client.responses.create(model=MODEL, input="hi", stream=True) as stream:
            assert next(stream).type == "response.created"
        server.wait(lambda: server.left)
        open_to_the_end = client.responses.create(model=MODEL, input="hi", stream=True)
        next(open_to_the_end)
    open_to_the_end.close()


def test_what_goes_wrong_in_a_thread_reaches_the_test() -> None:
    def answer(asked: Asked) -> Said:
        raise LookupError("no such thing")

    with (
        pytest.raises(LookupError, match="no such thing"),
        served(answer) as server,
        OpenAI(base_url=server.url, api_key="any") as client,
        pytest.raises(InternalServerError),
    ):
        client.responses.create(model=MODEL, input="hi")


async def test_a_port_that_is_taken_is_said() -> None:
    async with serving(Said()) as server:
        port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
        with pytest.raises(OSError, match="address already in use"):
            async with serving(Said(), port=port):
                raise AssertionError("two servers on one port")


async def test_a_server_in_a_process_gives_fifty_words_in_fifty_pieces() -> None:
    with running("fifty") as url:
        async with client_of(url) as client:
            assert (await chat(client)).choices[0].message.content == FIFTY_WORDS
            chunks = await chat_stream(client, stream_options={"include_usage": True})
            assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) == len(FIFTY_WORDS.split())
            assert chunks[-1].usage is not None
            assert (await respond(client)).output_text == FIFTY_WORDS
            assert (await respond_stream(client))[-1].type == "response.completed"
            with pytest.raises(BadRequestError):
                await chat(client, messages=[])


def test_the_process_ends_when_it_is_told_and_loads_nothing_of_the_product() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "tests.servers", "--script", "echo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        with OpenAI(base_url=url, api_key="any") as client:
            assert client.responses.create(model=MODEL, input="hi").output_text == "hi"
        process.send_signal(signal.SIGTERM)
        loaded = process.stderr.read()
        assert process.wait() == 0
    assert "tests.servers.http" in loaded
    assert "switchroom" not in loaded
    assert "openai" not in loaded
