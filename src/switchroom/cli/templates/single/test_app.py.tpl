"""The agent at work, without a key: models are scripts and rules."""

from __future__ import annotations

from switchroom import RunConfig, Runner
from switchroom.testing import ScriptedModel, call

from app import app
from offline import model


def test_the_tool_counts_and_the_model_speaks() -> None:
    script = ScriptedModel(
        [call("days_between", first="2025-01-01", last="2025-03-14"), "72 days."]
    )
    result = Runner.run_sync(
        app, "How long until my birthday?", config=RunConfig(model=script)
    )
    assert result.final_output == "72 days."
    assert script.requests[-1].messages[-1].text == "72"  # what the tool told the model


def test_a_model_that_gets_a_date_wrong_is_told_so_and_tries_again() -> None:
    calls = [
        call("days_between", first="2025-02-30", last="2025-03-14"),
        call("days_between", first="2025-02-28", last="2025-03-14"),
    ]
    script = ScriptedModel([*calls, "14 days."])
    assert (
        Runner.run_sync(app, "How long?", config=RunConfig(model=script)).final_output
        == "14 days."
    )
    assert "first" in script.requests[1].messages[-1].text


def test_without_a_key_rules_answer() -> None:
    config = RunConfig(model=model)
    result = Runner.run_sync(
        app, "How many days from 2025-01-01 to 2025-03-14?", config=config
    )
    assert result.final_output == "That is 72 days."
    assert (
        "Write two dates" in Runner.run_sync(app, "hello", config=config).final_output
    )
