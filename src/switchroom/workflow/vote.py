"""Voters asked at the same time, and their votes counted: who won, by how much, and whether it was a tie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, cast

from typing_extensions import TypeVar

from switchroom.budget import FewerVoters
from switchroom.errors import BudgetExceeded, QuorumNotReached, UserError, unknown
from switchroom.schema import as_text
from switchroom.step import step_name
from switchroom.workflow.base import A, B, In, Stage, Workflow, by_name, checked, conclude, input_of, is_partial, output_of
from switchroom.workflow.branches import Branches, Failure, failure_in, side_by_side
from switchroom.workflow.votes import By, Count, Weighted, ballot_of, majority

Option = TypeVar("Option", default=Any)


@dataclass(frozen=True)
class Vote(Generic[Option]):
    """What a vote came to.

    Args:
        winner: the option that won, as the first voter for it gave it; None if none did.
        tally: how much each option got, the most first.
        ballots: what each voter gave, by its name.
        tied: the options that got as much as one another and more than all others, where that is why nobody won.
        failures: of voters that did not vote, by name.
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
        found, errors = await side_by_side(scope, voters, input)
        votes = found.results
        if len(votes) < quorum:
            spent = next((error for error in errors if isinstance(error, BudgetExceeded)), None)
            if spent is None or not votes or not await is_partial(scope, spent):
                failed = "; ".join(f"{name}: {failure}" for name, failure in found.failures.items())
                raise QuorumNotReached(
                    f"Of {len(voters)} voters of '{self.name}' {len(votes)} voted, and {quorum} have to. {failed}"
                ) from ExceptionGroup("voters", errors)
        given: dict[str, Any] = {}
        ballots: dict[str, list[str]] = {}
        for name, vote in votes.items():
            options, compared = ballot_of(vote, self.key, f"'{name}'")
            ballots[name] = compared
            for option, called in zip(options, compared, strict=True):
                given.setdefault(called, option)
        count = self.by(ballots)
        winner = None if count.winner is None else given[count.winner]
        if count.tied and self.ties is not None:
            winner = await conclude(scope, self.ties, {"tied": [given[option] for option in count.tied], "ballots": votes})
        return _result(winner, count, found)

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the first voter declares."""
        return input_of(next(iter(self.voters.values())), plain)

    def read_output(self, plain: Any) -> Vote[Any]:
        """What the vote came to, the votes of the types that the voters declare."""
        ballots = {name: output_of(self.voters[name], vote) for name, vote in plain["ballots"].items()}
        winner = plain["winner"]
        for vote in ballots.values():
            options, compared = ballot_of(vote, self.key, self.name)
            if winner is not None and ballot_of(winner, None, self.name)[1][0] in compared:
                winner = options[compared.index(ballot_of(winner, None, self.name)[1][0])]
                break
        failures = {name: failure_in(failure) or Failure("Unknown") for name, failure in plain["failures"].items()}
        return Vote(winner, plain["tally"], ballots, tuple(plain["tied"]), failures, tuple(plain["rounds"]))


def _result(winner: Any, count: Count, found: Branches) -> Vote[Any]:
    return Vote(winner, count.tally, found.results, count.tied, found.failures, count.rounds)


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
    wanted = len(named) // 2 + 1 if quorum is None else quorum
    if isinstance(wanted, bool) or wanted < 1:
        raise UserError(f"vote(quorum={quorum!r}): give a number from 1 up.")
    if wanted > len(named):
        raise UserError(f"vote(quorum={quorum}) has {len(named)} voters, which cannot be enough.")
    if not callable(by):
        raise UserError(f"vote(by={by!r}): give majority, plurality, weighted(...), ranked_choice, or a function of ballots.")
    for name in by.weights if isinstance(by, Weighted) else ():
        if name not in named:
            raise UserError(unknown("vote(by=weighted(...)): the workflow", "voter", name, named))
    return Voting(voters=named, by=by, quorum=wanted, key=key, ties=None if ties is None else checked(ties, "vote: ties"))
