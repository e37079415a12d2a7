"""A history is an immutable sequence, whoever goes on from it, and a window on it never tears a call from its results."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Message, UserError, chunks, history
from switchroom.chunks import Archive, Chunk
from switchroom.history import History, keep_last
from switchroom.messages import ToolCall

SAID = st.builds(Message, st.just("user"), st.text(max_size=3))
BOUNDS = st.none() | st.integers(-30, 30)


@pytest.fixture(scope="module", autouse=True)
def short_chunks() -> Iterator[None]:
    """Chunks of three messages, so that short histories have several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", 3)
        patch.setattr(history, "CHUNK", 3)
        patch.setattr(history, "LONG", 5)
        yield


class Attic:
    """An archive in memory, which counts what is read of it."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, tuple[Message, ...]]] = {}
        self.read_chunks: list[str] = []

    def read(self, digest: str) -> tuple[str, tuple[Message, ...]]:
        self.read_chunks.append(digest)
        return self.kept[digest]

    def archived(self, whole: History) -> History:
        """The same history, none of whose chunks are loaded."""
        newest = self._put(whole.sealed, whole.archive)
        sealed = Chunk(whole.sealed.upto, digest=newest) if newest else whole.sealed
        return History.of(sealed, whole.tail, whole.length, self)

    def _put(self, chunk: Chunk, archive: Archive | None) -> str:
        if not chunk.upto:
            return ""
        before, messages = chunk.read(archive)
        digest = f"{id(chunk)} {chunk.upto}"
        self.kept[digest] = (self._put(before, archive), messages)
        return digest


def of(said: Sequence[Message], *, lazy: bool) -> History:
    """A history of messages, of which the old ones may stand in an archive."""
    return Attic().archived(History(said)) if lazy else History(said)


@given(st.lists(SAID, max_size=20), BOUNDS, BOUNDS, BOUNDS.filter(lambda step: step != 0), st.booleans())
def test_a_history_is_read_as_a_tuple_is(
    said: list[Message], start: int | None, stop: int | None, step: int | None, lazy: bool
):
    plain = tuple(said)
    assert list(of(said, lazy=lazy)[start:stop:step]) == list(plain[start:stop:step])
    assert list(reversed(of(said, lazy=lazy))) == list(reversed(plain))
    assert [of(said, lazy=lazy)[i] for i in range(-len(plain), len(plain))] == [
        plain[i] for i in range(-len(plain), len(plain))
    ]
    history = of(said, lazy=lazy)

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


GROWTHS = st.lists(
    st.tuples(st.integers(0, 30), st.lists(SAID, max_size=7), st.integers(0, 9), st.booleans()), min_size=1, max_size=20
)


@given(GROWTHS)
def test_who_goes_on_from_a_history_changes_no_other_that_shares_its_beginning(
    growths: list[tuple[int, list[Message], int, bool]],
):
    known: list[tuple[History, tuple[Message, ...]]] = [(History(), ())]
    for pick, added, dropped, lazy in growths:
        history, plain = known[pick % len(known)]
        left = plain[: max(len(plain) - dropped, 0)]
        shorter = history.without_last(dropped)
        if lazy:
            shorter = Attic().archived(shorter)
        known += [(shorter, left), (shorter.plus(*added), (*left, *added))]

    for history, plain in known:
        assert len(history) == len(plain)
        assert list(history[::-1]) == list(plain[::-1])
        assert tuple(history) == plain
        assert history == History(plain)


@given(st.lists(SAID, max_size=30), st.integers(1, 6))
def test_the_end_of_a_history_is_read_without_the_chunks_before_it(said: list[Message], count: int):
    attic = Attic()
    history = attic.archived(History(said))
    assert list(history[-count:]) == said[-count:]
    assert len(attic.read_chunks) <= count // 3 + 1
    list(history)
    assert len(attic.read_chunks) == len(set(attic.read_chunks)) == history.sealed.upto // 3, "each chunk is loaded once"


@given(st.lists(SAID, max_size=20))
def test_equal_histories_have_equal_chunks_however_they_grew(said: list[Message]):
    grown = History()
    for message in said:
        grown = grown.plus(message).plus(message).without_last(1)
    one, other = grown.sealed, History(said).sealed
    for sealed in (one, other):
        assert sealed.upto % 3 == 0
    while one.upto and other.upto:
        if one.upto > other.upto:
            one, _ = one.read(None)
        elif other.upto > one.upto:
            other, _ = other.read(None)
        else:
            (one, left), (other, right) = one.read(None), other.read(None)
            assert left == right


@given(st.lists(SAID, max_size=20), st.booleans())
def test_a_copy_of_a_history_has_all_its_messages(said: list[Message], lazy: bool):
    history = of(said, lazy=lazy)
    assert copy.copy(history) == copy.deepcopy(history) == pickle.loads(pickle.dumps(history)) == said


def test_a_long_history_is_copied_and_dropped_without_a_deep_recursion():
    history = History()
    for number in range(50_000):
        history = history.plus(Message("user", str(number)))
    assert len(copy.deepcopy(history)) == 50_000
    assert history[0].text == "0"
    assert history.without_last(49_990)[-1].text == "9"
    del history


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
