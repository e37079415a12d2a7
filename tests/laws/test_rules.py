"""The rules are pure and total: whatever may happen next, they say what to do, and say the same when they are asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from switchroom import Message
from switchroom.events import (
    AnswerCut,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    CallKind,
    CallsJudged,
    CircleBroken,
    EffectCleared,
    Fact,
    GuardTripped,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffProposed,
    HandoffReturned,
    InputJudged,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    StateChanged,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
    ValueDrawn,
    Verdict,
)
from switchroom.events.codec import VERSION, decode, encode
from switchroom.history import History
from switchroom.messages import ToolCall
from switchroom.rules import commands
from switchroom.rules.commands import AnyCommand
from switchroom.rules.decide import decide
from switchroom.rules.evolve import evolve
from switchroom.rules.limits import MAX_FAULTS
from switchroom.rules.state import Call, Due, Frame, State, carried
from tests.examples import times

AGENTS = ("ann", "bob", "cyd")
EFFECTS = ("read", "idempotent", "compensable", "irreversible")
agents = st.sampled_from(AGENTS)
effects = st.sampled_from(EFFECTS)
words = st.sampled_from(["", "one", "two", "three"])
messages = st.builds(Message, st.sampled_from(["user", "assistant"]), words)


def answers(agent: str) -> st.SearchStrategy[Message]:
    """What a model may answer: text, calls, or both."""
    calls = st.lists(st.sampled_from(["t", "u", "transfer"]), max_size=4).map(
        lambda names: tuple(ToolCall(name, {}, f"id{i}") for i, name in enumerate(names))
    )
    return st.builds(Message, st.just("assistant"), words, calls=calls, agent=st.just(agent))


def judged(draw: st.DrawFn, state: State, agent: str) -> list[Fact]:
    """A verdict for each call; one handoff at most, and back only to who waits."""
    verdicts: list[Verdict] = []
    kinds: list[CallKind] = ["tool", "tool", "step", "refused", "handoff"]
    if state.frames:
        kinds.append("return")
    for _ in state.calls:
        kind = draw(st.sampled_from(kinds))
        if kind in ("handoff", "return"):
            kinds = ["tool", "step", "refused"]
        target = state.frames[-1].asker if kind == "return" else draw(agents.filter(lambda name: name != agent))
        approval = kind in ("tool", "step") and draw(st.booleans())
        args = draw(st.none() | st.just({"n": 1})) if kind == "tool" else None
        verdicts.append(Verdict(kind, draw(effects), approval, target, draw(words), args))
    return [CallsJudged(agent, tuple(verdicts))]


def called(draw: st.DrawFn, state: State, indexes: Sequence[int]) -> list[Fact]:
    """Calls that begin in their order and end in any other, or do not end because the process dies."""
    facts: list[Fact] = [ToolStarted(i, state.asker, state.calls[i].call.name) for i in indexes if not state.calls[i].started]
    for i in draw(st.permutations(list(indexes))):
        tool = state.calls[i].call.name
        returned = ToolReturned(i, state.asker, tool, draw(words), draw(st.booleans()))
        failed = ToolFailed(i, state.asker, tool, "ValueError", "no")
        facts += draw(st.sampled_from([(returned,), (returned,), (failed,), (ToolSuspended(i, tool),), ()]))
    return facts


def asked(state: State, index: int, question: Any) -> PersonAsked:
    """A question about a call."""
    return PersonAsked(index, f"{state.answers}.{index}.{question}", state.asker, state.calls[index].call.name, {}, question)


def handed(draw: st.DrawFn, state: State, index: int) -> list[Fact]:
    """A handoff that the target takes or not."""
    source, target = state.asker, state.calls[index].target
    proposed = HandoffProposed(index, source, target)
    committed = HandoffCommitted(
        index,
        source,
        target,
        f"{source} puts the conversation through to you.",
        learned=state.learned,
        returns=draw(st.booleans()),
        due=draw(st.none() | st.just(1.0)),
        messages=draw(st.none() | st.lists(messages, max_size=2).map(tuple)),
    )
    return [proposed, draw(st.sampled_from([committed, HandoffDeclined(index, source, target, "no")]))]


def finishing(draw: st.DrawFn, agent: str) -> list[Fact]:
    """What may come of an answer that is judged."""
    outcomes: list[list[Fact]] = [
        [StepReturned("done")],
        [AnswerRejected(agent, "no")],
        [AnswerWithdrawn(agent, "no"), AnswerReplaced(agent, "other")],
        [AnswerWithdrawn(agent, "no"), GuardTripped(agent, "guard", "no")],
    ]
    return draw(st.sampled_from(outcomes))


def reconciled(draw: st.DrawFn, state: State, index: int) -> list[Fact]:
    """What may be found out about a call that a crash left unknown."""
    tool = state.calls[index].call.name
    known = [EffectCleared(index, tool), ToolReturned(index, state.asker, tool, "it had happened")]
    return [draw(st.sampled_from([*known, asked(state, index, "unknown_effect")]))]


def told(draw: st.DrawFn, state: State) -> list[Fact]:
    """A person's answer to one of the questions that are open."""
    open_questions = [
        i for i, call in enumerate(state.calls) if call.text is None and (call.consent == "asked" or call.unsettled)
    ]
    index = draw(st.sampled_from(open_questions))
    return [PersonAnswered(index, "id", draw(st.booleans()), draw(words))]


