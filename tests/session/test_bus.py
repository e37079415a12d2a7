"""The event bus: who subscribed is called, all at once, and nobody's failure silences the others."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, Event, EventBus, Node, OutputNode, RunConfig, Runner, Session, UserError, tool
from switchroom.session import AgentEvent, MessageEvent
from switchroom.testing import ScriptedModel, call
from tests.helpers import keeping, soon
from tests.patience import HANGS_S


class Listener:
    """Puts down what it is told, one way or the other."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def on_ready(self, event: Any) -> None:
        self.told.append(event.data)

    def on_ready_in_a_thread(self, event: Any) -> None:
        self.told.append((event.data, threading.current_thread() is threading.main_thread()))


def told_by(bus: EventBus, wanted: str) -> list[str]:
    """The types that a subscription gets to see, as they come."""
    seen: list[str] = []

    async def see(event: AgentEvent) -> None:
        seen.append(event.type)

    bus.subscribe(wanted, see)
    return seen


async def test_methods_of_agents_are_told_what_they_subscribed_to_and_nothing_else():
    bus, second, third = EventBus(), Listener(), Listener()
    bus.subscribe("context_retrieved", second.on_ready)
    bus.subscribe("query_generated", third.on_ready)
    event = AgentEvent(type="context_retrieved", data={"rows": 3}, source_agent="first", timestamp=1.5)
    assert await bus.publish(event) == []
    assert (second.told, third.told) == ([{"rows": 3}], [])
    assert (event.source_agent, event.timestamp) == ("first", 1.5)


async def test_a_plain_handler_runs_in_a_thread():
    bus, listener = EventBus(), Listener()
    bus.subscribe("ready", listener.on_ready_in_a_thread)
    await bus.publish(AgentEvent("ready", 1))
    assert listener.told == [(1, False)]


async def test_a_subscription_may_be_to_a_pattern_or_to_all():
    bus = EventBus()
    orders, everything = told_by(bus, "order.*"), told_by(bus, "*")
    for kind in ("order.paid", "order", "order.sent.late", "ticket"):
        await bus.publish(AgentEvent(kind))
    assert orders == ["order.paid", "order.sent.late"]
    assert everything == ["order.paid", "order", "order.sent.late", "ticket"]


async def test_a_type_with_brackets_in_it_is_still_itself():
    bus = EventBus()
    seen = told_by(bus, "rows[0]")
    await bus.publish(AgentEvent("rows[0]"))
    assert seen == ["rows[0]"]


async def test_handlers_run_at_the_same_time():
    bus = EventBus()
    meeting = threading.Barrier(2, timeout=HANGS_S)
    met = asyncio.Event()

    async def waits(event: AgentEvent) -> None:
        await soon(met.wait())

    async def comes(event: AgentEvent) -> None:
        met.set()

    def meets(event: AgentEvent) -> None:
        meeting.wait()

    for handler in (waits, comes, meets, meets):
        bus.subscribe("meet", handler)
    assert await bus.publish(AgentEvent("meet")) == []


async def test_a_handler_that_fails_is_reported_and_does_not_silence_the_others(caplog: pytest.LogCaptureFixture):
    bus, listener = EventBus(), Listener()

    async def fails(event: AgentEvent) -> None:
        raise ValueError("no room")

    def fails_too(event: AgentEvent) -> None:
        raise KeyError(event.data)

    for handler in (fails, listener.on_ready, fails_too):
        bus.subscribe("ready", handler)
    with caplog.at_level(logging.ERROR):
        failures = await bus.publish(AgentEvent("ready", 7, source_agent="first"))
    assert listener.told == [7]
    assert [(failed.handler, failed.type, repr(failed.error)) for failed in failures] == [
        (fails, "ready", "ValueError('no room')"),
        (fails_too, "ready", "KeyError(7)"),
    ]
    assert [vars(record)["handler"].rpartition(".")[2] for record in caplog.records] == ["fails", "fails_too"]
    assert {(vars(record)["event_type"], vars(record)["source_agent"]) for record in caplog.records} == {("ready", "first")}


