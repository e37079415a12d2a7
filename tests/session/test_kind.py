"""Events of runs and of sessions name their kind alike: `.kind`; the documents' `.type` stays on the session's."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import pytest

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, Runner, Session
from switchroom.compat.atoms import SDKEvent
from switchroom.events import AnyFact, Fact, RunEvent, TextDelta
from switchroom.session.event import MessageEvent
from switchroom.testing import ScriptedModel


class OrderEvent(Event):
    type: str = "order.placed"
    number: int = 7


class OldEvent(SDKEvent):
    type: str = "old"


def test_an_event_of_a_session_has_its_type_as_its_kind():
    events = [Event(), OrderEvent(), OldEvent(), HandoffEvent(target="a"), MessageEvent(content="hi"), Event(type="other")]
    assert [event.kind for event in events] == [event.type for event in events]
    assert OrderEvent().model_dump().keys() == {"type", "id", "turn", "source", "metadata", "number"}


def test_a_field_that_a_user_calls_kind_stays_the_users():
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Parcel(Event):
            kind: str = "letter"  # pyright: ignore

    assert (Parcel().kind, Parcel(kind="box").kind, Parcel().type) == ("letter", "box", "event")

    class Loose(Event, extra="allow"):
        pass

    assert (Loose().kind, Loose(kind="box").kind) == ("event", "box")  # pyright: ignore
    with pytest.raises(AttributeError):
        _ = Event.kind


def test_facts_and_deltas_and_what_carries_them_have_one_kind():
    kinds: dict[str, Any] = {}
    for family in get_args(AnyFact):
        for fact in get_args(family) or (family,):
            kinds[fact.__struct_config__.tag] = fact
    assert len(kinds) > 30
    delta = TextDelta("hi")
    assert delta.kind == RunEvent("turn#1", delta).kind == "text_delta"


async def test_all_that_a_program_listens_to_can_be_told_apart_by_kind():
    seen: list[str] = []

    class Listening(Node):
        async def process_event(self, event: Any) -> None:
            seen.append(event.kind)
            await self.send_event(event)

    agent = Agent("a", model=ScriptedModel(["hello"]))
    result = await Runner.run(agent, "go")
    assert [fact.kind for fact in result.facts if isinstance(fact, Fact)] == [event.kind for event in result.events]  # pyright: ignore[reportUnnecessaryIsInstance]
    session = Session()
    ear, mouth = Listening("ear"), OutputNode("mouth", step=Agent("b", model=ScriptedModel(["hello"])))
    session.add_node(ear)
    session.add_node(mouth)
    session.add_edge(ear, mouth)
    await session.start()
    async with session.stream("hi") as events:
        kinds = [event.kind async for event in events]
    assert "turn_answered" in kinds
    assert "user.message" in seen
    await session.stop()
