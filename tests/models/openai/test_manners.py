"""However a server speaks, the answer is the same, and what was shown of it is its text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import Agent, RunConfig, Runner, tool
from switchroom.errors import ModelError, ModelUnavailable
from switchroom.journals import MemoryJournal
from switchroom.messages import Message
from switchroom.models import OpenAIChat
from switchroom.usage import Usage
from tests.examples import times
from tests.models.openai.lines import Line, ask, hear, line
from tests.patience import HANGS_S
from tests.servers import responses, speech, wire
from tests.servers.asked import Api, Asked, Json
from tests.servers.faults import FOREIGN, Gives, NoDone, Trickle
from tests.servers.manners import Manners, characters, whole, words
from tests.servers.said import Called, Said
from tests.servers.script import LAST_CHUNK, End, Script, Step, Wait, chunk, json_bytes, sse, stream_head, whole_response

SUMS = (Called("add", {"a": 1, "b": 2}), Called("add", {"a": 3, "b": 4}))

MANNERS = [
    Manners(both_calls_in_one_delta=True),
    Manners(pieces=characters(1)),
    Manners(pieces=whole),
    Manners(interleaved=True, pieces=characters(2)),
    Manners(empty_choices=True),
    Manners(no_index=True),
    Manners(no_index=True, both_calls_in_one_delta=True, no_type=True),
    Manners(ids="call_0"),
    Manners(ids=""),
    Manners(ids="call_0", no_index=True),
    Manners(ids="", no_index=True),
    Manners(usage_where="finish"),
    Manners(usage_where="every chunk"),
    Manners(duplicate_final_text=True),
    Manners(duplicate_final_text="delta"),
    Manners(finish_chunk=False),
    Manners(done=False),
    Manners(done=True),
    Manners(role="every"),
    Manners(role="never"),
    Manners(content_null=True),
    Manners(arguments_null=True),
    Manners(reasoning_field=""),
    Manners(unknown_fields=True),
    Manners(terse=True),
    Manners(bare_completed=True),
    Manners(terse=True, bare_completed=True, event_lines=False),
    Manners(keep_alive=True),
    Manners(crlf=True),
    Manners(crlf=True, keep_alive=True, multiline=True),
    Manners(no_space=True),
    Manners(multiline=True),
    Manners(ascii=True),
]


@tool(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def adding(asked: Asked) -> Said:
    """Has two sums done, and says what came out."""
    if asked.results:
        return Said(f"Das sind {' und '.join(asked.results.values())}, schöne Grüße aus Köln. 🙂")
    return Said("Einen Moment, bitte.", calls=SUMS, reasoning="Ich rechne.")


async def test_two_calls_and_an_answer_are_understood_in_all_manners(api: Api, streamed: bool):
    manners = MANNERS[0]
    async with line(lambda asked: (adding(asked), manners), api) as (server, model):
        agent = Agent("a", model=model, tools=[add])
        for manners in MANNERS:
            if streamed:
                heard = await hear(agent, "1 + 2 und 3 + 4?")
                result = heard.result
                assert heard.shown == result.final_output.replace("\n", ""), manners
            else:
                result = await Runner.run(agent, "1 + 2 und 3 + 4?")
            assert result.final_output == "Einen Moment, bitte.\nDas sind 3 und 7, schöne Grüße aus Köln. 🙂", manners
            assert result.usage == Usage(2, 20, 10), manners
            first = result.messages[1]
            assert [(call.name, call.args) for call in first.calls] == [("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})]
            assert len({call.id for call in first.calls} - {""}) == 2, manners
        assert server.connections == 1


async def test_one_id_for_all_calls_of_all_turns_is_one_for_each(api: Api):
    config = RunConfig(journal=MemoryJournal())
    async with line(adding, api, Manners(ids="call_0")) as (server, model):  # which refuses calls without their results
        agent = Agent("a", model=model, tools=[add])
        for _ in range(3):
            result = await Runner.run(agent, "1 + 2 und 3 + 4?", conversation="c", config=config)
    ids = [call.id for message in result.messages for call in message.calls]  # pyright: ignore[reportPossiblyUnboundVariable]
    assert len(ids) == len(set(ids)) == 6
    assert len(server.requests) == 6


@pytest.mark.parametrize("usage", [None, (0, 0)])
async def test_what_no_server_counted_is_estimated(api: Api, streamed: bool, usage: Any):
    async with line(Said("Your order was sent on Monday.", usage=usage), api) as (_, model):
        response, _ = await ask(model, "Where is my order?" * 10, streamed)
    assert response.usage.requests == response.usage.estimated == 1
    assert 40 <= response.usage.input_tokens <= 70
    assert 6 <= response.usage.output_tokens <= 14


async def test_what_the_server_counted_is_taken_over(api: Api, streamed: bool):
    async with line(Said("Sent.", usage=(1000, 50), cached=900, reasoned=40), api) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert response.usage == Usage(1, 1000, 50, 900, 40)
    assert response.model == "openai:gpt-test"


async def test_arguments_may_be_missing_or_an_object(api: Api):
    """As JSON objects instead of as their text; OpenAI's own never does this."""
    arguments: list[Any] = [None, "", " ", {}, {"a": 1, "b": 2}]

    def answer(asked: Asked) -> Gives:
        calls = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": a} for n, a in enumerate(arguments)]
        if asked.api == "responses":
            return Gives(json_bytes({"status": "completed", "output": calls}))
        chat = [{"id": call["call_id"], "function": {"name": "f", "arguments": call["arguments"]}} for call in calls]
        return Gives(json_bytes({"choices": [{"message": {"tool_calls": chat}}]}))

    async with line(answer, api) as (_, model):
        response, _ = await ask(model)
    assert [call.args for call in response.message.calls] == [{}, {}, {}, {}, {"a": 1, "b": 2}]


