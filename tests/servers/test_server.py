"""The server against the official SDK, which validates what it gets against its own types."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from openai import AuthenticationError, NotFoundError
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseReasoningItem, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.servers import responses, wire
from tests.servers.asked import Asked
from tests.servers.clients import MODEL, chat, chat_stream, client_of, respond, respond_stream
from tests.servers.http import serving
from tests.servers.manners import Manners, characters, whole, words
from tests.servers.said import Called, Said, as_json

FULL = Said(
    "One moment, please.",
    (Called("find_order", {"order_id": "7", "city": "Köln"}), Called("hang_up")),
    reasoning="They want their order.",
    usage=(20, 30),
    cached=4,
    reasoned=6,
)
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}, "city": {"type": "string"}},
    "required": ["order_id", "city"],
    "additionalProperties": False,
}
FIND: dict[str, Any] = {"name": "find_order", "description": "Finds it.", "parameters": PARAMETERS, "strict": True}


EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


class Order(BaseModel):
    number: int
    city: str


# --- Chat Completions


async def test_a_chat_answer_in_one_piece_has_text_calls_reasoning_and_usage() -> None:
    async with serving(FULL) as server, client_of(server.url) as client:
        answer = await chat(client)
    message, usage = answer.choices[0].message, answer.usage
    assert (message.content, answer.choices[0].finish_reason) == ("One moment, please.", "tool_calls")
    assert [call.function.arguments for call in message.tool_calls or [] if call.type == "function"] == [
        '{"order_id": "7", "city": "Köln"}',
        "{}",
    ]
    assert message.model_extra == {"reasoning_content": "They want their order."}
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (20, 30, 50)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 6


async def test_a_chat_stream_goes_word_by_word_and_its_last_chunk_is_usage_when_asked() -> None:
    said = Said("Where is it?", (Called("find_order", {"order_id": "7"}, id="call_a"),))
    async with serving(said) as server, client_of(server.url) as client:
        chunks = await chat_stream(client, stream_options={"include_usage": True})
    deltas = [choice.delta.model_dump(exclude_unset=True) for chunk in chunks for choice in chunk.choices]
    assert deltas == snapshot(
        [
            {"role": "assistant", "content": "", "refusal": None},
            {"content": "Where"},
            {"content": " is"},
            {"content": " it?"},
            {
                "tool_calls": [
                    {"index": 0, "id": "call_a", "type": "function", "function": {"name": "find_order", "arguments": ""}}
                ]
            },
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"order_id":'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ' "7"}'}}]},
            {},
        ]
    )
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices] == [None] * 7 + ["tool_calls"]
    assert len({chunk.id for chunk in chunks}) == 1
    # There, and null: OpenAI says so in every chunk once it was asked.
    assert [chunk.model_dump(exclude_unset=True)["usage"] for chunk in chunks[:-1]] == [None] * 8
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 15


async def test_a_chat_stream_has_no_usage_unless_asked() -> None:
    async with serving(FULL) as server, client_of(server.url) as client:
        chunks = await chat_stream(client)
    assert all(chunk.choices for chunk in chunks)
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_the_sdks_own_chat_stream_puts_the_pieces_together() -> None:
    async with serving(FULL) as server, client_of(server.url) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        async with client.chat.completions.stream(model=MODEL, messages=messages) as stream:
            answer = await stream.get_final_completion()
    message = answer.choices[0].message
    assert message.content == FULL.text
    assert [call.function.arguments for call in message.tool_calls or []] == [call.written for call in FULL.calls]


# --- Responses


async def test_a_response_in_one_piece_has_reasoning_text_calls_and_usage() -> None:
    async with serving(FULL) as server, client_of(server.url) as client:
        answer = await respond(client, tools=[{"type": "function", **FIND}])
    assert [item.type for item in answer.output] == ["reasoning", "message", "function_call", "function_call"]
    assert answer.output_text == "One moment, please."
    assert answer.status == "completed"
    thought, _, call, _ = answer.output
    assert isinstance(thought, ResponseReasoningItem)
    assert thought.summary[0].text == "They want their order."
    assert isinstance(call, ResponseFunctionToolCall)
    assert call.arguments == '{"order_id": "7", "city": "Köln"}'
    assert call.call_id.startswith("call_")
    assert call.call_id != call.id
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (20, 30, 50)
    assert answer.usage.input_tokens_details.cached_tokens == 4
    assert answer.usage.output_tokens_details.reasoning_tokens == 6


async def test_a_response_stream_opens_fills_and_closes_every_item() -> None:
    said = Said("It is here.", (Called("hang_up"),), reasoning="Here it is.")
    async with serving(said, Manners(pieces=whole)) as server, client_of(server.url) as client:
        events = await respond_stream(client)
    assert [event.type for event in events] == snapshot(
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    )
    assert [event.model_dump()["sequence_number"] for event in events] == list(range(19))
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert events[-1].type == "response.completed"
    assert events[-1].response.output == done


async def test_the_sdks_own_response_stream_puts_the_pieces_together() -> None:
    async with (
        serving(FULL) as server,
        client_of(server.url) as client,
        client.responses.stream(model=MODEL, input="hi") as stream,
    ):
        seen = [event async for event in stream]
        answer = await stream.get_final_response()
    assert answer.output_text == FULL.text
    # The helper carries what it has put together so far in each of these.
    [text] = [event.text for event in seen if event.type == "response.output_text.done"]
    assert text == FULL.text
    assert [event.snapshot for event in seen if event.type == "response.output_text.delta"][-1] == FULL.text


async def test_a_response_echoes_what_was_asked_for() -> None:
    wanted: dict[str, Any] = {
        "instructions": "Be brief.",
        "temperature": 0.5,
        "max_output_tokens": 99,
        "tools": [{"type": "function", **FIND}],
        "tool_choice": {"type": "function", "name": "find_order"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "metadata": {"a": "b"},
    }
    async with serving(Said("yes")) as server, client_of(server.url) as client:
        answer = await respond(client, **wanted)
    echoed = answer.model_dump(exclude_unset=True)
    assert {key: echoed[key] for key in wanted} == wanted


# --- Both


@pytest.mark.parametrize("pieces", [words, characters(1), whole])
async def test_a_refusal_is_no_text(pieces: Any) -> None:
    async with serving(Said(refusal="I would rather not."), Manners(pieces=pieces)) as server, client_of(server.url) as client:
        message = (await chat(client)).choices[0].message
        assert (message.content, message.refusal) == (None, "I would rather not.")
        chunks = await chat_stream(client)
        assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "I would rather not."
        answer = await respond(client)
        assert (answer.output_text, answer.status) == ("", "completed")
        events = await respond_stream(client)
        assert "".join(event.delta for event in events if event.type == "response.refusal.delta") == "I would rather not."
        [refusal] = [event.refusal for event in events if event.type == "response.refusal.done"]
        assert refusal == "I would rather not."


async def test_structured_output_is_parsed_by_the_sdk() -> None:
    async with serving(as_json({"number": 7, "city": "Köln"})) as server, client_of(server.url) as client:
        order = Order(number=7, city="Köln")
        messages: Any = [{"role": "user", "content": "hi"}]
        answer = await client.chat.completions.parse(model=MODEL, messages=messages, response_format=Order)
        assert answer.choices[0].message.parsed == order
        assert (await client.responses.parse(model=MODEL, input="hi", text_format=Order)).output_parsed == order
        async with client.responses.stream(model=MODEL, input="hi", text_format=Order) as stream:
            assert (await stream.get_final_response()).output_parsed == order
    titles = [asked.schema and asked.schema["title"] for asked in server.requests]
    assert titles == ["Order", "Order", "Order"]


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")], ids=["length", "filter"]
)
async def test_an_answer_that_was_cut_short_is_incomplete(finish: Any, reason: str) -> None:
    async with serving(Said("And then", finish=finish)) as server, client_of(server.url) as client:
        assert (await chat(client)).choices[0].finish_reason == finish
        assert (await chat_stream(client))[-1].choices[0].finish_reason == finish
        answer = await respond(client)
        assert answer.status == "incomplete"
        assert answer.incomplete_details is not None
        assert answer.incomplete_details.reason == reason
        last = (await respond_stream(client))[-1]
        assert last.type == "response.incomplete"
        assert last.response.output_text == "And then"


async def test_an_answer_may_have_no_usage() -> None:
    async with serving(Said("yes", usage=None)) as server, client_of(server.url) as client:
        assert (await chat(client)).usage is None
        chunks = await chat_stream(client, stream_options={"include_usage": True})
        assert all(chunk.usage is None and chunk.choices for chunk in chunks)
        assert (await respond(client)).usage is None
        last = (await respond_stream(client))[-1]
        assert last.type == "response.completed"
        assert last.response.usage is None


async def test_an_empty_answer_is_an_answer() -> None:
    async with serving(Said()) as server, client_of(server.url) as client:
        assert (await chat(client)).choices[0].message.content == ""
        assert [chunk.choices[0].delta.content for chunk in await chat_stream(client)] == ["", None]
        assert (await respond(client)).output_text == ""
        assert (await respond_stream(client))[-1].type == "response.completed"


def play(asked: Asked) -> Said:
    """A model with a tool: it looks, and tells what it found."""
    if asked.results:
        return Said(f"{asked.instructions} It is {asked.newest}.")
    return Said(calls=(Called("find_order", {"order_id": asked.newest, "city": "Köln"}),))


async def test_a_chat_client_calls_a_tool_and_gives_back_what_it_returned() -> None:
    async with serving(play) as server, client_of(server.url) as client:
        tools = [{"type": "function", "function": FIND}]
        messages: list[Any] = [{"role": "developer", "content": "Found."}, {"role": "user", "content": "7"}]
        asks = (await chat(client, messages=messages, tools=tools)).choices[0].message
        [call] = asks.tool_calls or []
        messages += [asks.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "in Bonn"}]
        answer = await chat(client, messages=messages, tools=tools)
    assert answer.choices[0].message.content == "Found. It is in Bonn."
    assert list(server.requests[1].results.values()) == ["in Bonn"]
    assert server.requests[1].tools == {"find_order": FIND}


async def test_a_responses_client_calls_a_tool_and_gives_back_what_it_returned() -> None:
    async with serving(play) as server, client_of(server.url) as client:
        tools = [{"type": "function", **FIND}]
        items: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": "7"}]}]
        asks = await respond(client, input=items, tools=tools, instructions="Found.")
        [call] = asks.output
        assert isinstance(call, ResponseFunctionToolCall)
        items += [call.to_dict(), {"type": "function_call_output", "call_id": call.call_id, "output": "in Bonn"}]
        answer = await respond(client, input=items, tools=tools, instructions="Found.")
    assert answer.output_text == "Found. It is in Bonn."
    assert list(server.requests[1].results.values()) == ["in Bonn"]
    assert server.requests[1].tools["find_order"]["parameters"] == PARAMETERS


async def test_models_are_listed_and_described() -> None:
    async with serving(Said(), models=("a", "b/c")) as server, client_of(server.url) as client:
        assert [model.id async for model in client.models.list()] == ["a", "b/c"]
        assert (await client.models.retrieve("a")).id == "a"
        with pytest.raises(NotFoundError, match="The model `d` does not exist"):
            await client.models.retrieve("d")


async def test_only_the_right_key_is_let_in() -> None:
    async with serving(Said("yes"), key="sk-right") as server:
        async with client_of(server.url, api_key="sk-right") as client:
            assert (await respond(client)).output_text == "yes"
        async with client_of(server.url) as client:
            with pytest.raises(AuthenticationError, match="Incorrect API key provided: sk-test") as caught:
                await chat(client)
    assert caught.value.code == "invalid_api_key"


async def test_other_paths_are_openais_404() -> None:
    async with serving(Said()) as server, client_of(server.url) as client:
        with pytest.raises(NotFoundError, match=r"Invalid URL \(POST /v1/embeddings\)"):
            await client.embeddings.create(model="m", input="hi")


# --- The law


SAID = st.builds(
    Said,
    text=st.text(max_size=40),
    calls=st.lists(
        st.builds(Called, st.sampled_from(["a", "b"]), st.dictionaries(st.text(max_size=4), st.integers(), max_size=3)),
        max_size=3,
    ).map(tuple),
    reasoning=st.text(max_size=20),
)
MANNERS = st.builds(
    Manners,
    pieces=st.one_of(st.just(words), st.just(whole), st.integers(1, 7).map(characters)),
    empty_choices=st.booleans(),
    both_calls_in_one_delta=st.booleans(),
    interleaved=st.booleans(),
    role=st.sampled_from(["first", "every"]),
    content_null=st.booleans(),
    unknown_fields=st.booleans(),
)


@given(SAID, MANNERS)
def test_a_chat_stream_says_in_pieces_what_the_answer_says_in_one(said: Said, manners: Manners) -> None:
    asked = Asked("POST", "/v1/chat/completions", {}, {"model": MODEL, "stream": True})
    whole_answer = ChatCompletion.model_validate(wire.body(asked, said, manners))
    # The SDK's own accumulator knows nothing of chunks without choices: those it is spared.
    chunks = [ChatCompletionChunk.model_validate(chunk) for chunk in wire.chunks(asked, said, manners)]
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for chunk in chunks:
        if chunk.choices:
            state.handle_chunk(chunk)
    put_together = state.get_final_completion().choices[0]
    assert (put_together.message.content or "") == (whole_answer.choices[0].message.content or "")
    assert put_together.finish_reason == whole_answer.choices[0].finish_reason
    calls = [call.function for call in put_together.message.tool_calls or []]
    assert [(call.name, call.arguments) for call in calls] == [(call.name, call.written) for call in said.calls]
    thoughts = [(chunk.choices[0].delta.model_extra or {}).get("reasoning_content", "") for chunk in chunks if chunk.choices]
    assert "".join(thoughts) == said.reasoning


@given(SAID, MANNERS)
def test_a_response_stream_says_in_pieces_what_the_answer_says_in_one(said: Said, manners: Manners) -> None:
    asked = Asked("POST", "/v1/responses", {}, {"model": MODEL, "stream": True})
    # Items that no client knows are no types of the SDK's either.
    events = responses.events(asked, said, replace(manners, unknown_fields=False))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    texts: dict[str, str] = {}
    done: list[Any] = []
    for event in events:
        EVENT.validate_python(event)
        if event["type"].endswith(".delta") and "item_id" in event:
            texts[event["item_id"]] = texts.get(event["item_id"], "") + event["delta"]
        if event["type"] == "response.output_item.done":
            done.append(event["item"])
    last = events[-1]["response"]
    assert last["output"] == done
    assert Response.model_validate(last).output_text == said.text
    for item in done:
        match item["type"]:
            case "message":
                assert texts.get(item["id"], "") == said.text
            case "function_call":
                assert texts.get(item["id"], "") == item["arguments"]
            case "reasoning":
                assert texts.get(item["id"], "") == said.reasoning
            case _:
                pass
    called = [json.loads(item["arguments"]) for item in done if item["type"] == "function_call"]
    assert called == [call.arguments for call in said.calls]
