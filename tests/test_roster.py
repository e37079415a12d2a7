"""The agents that a run can reach: by name, with all that each role needs, or refused before any model is asked."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunContext, Runner, Team, UserError, handoff, sequential, supervisor, tool
from switchroom.guardrail import Pass, on_input, on_output, on_tool
from switchroom.roster import Roster, roster_of
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.wrap import retrying


async def refusal(step: Any) -> str:
    """Why a run is refused, before its model is asked."""
    with pytest.raises(UserError) as error:
        await Runner.run(step, "go")
    return str(error.value)


def agent(name: str, *handoffs: Any, **options: Any) -> Agent[str]:
    return Agent(name, model=ScriptedModel([]), handoffs=handoffs, **options)


# who can be reached ---------------------------------------------------------------------------------------------------


def test_all_that_can_be_reached_is_there_also_by_way_of_others():
    last = agent("last")
    roster = Roster(agent("first", handoff(agent("middle", last, "first"))))
    assert list(roster.agents) == ["first", "middle", "last"]
    assert roster.entry.name == "first"


def test_agents_that_hand_to_one_another_need_no_team_if_all_can_be_reached():
    roster = Roster(agent("a", agent("b", "a")))
    assert roster.knows("b", "a")


def test_a_teams_members_are_there_and_those_that_they_reach():
    roster = Roster(Team([agent("a", agent("x")), agent("b")], entry="b", fallback="a"))
    assert (set(roster.agents), roster.entry.name, roster.fallback) == ({"a", "b", "x"}, "b", "a")


def test_a_roster_is_made_once_and_roles_when_they_are_needed():
    step = agent("a", agent("b"))
    roster = roster_of(step)
    assert roster_of(step) is roster
    assert dict(roster) == {}
    assert roster["b"] is roster["b"]


def test_one_agent_may_be_in_the_runs_of_several_teams():
    shared = agent("shared", "other")
    rosters = [roster_of(Team([shared, agent("other", description=text)])) for text in ("one", "two")]
    assert [roster["shared"].transfers["transfer_to_other"].spec.description for roster in rosters] == [
        "Hand the conversation over to other: one",
        "Hand the conversation over to other: two",
    ]


def test_who_may_hand_over_to_whom_is_known():
    roster = Roster(Team([agent("a", "b"), agent("b")]))
    assert [roster.knows("a", "b"), roster.knows("b", "a"), roster.knows("x", "a")] == [True, False, False]
    assert roster.terms("a", "b").target_name == "b"


# roles ----------------------------------------------------------------------------------------------------------------


@tool(effect="read")
def look(n: int) -> str:
    """Look."""
    return str(n)


def test_a_role_shows_tools_before_handoffs_each_by_its_name():
    role = Roster(agent("a", agent("The other one", description="It knows."), tools=[look]))["a"]
    assert [(spec.name, spec.description) for spec in role.specs] == [
        ("look", "Look."),
        ("transfer_to_The_other_one", "Hand the conversation over to The other one: It knows."),
    ]
    assert (list(role.tools), list(role.transfers)) == (["look"], ["transfer_to_The_other_one"])


async def let(ctx: RunContext[Any], value: Any) -> Pass:
    return Pass()


def test_a_role_has_its_guardrails_by_where_they_stand_and_knows_whether_to_hold():
    guards = [on_input(let), on_output(let), on_tool(let), on_input(let)]
    role = Roster(agent("a", guardrails=guards))["a"]
    assert (role.input_guards, role.output_guards, role.tool_guards) == ((guards[0], guards[3]), (guards[1],), (guards[2],))
    assert not role.hold
    assert Roster(agent("a", guardrails=[on_output(let, hold=True)]))["a"].hold


def test_what_a_model_is_shown_of_a_role_has_a_digest_that_changes_with_it():
    given = [agent("a"), agent("a", version="2"), agent("a", tools=[look]), agent("a", output_type=int), agent("a", agent("b"))]
    digests = [Roster(one)["a"].described for one in given]
    assert len(set(digests)) == len(given)
    assert Roster(agent("a", tools=[look]))["a"].described == digests[2]


def test_a_tool_that_asks_a_person_is_found_also_in_the_runs_of_agents_that_are_tools():
    @tool(needs_approval=True)
    def pay() -> str:
        """Pay."""
        return "paid"

    cashier = agent("cashier", tools=[pay])
    assert Roster(agent("a")).asking is None
    assert Roster(agent("a", agent("b", tools=[Team([cashier])]))).asking == ("cashier", "pay")


def test_agents_that_are_tools_of_one_another_are_looked_through_once():
    tools: list[Any] = []
    first = agent("first", tools=tools)
    tools.append(agent("second", tools=[first]))
    assert Roster(first).asking is None


# what is refused ------------------------------------------------------------------------------------------------------


async def test_a_handoff_to_nobody_is_refused_with_the_likely_name():
    assert [
        await refusal(Team([agent("orders", "return"), agent("returns")])),
        await refusal(agent("orders", "returns")),
    ] == snapshot(
        [
            "Agent 'orders' hands over to 'return': "
            "the team has no agent 'return'; it has ['orders', 'returns']. Did you mean 'returns'?",
            "Agent 'orders' hands over to 'returns': "
            "the team has no agent 'returns'; it has ['orders']. Did you mean 'orders'?",
        ]
    )


async def test_two_agents_of_one_name_are_refused_wherever_they_stand():
    assert {
        await refusal(agent("a", agent("b", agent("c")), agent("c"))),
        await refusal(Team([agent("a", agent("c")), agent("c")])),
    } == snapshot({"Two agents are called 'c' and can both be reached; names are unique in a run."})


async def test_an_agent_that_can_be_reached_twice_is_one():
    shared = Agent("c", model=FunctionModel(lambda request: "done"))
    first = Agent("a", model=ScriptedModel([call("transfer_to_b", reason="x")]))
    team = Team(
        [Agent("a", model=first.model, handoffs=["b", shared]), Agent("b", model=shared.model, handoffs=[shared]), shared]
    )
    assert (await Runner.run(team, "go")).final_output == "done"


async def test_a_tool_named_like_a_handoff_is_refused():
    made = tool(name="transfer_to_b")(look.invoke)
    assert "transfer_to_b" in await refusal(agent("a", agent("b"), tools=[made]))


def test_a_role_that_nobody_has_is_refused():
    with pytest.raises(UserError) as error:
        _ = Roster(agent("orders", agent("returns")))["return"]
    assert str(error.value) == snapshot(
        "The run of 'orders' has no agent 'return'; it has ['orders', 'returns']. Did you mean 'returns'?"
    )


async def test_an_approval_within_a_workflow_that_is_a_tool_is_told_before_anything_runs():
    @tool(needs_approval=True)
    async def sign() -> str:
        return "signed"

    clerk = Agent("clerk", tools=[sign])
    asked = ScriptedModel([])
    boss = supervisor(Agent("boss", model=asked), {"signing": sequential(retrying(clerk))})
    with pytest.raises(UserError, match="Tool 'sign' of agent 'clerk' may wait for a person's approval"):
        await Runner.run(boss, "sign")
    assert asked.requests == []
