"""Voters asked at the same time: how votes are counted, what a tie is, and how many have to vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Budget, RunConfig, Runner, UserError, vote
from switchroom.budget import FewerVoters
from switchroom.errors import QuorumNotReached
from switchroom.events import BudgetDegraded
from switchroom.testing import transcript
from switchroom.workflow import Count, Vote, majority, plurality, ranked_choice, weighted
from switchroom.workflow.votes import By
from tests.helpers import facts_of, keeping
from tests.workflow.cuts import agent, echo, failing


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Opinion(BaseModel):
    """A vote with its reason."""

    choice: Colour
    why: str = ""


def chosen(opinion: Opinion) -> Colour:
    return opinion.choice


def voters(*votes: Any) -> list[Any]:
    """A voter for each vote."""

    def voter(vote: Any) -> Any:
        def cast(question: Any) -> Any:
            return vote

        return cast

    return [voter(one) for one in votes]


async def voted(*votes: Any, **options: Any) -> Vote[Any]:
    """What a vote of these comes to."""
    return (await Runner.run(vote(*voters(*votes), **options), "which?")).final_output


# counting ------------------------------------------------------------------------------------------------------------


async def test_the_majority_wins_and_everybodys_ballot_is_there():
    result = await voted("red", " Red.", "blue")
    assert (result.winner, result.tally, result.tied) == ("red", {"red": 2, "blue": 1}, ())
    assert result.ballots == {"cast": "red", "cast-2": " Red.", "cast-3": "blue"}
    assert str(result) == "red"


async def test_a_transcript_of_a_vote():
    result = await Runner.run(vote(agent("ann", "red"), agent("bob", "Red"), failing("cyd")), "which?")
    told, _, returned = transcript(result).rpartition("\n")
    assert returned.startswith('vote returns {"winner":"red","tally":{"red":2.0},"ballots":{"ann":"red","bob":"Red"},')
    assert told == snapshot("""\
vote is given "which?"
  ann begins, person: "which?"
  ann: "red"
  bob begins, person: "which?"
  bob: "Red"
  cyd begins, person: "which?"
  cyd fails with ConnectionError: the line is down\
