"""Events are the same in whatever pieces their bytes come, and long ones cost no more than their length."""

from __future__ import annotations

import re
import time
from codecs import BOM_UTF8
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from switchroom.models.openai.sse import Events
from tests.examples import times


def read(pieces: list[bytes]) -> list[bytes]:
    """The events of bytes that come in these pieces."""
    events = Events()
    return [data for piece in pieces for data in events.take(piece)] + events.end()


def by_the_book(content: bytes) -> list[bytes]:
    """The same of all bytes at once, as the standard says it, but for the last event, which need not be ended."""
    found: list[bytes] = []
    lines: list[bytes] = []
    content = content.removeprefix(BOM_UTF8)
    for line in [*re.split(rb"\r\n|\r|\n", content), b""]:
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
        elif not line and lines:
            found.append(b"\n".join(lines))
            lines = []
    return found


LINES = st.sampled_from(
    [b"data: {}", b"data:x", b"data:", b"data:  two", b"data", b": c", b"event: e", b"", b"", "data: ü🙂".encode()]
)
ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda lines: b"".join(line + end for line, end in lines))


@example(b"data: a\r\n\r\ndata: b\r\r", [8, 9, 10])
@example(b"data: a\r\ndata: b\r\n\r\n", [8])
@example(b"data: a\r", [])
@example(b"data: a\n\n" + b"data: b", [4])
@given(STREAMS | st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=8) | st.just(list(range(300))))
def test_the_events_of_a_stream_do_not_depend_on_its_pieces(content: bytes, at: list[int]):
    places = sorted({0, len(content), *(place % (len(content) + 1) for place in at)})
    assert read([content[one:other] for one, other in pairwise(places)]) == by_the_book(content)


def as_the_sdk_reads(pieces: list[bytes]) -> list[str]:
    """The data of the events that the SDK's decoder finds; events without data, which it also gives, are left out."""
    return [event.data for event in SSEDecoder().iter_bytes(iter(pieces)) if event.data]


WORDS = st.text(st.sampled_from('ab:{}" \u2028\x85ü🙂\x0b\x1c'), max_size=6)
FIELDS = st.tuples(
    st.sampled_from(["data", "data", "data", "event", "id", "retry", "", "dat", "data "]),
    st.sampled_from([": ", ":", ":  ", ""]),
    WORDS,
).map("".join)
SPOKEN = st.lists(st.tuples(FIELDS | st.just(""), ENDS), max_size=16).map(
    lambda lines: b"".join(line.encode() + end for line, end in lines)
)


@example(b"data: a\r\n\r\ndata: b\r\r", [8, 9, 10])
@example("data: a\u2028b\n\n".encode(), [])
@settings(max_examples=times(200))
@given(SPOKEN, st.lists(st.integers(0, 400), max_size=10) | st.just(list(range(400))))
def test_the_events_are_those_that_the_sdk_s_decoder_finds(content: bytes, at: list[int]):
    places = sorted({0, len(content), *(place % (len(content) + 1) for place in at)})
    pieces = [content[one:other] for one, other in pairwise(places)]
    # The SDK ends no event that the stream leaves open; some servers leave out the last empty line.
    pieces.append(b"\n\n")
    assert [data.decode() for data in read(pieces) if data] == as_the_sdk_reads(pieces)


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_byte_order_mark_is_no_part_of_the_first_line(cut: int):
    content = BOM_UTF8 + b"data: a\n\ndata: \xef\xbb\xbf\n\n"
    assert read([content[:cut], content[cut:]]) == [b"a", BOM_UTF8]


def test_what_only_looks_like_a_mark_is_kept():
    assert read([b"\xef", b"\xbb"]) == []
    assert read([b"data: \xef", b"\xbb\n\n"]) == [b"\xef\xbb"]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_a_long_event_is_put_together_once(end: bytes):
    def seconds(count: int) -> float:
        pieces = [b"data: ", *[b"x" * 64] * count, end]
        begun = time.process_time()
        assert len(read(pieces)[0]) == count * 64
        return time.process_time() - begun

    one, many = (min(seconds(count) for _ in range(3)) for count in (2000, 20_000))
    assert many < 40 * one  # of ten times as much; put together anew with each piece, it would be a hundred times
