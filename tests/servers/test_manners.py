"""How servers differ: each manner changes the wire as it says, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.servers import responses, speech, wire
from tests.servers.asked import Asked, Json
from tests.servers.clients import chat, chat_stream, client_of, respond, respond_stream
from tests.servers.http import serving
from tests.servers.manners import Manners, characters, whole
from tests.servers.said import Called, Said

TWO_CALLS = Said(calls=(Called("a", {"x": 1}, id="call_1"), Called("b", id="call_2")))
CHAT = Asked("POST", "/v1/chat/completions", {}, {"model": "m", "stream": True})
CHAT_WITH_USAGE = Asked("POST", "/v1/chat/completions", {}, {"stream": True, "stream_options": {"include_usage": True}})
RESPONSES = Asked("POST", "/v1/responses", {}, {"model": "m", "stream": True})


def deltas(said: Said, **manners: Any) -> list[Json]:
    """The deltas of a chat stream."""
    return [chunk["choices"][0]["delta"] for chunk in wire.chunks(CHAT, said, Manners(**manners)) if chunk["choices"]]


def kinds(said: Said, **manners: Any) -> list[str]:
    """The types of the events of a Responses stream."""
    return [event["type"].removeprefix("response.") for event in responses.events(RESPONSES, said, Manners(**manners))]


def test_pieces_cut_text_reasons_and_arguments() -> None:
    said = Said("abc", (Called("f", "[1]"),), reasoning="xyz")
    given = deltas(said, pieces=characters(2), reasoning_field="reasoning")
    assert [delta["reasoning"] for delta in given if "reasoning" in delta] == ["xy", "z"]
    assert [delta["content"] for delta in given if "content" in delta] == ["", "ab", "c"]
    calls = [delta["tool_calls"][0]["function"]["arguments"] for delta in given if "tool_calls" in delta]
    assert calls == ["", "[1", "]"]


def test_pieces_may_be_any_function() -> None:
    def halves(text: str) -> Sequence[str]:
        return [text[: len(text) // 2], text[len(text) // 2 :]]

    assert [delta.get("content") for delta in deltas(Said("abcd"), pieces=halves)] == ["", "ab", "cd", None]


@pytest.mark.parametrize("ids", ["call_0", ""])
async def test_all_calls_may_have_one_id(ids: str) -> None:
    said = Said(calls=(Called("a"), Called("b"), Called("c", id="mine")))
    async with serving(said, Manners(ids=ids)) as server, client_of(server.url) as client:
        assert [call.id for call in (await chat(client)).choices[0].message.tool_calls or []] == [ids, ids, "mine"]
        events = await respond_stream(client)
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.call_id for item in done if item.type == "function_call"] == [ids, ids, "mine"]


async def test_there_may_be_no_usage_ever() -> None:
    async with serving(Said("yes"), Manners(usage=False)) as server, client_of(server.url) as client:
        assert (await chat(client)).usage is None
        chunks = await chat_stream(client, stream_options={"include_usage": True})
        assert all(chunk.choices and chunk.usage is None for chunk in chunks)
        assert (await respond(client)).usage is None
        last = (await respond_stream(client))[-1]
        assert last.type == "response.completed"
        assert last.response.usage is None


@pytest.mark.parametrize(
    ("where", "asked", "totals"),
    [
        ("own chunk", CHAT_WITH_USAGE, [None, None, None, None, 15]),
        ("own chunk", CHAT, [None, None, None, None]),
        ("finish", CHAT, [None, None, None, 15]),
        ("finish", CHAT_WITH_USAGE, [None, None, None, 15]),
        ("every chunk", CHAT, [11, 12, 13, 15]),
    ],
)
def test_usage_comes_where_it_is_said(where: Any, asked: Asked, totals: list[int | None]) -> None:
    chunks = wire.chunks(asked, Said("one two"), Manners(usage_where=where))
    usages = [chunk.get("usage") for chunk in chunks]
    assert [usage and usage["total_tokens"] for usage in usages] == totals


def test_both_calls_may_come_in_one_delta() -> None:
    assert deltas(TWO_CALLS, both_calls_in_one_delta=True)[1:-1] == snapshot(
        [
            {
                "tool_calls": [
                    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "a", "arguments": '{"x": 1}'}},
                    {"index": 1, "id": "call_2", "type": "function", "function": {"name": "b", "arguments": "{}"}},
                ]
            }
        ]
    )


def test_the_pieces_of_two_calls_may_alternate() -> None:
    given = deltas(TWO_CALLS, interleaved=True, pieces=characters(4))[1:-1]
    pieces = [(delta["tool_calls"][0]["index"], delta["tool_calls"][0]["function"]["arguments"]) for delta in given]
    assert pieces == [(0, ""), (1, ""), (0, '{"x"'), (1, "{}"), (0, ": 1}")]


def test_calls_may_have_no_index_and_no_type() -> None:
    calls = [call for delta in deltas(TWO_CALLS, no_index=True, no_type=True) for call in delta.get("tool_calls", [])]
    assert len(calls) == 5
    assert all("index" not in call and "type" not in call for call in calls)


async def test_chunks_may_have_no_choices_at_the_start_amidst_and_at_the_end() -> None:
    async with serving(Said("yes"), Manners(empty_choices=True)) as server, client_of(server.url) as client:
        chunks = await chat_stream(client, stream_options={"include_usage": True})
    assert [len(chunk.choices) for chunk in chunks] == [0, 1, 0, 1, 1, 0, 0]
    assert chunks[0].model_extra == {"prompt_filter_results": [{"prompt_index": 0}]}
    assert [chunk.usage is not None for chunk in chunks] == [False] * 5 + [True, False]


def test_the_text_may_come_again_with_the_end() -> None:
    last = wire.chunks(CHAT, Said("one two"), Manners(duplicate_final_text=True))[-1]["choices"][0]
    assert last == snapshot(
        {
            "index": 0,
            "delta": {},
            "logprobs": None,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "one two"},
        }
    )
    assert deltas(Said("one two"), duplicate_final_text="delta")[-1] == {"content": "one two"}


def test_arguments_may_be_null() -> None:
    given = deltas(TWO_CALLS, arguments_null=True, pieces=whole)[1:-1]
    calls = [delta["tool_calls"][0] for delta in given]
    assert [call["function"]["arguments"] for call in calls] == [None, '{"x": 1}', None]
    body = wire.body(CHAT, TWO_CALLS, Manners(arguments_null=True))
    assert [call["function"]["arguments"] for call in body["choices"][0]["message"]["tool_calls"]] == ['{"x": 1}', None]
    output = responses.body(RESPONSES, TWO_CALLS, Manners(arguments_null=True))["output"]
    assert [item["arguments"] for item in output] == ['{"x": 1}', None]


def test_content_may_be_null_wherever_there_is_none() -> None:
    assert [delta["content"] for delta in deltas(TWO_CALLS, content_null=True)] == [None] * 7
    assert wire.body(CHAT, Said(), Manners(content_null=True))["choices"][0]["message"]["content"] is None
    assert wire.body(CHAT, Said(), Manners())["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(("role", "carrying"), [("first", [0]), ("every", [0, 1, 2, 3]), ("never", [])])
def test_the_role_is_where_it_is_said(role: Any, carrying: list[int]) -> None:
    assert [at for at, delta in enumerate(deltas(Said("one two"), role=role)) if "role" in delta] == carrying


def test_a_stream_may_not_say_why_it_ends() -> None:
    chunks = wire.chunks(CHAT, Said("one two"), Manners(finish_chunk=False))
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None]


async def test_unknown_fields_events_and_items_do_not_hide_the_answer() -> None:
    said = Said("yes", (Called("a"),))
    async with serving(said, Manners(unknown_fields=True)) as server:
        async with client_of(server.url) as client:
            answer = await chat(client)
            assert answer.choices[0].message.content == "yes"
            assert answer.model_extra == {"weather": ["dry", None, 3.5]}
            assert len(await chat_stream(client)) == 5
        async with client_of(server.url, validated=False) as client:
            assert (await respond(client)).output_text == "yes"
            types = [event.type for event in await respond_stream(client)]
    assert types.count("response.telepathy.delta") == 3  # pyright: ignore[reportArgumentType]
    assert types[-1] == "response.completed"


def test_a_terse_response_stream_has_deltas_and_ends_only() -> None:
    assert kinds(Said("one two", (Called("a"),)), terse=True) == snapshot(
        [
            "created",
            "output_item.added",
            "output_text.delta",
            "output_text.delta",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "output_item.done",
            "completed",
        ]
    )


def test_a_bare_end_has_no_items() -> None:
    events = responses.events(RESPONSES, Said("yes"), Manners(bare_completed=True))
    assert events[-1]["response"]["output"] == []
    assert events[-2]["item"]["content"][0]["text"] == "yes"


LINES: dict[str, Manners] = {
    "keep-alive": Manners(keep_alive=True),
    "CR LF": Manners(crlf=True),
    "no space": Manners(no_space=True),
    "several lines": Manners(multiline=True),
    "ASCII": Manners(ascii=True),
    "no event lines": Manners(event_lines=False),
    "all at once": Manners(keep_alive=True, crlf=True, no_space=True, multiline=True),
}


@pytest.mark.parametrize("manners", LINES.values(), ids=LINES)
async def test_lines_may_be_written_in_many_ways(manners: Manners) -> None:
    async with serving(Said("Grüße 🙂 dort"), manners) as server, client_of(server.url) as client:
        chunks = await chat_stream(client)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Grüße 🙂 dort"
        events = await respond_stream(client)
        assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Grüße 🙂 dort"


@pytest.mark.parametrize(
    ("manners", "lines"),
    [
        (Manners(), b'event: response.created\ndata: {"type":"response.created",'),
        (Manners(event_lines=False), b'data: {"type":"response.created",'),
        (Manners(no_space=True), b'event:response.created\ndata:{"type":"response.created",'),
        (Manners(crlf=True), b'event: response.created\r\ndata: {"type":"response.created",'),
        (Manners(keep_alive=True), b': keep-alive\n\nevent: response.created\ndata: {"type":"response.created",'),
        (Manners(multiline=True), b'event: response.created\ndata: {\ndata:  "type": "response.created",\n'),
    ],
    ids=["plain", "no event lines", "no space", "CR LF", "keep-alive", "multiline"],
)
def test_each_way_of_writing_lines_is_what_it_says(manners: Manners, lines: bytes) -> None:
    first = speech.stream(RESPONSES, Said("yes"), manners)[0]
    assert first.startswith(lines)
    assert first.endswith(b"\r\n\r\n" if manners.crlf else b"}\n\n")


def test_letters_are_sent_as_utf_8_or_escaped() -> None:
    assert "ü".encode() in b"".join(speech.stream(CHAT, Said("ü"), Manners()))
    assert b"".join(speech.stream(CHAT, Said("ü"), Manners(ascii=True))).isascii()


@pytest.mark.parametrize(("asked", "default"), [(CHAT, True), (RESPONSES, False)])
def test_done_is_chats_unless_told(asked: Asked, default: bool) -> None:
    def ends_done(done: bool | None) -> bool:
        return speech.stream(asked, Said("yes"), Manners(done=done))[-1] == b"data: [DONE]\n\n"

    assert [ends_done(None), ends_done(True), ends_done(False)] == [default, True, False]


async def test_reasoning_has_the_field_it_is_given_or_none() -> None:
    for field in ("reasoning_content", "reasoning", ""):
        async with (
            serving(Said("yes", reasoning="so"), Manners(reasoning_field=field)) as server,
            client_of(server.url) as client,
        ):
            extra = (await chat(client)).choices[0].message.model_extra
            assert extra == ({field: "so"} if field else {})
            said = [chunk.choices[0].delta.model_extra for chunk in await chat_stream(client)]
            assert said == [{}, *([{field: "so"}] if field else []), {}, {}]


async def test_a_server_of_another_make_takes_nearly_anything() -> None:
    async with (
        serving(Said("yes"), Manners(strict=False)) as server,
        client_of(server.url) as client,
    ):
        odd: Any = {"messages": [{"role": "tool", "content": "x"}], "extra_body": {"min_p": 0.1}}
        await chat(client, **odd)
    assert server.requests[0].body["min_p"] == 0.1


async def test_a_stream_may_take_its_time() -> None:
    async with serving(Said("one two"), Manners(every=0.001)) as server, client_of(server.url) as client:
        assert len(await chat_stream(client)) == 4
