"""Sources searched at once, a vote on the angle, a report refined: the course's exercise of a research multi-agent system.

Three workflows within a fourth: `parallel`, `vote` and `refine`, in a `sequential` over a dict of what was found so far.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel

from command import asked, command, say
from library import RELATIONS, SWITCHES, passages
from reading import sentences, words, years
from switchroom import Agent, RunConfig, Runner, parallel, refine, sequential, vote
from switchroom.model import ModelRequest
from switchroom.workflow import Branches, Vote, plurality


class Angle(BaseModel):
    """Under which angle the report is written, as one judge wants it."""

    angle: Literal["dates", "places", "people"]


class Verdict(BaseModel):
    """What the critic says of a draft."""

    score: int
    feedback: str
    passes: bool


def articles(found: dict[str, Any]) -> list[str]:
    """What the articles say."""
    return passages(found["input"], 4)


def register(found: dict[str, Any]) -> list[str]:
    """What the register of switches says."""
    said = set(words(found["input"]))
    rows = [row for row in SWITCHES if said & set(words(f"{row.name} {row.principle} {row.place}"))]
    return [f"The first {row.name} opened in {row.place} in {row.year}." for row in rows]


def relations(found: dict[str, Any]) -> list[str]:
    """Who is related to what the question names."""
    said = set(words(found["input"]))
    return [f"{' '.join(edge)}." for edge in RELATIONS if said & set(words(f"{edge.subject} {edge.object}"))]


def critic(draft: str) -> Verdict:
    """A report has three sentences, and names a year."""
    missing = [
        *(["Say more."] if len(sentences(draft)) < 3 else []),
        *(["Name a year."] if not years(draft) else []),
    ]
    return Verdict(score=10 - 4 * len(missing), feedback=" ".join(missing) or "Good.", passes=not missing)


def collected(found: Branches) -> list[str]:
    """All findings, each once."""
    return list(dict.fromkeys(line for lines in found.results.values() for line in lines))


sources = parallel(articles=articles, register=register, relations=relations, join=collected).named("findings")


def as_the_reader(tie: dict[str, Any]) -> str:
    """Where the judges are divided, the reader decides."""
    return tie["ballots"]["reader"].angle


judges = {
    "reader": "You are a reader. Choose the angle that the question asks for.",
    "archivist": "You are an archivist. Choose the angle on which the findings have most.",
    "editor": "You are an editor. Choose the angle that is rarest in the findings, but in them.",
}
angle = vote(
    *(Agent(name, criterion, output_type=Angle) for name, criterion in judges.items()),
    by=plurality,
    key=lambda said: said.angle,
    ties=as_the_reader,
).named("angle")
writer = Agent(
    "writer", "You are given a question, findings and an angle as JSON. Write a report of one sentence, and more when asked."
)
system = sequential(sources, angle, refine(writer, critic, rounds=3).named("report"), state={})


def on(angle: str, line: str) -> bool:
    """Whether a line has something for an angle."""
    capitals = [word for word in line.split()[1:] if word[:1].isupper()]
    match angle:
        case "dates":
            return bool(years(line))
        case "places":
            return any(f" in {word}" in line for word in capitals)
        case _:
            return any(edge.subject in line for edge in RELATIONS if edge.verb in ("built", "worked in", "invented"))


def offline(request: ModelRequest) -> str:
    """Judges count what the findings have for each angle; the writer brings lines of the angle first, one more each round."""
    asked_for: dict[str, Any] = json.loads(request.messages[0].text)
    lines: list[str] = asked_for["findings"]
    counts = {angle: sum(on(angle, line) for line in lines) for angle in ("dates", "places", "people")}
    match request.agent:
        case "reader":
            first = {"when": "dates", "where": "places", "who": "people"}
            said = asked_for["input"].casefold().split()
            return Angle.model_validate(
                {"angle": next((first[word] for word in said if word in first), "dates")}
            ).model_dump_json()
        case "archivist":
            return Angle.model_validate({"angle": max(counts, key=lambda name: counts[name])}).model_dump_json()
        case "editor":
            return Angle.model_validate({"angle": min(counts, key=lambda name: counts[name] or 99)}).model_dump_json()
        case _:
            lines.sort(key=lambda line: not on(asked_for["angle"]["winner"], line))
            drafts = [message for message in request.messages if message.role == "assistant"]
            written = len(sentences(drafts[-1].text)) if drafts else 0
            return " ".join(lines[: written + 1]) or "Nothing was found."


if __name__ == "__main__":
    text, model = asked(command(__doc__, "Who made the Strowger switch, and when could people dial?"), offline)
    found = Runner.run_sync(system, text, config=RunConfig(model=model)).final_output
    voted: Vote[str] = found["angle"]
    say(f"findings: {len(found['findings'])}")
    say(f"angle: {voted.winner}, {voted.tally}")
    report = found["report"]
    say(f"report, {report.rounds} rounds, passed: {report.passed}")
    say(report.draft)