""")


async def test_without_more_than_half_nobody_has_the_majority_but_somebody_may_have_most():
    assert (await voted("red", "red", "blue", "green")).winner is None
    assert (await voted("red", "red", "blue", "green")).tied == ()
    assert (await voted("red", "red", "blue", "green", by=plurality)).winner == "red"


async def test_a_tie_is_told_and_nobody_wins():
    result = await voted("red", "blue")
    assert (result.winner, result.tied) == (None, ("red", "blue"))
    assert str(result) == "undecided: {'red': 1.0, 'blue': 1.0}"


async def test_a_tie_is_decided_by_who_is_asked_for_it():
    seen: list[Any] = []

    def decide(tie: dict[str, Any]) -> Any:
        seen.append(tie)
        return tie["tied"][1]

    result = await voted("red", "blue", ties=decide)
    assert (result.winner, result.tied) == ("blue", ("red", "blue"))
    assert seen == [{"tied": ["red", "blue"], "ballots": {"cast": "red", "cast-2": "blue"}}]


async def test_votes_weigh_what_they_are_said_to_weigh():
    named = vote(agent("ann", "red"), agent("bob", "blue"), agent("cyd", "blue"), by=weighted({"ann": 3}))
    result = (await Runner.run(named, "which?")).final_output
    assert (result.winner, result.tally) == ("red", {"red": 3.0, "blue": 2.0})
    even = vote(agent("ann", "red"), agent("bob", "blue"), by=weighted({"ann": 1.0}))
    assert (await Runner.run(even, "which?")).final_output.tied == ("red", "blue")


async def test_ranked_choice_drops_the_last_and_passes_their_votes_on():
    ballots = [["red", "green"], ["red", "green"], ["blue", "green"], ["blue", "green"], ["green", "blue"]]
    result = await voted(*ballots, by=ranked_choice)
    assert (result.winner, result.tied) == ("blue", ())
    assert result.rounds == ({"red": 2.0, "blue": 2.0, "green": 1.0}, {"blue": 3.0, "red": 2.0})


@pytest.mark.parametrize(
    ("ballots", "winner", "tied"),
    [
        ({}, None, ()),
        ({"a": []}, None, ()),
        ({"a": ["x"]}, "x", ()),
        ({"a": ["x"], "b": ["y"]}, None, ("x", "y")),
        ({"a": ["x", "y"], "b": ["y", "x"], "c": ["z", "x"]}, None, ("x", "y", "z")),
        ({"a": ["x"], "b": ["x"], "c": ["y"], "d": ["y"], "e": ["z"]}, None, ("x", "y")),
        ({"a": ["x"], "b": ["x"], "c": ["y"], "d": ["y"], "e": ["z", "y"], "f": ["w", "y"]}, "y", ()),
    ],
    ids=["nobody", "an empty ballot", "one", "two", "three", "a late tie", "two dropped together"],
)
def test_ranked_choice_comes_to(ballots: Mapping[str, Sequence[str]], winner: str | None, tied: tuple[str, ...]):
    count = ranked_choice(ballots)
    assert (count.winner, count.tied) == (winner, tied)


def test_options_that_nobody_put_first_stand_in_the_order_in_which_they_were_named():
    ballots = {"a": ["x", *"hgfedcb"], "b": ["y", *"hgfedcb"]}
    assert list(ranked_choice(ballots).rounds[0]) == ["x", "y", *"hgfedcb"]


@pytest.mark.parametrize("by", [majority, plurality, weighted({})], ids=["majority", "plurality", "weighted"])
def test_no_votes_are_no_winner(by: By):
    assert by({}) == Count(None, {})


async def test_members_of_enums_texts_and_typed_votes_are_compared_by_what_they_choose():
    assert (await voted(Colour.RED, "red", "blue")).winner == Colour.RED
    result = await voted(Opinion(choice=Colour.BLUE), Opinion(choice=Colour.BLUE, why="it is"), key=chosen)
    assert (result.winner, result.tally) == (Colour.BLUE, {"blue": 2})


async def test_numbers_that_are_equal_are_one_option():
    assert (await voted(1, 1.0, 2)).tally == {"1": 2.0, "2": 1.0}


async def test_a_vote_that_cannot_be_compared_says_what_to_pass():
    with pytest.raises(UserError) as error:
        await voted(Opinion(choice=Colour.RED))
    assert str(error.value) == snapshot(
        "'cast' voted Opinion(choice=<Colour.RED: 'red'>, why=''), which cannot be compared with other votes. Pass "
        "key=, a function from what a voter gives to the option that it chose."
    )


@pytest.mark.parametrize(
    "count",
    [Count("green", {}), "red", Count(None, {}, ("green", "red"))],
    ids=["a stranger", "no count", "a stranger among the tied"],
)
async def test_a_way_to_count_that_gives_no_count_of_these_votes_is_the_developers_to_mend(count: Any):
    def by(ballots: Any) -> Any:
        return count

    with pytest.raises(UserError, match="by="):
        await voted("red", "blue", by=by, ties=echo())


# enough --------------------------------------------------------------------------------------------------------------


async def test_more_than_half_have_to_vote_unless_it_is_said_otherwise():
    result = await Runner.run(vote(echo("a"), echo("a"), failing("c")), "x")
    assert (result.final_output.winner, list(result.final_output.failures)) == ("a(x)", ["c"])
    with pytest.raises(QuorumNotReached) as error:
        await Runner.run(vote(echo("a"), failing("b"), failing("c")), "x")
    assert str(error.value) == snapshot(
        "Of 3 voters of 'vote' 1 voted, and 2 have to. b: ConnectionError: the line is down; c: ConnectionError: "
        "the line is down"
    )
    result = await Runner.run(vote(echo("a"), failing("b"), failing("c"), quorum=1), "x")
    assert result.final_output.winner == "a(x)"


async def test_with_little_left_fewer_are_asked():
    budget = Budget(turns=5, degrade=(FewerVoters(2, at=0.0),))
    workflow = vote(*[echo(name) for name in "abcde"], by=plurality)
    result = await Runner.run(workflow, "x", config=RunConfig(budget=budget))
    assert list(result.final_output.ballots) == ["a", "b"]
    assert facts_of(BudgetDegraded, result.events) == [BudgetDegraded("fewer_voters", "turns", 0.0, budget="turn#1/vote#0")]


# read again ----------------------------------------------------------------------------------------------------------


class Verdict(BaseModel):
    """What who decides a tie gives."""

    colour: Colour


@pytest.mark.parametrize(
    ("workflow", "winner"),
    [
        (
            vote(*[agent(name, '{"choice": "red"}', output_type=Opinion) for name in "abc"], key=chosen),
            Colour.RED,
        ),
        (
            vote(agent("a", "red"), agent("b", "blue"), ties=agent("judge", '{"colour": "blue"}', output_type=Verdict)),
            Verdict(colour=Colour.BLUE),
        ),
        (vote(agent("a", "red"), agent("b", "blue")), None),
        (vote(agent("a", "red"), failing("b"), agent("c", "Red")), "red"),
        (vote(agent("a", '["red", "blue"]', output_type=list[Colour]), by=ranked_choice), Colour.RED),
        (vote(*voters(3, 3)), 3),
    ],
    ids=["typed", "a typed tie", "a tie", "a failure", "ranked", "numbers"],
)
async def test_what_a_vote_came_to_is_the_same_when_it_is_read_from_a_journal(workflow: Any, winner: Any):
    config = keeping()
    first = await Runner.run(workflow, "which?", conversation="c", config=config)
    again = await Runner.resume(workflow, conversation="c", config=config)
    assert first.final_output.winner == winner
    assert again.final_output == first.final_output


# bad input -----------------------------------------------------------------------------------------------------------


unchecked: Any = vote  # as a caller without a type checker has it
unchecked_weights: Any = weighted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(), "no voters"),
        (lambda: unchecked(echo(), None), "vote: step 2 is None"),
        (lambda: unchecked(echo(), quorum=2), "quorum=2"),
        (lambda: unchecked(echo(), quorum=0), "quorum=0"),
        (lambda: unchecked(echo(), quorum="1"), "quorum='1'"),
        (lambda: unchecked(echo(), quorum=1.0), "quorum=1.0"),
        (lambda: unchecked(echo(), by="majority"), "by='majority'"),
        (lambda: unchecked(echo(), by=weighted({"ann": 1})), "no voter 'ann'"),
        (lambda: unchecked_weights({"ann": -1}), "-1"),
        (lambda: unchecked_weights({"ann": float("nan")}), "nan"),
        (lambda: unchecked_weights({"ann": "much"}), "'much'"),
        (lambda: unchecked(echo(), ties=5), "ties is 5"),
        (lambda: unchecked(echo(), key=5), "key=5"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
