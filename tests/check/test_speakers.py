"""Findings about who speaks: what is said of each, and that its remedy is one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from inline_snapshot import snapshot

from switchroom import (
    Agent,
    Event,
    HandoffEvent,
    Node,
    OutputNode,
    Session,
)
from switchroom.session import BackgroundNode
from tests.check.findings import Picks, Says, findings, found, graph


def test_a_graph_in_which_nobody_speaks():
    wrong, mended = graph([Node("hall")], []), graph([Says("hall")], [])
    assert found(wrong, mended, "no-speaker") == snapshot(
        ("error", "No node speaks.", "Add an OutputNode, or one with a step: OutputNode(step=agent).")
    )
    [finding] = findings(graph([Node("hall")], [], fallback=Agent("reception")), "no-speaker")
    assert (finding.level, finding.says) == ("warning", "No node speaks: every message is answered by the fallback.")


def test_a_speaker_whom_no_message_reaches():
    nodes = [Node("hall"), BackgroundNode("notes"), Picks("desk"), Picks("till")]
    wrong = graph(nodes, [("hall", "notes"), ("desk", "till"), ("till", "desk")])
    nodes = [Node("hall"), BackgroundNode("notes"), Picks("desk"), Picks("till")]
    mended = graph(nodes, [("hall", "notes"), ("desk", "till"), ("till", "desk"), ("hall", "desk")])
    assert found(wrong, mended, "no-speaker") == snapshot(
        (
            "error",
            "No message reaches a node that speaks: nothing leads from 'hall' to 'desk' or 'till'.",
            "Connect them: session.add_edge('hall', 'desk').",
        )
    )


def test_two_who_answer_the_same_message():
    def session(*edges: tuple[Any, ...], kind: Callable[[str], Node] = Says) -> Session:
        return graph([Node("hall"), kind("a"), kind("b")], list(edges))

    wrong, mended = session(("hall", "a"), ("hall", "b")), session(("hall", "a", "a"), ("hall", "b", "b"))
    assert found(wrong, mended, "two-speakers") == snapshot(
        (
            "error",
            "'a' and 'b' answer the same message, for node 'hall' passes it on to all of them: 'a' is heard, and nobody else.",
            "Give the edges conditions: session.add_edge('hall', 'b', when=...).",
        )
    )
    assert findings(session(("hall", "a"), ("hall", "b"), kind=Picks), "two-speakers") == []


class Hands(Says):
    """Hands over to the clerk."""

    async def generate_response(self) -> AsyncIterator[str]:
        yield "one moment"
        await self.send_event(HandoffEvent(target="clerk", reason="asks"))


def test_who_is_handed_the_conversation_and_stands_where_messages_enter():
    def session(*edges: tuple[Any, ...]) -> Session:
        return graph([Node("hall"), Hands("desk"), Says("clerk")], [("hall", "desk", "desk"), *edges])

    assert found(session(), session(("desk", "clerk")), "two-speakers") == snapshot(
        (
            "error",
            "No edge leads to 'clerk', so that each message enters there as well as at 'hall': two answer it, and one "
            "of them is heard.",
            "Lead there from who hands over to it: session.add_edge('desk', 'clerk').",
        )
    )
    beside = graph([Node("hall"), Says("desk"), Says("clerk")], [("hall", "desk")])
    assert [finding.remedy for finding in findings(beside, "two-speakers")] == snapshot(
        ["Lead there on a condition: session.add_edge('hall', 'clerk', when=...)."]
    )
    rarely = graph([Node("hall"), Says("desk"), Says("clerk")], [("hall", "desk", "alarm")])
    assert findings(rarely, "two-speakers") == []


def test_two_who_answer_where_messages_enter():
    wrong, mended = graph([Says("a"), Says("b")], []), graph([Says("a"), Says("b")], [("a", "b")])
    assert found(wrong, mended, "two-speakers") == snapshot(
        (
            "error",
            "No edge leads to 'a' and 'b', so that each message enters at all of them: 'a' is heard, and nobody else unless it "
            "is handed the conversation.",
            "Lead there from where messages are to enter: session.add_edge('a', 'b').",
        )
    )


class HandsOver(OutputNode):
    """Hands over to b."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target="b", reason="theirs"))
        yield "One moment."


def test_a_speaker_behind_one_who_keeps_each_message():
    wrong, mended = graph([Says("a"), Says("b")], [("a", "b")]), graph([HandsOver("a"), Says("b")], [("a", "b")])
    assert found(wrong, mended, "unreachable") == snapshot(
        (
            "error",
            "Node 'b' is never asked: 'a' answers each message, and passes none on.",
            "Hand over to it: self.send_event(HandoffEvent(target='b', ...)); or lead to it from a node before.",
        )
    )
    assert findings(graph([Picks("a"), Says("b")], [("a", "b")]), "unreachable") == []


def test_a_handoff_of_a_node_to_a_stranger():
    wrong, mended = graph([HandsOver("a"), Says("bee")], [("a", "bee")]), graph([HandsOver("a"), Says("b")], [("a", "b")])
    assert found(wrong, mended, "stranger") == snapshot(
        (
            "error",
            "Node 'a' hands over to 'b': the session has no node 'b'; it has ['a', 'bee'].",
            "Add node 'b', or name one that is there.",
        )
    )


def test_no_node_in_which_messages_enter():
    wrong = graph([Picks("a"), Says("b")], [("a", "b"), ("b", "a")])
    mended = graph([Picks("a"), Says("b")], [("a", "b")])
    assert found(wrong, mended, "no-entry") == snapshot(
        ("error", "No message can enter: each of ['a', 'b'] has an incoming edge.", "Leave one without, where messages begin.")
    )
    assert [finding.says for finding in findings(Session(), "no-entry")] == ["The session has no nodes."]


def test_an_output_node_with_neither_words_nor_a_step():
    def session(desk: OutputNode, **options: Any) -> Session:
        return graph([Node("hall"), desk, Says("till")], [("hall", "desk", "desk"), ("hall", "till", "till")], **options)

    wrong, mended = session(OutputNode("desk")), session(OutputNode("desk", step=Agent("clerk")))
    assert found(wrong, mended, "nothing-to-say") == snapshot(
        (
            "error",
            "Output node 'desk' has neither a generate_response nor a step: it says nothing, and nobody answers its messages.",
            "Pass a step: OutputNode('desk', step=agent); or write `async def generate_response(self): yield ...`.",
        )
    )
    assert findings(session(Says("desk")), "nothing-to-say") == []
    [finding] = findings(session(OutputNode("desk"), fallback=Agent("reception")), "nothing-to-say")
    assert (finding.level, finding.says.rpartition(": ")[2]) == (
        "warning",
        "it says nothing, and the fallback answers instead.",
    )


class Speaks(OutputNode):
    """Says its answer while it deals with a message."""

    async def process_event(self, event: Event) -> None:
        await self.speak("Hello.")


def test_an_output_node_that_speaks_in_a_process_event_of_its_own_has_something_to_say():
    assert findings(graph([Speaks("desk")], []), "nothing-to-say") == []


def test_a_fallback_that_says_nothing_is_a_warning():
    [finding] = findings(graph([Says("desk")], [], fallback=OutputNode("last")), "nothing-to-say")
    assert (finding.level, finding.who) == ("warning", "node 'last'")
