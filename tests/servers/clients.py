"""The official SDK as a client that validates everything it gets, for both APIs alike."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, cast

from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

MODEL = "gpt-test"


@contextlib.asynccontextmanager
async def client_of(url: str, *, validated: bool = True, **options: Any) -> AsyncGenerator[AsyncOpenAI]:
    """An SDK client for a server, without retries unless told; what does not fit the SDK's types is an error if validated."""
    given: dict[str, Any] = {"api_key": "sk-test", "max_retries": 0, "timeout": 5} | options
    # Certificates, which take longer to load than a test, are of no use over plain HTTP.
    async with (
        DefaultAsyncHttpxClient(verify=False, timeout=given["timeout"]) as http,
        AsyncOpenAI(base_url=url, http_client=http, _strict_response_validation=validated, **given) as client,
    ):
        yield client


async def chat(client: AsyncOpenAI, said: str = "hi", **options: Any) -> ChatCompletion:
    """Ask over Chat Completions, in one piece."""
    given: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": said}]} | options
    return cast("ChatCompletion", await client.chat.completions.create(**given))


async def chat_stream(client: AsyncOpenAI, said: str = "hi", **options: Any) -> list[ChatCompletionChunk]:
    """Ask over Chat Completions, streamed: the chunks."""
    given: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": said}]} | options
    return [chunk async for chunk in await client.chat.completions.create(**given, stream=True)]


async def respond(client: AsyncOpenAI, said: str = "hi", **options: Any) -> Response:
    """Ask over Responses, in one piece."""
    given: dict[str, Any] = {"model": MODEL, "input": said} | options
    return cast("Response", await client.responses.create(**given))


async def respond_stream(client: AsyncOpenAI, said: str = "hi", **options: Any) -> list[ResponseStreamEvent]:
    """Ask over Responses, streamed: the events."""
    given: dict[str, Any] = {"model": MODEL, "input": said} | options
    return [event async for event in await client.responses.create(**given, stream=True)]
