"""How a customer sounds, by what is written."""

from __future__ import annotations

import pytest

from supportgenie.mood import mood_after, mood_of


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("where is my order 732201349959?", "calm"),
        ("URGENT", "calm"),
        ("I am not happy about the delay!", "calm"),
        ("hello, I bought a shell for my nut", "calm"),
        ("where is my damn parcel", "heated"),
        ("help me with the fucking password", "heated"),
        ("answer me!!!", "heated"),
        ("I WANT MY MONEY BACK FROM YOU NOW", "heated"),
        ("you idiots lost it again", "angry"),
        ("this is outrageous", "angry"),
        ("I have had enough of this", "angry"),
        ("you\u2019ll hear from my lawyer", "angry"),
        ("fuck you", "angry"),
        ("worst service ever", "angry"),
    ],
)
def test_a_message_sounds_as_it_is_written(text: str, mood: str):
    assert mood_of(text) == mood


@pytest.mark.parametrize(
    ("texts", "mood"),
    [
        ([], "calm"),
        (["where is my damn parcel"], "heated"),
        (["where is my damn parcel", "ok thanks"], "calm"),
        (["where is my damn parcel", "ok", "and the bloody invoice?"], "angry"),
        (["you idiots", "sorry about that"], "calm"),
        (["sorry", "you idiots"], "angry"),
    ],
)
def test_strong_words_count_for_more_when_they_come_again(texts: list[str], mood: str):
    assert mood_after(texts) == mood
