"""Nodes that raise what is no exception: those that only stop a coroutine are failures, those that stop the process pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from switchroom import Node, OutputNode, Runner, Session
from switchroom.errors import RunError
from switchroom.events import NodeFailed
from switchroom.session import BackgroundNode, EventBus, HandoffEvent, MessageEvent
from tests.helpers import facts_of, soon
from tests.session.nodes import Sayer, started


class Custom(BaseException):
    """A class of an application that is no Exception."""


class Raising(OutputNode):
    """Raises something on its first message: at one place, at once or after others had their turn."""

    def __init__(self, kind: type[BaseException], place: str, dawdles: bool = False) -> None:
        super().__init__("raising")
        self.kind, self.where, self.dawdles, self.raised = kind, place, dawdles, False

    async def at(self, place: str) -> None:
        if self.where == place and not self.raised:
            self.raised = True
            if self.dawdles:
                await asyncio.sleep(0)
            raise self.kind

    async def process_event(self, event: Any) -> None:
        await self.at("before")
        await super().process_event(event)
        await self.at("after")

    async def generate_response(self) -> AsyncIterator[str]:
        await self.at("first")
        yield "here"
        await self.at("last")


class Last(OutputNode):
    """Speaks last."""

    def __init__(self) -> None:
        super().__init__("last")

    async def generate_response(self) -> AsyncIterator[str]:
        yield "the last word"


@pytest.mark.parametrize("dawdles", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("place", ["before", "first", "last", "after"])
@pytest.mark.parametrize("kind", [GeneratorExit, Custom])
async def test_a_node_that_raises_what_is_no_exception_fails_and_the_session_goes_on(
    kind: type[BaseException], place: str, dawdles: bool
):
    session = Session(fallback=Last())
    session.add_node(Raising(kind, place, dawdles))
    await session.start()
    reply = await soon(session.send("one"))
    said = {"before": ["the last word"], "first": ["the last word"], "last": ["here", "the last word"], "after": ["here"]}
    assert reply.parts == said[place]
    assert (await soon(session.send("two"))).text == "here"
    await session.stop()


@pytest.mark.parametrize("kind", [GeneratorExit, Custom])
async def test_the_failure_is_kept_as_the_nodes(kind: type[BaseException]):
    session = Session()
    session.add_node(Raising(kind, "before"))
    await session.start()
    reply = await soon(session.send("one"))
    [failed] = facts_of(NodeFailed, reply.events)
    assert (failed.node, kind.__name__ in failed.message) == ("raising", True)
    await session.stop()


async def _leaves(input: str, scope: Any) -> str:
    raise GeneratorExit


async def _leaves_a_group(input: str, scope: Any) -> str:
    async with asyncio.TaskGroup() as group:
        group.create_task(_leaves(input, scope))
    return "unreachable"


def _leaves_a_thread(input: str) -> str:
    raise GeneratorExit


@pytest.mark.parametrize("step", [_leaves, _leaves_a_group, _leaves_a_thread])
async def test_a_step_of_a_session_that_raises_it_is_answered_for(step: Callable[..., Any]):
    session = Session(step)
    for _ in range(2):
        assert (await soon(session.send("one"))).answered_by == "fallback"
    await session.stop()


async def test_a_fallback_that_raises_it_is_answered_for_by_the_sentence():
    class Leaving(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            raise GeneratorExit
            yield

    session = await started(Sayer("a", raises=ValueError("down")), fallback=Leaving("leaving"))
    for _ in range(2):
        assert "I am sorry" in (await soon(session.send("one"))).text
    await session.stop()


async def test_a_condition_a_handler_a_listener_in_the_background_and_an_acceptance_may_raise_it():
    bus = EventBus()

    def leave(event: Any) -> None:
        raise GeneratorExit

    bus.subscribe("x", leave)

    class Entry(Node):
        async def process_event(self, event: Any) -> None:
            match getattr(event, "content", ""):
                case "publish":
                    await bus.publish(MessageEvent(type="x", content=""))
                case "hand over":
                    await self.send_event(HandoffEvent(target="target"))
                case _:
                    await self.send_event(event)

    class Deaf(BackgroundNode):
        async def process_event(self, event: Any) -> None:
            raise GeneratorExit

    class Refusing(Sayer):
        async def accepts(self, event: Any) -> None:
            raise GeneratorExit

    def when(event: Any) -> bool:
        if getattr(event, "content", "") == "condition":
            raise GeneratorExit
        return True

    session = Session()
    for node in (Entry("entry"), Deaf("deaf"), Sayer("sayer"), Refusing("target")):
        session.add_node(node)
    session.add_edge("entry", "deaf")
    session.add_edge("entry", "sayer", when)
    session.add_edge("entry", "target", "by handoff only")
    await session.start()
    for message in ("publish", "condition", "hand over"):
        assert (await soon(session.send(message))).answered_by == "fallback", message
        assert (await soon(session.send("hello"))).text == "sayer here"
    await session.stop()


@pytest.mark.parametrize("place", ["before", "first"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_passes_a_node(kind: type[BaseException], place: str):
    async def main() -> None:
        session = Session()
        session.add_node(Raising(kind, place))
        await session.start()
        await session.send("one")

    with pytest.raises(kind):
        asyncio.run(main())


async def test_a_node_whose_coroutine_is_closed_has_not_failed(caplog: pytest.LogCaptureFixture):
    class Waiting(Sayer):
        async def process_event(self, event: Any) -> None:
            await asyncio.Event().wait()

    session = await started(Waiting("waiting"))
    sending = asyncio.create_task(session.send("one"))
    while not (tasks := [task for task in asyncio.all_tasks() if task.get_name() == "waiting"]):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].get_coro().close()  # pyright: ignore[reportOptionalMemberAccess, reportUnknownMemberType, reportAttributeAccessIssue]
    assert "failed" not in caplog.text
    await session.stop()
    with pytest.raises((RunError, RuntimeError)):
        await sending


async def test_a_step_that_raises_it_alone_lets_the_caller_have_it():
    with pytest.raises(GeneratorExit):
        await Runner.run(_leaves, "go")
