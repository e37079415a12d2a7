"""Finding the help article a message is about: full text, weighted by column, tolerant of misspelling."""

import re
from difflib import get_close_matches

from supportgenie import rows
from supportgenie.records import Article
from supportgenie.store import Store

# Words that carry no subject. A misspelled one ("assitance") is recognised and dropped like the others.
_FILLER_TEXT = """
    a about all am an and any are as assist assistance be been by can cannot cant could couldnt did do does
    doing dont for gonna got gotta had has have havent having hello help hey hi how i id if ill im in
    information into is isnt it its ive just kindly know let like may me might must my need needs not of ok okay
    or our please possible question questions really regarding shall should so some tell thank thanks that the
    their them then there these they this those to try trying u ur us wanna want wants was we were what where
    which who will with wont would ya yes you your
"""
_FILLER = frozenset(_FILLER_TEXT.split())

_WORD = re.compile(r"[^\W\d_]+")
# The straight one, the typographic one, and the two accents that people type in their place.
_APOSTROPHES = str.maketrans("", "", "'\u2019`\u00b4")

# Nobody describes a problem in more words than this, and each unknown word costs a spelling look-up.
_MAX_WORDS = 60
_SPELLABLE = range(4, 25)
_CUTOFF = 0.8

# slug, topic, title, keywords, body
_WEIGHTS = "0, 4, 4, 3, 1"


class ArticleSearch:
    """Search over the articles of one store, which are read once for their vocabulary."""

    def __init__(self, store: Store) -> None:
        """Learn which words the articles know."""
        self._store = store
        columns = store.all("SELECT topic, title, keywords, body FROM articles")
        words = {word for row in columns for text in row for word in words_of(str(text).replace("_", " "))}
        self._vocabulary = sorted(words | _FILLER)
        self._known = frozenset(self._vocabulary)

    def search(self, text: str, limit: int) -> tuple[Article, ...]:
        """Return up to `limit` articles, the best first; none if no word is known."""
        terms = self._terms(text)
        if not terms or limit < 1:
            return ()
        found = self._store.all(
            f"""SELECT slug, topic, title, body FROM articles WHERE articles MATCH ?
                ORDER BY bm25(articles, {_WEIGHTS}), rowid LIMIT ?""",
            " OR ".join(f'"{term}"' for term in terms),
            limit,
        )
        return tuple(rows.article(row) for row in found)

    def _terms(self, text: str) -> list[str]:
        """The words to look for: without filler, each with its corrected spelling."""
        found: dict[str, None] = {}
        for word in words_of(text)[:_MAX_WORDS]:
            spelled = self._spelled(word)
            if spelled not in _FILLER:
                found[spelled] = None
        return list(found)

    def _spelled(self, word: str) -> str:
        """The word itself if it is known or too odd to correct, else the known word it is nearest to."""
        if word in self._known or len(word) not in _SPELLABLE:
            return word
        return next(iter(get_close_matches(word, self._vocabulary, n=1, cutoff=_CUTOFF)), word)


def words_of(text: str) -> list[str]:
    """Split text into lower-case words of letters only; digits, signs and emoji separate."""
    return _WORD.findall(text.lower().translate(_APOSTROPHES))
