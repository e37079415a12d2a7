"""Asking a model: what is asked is text, in time, and nothing is paid for that cannot be noted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from switchroom import Agent, RunContext, Runner, UserError, handoff
from switchroom.events import HandoffExpired
from switchroom.testing import ScriptedModel, call
from tests.helpers import facts_of, soon


@pytest.mark.parametrize("given", [None, 7, "broken \ud800"])
async def test_instructions_that_are_no_text_are_found_out_before_the_model_is_asked(given: Any):
    model = ScriptedModel(["never"])

    async def instructions(ctx: RunContext) -> str:
        return given

    with pytest.raises(UserError, match="instructions of agent 'clerk'"):
        await Runner.run(Agent("clerk", instructions, model=model), "x")
    assert model.requests == []


async def test_the_deadline_of_a_handoff_covers_the_targets_instructions():
    async def slow(ctx: RunContext) -> str:
        await asyncio.Event().wait()
        return "never"

    target = Agent("billing", slow, model=ScriptedModel([]))
    model = ScriptedModel([call("transfer_to_billing"), "I do it myself"])
    result = await soon(Runner.run(Agent("triage", model=model, handoffs=[handoff(target, deadline=0.02)]), "help"))
    assert result.final_output == "I do it myself"
    assert facts_of(HandoffExpired, result.events) == [HandoffExpired("triage", "billing")]


async def test_arguments_nested_beyond_reason_go_back_to_the_model():
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"a": deep}
    model = ScriptedModel([call("look", **deep), "done"])
    assert (await Runner.run(Agent("clerk", model=model), "x")).final_output == "done"
