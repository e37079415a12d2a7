"""What was heard of an answer, as it is kept: whole, or as far as a person listened."""

from __future__ import annotations

from collections.abc import Sequence

from switchroom.events import Part
from switchroom.rules.speech import BETWEEN as BETWEEN
from switchroom.session.floor import Speech


def part_of(speech: Speech) -> Part:
    """A speech as it is kept."""
    return Part(speech.speaker, speech.text, speech.messages)


def parts_of(speeches: Sequence[Speech]) -> tuple[Part, ...]:
    """The parts of an answer, without those of which there is nothing."""
    return tuple(part_of(speech) for speech in speeches if speech.text)


def heard_of(parts: Sequence[Part], heard: int | None) -> tuple[Part, ...]:
    """The first characters of an answer, counted as its text is: what a person heard before they interrupted."""
    if heard is None:
        return tuple(parts)
    left = max(heard, 0)
    kept: list[Part] = []
    for part in parts:
        if left >= len(part.text):
            kept.append(part)
        elif left > 0:
            kept.append(Part(part.speaker, part.text[:left]))
        left -= len(part.text) + len(BETWEEN)
        if left <= 0:
            break
    return tuple(kept)
