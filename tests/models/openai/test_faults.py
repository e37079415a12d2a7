"""What goes wrong before an answer begins, or in its place: whose fault it is, what is said of it, and what is kept."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner
from switchroom.errors import ModelDenied, ModelError, ModelRefused, ModelUnavailable
from switchroom.events import ModelAnswered, StepStarted
from switchroom.journals import MemoryJournal
from tests.helpers import run_of
from tests.models.openai.lines import hear, line, model_at, plain, run
from tests.servers.asked import Api
from tests.servers.errors import Fault, Refuses
from tests.servers.faults import (
    Cut,
    Faults,
    Gives,
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
)
from tests.servers.http import in_turn, serving
from tests.servers.said import Called, Said
from tests.servers.script import Script, json_bytes, whole_response


async def failing(fault: Fault | Script, api: Api, streamed: bool, **options: Any) -> Exception:
    """What a run comes to whose model's server fails so."""
    async with line(fault, api, **options) as (_, model):
        return await failure(Agent("a", model=model), streamed)


async def failure(agent: Agent[Any], streamed: bool = False) -> Exception:
    with pytest.raises((ModelError, ModelDenied)) as caught:
        await run(agent, "Hello?", streamed)
    facts = run_of(caught.value).facts
    assert [type(fact) for fact in facts[:2]] == [type(facts[0]), StepStarted]
    assert not any(isinstance(fact, ModelAnswered) for fact in facts)
    return caught.value


def told(error: Exception) -> str:
    """What an exception says: class, status, when to come back, and the message."""
    message = plain(error).replace("/chat/completions", "/PATH").replace("/responses", "/PATH")
    first = f"{type(error).__name__} {getattr(error, 'status', None)} {getattr(error, 'retry_after', None)}"
    return f"{first}\n{textwrap.fill(message, 100, break_long_words=False, break_on_hyphens=False)}\n"


STATUSES: dict[str, Fault] = {
    "wrong key": wrong_key("sk-wrong"),
    "no permission": Refuses(403, "Country, region, or territory not supported."),
    "unknown model": unknown_model(),
    "unknown model, said as 400": Refuses(400, "No such model.", code="model_not_found"),
    "wrong path": Gives(b"", 404),
    "wrong method": Gives(b'{"detail":"Method Not Allowed"}', 405),
    "bad request": bad_request(),
    "unprocessable": Gives(b'{"detail":[{"loc":["body"],"msg":"no"}]}', 422),
    "too large": Gives(b'{"message":"Request body too large"}', 413),
    "too long": too_long(),
    "too long, without a code": Refuses(400, "prompt is too long: 9001 tokens > 8192 maximum"),
    "busy": rate_limited(),
    "busy for 3 s": rate_limited(3),
    "busy for 20 ms": rate_limited(1, ms=20),
    "busy for ever": rate_limited(float("inf")),
    "no money": out_of_money(),
    "error": server_error(),
    "unavailable for 1.5 s": Refuses(503, "Overloaded", headers={"retry-after": "1.5"}),
    "gateway": page(502),
    "a page without a title": Gives(b"<html></html>", 500, "text/html"),
    "nothing": Gives(b"", 500),
    "text": Gives(b"upstream connect error", 503, "text/plain"),
    "a list": Gives(b'[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]', 400),
    "an error of words": Gives(b'{"error":"model is loading"}', 503),
    "teapot": Gives(b'{"a":1}', 418),
}


async def all_told(faults: dict[str, Fault], api: Api, streamed: bool) -> dict[str, str]:
    """What each of them comes to, of one model on one connection."""
    async with line(in_turn(*faults.values()), api) as (server, model):
        agent = Agent("a", model=model)
        given = {name: told(await failure(agent, streamed)) for name in faults}
    assert server.connections == 1
    return given


