"""Work does not grow faster than what it is done for: twice the branches, calls, events or turns are twice the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from switchroom import (
    Agent,
    Budget,
    Event,
    HandoffEvent,
    Message,
    Node,
    OutputNode,
    RunConfig,
    Runner,
    Session,
    parallel,
    sequential,
    tool,
)
from switchroom.digest import digest
from switchroom.events import ModelAnswered
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.testing import FunctionModel
from switchroom.usage import Usage
from tests.helpers import facts_of
from tests.virtual import in_no_time
from tests.work import growth_of, instructions_of

MOST = 1.1
"""By how much a unit of work may grow when there are four times as many. What is quadratic comes to 4."""

Work = Callable[[int], Callable[[], Awaitable[Any]]]
Say = Callable[[str], Awaitable[Any]]
Talk = Callable[[MemoryJournal], AbstractAsyncContextManager[Say]]


@tool(effect="read")
async def look(n: int) -> str:
    """Look."""
    await asyncio.sleep(0)
    return f"found {n}"


async def slow(request: ModelRequest, emit: Emit) -> ModelResponse:
    await asyncio.sleep(1)
    return ModelResponse(Message("assistant", "done"), Usage(1, 10, 10))


def calling(calls: int, answers: int = 1) -> Any:
    """A model that makes calls, in answers one after the other, and then says that it is done."""
    made = 0

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        nonlocal made
        made = 0 if request.messages[-1].role == "user" else made
        if made == answers:
            return ModelResponse(Message("assistant", "done"), Usage(1))
        made += 1
        return ModelResponse(Message("assistant", calls=tuple(_call(made * calls + n) for n in range(calls))), Usage(1))

    return model


def _call(n: int) -> ToolCall:
    return ToolCall("look", {"n": n}, str(n))


def running(step: Any, config: RunConfig) -> Callable[[], Awaitable[Any]]:
    return lambda: Runner.run(step, "go", config=config)


def branches(model: Callable[[], Any], budget: Callable[[int], Budget | None], **options: Any) -> Work:
    """Agents side by side."""

    def work(count: int) -> Callable[[], Awaitable[Any]]:
        step = parallel(*(Agent(f"agent{n}", "Be brief.", model=model(), **options) for n in range(count)))
        return running(step, RunConfig(max_turns=100_000, budget=budget(count)))

    return work


def one_answer(count: int) -> Callable[[], Awaitable[Any]]:
    return running(Agent("clerk", model=calling(count), tools=[look]), RunConfig())


class Counting(Node):
    """Sends an event round until it was sent often enough."""

    def __init__(self, rounds: int) -> None:
        super().__init__("counting")
        self.rounds = rounds

    async def process_event(self, event: Event) -> None:
        sent = event.metadata.get("sent", 0)
        route = "round" if sent < self.rounds else "answer"
        await self.send_event(Event(type="tick", metadata={"sent": sent + 1, "route": route}))


class Passing(Node):
    async def process_event(self, event: Event) -> None:
        await self.send_event(event)


class Answering(OutputNode):
    async def process_event(self, event: Event) -> None:
        await self.speak("done")


def rounds(count: int) -> Callable[[], Awaitable[Any]]:
    session = Session()
    counting, passing, answering = Counting(count), Passing("passing"), Answering("answering")
    for node in (Node("entry"), counting, passing, answering):
        session.add_node(node)
    session.add_edge("entry", counting)
    session.add_edge(counting, passing, "round")
    session.add_edge(passing, counting)
    session.add_edge(counting, answering, "answer")

    async def turn() -> None:
        async with session:
            assert (await session.send("go")).text == "done"

    return turn


WORKS: dict[str, Work] = {
    "branches under a budget": branches(lambda: slow, lambda count: Budget(turns=100_000)),
    "branches that wait for one another": branches(
        lambda: slow, lambda count: Budget(tokens=20 * count + 2_100), settings=Settings(max_tokens=1000)
    ),
    "branches that call tools": branches(lambda: calling(1), lambda count: None, tools=[look]),
    "calls of one answer": one_answer,
    "rounds of an event": rounds,
}


@pytest.mark.parametrize("name", WORKS)
def test_four_times_as_much_is_four_times_the_work(name: str):
    assert in_no_time(growth_of(WORKS[name], 100)) < MOST


# conversations --------------------------------------------------------------------------------------------------------


class Passer(OutputNode):
    """Hands every message over."""

    async def process_event(self, event: Event) -> None:
        await self.send_event(HandoffEvent(target="agent", reason="theirs"))


def agent(name: str = "agent") -> Agent[str]:
    return Agent(name, "Be brief.", model=FunctionModel(lambda request: f"{name} says hello"))


@asynccontextmanager
async def talking_to_an_agent(journal: MemoryJournal) -> AsyncGenerator[Say]:
    async with Session(agent(), conversation="c", journal=journal) as session:
        yield session.send


@asynccontextmanager
async def talking_to_a_node(journal: MemoryJournal) -> AsyncGenerator[Say]:
    async with with_agent(Session(conversation="c", journal=journal), Node("entry")) as session:
        yield session.send


@asynccontextmanager
async def handed_over(journal: MemoryJournal) -> AsyncGenerator[Say]:
    """The caller, whose message the entry hands over to the agent."""
    async with with_agent(Session(conversation="c", journal=journal), Passer("entry")) as session:
        yield session.send


@asynccontextmanager
async def asking_a_workflow(journal: MemoryJournal) -> AsyncGenerator[Say]:
    step = sequential(agent("first"), agent("second"))
    yield lambda text: Runner.run(step, text, conversation="c", config=RunConfig(journal=journal))


def with_agent(session: Session, entry: Node) -> Session:
    session.add_node(entry)
    session.add_node(OutputNode("agent", step=agent()))
    session.add_edge("entry", "agent")
    return session


TALKS = (talking_to_an_agent, talking_to_a_node, handed_over, asking_a_workflow)


@pytest.mark.parametrize("talk", TALKS)
def test_a_turn_late_in_a_conversation_digests_and_does_as_much_as_an_early_one(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    digested: list[int] = []

    def probed(value: tuple[Any, Any, Sequence[Message]]) -> str:
        digested.append(len(value[2]))
        return digest(value)

    monkeypatch.setattr("switchroom.perform.model.digest", probed)

    async def check() -> None:
        works: list[int] = []
        async with talk(MemoryJournal()) as say:
            for _ in range(24):
                works.append(await instructions_of(lambda: say("where is my parcel?")))
        per_turn = len(digested) // 24
        assert digested[-per_turn:] == digested[2 * per_turn : 3 * per_turn]
        assert max(digested) <= 2
        assert works[23] < MOST * works[3]

    in_no_time(check())


@pytest.mark.parametrize("talk", TALKS)
def test_what_is_new_to_an_agent_is_covered_by_the_digest_of_its_request(talk: Talk):
    async def asked(*messages: str) -> list[str]:
        journal = MemoryJournal()
        async with talk(journal) as say:
            for message in messages:
                await say(message)
        return [fact.digest for fact in facts_of(ModelAnswered, journal.read("c"))]

    async def check() -> None:
        one, other = await asked("hello", "where is it?"), await asked("hello", "where is she?")
        half = len(one) // 2
        assert one[:half] == other[:half]
        assert one[half] != other[half]
        assert (await asked("hello"))[0] != (await asked("good morning"))[0]

    in_no_time(check())
