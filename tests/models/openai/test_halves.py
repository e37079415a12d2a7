"""Half characters: lone surrogate escapes and pairs torn between two pieces cost nothing but themselves."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Agent, RunConfig, Runner
from switchroom.errors import ModelError
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.models.openai import PROVIDERS
from switchroom.models.openai.chat import ChatFold
from switchroom.models.openai.halves import Pieces, mended
from switchroom.models.openai.responses import ResponsesFold
from tests.models.openai.lines import ask, hear, line, run
from tests.servers.asked import Api, Asked, Json
from tests.servers.faults import Gives
from tests.servers.manners import Manners, characters
from tests.servers.said import Called, Said
from tests.servers.script import LAST_CHUNK, Script, chunk, stream_head

FACE = "\U0001f600"
SHAPES: dict[str, tuple[list[str], str]] = {
    "escaped": (["a \ud83d\ude00 b"], f"a {FACE} b"),
    "torn between two pieces": (["a \ud83d", "\ude00 b"], f"a {FACE} b"),
    "torn around a piece of nothing": (["a \ud83d", "", "\ude00 b"], f"a {FACE} b"),
    "half at the end": (["a \ud83d"], "a \ufffd"),
    "half at the end of a piece": (["a \ud83d", " b"], "a \ufffd b"),
    "second half alone": (["a \ude00 b", " c"], "a \ufffd b c"),
    "halves in the wrong order": (["\ude00", "\ud83d"], "\ufffd\ufffd"),
    "three halves": (["\ud83d\ud83d", "\ude00"], f"\ufffd{FACE}"),
}


def dumped(value: Any) -> bytes:
    """JSON in which every character beyond ASCII, and every half of one, is escaped."""
    return json.dumps(value).encode()


def events(asked: Asked, pieces: list[str]) -> list[bytes]:
    if asked.api == "chat":
        deltas: list[Json] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
        return [*map(dumped, deltas), dumped({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})]
    shown: list[Json] = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
    item = said_in("".join(pieces))
    done: Json = {"type": "response.output_item.done", "item": item}
    return [*map(dumped, shown), dumped(done), dumped({"type": "response.completed", "response": {"output": [item]}})]


def said_in(text: str) -> Json:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def whole(asked: Asked, text: str) -> bytes:
    if asked.api == "chat":
        return dumped({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
    return dumped({"status": "completed", "output": [said_in(text)]})


def answering(pieces: list[str]) -> Any:
    def answer(asked: Asked) -> Gives | Script:
        if not asked.streamed:
            return Gives(whole(asked, "".join(pieces)))
        sent = [chunk(b"data: " + event + b"\n\n") for event in events(asked, pieces)]
        return Script([stream_head(), *sent, chunk(b"data: [DONE]\n\n"), LAST_CHUNK])

    return answer


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_an_answer_with_half_characters_is_an_answer(shape: tuple[list[str], str], api: Api, streamed: bool):
    pieces, text = shape
    config = RunConfig(journal=MemoryJournal())
    async with line(answering(pieces), api) as (server, model):
        agent = Agent("a", model=model)
        for _ in range(2):
            if streamed:
                heard = await hear(agent, "Hello?", config, "c")
                assert (heard.shown, heard.result.final_output) == (text, text)
            else:
                assert (await Runner.run(agent, "Hello?", conversation="c", config=config)).final_output == text
    assert server.requests[1].raw.decode()  # the next request is valid text
    assert len(server.requests) == 2


async def test_arguments_with_half_characters_are_read(streamed: bool):
    """Escapes stand twice in arguments: in the JSON of the answer, and in the JSON that they are."""
    function = {"name": "f", "arguments": '{"a": "\\ud83d\\ude00", "b": "\ud83d\ude00"}'}
    call = {"index": 0, "id": "c1", "function": function}
    kind = "delta" if streamed else "message"
    body = dumped({"choices": [{kind: {"tool_calls": [call]}, "finish_reason": "tool_calls"}]})
    script = Script([stream_head(), chunk(b"data: " + body + b"\n\n"), LAST_CHUNK])
    async with line(script if streamed else Gives(body)) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert [call.args for call in response.message.calls] == [{"a": FACE, "b": FACE}]


LONE = '{"a": "x\\ud83d", "b": "\\\\ud83d", "c": "\\ude00\\ud83d\\ude00"}'
READ = {"a": "x\ufffd", "b": "\\ud83d", "c": f"\ufffd{FACE}"}


async def test_halves_that_are_escaped_in_the_arguments_cost_no_call(api: Api, streamed: bool):
    async with line(Said(calls=(Called("f", LONE),)), api, Manners(pieces=characters(3))) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert [call.args for call in response.message.calls] == [READ]


async def test_halves_that_are_escaped_in_a_typed_answer_cost_no_answer(api: Api, streamed: bool):
    async with line(Said(LONE), api) as (server, model):
        result = await run(Agent("a", model=model, output_type=dict[str, str]), "Hello?", streamed)
    assert (result.final_output, len(server.requests)) == (READ, 1)


@pytest.mark.parametrize("error", [{"error": {"message": "half \ud83d"}}, {"type": "error", "message": "half \ud83d"}])
async def test_an_error_with_half_a_character_is_that_error(error: Json, api: Api):
    """Its text goes into the journal."""
    script = Script(
        [stream_head(), chunk(b"data: " + dumped({"error": {"message": "half \ud83d"}} | error) + b"\n\n"), LAST_CHUNK]
    )
    config = RunConfig(journal=MemoryJournal())
    async with line(script, api) as (_, model):
        with pytest.raises(ModelError, match="half \ufffd"):
            await hear(Agent("a", model=model), "Hello?", config, "c")


HALVES = st.lists(st.sampled_from(["a", "ü", FACE, "\ud83d", "\ude00", "\ud83d\ude00"]), max_size=8).map("".join)


@given(HALVES, st.lists(st.integers(0, 16), max_size=6))
def test_pieces_are_mended_as_the_whole_is(text: str, at: list[int]):
    places = sorted({0, len(text), *(place % (len(text) + 1) for place in at)})
    pieces = Pieces()
    shown = [pieces.take(text[one:other]) for one, other in pairwise(places)] + [pieces.end()]
    for piece in shown:
        piece.encode()
    assert "".join(shown) == mended(text)
    assert mended(mended(text)) == mended(text)


@given(st.lists(HALVES, max_size=5))
def test_what_is_shown_is_what_is_kept(pieces: list[str]):
    for api, fold_of in (("chat", ChatFold), ("responses", ResponsesFold)):
        shown: list[str] = []
        fold: Any = fold_of(_Emit(shown))
        path = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}[api]
        for event in events(Asked("POST", path, {}, {}), pieces):
            fold.event(event)
        response = fold.response(ModelRequest("a", "", ()), PROVIDERS["openai"], "m")
        assert "".join(shown) == response.message.text == mended("".join(pieces))


class _Emit:
    def __init__(self, shown: list[str]) -> None:
        self._shown = shown

    def __call__(self, text: str) -> None:
        self._shown.append(text)

    async def withdraw(self, reason: str) -> bool:
        return True


async def test_bytes_that_are_no_text_cost_themselves_only(streamed: bool):
    """A character of two bytes with its second byte lost."""
    body = b'{"choices":[{"index":0,"KIND":{"content":"caf\xc3 au lait"},"finish_reason":"stop"}]}'
    body = body.replace(b"KIND", b"delta" if streamed else b"message")
    script = Script([stream_head(), chunk(b"data: " + body + b"\n\n"), LAST_CHUNK])
    async with line(script if streamed else Gives(body)) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert response.message.text == "caf\ufffd au lait"