def what_may_happen(draw: st.DrawFn, state: State, command: AnyCommand) -> list[Fact]:
    """Facts that may come of a command."""
    match command:
        case commands.JudgeInput():
            return [InputJudged(state.agent, draw(st.none() | st.lists(messages, max_size=2).map(tuple)))]
        case commands.AskModel(agent=agent):
            if state.due is not None and draw(st.booleans()):
                return [HandoffExpired(state.due.asker, state.due.target)]
            return [ModelAnswered(agent, draw(answers(agent)))]
        case commands.JudgeCalls(agent=agent):
            return judged(draw, state, agent)
        case commands.CallTools(indexes=indexes):
            return called(draw, state, indexes)
        case commands.CallTool(index=index):
            return called(draw, state, (index,))
        case commands.Reconcile(index=index):
            return reconciled(draw, state, index)
        case commands.AskPerson(indexes=indexes):
            return [asked(state, i, "approval") for i in indexes]
        case commands.Wait():
            return told(draw, state)
        case commands.HandOver(index=index):
            return handed(draw, state, index)
        case commands.HandBack(index=index):
            return [HandoffReturned(index, state.asker, state.frames[-1].asker, "back to you")]
        case commands.BreakCircle(index=index):
            return [CircleBroken(index, state.asker, state.calls[index].target, draw(st.sampled_from(["", *AGENTS])))]
        case commands.Finish():
            return finishing(draw, state.agent)
        case commands.GiveUp():
            return [StepFailed("ModelMisbehaved", "no")]


def besides(draw: st.DrawFn, state: State) -> list[Fact]:
    """What may happen at any time, whatever was asked for: mostly nothing."""
    if draw(st.integers(0, 5)):
        return []
    cut = AnswerCut(state.agent, "what was said", draw(st.sampled_from(["", "what"])), Message("user", "wait!"))
    return [draw(st.sampled_from([cut, StateChanged({"n": 1}), ValueDrawn("now", 1.0)]))]


def seen_through(state: State) -> str:
    """All that a state holds, to find out whether somebody changed it."""
    return repr(state)


@st.composite
def walks(draw: st.DrawFn) -> tuple[list[Fact], list[tuple[State, AnyCommand | None]]]:
    """A run as it may go: its facts, and each state in which the rules were asked, with what they said."""
    agent = draw(agents)
    facts: list[Fact] = [
        StepStarted("team", "f", agent=agent, messages=(Message("user", "hello"),), guarded=draw(st.booleans()))
    ]
    state = evolve(State(), cast("Any", facts[0]))
    asked_for: list[tuple[State, AnyCommand | None]] = []
    for _ in range(draw(st.integers(1, 25))):
        command = decide(state)
        asked_for.append((state, command))
        if command is None:
            break
        happened = what_may_happen(draw, state, command)
        for fact in [*happened, *besides(draw, state)]:
            if state.finished:
                break
            state = evolve(state, cast("Any", fact))
            facts.append(fact)
    asked_for.append((state, decide(state)))
    return facts, asked_for


