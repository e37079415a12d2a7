"""Listeners narrowed to kinds of events and to an agent."""

from __future__ import annotations

from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, Team, UserError, tool
from switchroom.events import RunEvent
from switchroom.observe import Metrics, only
from switchroom.testing import ScriptedModel, call


@tool(effect="read")
async def look() -> str:
    return "seen"


def desk() -> Team:
    triage = Agent("triage", model=ScriptedModel([call("transfer_to_billing")]), handoffs=["billing"])
    billing = Agent("billing", model=ScriptedModel([call("look"), "done"]), tools=[look])
    return Team([triage, billing])


async def heard(**narrowed: Any) -> list[str]:
    """What a narrowed listener is told of a run."""
    told: list[str] = []

    def listen(event: RunEvent) -> None:
        told.append(event.kind)

    await Runner.run(desk(), "hello", config=RunConfig(listeners=(only(listen, **narrowed),)))
    return told


async def test_a_listener_is_told_only_the_kinds_that_it_is_for():
    assert await heard(kinds=("tool_started", "tool_returned")) == ["tool_started", "tool_returned"]
    assert await heard(kinds=["model_answered"]) == ["model_answered"] * 3
    assert await heard(kinds="model_answered") == ["model_answered"] * 3


async def test_a_listener_is_told_only_what_concerns_an_agent_and_a_handoff_concerns_both():
    assert await heard(agent="triage") == snapshot(
        ["step_started", "model_answered", "calls_judged", "handoff_proposed", "handoff_committed"]
    )
    assert await heard(agent="billing") == snapshot(
        [
            "handoff_proposed",
            "handoff_committed",
            "model_answered",
            "calls_judged",
            "tool_started",
            "tool_returned",
            "text_delta",
            "model_answered",
        ]
    )
    assert await heard(agent="nobody") == []
    assert await heard(agent="billing", kinds=("model_answered", "handoff_committed")) == snapshot(
        ["handoff_committed", "model_answered", "model_answered"]
    )


async def test_without_anything_said_a_listener_is_told_all():
    told: list[RunEvent] = []
    result = await Runner.run(desk(), "hello", config=RunConfig(listeners=(only(told.append),)))
    assert [event for event in told if event.seq] == list(result.events)


def test_a_kind_that_is_not_there_is_refused_with_the_one_that_was_meant():
    with pytest.raises(UserError) as refused:
        only(print, kinds=("model_answered", "tool_return"))
    said = str(refused.value)
    assert said.startswith("A run has no kind of event 'tool_return'; it has ['answer_cut', ")
    assert said.endswith("Did you mean 'tool_returned'?")


def test_what_cannot_listen_is_refused():
    async def later(event: RunEvent) -> None: ...

    for given in (later, "print"):
        with pytest.raises(UserError, match="a listener is a plain function of an event"):
            only(cast("Any", given))


class Screen:
    """Shows answers piece by piece, and clears what was withdrawn."""

    withdraws = True

    def __call__(self, event: RunEvent) -> None: ...


def test_who_is_shown_nothing_has_nothing_to_clear_and_who_is_must_hear_of_it():
    def shown(event: RunEvent) -> None: ...

    assert only(shown, kinds=("tool_returned",)).withdraws
    assert not only(shown, kinds=("text_delta", "answer_withdrawn")).withdraws
    assert not only(shown).withdraws
    assert only(Screen()).withdraws
    assert only(Screen(), agent="clerk").withdraws
    assert only(Screen(), kinds=("text_delta", "answer_withdrawn")).withdraws
    assert not only(Screen(), kinds=("text_delta",)).withdraws


def test_who_wants_no_pieces_says_so():
    assert only(Screen()).deltas
    assert only(Screen(), kinds=("text_delta",)).deltas
    assert not only(Screen(), kinds=("model_answered",)).deltas
    assert not only(Metrics()).deltas


async def test_a_listener_that_tells_runs_apart_still_does():
    metrics = Metrics()
    narrowed = only(metrics, agent="billing")
    await Runner.run(desk(), "hello", config=RunConfig(listeners=(narrowed,)))
    billing = metrics.by_agent["billing"]
    assert (billing.calls, billing.tools, billing.handoffs_taken) == (2, {"look": 1}, 1)
    assert narrowed.for_run() is not narrowed
    plain = only(print)
    assert plain.for_run() is plain
