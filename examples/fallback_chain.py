"""A primary, a backup and a general agent in order until one answers: the pattern known as Fallback Chain.

The last is the Fallback Agent: it helps if it can, apologises, offers a person, and asks how to reach who wrote.
"""

from __future__ import annotations

import re

from command import asked, command, say
from library import SWITCHES, nearest
from switchroom import Agent, RunConfig, Runner, fallback
from switchroom.model import ModelRequest

UNKNOWN = "I don't know."


def helpful(answer: str) -> bool:
    """Whether an answer is one."""
    return UNKNOWN not in answer


chain = fallback(
    Agent("primary", f"You know the register of switches. Answer from it in one sentence, or say: {UNKNOWN}"),
    Agent("backup", f"You know the library. Answer from it in one sentence, or say: {UNKNOWN}"),
    Agent("general", "Help if you can. Else apologise, offer a person, and collect how to reach who wrote."),
    accept=helpful,
)


def offline(request: ModelRequest) -> str:
    """The primary looks in the register, the backup in the library, and the last finds out how to reach the person."""
    text = request.messages[-1].text
    match request.agent:
        case "primary":
            known = [switch for switch in SWITCHES if switch.name.casefold() in text.casefold()]
            return f"The first {known[0].name} opened in {known[0].place} in {known[0].year}." if known else UNKNOWN
        case "backup":
            found = nearest(text)
            return found.text if found and found.score > 0.35 else UNKNOWN
        case _:
            reach = re.findall(r"\S+@\S+\w|\+?\d[\d ]{6,}\d", text)
            how = f"A person will answer to {reach[0]}." if reach else "How can a person reach you?"
            return f"I am sorry, none of us knows that. {how}"


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Which songs were sung in 1899? Answer to desk@example.com"), offline)
    result = Runner.run_sync(chain, text, config=RunConfig(model=model))
    say(f"asked: {', '.join(result.by_agent)}")
    say(result.final_output)
