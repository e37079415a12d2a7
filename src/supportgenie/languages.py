"""The language that a message is written in, and an honest sentence in it for rules that only write English."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from supportgenie.understanding import is_known

_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
_LONGEST: Final = 2_000
"""Characters of a message that are looked at."""


IN_ENGLISH: Final = "(I can only answer in English.)"
"""The honest sentence once more, for a language that was taken for another one."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language other than English.

    Args:
        code: its code, such as `es`.
        names: how profiles call it, in lower case.
        honest: the sentence that answers are in English, in this language.
        words: frequent words that are no English ones.
        script: a pattern for its letters, if they tell it from all others.
    """

    code: str
    names: frozenset[str]
    honest: str
    words: frozenset[str] = frozenset()
    script: re.Pattern[str] | None = None


@cache
def languages() -> tuple[Language, ...]:
    """Return the languages of the table, those with a script of their own first."""
    table: dict[str, Any] = tomllib.loads(files("supportgenie").joinpath("languages.toml").read_text("utf-8"))
    read = (
        Language(
            code,
            frozenset([code, *row["names"]]),
            row["honest"],
            frozenset(row.get("words", "").split()),
            re.compile(row["script"]) if "script" in row else None,
        )
        for code, row in table.items()
    )
    return tuple(sorted(read, key=lambda one: one.script is None))


@lru_cache(maxsize=1024)
def language_of(text: str) -> Language | None:
    """Return the language of a message; None for English, and for what cannot be told."""
    words = _WORD.findall(_ADDRESS.sub(" ", text[:_LONGEST]).lower())
    if not words:
        return None
    letters = sum(map(len, words))
    for one in languages():
        if one.script is not None and sum(map(len, one.script.findall(text[:_LONGEST]))) * 2 > letters:
            return one
    hits, found = max(((sum(word in one.words for word in words), one) for one in languages()), key=lambda pair: pair[0])
    english = sum(is_known(word) and word not in found.words for word in words)
    enough = 1 if len(words) <= 2 else 2
    return found if hits >= enough and hits > english and hits * 5 >= len(words) else None


def language_named(name: str) -> Language | None:
    """Return the language that a profile names, such as `Spanish`, `es` or `es-MX`; None for English and others."""
    wanted = name.strip().lower()
    return next((one for one in languages() if wanted in one.names or re.split(r"[-_]", wanted)[0] == one.code), None)
