"""Models by name, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI

from switchroom.compat.agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    UserError,
    function_tool,
    set_default_openai_api,
    set_default_openai_client,
    set_default_openai_key,
)
from switchroom.compat.agents.providers import model_named, speaks_responses
from switchroom.models import OpenAIChat
from switchroom.testing import FunctionModel
from tests.servers.asked import Asked
from tests.servers.http import serving
from tests.servers.said import Called, Said


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    set_default_openai_key("")
    set_default_openai_client(None)
    set_default_openai_api("chat_completions")


@function_tool
def look(at: int) -> str:
    """Look."""
    return f"seen {at}"


def _answer(asked: Asked) -> Said:
    return Said(f"So: {asked.newest}") if asked.results else Said(calls=(Called("look", {"at": 1}),))


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
@pytest.mark.parametrize("model", ["gpt-test", "openai/gpt-test", "openai:gpt-test"])
async def test_a_bare_name_is_a_model_of_openai_asked_through_the_default_client(api: Any, model: str) -> None:
    async with serving(_answer) as server, AsyncOpenAI(base_url=server.url, api_key="any") as client:
        set_default_openai_client(client)
        set_default_openai_api(api)
        result = await Runner.run(Agent("clerk", tools=[look], model=model), "hi")
        paths = {asked.path for asked in server.requests}
    assert result.final_output == "So: seen 1"
    assert paths == {"/v1/responses" if api == "responses" else "/v1/chat/completions"}


async def test_the_default_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Said("Hello.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        set_default_openai_key("sk-mine")
        await Runner.run(Agent("clerk", model="gpt-test"), "hi")
        assert server.requests[0].headers["authorization"] == "Bearer sk-mine"


@pytest.mark.parametrize("kind", [OpenAIChatCompletionsModel, OpenAIResponsesModel])
async def test_models_of_that_sdk_are_asked_through_their_client(kind: Any) -> None:
    async with serving(_answer) as server, AsyncOpenAI(base_url=server.url, api_key="any") as client:
        agent = Agent("clerk", tools=[look], model=kind(model="gpt-test", openai_client=client))
        result = Runner.run_streamed(agent, "hi")
        async for _ in result.stream_events():
            pass
        assert len(server.requests) == 2
    assert (result.final_output, result.context_wrapper.usage.total_tokens) == ("So: seen 1", 30)


def test_names_of_other_providers_are_switchroom_s() -> None:
    model = model_named("ollama:qwen3", "clerk")
    assert isinstance(model, OpenAIChat)
    assert model.name == "ollama:qwen3"
    tuned = model_named("ft:gpt-test:mine::1", "clerk")
    assert isinstance(tuned, OpenAIChat)
    assert tuned.name == "openai:ft:gpt-test:mine::1"
    own = FunctionModel(lambda request: "hi")
    assert model_named(own, "clerk") is own
    assert not speaks_responses(model)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UserError, match="'chat_completions' and 'responses'"):
        set_default_openai_api("telepathy")  # pyright: ignore[reportArgumentType]
