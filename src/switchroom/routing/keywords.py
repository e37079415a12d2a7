"""Rules of words: a route is named by words, phrases or patterns of its own; where they say nothing, the router abstains."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from switchroom.errors import UserError
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision, left_open
from switchroom.routing.router import Router

SURE = 0.99
"""The confidence of a match."""

MATCHES = 50
"""Matches of a route that are looked at in one message."""

# Scripts that put no space between words: what stands next to a keyword says nothing of where it ends.
_SCRIPTS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED = re.compile(f"[{_SCRIPTS}]")

# Marks such as the vowel signs of Devanagari: no letters to a pattern, and a word goes on with them all the same.
_MARKS = "".join(
    mark for mark in map(chr, range(0x300, 0x1D00)) if unicodedata.category(mark)[0] == "M" and not _UNSPACED.match(mark)
)


class _Match(NamedTuple):
    route: str
    text: str
    start: int
    end: int


class KeywordRouter(Router):
    """Routes by words, phrases and patterns.

    A word or phrase is found as a whole, in any capitals: "bill" is not found in "billing". A pattern is searched in the text
    as it stands. Where the match of one route lies within a longer one of another, the longer counts: with "cancel" for orders
    and "cancel my plan" for billing, the latter is billing's. If matches of two routes remain, the router abstains, and names
    both.

    Args:
        keywords: for each route its words, phrases and compiled patterns.
        confidence: how sure a match is.
        name: how decisions and paths call it.

    Raises:
        UserError: there are no routes, or one has no name; or a keyword is empty, or neither text nor pattern, or stands
            under two routes.
    """

    def __init__(
        self,
        keywords: Mapping[str, Iterable[str | re.Pattern[str]] | str | re.Pattern[str]],
        *,
        confidence: float = SURE,
        name: str = "keywords",
    ) -> None:
        if not keywords or not isinstance(keywords, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"KeywordRouter '{name}' has no routes. Pass a dict of routes and their words.")
        if not 0 < confidence <= 1:
            raise UserError(f"KeywordRouter(confidence={confidence!r}): give a number above 0, up to 1.")
        self.name = name
        self.routes = tuple(keywords)
        self._confidence = confidence
        self._phrases: list[tuple[str, re.Pattern[str]]] = []
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        owners: dict[str, str] = {}
        for route, given in keywords.items():
            if not isinstance(route, str) or not route.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"KeywordRouter '{name}' has the route {route!r}. Give it a name.")
            phrases = list[str]()
            for keyword in [given] if isinstance(given, str | re.Pattern) else given:
                match keyword:
                    case re.Pattern():
                        self._patterns.append((route, keyword))
                    case str() if keyword.strip():
                        phrase = " ".join(_plain(keyword).split())
                        if (other := owners.setdefault(phrase, route)) != route:
                            raise UserError(f"The keyword {keyword!r} stands under '{other}' and '{route}'. Leave it to one.")
                        phrases.append(phrase)
                    case _:
                        raise UserError(
                            f"Route '{route}' has the keyword {keyword!r}. Give words, phrases or compiled patterns."
                        )
            if phrases:
                phrases.sort(key=lambda phrase: -len(phrase))  # of two that begin alike, the longer is found
                # Looked ahead for, as phrases of a route may overlap, and each may hold another route's.
                self._phrases.append((route, re.compile(f"(?=({'|'.join(map(_whole, phrases))}))")))
        self._shortest = min(map(len, owners), default=0)

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide by the words of the last message."""
        text = _plain(asked.text)
        found = [
            _Match(route, match[1], match.start(1), match.end(1))
            for route, pattern in self._phrases
            for match in islice(pattern.finditer(text), MATCHES)
        ]
        longer = [one for one in found if len(one.text) > self._shortest]
        found = [one for one in found if not any(_covers(other, one) for other in longer)]
        found += [
            _Match(route, match[0], 0, 0)
            for route, pattern in self._patterns
            if (match := pattern.search(asked.text)) is not None
        ]
        said: dict[str, str] = {}
        for match in found:
            said.setdefault(match.route, match.text)
        match list(said):
            case []:
                return left_open(self.routes, self.name, "none of the keywords stands in the message")
            case [route]:
                return Decision(route, self._confidence, ((route, self._confidence),), False, self.name, f"'{said[route]}'")
            case several:
                share = 1 / len(several)
                reason = "several match: " + ", ".join(f"'{said[route]}' ({route})" for route in several)
                return Decision(None, share, tuple((route, share) for route in several), True, self.name, reason)


def _plain(text: str) -> str:
    """A text without what differs and means the same: capitals, compatibility forms, typographic apostrophes."""
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def _whole(phrase: str) -> str:
    """A pattern that finds a phrase as whole words, with any white space between them."""
    words = r"\s+".join(map(re.escape, phrase.split()))
    before, after = (_edge(phrase[0], "(?<!"), _edge(phrase[-1], "(?!"))
    return f"{before}{words}{after}"


def _edge(character: str, look: str) -> str:
    """What must not stand beside a character: a letter or mark with which its word goes on."""
    bounded = (character.isalnum() or character == "_" or character in _MARKS) and not _UNSPACED.match(character)
    return rf"{look}[^\W{_SCRIPTS}]){look}[{_MARKS}])" if bounded else ""


def _covers(longer: _Match, match: _Match) -> bool:
    """Whether another route's match holds this one, and more."""
    length = longer.end - longer.start
    return (
        longer.route != match.route
        and longer.start <= match.start
        and match.end <= longer.end
        and length > match.end - match.start
    )
