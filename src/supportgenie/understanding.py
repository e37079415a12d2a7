"""What a message is about: words with their spelling corrected, the concepts they stand for, and the topic these make."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from supportgenie.search import words_of

# Who writes more has said what it is about, and each unknown word costs a look at every known one.
_MAX_WORDS = 250
_SPELLABLE = range(4, 20)
_CUTOFF = 0.8
# A long word inside an unknown one is what was meant: "reimbursementof", "wannarestore".
_INNER = 6


@dataclass(frozen=True)
class Topic:
    """Something customers write about, and the department it belongs to."""

    name: str
    department: str
    patterns: tuple[str, ...]
    weak: bool = False


@dataclass(frozen=True)
class Language:
    """What the topics' file holds, made ready for reading messages."""

    topics: tuple[Topic, ...]
    concepts: dict[str, frozenset[str]]
    phrases: tuple[tuple[str, re.Pattern[str]], ...]
    vocabulary: tuple[str, ...]

    def spelled(self, word: str) -> str:
        """The word itself if it is known or too odd to correct, else the known word that it is nearest to."""
        if word in self.concepts or len(word) not in _SPELLABLE:
            return word
        near = get_close_matches(word, self.vocabulary, n=1, cutoff=_CUTOFF)
        if near:
            return near[0]
        inner = [known for known in self.vocabulary if len(known) >= _INNER and known in word]
        return max(inner, key=len, default=word)


@cache
def language() -> Language:
    """The topics' file, read once."""
    table: dict[str, Any] = tomllib.loads(files("supportgenie").joinpath("topics.toml").read_text("utf-8"))
    concepts: dict[str, frozenset[str]] = dict.fromkeys(table["plain"]["words"].split(), frozenset())
    for concept, words in table["concepts"].items():
        for word in words.split():
            concepts[word] = concepts.get(word, frozenset()) | {concept}
    phrases = tuple((concept, re.compile(rf"\b(?:{'|'.join(patterns)})")) for concept, patterns in table["phrases"].items())
    topics = tuple(
        Topic(row["name"], row["department"], tuple(row["patterns"]), row.get("weak", False)) for row in table["topic"]
    )
    return Language(topics, concepts, phrases, tuple(sorted(concepts)))


@lru_cache(maxsize=1024)
def concepts_of(text: str) -> frozenset[str]:
    """The concepts that a text's words and phrases stand for."""
    known = language()
    words = [known.spelled(word) for word in words_of(text)[:_MAX_WORDS]]
    found: set[str] = set()
    for word in words:
        found |= known.concepts.get(word, frozenset())
    line = " ".join(words)
    return frozenset(found | {concept for concept, phrase in known.phrases if phrase.search(line)})


def topic_of(concepts: frozenset[str], *, weak: bool) -> Topic | None:
    """The first topic that the concepts make; one that says little by itself only where `weak` is asked for."""
    for topic in language().topics:
        if (weak or not topic.weak) and any(_holds(pattern, concepts) for pattern in topic.patterns):
            return topic
    return None


def is_known(word: str) -> bool:
    """Whether a word is an English one, as far as these topics need it."""
    return word in language().concepts


def means_something(word: str) -> bool:
    """Return True if a word, as it is spelled, stands for something that customers write about."""
    return bool(language().concepts.get(word))


def department_of(topic: str) -> str:
    """Whose a topic is; the support department's, if nobody else's."""
    return next((known.department for known in language().topics if known.name == topic), "support")


def _holds(pattern: str, concepts: frozenset[str]) -> bool:
    for part in pattern.split():
        wanted = concepts.isdisjoint(part.removeprefix("-").split("/"))
        if wanted != part.startswith("-"):
            return False
    return True
