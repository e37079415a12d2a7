"""Words of danger, also misspelled and in other languages: who writes them is answered with what keeps people safe."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from supportgenie.understanding import is_known

_WORD: Final = re.compile(r"[^\W\d_]+")
_LONGEST: Final = 2_000
"""Characters of a message that are looked at."""

_MISSPELLED: Final = range(4, 13)
"""Letters of a word in which one slip is forgiven."""


@cache
def _table() -> dict[str, list[str]]:
    return tomllib.loads(files("supportgenie").joinpath("danger.toml").read_text("utf-8"))


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_table()['patterns'])})\b|{'|'.join(_table()['anywhere'])}", re.IGNORECASE)


@cache
def _harmless() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_table()['harmless'])})\b", re.IGNORECASE)


@lru_cache(maxsize=1024)
def is_dangerous(text: str) -> bool:
    """Return True if a message tells of smoke, fire, heat that hurts, a swollen battery or an electric shock."""
    plain = unicodedata.normalize("NFC", text[:_LONGEST]).replace("\u2019", "'")
    told = _harmless().sub(" ", plain)
    return _pattern().search(told) is not None or any(_is_slip(word) for word in _WORD.findall(told.lower()))


def _is_slip(word: str) -> bool:
    """Return True if a word that is no other English word is one slip away from a word of danger."""
    if len(word) not in _MISSPELLED or is_known(word) or word in _table()["other_words"]:
        return False
    return any(word[0] == meant[0] and is_one_slip(word, meant) for meant in _table()["words"])


def is_one_slip(word: str, meant: str) -> bool:
    """Return True if a word is another one with one letter left out, added, wrong, or swapped with its neighbour."""
    if abs(len(word) - len(meant)) > 1:
        return False
    start = next((at for at, (one, other) in enumerate(zip(word, meant, strict=False)) if one != other), None)
    if start is None:
        return len(word) != len(meant)
    one, other = word[start:], meant[start:]
    return one[1:] == other[1:] or one[1:] == other or one == other[1:] or (one[:2] == other[1::-1] and one[2:] == other[2:])
