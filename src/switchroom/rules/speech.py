"""What was said in a turn: the parts of an answer that were heard, folded from the facts at one path.

A part is the text of one model answer, also where the answer makes calls or hands the conversation over. A part counts as heard
unless it was rejected, withdrawn, or held back for a guardrail. A guardrail's replacement takes the part's place. Of an
interrupted part only what was heard counts. Empty texts are no parts.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from switchroom.events import (
    AnswerCut,
    AnsweredInPart,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    Delta,
    Fact,
    GuardTripped,
    ModelAnswered,
    RunEvent,
    RunInterrupted,
)

BETWEEN = "\n"
"""What stands between the parts of an answer."""


class SpokenPart(msgspec.Struct, frozen=True):
    """A text that was heard, and the agent that said it; `truncated` if it ends an answer that the server cut off."""

    agent: str
    text: str
    truncated: bool = False


class Speech(msgspec.Struct, frozen=True):
    """The parts that were heard so far.

    Args:
        parts: the parts, in order.
        is_open: the last part is an answer that guardrails may still withdraw or replace.
    """

    parts: tuple[SpokenPart, ...] = ()
    is_open: bool = False


def evolve_speech(speech: Speech, fact: Fact | Delta) -> Speech:
    """Return the speech after a fact of the agent's run."""
    match fact:
        case ModelAnswered(agent=agent, message=message):
            heard = "" if fact.held else message.text
            is_last = not message.calls  # after calls the model goes on
            return Speech((*speech.parts, SpokenPart(agent, heard, message.truncated and is_last)), is_open=is_last)
        case AnswerReplaced(agent=agent, text=text):
            return Speech((*_settled(speech), SpokenPart(agent, text)), is_open=True)
        case AnswerCut(agent=agent, heard=text) | RunInterrupted(agent=agent, heard=text):
            return Speech((*_settled(speech), SpokenPart(agent, text)))
        case AnswerWithdrawn() | AnswerRejected() | GuardTripped() if speech.is_open:
            return replace(speech, parts=_settled(speech), is_open=False)
        case _:
            return speech


def _settled(speech: Speech) -> tuple[SpokenPart, ...]:
    """Return the parts without the open one."""
    return speech.parts[:-1] if speech.is_open else speech.parts


def spoken_parts(events: Iterable[RunEvent], path: str) -> tuple[SpokenPart, ...]:
    """Return the parts that were heard of the agent's run at a path, in order."""
    speech = Speech()
    for event in events:
        if event.path == path:
            speech = evolve_speech(speech, event.fact)
    return tuple(part for part in speech.parts if part.text)


def joined(parts: Iterable[SpokenPart]) -> str:
    """Return the parts as one text."""
    return BETWEEN.join(part.text for part in parts)


def is_partial(events: Iterable[RunEvent], path: str = "") -> bool:
    """Return whether a step at the path or below it answered with parts missing; without a path, whether any step did."""
    return any(
        isinstance(event.fact, AnsweredInPart) and (not path or event.path == path or event.path.startswith(f"{path}/"))
        for event in events
    )


def is_truncated(events: Iterable[RunEvent]) -> bool:
    """Return whether a text that was heard is the beginning of an answer that the server cut off."""
    speeches: dict[str, Speech] = {}
    for event in events:
        if isinstance(event.fact, ModelAnswered) or event.path in speeches:
            speeches[event.path] = evolve_speech(speeches.get(event.path, Speech()), event.fact)
    return any(part.truncated for speech in speeches.values() for part in speech.parts)
