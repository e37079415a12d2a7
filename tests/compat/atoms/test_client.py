"""The chat client of the Atoms SDK: without a key it says that the key is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from switchroom import RunConfig, Session, set_default_model
from switchroom.compat.atoms import OpenAIClient, OutputAgentNode
from switchroom.errors import UserError
from switchroom.testing import FunctionModel

HI = [{"role": "user", "content": "hi"}]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget keys and models."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SWITCHROOM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    set_default_model(None)


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("stream", [False, True])
def test_without_a_key_the_missing_key_is_named(monkeypatch: pytest.MonkeyPatch, empty: str | None, stream: bool) -> None:
    if empty is not None:
        monkeypatch.setenv("OPENAI_API_KEY", empty)
    client = OpenAIClient(model="gpt-4o-mini", api_key=empty)
    with pytest.raises(UserError, match=r"key of OpenAI is missing.*Set OPENAI_API_KEY.*base_url") as caught:
        asyncio.run(client.chat(HI, stream=stream))  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert "gpt-4o-mini" in str(caught.value)


async def test_a_node_without_a_key_is_answered_for_and_the_missing_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Support(OutputAgentNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield (await OpenAIClient().chat(self.context.messages)).content

    session = Session()
    session.add_node(Support(name="support"))
    await session.start()
    reply = await session.send("hi")
    await session.stop()
    assert "OPENAI_API_KEY" not in reply.text
    assert "key of OpenAI is missing" in caplog.text


async def test_another_model_answers_in_its_place() -> None:
    set_default_model(FunctionModel(lambda request: "by default"))
    assert (await OpenAIClient().chat(HI)).content == "by default"
    set_default_model(None)

    class Support(OutputAgentNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield (await OpenAIClient().chat(self.context.messages)).content

    session = Session(config=RunConfig(model=FunctionModel(lambda request: "of the session")))
    session.add_node(Support(name="support"))
    await session.start()
    assert (await session.send("hi")).text == "of the session"
    await session.stop()
