"""Query understanding, then vector, graph and schema search at once, and an answer of what came back: multi-agent retrieval.

What a search that failed would have known is said to be missing, and not made up. The searches are real: TF-IDF vectors, a
graph of relations, and a database in SQLite (`searches.py`), over a small library on telephone exchanges (`library.py`).
"""

from __future__ import annotations

from pydantic import BaseModel

from command import asked, command, say
from reading import Index
from searches import SEARCHES, Understanding, reachable, understood
from switchroom import Agent, RunConfig, Runner, Step, parallel
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.workflow import Branches


class Evidence(BaseModel):
    """What the answer is to rest on."""

    question: str
    found: dict[str, list[str]]
    failed: dict[str, str]


class Answer(BaseModel):
    """The answer, which searches it comes from, and what is missing."""

    text: str
    sources: list[str]
    missing: list[str]


query_understanding = Agent(
    "query_understanding",
    "Take the question apart: its terms, the switches, people and places that it names, and what it wants (year, place, "
    "person, reason, manner, anything).",
    output_type=Understanding,
)
response = Agent(
    "response",
    "You are given evidence as JSON. Answer the question from it alone, name the searches that it comes from, and say what is "
    "missing because a search failed.",
    output_type=Answer,
)


class Retrieval:
    """The system as a step: a function of the question that calls others.

    Args:
        searches: what is asked at the same time.
    """

    def __init__(self, searches: Step[Understanding, Branches]) -> None:
        self.searches = searches

    async def __call__(self, question: str, scope: Scope) -> Answer:
        """Understand, search, answer."""
        wanted = await scope.call(query_understanding, question)
        found: Branches = await scope.call(self.searches, wanted)
        failed = {name: str(failure) for name, failure in found.failures.items()}
        return await scope.call(response, Evidence(question=question, found=found.results, failed=failed))


def offline(request: ModelRequest) -> str:
    """The understanding by words; the answer of the pieces of evidence that are nearest to the question."""
    newest = request.messages[-1].text
    if request.agent == "query_understanding":
        return understood(newest).model_dump_json()
    evidence = Evidence.model_validate_json(newest)
    sources = {line: name for name, lines in evidence.found.items() for line in lines}
    best = [found.text for found in Index({line: line for line in sources}).search(evidence.question, 3)] if sources else []
    text = " / ".join(best) or "Nothing was found."
    missing = [f"{name}: {failure}" for name, failure in evidence.failed.items()]
    return Answer(text=text, sources=sorted({sources[line] for line in best}), missing=missing).model_dump_json()


if __name__ == "__main__":
    parser = command(__doc__, "What came after the No. 5 crossbar, and where did it open?")
    parser.add_argument("--down", nargs="*", default=[], choices=list(SEARCHES), help="searches that cannot be reached")
    text, model = asked(parser, offline)
    system = Retrieval(parallel(reachable(parser.parse_args().down)))
    result = Runner.run_sync(system, text, config=RunConfig(model=model))
    answer = result.final_output
    say(answer.text)
    say(f"from: {', '.join(answer.sources) or 'nothing'}")
    for gap in answer.missing:
        say(f"missing: {gap}")
