"""Findings about background nodes that no event reaches, and the ways in which one is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, Session
from switchroom.session import BackgroundNode
from tests.check.findings import Picks, Says, findings, found, graph


class Keeps(Node):
    """Passes nothing on."""

    async def process_event(self, event: Event) -> None:
        self.seen = event.id


class Tells(OutputNode):
    """Answers, and sends an event of its own along its edges."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(Event(type="told"))
        yield "Hello."


class HandsOver(OutputNode):
    """Answers, and hands over; a handoff goes to its target, not along an edge."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target="till", reason="pays"))
        yield "One moment."


class Routes(Node):
    """Writes one route."""

    async def process_event(self, event: Event) -> None:
        event.metadata["route"] = "desk"
        await self.send_event(event)


def test_a_background_node_behind_a_node_that_answers_each_message():
    wrong = graph([Says("desk"), BackgroundNode("notes")], [("desk", "notes")])
    mended = graph([Node("hall"), Says("desk"), BackgroundNode("notes")], [("hall", "desk"), ("hall", "notes")])
    assert found(wrong, mended, "unreachable") == snapshot(
        (
            "warning",
            "No event reaches background node 'notes': 'desk' sends no event along this edge. An output node answers a message "
            "and does not pass it on.",
            "Add an edge from a node that passes messages on: session.add_edge('...', 'notes').",
        )
    )


UNHEARD = {
    "a step answers": graph([OutputNode("desk", step=Agent("clerk")), BackgroundNode("notes")], [("desk", "notes")]),
    "nothing is passed on": graph([Keeps("hall"), Says("desk"), BackgroundNode("notes")], [("hall", "notes")]),
    "only a handoff is sent": graph([HandsOver("desk"), Says("till"), BackgroundNode("notes")], [("desk", "notes")]),
    "the route is never written": graph(
        [Routes("hall"), Says("desk"), BackgroundNode("notes")], [("hall", "desk", "desk"), ("hall", "notes", "notes")]
    ),
    "it stands behind another one": graph(
        [Says("desk"), BackgroundNode("log"), BackgroundNode("notes")], [("desk", "log"), ("log", "notes")]
    ),
}


@pytest.mark.parametrize("session", UNHEARD.values(), ids=UNHEARD)
def test_a_background_node_that_no_event_reaches_is_reported(session: Session):
    told = [finding.who for finding in findings(session, "unreachable") if "background" in finding.says]
    assert "node 'notes'" in told


HEARD = {
    "messages enter there": graph([Says("desk"), BackgroundNode("notes")], []),
    "an event of its own is sent": graph([Tells("desk"), BackgroundNode("notes")], [("desk", "notes")]),
    "the rest is passed on": graph([Picks("desk"), BackgroundNode("notes")], [("desk", "notes")]),
    "the route is written": graph([Routes("hall"), Says("desk"), BackgroundNode("notes")], [("hall", "notes", "desk")]),
    "a function decides": graph([Says("desk"), Routes("hall"), BackgroundNode("notes")], [("hall", "notes", bool)]),
    "behind one that is reached": graph(
        [Node("hall"), BackgroundNode("log"), BackgroundNode("notes"), Says("desk")],
        [("hall", "log"), ("log", "notes"), ("hall", "desk")],
    ),
}


@pytest.mark.parametrize("session", HEARD.values(), ids=HEARD)
def test_a_background_node_that_an_event_may_reach_is_not_reported(session: Session):
    assert [finding for finding in findings(session, "unreachable") if "background" in finding.says] == []
