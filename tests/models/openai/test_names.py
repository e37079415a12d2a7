"""Names of models, and what the environment says of those who serve them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, UserError, set_default_model
from switchroom.adapters import ADAPTERS
from switchroom.defaults import named
from switchroom.errors import ModelDenied
from switchroom.events import ModelAnswered
from switchroom.models import OpenAIChat, OpenAIResponses
from switchroom.models.openai import PROVIDERS
from tests.helpers import run_of
from tests.models.openai.lines import KEY
from tests.servers.http import Server, serving
from tests.servers.manners import Manners
from tests.servers.said import Said

LENIENT = Manners(strict=False)


@pytest.fixture(autouse=True)
def no_default() -> Iterator[None]:
    yield
    set_default_model(None)


def asked_as(server: Server) -> list[str]:
    return [f"{asked.path} {asked.model} {asked.headers['authorization']}" for asked in server.requests]


async def answer_of(agent: Agent[Any], config: RunConfig | None = None) -> str:
    """Who answered."""
    result = await Runner.run(agent, "Hello?", config=config)
    assert result.final_output == "Hello."
    return next(fact.model for fact in result.facts if isinstance(fact, ModelAnswered))


async def test_without_a_name_openai_answers_where_its_key_is_present(monkeypatch: pytest.MonkeyPatch):
    async with serving(Said("Hello.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert await answer_of(Agent("a")) == "openai:gpt-5.4-mini"
    assert asked_as(server) == [f"/v1/chat/completions gpt-5.4-mini Bearer {KEY}"]


async def test_a_name_may_stand_in_four_places_the_nearest_first(monkeypatch: pytest.MonkeyPatch):
    async with serving(Said("Hello."), LENIENT) as server:
        monkeypatch.setenv("OLLAMA_BASE_URL", server.url)
        monkeypatch.setenv("SWITCHROOM_MODEL", "ollama:of-the-environment")
        names = [await answer_of(Agent("a"))]
        set_default_model("ollama:of-the-process")
        names.append(await answer_of(Agent("a")))
        config = RunConfig(model="ollama:of-the-run")
        names.append(await answer_of(Agent("a"), config))
        names.append(await answer_of(Agent("a", model="ollama:of-the-agent"), config))
    assert names == ["ollama:of-the-environment", "ollama:of-the-process", "ollama:of-the-run", "ollama:of-the-agent"]
    assert {asked.headers["authorization"] for asked in server.requests} == {"Bearer none"}


async def test_a_name_says_which_protocol_is_spoken(monkeypatch: pytest.MonkeyPatch):
    async with serving(Said("Hello."), LENIENT) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENROUTER_BASE_URL", server.url)
        monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-0123456789")
        for name in ("openai:gpt-test", "openai-responses:gpt-test", "openrouter:meta/llama:free"):
            assert await answer_of(Agent("a", model=name)) == name
    assert asked_as(server) == [
        f"/v1/chat/completions gpt-test Bearer {KEY}",
        f"/v1/responses gpt-test Bearer {KEY}",
        "/v1/chat/completions meta/llama:free Bearer sk-or-0123456789",
    ]


async def test_openai_s_address_is_that_of_no_other(monkeypatch: pytest.MonkeyPatch):
    async with serving(Said("Hello.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert PROVIDERS["openai"].address == PROVIDERS["openai-responses"].address == server.url
        assert not any(provider.address == server.url for provider in PROVIDERS.values() if provider.base_url)


async def test_a_server_at_an_address_of_its_own_may_want_no_key():
    async with serving(Said("Hello.")) as server:
        model = OpenAIChat("gpt-test", base_url=server.url)
        assert await answer_of(Agent("a", model=model)) == "openai:gpt-test"
    assert asked_as(server) == ["/v1/chat/completions gpt-test Bearer none"]


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.key])
async def test_a_missing_key_is_named(name: str):
    with pytest.raises(ModelDenied) as caught:
        await Runner.run(Agent("a", model=f"{name}:m"), "Hello?")
    assert str(caught.value) == f"There is no key for '{name}:m'. Set {PROVIDERS[name].key}, or pass api_key=."
    assert run_of(caught.value).facts


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpt-5.4", "The model 'gpt-5.4' of agent 'a' names no provider. Write 'provider:gpt-5.4'."),
        ("openai:", "The model 'openai:' names no model of the provider. Write 'openai:<model>'."),
    ],
)
async def test_a_name_that_says_too_little_is_explained(name: str, message: str):
    with pytest.raises(UserError) as caught:
        await Runner.run(Agent("a", model=name), "Hello?")
    assert str(caught.value) == message


async def test_a_provider_that_nobody_knows_is_explained():
    with pytest.raises(UserError, match=r"Switchroom has no model adapter 'olama'; .* Did you mean 'ollama'\?"):
        await Runner.run(Agent("a", model="olama:qwen3"), "Hello?")
    with pytest.raises(UserError, match=r"Switchroom has no provider 'deepsek'; .* Did you mean 'deepseek'\?"):
        OpenAIChat("m", provider="deepsek")


def test_a_name_is_one_model_in_a_process():
    assert named("openai:gpt-test") is named("openai:gpt-test")
    assert type(named("openai:gpt-test")) is OpenAIChat
    assert type(named("openai-responses:gpt-test")) is OpenAIResponses


def test_the_tables_of_providers_and_of_adapters_agree():
    here = {name for name, target in ADAPTERS["model"].items() if target == "switchroom.models.openai:at"}
    assert here == set(PROVIDERS)


def test_the_table_of_providers_is_sound():
    for name, provider in PROVIDERS.items():
        assert provider.name == name
        assert re.fullmatch(r"[a-z]+(-[a-z]+)?", name)
        assert re.fullmatch(r"[A-Z]+_API_KEY", provider.key) or not provider.key
        assert re.fullmatch(r"https://.*/|http://localhost:\d+/v1/", provider.base_url) or name.startswith("openai")
        assert bool(provider.key) == ("localhost" not in provider.base_url)
        assert provider.limit in ("max_tokens", "max_completion_tokens")
        re.compile(provider.ids)
    assert len({provider.base_url for provider in PROVIDERS.values()} - {""}) == len(PROVIDERS) - 2
