"""Teams: who is in them, who answers first, who answers when nobody else does, and what cannot be one."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Runner, Team, UserError
from switchroom.team import speaks
from switchroom.testing import FunctionModel


def refusal(*args: Any, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        Team(*args, **options)
    return str(error.value)


def agent(name: str) -> Agent[str]:
    return Agent(name, model=FunctionModel(lambda request: f"{name} answers"))


ORDERS, RETURNS = agent("orders"), agent("returns")
PAIR = [ORDERS, RETURNS]


def test_the_first_answers_first_where_nothing_is_said():
    team = Team(PAIR)
    assert (team.first, team.name, team.last_resort) == (ORDERS, "orders", None)


@pytest.mark.parametrize("entry", ["returns", RETURNS])
async def test_the_entry_is_a_name_or_an_agent(entry: Any):
    team = Team(PAIR, entry=entry)
    assert (team.first, team.name) == (RETURNS, "returns")
    assert (await Runner.run(team, "go")).final_output == "returns answers"


@pytest.mark.parametrize("fallback", ["returns", RETURNS])
def test_the_fallback_is_a_name_or_an_agent(fallback: Any):
    assert Team(PAIR, fallback=fallback).last_resort is RETURNS


async def test_paths_call_a_team_by_its_own_name():
    result = await Runner.run(Team(PAIR, name="shop"), "go")
    assert result.path == "turn#1/shop#0"


def test_agents_may_be_in_several_teams():
    assert [Team(PAIR).first, Team(PAIR, entry=RETURNS).first, Team([RETURNS]).first] == [ORDERS, RETURNS, RETURNS]


def test_teams_are_compared_by_identity():
    assert Team(PAIR) != Team(PAIR)
    assert len({Team(PAIR), Team(PAIR)}) == 2


def test_agents_and_teams_speak_and_functions_do_not():
    assert [speaks(step) for step in (ORDERS, Team(PAIR), print, "orders")] == [True, True, False, False]


async def test_a_team_is_a_step_of_others():
    async def work(input: str, scope: Any) -> str:
        return await Team(PAIR)(input, scope)

    assert (await Runner.run(work, "go")).final_output == "orders answers"


def test_what_cannot_be_a_team_is_refused():
    given: list[tuple[list[Agent[str]], dict[str, Any]]] = [
        ([], {}),
        ([ORDERS, ORDERS], {}),
        ([ORDERS, agent("orders")], {}),
        (PAIR, {"entry": "order"}),
        (PAIR, {"entry": "x"}),
        (PAIR, {"entry": agent("sales")}),
        (PAIR, {"fallback": "return"}),
        (PAIR, {"fallback": agent("sales")}),
    ]
    assert [refusal(agents, **options) for agents, options in given] == snapshot(
        [
            "A team has no agents. Pass at least one.",
            "A team has two agents called 'orders'; names are unique.",
            "A team has two agents called 'orders'; names are unique.",
            "The team (entry=...) has no agent 'order'; it has ['orders', 'returns']. Did you mean 'orders'?",
            "The team (entry=...) has no agent 'x'; it has ['orders', 'returns'].",
            "The team (entry=...) has no agent 'sales'; it has ['orders', 'returns'].",
            "The team (fallback=...) has no agent 'return'; it has ['orders', 'returns']. Did you mean 'returns'?",
            "The team (fallback=...) has no agent 'sales'; it has ['orders', 'returns'].",
        ]
    )


@pytest.mark.parametrize("members", [["orders"], [ORDERS, Team([RETURNS])], ORDERS])
def test_members_that_are_no_agents_are_refused(members: Any):
    assert "agent" in refusal(members)


def test_another_agent_of_a_members_name_is_no_member():
    assert "orders" in refusal(PAIR, entry=agent("orders"))
