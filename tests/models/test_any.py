"""Providers with protocols of their own, through any-llm, over real HTTP: Chat Completions, and Anthropic's Messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, UserError, tool
from switchroom.errors import ModelDenied, ModelUnavailable
from switchroom.models.any import AnyModel
from tests.servers.asked import Asked, Json
from tests.servers.errors import Fault, Refuses, rate_limited, wrong_key
from tests.servers.http import in_turn, serving
from tests.servers.manners import Manners
from tests.servers.said import Called, Said
from tests.servers.script import LAST_CHUNK, Script, chunk, sse, stream_head


@tool(effect="read")
def find_order(order_id: str) -> str:
    """Look an order up."""
    return f"order {order_id} is on its way"


def clerk(model: AnyModel) -> Agent:
    return Agent("clerk", "Be kind.", model=model, tools=[find_order])


def looking_up(asked: Asked) -> Said:
    if asked.results:
        return Said("It is on its way.", usage=(30, 5))
    return Said(calls=(Called("find_order", {"order_id": "7"}),), usage=(20, 4))


async def test_a_run_with_a_tool_goes_through_the_library():
    async with serving(looking_up) as server:
        result = await Runner.run(clerk(AnyModel("openai:m", api_key="k", base_url=server.url)), "Where is order 7?")
    assert result.final_output == "It is on its way."
    assert (result.usage.requests, result.usage.input_tokens, result.usage.output_tokens) == (2, 50, 9)
    assert server.requests[1].body["messages"][-1]["content"] == "order 7 is on its way"


async def test_an_answer_is_streamed_when_somebody_listens():
    pieces: list[str] = []
    async with (
        serving(looking_up) as server,
        Runner.stream(clerk(AnyModel("openai:m", api_key="k", base_url=server.url)), "Where is order 7?") as events,
    ):
        async for event in events:
            if event.kind == "text_delta":
                pieces.append(event.text)
    assert len(pieces) > 1
    assert "".join(pieces) == "It is on its way."


async def test_failures_are_told_as_those_of_any_model():
    async with serving(wrong_key()) as server:
        with pytest.raises(ModelDenied, match="'openai:m' failed"):
            await Runner.run(clerk(AnyModel("openai:m", api_key="k", base_url=server.url)), "hi")
    async with serving(rate_limited(ms=10)) as server:
        with pytest.raises(ModelUnavailable) as caught:
            await Runner.run(clerk(AnyModel("openai:m", api_key="k", base_url=server.url)), "hi")
    assert caught.value.model == "openai:m"
    assert caught.value.status == 429


async def test_a_name_begins_with_any_and_a_provider_that_is_unknown_is_told():
    with pytest.raises(ModelDenied, match="'nobody:m' cannot be asked"):
        await Runner.run(Agent("clerk"), "hi", config=RunConfig(model="any:nobody:m"))
    with pytest.raises(UserError, match="names no provider"):
        AnyModel("m")


def _events(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "tool_use", "id": "toolu_1", "name": "find_order", "input": {"order_id": "7"}}],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 20, "output_tokens": 4},
}
STREAM = _events(
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is on "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "its way."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"input_tokens": 30, "output_tokens": 5},
    },
    {"type": "message_stop"},
)
TEXT = {**MESSAGE, "content": [{"type": "text", "text": "It is on its way."}], "stop_reason": "end_turn"}


@contextmanager
def messages_server(asked: list[dict[str, Any]]) -> Generator[str]:
    """A server that speaks Anthropic's Messages: first a call, then a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            body = json.dumps(MESSAGE if len(asked) == 1 else TEXT).encode()
            kind = "application/json"
            if asked[-1].get("stream"):
                body, kind = STREAM, "text/event-stream"
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_anthropics_own_protocol_makes_the_same_run():
    asked: list[dict[str, Any]] = []
    with messages_server(asked) as url:
        result = await Runner.run(clerk(AnyModel("anthropic:claude", api_key="k", base_url=url)), "Where is order 7?")
    assert result.final_output == "It is on its way."
    assert asked[0]["system"] == "Be kind."
    assert asked[1]["messages"][-1]["content"][0]["content"] == "order 7 is on its way"


async def test_anthropics_own_protocol_is_streamed():
    with messages_server([]) as url:
        agent = Agent("clerk", model=AnyModel("anthropic:claude", api_key="k", base_url=url))
        async with Runner.stream(agent, "hi") as events:
            pieces = [event.text async for event in events if event.kind == "text_delta"]
    assert pieces == ["It is on ", "its way."]
    assert events.result.usage.input_tokens > 0


async def test_what_is_no_object_is_asked_for_in_one_and_shown_without_it():
    async with serving(Said('{"answer":["a","b"]}')) as server:
        agent = Agent("lister", model=AnyModel("openai:m", api_key="k", base_url=server.url), output_type=list[str])
        async with Runner.stream(agent, "list") as events:
            pieces = [event.text async for event in events if event.kind == "text_delta"]
    assert events.result.final_output == ["a", "b"]
    assert pieces == ['["a","b"]']


async def test_a_key_that_the_server_says_back_is_in_no_error():
    key = "sk-recognisable-0001"
    async with serving(wrong_key(key)) as server:
        with pytest.raises(ModelDenied) as caught:
            await Runner.run(clerk(AnyModel("openai:m", api_key=key, base_url=server.url)), "hi")
    assert key not in str(caught.value)
    assert caught.value.__suppress_context__


IN_ONE_DAY = datetime.now(UTC) + timedelta(days=1)
WAITS: dict[str, tuple[Fault, float | None]] = {
    "seconds": (rate_limited(3), 3),
    "milliseconds": (rate_limited(ms=10), 0.01),
    "a date": (rate_limited(IN_ONE_DAY), 86_400),
    "unavailable": (Refuses(503, "Overloaded", headers={"retry-after": "7"}), 7),
    "no word of it": (Refuses(503, "Overloaded"), None),
    "nonsense": (Refuses(429, "Slow down", headers={"retry-after": "soon"}), None),
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
async def test_the_time_after_which_a_server_wants_to_be_asked_again_is_told(wait: tuple[Fault, float | None]):
    fault, seconds = wait
    async with serving(fault) as server:
        with pytest.raises(ModelUnavailable) as caught:
            await Runner.run(clerk(AnyModel("openai:m", api_key="k", base_url=server.url)), "hi")
    assert caught.value.retry_after == (None if seconds is None else pytest.approx(seconds, rel=0.01))


async def test_a_strict_server_gets_its_order_through_the_library_too():
    answers = in_turn(Said(""), Said("Hello."))
    async with serving(answers, Manners(make="template")) as server:
        result = await Runner.run(Agent("a", model=AnyModel("vllm:m", api_key="k", base_url=server.url)), "Hello?")
    assert result.final_output == "Hello."


@pytest.mark.parametrize("pieces", [["a \ud83d", "\ude00 b"], ["a \ud83d\ude00 b"]])
async def test_half_characters_go_through_the_library(pieces: list[str]):
    deltas: list[Json] = [{"index": 0, "delta": {"content": piece}} for piece in pieces]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    frame: Json = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [sse(frame | {"choices": [delta]}, None, Manners(ascii=True)) for delta in deltas]
    script = Script([stream_head(), *map(chunk, events), chunk(sse("[DONE]")), LAST_CHUNK])
    async with serving(script) as server:
        agent = Agent("a", model=AnyModel("openai:m", api_key="k", base_url=server.url))
        async with Runner.stream(agent, "hi") as stream:
            shown = "".join([event.text async for event in stream if event.kind == "text_delta"])
    assert shown == stream.result.final_output == "a \U0001f600 b"
