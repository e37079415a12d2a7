"""How the patterns are run: with which models, and plain or streamed. Another way to be answered is an entry more in `WAYS`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from switchroom import Model
from switchroom.compat.agents import (
    HandoffCallItem,
    HandoffOutputItem,
    ItemHelpers,
    MessageOutputItem,
    ReasoningItem,
    Runner,
    RunResult,
    RunResultStreaming,
    ToolCallItem,
    ToolCallOutputItem,
)
from switchroom.model import ModelRequest
from switchroom.models import OpenAIChat, OpenAIResponses, Reply
from switchroom.testing import FunctionModel
from tests.servers.http import serving
from tests.speaking import said_of

Answers: TypeAlias = Callable[[str, str], Reply]
"""An answer, from what any server sees of a request: the instructions, and the newest message's text."""


class Script:
    """The answers of agents, which are known by words of their instructions.

    Args:
        answers: for words that only one agent's instructions have, its answers in their order.

    Attributes:
        heard: what was asked so far: those words, and the newest message.
    """

    def __init__(self, answers: Mapping[str, list[Reply]]) -> None:
        self._answers = {words: list(given) for words, given in answers.items()}
        self.heard: list[str] = []

    def __call__(self, instructions: str, newest: str) -> Reply:
        words = next(words for words in self._answers if words in instructions)
        self.heard.append(f"{words} < {newest}")
        return self._answers[words].pop(0)

    @property
    def left(self) -> int:
        """How many answers nobody asked for."""
        return sum(map(len, self._answers.values()))


@asynccontextmanager
async def by_function(answers: Answers) -> AsyncGenerator[Model]:
    """A function in this process."""

    def answer(request: ModelRequest) -> Reply:
        return answers(request.instructions, request.messages[-1].text)

    yield FunctionModel(answer)


def over_http(kind: type[OpenAIChat]) -> Callable[[Answers], AbstractAsyncContextManager[Model]]:
    """A server on loopback that speaks one of OpenAI's protocols, asked by the adapter for it."""

    @asynccontextmanager
    async def way(answers: Answers) -> AsyncGenerator[Model]:
        async with serving(lambda asked: said_of(answers(asked.instructions, asked.newest))) as server:
            yield kind("gpt-test", base_url=server.url, api_key="none")

    return way


WAYS: dict[str, Callable[[Answers], AbstractAsyncContextManager[Model]]] = {
    "by_function": by_function,
    "chat_completions": over_http(OpenAIChat),
    "responses": over_http(OpenAIResponses),
}


class Streamed(Runner):
    """Runs agents streamed, and gives the result when all events were taken."""

    @classmethod
    async def run(cls, starting_agent: Any, input: Any, **options: Any) -> Any:
        """Take the events of a run to their end; a run without any is none."""
        result = Runner.run_streamed(starting_agent, input, **options)
        seen = [event.type async for event in result.stream_events()]
        assert seen[0] == "agent_updated_stream_event"
        assert "raw_response_event" in seen
        return result


RUNNERS: dict[str, type[Runner]] = {"plain": Runner, "streamed": Streamed}


def told(result: RunResult | RunResultStreaming) -> list[str]:
    """What happened in a run, a line each."""
    lines: list[str] = []
    for item in result.new_items:
        match item:
            case MessageOutputItem():
                lines.append(f"{item.agent.name}: {ItemHelpers.text_message_output(item)}")
            case ToolCallItem() | HandoffCallItem():
                lines.append(f"{item.agent.name} calls {item.raw_item.name}({item.raw_item.arguments})")
            case ToolCallOutputItem():
                lines.append(f"{item.agent.name} is told {item.raw_item['output']}")
            case HandoffOutputItem():
                lines.append(f"{item.source_agent.name} hands over to {item.target_agent.name}")
            case ReasoningItem():
                lines.append(f"{item.agent.name} thinks")
    return lines