WALKS = settings(max_examples=times(60), deadline=None)


@WALKS
@given(walks())
def test_asked_again_the_rules_say_the_same_and_have_changed_nothing(
    walk: tuple[list[Fact], list[tuple[State, AnyCommand | None]]],
):
    for state, command in walk[1]:
        before = seen_through(state)
        assert decide(state) == command
        assert decide(replace(state, history=History(state.history))) == command
        assert seen_through(state) == before


@WALKS
@given(walks())
def test_the_same_facts_make_the_same_state_also_from_a_journals_bytes(
    walk: tuple[list[Fact], list[tuple[State, AnyCommand | None]]],
):
    live, replayed = State(), State()
    for fact in walk[0]:
        before = seen_through(live)
        after = evolve(live, cast("Any", fact))
        body, blobs = encode(fact)
        replayed = evolve(replayed, decode(VERSION, body, blobs.__getitem__))
        assert seen_through(live) == before
        assert after == replayed
        live = after


@WALKS
@given(walks())
def test_a_model_is_asked_only_with_each_call_followed_by_its_result(
    walk: tuple[list[Fact], list[tuple[State, AnyCommand | None]]],
):
    for state, command in walk[1]:
        if isinstance(command, commands.AskModel):
            assert state.calls == ()
            assert torn(state.history) == []
        assert torn(carried(state).history) == []


def torn(history: Sequence[Message]) -> list[str]:
    """The calls that are not followed at once by one result each, in their order."""
    faults: list[str] = []
    for i, message in enumerate(history):
        results = history[i + 1 : i + 1 + len(message.calls)]
        if [(one.role, one.call_id) for one in results] != [("tool", call.id) for call in message.calls]:
            faults.append(f"{i}: {message}")
    return faults


@WALKS
@given(walks())
def test_nothing_is_called_twice_that_must_not_be_and_nothing_without_consent(
    walk: tuple[list[Fact], list[tuple[State, AnyCommand | None]]],
):
    for state, command in walk[1]:
        if isinstance(command, commands.CallTools):
            for call in (state.calls[i] for i in command.indexes):
                assert call.text is None
                assert call.consent in ("free", "given")
                assert not call.started or call.inside or call.kind == "step" or call.effect in ("read", "idempotent")
        if isinstance(command, commands.HandOver | commands.HandBack | commands.BreakCircle):
            others = [call for i, call in enumerate(state.calls) if i != command.index]
            assert all(call.text is not None for call in others), "the handoff comes last"
        if isinstance(command, commands.Finish):
            assert state.answer is not None
        if isinstance(command, commands.AskModel):
            assert state.faults <= MAX_FAULTS


calls = st.builds(
    Call,
    st.builds(ToolCall, words, st.just({}), words),
    kind=st.sampled_from(["", "tool", "step", "handoff", "return", "refused"]),
    effect=effects,
    consent=st.sampled_from(["free", "needed", "asked", "given"]),
    target=agents,
    started=st.booleans(),
    inside=st.booleans(),
    unsettled=st.booleans(),
    text=st.none() | words,
)
states: st.SearchStrategy[State] = st.builds(
    State,
    agent=agents,
    history=st.lists(messages, max_size=3).map(History),
    guarded=st.booleans(),
    answers=st.integers(0, 30),
    faults=st.integers(0, MAX_FAULTS + 2),
    asker=agents,
    calls=st.lists(calls, max_size=4).map(tuple),
    answer=st.none() | messages,
    replaced=st.booleans(),
    frames=st.lists(st.builds(Frame, agents, agents), max_size=2).map(tuple),
    due=st.none() | st.builds(Due, agents, agents, st.just(1.0)),
    trail=st.lists(st.tuples(agents, agents), max_size=3).map(tuple),
    finished=st.booleans(),
)


@settings(max_examples=times(100), deadline=None)
@given(states)
def test_the_rules_have_an_answer_to_any_state_at_all(state: State):
    before = seen_through(state)

    command = decide(state)

    assert (command is None) == state.finished
    assert decide(state) == command
    assert seen_through(state) == before
