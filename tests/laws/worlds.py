"""What the laws are tried on: models that answer by what they read, journals that die or are cut, runs driven to their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from switchroom import Message, RunConfig, Runner, RunResult, tool
from switchroom.events import RunEvent
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.result import Waiting
from switchroom.testing import FunctionModel

CONVERSATION = "c"


class Died(BaseException):
    """The process is gone, as far as the run can tell."""


class DyingJournal(MemoryJournal):
    """Dies once, before it keeps the first event of which `at` says so; what it kept before is there afterwards."""

    def __init__(self, at: Callable[[RunEvent], bool]) -> None:
        super().__init__()
        self._at = at
        self._died = False

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events, or die."""
        if not self._died and any(self._at(event) for event in events):
            self._died = True
            raise Died
        super().append(conversation, events)


def own_answers(request: ModelRequest) -> int:
    """How many answers the agent who is asked has given so far, as the messages tell."""
    return sum(message.role == "assistant" and message.agent == request.agent for message in request.messages)


def answering(*answers: Reply) -> FunctionModel:
    """A model that keeps nothing: it gives the answer that is next by the messages it reads, at the end the last again."""
    return FunctionModel(lambda request: answers[min(own_answers(request), len(answers) - 1)])


def kept(journal: MemoryJournal, conversation: str = CONVERSATION) -> list[RunEvent]:
    """All that a journal holds of a conversation."""
    return journal.read(conversation)


def cut(events: Sequence[RunEvent], conversation: str = CONVERSATION) -> MemoryJournal:
    """A fresh journal that holds only these events."""
    journal = MemoryJournal()
    journal.append(conversation, events)
    return journal


def yes(waiting: Sequence[Waiting]) -> Mapping[str, bool]:
    """A person who approves everything, and who knows that nothing happened in a world that is only a function."""
    return {asked.id: asked.question == "approval" for asked in waiting}


async def resumed(
    step: Any,
    config: RunConfig,
    answer: Callable[[Sequence[Waiting]], Mapping[str, bool]] = yes,
    waiting: Sequence[Waiting] = (),
) -> RunResult[Any]:
    """The run gone on with until nobody is asked any more; each question is answered once."""
    for _ in range(50):
        result = await Runner.resume(step, conversation=CONVERSATION, config=config, answers=answer(waiting))
        if not result.waiting:
            return result
        waiting = result.waiting
    raise AssertionError(f"the run asks for ever: {waiting}")


async def finished(step: Any, input: Any, config: RunConfig) -> RunResult[Any]:
    """The run from its beginning to its end, with a person who approves."""
    result = await Runner.run(step, input, config=config, conversation=CONVERSATION)
    return result if not result.waiting else await resumed(step, config, waiting=result.waiting)


def texts(messages: Sequence[Message], role: str = "tool") -> list[str]:
    """What was said in a role."""
    return [message.text for message in messages if message.role == role]


@tool(effect="read", needs_approval=True)
async def sign() -> str:
    """Sign the order."""
    return "signed"
