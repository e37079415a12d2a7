"""What is known of an agent's run: folded from the facts at its path, and from nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from switchroom.history import History
from switchroom.messages import Message
from switchroom.rules.calls import Call as Call
from switchroom.rules.calls import Calls, ManyCalls, with_replaced
from switchroom.rules.calls import Consent as Consent
from switchroom.rules.live import Live
from switchroom.rules.results import NO_RESULTS, Results


class Frame(msgspec.Struct, frozen=True, gc=False):
    """An asker that waits for the conversation to come back, and whom it asked."""

    asker: str
    target: str


class Due(msgspec.Struct, frozen=True, gc=False):
    """Until when (seconds since the epoch) the target has to answer first, else the asker has the conversation again."""

    asker: str
    target: str
    at: float


class Summarised(msgspec.Struct, frozen=True, gc=False):
    """What the first `upto` messages of a history came to, in the words of an agent."""

    upto: int
    text: str


class State(msgspec.Struct, frozen=True, gc=False):
    """An agent's run.

    Args:
        agent: who has the conversation.
        history: all that was said, in this turn and those before.
        guarded: input guardrails wait for the input, which is the last `fresh` messages.
        heard: how many messages of the history the last answer's model was asked with, and the answer itself.
        answers: the number of the last answer in paths. An interruption takes a number too.
        asked: how many answers models gave in this run in the turn, for `max_turns`. An answer that was cut, and one that came
            after a handoff's deadline, count: each was paid for.
        spoke: something was said in this run in the turn before the last answer, beside calls or until an interruption.
        faults: how often in a row a model got something wrong.
        retries: how many answers in a row had a call after which the tool told the model to call again.
        asker: who was asked for the answer that `calls` belong to.
        disabled: the names of the tools and handoffs that were not enabled when that answer was asked for.
        calls: the calls of that answer; () when there is nothing to deal with.
        answer: an answer without calls that is to be judged.
        replaced: what an output guardrail put in its place.
        frames: who waits for the conversation to come back, the last asker last.
        due: the deadline of the last handoff, until its target answered.
        trail: the handoffs since anything new came up, and `TRIED` where tools told the same again in between.
        seen: what tools told in this turn, to know what is new.
        learned: the same, shortened, for the next brief.
        summary: what models see in place of the oldest messages, where an agent summarised them.
        asides: messages that came while a person was asked, and their answers; they follow the results of the calls.
    output: what the run returned, as JSON, once it is `finished`.
        live: what a live session knows besides; None of what is none.
    """

    agent: str = ""
    history: History = History()
    guarded: bool = False
    fresh: int = 0
    heard: int = 0
    answers: int = 0
    asked: int = 0
    spoke: bool = False
    faults: int = 0
    retries: int = 0
    asker: str = ""
    disabled: tuple[str, ...] = ()
    calls: Calls = ()
    answer: Message | None = None
    replaced: bool = False
    frames: tuple[Frame, ...] = ()
    due: Due | None = None
    trail: tuple[tuple[str, str], ...] = ()
    seen: Results = NO_RESULTS
    learned: tuple[str, ...] = ()
    summary: Summarised | None = None
    asides: tuple[Message, ...] = ()
    output: Any = None
    finished: bool = False
    live: Live | None = None


class GoingOn(msgspec.Struct, frozen=True):
    """An input of an agent's run that goes on from what is known, as the next turn of a conversation does.

    Args:
        before: what it goes on from.
        messages: what is new.
    """

    before: State
    messages: tuple[Message, ...]


TRIED = ("", "")
"""Stands in a trail for tools that were called since, and told nothing new."""

LEARNED = 200
"""Characters of a tool's result that a brief carries."""

NO_RUN = State()
"""The fold of what is no agent's run."""


def carried(state: State) -> State:
    """What a turn leaves to the next: who has the conversation, what was said, who waits for it to come back.

    Calls that never came to an end are closed, so that the history stays one that models accept.
    """
    history = state.history
    if state.guarded:  # the input tripped a guardrail: no model is to see it
        history = history.without_last(state.fresh)
    if state.answer is not None:  # a guardrail refused it: it was never given
        history = history.without_last(1)
    if state.calls:
        history = history.plus(*(result_of(call, _left_over(call)) for call in state.calls), *state.asides)
    live = None if state.live is None else replace(state.live, answered=False, tail=0)
    return State(
        agent=state.agent, history=history, heard=history.length, frames=state.frames, summary=state.summary, live=live
    )


def tried_again(state: State) -> State:
    """The state with which another attempt goes on: its model may have mended its ways."""
    return replace(state, faults=0, retries=0)


def result_of(call: Call, text: str) -> Message:
    """The tool's message that answers a call."""
    return Message("tool", text, call_id=call.call.id)


def settled(state: State) -> State:
    """The state, its calls entered into the history in their order once each has a result."""
    calls = state.calls
    if isinstance(calls, ManyCalls):
        if calls.unanswered:
            return state
    else:
        for call in calls:
            if call.text is None:
                return state
    results: list[Message] = []
    retries = 0
    for call in calls:
        results.append(Message("tool", call.text or "", call_id=call.call.id))
        if call.again:
            retries = state.retries + 1
    history = state.history.plus(*results, *state.asides)
    return replace(state, history=history, calls=(), learned=learned(state), asides=(), retries=retries)


def learned(state: State) -> tuple[str, ...]:
    """What tools told since the last handoff, shortened, in the order of the calls."""
    told = state.learned
    for call in state.calls:
        if call.kind in ("tool", "step", "return") and call.text is not None:
            told = (*told[-7:], f"{call.call.name}: {call.text[:LEARNED]}")
    return told


def with_call(state: State, index: int, call: Call) -> State:
    """The state with one of its calls replaced."""
    calls = state.calls
    return replace(state, calls=(call,) if len(calls) == 1 else with_replaced(calls, index, call))


def _left_over(call: Call) -> str:
    if call.text is not None:
        return call.text
    return "[not known whether this happened: the turn broke off]" if call.started else "[not done: the turn broke off]"
