"""Many calls behave as a tuple of few, and a change of one copies only a part of them; so do the results of a turn."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from switchroom.events import AnyFact, CallsJudged, ModelAnswered, ToolReturned, ToolStarted, Verdict
from switchroom.history import History
from switchroom.messages import Message, ToolCall
from switchroom.rules.calls import FEW, Call, Calls, ManyCalls, many, with_replaced
from switchroom.rules.decide import decide
from switchroom.rules.evolve import evolve
from switchroom.rules.results import NO_RESULTS, Results
from switchroom.rules.state import State

changes = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([None, "one", "two"])), max_size=12)


def calls(count: int) -> tuple[Call, ...]:
    return tuple(Call(ToolCall("look", {"n": n}, str(n)), "tool", "read") for n in range(count))


@given(st.integers(1, 130), changes)
def test_many_calls_are_those_of_a_tuple_whatever_changes(count: int, changed: list[tuple[int, str | None]]):
    few = calls(count)
    rows: Calls = many(few)
    for place, text in changed:
        index = place % count
        few = (*few[:index], replace(few[index], text=text), *few[index + 1 :])
        rows = with_replaced(rows, index, few[index])
    assert isinstance(rows, ManyCalls)
    assert (tuple(rows), len(rows)) == (few, count)
    assert [rows[index] for index in range(count)] == list(few)
    assert rows.unanswered == sum(call.text is None for call in few)


@given(st.integers(FEW + 1, 2_000), st.integers(0, 10_000))
def test_a_changed_call_copies_one_row_and_shares_the_others(count: int, place: int):
    before = many(calls(count))
    after = before.replaced(place % count, Call(ToolCall("other")))
    assert sum(row is not same for row, same in zip(before.rows, after.rows, strict=True)) == 1
    assert max(len(before.rows), before.width) ** 2 <= 4 * count
    assert tuple(before) == calls(count)


def test_calls_and_results_are_read_back_from_json_as_they_were():
    for kept in (calls(2), many(calls(40))):
        assert msgspec.json.decode(msgspec.json.encode(kept), type=cast("Any", tuple[Call, ...] | ManyCalls)) == kept
    results = NO_RESULTS.plus("one").plus("two")
    assert msgspec.json.decode(msgspec.json.encode(results), type=Results) == results


def test_an_answer_with_many_calls_goes_the_way_of_one_with_few():
    count = FEW + 8
    made = tuple(ToolCall("look", {"n": n}, str(n)) for n in range(count))
    facts: list[AnyFact] = [
        ModelAnswered("clerk", Message("assistant", calls=made, agent="clerk")),
        CallsJudged("clerk", (Verdict("tool", "read"),) * count),
        *(ToolStarted(n, "clerk", "look") for n in range(count)),
        *(ToolReturned(n, "clerk", "look", f"found {n}") for n in reversed(range(count))),
    ]
    state = State(agent="clerk", history=History([Message("user", "all of it, please")]), fresh=1)
    for fact in facts:
        state = evolve(state, fact)
        few = replace(state, calls=tuple(state.calls))
        assert decide(state) == decide(few)
    assert state.calls == ()
    assert [message.text for message in state.history][2:] == [f"found {n}" for n in range(count)]


@given(st.lists(st.sampled_from(["one", "two", "three"])), st.lists(st.sampled_from(["one", "four"])))
def test_results_are_those_of_a_set_also_where_two_grow_from_one(first: list[str], then: list[str]):
    known = NO_RESULTS
    for text in first:
        known = known.plus(text)
    here = there = known
    for text in then:
        here = here.plus(text)
    for text in ["five", *reversed(then)]:
        there = there.plus(text)
    assert [len(known), len(here), len(there)] == [len({*first}), len({*first, *then}), len({*first, *then, "five"})]
    assert all(here.plus(text) is here for text in (*first, *then))
    assert (here == there, known == here) == (False, not {*then} - {*first})


def test_a_result_that_is_added_copies_none_of_those_before():
    before = NO_RESULTS.plus("one").plus("two")
    after = before.plus("three")
    assert after.places is before.places
    assert (len(before), len(after)) == (2, 3)
