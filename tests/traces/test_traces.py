"""Recorded work of two desks, over specialists: each call once, in order, by its owner, and nothing is lost on the way."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from switchroom import RunConfig, Runner
from switchroom.events import HandoffCommitted
from switchroom.reply import Reply
from switchroom.testing import ScriptedModel, call
from tests.traces.desk import Desk
from tests.traces.fronts import function, message
from tests.traces.played import check, played
from tests.traces.recordings import Recording, Turn, airline, retail
from tests.traces.records import Json
from tests.traces.script import Script

RETAIL, AIRLINE = retail(), airline()
OF_EACH = pytest.mark.parametrize("recording", [*RETAIL, *AIRLINE], ids=lambda recording: recording.id)


def joined(several: Sequence[Recording]) -> Recording:
    """Recordings over different records as one, one turn after the other."""
    before: Json = {}
    after: Json = {}
    for recording in several:
        for whole, part in ((before, recording.before), (after, recording.after)):
            for kind, records in copy.deepcopy(part).items():
                whole.setdefault(kind, {}).update(records)
    turns = tuple(turn for recording in several for turn in recording.turns)
    whole = Recording(f"{several[0].id} and {len(several) - 1} more", several[0].desk, turns, before, after, 0)
    return replace(whole, handoffs=len(whole.moves))


def apart(several: Sequence[Recording]) -> list[Recording]:
    """As many of the recordings as share no record."""
    chosen: list[Recording] = []
    taken: set[tuple[str, str]] = set()
    for recording in several:
        touched = {(kind, name) for kind, records in recording.before.items() for name in records}
        if not taken & touched:
            taken |= touched
            chosen.append(recording)
    return chosen


@OF_EACH
async def test_each_recorded_call_is_made_once_in_order_by_its_owner(recording: Recording):
    script = Script(recording)

    play = await played(recording, function(script))

    check(recording, script, play)


async def test_many_traces_in_one_turn_hand_over_again_and_again_and_lose_nothing():
    every = joined(apart(RETAIL))
    at_once = replace(every, turns=(Turn("all of it, please", tuple(every.steps)),))
    assert at_once.handoffs >= 20
    assert len(set(at_once.moves)) >= 3
    script = Script(at_once)

    check(at_once, script, await played(at_once, function(script)))


async def test_traces_as_turns_of_one_conversation_go_on_where_the_last_one_ended():
    every = joined(apart(RETAIL))
    assert len(every.turns) >= 50
    script = Script(every)

    check(every, script, await played(every, function(script)))


async def test_calls_of_one_specialist_in_one_answer_change_the_records_in_their_order():
    recording = max(RETAIL, key=lambda recording: len(recording.steps))
    script = Script(recording, together=True)
    assert [len(answer.calls) for answer in script.answers] == [1, len(recording.steps), 0]

    check(recording, script, await played(recording, function(script)))


async def test_a_tool_named_like_a_handoff_is_a_tool():
    [recording] = [one for one in AIRLINE if one.id == "airline-1-trial2"]
    script = Script(recording)

    play = await played(recording, function(script))

    check(recording, script, play)
    assert [fact.target for fact in play.facts(HandoffCommitted)] == ["human"]
    assert [(owner, tool) for owner, tool, _ in play.desk.made] == [("human", "transfer_to_human_agents")]


async def test_a_call_by_whom_does_not_own_the_tool_is_refused_and_changes_nothing():
    recording = RETAIL[0]
    [step] = recording.steps
    answers: list[Reply] = [call(step.tool, **step.args), *map(message, Script(recording).answers)]
    desk = Desk(recording)
    config: Any = RunConfig(model=ScriptedModel(answers))

    result = await Runner.run(desk.team, recording.turns[0].said, config=config)

    assert desk.made == [(step.agent, step.tool, step.args)]
    assert desk.records == recording.after
    assert any("has no tool" in message.text for message in result.messages)
