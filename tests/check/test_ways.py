"""Findings about ways: what is said of each, and that its remedy is one."""

from __future__ import annotations

from typing import Any

from inline_snapshot import snapshot

from switchroom import (
    Agent,
    Node,
    Settings,
    Team,
    sequential,
)
from tests.check.findings import Picks, Says, findings, found, graph, looks_up


def test_a_handoff_to_nobody():
    wrong = Team([Agent("a", handoffs=["bee"]), Agent("bea", description="b")])
    mended = Team([Agent("a", handoffs=["bea"]), Agent("bea", description="b")])
    assert found(wrong, mended, "stranger") == snapshot(
        (
            "error",
            "Agent 'a' hands over to 'bee': the team has no agent 'bee'; it has ['a', 'bea']. Did you mean 'bea'?",
            "Add agent 'bee', or name one that is there.",
        )
    )


def test_a_handoff_to_nobody_of_an_agent_alone_or_inside_of_a_workflow():
    alone = Agent("a", handoffs=["b"])
    assert [finding.who for finding in findings(alone, "stranger")] == ["agent 'a'"]
    assert len(findings(sequential(alone, Agent("c")), "stranger")) == 1
    reached = Agent("a", handoffs=[Agent("b", handoffs=["c", "a"])])
    assert [finding.says for finding in findings(reached, "stranger")] == snapshot(
        [
            "Agent 'b' hands over to 'c': the team has no agent 'c'; it has ['a', 'b'].",
        ]
    )


def test_two_agents_of_one_name():
    wrong = Agent("a", handoffs=[Agent("b"), Agent("c", handoffs=[Agent("b")])])
    mended = Agent("a", handoffs=[Agent("b"), Agent("c", handoffs=[Agent("d")])])
    assert found(wrong, mended, "stranger") == snapshot(
        (
            "error",
            "Two agents are called 'b' and can both be reached; names are unique in a run.",
            "Give each agent that takes part a name of its own, and each tool of an agent one.",
        )
    )


def test_an_agent_to_whom_nobody_hands_over():
    wrong = Team([Agent("a", handoffs=["b"]), Agent("b"), Agent("c", handoffs=["b"])])
    mended = Team([Agent("a", handoffs=["b", "c"]), Agent("b"), Agent("c", handoffs=["b"])])
    assert found(wrong, mended, "unreachable") == snapshot(
        (
            "error",
            "Agent 'c' is never reached: nobody hands over to it.",
            "Give somebody who is reached a handoff to 'c', or take it out of the team.",
        )
    )
    assert findings(Team([Agent("a"), Agent("b")], fallback="b"), "unreachable") == []


def test_a_node_to_which_nothing_leads():
    nodes = lambda: [Says("hall"), Picks("a"), Picks("b")]  # noqa: E731
    wrong = graph(nodes(), [("a", "b"), ("b", "a")])
    mended = graph([Node("hall"), Picks("a"), Picks("b")], [("a", "b"), ("b", "a"), ("hall", "a")])
    assert [finding.who for finding in findings(wrong, "unreachable")] == ["node 'a'", "node 'b'"]
    assert findings(mended, "unreachable") == []


def test_agents_that_can_only_hand_over_to_one_another():
    def team(*choices: str | None, tools: list[Any] | None = None) -> Team:
        agents = [Agent("a", handoffs=["b"], settings=Settings(tool_choice=choices[0]), tools=tools or [])]
        agents.append(Agent("b", handoffs=["a"], settings=Settings(tool_choice=choices[1])))
        return Team(agents)

    assert found(team("required", "transfer_to_a"), team("required", None), "no-way-out") == snapshot(
        (
            "error",
            "The circle of handoffs a -> b -> a has no way out: each is made to call a tool, and has only these.",
            "Let one of them answer: leave tool_choice out of the settings of 'a' or 'b'.",
        )
    )
    assert findings(team("required", "required", tools=[looks_up]), "no-way-out") == []


def test_nodes_that_only_lead_to_one_another():
    wrong = graph([Node("hall"), Node("a"), Node("b"), Says("out")], [("hall", "a"), ("a", "b"), ("b", "a"), ("hall", "out")])
    mended = graph([Node("hall"), Node("a"), Node("b"), Says("out")], [("hall", "a"), ("a", "b"), ("b", "a"), ("b", "out")])
    assert found(wrong, mended, "no-way-out") == snapshot(
        (
            "error",
            "The circle a -> b -> a has no way out: no node in it speaks, and none that it leads to.",
            "Add an OutputNode to it, or an edge from it to one.",
        )
    )