async def test_what_each_status_comes_to(api: Api, streamed: bool):
    assert await all_told(STATUSES, api, streamed) == snapshot(
        {
            "wrong key": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not take the key for 'openai:gpt-test' (401). Set
OPENAI_API_KEY, or pass api_key=. It says: Incorrect API key provided: sk-wrong.
""",
            "no permission": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not take the key for 'openai:gpt-test' (403). Set
OPENAI_API_KEY, or pass api_key=. It says: Country, region, or territory not supported.
""",
            "unknown model": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not know 'openai:gpt-test', or base_url is wrong (404):
it ends where /PATH begins, mostly in /v1. It says: The model `gpt-none` does not exist or you do
not have access to it.
""",
            "unknown model, said as 400": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not know 'openai:gpt-test', or base_url is wrong (400):
it ends where /PATH begins, mostly in /v1. It says: No such model.
""",
            "wrong path": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not know 'openai:gpt-test', or base_url is wrong (404):
it ends where /PATH begins, mostly in /v1.
""",
            "wrong method": """\
ModelDenied None None
The server at http://127.0.0.1:PORT/v1/ does not know 'openai:gpt-test', or base_url is wrong (405):
it ends where /PATH begins, mostly in /v1. It says: Method Not Allowed
""",
            "bad request": """\
ModelError 400 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (400). It says:
Invalid type for 'temperature'.
""",
            "unprocessable": """\
ModelError 422 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (422). It says:
{'detail': [{'loc': ['body'], 'msg': 'no'}]}
""",
            "too large": """\
ModelError 413 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (413). It says:
Request body too large
""",
            "too long": """\
ModelError 400 None
The conversation is too long for 'openai:gpt-test' (400). Let the agent see less:
Agent(history=keep_tokens(...)) of switchroom.history. It says: This model's maximum context length
is 8192 tokens. However, your messages resulted in 9001 tokens.
""",
            "too long, without a code": """\
ModelError 400 None
The conversation is too long for 'openai:gpt-test' (400). Let the agent see less:
Agent(history=keep_tokens(...)) of switchroom.history. It says: prompt is too long: 9001 tokens >
8192 maximum
""",
            "busy": """\
ModelUnavailable 429 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ is busy (429). It says: Rate limit
reached for requests. Please try again later.
""",
            "busy for 3 s": """\
ModelUnavailable 429 3.0
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ is busy (429). It wants to be asked
again in 3 s. It says: Rate limit reached for requests. Please try again later.
""",
            "busy for 20 ms": """\
ModelUnavailable 429 0.02
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ is busy (429). It wants to be asked
again in 0.02 s. It says: Rate limit reached for requests. Please try again later.
""",
            "busy for ever": """\
ModelUnavailable 429 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ is busy (429). It says: Rate limit
reached for requests. Please try again later.
""",
            "no money": """\
ModelError 429 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (429). It says: You
exceeded your current quota, please check your plan and billing details.
""",
            "error": """\
ModelUnavailable 500 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (500). It says: The server had
an error while processing your request.
""",
            "unavailable for 1.5 s": """\
ModelUnavailable 503 1.5
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (503). It wants to be asked
again in 1.5 s. It says: Overloaded
""",
            "gateway": """\
ModelUnavailable 502 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (502). It says: a web page (Bad
gateway)
""",
            "a page without a title": """\
ModelUnavailable 500 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (500). It says: a web page
(without a title)
""",
            "nothing": """\
ModelUnavailable 500 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (500).
""",
            "text": """\
ModelUnavailable 503 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (503). It says: upstream connect
error
""",
            "a list": """\
ModelError 400 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (400). It says: API
key not valid.
""",
            "an error of words": """\
ModelUnavailable 503 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ failed (503). It says: model is loading
""",
            "teapot": """\
ModelError 418 None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ refused the request (418). It says:
{'a': 1}
""",
        }
    )


async def test_busy_until_a_time_is_so_many_seconds(api: Api):
    error = await failing(rate_limited(datetime.now(UTC) + timedelta(seconds=90)), api, False)
    assert isinstance(error, ModelUnavailable)
    assert error.retry_after is not None
    assert 85 < error.retry_after <= 90
    assert re.search(r"It wants to be asked again in \d\d(\.\d+)? s\.", str(error))
    past = await failing(rate_limited(datetime.now(UTC) - timedelta(seconds=90)), api, False)
    assert getattr(past, "retry_after", None) == 0


NO_ANSWERS: dict[str, Fault] = {
    "a page": page(200),
    "no JSON": no_json(),
    "half of it": Gives(b'{"choices": [{"mess'),
    "nothing": empty(),
    "other JSON": Gives(b'{"status": "ok"}'),
    "a list": Gives(b"[]"),
    "no choice": Gives(b'{"choices": []}'),
    "another type": Gives(b'{"choices": [{"message": {"content": 7}}], "output": 7}'),
    "an error": Gives(b'{"error": {"message": "No such deployment.", "code": "x"}}'),
    "a passing error": Gives(b'{"error": {"message": "Rate limit exceeded", "code": 429}}'),
    "an error without words": Gives(b'{"error": {"code": 502}}'),
    "an error of words": Gives(b'{"error": "Overloaded, come back later", "output": null}'),
}


async def test_what_is_no_answer_is_told_as_such(api: Api, streamed: bool):
    given = await all_told(NO_ANSWERS, api, streamed)
    assert (
        given
        == {
            "chat": snapshot(
                {
                    "a page": """\
ModelDenied None None
http://127.0.0.1:PORT/v1/ answered 'openai:gpt-test' with a web page (Bad gateway), not with JSON.
base_url is wrong: it ends where /PATH begins, mostly in /v1.
""",
                    "no JSON": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (JSON is
malformed: invalid character (byte 0)): 'Internal confusion'
""",
                    "half of it": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Input data was
truncated): '{"choices": [{"mess'
""",
                    "nothing": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Input data was
truncated): ''
""",
                    "other JSON": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (it has no
choices with a message): '{"status": "ok"}'
""",
                    "a list": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Expected
`object`, got `array`): '[]'
""",
                    "no choice": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (it has no
choices with a message): '{"choices": []}'
""",
                    "another type": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Expected `str |
array | null`, got `int` - at `$.choices[0].message.content`): '{"choices": [{"message": {"content":
7}}], "output": 7}'
""",
                    "an error": """\
ModelError None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: No such
deployment.
""",
                    "a passing error": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: Rate limit
exceeded
""",
                    "an error without words": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: {'code': 502}
""",
                    "an error of words": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: Overloaded, come
back later
""",
                }
            ),
            "responses": snapshot(
                {
                    "a page": """\
ModelDenied None None
http://127.0.0.1:PORT/v1/ answered 'openai:gpt-test' with a web page (Bad gateway), not with JSON.
base_url is wrong: it ends where /PATH begins, mostly in /v1.
""",
                    "no JSON": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (JSON is
malformed: invalid character (byte 0)): 'Internal confusion'
""",
                    "half of it": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Input data was
truncated): '{"choices": [{"mess'
""",
                    "nothing": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Input data was
truncated): ''
""",
                    "other JSON": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (it has no
output): '{"status": "ok"}'
""",
                    "a list": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Expected
`object`, got `array`): '[]'
""",
                    "no choice": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (it has no
output): '{"choices": []}'
""",
                    "another type": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ sent what is no answer (Expected `array
| null`, got `int` - at `$.output`): '{"choices": [{"message": {"content": 7}}], "output": 7}'
""",
                    "an error": """\
ModelError None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: No such
deployment.
""",
                    "a passing error": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: Rate limit
