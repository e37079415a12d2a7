"""Sentiment, topics and entities of one text at the same time: the pattern known as Parallel Execution."""

from __future__ import annotations

import re

from command import asked, command, say
from reading import repeated, sentences, spoken, words
from switchroom import Agent, RunConfig, Runner, parallel
from switchroom.model import ModelRequest

GOOD = frozenset(words("good great fast friendly thank helpful love liked perfect quick pleased happy"))
BAD = frozenset(words("bad slow rude broken wrong late lost angry worst never failed fault crackles"))

USUAL = (
    "The new line from Omaha to Chicago is fast, and the people at Western Electric were helpful. "
    "Only the line to Media crackles. The line costs less, too."
)

analysis = parallel(
    sentiment=Agent("sentiment", "Say in one word whether the text is positive, negative or neutral."),
    topics=Agent("topics", "List the main topics of the text, with commas between them."),
    entities=Agent("entities", "List the people, places and organisations of the text, with commas between them."),
)


def offline(request: ModelRequest) -> str:
    """What each would say of the text, by its words."""
    text = request.messages[-1].text
    said = words(text)
    match request.agent:
        case "sentiment":
            balance = sum(word in GOOD for word in said) - sum(word in BAD for word in said)
            return "positive" if balance > 0 else "negative" if balance < 0 else "neutral"
        case "topics":
            return ", ".join(repeated(text, 4)) or max(spoken(text), key=len, default="none")
        case _:
            insides = [sentence.partition(" ")[2] for sentence in sentences(text)]  # the first word is a capital anyway
            names = [name for inside in insides for name in re.findall(r"[A-Z][a-z]+(?: [A-Z][a-z]+)*", inside)]
            return ", ".join(dict.fromkeys(names)) or "none"


if __name__ == "__main__":
    text, model = asked(command(__doc__, USUAL), offline)
    found = Runner.run_sync(analysis, text, config=RunConfig(model=model)).final_output
    for name, value in found.items():
        say(f"{name}: {value}")
