"""Steps that each add to what was found so far, a dict: the course's SequentialWorkflow, research, analyse, write."""

from __future__ import annotations

import json
from typing import Any

from command import asked, command, say
from library import passages
from reading import repeated, years
from switchroom import Agent, RunConfig, Runner, sequential
from switchroom.model import ModelRequest


def research(found: dict[str, Any]) -> dict[str, Any]:
    """What the library has on the subject."""
    return {"notes": passages(found["input"], 4)}


def analyse(found: dict[str, Any]) -> dict[str, Any]:
    """Which years the notes name, and which words come up again and again."""
    text = " ".join(found["notes"])
    return {"years": years(text), "repeated": repeated(text, 4)}


writer = Agent("article", "You are given notes, years and repeated words as JSON. Write a short article of them.")
workflow = sequential(research, analyse, writer, state={"author": "the library"})


def offline(request: ModelRequest) -> str:
    """The article, put together from what the others found."""
    found = json.loads(request.messages[-1].text)
    if not found["notes"]:
        return f"{found['input']}: nothing is known."
    span = f", up to {found['years'][-1]}" if found["years"] else ""
    return f"{found['input']}{span}, by {found['author']}. " + " ".join(found["notes"])


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Long distance calls"), offline)
    state = Runner.run_sync(workflow, text, config=RunConfig(model=model)).final_output
    for name, value in state.items():
        say(f"{name}: {value}")
