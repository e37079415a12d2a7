"""A pipeline in plain code: a researcher finds, an analyst judges, a writer writes."""

from __future__ import annotations

import os

from pydantic import BaseModel
from switchroom import Agent, RunConfig, Runner, tool

from offline import model

NOTES = {
    "remote work": [
        "Commuting falls away: 40 minutes a day on average.",
        "New colleagues take longer to settle in.",
    ],
    "four-day week": [
        "Sick leave fell in most trials.",
        "Shifts in hospitals need more staff.",
    ],
    "open offices": [
        "They save rent.",
        "People speak less with one another, not more.",
    ],
}
"""What can be searched: examples, whose place your documents take."""


class Findings(BaseModel):
    """What the researcher found."""

    topic: str
    facts: list[str]


class Verdict(BaseModel):
    """What the analyst makes of it."""

    claim: str
    because: list[str]
    doubtful: bool


@tool(effect="read")
async def search(query: str) -> dict[str, list[str]]:
    """Search the notes.

    Args:
        query: a few words.
    """
    words = set(query.lower().split())
    return {
        topic: facts for topic, facts in NOTES.items() if words & set(topic.split())
    }


researcher = Agent(
    "researcher",
    "Search the notes, and report facts only.",
    tools=[search],
    output_type=Findings,
)
analyst = Agent(
    "analyst",
    "Weigh the facts: what follows from them, and do they suffice?",
    output_type=Verdict,
)
writer = Agent(
    "writer",
    "Write one short paragraph. Add nothing to what you are given.",
)


async def app(input: str, scope: object) -> str:
    """Answer a question. After a crash, what an agent finished is not done again."""
    findings = (await Runner.run(researcher, input)).final_output
    if not findings.facts:
        return f"The notes say nothing of that. They know of: {', '.join(NOTES)}."
    verdict = (await Runner.run(analyst, findings.model_dump_json())).final_output
    return (await Runner.run(writer, verdict.model_dump_json())).final_output


# A language model answers if SWITCHROOM_MODEL names one, else the rules of offline.py.
config = RunConfig(model=os.environ.get("SWITCHROOM_MODEL") or model)
