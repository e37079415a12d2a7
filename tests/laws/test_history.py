"""A history is an immutable sequence, whoever goes on from it, and a window on it never tears a call from its results."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Message, UserError
from switchroom.history import History, keep_last
from switchroom.messages import ToolCall

SAID = st.builds(Message, st.just("user"), st.text(max_size=3))
BOUNDS = st.none() | st.integers(-12, 12)


@given(st.lists(SAID, max_size=8), BOUNDS, BOUNDS, BOUNDS.filter(lambda step: step != 0))
def test_a_history_is_read_as_a_tuple_is(said: list[Message], start: int | None, stop: int | None, step: int | None):
    history, plain = History(said), tuple(said)

    assert len(history) == len(plain)
    assert list(history) == list(plain)
    assert list(history[start:stop:step]) == list(plain[start:stop:step])
    assert list(reversed(history)) == list(reversed(plain))
    assert bool(history) == bool(plain)
    assert all((one in history) and history.index(one) == plain.index(one) for one in plain)
    assert [history[i] for i in range(-len(plain), len(plain))] == [plain[i] for i in range(-len(plain), len(plain))]
    for outside in (len(plain), -len(plain) - 1):
        with pytest.raises(IndexError):
            history[outside]


@given(st.lists(st.tuples(st.integers(0, 30), st.lists(SAID, max_size=3)), max_size=20))
def test_who_goes_on_from_a_history_changes_no_other_that_shares_its_beginning(growths: list[tuple[int, list[Message]]]):
    known: list[tuple[History, tuple[Message, ...]]] = [(History(), ())]
    for pick, added in growths:
        history, plain = known[pick % len(known)]
        known.append((history.plus(*added), (*plain, *added)))

    for history, plain in known:
        assert tuple(history) == plain
        assert list(history[::-1]) == list(plain[::-1])


@given(st.lists(SAID, max_size=4), st.lists(SAID, max_size=4))
def test_histories_are_equal_by_what_was_said_and_what_is_equal_hashes_alike(one: list[Message], other: list[Message]):
    histories = [History(one), History().plus(*one), History(one).plus(*other), History(other)]
    equals: list[object] = [*histories, tuple(one), tuple(other), (*one, *other), "", b""]

    for left in histories:
        for right in equals:
            assert (left == right) == (right == left)
            assert left != right or hash(left) == hash(right)
            if isinstance(right, History):
                assert (left == right) == (list(left) == list(right))


def test_what_is_handed_out_of_a_history_is_no_way_into_it():
    first = Message("user", "first")
    given_list = [first]
    history = History(given_list)
    given_list.append(Message("user", "slipped in"))
    window = history[:]
    if isinstance(window, list):
        window.append(Message("user", "slipped in"))

    assert list(history) == [first]


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """What a model may be shown: answers with calls are followed at once by a result for each call."""
    messages: list[Message] = []
    for turn in range(draw(st.integers(0, 6))):
        messages.append(Message("user", f"question {turn}"))
        for answer in range(draw(st.integers(0, 3))):
            calls = [ToolCall("look", {}, f"{turn}.{answer}.{i}") for i in range(draw(st.integers(0, 4)))]
            messages.append(Message("assistant", "let me see", calls=tuple(calls)))
            messages += [Message("tool", "seen", call_id=call.id) for call in calls]
    return messages


def torn(messages: Sequence[Message]) -> list[str]:
    """The ids of calls without their result, and of results without their call."""
    calls = {call.id for message in messages for call in message.calls}
    results = {message.call_id for message in messages if message.role == "tool"}
    return sorted(calls ^ results)


@given(conversations(), st.integers(1, 12), st.booleans())
def test_the_last_messages_kept_are_a_tail_that_tears_no_call_from_its_results(
    messages: list[Message], count: int, as_history: bool
):
    window = list(keep_last(count)(History(messages) if as_history else messages))

    assert torn(window) == []
    assert window == messages[len(messages) - len(window) :]
    assert len(window) >= min(count, len(messages))
    widened = window[: max(len(window) - count, 0)]
    assert all(message.role == "tool" or message.calls for message in widened), "no more is kept than has to be"


def test_keeping_less_than_one_message_is_refused():
    with pytest.raises(UserError, match="at least 1"):
        keep_last(0)


def test_a_history_may_be_gone_on_from_while_it_is_read():
    history = History(Message("user", str(i)) for i in range(50))
    chance = random.Random(7)
    seen: list[Message] = []
    for message in history:
        seen.append(message)
        if chance.random() < 0.5:
            history.plus(message)

    assert [message.text for message in seen] == [str(i) for i in range(50)]
