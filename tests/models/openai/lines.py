"""What the tests of these adapters share: a model at the end of a real line, and what was heard of a run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple, TypeVar

from switchroom import Agent, Message, RunConfig, Runner, RunResult
from switchroom.events import AnswerWithdrawn, RunEvent, TextDelta
from switchroom.model import Emit, ModelRequest, ModelResponse, nobody
from switchroom.models import OpenAIChat, OpenAIResponses
from tests.servers.asked import Api, Json
from tests.servers.faults import Answer
from tests.servers.http import Server, serving
from tests.servers.manners import PLAIN, Manners

T = TypeVar("T")

KINDS: dict[Api, type[OpenAIChat]] = {"chat": OpenAIChat, "responses": OpenAIResponses}
KEY = "sk-test-0123456789-abcdefghijkl"

Line = tuple[Server, OpenAIChat]


def model_at(url: str, api: Api = "chat", **options: Any) -> OpenAIChat:
    """A model behind an address. It is asked once, unless something else is said."""
    given: dict[str, Any] = {"base_url": url, "api_key": KEY, "retries": 0, "timeout": 10}
    return KINDS[api]("gpt-test", **given | options)


@contextlib.asynccontextmanager
async def line(answer: Answer, api: Api = "chat", manners: Manners = PLAIN, **options: Any) -> AsyncGenerator[Line]:
    """A server that answers so, and a model of it."""
    async with serving(answer, manners) as server:
        yield server, model_at(server.url, api, **options)


class Heard(NamedTuple):
    """A run to whose stream somebody listened.

    Args:
        result: what it gave.
        shown: the text as a reader has it before his eyes at the end, who clears what was withdrawn.
        events: all of them.
    """

    result: RunResult[Any]
    shown: str
    events: list[RunEvent]


async def hear(step: Any, input: Any, config: RunConfig | None = None, conversation: str | None = None) -> Heard:
    """Run a step, and listen to its stream until it ends."""
    events: list[RunEvent] = []
    async with Runner.stream(step, input, config=config, conversation=conversation) as stream:
        async for event in stream:
            events.append(event)
    return Heard(stream.result, shown(events), events)


def shown(events: list[RunEvent]) -> str:
    """What a reader sees who clears what was withdrawn."""
    text = ""
    for event in events:
        match event.fact:
            case TextDelta():
                text += event.fact.text
            case AnswerWithdrawn():
                text = ""
            case _:
                pass
    return text


async def run(
    step: Agent[T], input: Any, streamed: bool, config: RunConfig | None = None, conversation: str | None = None
) -> RunResult[T]:
    """Run a step, with somebody who listens or without."""
    if streamed:
        return (await hear(step, input, config, conversation)).result
    return await Runner.run(step, input, config=config, conversation=conversation)


class Pieces(list[str]):
    """Somebody who listens to a model alone."""

    def __call__(self, text: str) -> None:
        self.append(text)

    def __bool__(self) -> bool:
        return True

    async def withdraw(self, reason: str) -> bool:
        self.clear()
        return True


async def ask(model: OpenAIChat, text: str = "Hello?", streamed: bool = False) -> tuple[ModelResponse, str]:
    """Ask a model without an agent: its answer, and what was heard of it."""
    pieces = Pieces()
    emit: Emit = pieces if streamed else nobody
    return await model(ModelRequest("a", "", (Message("user", text),)), emit), "".join(pieces)


def bodies(server: Server, *fields: str) -> list[Json]:
    """What was asked, all of it or some fields."""
    return [{key: asked.body[key] for key in fields or asked.body if key in asked.body} for asked in server.requests]


def plain(text: object) -> str:
    """A text without what differs from run to run or from system to system: ports and numbers of errors."""
    ports = re.sub(r"(127\.0\.0\.1(?::|', ))\d+", r"\1PORT", str(text))
    return re.sub(r"\[Errno \d+\]", "[Errno N]", ports)
