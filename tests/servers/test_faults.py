"""What servers do wrong, as the official SDK sees it over both APIs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

import httpx2
import pytest
from inline_snapshot import snapshot
from openai import APIConnectionError, APIError, APIResponseValidationError, APIStatusError, AsyncOpenAI, RateLimitError

from tests.helpers import soon
from tests.servers.clients import chat, chat_stream, client_of, respond, respond_stream
from tests.servers.faults import (
    FOREIGN,
    SPOKEN,
    Cut,
    Endless,
    ErrorInStream,
    Fault,
    Faults,
    Huge,
    NoDone,
    Stalls,
    Trickle,
    TruncatedJson,
    bad_request,
    empty,
    no_json,
    out_of_money,
    page,
    rate_limited,
    server_error,
    too_long,
    unknown_model,
    wrong_key,
    wrong_path,
)
from tests.servers.http import Server, serving
from tests.servers.said import Said
from tests.servers.script import SSE

Ask: TypeAlias = Callable[[AsyncOpenAI], Awaitable[Any]]

WHOLE = pytest.mark.parametrize("ask", [chat, respond])
STREAMED = pytest.mark.parametrize("ask", [chat_stream, respond_stream])
APIS = pytest.mark.parametrize("api", ["chat", "responses"])
ALL = pytest.mark.parametrize("ask", [chat, chat_stream, respond, respond_stream])


async def failing(fault: Fault, ask: Ask, **options: Any) -> Exception:
    """What the SDK raises."""
    async with serving(fault) as server, client_of(server.url, **options) as client:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the callers look
            await soon(ask(client))
    return caught.value


async def spoken(fault: Fault, ask: Ask) -> str:
    """The text that the SDK got."""
    async with serving(fault) as server, client_of(server.url) as client:
        return text_of(await soon(ask(client)))


def text_of(answer: Any) -> str:
    match answer:
        case list():
            pieces = cast("list[Any]", answer)
            deltas = [piece for piece in pieces if getattr(piece, "type", "") == "response.output_text.delta"]
            contents = [piece.choices[0].delta.content for piece in pieces if getattr(piece, "choices", None)]
            return "".join([*(delta.delta for delta in deltas), *(content or "" for content in contents)])
        case _:
            return answer.output_text if hasattr(answer, "output_text") else answer.choices[0].message.content


# --- Statuses


@ALL
@pytest.mark.parametrize(
    ("fault", "name", "code"),
    [
        (wrong_key(), "AuthenticationError", "invalid_api_key"),
        (unknown_model(), "NotFoundError", "model_not_found"),
        (wrong_path(), "NotFoundError", None),
        (bad_request(), "BadRequestError", "invalid_type"),
        (too_long(), "BadRequestError", "context_length_exceeded"),
        (rate_limited(), "RateLimitError", "rate_limit_exceeded"),
        (out_of_money(), "RateLimitError", "insufficient_quota"),
        (server_error(), "InternalServerError", None),
        (server_error(503), "InternalServerError", None),
    ],
)
async def test_a_refusal_has_openais_error_object(ask: Ask, fault: Fault, name: str, code: str | None) -> None:
    error = await failing(fault, ask)
    assert isinstance(error, APIStatusError)
    assert type(error).__name__ == name
    assert error.code == code
    assert set(cast("dict[str, Any]", error.body)) == {"message", "type", "param", "code"}
    assert error.request_id is not None


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        (rate_limited(), {}),
        (rate_limited(3), {"retry-after": "3"}),
        (rate_limited(0.5), {"retry-after": "0.5"}),
        (rate_limited(ms=20), {"retry-after-ms": "20"}),
        (rate_limited(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)), {"retry-after": "Sun, 01 Mar 2026 12:00:05 GMT"}),
    ],
)
async def test_a_rate_limit_says_when_to_come_back_in_each_way(fault: Fault, headers: dict[str, str]) -> None:
    error = await failing(fault, chat)
    assert isinstance(error, RateLimitError)
    assert {name: value for name, value in error.response.headers.items() if name.startswith("retry-after")} == headers


async def test_faults_come_first_and_the_answer_then() -> None:
    faults = Faults(rate_limited(ms=1), server_error(), times=2, then=lambda asked: Said(asked.newest.upper()))
    async with serving(faults) as server, client_of(server.url) as client:
        seen = [type((await asyncio.gather(respond(client), return_exceptions=True))[0]).__name__ for _ in range(4)]
        assert (await respond(client, "loud")).output_text == "LOUD"
    assert seen == ["RateLimitError", "RateLimitError", "InternalServerError", "InternalServerError"]


async def test_an_sdk_that_comes_back_gets_its_answer() -> None:
    faults = Faults(rate_limited(ms=1), times=2, then=Said("at last"))
    async with serving(faults) as server, client_of(server.url, max_retries=2) as client:
        assert (await chat(client)).choices[0].message.content == "at last"
    assert len(server.requests) == 3


# --- Bodies


@WHOLE
@pytest.mark.parametrize("fault", [page(200), no_json(), empty()], ids=["page", "text", "empty"])
async def test_a_body_that_is_no_json_is_no_answer(ask: Ask, fault: Fault) -> None:
    assert isinstance(await failing(fault, ask), APIResponseValidationError | json.JSONDecodeError)


@STREAMED
@pytest.mark.parametrize("fault", [page(200), no_json(), empty(kind=SSE)], ids=["page", "text", "empty"])
async def test_a_body_without_events_is_a_stream_of_nothing_to_the_sdk(ask: Ask, fault: Fault) -> None:
    assert await spoken(fault, ask) == ""


@ALL
async def test_json_may_end_in_its_middle(ask: Ask) -> None:
    assert isinstance(await failing(TruncatedJson(), ask), json.JSONDecodeError)


async def test_a_page_has_its_status_and_its_kind() -> None:
    error = await failing(page(502), chat)
    assert isinstance(error, APIStatusError)
    assert error.status_code == 502
    assert error.response.headers["content-type"] == "text/html; charset=utf-8"
    assert error.response.text.startswith("<!DOCTYPE html>")


@ALL
@pytest.mark.parametrize("piece", [2**16, None], ids=["pieces", "one piece"])
async def test_a_huge_answer_is_ten_megabytes(ask: Ask, piece: int | None) -> None:
    assert len(await spoken(Huge(piece=piece), ask)) == 10 * 2**20


# --- Connections


@ALL
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("when", ["before", "after headers", "amidst"])
async def test_a_cut_is_an_error_of_the_connection(ask: Ask, when: Any, how: Any) -> None:
    error = await failing(Cut(when, how=how), ask)
    assert isinstance(error, APIConnectionError)
    expected = httpx2.ReadError if how == "reset" else httpx2.RemoteProtocolError
    assert isinstance(error.__cause__, expected)


@APIS
async def test_a_cut_comes_before_the_headers_or_after_them(api: str) -> None:
    async with serving(Faults(Cut("before"), then=Cut("after headers"))) as server:
        with pytest.raises(httpx2.RemoteProtocolError):
            async with streaming(server, api):
                raise AssertionError("there are headers")
        async with streaming(server, api) as response:
            assert response.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                await response.aread()


@APIS
@pytest.mark.parametrize("after", [0, 1, 4])
async def test_a_stream_is_cut_after_so_many_events(api: str, after: int) -> None:
    seen = b""
    async with serving(Cut(after=after)) as server, streaming(server, api) as response:
        with pytest.raises(httpx2.RemoteProtocolError):
            async for piece in response.aiter_bytes():
                seen += piece
    assert seen.count(b"data:") == after


@ALL
@pytest.mark.parametrize("after", [None, 0, 3])
async def test_a_stall_lasts_until_it_is_ended(ask: Ask, after: int | None) -> None:
    gate = asyncio.Event()
    async with serving(Stalls(after, gate)) as server, client_of(server.url) as client:
        asking = asyncio.ensure_future(ask(client))
        await soon(server.until(lambda: server.requests))
        await asyncio.wait([asking], timeout=0.02)
        assert not asking.done()
        gate.set()
        assert text_of(await soon(asking)) == SPOKEN.text
    assert server.left == []


@ALL
@pytest.mark.parametrize("after", [None, 0, 3])
async def test_a_client_with_a_deadline_leaves_a_stall(ask: Ask, after: int | None) -> None:
    async with serving(Stalls(after)) as server, client_of(server.url, timeout=0.05) as client:
        with pytest.raises(APIConnectionError, match=r"Request timed out\."):
            await ask(client)
        await soon(server.until(lambda: server.left))


@APIS
@pytest.mark.parametrize(("sends", "said"), [("deltas", b"on and on"), ("comments", b": keep-alive")])
async def test_an_endless_stream_goes_on_until_the_client_leaves(api: str, sends: Any, said: bytes) -> None:
    async with serving(Endless(sends, every=0.001)) as server:
        async with streaming(server, api) as response:
            heard = 0
            async for piece in response.aiter_bytes():
                heard += piece.count(said)
                if heard >= 20:
                    break
            assert server.left == []
        await soon(server.until(lambda: server.left))


# --- Streams


@STREAMED
async def test_an_error_amidst_a_stream_comes_after_what_was_said(ask: Ask) -> None:
    async with serving(ErrorInStream(after=5, form="bare")) as server, client_of(server.url) as client:
        with pytest.raises(APIError, match="The server had an error while processing your request") as caught:
            await ask(client)
    assert caught.value.code == "server_error"


@pytest.mark.parametrize("form", ["failed", "flat", "nested"])
async def test_an_error_amidst_a_response_has_each_of_its_forms(form: Any) -> None:
    fault = ErrorInStream(after=6, form=form, code="rate_limit_exceeded")
    last: Any = None
    async with serving(fault) as server, client_of(server.url) as client:
        try:
            async for event in await client.responses.create(model="m", input="hi", stream=True):
                last = event
        except APIError as error:
            last = error
    match form:
        case "failed":
            assert (last.type, last.response.status) == ("response.failed", "failed")
            assert last.response.error.code == "rate_limit_exceeded"
        case "flat":
            assert (last.type, last.code, last.sequence_number) == ("error", "rate_limit_exceeded", 6)
        case _:
            assert (type(last), last.code) == (APIError, "rate_limit_exceeded")


async def test_a_response_that_is_not_streamed_fails_in_its_body() -> None:
    async with serving(ErrorInStream()) as server, client_of(server.url) as client:
        answer = await respond(client)
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.code == "server_error"


async def test_a_stream_without_an_end_ends() -> None:
    assert await raw(NoDone(), "chat") == snapshot('{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}')
    assert await raw(NoDone(unfinished=True), "chat") == snapshot(
        '{"index":0,"delta":{"content":" speaks."},"logprobs":null,"finish_reason":null}'
    )
    assert await raw(NoDone(), "responses") == snapshot("response.completed")
    assert await raw(NoDone(unfinished=True), "responses") == snapshot("response.output_item.done")


async def raw(fault: Fault, api: str) -> str:
    """What the last event of a stream is."""
    async with serving(fault) as server, streaming(server, api) as response:
        events = (await response.aread()).decode().split("\n\n")
    assert events[-1] == ""
    last = json.loads(events[-2].partition("data: ")[2])
    return last["type"] if api == "responses" else json.dumps(last["choices"][0], separators=(",", ":"))


@contextlib.asynccontextmanager
async def streaming(server: Server, api: str) -> AsyncGenerator[httpx2.Response]:
    """A stream as a client gets it that knows of HTTP only."""
    path, given = ("/chat/completions", "messages") if api == "chat" else ("/responses", "input")
    body = {"model": "m", given: [{"role": "user", "content": "hi"}], "stream": True}
    async with httpx2.AsyncClient(verify=False) as client, client.stream("POST", server.url + path, json=body) as response:
        yield response


@ALL
@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_a_trickle_cuts_through_everything_and_loses_nothing(ask: Ask, size: int) -> None:
    assert await spoken(Trickle(size), ask) == FOREIGN.text


@APIS
async def test_a_trickle_cuts_letters_in_two(api: str) -> None:
    async with serving(Trickle()) as server, streaming(server, api) as response:
        pieces = [piece async for piece in response.aiter_raw()]
    assert {len(piece) for piece in pieces} == {1}
    assert "🙂".encode() in b"".join(pieces)


@pytest.mark.parametrize(
    "make", [Cut, Stalls, TruncatedJson, Endless, ErrorInStream, Huge, NoDone, Trickle, page, empty, no_json]
)
def test_a_fault_is_a_value(make: Callable[[], Fault]) -> None:
    assert make() == make()
