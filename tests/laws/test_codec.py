"""The codec gives back every fact as it was, whatever its fields hold that JSON can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchroom import Message, UserError
from switchroom.errors import JournalUnreadable
from switchroom.events import Fact, HandoffCommitted, ModelAnswered, RunEvent, StepReturned, ToolReturned
from switchroom.events.codec import LARGE, VERSION, Blobs, decode, encode
from switchroom.journals import MemoryJournal, SqliteJournal
from tests.examples import times
from tests.laws.facts import JSON, KINDS, LONG, WORDS, facts, values_of


def round_trip(fact: Fact) -> tuple[Fact, bytes, Blobs]:
    """The fact after its way through bytes, with the bytes."""
    body, blobs = encode(fact)
    return decode(VERSION, body, blobs.__getitem__), body, blobs


def nothing(digest: str) -> bytes:
    """No large value is known."""
    raise KeyError(digest)


def test_every_kind_of_fact_has_a_name_of_its_own():
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) > 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=times(8), deadline=None)
@given(st.data())
def test_a_fact_of_any_kind_round_trips(kind: type[Fact], data: st.DataObject):
    fact = data.draw(values_of(kind))

    again, _, blobs = round_trip(fact)

    assert again == fact
    assert type(again) is kind
    assert all(len(blob) > LARGE for blob in blobs.values())


@settings(max_examples=times(50), deadline=None)
@given(st.dictionaries(WORDS, JSON, max_size=4), LONG, LONG)
def test_values_that_make_a_fact_large_together_or_alone_round_trip_with_any_keys(brief: dict[str, Any], a: str, b: str):
    fact = HandoffCommitted(0, "a", "b", a, reason=b, brief={"\0": brief, **brief})

    assert round_trip(fact)[0] == fact


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_any_size_round_trip_as_what_they_were(whole: int, broken: float):
    again: Any = round_trip(StepReturned([whole, broken]))[0]

    assert again == StepReturned([whole, broken])
    assert [type(number) for number in again.output] == [int, float]


@pytest.mark.parametrize("value", [{1, 2, object()}, object(), "\ud800", {"\udfff": 1}], ids=["set", "object", "half", "key"])
def test_what_json_cannot_hold_is_refused_by_name_of_the_fact(value: Any):
    with pytest.raises(UserError, match="step_returned"):
        encode(StepReturned(value))


def test_a_value_that_occurs_twice_is_kept_once():
    text = "x" * (LARGE + 1)
    first, second = encode(ToolReturned(0, "a", "t", text)), encode(ModelAnswered("a", Message("tool", text)))

    assert first[1] == second[1]
    assert len(first[0]) + len(second[0]) < 1000


def test_what_is_just_below_the_limit_stays_in_its_fact():
    body, blobs = encode(StepReturned("x" * (LARGE - 200)))

    assert blobs == {}
    assert len(body) <= LARGE


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind":"never_heard_of"}', b'{"kind":"tool_returned"}', b"\xff\xfe"])
def test_bytes_that_are_no_fact_are_a_damaged_journal(body: bytes):
    with pytest.raises(JournalUnreadable):
        decode(VERSION, body, nothing)


def test_a_fact_of_a_newer_version_says_so():
    with pytest.raises(JournalUnreadable, match="newer"):
        decode(VERSION + 1, b"{}", nothing)


@settings(max_examples=times(12), deadline=None)
@given(st.lists(st.lists(facts(), min_size=1, max_size=4), max_size=5), st.integers(0, 8))
def test_both_journals_give_back_what_was_appended_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Fact]], after: int
):
    file = SqliteJournal(Path(tmp_path_factory.mktemp("journal")) / "journal.db")
    memory = MemoryJournal()
    events: list[RunEvent] = []
    for batch in batches:
        fresh = [RunEvent(f"turn#1/{i}", fact, len(events) + i, 0.5) for i, fact in enumerate(batch, start=1)]
        for journal in (file, memory):
            journal.append("c", fresh)
        events += fresh

    for journal in (file, memory):
        assert journal.read("c") == events
        assert journal.read("c", after) == events[after:]
        assert journal.read("another") == []
    file.close()
