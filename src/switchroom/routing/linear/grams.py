"""What a text is made of: its words cut short, the pairs of them that stand near one another, and pieces of its words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple

LONGEST = 4000
"""Characters of a text that are looked at."""

STEM = 5
"""Characters of a word that count as the word: endings differ, and mean the same."""

NEAR = 10
"""Words that stand within this distance of one another are a pair."""

LONGEST_WORD = 40
PIECES = (3, 4)

# Scripts that put no space between words: each character stands for itself. Emoji do so, too.
_ALONE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f300-\U0001faff\u2600-\u27bf"
_WORDS = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+")
_DIGITS = re.compile(r"\d")


class Grams(NamedTuple):
    """The grams of a text, by family, each once.

    Args:
        words: words cut short, and two that follow one another; "^" and "$" are the text's ends.
        pairs: two words that stand near one another, in either order.
        pieces: pieces of words, of three and four characters.
    """

    words: dict[str, None]
    pairs: dict[str, None]
    pieces: dict[str, None]


WEIGHTS = (1.0, 0.6, 1.2)
"""How much each family counts."""


def words_of(text: str) -> list[str]:
    """The words of a text, without capitals and with every digit a 0."""
    text = text[:LONGEST]
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return [word[:LONGEST_WORD] for word in _WORDS.findall(_DIGITS.sub("0", plain))]


def grams_of(text: str) -> Grams:
    """The grams of a text, in an order that depends on the text alone; of the words, single ones come first."""
    words = words_of(text)
    stems = [word[:STEM] for word in words]
    found = dict.fromkeys(stems)
    if stems:
        ended = ["^", *stems, "$"]
        found.update(dict.fromkeys([f"{one} {next}" for one, next in pairwise(ended)]))
    pairs = [
        f"{one}+{other}" if one < other else f"{other}+{one}"
        for place, one in enumerate(stems)
        for other in stems[place + 1 : place + NEAR]
        if one != other
    ]
    pieces: list[str] = []
    for word in dict.fromkeys(words):
        padded = f"_{word}_"
        for size in PIECES:
            pieces += [padded[start : start + size] for start in range(len(padded) - size + 1)]
    return Grams(found, dict.fromkeys(pairs), dict.fromkeys(pieces))
