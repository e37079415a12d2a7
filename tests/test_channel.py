"""A listener's channel: bounded, in order, and nobody is left waiting in it."""

from __future__ import annotations

import asyncio

import pytest

from switchroom.channel import SIZE, Channel
from switchroom.events import RunEvent, StepFailed, TextDelta
from tests.helpers import soon


def fact(n: int = 0) -> RunEvent:
    return RunEvent("turn#1", StepFailed("Error", str(n)))


def piece(text: str, path: str = "turn#1", answer: int = 1, attempt: int = 1) -> RunEvent:
    return RunEvent(path, TextDelta(text, "clerk", answer, attempt))


async def drained(channel: Channel) -> list[RunEvent]:
    channel.close()
    events: list[RunEvent] = []
    while (event := await channel.get()) is not None:
        events.append(event)
    return events


async def test_events_come_out_in_the_order_in_which_they_went_in():
    channel = Channel()
    for n in range(5):
        channel.offer(fact(n))
    assert await drained(channel) == [fact(n) for n in range(5)]


async def test_it_holds_256_entries():
    channel = Channel()
    for n in range(SIZE - 1):
        channel.offer(fact(n))
    assert (SIZE, channel.full) == (256, False)
    channel.offer(fact())
    assert channel.full


async def test_pieces_stay_apart_as_long_as_there_is_room():
    channel = Channel(3)
    channel.offer(piece("a"))
    channel.offer(piece("b"))
    assert [event.text for event in await drained(channel)] == ["a", "b"]


async def test_pieces_merge_when_it_is_full():
    channel = Channel(2)
    for text in "abcd":
        channel.offer(piece(text))
    assert [event.text for event in await drained(channel)] == ["a", "bcd"]


@pytest.mark.parametrize("other", [piece("b", path="turn#2"), piece("b", answer=2), piece("b", attempt=2)])
async def test_pieces_of_different_answers_never_merge(other: RunEvent):
    channel = Channel(1)
    channel.offer(piece("a"))
    channel.offer(other)
    assert await drained(channel) == [piece("a"), other]


async def test_a_piece_never_overtakes_a_fact():
    channel = Channel(1)
    for event in (piece("a"), fact(), piece("b")):
        channel.offer(event)
    assert await drained(channel) == [piece("a"), fact(), piece("b")]


async def test_a_writer_waits_until_the_reader_has_taken_one():
    channel = Channel(1)
    channel.offer(fact())
    writer = asyncio.ensure_future(channel.room())
    await asyncio.sleep(0)
    assert not writer.done()
    await channel.get()
    await soon(writer)


@pytest.mark.parametrize("writers", [2, 3, 10])
async def test_every_writer_goes_on_once_there_is_room(writers: int):
    channel = Channel(1)
    for n in range(writers):
        channel.offer(fact(n))
    waiting = [asyncio.ensure_future(channel.room()) for _ in range(writers)]
    await asyncio.sleep(0)
    for _ in range(writers):
        await channel.get()
    await soon(asyncio.gather(*waiting))


async def test_a_writer_that_was_cancelled_does_not_keep_the_others_waiting():
    channel = Channel(1)
    channel.offer(fact())
    first = asyncio.ensure_future(channel.room())
    second = asyncio.ensure_future(channel.room())
    await asyncio.sleep(0)
    await channel.get()
    first.cancel()
    await soon(second)


async def test_a_reader_that_leaves_lets_the_writers_go():
    channel = Channel(1)
    channel.offer(fact())
    waiting = [asyncio.ensure_future(channel.room()) for _ in range(3)]
    await asyncio.sleep(0)
    channel.leave()
    await soon(asyncio.gather(*waiting))
    channel.offer(fact())
    assert not channel.full


async def test_the_reader_waits_for_the_next_event_and_for_the_end():
    channel = Channel()
    reader = asyncio.ensure_future(channel.get())
    await asyncio.sleep(0)
    assert not reader.done()
    channel.offer(fact())
    assert await soon(reader) == fact()
    reader = asyncio.ensure_future(channel.get())
    await asyncio.sleep(0)
    channel.close()
    assert await soon(reader) is None
