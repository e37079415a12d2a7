"""Agents with typed inputs and outputs, checked along the way: the pattern known as Clear Agent Boundaries."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from command import asked, command, say
from library import PASSAGES
from reading import Index, words
from switchroom import Agent, RunConfig, Runner, sequential
from switchroom.model import ModelRequest


class AgentInput(BaseModel):
    """What the agent is given."""

    query: str
    context: dict[str, str]


class AgentOutput(BaseModel):
    """What the agent gives."""

    result: str
    confidence: float = Field(ge=0, le=1)
    metadata: dict[str, Any] = {}


def gather(query: str) -> AgentInput:
    """The query, and what the library has on it."""
    return AgentInput(query=query, context={found.name: found.text for found in PASSAGES.search(query, 3)})


agent = Agent(
    "answering",
    "You are given a query and its context as JSON. Answer from the context alone, in one sentence.",
    output_type=AgentOutput,
)


def present(output: AgentOutput) -> str:
    """The answer as a person reads it; one that is not sure says so."""
    source = output.metadata.get("source")
    if source is None:
        return output.result
    return f"{'Perhaps: ' if output.confidence < 0.3 else ''}{output.result} ({output.confidence:.0%}, {source})"


pipeline = sequential(gather, agent, present)


def offline(request: ModelRequest) -> str:
    """The passage of the context that is nearest to the query; as sure as it is near."""
    given = AgentInput.model_validate_json(request.messages[-1].text)
    found = Index(given.context).search(given.query, 1) if words(given.query) else []
    if not found:
        return AgentOutput(result="The library has nothing on that.", confidence=0).model_dump_json()
    best = found[0]
    return AgentOutput(result=best.text, confidence=min(best.score, 1), metadata={"source": best.name}).model_dump_json()


if __name__ == "__main__":
    text, model = asked(command(__doc__, "How many lines does an exchange need?"), offline)
    say(Runner.run_sync(pipeline, text, config=RunConfig(model=model)).final_output)
