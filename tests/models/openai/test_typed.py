"""Typed answers from servers that take a schema, that take JSON without a schema, and that take neither."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from switchroom import Agent, Runner, tool
from switchroom.model import ModelRequest, nobody
from switchroom.models.openai import PROVIDERS
from tests.models.openai.lines import Heard, hear, model_at, run
from tests.servers.asked import Api, Asked
from tests.servers.http import serving
from tests.servers.makes import Make, is_told
from tests.servers.manners import Manners
from tests.servers.said import Called, Said

MAKES: dict[str, Make] = {"openai": "openai", "deepseek": "deepseek", "anthropic": "anthropic", "mistral": "mistral"}


class Verdict(BaseModel):
    passes: bool
    points_of_criticism: list[str]


TYPES: dict[str, tuple[Any, str, str, Any]] = {
    "model": (
        Verdict,
        "points_of_criticism",
        '{"passes": true, "points_of_criticism": []}',
        Verdict(passes=True, points_of_criticism=[]),
    ),
    "list": (list[Verdict], "points_of_criticism", '{"answer": []}', []),
    "number": (int, '"integer"', '{"answer": 7}', 7),
    "words": (Literal["yes", "no"], '"yes"', '{"answer": "no"}', "no"),
}


@pytest.fixture(params=MAKES)
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@tool(effect="read")
async def look() -> str:
    """Look."""
    return "found"


@pytest.mark.parametrize("wanted", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("instructions", ["Judge the draft.", ""])
async def test_an_agent_gets_its_typed_answer(
    wanted: tuple[Any, str, str, Any], instructions: str, provider: str, streamed: bool
):
    """The model is as good as what it reads: it keeps to a schema that stands there, and else says what it likes."""
    of, word, text, value = wanted

    def answer(asked: Asked) -> Said:
        if not asked.results:
            return Said(calls=(Called("look"),))
        plain = word.strip('"')
        return Said(text if is_told(MAKES[provider], asked, plain) else "It looks good to me.")

    async with serving(answer, Manners(make=MAKES[provider])) as server:
        model = model_at(server.url, provider=provider)
        result = await run(Agent("judge", instructions, output_type=of, tools=[look], model=model), "a draft", streamed)
    assert result.final_output == value
    assert len(server.requests) == 2


async def test_what_is_shown_of_a_wrapped_answer_is_the_answer(provider: str):
    async with serving(Said('{"answer": 7}'), Manners(make=MAKES[provider])) as server:
        heard: Heard = await hear(Agent("a", output_type=int, model=model_at(server.url, provider=provider)), "How many?")
    assert (heard.shown, heard.result.final_output) == ("7", 7)


FORMATS = {
    "json_schema": {"chat": "json_schema", "responses": "json_schema"},
    "json_object": {"chat": "json_object", "responses": "json_object"},
    "instructions": {"chat": None, "responses": None},
}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
async def test_each_provider_is_told_the_type_in_its_way(name: str, api: Api):
    typed = PROVIDERS[name].typed
    async with serving(Said('{"passes": true, "points_of_criticism": []}'), Manners(strict=False)) as server:
        agent = Agent("judge", "Judge.", output_type=Verdict, model=model_at(server.url, api, provider=name))
        await Runner.run(agent, "a draft")
    asked = server.requests[0]
    form = asked.body.get("response_format") if api == "chat" else asked.body.get("text", {}).get("format")
    assert (None if form is None else form["type"]) == FORMATS[typed][api]
    assert ("points_of_criticism" in asked.instructions) == (typed != "json_schema")
    assert asked.instructions.startswith("Judge.")


async def test_text_is_asked_for_without_a_word_of_json(provider: str):
    async with serving(Said("Hello."), Manners(make=MAKES[provider])) as server:
        await model_at(server.url, provider=provider)(ModelRequest("a", "Be kind.", ()), nobody)
    assert server.requests[0].body["messages"] == [{"role": "system", "content": "Be kind."}]