async def test_an_answer_may_come_in_the_form_that_was_not_asked_for(api: Api, streamed: bool):
    def answer(asked: Asked) -> Script:
        other = replace(asked, body=asked.body | {"stream": not asked.streamed})
        return Script(speech.speak(other, FOREIGN, Manners()))

    async with line(answer, api) as (server, model):
        response, heard = await ask(model, streamed=streamed)
        await ask(model)
    assert response.message.text == FOREIGN.text
    assert heard == (FOREIGN.text if streamed else "")
    assert server.connections == 1


@pytest.mark.parametrize("unfinished", [False, True])
async def test_an_end_may_be_said_in_one_way_or_the_other(api: Api, unfinished: bool):
    """[DONE] without a reason, or a reason without [DONE]."""
    fault = Manners(finish_chunk=False, done=True) if unfinished else Manners(done=False)
    async with line(Said("All is said."), api, fault) as (_, model):
        response, heard = await ask(model, streamed=True)
    assert response.message.text == heard == "All is said."


async def test_a_responses_stream_may_end_without_its_last_event_if_it_says_that_it_ends():
    def answer(asked: Asked) -> Script:
        *before, _ = speech.stream(asked, adding(asked), Manners())
        return Script([stream_head(), *map(chunk, before), chunk(sse("[DONE]")), LAST_CHUNK])

    async with line(answer, "responses") as (_, model):
        response, heard = await ask(model, streamed=True)
    assert response.message.text == heard == "Einen Moment, bitte."
    assert [call.args for call in response.message.calls] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert response.usage.estimated == 1


async def test_a_stream_without_pieces_is_shown_at_its_end():
    def answer(asked: Asked) -> Script:
        last = speech.stream(asked, Said("All at once."), Manners())[-1]
        return Script([stream_head(), chunk(last), LAST_CHUNK])

    async with line(answer, "responses") as (_, model):
        response, heard = await ask(model, streamed=True)
    assert response.message.text == heard == "All at once."


@pytest.mark.parametrize("after", [Wait(), End("close"), End("reset")], ids=["nothing", "a close", "a reset"])
async def test_what_is_said_to_the_end_is_an_answer_whatever_becomes_of_the_line(api: Api, after: Step):
    def answer(asked: Asked) -> Script:
        return Script([stream_head(), *map(chunk, speech.stream(asked, FOREIGN, Manners())), after])

    async with line(answer, api, timeout=HANGS_S) as (_, model), asyncio.timeout(HANGS_S / 2):
        response, heard = await ask(model, streamed=True)
    assert response.message.text == heard == FOREIGN.text


