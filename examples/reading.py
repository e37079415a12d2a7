"""Reading without a language model: words, sentences, and which text is nearest to a question (TF-IDF, by cosine)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from math import log, sqrt
from typing import NamedTuple

COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about after all also an and are as at be been but by could did do does for from had has have how i in into is "
        "it its many me more most much no not of on one or other so some such tell than that the their them then there "
        "these they this to us was we were what when where which who whom why will with would you your",
    )
)


def words(text: str) -> list[str]:
    """The words of a text that say something, each as its stem."""
    return [stem(word) for word in spoken(text)]


def spoken(text: str) -> list[str]:
    """The same, as they were said."""
    return [word for word in re.findall(r"[a-z0-9]+", text.casefold()) if word not in COMMON]


def repeated(text: str, limit: int) -> list[str]:
    """The words that come up most often, and at least twice, each as it was said first."""
    said = {stem(word): word for word in reversed(spoken(text))}
    return [said[word] for word, number in Counter(words(text)).most_common(limit) if number > 1]


def stem(word: str) -> str:
    """A word without its ending, so that "dialled" and "dial" are one."""
    for ending in ("ing", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    found = re.split(r"(?<=[a-z0-9)][.!?])\s+(?=[A-Z])", text.strip())
    return [sentence for sentence in found if sentence]


def years(text: str) -> list[int]:
    """The years that a text names, in order."""
    return sorted({int(year) for year in re.findall(r"\b(?:1[89]|20)\d\d\b", text)})


class Found(NamedTuple):
    """A text that was found: its name, the text, and how near it is, from 0 to 1."""

    name: str
    text: str
    score: float


class Index:
    """Texts that can be searched: each a vector of its words, weighed by how rare they are.

    Args:
        texts: by name; the name is searched, too.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        counts = {name: Counter(words(f"{name} {text}")) for name, text in texts.items()}
        spread = Counter(word for count in counts.values() for word in count)
        self._rarity = {word: log(len(counts) / number) + 1 for word, number in spread.items()}
        self._vectors = {name: self._vector(count) for name, count in counts.items()}

    def _vector(self, count: Mapping[str, int]) -> dict[str, float]:
        weights = {word: number * self._rarity[word] for word, number in count.items() if word in self._rarity}
        length = sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()}

    def search(self, question: str, limit: int = 3) -> list[Found]:
        """The texts that have words in common with a question, the nearest first."""
        asked = self._vector(Counter(words(question)))
        scores = {
            name: sum(weight * vector.get(word, 0.0) for word, weight in asked.items())
            for name, vector in self._vectors.items()
        }
        best = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])
        return [Found(name, self._texts[name], round(scores[name], 3)) for name in best[:limit]]
