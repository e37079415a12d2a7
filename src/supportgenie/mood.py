"""How a customer sounds: calm, heated or angry, by what is written and not by who writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

Mood: TypeAlias = Literal["calm", "heated", "angry"]

# Against us, or past patience: a person should answer this.
_ANGRY = re.compile(
    r"\b(idiots?|morons?|imbeciles?|useless|incompetent|liars?|thie(f|ves)|crooks?|scam(mers?|med)?|ripped (me )?off|rip-?off"
    r"|furious|outrage(d|ous)?|disgust(ed|ing)|disgrace(ful)?|ridiculous|unacceptable|pathetic|appalling|livid|fed up"
    r"|sick (and tired )?of|had enough|sue you|lawyer|solicitor|hate you|(you|this|it)( \w+)? sucks?|screw you|shut up"
    r"|worst (\w+ ){0,2}(ever|service|company|shop))\b"
    r"|\b(fuck|damn|screw|to hell with) (you|off|this|it)\b|\bgo to hell\b|\bf\W?\*+\W?(you|off)\b",
    re.I,
)
# Strong words that may go with any request, and shouting.
_HEATED = re.compile(
    r"\b(fuck\w*|shit\w*|bullshit|damn\w*|goddamn\w*|bloody|crap|wtf|hell|annoy(ed|ing)|angry|upset|terrible|awful|horrible)\b"
    r"|!{3,}|[?!]{4,}",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHOUTED = 5


def mood_of(text: str) -> Mood:
    """How one message sounds.

    Returns:
        "angry" for insults, threats and lost patience; "heated" for strong words and shouting, which alone may mean little.
    """
    plain = text.replace("\u2019", "'")
    if _ANGRY.search(plain):
        return "angry"
    return "heated" if _HEATED.search(plain) or _shouts(plain) else "calm"


def mood_after(texts: Iterable[str]) -> Mood:
    """How a customer sounds after some messages, the newest last: who was heated twice, the newest included, is angry."""
    moods = [mood_of(text) for text in texts]
    if not moods or moods[-1] == "calm":
        return "calm"
    return "angry" if "angry" in moods[-1:] or moods.count("calm") <= len(moods) - 2 else "heated"


def _shouts(text: str) -> bool:
    words = _WORD.findall(text)
    return len(words) >= _SHOUTED and sum(word.isupper() for word in words) > len(words) * 0.8