exceeded
""",
                    "an error without words": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: {'code': 502}
""",
                    "an error of words": """\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ broke the answer off: Overloaded, come
back later
""",
                }
            ),
        }[api]
    )


async def test_json_that_ends_in_the_middle_is_no_answer(api: Api, streamed: bool):
    error = await failing(TruncatedJson(), api, streamed)
    assert isinstance(error, ModelUnavailable)
    assert "sent what is no answer (Input data was truncated): '{" in str(error)


async def test_a_wrong_path_means_a_wrong_address(api: Api):
    async with serving(Said("Hello.")) as server:
        model = model_at(server.url.replace("/v1", "/api/v2"), api)
        error = await failure(Agent("a", model=model))
    assert told(error) == snapshot("""\
ModelDenied None None
The server at http://127.0.0.1:PORT/api/v2/ does not know 'openai:gpt-test', or base_url is wrong
(404): it ends where /PATH begins, mostly in /v1. It says: Invalid URL (POST /api/v2/PATH)
""")


async def test_a_server_that_redirects_is_followed(api: Api):
    async with serving(Said("Hello.")) as server:
        moved = whole_response(307, b"", headers={"location": f"{server.url}/chat/completions"})
        if api == "responses":
            moved = whole_response(307, b"", headers={"location": f"{server.url}/responses"})
        async with line(Script([moved]), api) as (_, model):
            result = await Runner.run(Agent("a", model=model), "Hello?")
    assert result.final_output == "Hello."


