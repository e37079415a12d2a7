"""A key is sent to the server it is for, and to nobody else: no error, journal or log shows it, whatever the server says."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import openai
import pytest

from switchroom import Agent, RunConfig, Runner
from switchroom.errors import ModelDenied, ModelError
from switchroom.models import FallbackModel, OpenAIChat, OpenAIResponses
from switchroom.models.openai.transport import Connection
from switchroom.testing import ScriptedModel
from tests.helpers import run_of
from tests.models.openai.lines import KEY, hear, line, model_at
from tests.servers.asked import Api, Asked
from tests.servers.errors import Refuses
from tests.servers.faults import Cut, Gives
from tests.servers.http import serving
from tests.servers.manners import Manners
from tests.servers.said import Said
from tests.servers.script import HTML, LAST_CHUNK, Script, chunk, sse, stream_head

SAID_BACK: dict[str, Any] = {
    "401": Refuses(401, f"Incorrect API key provided: {KEY}.", code="invalid_api_key"),
    "400": Refuses(400, f"Unexpected header: Authorization: Bearer {KEY}"),
    "403, long": Refuses(403, "x" * (500 - len(KEY) // 2) + KEY),
    "404": Refuses(404, f"No such deployment for {KEY}", code=KEY),
    "500, a page": Gives(f"<html><title>Bad {KEY}</title></html>".encode(), 500, HTML),
    "500, a long title": Gives(f"<title>{'x' * (100 - len(KEY) // 2)}{KEY}</title>".encode(), 500, HTML),
    "500, a text": Gives(f"upstream refused {KEY}".encode(), 500, "text/plain"),
    "500, JSON": Gives(b'{"debug": {"headers": {"Authorization": "Bearer %b"}}}' % KEY.encode(), 500),
    "200, a page": Gives(f"<html><title>Hello {KEY}</title></html>".encode(), 200, HTML),
    "200, a text": Gives(f"Hello {KEY}".encode()),
    "200, an error": Gives(b'{"error": {"message": "Wrong key %b", "code": "%b"}}' % (KEY.encode(), KEY.encode())),
    "200, a stream": Script([stream_head(), chunk(sse({"error": {"message": f"Wrong key {KEY}"}})), LAST_CHUNK]),
    "200, no event": Script([stream_head(), chunk(sse(f"Wrong key {KEY}")), LAST_CHUNK]),
    "a cut": Cut(),
}


def everything_said(error: BaseException) -> str:
    """All that an error shows anybody: message, notes, causes, the run that it carries."""
    lines = traceback.format_exception(error)
    return "\n".join([*lines, repr(error), repr(error.args), repr(vars(error)), repr(run_of(error).events)])


@pytest.mark.parametrize("name", SAID_BACK)
async def test_no_error_journal_or_log_shows_the_key(
    name: str, api: Api, caplog: pytest.LogCaptureFixture, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("openai").setLevel(logging.DEBUG)
    config = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
    async with line(SAID_BACK[name], api, retries=0) as (server, model):
        for streamed in (False, True):
            with pytest.raises((ModelError, ModelDenied)) as caught:
                if streamed:
                    await hear(Agent("a", model=model), "Hello?", config, "streamed")
                else:
                    await Runner.run(Agent("a", model=model), "Hello?", conversation="plain", config=config)
            said = everything_said(caught.value)
            assert KEY not in said
            assert KEY[: len(KEY) // 2] not in said
            assert KEY not in repr(model)
        assert [asked.headers["authorization"] for asked in server.requests] == [f"Bearer {KEY}"] * 2
        fallback = FallbackModel(model, ScriptedModel(["Hello."]))
        assert (await Runner.run(Agent("a", model=fallback), "Hello?")).final_output == "Hello."
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert type(caught.value).__name__.encode() in kept
    assert KEY.encode() not in kept
    assert "the next model is asked" in caplog.text
    shown = [caplog.text, *(repr(vars(record)) for record in caplog.records), *capfd.readouterr()]
    assert not any(KEY in text for text in shown)


def test_what_holds_the_key_does_not_show_it():
    for model in (OpenAIChat("m", api_key=KEY), OpenAIResponses("m", api_key=KEY)):
        assert KEY not in repr(model) + str(model) + repr(vars(model))
    assert KEY not in repr(Connection(api_key=KEY))


async def test_a_password_in_the_address_is_not_shown():
    async with serving(Refuses(400, "No, hunter2-hunter2!")) as server:
        url = server.url.replace("http://", "http://ann:hunter2-hunter2@")
        with pytest.raises(ModelError) as caught:
            await Runner.run(Agent("a", model=model_at(url)), "Hello?")
    assert "hunter2" not in everything_said(caught.value)


async def test_the_keys_of_a_client_of_one_s_own_are_not_shown():
    gateway = "gateway-0123456789"

    def answer(asked: Asked) -> Refuses:
        return Refuses(400, f"You sent {asked.headers['authorization']} and {asked.headers['x-gateway-key']}.")

    headers = {"X-Gateway-Key": gateway}
    async with (
        serving(answer) as server,
        openai.AsyncOpenAI(base_url=server.url, api_key=KEY, default_headers=headers) as client,
    ):
        with pytest.raises(ModelError) as caught:
            await Runner.run(Agent("a", model=OpenAIChat("gpt-test", client=client)), "Hello?")
    assert KEY not in everything_said(caught.value)
    assert gateway not in everything_said(caught.value)


async def test_what_is_meant_for_openai_is_sent_to_no_other(monkeypatch: pytest.MonkeyPatch):
    secrets = {
        "OPENAI_API_KEY": "sk-openai-0123456789",
        "OPENAI_ADMIN_KEY": "sk-admin-0123456789",
        "OPENAI_ORG_ID": "org-0123456789",
        "OPENAI_PROJECT_ID": "proj-0123456789",
        "OPENAI_CUSTOM_HEADERS": "X-Proxy-Key: proxy-0123456789\nAuthorization: Bearer sk-proxy-0123456789",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    async with serving(Said("Hello."), Manners(strict=False)) as server:
        for provider in ("ollama", "anthropic", "deepseek"):
            monkeypatch.setenv(f"{provider.upper()}_BASE_URL", server.url)
            monkeypatch.setenv(f"{provider.upper()}_API_KEY", f"sk-{provider}-0123456789")
            await Runner.run(Agent("a", model=f"{provider}:m"), "Hello?")
    assert [asked.headers["authorization"] for asked in server.requests] == [
        "Bearer none",
        "Bearer sk-anthropic-0123456789",
        "Bearer sk-deepseek-0123456789",
    ]
    sent = repr([asked.headers for asked in server.requests])
    for value in ("openai-0123", "admin-0123", "org-0123", "proj-0123", "proxy-0123"):
        assert value not in sent