async def test_of_several_answers_the_first_is_taken(streamed: bool):
    def answer(asked: Asked) -> Script:
        if not asked.streamed:
            choices = [{"index": n, "message": {"content": f"No. {n}"}, "finish_reason": "stop"} for n in (0, 1)]
            return Script([whole_response(200, json_bytes({"choices": choices}))])
        pieces = [(0, "No"), (1, "Nu"), (0, ". 0"), (1, "ll")]
        events = [sse({"choices": [{"index": n, "delta": {"content": text}}]}) for n, text in pieces]
        last = sse({"choices": [{"index": n, "delta": {}, "finish_reason": "stop"} for n in (1, 0)]})
        return Script([stream_head(), *map(chunk, (*events, last)), LAST_CHUNK])

    async with line(answer) as (_, model):
        response, heard = await ask(model, streamed=streamed)
    assert response.message.text == "No. 0"
    assert heard == ("No. 0" if streamed else "")


async def test_content_may_be_a_list_of_parts(streamed: bool):
    content: list[Json] = [
        {"type": "text", "text": "Guten "},
        {"type": "text", "text": "Tag."},
        {"type": "thinking", "thinking": []},
    ]

    def answer(asked: Asked) -> Script:
        field = "delta" if asked.streamed else "message"
        given = {"choices": [{field: {"content": content}, "finish_reason": "stop"}]}
        if asked.streamed:
            return Script([stream_head(), chunk(sse(given)), LAST_CHUNK])
        return Script([whole_response(200, json_bytes(given))])

    async with line(answer) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert response.message.text == "Guten Tag."


