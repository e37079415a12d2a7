"""What many tests need: a world that fails until it is mended, a journal, and an end to waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar, cast

from switchroom import Message, RunConfig, RunResult
from switchroom.events import Delta, Fact, RunEvent
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from tests.patience import HANGS_S

T = TypeVar("T")
F = TypeVar("F", bound=Fact | Delta)


class World:
    """Something outside of the run, which fails until somebody mends it."""

    def __init__(self) -> None:
        self.down = True
        self.touched = 0

    def touch(self) -> None:
        self.touched += 1
        if self.down:
            raise ConnectionError("the line is down")


def keeping(**options: Any) -> RunConfig:
    """Options with a journal of their own, in memory."""
    return RunConfig(journal=MemoryJournal(), **options)


async def soon(awaitable: Awaitable[T]) -> T:
    """Wait for it, and not for ever."""
    return await asyncio.wait_for(awaitable, HANGS_S)


def run_of(error: BaseException) -> RunResult[Any]:
    """The run so far, which an exception carries out of it."""
    run = getattr(error, "run", None)
    assert isinstance(run, RunResult)
    return cast("RunResult[Any]", run)


def kinds(events: Iterable[RunEvent]) -> list[str]:
    return [event.kind for event in events]


def facts_of(kind: type[F], events: Iterable[RunEvent]) -> list[F]:
    return [event.fact for event in events if isinstance(event.fact, kind)]


def texts(messages: Iterable[Message]) -> list[tuple[str, str]]:
    """Who said what."""
    return [(message.agent or message.role, message.text) for message in messages]


def asked_by_person(request: ModelRequest) -> bool:
    """Whether the newest message is the person's, and no tool's result."""
    return request.messages[-1].role == "user"


def last(request: ModelRequest) -> str:
    """The newest message's text."""
    return request.messages[-1].text