async def test_a_subscription_can_be_ended_also_from_within_a_handler():
    bus, listener = EventBus(), Listener()
    end = bus.subscribe("ready", listener.on_ready)

    async def once(event: AgentEvent) -> None:
        assert bus.unsubscribe("ready", once)

    bus.subscribe("ready", once)
    await bus.publish(AgentEvent("ready", 1))
    await bus.publish(AgentEvent("ready", 2))
    end()
    end()
    assert bus.handlers("ready") == []
    assert not bus.unsubscribe("ready", once)
    assert listener.told == [1, 2]


async def test_who_subscribes_or_is_unsubscribed_while_an_event_is_published_is_so_for_the_next():
    bus = EventBus()
    told: list[str] = []

    async def first(event: AgentEvent) -> None:
        bus.unsubscribe("ready", second)
        bus.subscribe("ready", third)
        told.append("first")

    async def second(event: AgentEvent) -> None:
        told.append("second")

    async def third(event: AgentEvent) -> None:
        told.append("third")

    bus.subscribe("ready", first)
    bus.subscribe("ready", second)
    await bus.publish(AgentEvent("ready"))
    assert told == ["first", "second"]
    assert bus.handlers("ready") == [first, third]


async def test_ten_thousand_handlers_are_called_and_their_subscriptions_end():
    bus = EventBus()
    called = 0

    async def handle(event: AgentEvent) -> None:
        nonlocal called
        called += 1
        if called % 1_000 == 0:
            raise ValueError(called)

    ends = [bus.subscribe("ready", handle) for _ in range(10_000)]
    logging.getLogger("switchroom.bus").disabled = True
    try:
        failures = await bus.publish(AgentEvent("ready"))
    finally:
        logging.getLogger("switchroom.bus").disabled = False
    assert (called, len(failures)) == (10_000, 10)
    for end in ends:
        end()
    assert bus.handlers("ready") == []


async def test_a_plain_handler_that_blocks_does_not_hold_up_the_loop():
    bus = EventBus()
    turned = threading.Event()

    def blocks(event: AgentEvent) -> None:
        assert turned.wait(HANGS_S), "the loop did not turn while the handler waited"

    bus.subscribe("ready", blocks)
    publishing = asyncio.ensure_future(bus.publish(AgentEvent("ready")))
    await asyncio.sleep(0)
    turned.set()
    assert await soon(publishing) == []


async def test_whatever_has_a_type_can_be_published():
    @dataclass
    class Mine:
        type: str
        count: int

    class Shipped(Event):
        type: str = "shipped"

    bus = EventBus()
    seen = told_by(bus, "*")
    await bus.publish(Mine("mine", 3))
    await bus.publish(Shipped())
    assert seen == ["mine", "shipped"]


async def test_what_is_cancelled_while_it_publishes_cancels_its_handlers():
    bus = EventBus()
    began, ended = asyncio.Event(), list[str]()

    async def waits(event: AgentEvent) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    bus.subscribe("wait", waits)
    bus.subscribe("wait", waits)
    publishing = asyncio.ensure_future(bus.publish(AgentEvent("wait")))
    await soon(began.wait())
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert ended == ["waits", "waits"]


async def test_handlers_that_publish_in_a_circle_are_stopped(caplog: pytest.LogCaptureFixture):
    bus = EventBus()
    rounds = 0

    async def again(event: AgentEvent) -> None:
        nonlocal rounds
        rounds += 1
        failures.extend(await bus.publish(AgentEvent("pong" if event.type == "ping" else "ping")))

    failures: list[Any] = []
    bus.subscribe("ping", again)
    bus.subscribe("pong", again)
    with caplog.at_level(logging.CRITICAL):
        failures += await bus.publish(AgentEvent("ping"))
    assert rounds <= 1_001
    assert any("Break it." in str(failed.error) or isinstance(failed.error, RecursionError) for failed in failures)


@pytest.mark.parametrize(("wanted", "handler"), [("", print), (7, print), ("a", "print")])
def test_a_subscription_of_no_use_is_refused(wanted: Any, handler: Any):
    with pytest.raises(UserError, match="subscribe"):
        EventBus().subscribe(wanted, handler)


