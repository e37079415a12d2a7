"""Recorded work of a retail desk, over specialists: each call once, in order, by its owner, and nothing is lost on the way."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from switchroom import Message, RunConfig, Runner, RunResult
from switchroom.events import CallsJudged, HandoffCommitted, ToolReturned
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import ScriptedModel, call
from tests.traces.desk import ENTRY, Desk, Json, expected, script, traces

TRACES = traces()
OF_EACH = pytest.mark.parametrize("trace", TRACES, ids=[trace["id"] for trace in TRACES])


async def played(trace: Json, answers: Sequence[Reply] | None = None) -> tuple[Desk, RunResult[Any], list[ModelRequest]]:
    """The trace played from its entry to its end."""
    desk = Desk(trace)
    model = ScriptedModel(script(trace["steps"]) if answers is None else answers)
    config = RunConfig(model=model, journal=MemoryJournal(), max_turns=200)
    result = await Runner.run(desk.team, trace["instruction"], config=config, conversation=trace["id"])
    return desk, result, model.requests


def moves(trace: Json) -> list[tuple[str, str]]:
    """The changes of specialist that a trace makes."""
    way = [ENTRY, *(step["agent"] for step in trace["steps"])]
    return [(one, other) for one, other in pairwise(way) if one != other]


def joined(several: Sequence[Json]) -> Json:
    """Traces over different records as one, one after the other."""
    whole: Json = {"id": "+".join(trace["id"] for trace in several), "instruction": "all of it, please"}
    for part in ("steps", "final_changes"):
        whole[part] = [one for trace in several for one in trace[part]]
    whole["initial_records"] = {key: copy.deepcopy(one) for trace in several for key, one in trace["initial_records"].items()}
    whole["handoffs"] = len(moves(whole))
    return whole


def apart(several: Sequence[Json]) -> list[Json]:
    """As many of the traces as share no record."""
    chosen: list[Json] = []
    taken: set[str] = set()
    for trace in several:
        if not taken & trace["initial_records"].keys():
            taken |= trace["initial_records"].keys()
            chosen.append(trace)
    return chosen


ALL_AT_ONCE = joined(apart(TRACES))


def observations(messages: Sequence[Message]) -> list[str]:
    """What tools told, without the briefs of handoffs."""
    return [m.text for m in messages if m.role == "tool" and "puts the conversation through to you" not in m.text]


def check(trace: Json, desk: Desk, result: RunResult[Any], requests: Sequence[ModelRequest]) -> None:
    """All that holds of a trace that was played."""
    steps: list[Json] = trace["steps"]
    assert result.final_output == "done"
    assert desk.made == [(step["agent"], step["tool"], step["args"]) for step in steps]
    assert desk.records == expected(trace)
    returned = [fact for fact in result.facts if isinstance(fact, ToolReturned)]
    assert [(fact.agent, fact.tool, fact.text) for fact in returned] == [
        (step["agent"], step["tool"], step["observation"]) for step in steps
    ]
    committed = [fact for fact in result.facts if isinstance(fact, HandoffCommitted)]
    assert [(fact.source, fact.target) for fact in committed] == moves(trace)
    assert len(committed) == trace["handoffs"]
    assert not any(
        verdict.kind == "refused" for fact in result.facts if isinstance(fact, CallsJudged) for verdict in fact.verdicts
    )
    assert result.last_agent is not None
    assert result.last_agent.name == (steps[-1]["agent"] if steps else ENTRY)
    assert len(requests) == len(steps) + len(committed) + 1
    check_what_is_known(steps, requests)


def check_what_is_known(steps: Sequence[Json], requests: Sequence[ModelRequest]) -> None:
    """Whoever is asked knows all that was observed so far, by whomever, in its order, and why the conversation came to them."""
    before = ENTRY
    for request in requests:
        seen = observations(request.messages)
        assert seen == [step["observation"] for step in steps[: len(seen)]]
        if len(seen) < len(steps) and steps[len(seen)]["agent"] == request.agent:
            assert steps[len(seen)]["tool"] in [spec.name for spec in request.tools]
        if request.agent != before:
            newest = request.messages[-1].text
            assert newest.startswith(f"{before} puts the conversation through to you.")
            assert f"Reason: {steps[len(seen)]['tool']} is for {request.agent}" in newest
            before = request.agent
    assert len(observations(requests[-1].messages)) == len(steps)


@OF_EACH
async def test_each_recorded_call_is_made_once_in_order_by_its_owner(trace: Json):
    check(trace, *await played(trace))


async def test_many_traces_in_one_run_hand_over_again_and_again_and_lose_nothing():
    assert ALL_AT_ONCE["handoffs"] >= 8
    assert len(set(moves(ALL_AT_ONCE))) >= 3

    check(ALL_AT_ONCE, *await played(ALL_AT_ONCE))


async def test_traces_as_turns_of_one_conversation_go_on_where_the_last_one_ended():
    parts = [trace for trace in apart(TRACES) if trace["steps"]]
    desk = Desk(joined(parts))
    journal = MemoryJournal()
    active, seen = ENTRY, 0
    for number, trace in enumerate(parts, start=1):
        model = ScriptedModel(script(trace["steps"], active))
        config = RunConfig(model=model, journal=journal, max_turns=50)
        result = await Runner.run(desk.team, trace["instruction"], config=config, conversation="c")

        assert model.requests[0].agent == active
        assert len(observations(model.requests[0].messages)) == seen
        active, seen = trace["steps"][-1]["agent"], seen + len(trace["steps"])
        assert result.turn == number
        assert result.last_agent is not None
        assert result.last_agent.name == active

    assert desk.made == [(step["agent"], step["tool"], step["args"]) for trace in parts for step in trace["steps"]]
    assert desk.records == expected(joined(parts))


async def test_calls_of_one_specialist_in_one_answer_change_the_records_in_their_order():
    trace = max(TRACES, key=lambda trace: len(trace["steps"]))
    steps = trace["steps"]
    together: list[Reply] = [
        call(f"transfer_to_{steps[0]['agent']}"),
        [call(step["tool"], **step["args"]) for step in steps],
        "done",
    ]

    desk, result, requests = await played(trace, together)

    assert desk.records == expected(trace)
    assert observations(result.messages) == [step["observation"] for step in steps]
    assert len(requests) == 3


async def test_a_tool_named_like_a_handoff_is_a_tool():
    trace: Json = TRACES[0] | {
        "steps": [
            {
                "agent": "human",
                "tool": "transfer_to_human_agents",
                "args": {"summary": "the customer wants to talk to a person"},
                "observation": "Transfer successful",
                "is_error": False,
                "patch": [],
            }
        ],
        "final_changes": [],
        "handoffs": 1,
    }

    check(trace, *await played(trace))


async def test_a_call_by_whom_does_not_own_the_tool_is_refused_and_changes_nothing():
    trace = TRACES[0]
    [step] = trace["steps"]
    answers: list[Reply] = [call(step["tool"], **step["args"]), *script(trace["steps"])]

    desk, result, _ = await played(trace, answers)

    assert desk.made == [(step["agent"], step["tool"], step["args"])]
    assert desk.records == expected(trace)
    assert any("has no tool" in message.text for message in result.messages)
