"""What a rule may answer: text for the customer, or acts, which are calls of tools; and answers that all departments share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from supportgenie.offline.talk import Talk
from supportgenie.search import words_of
from supportgenie.turns import Result


@dataclass(frozen=True)
class Act:
    """A call of a tool, or of a handoff."""

    tool: str
    args: Mapping[str, Any]


def act(tool: str, /, **args: Any) -> Act:
    """A call as rules write it; what is empty is left out, so that the tool's default holds."""
    return Act(tool, {name: value for name, value in args.items() if value not in (None, "")})


Answer: TypeAlias = str | Act
Procedure: TypeAlias = Callable[[Talk], Answer | None]
"""Takes a conversation about one topic a step further: an act, or the answer once the results are in; None for no idea."""


def explain(talk: Talk, ask: str = "", about: str = "") -> Answer:
    """What the shop's articles say on a topic, and a question that leads on.

    Args:
        talk: the conversation.
        ask: what the customer is asked in the end.
        about: words to search for; by default the topic's name.
    """
    query = about or talk.topic.replace("_", " ")
    found = talk.got("search_articles")
    if found is None:
        return act("search_articles", query=query)
    if not found.get("articles"):
        return ask or "I could not find anything about that. Could you put it in other words?"
    article: Result = next((a for a in found["articles"] if a["topic"] == talk.topic), found["articles"][0])
    return joined(excerpt(article["text"], talk.text), f"There is more at {article['path']}.", ask)


def excerpt(text: str, question: str) -> str:
    """The two sentences of a text that answer a question: its first, and of the others the one that shares most words."""
    first, *rest = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)
    if not rest:
        return first
    asked = {word for word in words_of(question) if len(word) > 3}
    return f"{first} {max(rest, key=lambda sentence: len(asked & set(words_of(sentence))))}"


def refused(result: Result) -> str:
    """Why a tool did not do what it was asked, as a sentence; empty if it did."""
    reason = str(result.get("refused", ""))
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


def sorry(result: Result) -> str:
    """The same, with regret."""
    reason = str(result["refused"])
    return f"I am sorry, but {reason}."


def recent(talk: Talk) -> str:
    """What the customer wrote last, as a brief tells it: this message, and what led to it."""
    return "\n".join(turn.text for turn in talk.turns[-3:])


def joined(*sentences: str) -> str:
    """Sentences in a row, without the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)


def listed(things: list[str]) -> str:
    """Things as a sentence lists them."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def items_of(order: Result) -> str:
    """What an order holds, as a sentence lists it."""
    return listed([f"{item['quantity']} x {item['product']}" for item in order["items"]])
