"""Findings about agents: what is said of each, and that its remedy is one."""

from __future__ import annotations

from typing import Any

from inline_snapshot import snapshot

from switchroom import (
    Agent,
    RunConfig,
    Runner,
    Tool,
    sequential,
)
from switchroom.step import Scope
from switchroom.testing import FunctionModel
from tests.check.findings import CONFIG, findings, found, looks_up


def test_an_agent_without_a_model():
    wrong, mended = Agent("a"), Agent("a", model=FunctionModel(lambda request: "hello"))
    assert found(wrong, mended, "no-model", RunConfig()) == snapshot(
        (
            "error",
            "Agent 'a' has no model.",
            "Three ways out: Agent('a', ..., model=...), set_default_model(...), or RunConfig(model=...). Without a provider, "
            "switchroom.testing.FunctionModel answers by a function.",
        )
    )
    assert len(findings(Agent("a", model="gpt"), "no-model", RunConfig())) == 1


def test_whom_a_function_calls_may_get_its_model_there():
    helper = Agent("helper")

    async def app(text: str, scope: Scope) -> str:
        return (await Runner.run(helper, text, config=CONFIG)).final_output

    [finding] = findings(app, "no-model", RunConfig())
    assert finding.level == "warning"
    [finding] = findings(app, "no-model", RunConfig(model="nobody:at-all"))
    assert (finding.level, finding.remedy) == snapshot(
        ("error", "Name one that there is: Agent('helper', ..., model='provider:name'), or RunConfig(model=...).")
    )


def test_whom_others_choose_by_a_description_that_is_not_there():
    wrong = Agent("a", handoffs=[Agent("b")], tools=[Agent("c", description="c").as_tool()])
    mended = Agent("a", handoffs=[Agent("b", description="b")], tools=[Agent("c", description="c").as_tool()])
    assert found(wrong, mended, "no-description") == snapshot(
        (
            "warning",
            "The model of 'a' has to choose agent 'b' without knowing what it is for: it has no description.",
            "Say so in a few words: Agent(..., description='...').",
        )
    )
    workflow = sequential(Agent("x"), Agent("y"))
    assert len(findings(Agent("a", tools=[workflow]), "no-description")) == 1
    assert findings(Agent("a", tools=[workflow.named("w", description="x, then y")]), "no-description") == []


def test_a_tool_without_a_description():
    def bare(order: str) -> str:
        return order

    assert found(Agent("a", tools=[bare]), Agent("a", tools=[looks_up]), "no-description") == snapshot(
        (
            "warning",
            "Tool 'bare' of 'a' has no description: models have only the name to go by.",
            "Give the function a docstring, or pass tool(description='...').",
        )
    )


def test_an_agent_with_more_than_a_model_overlooks():
    async def nothing(**args: Any) -> str:
        return ""

    tools = [Tool.from_schema(f"t{n}", "t", {"type": "object"}, nothing, effect="read") for n in range(21)]
    assert found(Agent("a", tools=tools), Agent("a", tools=tools[:20]), "too-much") == snapshot(
        (
            "warning",
            "Agent 'a' has 21 tools; with more than 20, models choose less well.",
            "Divide it: agents with a field of their own each, and one who puts through to them.",
        )
    )
    others = [Agent(f"a{n}", description="a") for n in range(13)]
    assert found(Agent("a", handoffs=others), Agent("a", handoffs=others[:12]), "too-much") == snapshot(
        (
            "warning",
            "Agent 'a' has 13 handoffs; with more than 12, models choose less well.",
            "Divide it: agents with a field of their own each, and one who puts through to them.",
        )
    )
