"""Partial results, and the errors that made them partial: the pattern known as Graceful Degradation."""

from __future__ import annotations

from command import asked, command, say
from searches import SEARCHES, Understanding, reachable, understood
from switchroom import Agent, RunConfig, Runner, parallel, sequential
from switchroom.model import ModelRequest
from switchroom.workflow import Branches

answering = Agent(
    "answering",
    "You are given what searches found, and which of them failed. Answer from what there is, and say what is missing.",
)


def understand(query: str) -> Understanding:
    """The query, understood."""
    return understood(query)


def generate_response(found: Branches) -> str:
    """What there is, with what is missing."""
    lines = [f"{name} failed: {failure}" for name, failure in found.failures.items()]
    lines += [f"{name}: {line}" for name, results in found.results.items() for line in results[:2]]
    return "\n".join(lines) or "Nothing was found."


def offline(request: ModelRequest) -> str:
    """The findings, the failures last and in words."""
    lines = request.messages[-1].text.splitlines()
    failed = [line for line in lines if " failed: " in line]
    found = [line for line in lines if line not in failed]
    missing = [f"Missing: {line.partition(' ')[0]} search, for {line.partition(': ')[2]}." for line in failed]
    return "\n".join([*(found or ["Nothing can be said."]), *missing])


if __name__ == "__main__":
    parser = command(__doc__, "When did the panel switch begin?")
    parser.add_argument("--down", nargs="*", default=["graph"], choices=list(SEARCHES), help="searches that cannot be reached")
    text, model = asked(parser, offline)
    searches = parallel(reachable(parser.parse_args().down), join=generate_response)
    result = Runner.run_sync(sequential(understand, searches, answering), text, config=RunConfig(model=model))
    say(result.final_output)