async def test_an_event_without_a_type_is_refused():
    with pytest.raises(UserError) as error:
        await EventBus().publish({"type": "ready"})  # pyright: ignore[reportArgumentType]
    assert str(error.value) == snapshot(
        "publish({'type': 'ready'}): an event has a text `type`; publish AgentEvent('...', data)."
    )


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a.*", "*"]), st.booleans()), max_size=8), st.sampled_from(["a", "a.b"]))
def test_each_subscription_is_called_once_whoever_fails(subscribers: list[tuple[str, bool]], kind: str):
    bus, called = EventBus(), list[int]()

    def handler(number: int, fails: bool) -> Any:
        async def handle(event: AgentEvent) -> None:
            called.append(number)
            if fails:
                raise ValueError(number)

        return handle

    for number, (wanted, fails) in enumerate(subscribers):
        bus.subscribe(wanted, handler(number, fails))
    logging.getLogger("switchroom.bus").disabled = True
    try:
        failures = asyncio.run(bus.publish(AgentEvent(kind)))
    finally:
        logging.getLogger("switchroom.bus").disabled = False
    takes = {"a": kind == "a", "b": False, "a.*": kind == "a.b", "*": True}
    expected = [number for number, (wanted, _) in enumerate(subscribers) if takes[wanted]]
    assert sorted(called) == expected
    assert [failed.error.args[0] for failed in failures] == [n for n in expected if subscribers[n][1]]


# within a session, and within a run --------------------------------------------------------------------------------------


async def test_what_a_handler_sends_belongs_to_the_turn_in_which_it_was_told():
    bus = EventBus()

    class Finds(Node):
        async def process_event(self, event: Event) -> None:
            await bus.publish(AgentEvent("context_retrieved", getattr(event, "content", ""), source_agent=self.name))

    class Asks(Node):
        async def on_context_ready(self, event: AgentEvent) -> None:
            await self.send_event(MessageEvent(content=f"{event.data}, with context"))

    class Says(OutputNode):
        async def process_event(self, event: Event) -> None:
            self.heard = getattr(event, "content", "")
            await super().process_event(event)

        async def generate_response(self) -> AsyncIterator[str]:
            yield self.heard

    session = Session()
    finds, asks, says = Finds(), Asks(), Says()
    for node in (finds, asks, says):
        session.add_node(node)
    session.add_edge(finds, asks)
    session.add_edge(asks, says)
    bus.subscribe("context_retrieved", asks.on_context_ready)
    await session.start()
    assert [(await soon(session.send(text))).text for text in ("one", "two")] == ["one, with context", "two, with context"]
    await session.stop()


async def test_a_run_that_a_handler_starts_is_a_child_of_the_run_that_published():
    bus = EventBus()
    helper = Agent("helper", model=ScriptedModel(["noted"]))

    async def ask(event: AgentEvent) -> None:
        await Runner.run(helper, event.data)

    bus.subscribe("found", ask)

    @tool(effect="read")
    async def find(what: str) -> str:
        """Find something."""
        await bus.publish(AgentEvent("found", what))
        return "found"

    clerk = Agent("clerk", tools=[find])
    model = ScriptedModel([call("find", what="it"), "Here."])
    result = await Runner.run(clerk, "find it", config=RunConfig(model=model))
    assert result.usage.requests == 3
    assert result.by_agent["helper"].requests == 1


async def test_a_run_that_a_handler_starts_may_wait_for_a_person_and_the_others_are_done_first():
    bus, listener = EventBus(), Listener()

    @tool(effect="irreversible", needs_approval=True)
    async def pay(cents: int) -> str:
        """Pay."""
        return f"paid {cents}"

    payer = Agent("payer", tools=[pay], model=ScriptedModel([call("pay", cents=5), "Paid."]))

    async def ask(event: AgentEvent) -> None:
        await Runner.run(payer, event.data)

    bus.subscribe("bill", ask)
    bus.subscribe("bill", listener.on_ready)

    async def desk(text: str, scope: Any) -> str:
        failures = await bus.publish(AgentEvent("bill", text))
        return f"{len(failures)} failed"

    config = keeping()
    result = await Runner.run(desk, "5 cents", conversation="c", config=config)
    assert ([asked.tool for asked in result.waiting], listener.told) == (["pay"], ["5 cents"])
    result = await Runner.resume(desk, conversation="c", config=config, answers={result.waiting[0].id: True})
    assert result.final_output == "0 failed"
