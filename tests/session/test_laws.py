"""Over any graph: each message has exactly one answer, in order and in time, and no event is lost."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, given, settings

from switchroom import RunConfig
from switchroom.events import RunEvent
from switchroom.session import SENTENCE, Reply, Session
from tests.examples import times
from tests.session.graphs import DEADLINE, GraphPlan, World, build, first_speaker, plans
from tests.virtual import in_no_time

MANY = settings(
    max_examples=times(100), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
"""How graphs are tried."""


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "switchroom.session")


class Clock:
    """How long each turn took, from its beginning to its answer, by the loop's clock."""

    deltas = False

    def __init__(self) -> None:
        self.began = 0.0
        self.took: list[float] = []

    def __call__(self, event: RunEvent) -> None:
        match event.kind:
            case "turn_started":
                self.began = asyncio.get_running_loop().time()
            case "turn_answered" | "turn_cut":
                if len(self.took) < event_turn(event):
                    self.took.append(asyncio.get_running_loop().time() - self.began)
            case _:
                pass


def event_turn(event: RunEvent) -> int:
    return int(event.path.partition("/")[0].removeprefix("turn#"))


async def said(session: Session, text: str, cut: float | None) -> Reply:
    """A message and its answer, perhaps interrupted after a while."""
    sending = asyncio.ensure_future(session.send(text))
    if cut is not None:
        await asyncio.wait([sending], timeout=cut)
        await session.interrupt()
    return await sending


async def played(plan: GraphPlan, world: World) -> tuple[list[Reply], list[float], list[tuple[str, str]]]:
    """All of a plan's messages, how long each took, and what the session kept of it."""
    clock = Clock()
    session = build(plan, world, config=RunConfig(listeners=(clock,)))
    await session.start()
    texts = [f"message {n}" for n in range(len(plan.cuts))]
    if plan.together:
        replies = list(await asyncio.gather(*map(session.send, texts)))
    else:
        replies = [await said(session, text, cut) for text, cut in zip(texts, plan.cuts, strict=True)]
    kept = [(message.role, message.text) for message in session.messages]
    await asyncio.sleep(2 * DEADLINE)  # what nodes still do for the last message, they do
    await session.stop()
    await asyncio.sleep(200 * DEADLINE)  # who swallowed its cancellation comes to its end, too
    return replies, clock.took, kept


@given(plan=plans())
@MANY
def test_each_message_has_exactly_one_answer_in_order_and_in_time(plan: GraphPlan):
    world = World()
    replies, times, kept = in_no_time(played(plan, world))
    assert [reply.turn for reply in replies] == list(range(1, len(plan.cuts) + 1))
    for reply in replies:
        assert reply.text.strip() or reply.interrupted
        assert reply.text == "\n".join(reply.parts)
        assert len([e for e in reply.events if e.kind in ("turn_answered", "turn_cut")]) == 1
    assert len(times) == len(replies)
    assert max(times) <= DEADLINE + 1e-6
    expected: list[tuple[str, str]] = []
    for turn, reply in enumerate(replies):
        expected += [("user", f"message {turn}"), *(("assistant", part) for part in reply.parts)]
    assert kept == expected


@given(plan=plans(calm=True))
@MANY
def test_the_first_speaker_by_the_order_of_edges_is_heard_whoever_is_quicker_and_no_event_is_lost(plan: GraphPlan):
    world = World()
    replies, _, _ = in_no_time(played(plan, world))
    who = first_speaker(plan)
    for reply in replies:
        if who is None:
            assert reply.fallback
            assert reply.text == ("the last word" if plan.fallback == "speaks" else SENTENCE)
        else:
            assert reply.answered_by == who
            assert reply.text == "".join(f"{who}.{word} " for word in range(plan.nodes[int(who[1:])].words))
    led_to = {target for _, target in plan.edges}
    for turn in range(1, len(replies) + 1):
        for index in range(len(plan.nodes)):
            entered = 1 if index == 0 or index not in led_to else 0
            assert world.got[turn, f"n{index}"] == world.sent[turn, f"n{index}"] + entered
