"""What guards are tried on: models of two speeds and moods, tools that count, people who listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from switchroom import Agent, Message, RunConfig, Runner
from switchroom.events import AnswerWithdrawn, RunEvent, TextDelta
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, call
from switchroom.usage import Usage

REQUEST = ModelRequest("clerk", "Be brief.", [Message("user", "Hello?")])
COUNTED = Usage(1, 10, 2)


def now() -> float:
    return asyncio.get_running_loop().time()


class Server:
    """A model whose answers are planned: each takes so long, and is a text or a failure; the last plan holds for all further.

    Attributes:
        asked: when it was asked.
        ended: how each request ended, in the order of ending: "answered", "failed", "cancelled".
    """

    def __init__(self, *plans: tuple[float, str | Exception], pieces: int = 0) -> None:
        self.asked: list[float] = []
        self.ended: list[str] = []
        self._plans = plans
        self._pieces = pieces

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        number = len(self.asked)
        self.asked.append(now())
        seconds, outcome = self._plans[min(number, len(self._plans) - 1)]
        try:
            text = outcome if isinstance(outcome, str) else "half of it"
            for piece in range(self._pieces):
                await asyncio.sleep(seconds / (self._pieces + 1))
                emit(text[piece :: self._pieces] if self._pieces == 1 else f"{text}.{piece} ")
            await asyncio.sleep(seconds / (self._pieces + 1))
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        if isinstance(outcome, Exception):
            self.ended.append("failed")
            raise outcome
        self.ended.append("answered")
        said = outcome if self._pieces < 2 else "".join(f"{outcome}.{piece} " for piece in range(self._pieces))
        return ModelResponse(Message("assistant", said), COUNTED)


class Ear:
    """Somebody who listens; what was shown and holds is before the eyes.

    Attributes:
        withdraws: whether what was withdrawn is cleared.
        eyes: what is seen at the end.
        ever: all that was ever shown.
    """

    def __init__(self, withdraws: bool = True) -> None:
        self.withdraws = withdraws
        self.eyes = ""
        self.ever = ""

    def __call__(self, event: RunEvent) -> None:
        match event.fact:
            case TextDelta():
                self.eyes += event.fact.text
                self.ever += event.fact.text
            case AnswerWithdrawn():
                self.eyes = ""
            case _:
                pass


class Line:
    """An emit that a test holds in its hand, as a run gives one to a model."""

    def __init__(self, withdraws: bool = True) -> None:
        self.eyes = ""
        self.withdrawn: list[str] = []
        self._withdraws = withdraws

    def __call__(self, text: str) -> None:
        self.eyes += text

    def __bool__(self) -> bool:
        return True

    async def withdraw(self, reason: str) -> bool:
        if self.eyes and not self._withdraws:
            return False
        if self.eyes:
            self.withdrawn.append(reason)
        self.eyes = ""
        return True


def caller(tools: Iterable[Any], *names: str, **args: Any) -> Agent:
    """An agent that calls each of some tools in turn, and says what the last one told."""

    def answer(request: ModelRequest) -> Any:
        done = sum(message.role == "tool" for message in request.messages)
        return call(names[done], **args) if done < len(names) else request.messages[-1].text

    return Agent("clerk", model=FunctionModel(answer), tools=list(tools))


async def said(step: Any, input: Any = "go", **options: Any) -> Any:
    """What a run gave."""
    return (await Runner.run(step, input, config=RunConfig(**options))).final_output


def once(value: Any, *failures: Exception) -> Callable[[], Any]:
    """A function that raises one failure after the other, and then gives a value."""
    left = list(failures)

    def give() -> Any:
        if left:
            raise left.pop(0)
        return value

    return give
