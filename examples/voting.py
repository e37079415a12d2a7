"""Judges who rank candidates by different criteria, and a runoff: the course's exercise of an agent voting system."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from command import asked, command, say
from library import passages
from reading import Index, words, years
from switchroom import Agent, RunConfig, Runner, vote
from switchroom.model import ModelRequest
from switchroom.workflow import ranked_choice

LETTERS = "ABCD"


class Candidates(BaseModel):
    """A question, and answers to it by letter."""

    question: str
    answers: dict[str, str]


class Ballot(BaseModel):
    """What a judge says: the letters of the answers, the best first."""

    best_first: list[Literal["A", "B", "C", "D"]]


judges = {
    "nearest": "Rank the answers by how near they are to the question, the nearest first.",
    "oldest": "Rank the answers by the year that they name, the oldest first; those without a year last.",
    "shortest": "Rank the answers by how short they are, the shortest first.",
}
election = vote(
    *(Agent(name, criterion, output_type=Ballot) for name, criterion in judges.items()),
    by=ranked_choice,
    key=lambda ballot: ballot.best_first,
)


def offline(request: ModelRequest) -> str:
    """Each judge's ranking by its own criterion."""
    given = Candidates.model_validate_json(request.messages[-1].text)
    near = {found.name: found.score for found in Index(given.answers).search(given.question, len(LETTERS))}

    def rank(letter: str) -> float:
        answer = given.answers[letter]
        match request.agent:
            case "nearest":
                return -near.get(letter, 0.0)
            case "oldest":
                return min(years(answer), default=9999)
            case _:
                return len(words(answer))

    ranked = sorted(given.answers, key=rank)
    return Ballot.model_validate({"best_first": ranked}).model_dump_json()


if __name__ == "__main__":
    text, model = asked(command(__doc__, "When did long distance calls need no operator?"), offline)
    answers = dict(zip(LETTERS, passages(text, len(LETTERS)), strict=False))
    if not answers:
        raise SystemExit("There is nothing to vote on: the library has no answer.")
    voted = Runner.run_sync(election, Candidates(question=text, answers=answers), config=RunConfig(model=model)).final_output
    for letter, answer in answers.items():
        say(f"{letter}: {answer}")
    for name, ballot in voted.ballots.items():
        say(f"{name}: {' > '.join(ballot.best_first)}")
    say(f"rounds: {list(voted.rounds)}")
    say(f"winner: {voted.winner or f'none, a tie of {len(voted.tied)}'}")
