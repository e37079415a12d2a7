"""A researcher, an analyst and a writer in a row: the pattern known as Sequential Pipeline."""

from __future__ import annotations

from command import asked, command, say
from library import passages
from reading import years
from switchroom import Agent, RunConfig, Runner, sequential, tool
from switchroom.model import ModelRequest
from switchroom.testing import Reply, call


@tool(effect="read")
def search_library(question: str) -> str:
    """Find what the library has on a question.

    Args:
        question: in plain words.
    """
    return "\n".join(passages(question, 5)) or "Nothing."


researcher = Agent("researcher", "Search the library, and give the facts with their years.", tools=[search_library])
analyst = Agent("analyst", "Put the facts in the order of time, one a line, and say over which years they reach.")
writer = Agent("writer", "Write a short report of the analysis.")
pipeline = sequential(researcher, analyst, writer)


def offline(request: ModelRequest) -> Reply:
    """What the three would say, worked out from the library."""
    newest = request.messages[-1]
    match request.agent:
        case "researcher":
            return newest.text if newest.role == "tool" else call("search_library", question=newest.text)
        case "analyst":
            dated = sorted((years(line)[0], line) for line in newest.text.splitlines() if years(line))
            return "\n".join(f"{year}: {line}" for year, line in dated) or "The library has nothing with a date on that."
        case _:
            lines = [line for line in newest.text.splitlines() if years(line)]
            if not lines:
                return newest.text
            first, last = lines[0][:4], lines[-1][:4]
            return f"What the library knows, from {first} to {last}:\n\n" + "\n".join(f"* {line[6:]}" for line in lines)


if __name__ == "__main__":
    text, model = asked(command(__doc__, "When could people dial without an operator?"), offline)
    say(Runner.run_sync(pipeline, text, config=RunConfig(model=model)).final_output)
