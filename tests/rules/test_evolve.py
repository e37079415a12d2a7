"""What each fact makes of an agent's run, family by family."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from msgspec.structs import replace

from switchroom.events import (
    AnswerCut,
    AnsweredInPart,
    AnsweredWhileWaiting,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    AnyFact,
    AttemptHeld,
    AttemptReleased,
    BudgetDegraded,
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
    HistorySummarised,
    InputJudged,
    ModelAnswered,
    PersonAnswered,
    PersonAsked,
    QuorumReached,
    RouteDecided,
    RunInterrupted,
    StateChanged,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
    TurnStarted,
    ValueDrawn,
    Verdict,
)
from switchroom.history import History
from switchroom.messages import Message, ToolCall
from switchroom.rules.evolve import evolve
from switchroom.rules.results import NO_RESULTS
from switchroom.rules.state import LEARNED, TRIED, Call, Due, Frame, State, carried, tried_again
from tests.helpers import texts
from tests.rules.sessions import SESSION_SAMPLES

ASK = Message("user", "where is it?")
HELLO = Message("assistant", "hello", agent="clerk")
LOOK = ToolCall("look", {"n": 1}, "a")
MOVE = ToolCall("move", {}, "b")
CALLING = Message("assistant", calls=(LOOK, MOVE), agent="clerk")
TOOL = Verdict("tool", "read")


def after(state: State, *facts: AnyFact) -> State:
    """The state after facts."""
    for fact in facts:
        state = evolve(state, fact)
    return state


BEGUN = State(agent="clerk", history=History([ASK]), fresh=1)
CALLED = after(BEGUN, ModelAnswered("clerk", CALLING))
JUDGED = after(CALLED, CallsJudged("clerk", (TOOL, TOOL)))


def putting_through(*verdicts: Verdict, **known: Any) -> State:
    """The state after an answer whose calls were judged so."""
    calls = tuple(ToolCall("put_through", {}, str(n)) for n in range(len(verdicts)))
    state = after(replace(BEGUN, **known), ModelAnswered("clerk", Message("assistant", calls=calls, agent="clerk")))
    return after(state, CallsJudged("clerk", verdicts))


HANDING = putting_through(Verdict("handoff", target="sales"))

SAMPLES: tuple[Fact, ...] = (
    TurnStarted(1, 1, "clerk"),
    AttemptHeld(("look",)),
    AttemptReleased(),
    AnsweredWhileWaiting(Message("user", "well?"), "One moment."),
    ToolReturnedLate(1, 0, "clerk", "look", "late"),
    RunInterrupted("clerk", "said", "sa"),
    StateChanged({"cents": 1}),
    StepStarted("clerk", "f"),
    StepReturned("x"),
    StepFailed("ValueError", "x"),
    ValueDrawn("now", 1.0),
    InputJudged("clerk"),
    ModelAnswered("clerk", HELLO),
    AnswerRejected("clerk", "empty"),
    AnswerReplaced("clerk", "x"),
    HistorySummarised("clerk", 1, "they said hello"),
    AnswerWithdrawn("clerk", "x"),
    AnswerCut("clerk", "hello", "hel", ASK),
    GuardTripped("clerk", "polite", "rude"),
    CallsJudged("clerk", (TOOL, TOOL)),
    ToolStarted(0, "clerk", "look"),
    ToolReturned(0, "clerk", "look", "x"),
    ToolFailed(0, "clerk", "look", "ValueError", "x"),
    ToolSuspended(0, "look"),
    EffectCleared(0, "look"),
    PersonAsked(0, "q", "clerk", "look", {}),
    PersonAnswered(0, "q", True),
    HandoffProposed(0, "clerk", "sales"),
    HandoffDeclined(0, "clerk", "sales", "closed"),
    HandoffCommitted(0, "clerk", "sales", "brief"),
    HandoffReturned(0, "sales", "clerk", "sold"),
    HandoffExpired("clerk", "sales"),
    CircleBroken(0, "clerk", "sales"),
    RouteDecided("sales", "sales", 0.9),
    QuorumReached(("a",), ("b",)),
    BudgetDegraded("fewer_voters", "tokens", 0.8),
    AnsweredInPart({"b": "ConnectionError: gone"}),
    *SESSION_SAMPLES,
)


def test_there_is_a_sample_of_every_kind_of_fact():
    assert {type(fact) for fact in SAMPLES} == set(get_args(AnyFact))


@pytest.mark.parametrize("fact", SAMPLES, ids=lambda fact: type(fact).__name__)
def test_every_kind_of_fact_has_its_case_and_changes_nothing_in_the_state_before(fact: Any):
    before, said = JUDGED, list(JUDGED.history)
    assert isinstance(evolve(before, fact), State)
    assert list(before.history) == said
    assert before.calls == (Call(LOOK, "tool", "read"), Call(MOVE, "tool", "read"))


@pytest.mark.parametrize(
    "fact",
    [
        TurnStarted(1, 2, "clerk"),
        StepFailed("ValueError", "x"),
        ValueDrawn("uuid", "x"),
        AnswerWithdrawn("clerk", "x"),
        GuardTripped("clerk", "polite", "rude"),
        ToolFailed(0, "clerk", "look", "ValueError", "x"),
        HandoffProposed(0, "clerk", "sales"),
        RouteDecided("sales", "sales", 0.9),
        QuorumReached(("a",), ("b",)),
        BudgetDegraded("fewer_voters", "tokens", 0.8),
        AnsweredInPart({"b": "ConnectionError: gone"}),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_a_fact_that_is_only_kept_leaves_the_run_as_it_is(fact: Any):
    assert evolve(JUDGED, fact) is JUDGED


# steps and turns ------------------------------------------------------------------------------------------------------


def test_a_run_begins_with_who_has_the_conversation_and_what_was_said_now():
    before = State(history=History([ASK, HELLO]))
    state = after(before, StepStarted("team", "f", agent="clerk", messages=(ASK, ASK), guarded=True))
    assert (state.agent, state.fresh, state.guarded) == ("clerk", 2, True)
    assert list(state.history) == [ASK, HELLO, ASK, ASK]


def test_a_run_ends_with_its_output_and_no_answer_to_be_judged():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), StepReturned({"n": 1}))
    assert (state.finished, state.output, state.answer) == (True, {"n": 1}, None)


def test_a_changed_state_is_something_new():
    assert after(replace(BEGUN, trail=(("a", "b"),)), StateChanged({"n": 1})).trail == ()


# answers --------------------------------------------------------------------------------------------------------------


def test_an_answer_without_calls_is_to_be_judged():
    state = after(BEGUN, ModelAnswered("clerk", HELLO))
    assert (state.answer, state.calls, state.answers, state.asker) == (HELLO, (), 1, "clerk")
    assert list(state.history) == [ASK, HELLO]


def test_an_answer_with_calls_is_no_answer_yet():
    assert (CALLED.answer, CALLED.calls, CALLED.asker) == (None, (Call(LOOK), Call(MOVE)), "clerk")


def test_the_first_answer_ends_a_handoffs_deadline():
    assert after(replace(BEGUN, due=Due("triage", "clerk", 7.0)), ModelAnswered("clerk", HELLO)).due is None


def test_an_input_that_passed_stays_and_one_that_was_replaced_goes():
    guarded = replace(BEGUN, history=History([HELLO, ASK]), guarded=True)
    passed = after(guarded, InputJudged("clerk"))
    replaced = after(guarded, InputJudged("clerk", (Message("user", "***"),)))
    assert (passed.guarded, list(passed.history)) == (False, [HELLO, ASK])
    assert (replaced.guarded, list(replaced.history)) == (False, [HELLO, Message("user", "***")])


def test_a_replaced_answer_is_what_was_said():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), AnswerReplaced("clerk", "good day"))
    assert state.replaced
    assert state.answer == Message("assistant", "good day", agent="clerk")
    assert texts(state.history) == [("user", "where is it?"), ("clerk", "good day")]


def test_a_rejected_answer_is_a_fault_of_which_the_model_is_told():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), AnswerRejected("clerk", "it is too short"))
    assert (state.answer, state.replaced, state.faults) == (None, False, 1)
    assert state.history[-1] == Message("system", "[Your answer could not be used: it is too short. Answer again.]")


def test_a_rejected_answer_that_had_been_replaced_is_no_longer_replaced():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), AnswerReplaced("clerk", "x"), AnswerRejected("clerk", "no"))
    assert not state.replaced


STOP = Message("user", "stop")


def test_of_an_answer_that_was_cut_only_what_was_heard_stays():
    state = after(BEGUN, AnswerCut("clerk", "it is in the post", "it is in", STOP))
    assert texts(state.history) == [("user", "where is it?"), ("clerk", "it is in"), ("user", "stop")]
    assert (state.answers, state.fresh, state.guarded) == (1, 1, False)


def test_an_answer_of_which_nothing_was_heard_was_not_given():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), AnswerCut("clerk", "hello", "", STOP, guarded=True))
    assert (list(state.history), state.answer, state.guarded) == ([ASK, STOP], None, True)


def test_calls_that_were_cut_are_closed_with_what_is_known_of_them():
    state = after(JUDGED, ToolReturned(1, "clerk", "move", "moved"), AnswerCut("clerk", "", "", STOP))
    assert state.calls == ()
    assert list(state.history)[-3:] == [
        Message("tool", "[dropped: the person interrupted]", call_id="a"),
        Message("tool", "moved", call_id="b"),
        STOP,
    ]


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ([ModelAnswered("clerk", HELLO)], 1),
        ([AnswerCut("clerk", "it is", "it", STOP)], 1),
        ([ModelAnswered("clerk", HELLO), AnswerCut("clerk", "hello", "", STOP)], 1),
        ([HandoffExpired("clerk", "sales")], 1),
        ([ModelAnswered("clerk", HELLO), AnswerRejected("clerk", "no"), ModelAnswered("clerk", HELLO)], 2),
    ],
    ids=["answered", "cut while it was given", "cut while it was judged", "too late", "rejected"],
)
def test_each_answer_of_a_model_counts_once(facts: list[Any], asked: int):
    assert after(BEGUN, *facts).asked == asked
    assert carried(after(BEGUN, *facts)).asked == 0


def test_an_interruption_before_a_model_was_asked_counts_for_none():
    assert after(replace(BEGUN, guarded=True), AnswerCut("clerk", "", "", STOP)).asked == 0


def test_a_persons_word_is_something_new():
    known: dict[str, Any] = {"trail": (("a", "b"),), "seen": NO_RESULTS.plus("x"), "faults": 2, "due": Due("a", "b", 1.0)}
    state = after(replace(BEGUN, **known), AnswerCut("clerk", "", "", STOP))
    assert (state.trail, state.seen, state.faults, state.due) == ((), NO_RESULTS, 0, None)


# calls ----------------------------------------------------------------------------------------------------------------


def test_each_call_gets_its_verdict():
    verdicts = (Verdict("tool", "idempotent", approval=True, args={"n": 2}), Verdict("handoff", target="sales"))
    state = after(CALLED, CallsJudged("clerk", verdicts))
    assert state.calls == (
        Call(ToolCall("look", {"n": 2}, "a"), "tool", "idempotent", "needed"),
        Call(MOVE, "handoff", "irreversible", "free", "sales"),
    )


def test_refused_calls_are_one_fault_and_their_reason_is_their_result():
    no = Verdict("refused", reason="no such tool")
    state = after(CALLED, CallsJudged("clerk", (no, no)))
    assert (state.faults, state.calls) == (1, ())
    assert [message.text for message in state.history[-2:]] == ["[refused: no such tool]"] * 2


def test_results_enter_the_history_once_all_are_there_and_in_call_order():
    one = after(JUDGED, ToolReturned(1, "clerk", "move", "second"))
    both = after(one, ToolReturned(0, "clerk", "look", "first"))
    assert list(one.history) == [ASK, CALLING]
    assert both.calls == ()
    assert list(both.history)[2:] == [Message("tool", "first", call_id="a"), Message("tool", "second", call_id="b")]


def test_a_result_ends_a_row_of_faults_and_the_account_of_a_failure_does_not():
    faulty = replace(JUDGED, faults=2)
    assert after(faulty, ToolReturned(0, "clerk", "look", "x")).faults == 0
    assert after(faulty, ToolReturned(0, "clerk", "look", "x", failed=True)).faults == 2


def test_a_call_that_began_is_known_to_have_begun():
    state = after(JUDGED, ToolStarted(1, "clerk", "move"))
    assert [call.started for call in state.calls] == [False, True]


def test_a_call_that_waits_inside_is_entered_again_and_then_has_begun_anew():
    waiting = after(JUDGED, ToolStarted(0, "clerk", "look"), ToolSuspended(0, "look"))
    again = after(waiting, ToolStarted(0, "clerk", "look"))
    assert [(state.calls[0].started, state.calls[0].inside) for state in (waiting, again)] == [(True, True), (True, False)]


def test_an_effect_that_was_cleared_did_not_begin():
    state = after(JUDGED, ToolStarted(0, "clerk", "look"), PersonAsked(0, "q", "clerk", "look", {}, "unknown_effect"))
    assert state.calls[0].unsettled
    assert after(state, EffectCleared(0, "look")).calls == JUDGED.calls


def asked(question: Any, answer: PersonAnswered) -> Call:
    """The first call after a person answered."""
    state = after(JUDGED, ToolStarted(0, "clerk", "look"), PersonAsked(0, "q", "clerk", "look", {}, question), answer)
    return state.calls[0]


def test_an_approved_call_may_run_and_has_no_result_yet():
    call = asked("approval", PersonAnswered(0, "q", True))
    assert (call.consent, call.text) == ("given", None)


def test_a_call_that_was_not_approved_has_that_as_its_result():
    assert asked("approval", PersonAnswered(0, "q", False)).text == "[a person did not approve this]"
    assert asked("approval", PersonAnswered(0, "q", False, "too much")).text == "[a person did not approve this: too much]"


def test_a_person_who_knows_that_it_happened_gives_the_result():
    call = asked("unknown_effect", PersonAnswered(0, "q", True, "I saw it"))
    assert (call.text, call.unsettled) == ("[a person confirmed that this was done: I saw it]", False)


def test_a_person_who_knows_that_it_did_not_happen_lets_it_run():
    call = asked("unknown_effect", PersonAnswered(0, "q", False))
    assert (call.text, call.unsettled, call.started) == (None, False, False)


def test_a_result_that_was_not_seen_before_is_something_new():
    trail = (("a", "b"),)
    first = after(replace(JUDGED, trail=trail), ToolReturned(0, "clerk", "look", "seen"))
    again = after(replace(first, trail=trail), ToolReturned(1, "clerk", "move", "seen"))
    assert (first.trail, again.trail, again.seen) == ((), (*trail, TRIED), NO_RESULTS.plus("seen"))


def test_what_tools_told_is_learned_in_call_order_once_all_have_told():
    one = after(JUDGED, ToolReturned(1, "clerk", "move", "moved"))
    assert one.learned == ()
    assert after(one, ToolReturned(0, "clerk", "look", "seen")).learned == ("look: seen", "move: moved")


def test_what_was_refused_or_declined_is_not_learned():
    state = putting_through(Verdict("refused", reason="no"), Verdict("handoff", target="sales"))
    assert after(state, HandoffDeclined(1, "clerk", "sales", "closed")).learned == ()


def test_what_is_learned_is_shortened_and_the_newest_eight_are_kept():
    state = BEGUN
    for n in range(12):
        state = after(state, ModelAnswered("clerk", Message("assistant", calls=(LOOK,))), CallsJudged("clerk", (TOOL,)))
        state = after(state, ToolReturned(0, "clerk", "look", str(n) + "x" * 1000))
    assert [text.partition("x")[0] for text in state.learned] == [f"look: {n}" for n in range(4, 12)]
    assert {len(text) for text in state.learned} == {len("look: ") + LEARNED}


# handoffs -------------------------------------------------------------------------------------------------------------


def test_a_committed_handoff_gives_the_target_the_conversation_and_the_brief_as_the_newest_message():
    state = after(replace(HANDING, learned=("look: x",)), HandoffCommitted(0, "clerk", "sales", "[brief]"))
    assert (state.agent, state.calls, state.learned, state.frames) == ("sales", (), (), ())
    assert state.trail == (("clerk", "sales"),)
    assert state.history[-1] == Message("tool", "[brief]", call_id="0")


def test_a_committed_handoff_waits_for_results_beside_it():
    two = putting_through(Verdict("handoff", target="sales"), TOOL)
    state = after(two, HandoffCommitted(0, "clerk", "sales", "[brief]"))
    assert (state.agent, state.history[-1].role) == ("sales", "assistant")
    assert texts(after(state, ToolReturned(1, "clerk", "look", "x")).history)[-2:] == [("tool", "[brief]"), ("tool", "x")]


def test_a_filtered_history_ends_with_the_brief():
    state = after(HANDING, HandoffCommitted(0, "clerk", "sales", "[brief]", messages=(ASK,)))
    assert (list(state.history), state.calls) == ([ASK, Message("system", "[brief]")], ())


def test_a_deadline_is_known_until_the_target_answers():
    state = after(HANDING, HandoffCommitted(0, "clerk", "sales", "[brief]", due=7.0))
    assert state.due == Due("clerk", "sales", 7.0)
    assert after(state, ModelAnswered("sales", HELLO)).due is None


def test_who_asked_for_a_return_waits_below_who_asked_before():
    state = after(
        replace(HANDING, frames=(Frame("boss", "clerk"),)), HandoffCommitted(0, "clerk", "sales", "[brief]", returns=True)
    )
    assert state.frames == (Frame("boss", "clerk"), Frame("clerk", "sales"))


def test_a_handoff_to_who_waits_is_a_return_as_well():
    state = replace(HANDING, frames=(Frame("boss", "x"), Frame("sales", "clerk")))
    assert after(state, HandoffCommitted(0, "clerk", "sales", "[brief]")).frames == (Frame("boss", "x"),)


def test_a_declined_handoff_is_told_to_the_asker_who_keeps_the_conversation():
    state = after(HANDING, HandoffDeclined(0, "clerk", "sales", "we are closed"))
    assert (state.agent, state.calls, state.trail) == ("clerk", (), ())
    assert state.history[-1].text == "[sales declined: we are closed]"


def test_what_was_given_back_is_something_new_and_the_asker_has_the_conversation():
    returning = putting_through(Verdict("return", target="boss"), frames=(Frame("boss", "clerk"),), trail=(("boss", "clerk"),))
    state = after(returning, HandoffReturned(0, "clerk", "boss", "sold"))
    assert (state.agent, state.frames, state.calls) == ("boss", (), ())
    assert (state.trail, state.history[-1].text) == ((), "sold")


def test_an_expired_handoff_is_told_to_the_asker():
    late = replace(BEGUN, agent="sales", due=Due("clerk", "sales", 7.0), frames=(Frame("boss", "x"), Frame("clerk", "sales")))
    state = after(late, HandoffExpired("clerk", "sales"))
    assert (state.agent, state.due, state.frames, state.answers) == ("clerk", None, (Frame("boss", "x"),), 1)
    assert state.history[-1] == Message("system", "[sales did not answer in time. Go on yourself.]")


def test_an_expired_handoff_takes_no_other_frame_away():
    late = replace(BEGUN, agent="sales", frames=(Frame("boss", "clerk"),))
    assert after(late, HandoffExpired("clerk", "sales")).frames == late.frames


def test_a_broken_circle_is_a_fault_of_the_asker_who_is_told_to_answer():
    state = after(HANDING, CircleBroken(0, "clerk", "sales"))
    assert (state.agent, state.faults, state.calls) == ("clerk", 1, ())
    assert state.history[-1].text.endswith("Answer yourself.]")


def test_a_circle_broken_to_the_fallback_begins_anew_there():
    state = after(replace(HANDING, trail=(("clerk", "sales"),)), CircleBroken(0, "clerk", "sales", "desk"))
    assert (state.agent, state.faults, state.trail) == ("desk", 0, ())
    assert state.history[-1].text.endswith("as far as you can.]")


# what goes on ---------------------------------------------------------------------------------------------------------


def test_a_turn_leaves_the_next_who_has_the_conversation_what_was_said_and_who_waits():
    over = replace(after(BEGUN, ModelAnswered("clerk", HELLO), StepReturned("hello")), frames=(Frame("boss", "clerk"),))
    state = carried(over)
    assert state == State(agent="clerk", history=over.history, heard=2, frames=over.frames)


def test_calls_without_an_end_are_closed_for_the_next_turn():
    state = carried(after(JUDGED, ToolStarted(0, "clerk", "look")))
    assert [message.text for message in state.history[-2:]] == [
        "[not known whether this happened: the turn broke off]",
        "[not done: the turn broke off]",
    ]


def test_an_input_that_tripped_is_not_carried_on():
    assert list(carried(replace(BEGUN, history=History([HELLO, ASK]), guarded=True)).history) == [HELLO]


def test_another_attempt_forgives_the_model_and_nothing_else():
    assert tried_again(replace(JUDGED, faults=4)) == JUDGED


# what is new to the model ---------------------------------------------------------------------------------------------


def new(state: State) -> list[str]:
    """The texts that the model has not been asked with before, which its next answer's digest covers."""
    return [message.text for message in state.history[state.heard :]]


def test_an_input_is_new_until_it_is_answered():
    assert (new(BEGUN), new(after(BEGUN, ModelAnswered("clerk", HELLO)))) == (["where is it?"], [])


def test_results_are_new():
    state = after(JUDGED, ToolReturned(0, "clerk", "look", "seen"), ToolReturned(1, "clerk", "move", "moved"))
    assert new(state) == ["seen", "moved"]


def test_the_message_that_interrupts_is_new_also_when_the_answer_that_it_cut_is_gone():
    state = after(BEGUN, ModelAnswered("clerk", HELLO), AnswerCut("clerk", "hello", "", STOP))
    assert "stop" in new(state)


def test_the_brief_is_new_also_when_the_history_was_filtered():
    state = after(HANDING, HandoffCommitted(0, "clerk", "sales", "[brief]", messages=(ASK,)))
    assert "[brief]" in new(state)
