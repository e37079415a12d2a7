"""Answers with names, for the server as a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from tests.servers import speech
from tests.servers.asked import Asked
from tests.servers.faults import Answer, Reply
from tests.servers.manners import PLAIN
from tests.servers.said import Called, Said
from tests.servers.script import Script, Step

FIFTY_WORDS = (
    "Thank you for calling, I have found your order and it left our house on Monday. "
    "The carrier says that it waits at the depot near you, because nobody opened the door twice. "
    "I have asked for a third attempt tomorrow before noon, so somebody should be at home by then."
)


def fixed(said: Said) -> Callable[[Asked], Reply]:
    """Always the same answer, its bytes made once for each way of asking: this costs the machine next to nothing."""

    @cache
    def steps(path: str, streamed: bool, model: str, with_usage: bool) -> tuple[Step, ...]:
        body = {"model": model, "stream": streamed, "stream_options": {"include_usage": with_usage}}
        return tuple(speech.speak(Asked("POST", path, {}, body), said, PLAIN))

    def answer(asked: Asked) -> Reply:
        return Script(steps(asked.path, asked.streamed, asked.model, asked.usage_wanted))

    return answer


def echo(asked: Asked) -> Said:
    """Says again what was said last."""
    return Said(asked.newest)


def calling(asked: Asked) -> Said:
    """Calls the first tool there is, without arguments, and says afterwards what it returned."""
    if asked.results or not asked.tools:
        return Said(f"It says: {asked.newest}")
    return Said(calls=(Called(next(iter(asked.tools))),))


SCRIPTS: Mapping[str, Answer] = {"fifty": fixed(Said(FIFTY_WORDS, usage=(20, 55))), "echo": echo, "calling": calling}