def scripted_calls(*deltas: Json) -> Script:
    """A chat stream of such pieces of calls."""
    events = [sse({"choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]}) for delta in deltas]
    last = sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return Script([stream_head(), *map(chunk, (*events, last)), LAST_CHUNK])


def piece(index: int | None, id: str | None, name: str | None, arguments: Any) -> Json:
    return {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    "script",
    [
        # All calls have the same index.
        scripted_calls(
            piece(0, "c1", "add", '{"a":'),
            piece(0, None, None, "1}"),
            piece(0, "c2", "add", '{"a":'),
            piece(0, None, None, "2}"),
        ),
        # The name and the id are said with each piece.
        scripted_calls(
            piece(0, "c1", "add", '{"a":'),
            piece(0, "c1", "add", "1}"),
            piece(1, "c2", "add", '{"a":'),
            piece(1, "c2", "add", "2}"),
        ),
        # No index; pieces go by their id.
        scripted_calls(
            piece(None, "c1", "add", '{"a":'),
            piece(None, "c2", "add", '{"a":'),
            piece(None, "c1", None, "1}"),
            piece(None, "c2", None, "2}"),
        ),
        # Neither index nor id, arguments as objects.
        scripted_calls(piece(None, None, "add", {"a": 1}), piece(None, None, "add", {"a": 2})),
        # The name comes after the first piece.
        scripted_calls(
            piece(0, "c1", None, None), piece(0, None, "add", '{"a":1}'), piece(1, "c2", "", ""), piece(1, "", "add", '{"a":2}')
        ),
    ],
    ids=["one index", "all repeated", "ids alone", "nothing", "late names"],
)
async def test_pieces_find_their_call(script: Script):
    async with line(script) as (_, model):
        response, _ = await ask(model, streamed=True)
    assert [(call.name, call.args) for call in response.message.calls] == [("add", {"a": 1}), ("add", {"a": 2})]


async def test_bytes_may_come_one_by_one(api: Api, streamed: bool):
    async with line(Trickle(), api) as (_, model):
        response, heard = await ask(model, streamed=streamed)
    assert response.message.text == FOREIGN.text
    assert heard == (FOREIGN.text if streamed else "")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS | st.lists(TEXTS, max_size=2)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)
CALLS = st.lists(st.builds(Called, st.sampled_from(["add", "f"]), ARGUMENTS), max_size=3).map(tuple)
ANSWERS = st.builds(Said, TEXTS | st.just(""), CALLS, TEXTS | st.just("")).filter(lambda said: bool(said.text or said.calls))
FLAG = st.booleans()


@st.composite
def all_manners(draw: st.DrawFn, said: Said) -> Manners:
    """Ways to speak in which an answer can be told apart from another."""
    pieces = draw(st.sampled_from([words, whole, characters(1), characters(3)]))
    interleaved = draw(FLAG)
    # A long text that is said in several pieces and then once more; a short one could be meant.
    again: Any = draw(st.sampled_from([False, True, "delta"])) if len(said.text) > 8 and len(pieces(said.text)) > 1 else False
    flags = ["both_calls_in_one_delta", "empty_choices", "no_type", "content_null", "arguments_null", "unknown_fields", "terse"]
    flags += ["bare_completed", "event_lines", "keep_alive", "crlf", "no_space", "multiline", "ascii"]
    chosen: dict[str, Any] = {flag: draw(FLAG) for flag in flags}
    chosen |= draw(st.sampled_from([{}, {"finish_chunk": False}, {"done": False}, {"done": True}]))
    return Manners(
        pieces=pieces,
        interleaved=interleaved,
        duplicate_final_text=again,
        no_index=not interleaved and draw(FLAG),
        ids=draw(st.sampled_from([None, "call_0", ""])),
        usage=draw(FLAG),
        usage_where=draw(st.sampled_from(["own chunk", "finish", "every chunk"])),
        role=draw(st.sampled_from(["first", "every", "never"])),
        reasoning_field=draw(st.sampled_from(["", "reasoning_content"])),
        **chosen,
    )


def cut(content: bytes, at: list[int]) -> Iterator[bytes]:
    """The bytes in pieces that end at these places."""
    places = sorted({0, len(content), *(place % (len(content) + 1) for place in at)})
    yield from (content[one:other] for one, other in pairwise(places))


@contextlib.contextmanager
def lasting(answer: Any, api: Api) -> Generator[tuple[asyncio.Runner, OpenAIChat]]:
    """A line for many examples."""
    with asyncio.Runner() as runner:
        there = line(answer, api, Manners(strict=False))
        opened: Line = runner.run(there.__aenter__())
        yield runner, opened[1]
        runner.run(there.__aexit__(None, None, None))


def test_an_answer_is_the_same_however_its_bytes_are_cut_and_in_whatever_manners(api: Api):
    played: list[Script] = []
    wanted: list[tuple[Said, Manners, list[int]]] = []

    def answer(asked: Asked) -> Script:
        said, manners, places = wanted[-1]
        if asked.streamed:
            content, kind = b"".join(speech.stream(asked, said, manners)), "text/event-stream"
        else:
            content, kind = json_bytes(speech.body(asked, said, manners), manners), "application/json"
        played.append(Script([stream_head(kind), *map(chunk, cut(content, places)), LAST_CHUNK]))
        return played[-1]

    with lasting(answer, api) as (runner, model):

        @settings(max_examples=times(40), deadline=None)
        @given(st.data(), ANSWERS, st.lists(st.integers(0, 20_000), max_size=12), FLAG)
        def check(data: st.DataObject, said: Said, places: list[int], streamed: bool) -> None:
            wanted.append((said, data.draw(all_manners(said)), places))
            response, heard = runner.run(ask(model, streamed=streamed))
            assert response.message.text == said.text
            assert heard == (said.text if streamed else "")
            assert [(call.name, call.args) for call in response.message.calls] == [
                (call.name, call.arguments) for call in said.calls
            ]

        check()
    assert len(played) >= times(40)


async def test_an_unfinished_stream_is_no_answer(api: Api):
    async with line(NoDone(unfinished=True), api) as (_, model):
        with pytest.raises(ModelUnavailable, match="it broke off in the middle of the answer"):
            await ask(model, streamed=True)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, 1.5, "", "x", [], [None], ["x"], [[]], {}, {"a": None}, {"type": "x"}]
)


def spoilt(data: st.DataObject, value: Any) -> Any:
    """The value with one place in it taken by something else."""
    places: list[tuple[Any, Any]] = []

    def look(within: Any) -> None:
        match within:
            case dict():
                keys: Any = list(cast("Json", within))
            case list():
                keys = range(len(cast("list[Any]", within)))
            case _:
                return
        for key in keys:
            places.append((cast("Any", within), key))
            look(within[key])

    look(value)
    within, key = data.draw(st.sampled_from(places))
    within[key] = data.draw(ODD)
    return value


