"""The world of the golden conversations: a log of what models and tools did, and where the process is to die."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import FunctionModel

LATER = "And what else?"
"""The message of the turn that goes on with a conversation."""

Answers = Callable[[ModelRequest], Reply | Awaitable[Reply]]


class World:
    """What is outside of the journal.

    Args:
        file: where the log is written, so that it outlives the process; None to keep it in memory only.
        death: where the process is killed, such as "after charge#1": after the first happening of that name; "" for nowhere.
        mended: what fails on record works now.
    """

    def __init__(self, file: Path | None = None, death: str = "", mended: bool = False) -> None:
        self.file = file
        self.death = death
        self.mended = mended
        self.log: list[str] = []
        self._times = Counter[str]()

    def happens(self, name: str, detail: str = "") -> None:
        """Log a happening, and kill the process before or after it if it is to die there."""
        self.dies_before(name)
        self._times[name] += 1
        line = f"{name}: {detail}"
        self.log.append(line)
        if self.file is not None:
            with self.file.open("a") as log:
                log.write(line + "\n")
        if self.death == f"after {name}#{self._times[name]}":
            os.kill(os.getpid(), signal.SIGKILL)

    def dies_before(self, name: str) -> None:
        """Kill the process if it is to die before this happening."""
        if self.death == f"before {name}#{self._times[name] + 1}":
            os.kill(os.getpid(), signal.SIGKILL)

    def breaks(self) -> None:
        """Fail until the world is mended.

        Raises:
            ConnectionError: it is not mended.
        """
        if not self.mended:
            raise ConnectionError("the line is down")

    def model(self, answers: Answers) -> FunctionModel:
        """Make a model that logs each answer as "<agent> answers <n>", n counting its answers since the person's message."""

        async def answer(request: ModelRequest) -> Reply:
            name = f"{request.agent} answers {said_before(request)}"
            self.dies_before(name)
            reply = answers(request)
            if isinstance(reply, Awaitable):
                reply = await reply
            self.happens(name, f"{newest(request)[:60]!r} ({len(request.messages)})")
            return reply

        return FunctionModel(answer)

    def rounds(self, **replies: Sequence[Reply]) -> FunctionModel:
        """Make a model whose agents give these replies, one after the other, in each turn but the later one."""

        def answers(request: ModelRequest) -> Reply:
            said = said_before(request)
            mine: Sequence[Reply] = () if question(request) == LATER else replies.get(request.agent, ())
            return mine[said] if said < len(mine) else f"{request.agent} heard: {newest(request)[:60]}"

        return self.model(answers)


def question(request: ModelRequest) -> str:
    """The person's newest message."""
    return next((message.text for message in reversed(request.messages) if message.role == "user"), "")


def newest(request: ModelRequest) -> str:
    """The newest message."""
    return request.messages[-1].text


def said_before(request: ModelRequest) -> int:
    """How many answers the agent has given since the person's newest message."""
    count = 0
    for message in reversed(request.messages):
        if message.role == "user":
            break
        count += message.role == "assistant" and message.agent == request.agent
    return count


def names_of(messages: Any) -> list[list[str]]:
    """Messages as JSON: role, agent, the beginning of the text, and the names of the calls."""
    return [[message.role, message.agent, message.text[:80], *(call.name for call in message.calls)] for message in messages]
