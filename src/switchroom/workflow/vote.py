"""Voters asked at the same time, and their votes counted: who won, by how much, and whether it was a tie."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, cast

from typing_extensions import TypeVar

from switchroom.budget import FewerVoters
from switchroom.errors import UserError, unknown
from switchroom.schema import as_text, jsonable
from switchroom.step import step_name
from switchroom.workflow.base import (
    A,
    B,
    In,
    Stage,
    Workflow,
    by_name,
    checked,
    conclude,
    counted,
    input_of,
    note_missing,
    output_of,
)
from switchroom.workflow.branches import Failure, failure_in, side_by_side, too_few
from switchroom.workflow.votes import By, Count, Weighted, ballot_of, majority

Option = TypeVar("Option", default=Any)

_LEFT_OUT = "left out by the budget"


@dataclass(frozen=True)
class Vote(Generic[Option]):
    """What a vote came to.

    Args:
        winner: the option that won, as the first voter for it gave it; None if none did.
        tally: how much each option got, the most first.
        ballots: what each voter gave, by its name.
        tied: the options that got as much as one another and more than all others, where that is why nobody won.
        failures: of voters that were asked and did not vote, by name. Voters that a budget left out are not in it.
        rounds: of ranked choice, the tally of each round.
    """

    winner: Option | None
    tally: dict[str, float]
    ballots: dict[str, Any] = field(default_factory=dict[str, Any])
    tied: tuple[str, ...] = ()
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    rounds: tuple[dict[str, float], ...] = ()

    def __str__(self) -> str:
        return as_text(self.winner, "vote") if self.winner is not None else f"undecided: {self.tally}"


@dataclass(frozen=True, eq=False)
class Voting(Workflow[In, Vote[Option]]):
    """Voters asked at the same time; made by `vote`."""

    KIND: ClassVar[str] = "vote"
    voters: Mapping[str, Any] = cast("Mapping[str, Any]", None)
    by: By = majority
    quorum: int = 1
    key: Callable[[Any], Any] | None = None
    ties: Any = None

    @property
    def parts(self) -> Mapping[str, Any]:
        """The voters, and who decides a tie."""
        return self.voters if self.ties is None else {**self.voters, step_name(self.ties): self.ties}

    async def __call__(self, input: In, scope: Any, /) -> Vote[Option]:
        """Ask the voters, and count their votes.

        Raises:
            QuorumNotReached: fewer voted than have to.
        """
        voters, quorum = self.voters, self.quorum
        fewer = await scope.less(FewerVoters)
        if isinstance(fewer, FewerVoters):
            voters = dict(list(voters.items())[: fewer.count])
            quorum = min(quorum, len(voters))
        outcomes = await side_by_side(scope, voters, input)
        votes = outcomes.found.results
        if len(votes) < quorum:
            enough = f"Of {len(voters)} voters of '{self.name}' {len(votes)} voted, and {quorum} have to."
            error = await too_few(scope, outcomes, enough)
            if error is not None:
                raise error
        given: dict[str, Any] = {}
        ballots: dict[str, list[str]] = {}
        for name, vote in votes.items():
            options, compared = ballot_of(vote, self.key, f"'{name}'")
            ballots[name] = compared
            for option, called in zip(options, compared, strict=True):
                given.setdefault(called, option)
        count = self._counted(ballots, given)
        winner = None if count.winner is None else given[count.winner]
        if count.tied and self.ties is not None:
            winner = await conclude(scope, self.ties, {"tied": [given[option] for option in count.tied], "ballots": votes})
        await note_missing(scope, {name: outcomes.found.get(name, _LEFT_OUT) for name in self.voters if name not in votes})
        return Vote(winner, count.tally, votes, count.tied, outcomes.found.failures, count.rounds)

    def _counted(self, ballots: dict[str, list[str]], options: Collection[str]) -> Count:
        """What counting came to.

        Raises:
            UserError: the function that counts gave no count of these votes.
        """
        count: Any = self.by(ballots)
        if not isinstance(count, Count):
            raise UserError(f"vote(by=...): {self.by!r} gave {count!r}; it gives Count(winner, tally).")
        for option in (*count.tied, *(() if count.winner is None else (count.winner,))):
            if option not in options:
                raise UserError(unknown("vote(by=...): the vote", "option", option, options))
        return count

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the first voter declares."""
        return input_of(next(iter(self.voters.values())), plain)

    def read_output(self, plain: Any) -> Vote[Any]:
        """What the vote came to, the votes of the types that the voters declare."""
        ballots = {name: output_of(self.voters[name], vote) for name, vote in plain["ballots"].items()}
        winner = plain["winner"]
        if plain["tied"] and winner is not None:
            winner = output_of(self.ties, winner)
        elif winner is not None:
            options = [option for vote in ballots.values() for option in ballot_of(vote, self.key, self.name)[0]]
            winner = next(option for option in options if jsonable(option, self.name) == winner)
        failures = {name: failure_in(failure) or Failure("Unknown") for name, failure in plain["failures"].items()}
        return Vote(winner, plain["tally"], ballots, tuple(plain["tied"]), failures, tuple(plain["rounds"]))


def vote(
    *voters: Stage[A, B],
    by: By = majority,
    quorum: int | None = None,
    key: Callable[[B], Any] | None = None,
    ties: Stage[Any, Any] | None = None,
) -> Voting[A, Any]:
    """Ask several steps at the same time, and count what they say as votes.

    Texts are votes for the same option without regard to capitals, blanks around them and a full stop. The same voter may stand
    here several times: it is asked as often.

    Args:
        voters: at least one.
        by: how votes are counted: `majority`, `plurality`, `weighted({...})`, `ranked_choice` (each gives a list, the best
            first) of `switchroom.workflow`, or a function from ballots to `Count`.
        quorum: how many have to vote; by default more than half of the voters.
        key: a function from what a voter gives to the option that it chose; by default that is the thing itself.
        ties: who decides a tie: a step that is given `{"tied": [...], "ballots": {...}}`, and gives the winner. By default
            nobody wins, and `tied` tells.

    Returns:
        a step that gives a `Vote`: `winner`, `tally`, `ballots`, `tied`, `failures`.

    Raises:
        UserError: there is no voter, the quorum is above their number, or a weight is of none of them.
    """
    if not voters:
        raise UserError("vote() has no voters. Pass at least one step.")
    named = by_name(voters, "vote")
    wanted = len(named) // 2 + 1 if quorum is None else counted(quorum, "vote(quorum")
    if wanted > len(named):
        raise UserError(f"vote(quorum={quorum}) has {len(named)} voters, which cannot be enough.")
    if not callable(by):
        raise UserError(f"vote(by={by!r}): give majority, plurality, weighted(...), ranked_choice, or a function of ballots.")
    if key is not None and not callable(key):
        raise UserError(f"vote(key={key!r}): give a function from what a voter gives to the option that it chose.")
    for name in by.weights if isinstance(by, Weighted) else ():
        if name not in named:
            raise UserError(unknown("vote(by=weighted(...)): the workflow", "voter", name, named))
    return Voting(voters=named, by=by, quorum=wanted, key=key, ties=None if ties is None else checked(ties, "vote: ties"))