def test_whatever_stands_in_the_place_of_something_there_is_an_answer_or_an_error_of_the_model(api: Api):
    """One value of a body or of an event is of another type than it should be."""
    wanted: list[st.DataObject] = []

    def answer(asked: Asked) -> Script:
        said = replace(adding(asked), refusal="No.") if wanted[-1].draw(FLAG) else adding(asked)
        if not asked.streamed:
            body = spoilt(wanted[-1], speech.body(asked, said, Manners()))
            return Script([whole_response(200, json_bytes(body))])
        events = wire.chunks(asked, said, Manners()) if api == "chat" else responses.events(asked, said, Manners())
        return Script([stream_head(), *(chunk(sse(event)) for event in spoilt(wanted[-1], events)), LAST_CHUNK])

    with lasting(answer, api) as (runner, model):

        @settings(max_examples=times(60), deadline=None)
        @given(st.data(), FLAG)
        def check(data: st.DataObject, streamed: bool) -> None:
            wanted.append(data)
            try:
                response, _ = runner.run(ask(model, streamed=streamed))
            except ModelError:
                return
            assert msgspec.json.decode(msgspec.json.encode(response.message), type=Message) == response.message

        check()


@pytest.mark.parametrize("body", [b'{"type": "\xff', b'{"a": ' + b"[" * 100_000, b'"\\ud83d"'], ids=["bytes", "depth", "half"])
async def test_json_that_cannot_be_read_is_no_answer(body: bytes, api: Api, streamed: bool):
    script = Script([stream_head(), chunk(b"data: " + body + b"\n\n"), LAST_CHUNK])
    async with line(script if streamed else Gives(body), api) as (_, model):
        with pytest.raises(ModelUnavailable, match="sent what is no answer"):
            await ask(model, streamed=streamed)


@pytest.mark.parametrize("content", [7, None, "x", {}, [7, None, "x", {"type": "output_text", "text": 7}]])
async def test_parts_that_are_none_are_passed_over(content: Any):
    output: list[Json] = [{"type": "message", "content": content}, {"type": "message", "content": []}]
    output.append({"type": "message", "content": [{"type": "output_text", "text": "Hello."}]})
    async with line(Gives(json_bytes({"status": "completed", "output": output})), "responses") as (_, model):
        response, _ = await ask(model)
    assert response.message.text == "Hello."


@pytest.mark.parametrize("error", [None, "", {}, False])
async def test_an_error_that_says_nothing_is_none(error: Any, api: Api, streamed: bool):
    def answer(asked: Asked) -> Script:
        if not asked.streamed:
            return Script([whole_response(200, json_bytes(speech.body(asked, FOREIGN, Manners()) | {"error": error}))])
        events = wire.chunks(asked, FOREIGN, Manners()) if api == "chat" else responses.events(asked, FOREIGN, Manners())
        return Script([stream_head(), *(chunk(sse(event | {"error": error})) for event in events), LAST_CHUNK])

    async with line(answer, api) as (_, model):
        response, _ = await ask(model, streamed=streamed)
    assert response.message.text == FOREIGN.text


async def test_a_response_that_failed_without_saying_why_failed():
    async with line(Gives(b'{"status": "failed", "output": []}'), "responses") as (_, model):
        with pytest.raises(ModelError, match="broke the answer off: it does not say why"):
            await ask(model)


@pytest.mark.parametrize("event", [b"data:\n\n", b"data\n\n", b"event: ping\n\n", b"event: ping\ndata:\n\n", b":\n\n"])
async def test_events_that_say_nothing_keep_the_connection_alive(event: bytes, api: Api):
    def answer(asked: Asked) -> Script:
        events = speech.stream(asked, Said("Hello."), Manners())
        return Script([stream_head(), *(chunk(event + each) for each in events), LAST_CHUNK])

    async with line(answer, api) as (_, model):
        response, _ = await ask(model, streamed=True)
    assert response.message.text == "Hello."


@pytest.mark.parametrize("usage", [{"prompt_tokens": 30}, {"completion_tokens": 6}, {"total_tokens": 9}, {}])
async def test_what_a_server_counted_in_part_is_estimated_in_part(usage: Json, streamed: bool):
    body: Json = {"choices": [{"message": {"content": "Your order was sent."}, "finish_reason": "stop"}], "usage": usage}
    body["choices"][0]["delta"] = body["choices"][0]["message"]
    script = Script([stream_head(), chunk(sse(body)), LAST_CHUNK])
    async with line(script if streamed else Gives(json_bytes(body))) as (_, model):
        response, _ = await ask(model, "Where is my order?", streamed)
    used = response.usage
    assert (used.requests, used.estimated) == (1, 1)
    assert used.input_tokens == 30 if "prompt_tokens" in usage else 0 < used.input_tokens < 30
    assert used.output_tokens == 6 if "completion_tokens" in usage else 0 < used.output_tokens < 30
