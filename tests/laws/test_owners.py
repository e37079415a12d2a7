"""Several callers of one conversation: each message has one answer, its own, in order; no effect happens twice."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from hypothesis import given

from switchroom.events import (
    AnsweredWhileWaiting,
    PersonAsked,
    RunInterrupted,
    StepReturned,
    TurnAnswered,
    TurnCut,
    TurnStarted,
)
from tests.laws.callers import ONCE, Plan, Resumes, id_of, plans, text_of
from tests.laws.conversing import Desk, Played
from tests.laws.worlds import CONVERSATION
from tests.virtual import in_no_time


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "switchroom")


def label(text: str) -> str:
    return text.partition(" ")[0]


class Turn:
    """A turn as the journal has it."""

    def __init__(self, started: TurnStarted) -> None:
        self.started = started
        self.label = label(started.messages[0].text)
        self.attempts = 1
        self.output: str | None = None
        self.interrupted = False
        self.fallback = False
        self.asked = False


def history(played: Played) -> list[Turn]:
    """Return the turns of the journal, whose entries are a proper sequence."""
    turns: list[Turn] = []
    for event in played.store.memory.read(CONVERSATION):
        match event.fact:
            case TurnStarted(turn=number, attempt=1) as started:
                assert number == len(turns) + 1, "turns are numbered one after the other"
                assert not turns or turns[-1].output is not None, "a turn begins when the last has ended"
                turns.append(Turn(started))
            case TurnStarted(turn=number, attempt=attempt):
                assert (number, attempt) == (len(turns), turns[-1].attempts + 1)
                assert turns[-1].output is None, "a turn that has returned is not begun again"
                turns[-1].attempts = attempt
            case StepReturned(output=output) if event.path.count("/") == 1 and "while_waiting" not in event.path:
                assert turns[-1].output is None, "a turn returns once"
                turns[-1].output = output
            case RunInterrupted() | TurnCut():
                turns[-1].interrupted = True
            case TurnAnswered(fallback=True):
                turns[-1].fallback = True
            case PersonAsked():
                turns[-1].asked = True
            case _:
                pass
        assert event.path.startswith(f"turn#{len(turns)}"), "facts are those of the last turn"
    return turns


def check_the_turns(played: Played, turns: list[Turn]) -> None:
    """Each turn answers its own message; no message is recorded twice."""
    for turn in turns:
        assert turn.output is not None, f"{turn.label} was recorded, and has no answer"
        said = turn.interrupted or (turn.fallback and played.plan.faults) or turn.output == f"echo {turn.label}"
        assert said, f"{turn.label} got {turn.output!r}"
    aside = [e.fact.message.text for e in played.store.memory.read(CONVERSATION) if isinstance(e.fact, AnsweredWhileWaiting)]
    recorded = Counter([turn.label for turn in turns] + [label(text) for text in aside])
    assert all(count == 1 for count in recorded.values()), recorded


def check_the_callers(played: Played, turns: list[Turn]) -> None:
    """Each caller has the answer to its own message, or an error that is true."""
    taken_over = any(isinstance(other, Resumes) and other.takes_over for other in played.plan.others)
    recorded = {turn.label: turn for turn in turns}
    for number, outcome in played.outcomes.items():
        name = label(text_of(played.plan, number))
        turn = recorded.get(name)
        match outcome.end:
            case "answered":
                assert outcome.text == f"echo {name}", f"{name} got {outcome.text!r}"
            case "interrupted":
                assert turn is not None
                assert turn.interrupted
                assert outcome.turn == turn.started.turn
            case "waits":
                assert turn is not None
                assert outcome.turn == turn.started.turn
                assert turn.output is not None, "the answer came later"
            case "busy" if id_of(played.plan, number) is None:
                assert turn is None, "a message that was refused is not recorded"
            case "fallback":
                assert played.plan.faults
                assert turn is not None
                assert turn.fallback
                assert turn.output == outcome.text
            case "journal":
                assert played.plan.faults
            case "fenced":
                assert taken_over
            case "busy" | "meanwhile" | "cancelled":
                pass


def check_the_effects(played: Played) -> None:
    """No effect happened twice under one key, unless somebody took a turn from an attempt that was live."""
    if any(isinstance(other, Resumes) and other.takes_over for other in played.plan.others):
        return
    twice = {key: count for key, count in played.world.happened.items() if count > 1}
    assert not [key for key in twice if any(f"/{name}#" in key for name in ONCE)], twice


def check_the_order(played: Played, turns: list[Turn]) -> None:
    """Messages have their turns in the order in which they arrived; of one that was sent twice, either may be answered."""
    labels = [label(text_of(played.plan, number)) for number in played.arrived]
    sent = Counter(labels)
    arrivals = [labels.index(turn.label) for turn in turns if sent[turn.label] == 1]
    assert arrivals == sorted(arrivals), [turn.label for turn in turns]


def check(plan: Plan, *, ordered: bool) -> None:
    played = in_no_time(Desk(plan).play())
    turns = history(played)
    check_the_turns(played, turns)
    check_the_callers(played, turns)
    check_the_effects(played)
    if ordered:
        check_the_order(played, turns)
    assert not played.queued, "nobody is left in the queue"


@given(plans())
def test_each_message_has_one_answer_and_no_effect_happens_twice(plan: Plan):
    check(plan, ordered=not plan.faults)


@given(plans(calm=True))
def test_in_calm_messages_are_answered_in_order_of_arrival(plan: Plan):
    check(plan, ordered=True)
