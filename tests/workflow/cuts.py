"""What workflows of tests are made of, and a run of one cut after each of its facts and gone on with in a fresh world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from switchroom import Agent, RunConfig, Runner, RunResult, Tool, tool
from switchroom.events import ModelAnswered, RunEvent, ToolReturned
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import FunctionModel
from tests.helpers import last
from tests.laws.worlds import CONVERSATION, cut, kept, yes

Answer = str | Callable[[ModelRequest], Reply]


class World:
    """What models were asked and what effects there were, by name."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def agent(self, name: str, answer: Answer, **options: Any) -> Agent[Any]:
        """An agent that answers by what it reads, and is counted."""

        def answered(request: ModelRequest) -> Reply:
            self.asked[name] += 1
            return answer if isinstance(answer, str) else answer(request)

        return Agent(name, model=FunctionModel(answered), **options)

    def effect(self, name: str, **options: Any) -> Tool:
        """A tool that must not be called twice, and is counted."""

        async def effect() -> str:
            self.done[name] += 1
            return f"{name} is done"

        given: dict[str, Any] = {"effect": "irreversible", **options}
        return tool(name=name, **given)(effect)


def agent(name: str, answer: Answer, **options: Any) -> Agent[Any]:
    """An agent that answers by what it reads."""
    return World().agent(name, answer, **options)


def echo(name: str = "echo") -> Agent[Any]:
    """An agent that says who it is and what it was asked."""
    return agent(name, lambda request: f"{name}({last(request)})")


def failing(name: str, error: Callable[[], Exception] = lambda: ConnectionError("the line is down")) -> Agent[Any]:
    """An agent whose model always fails."""

    def answer(request: ModelRequest) -> str:
        raise error()

    return agent(name, answer)


def answers(events: Iterable[RunEvent]) -> Counter[str]:
    """How often each agent answered."""
    return Counter(event.fact.agent for event in events if isinstance(event.fact, ModelAnswered))


def effects(events: Iterable[RunEvent]) -> Counter[str]:
    """How often each tool returned."""
    return Counter(event.fact.tool for event in events if isinstance(event.fact, ToolReturned))


async def outcome(running: Any, step: Any, config: RunConfig) -> tuple[str, str]:
    """What a run came to, a person saying yes to everything: its output or its error, with its type."""
    try:
        result: RunResult[Any] = await running
        while result.waiting:
            given = yes(result.waiting)
            result = await Runner.resume(step, conversation=CONVERSATION, config=config, answers=given)
    except Exception as error:
        return type(error).__name__, str(error)
    return type(result.final_output).__name__, repr(result.final_output)


async def check_every_cut(build: Callable[[World], Any], input: Any = "go", file: Path | None = None, **options: Any) -> None:
    """Cut the journal of a workflow's run after each of its entries, and go on from there in a fresh world.

    Whatever was cut: the outcome is the same, of the same type; no model is asked again that had answered, no effect repeated.
    """
    world, journal = World(), MemoryJournal()
    step, config = build(world), RunConfig(journal=journal, **options)
    whole = await outcome(Runner.run(step, input, conversation=CONVERSATION, config=config), step, config)
    events = kept(journal)
    for at in range(1, len(events) + 1):
        place = f"cut after entry {at}, {events[at - 1].path}: {events[at - 1].kind}"
        fresh, begun = World(), journal_of(events[:at], file)
        step, config = build(fresh), RunConfig(journal=begun, **options)
        again = await outcome(Runner.resume(step, conversation=CONVERSATION, config=config), step, config)
        assert again == whole, place
        finished = begun.read_sync(CONVERSATION) if isinstance(begun, SqliteJournal) else begun.read(CONVERSATION)
        assert finished[:at] == events[:at], place
        assert answers(finished) == answers(events), place
        for name, count in fresh.asked.items():
            assert answers(events[:at])[name] + count <= world.asked[name], f"{place}: {name} was asked again"
        for name, count in fresh.done.items():
            assert effects(events[:at])[name] + count == world.done[name], f"{place}: {name} was done again"
        if isinstance(begun, SqliteJournal):
            begun.close()


def journal_of(events: list[RunEvent], file: Path | None) -> MemoryJournal | SqliteJournal:
    """A journal that holds only these events: in memory, or in a file, anew each time."""
    if file is None:
        return cut(events)
    file.unlink(missing_ok=True)
    journal = SqliteJournal(file)
    journal.append(CONVERSATION, events)
    return journal
