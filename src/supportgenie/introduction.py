"""Messages in which customers say who they are, and nothing else: a greeting, a name, an e-mail address, a phone number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from supportgenie.contacts import emails_in, phones_in
from supportgenie.mood import mood_of
from supportgenie.understanding import is_known, means_something

_GREETING = re.compile(r"^\W*(?:hi+|hello|hey+|hiya|dear|greetings|good (?:morning|afternoon|evening|day))\b", re.I)
_NAME = r"[^\W\d_][\w'\u2019.-]*"
_SAID = re.compile(
    rf"\b(?:i am|i['\u2019]?m|my (?:full )?name is|my name['\u2019]?s|the name is|name:|this is|it['\u2019]?s)\s+"
    rf"((?:{_NAME}\s*){{1,4}})",
    re.I,
)
_BESIDE = re.compile(
    r"\b(?:hi+|hello|hey+|hiya|dear|greetings|good|morning|afternoon|evening|day|my|name|is|and|or|i|am|im|here|e-?mail|mail"
    r"|address|phone|number|mobile|the|it|its|this|you|can|reach|me|at|on|under|by|via|contact|write|call|to|there|sir|madam"
    r"|team|support|thanks|thank|please|nice|meet|speaking|customer|a|of|yours)\b",
    re.I,
)
_MOST_CHARS = 300
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Introduction:
    """The name and the e-mail that a customer gives. They prove nothing.

    Args:
        name: the name; empty if there is only an address or a number.
    """

    name: str


def introduction_in(text: str) -> Introduction | None:
    """Return the introduction that a message is; None if it says anything else besides."""
    if len(text) > _MOST_CHARS or mood_of(text) != "calm" or "?" in text:
        return None
    contacts = [*emails_in(text), *phones_in(text)]
    rest = text
    for contact in contacts:
        rest = rest.replace(contact, " , ")
    if re.search(r"\d", rest):
        return None
    said = _SAID.search(rest)
    name = _leading_name(said.group(1)) if said else ""
    others = _BESIDE.sub(" ", rest.replace(said[0][: said.start(1) - said.start()] + name, " ", 1) if said and name else rest)
    left = re.findall(_NAME, others)
    if not name and contacts and len(left) <= _MOST_WORDS and all(word[0].isupper() for word in left):
        name, left = " ".join(left), []
    is_one = name or (contacts and not left)
    greeted = bool(contacts or _GREETING.match(text) or name[:1].isupper())
    return Introduction(name) if is_one and greeted and not left and _may_be_a_name(name) else None


def _leading_name(words: str) -> str:
    """Return the words until one that cannot belong to a name, such as the `and` before an e-mail address."""
    kept: list[str] = []
    for word in words.split():
        if _BESIDE.fullmatch(word.strip(".,")):
            break
        kept.append(word)
    return " ".join(kept)


def _may_be_a_name(name: str) -> bool:
    """Return True if no word of a name is one that customers use for something else."""
    return not any(means_something(word.lower()) or (is_known(word) and word.islower()) for word in name.split())
