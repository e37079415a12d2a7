"""A chief over two leads, each over specialists of its own: the course's Hierarchical Multi-Agent."""

from __future__ import annotations

from collections.abc import Callable

from command import asked, command, say
from library import SWITCHES, passages
from reading import sentences, words, years
from switchroom import Agent, RunConfig, Runner, supervisor, tool
from switchroom.model import ModelRequest
from switchroom.testing import Reply, call


@tool(effect="read")
def search_archive(question: str) -> str:
    """Find passages of the archive on a question."""
    return " ".join(passages(question, 3)) or "nothing"


@tool(effect="read")
def search_register(question: str) -> str:
    """Find the switches of the register that a question names, or that opened in a place that it names."""
    said = set(words(question))
    found = [row for row in SWITCHES if said & (set(words(f"{row.name} {row.place}")) - {"switch", "new"})]
    return " ".join(f"The register has the {row.name}, {row.place} {row.year}." for row in found) or "nothing"


@tool(effect="read")
def proofread(text: str) -> str:
    """Take out of a text what is said twice."""
    return " ".join(dict.fromkeys(sentences(text)))


archivist = Agent(
    "archivist",
    "Search the archive, and repeat what is to the point.",
    tools=[search_archive],
    description="searches the archive",
)
research_lead = supervisor(
    Agent("research_lead", "Have the archive and the register searched, and report all of it.", description="finds out"),
    workers={"archive": archivist, "register": search_register},
)
writer = Agent("writer", "Put the facts in the order of time.", description="writes")
editor = supervisor(
    Agent("editor", "Have a report written and proofread.", description="makes a report of facts"),
    workers={"write": writer, "proofread": proofread},
)
chief = supervisor(
    Agent("chief", "Have the question researched, then have a report made, and give the report."),
    workers={"research": research_lead, "edit": editor},
)


def by_time(text: str) -> str:
    """The sentences in the order of the years that they name; those without one last."""
    return " ".join(sorted(sentences(text), key=lambda sentence: min(years(sentence), default=9999)))


# What each calls, one stage after the other, given what it was asked and what the stage before told.
STAGES: dict[str, tuple[Callable[[str, str], list[Reply]], ...]] = {
    "chief": (
        lambda asked, told: [call("research", input=asked)],
        lambda asked, told: [call("edit", input=told)],
    ),
    "research_lead": (lambda asked, told: [call("archive", input=asked), call("register", question=asked)],),
    "archivist": (lambda asked, told: [call("search_archive", question=asked)],),
    "editor": (
        lambda asked, told: [call("write", input=asked)],
        lambda asked, told: [call("proofread", text=told)],
    ),
    "writer": (),
}


def offline(request: ModelRequest) -> Reply:
    """Each has its workers do their part, and passes on what they told; the writer really sorts."""
    asked = request.messages[0].text
    answers = [message for message in request.messages if message.role == "assistant"]
    told: list[str] = []
    for message in reversed(request.messages):
        if message.role != "tool":
            break
        told.insert(0, message.text)
    known = " ".join(text for text in told if text != "nothing")
    stages = STAGES[request.agent]
    if len(answers) < len(stages):
        return stages[len(answers)](asked, known)  # pyright: ignore[reportReturnType]
    return by_time(asked) if request.agent == "writer" else known or "Nothing is known of that."


if __name__ == "__main__":
    text, model = asked(command(__doc__, "What do we know of crossbar exchanges?"), offline)
    result = Runner.run_sync(chief, text, config=RunConfig(model=model))
    say(result.final_output)
    say({name: usage.requests for name, usage in result.by_agent.items()})
