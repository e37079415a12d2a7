"""The pipeline at work, without a key: models are scripts and rules."""

from __future__ import annotations

from switchroom import RunConfig, Runner
from switchroom.testing import ScriptedModel, call

from app import app
from offline import model


def test_each_agent_works_on_what_the_one_before_it_made() -> None:
    script = ScriptedModel(
        [
            call("search", query="open offices"),
            '{"topic": "open offices", "facts": ["They save rent."]}',
            '{"claim": "They pay off", "because": ["less rent"], "doubtful": false}',
            "Open offices may pay off: they save rent.",
        ]
    )
    result = Runner.run_sync(
        app, "Are open offices worth it?", config=RunConfig(model=script)
    )
    assert result.final_output == "Open offices may pay off: they save rent."
    assert [request.agent for request in script.requests] == [
        "researcher",
        "researcher",
        "analyst",
        "writer",
    ]
    assert "They pay off" in script.requests[-1].messages[-1].text


def test_nobody_writes_about_what_nobody_found() -> None:
    script = ScriptedModel(
        [call("search", query="golf"), '{"topic": "golf", "facts": []}']
    )
    result = Runner.run_sync(app, "Is golf worth it?", config=RunConfig(model=script))
    assert result.final_output.startswith("The notes say nothing of that.")


def test_without_a_key_rules_answer_and_say_so() -> None:
    result = Runner.run_sync(
        app, "What about remote work?", config=RunConfig(model=model)
    )
    assert "two sides to remote work" in result.final_output
    assert "not from a language model" in result.final_output
