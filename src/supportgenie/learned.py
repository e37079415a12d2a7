"""The topics that were learned from labelled messages, whatever the numbers and addresses in a message."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any, Final

from supportgenie.contacts import without_emails
from supportgenie.introduction import introduction_in
from supportgenie.languages import language_of
from supportgenie.understanding import Topic, department_of, language
from switchroom.routing import Asked, Decision, LearnedRouter, Router

GUESSED: Final = 0.25
"""The probability from which on what was learned is believed about a message in another language."""

_DIGITS = re.compile(r"\d+")


@cache
def topics() -> LearnedRouter:
    """The router by topics, as it was learned from `examples/messages.jsonl`."""
    with as_file(files("supportgenie.examples").joinpath("topics.router")) as path:
        return LearnedRouter.load(path)


def without_details(text: str) -> str:
    """Return a text without digits and e-mail addresses: whose order it is says nothing about what its customer wants."""
    return " ".join(_DIGITS.sub(" ", without_emails(text)).split())


class ByTopic(Router):
    """Routes by the topics that were learned, whatever numbers and addresses a message has. An introduction is for nobody."""

    waits = False

    def __init__(self, learned: LearnedRouter) -> None:
        self.name = learned.name
        self.routes = learned.routes
        self._learned = learned

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide by the words of the last message."""
        if introduction_in(asked.text) is not None:
            return left_open(self, "the customer says who they are")
        return await self._learned.judge(replace(asked, text=without_details(asked.text)), scope)


@cache
def by_topic() -> ByTopic:
    """Return the router by topics, made ready once."""
    return ByTopic(topics())


@lru_cache(maxsize=1024)
def topic_of_foreign(text: str) -> Topic | None:
    """Return the topic of a message in another language, whose words rules do not know; None for English, or for no idea."""
    if language_of(text) is None:
        return None
    candidates = by_topic().decide(text).candidates
    shares: dict[str, float] = {}
    for topic, share in candidates:
        shares[department_of(topic)] = shares.get(department_of(topic), 0.0) + share
    department, sure = max(shares.items(), key=lambda pair: pair[1])
    likeliest = next(topic for topic, _ in candidates if department_of(topic) == department)
    return next(topic for topic in language().topics if topic.name == likeliest) if sure >= GUESSED else None


def left_open(router: Router, reason: str) -> Decision:
    """Return the decision of a router that cannot tell."""
    share = 1 / len(router.routes)
    return Decision(None, share, tuple((route, share) for route in router.routes), True, router.name, reason)
