"""The servers of other makes refuse what theirs refuse, each with 400, and take the rest."""

from __future__ import annotations

import httpx2
import pytest

from tests.servers.asked import Json
from tests.servers.http import serving
from tests.servers.makes import MAKES, Make
from tests.servers.manners import Manners
from tests.servers.said import Called, Said

CALL: Json = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SIGNED: Json = CALL | {"extra_content": {"google": {"thought_signature": "signed by gpt-test"}}}
UNSIGNED: Json = CALL | {"extra_content": {"google": {"thought_signature": "skip_thought_signature_validator"}}}


def messages(*given: Json) -> Json:
    return {"model": "gpt-test", "messages": list(given)}


def calling(*calls: Json, **more: object) -> tuple[Json, ...]:
    said: Json = {"role": "assistant", "content": None, "tool_calls": list(calls), **more}
    return (USER, said, *({"role": "tool", "tool_call_id": call["id"], "content": "found"} for call in calls))


USER: Json = {"role": "user", "content": "Hello?"}
PLAIN: Json = {"role": "assistant", "content": "Hello."}
EMPTY: Json = {"role": "assistant", "content": ""}
SYSTEM: Json = {"role": "system", "content": "[note]"}
SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}}}

TAKEN: list[tuple[Make, Json]] = [
    *((make, messages(USER)) for make in MAKES),
    ("gemini", messages(*calling(SIGNED))),
    ("gemini", messages(*calling(UNSIGNED))),
    ("deepseek", messages(*calling(CALL, reasoning_content=""))),
    ("mistral", messages(*calling(CALL), PLAIN, USER)),
    ("openai", messages(*calling(CALL), USER, EMPTY)),
]
REFUSED: list[tuple[Make, Json]] = [
    ("mistral", messages(*calling(CALL), USER)),
    ("template", messages(*calling(CALL), USER)),
    ("template", messages(USER, SYSTEM)),
    ("template", messages(PLAIN, USER)),
    ("gemini", messages(SYSTEM, PLAIN, USER)),
    ("mistral", messages(USER, PLAIN)),
    ("mistral", messages(USER, EMPTY, USER)),
    ("anthropic", messages(USER, PLAIN)),
    ("gemini", messages(*calling(CALL))),
    ("gemini", messages(*calling(CALL | {"extra_content": {"google": {"thought_signature": "of another"}}}))),
    ("openai", messages(*calling(SIGNED))),
    ("deepseek", messages(*calling(CALL))),
    ("deepseek", messages(USER) | {"response_format": SCHEMA}),
]


async def status(make: Make, body: Json) -> int:
    async with serving(Said("Hello."), Manners(make=make)) as server, httpx2.AsyncClient() as client:
        return (await client.post(f"{server.url}/chat/completions", json=body)).status_code


@pytest.mark.parametrize(("make", "body"), TAKEN)
async def test_what_a_make_takes_is_answered(make: Make, body: Json):
    assert await status(make, body) == 200


@pytest.mark.parametrize(("make", "body"), REFUSED)
async def test_what_a_make_refuses_is_refused(make: Make, body: Json):
    assert await status(make, body) == 400


async def test_thoughts_are_refused_by_a_model_that_has_none():
    thought: Json = {"type": "reasoning", "id": "rs_1", "summary": []}
    body: Json = {"model": "gpt-test", "input": [USER, thought, PLAIN, USER]}
    async with serving(Said("Hello."), Manners(make="unthinking")) as server, httpx2.AsyncClient() as client:
        assert (await client.post(f"{server.url}/responses", json=body)).status_code == 400


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_signing_make_signs_the_first_call_of_an_answer(streamed: bool):
    said = Said(calls=(Called("look"), Called("look")))
    async with serving(said, Manners(make="gemini")) as server, httpx2.AsyncClient() as client:
        answer = await client.post(f"{server.url}/chat/completions", json=messages(USER) | {"stream": streamed})
    assert answer.text.count("signed by gpt-test") == 1