async def test_nobody_listens_at_the_address(api: Api, streamed: bool):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        error = await failure(Agent("a", model=model_at(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", api)), streamed)
    assert told(error) == snapshot("""\
ModelUnavailable None None
The server of 'openai:gpt-test' at http://127.0.0.1:PORT/v1/ could not be reached, or did not answer
to the end: [Errno N] Connect call failed ('127.0.0.1', PORT). Is it running, and is base_url right?
""")


async def test_what_the_caller_is_just_handling_is_not_said_of_the_server():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = model_at(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        try:
            raise KeyError("of the caller")
        except KeyError:
            error = await failure(Agent("a", model=model))
    assert "[Errno N] Connect call failed" in plain(error)
    async with line(Cut("before")) as (_, model):
        try:
            raise FileNotFoundError(2, "of the caller")
        except FileNotFoundError:
            error = await failure(Agent("a", model=model))
    assert "answer to the end: Server disconnected without sending a response. Is it" in str(error)


@pytest.mark.parametrize("url", ["localhost:1234/v1", "ftp://localhost/v1", " ", "/v1"])
async def test_an_address_that_is_none_is_the_developer_s_fault(url: str):
    error = await failure(Agent("a", model=model_at(url)))
    assert type(error) is ModelDenied
    assert str(error) == f"The base_url for 'openai:gpt-test' is {url!r}. Write http:// or https:// and what follows it."


@pytest.mark.parametrize("key", ["sk-ü0123456789", "sk-\n0123456789"])
async def test_a_key_that_cannot_be_sent_is_the_developer_s_fault(key: str):
    async with line(Said("Hello."), api_key=key) as (server, model):
        error = await failure(Agent("a", model=model))
    assert told(error) == snapshot("""\
ModelDenied None None
The key for 'openai:gpt-test' has characters that no key has. Look at what OPENAI_API_KEY or
api_key= holds.
""")
    assert not server.requests


async def test_blanks_around_a_key_do_no_harm():
    async with serving(Said("Hello."), key="sk-right") as server:
        result = await Runner.run(Agent("a", model=model_at(server.url, api_key=" sk-right\n")), "Hello?")
    assert result.final_output == "Hello."


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_passes_is_tried_again_before_anybody_hears_of_it(status: int, api: Api, streamed: bool):
    busy = Refuses(status, "Come back.", headers={"retry-after-ms": "1"})
    async with line(Faults(busy, times=2, then=Said("Hello.")), api, retries=2) as (server, model):
        result = await run(Agent("a", model=model), "Hello?", streamed)
    assert result.final_output == "Hello."
    assert len(server.requests) == 3
    assert result.usage.requests == 1


async def test_what_does_not_pass_is_not_tried_again(api: Api):
    faults = (bad_request(), wrong_key(), unknown_model(), too_long(), no_json(), page(200))
    async with line(in_turn(*faults), api, retries=2) as (server, model):
        for _ in faults:
            await failure(Agent("a", model=model))
    assert len(server.requests) == len(faults)


async def test_a_refusal_is_the_answer_where_any_text_is_one(api: Api):
    async with line(Said(refusal="I will not do that."), api) as (_, model):
        heard = await hear(Agent("a", model=model), "Harm me.")
    assert heard.result.final_output == heard.shown == "I will not do that."
    assert heard.result.messages[-1].refusal


async def test_a_refusal_is_no_answer_of_a_declared_type(api: Api, streamed: bool):
    async with line(Said(refusal="I will not do that."), api) as (_, model):
        for of in (int, dict[str, int]):
            with pytest.raises(ModelRefused) as caught:
                await run(Agent("a", model=model, output_type=of), "Harm me.", streamed)
            assert str(caught.value) == "The model of agent 'a' refused: I will not do that."
            assert run_of(caught.value).usage.requests == 1


async def test_an_answer_that_the_provider_filtered_is_a_refusal(api: Api, streamed: bool):
    async with line(Said(finish="content_filter"), api) as (_, model):
        result = await run(Agent("a", model=model), "Harm me.", streamed)
        assert result.final_output == "The provider's content filter stopped the answer."
        with pytest.raises(ModelRefused, match="content filter stopped"):
            await run(Agent("a", model=model, output_type=int), "Harm me.", streamed)


async def test_arguments_that_the_longest_answer_cut_go_back_to_the_model(api: Api, streamed: bool):
    called: list[Mapping[str, Any]] = []

    def note(text: str) -> str:
        """Write something down."""
        called.append({"text": text})
        return "written"

    cut = Said(calls=(Called("note", '{"text": "once upon a ti', "call_1"),), finish="length")
    answers = in_turn(cut, Said(calls=(Called("note", {"text": "short"}),)), Said("Done."))
    async with line(answers, api) as (server, model):
        result = await run(Agent("a", model=model, tools=[note]), "Write.", streamed)
    assert result.final_output == "Done."
    assert called == [{"text": "short"}]
    assert server.requests[1].newest == snapshot(
        "[refused: your answer was cut off before its end, so none of its calls was made; use fewer words]"
    )


async def test_what_the_longest_answer_cut_is_the_answer_so_far(api: Api, streamed: bool):
    async with line(Said("Once upon a ti", finish="length"), api) as (_, model):
        result = await run(Agent("a", model=model), "Tell.", streamed)
    assert result.final_output == "Once upon a ti"


async def test_a_run_that_failed_goes_on_when_the_server_is_well_again(api: Api):
    config = RunConfig(journal=MemoryJournal())
    async with line(Faults(server_error(), then=Said("Hello.")), api) as (_, model):
        agent = Agent("a", model=model)
        with pytest.raises(ModelUnavailable):
            await Runner.run(agent, "Hello?", conversation="c", config=config)
        result = await Runner.resume(agent, conversation="c", config=config)
    assert result.final_output == "Hello."


async def test_a_failure_says_the_same_after_it_was_kept():
    journal = MemoryJournal()
    async with line(rate_limited(3)) as (_, model):
        with pytest.raises(ModelUnavailable) as first:
            await Runner.run(Agent("a", model=model), "Hello?", conversation="c", config=RunConfig(journal=journal))
    kept = [event.fact for event in run_of(first.value).events][-1]
    assert json.loads(json_bytes(getattr(kept, "fields", {}))) == snapshot(
        {"model": "openai:gpt-test", "status": 429, "retry_after": 3.0}
    )


async def test_errors_at_once_do_not_mix_up(api: Api):
    async with line(server_error(), api) as (server, model):
        agent = Agent("a", model=model)
        errors = await asyncio.gather(*(Runner.run(agent, f"No. {n}") for n in range(10)), return_exceptions=True)
    assert {type(error) for error in errors} == {ModelUnavailable}
    runs = {id(run_of(error)) for error in errors if isinstance(error, BaseException)}
    assert len(runs) == len(server.requests) == 10
