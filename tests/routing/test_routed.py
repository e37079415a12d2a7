"""A router before an agent's model: what it is sure of is put through without the model, and each decision is kept."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, RunResult, Team, UserError, handoff
from switchroom.events import RouteDecided
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.routing import KeywordRouter, ModelRouter, routed
from switchroom.routing.mining import Bounced, bounced
from switchroom.testing import FunctionModel, ScriptedModel, call, transcript
from tests.laws.worlds import Died, DyingJournal

WORDS = KeywordRouter({"orders": ["parcel"], "money": ["invoice"]})


class Case(BaseModel):
    """What the target is told."""

    topic: str = ""


def desk(model: FunctionModel | ScriptedModel) -> Team:
    """A desk whose first agent has a router before its model."""
    others = FunctionModel(lambda request: f"{request.agent} here")
    orders, billing = Agent("orders", model=others), Agent("billing", model=others)
    first = routed(model, WORDS, targets={"money": "billing"}, brief=lambda decision, asked: {"topic": asked.text[:9]})
    return Team([Agent("desk", model=first, handoffs=[handoff(orders, requires=Case), billing]), orders, billing])


def decisions(result: RunResult[Any]) -> list[RouteDecided]:
    return [fact for fact in result.facts if isinstance(fact, RouteDecided)]


def never(request: ModelRequest) -> str:
    raise AssertionError(f"the model of {request.agent} was asked")


async def test_what_the_router_is_sure_of_is_put_through_without_the_model():
    result = await Runner.run(desk(FunctionModel(never)), "my parcel is late")
    assert transcript(result) == snapshot("""\
person: "my parcel is late"
route "orders" (0.99) -> orders: 'parcel'
desk -> orders (keywords: 'parcel') {"topic":"my parcel"}
orders: "orders here"\
""")
    (decided,) = decisions(result)
    assert (decided.route, decided.to, decided.candidates) == ("orders", "orders", (("orders", 0.99),))
    assert "desk" not in result.by_agent or result.by_agent["desk"].requests == 0


async def test_a_route_may_be_reached_by_an_agent_of_another_name():
    result = await Runner.run(desk(FunctionModel(never)), "the invoice, please")
    (decided,) = decisions(result)
    assert (decided.route, decided.to, result.final_output) == ("money", "billing", "billing here")


async def test_the_rest_is_asked_of_the_model_and_kept_as_left_open():
    result = await Runner.run(desk(FunctionModel(lambda request: "Hello!")), "good morning")
    (decided,) = decisions(result)
    assert (decided.route, decided.to, result.final_output) == (None, "desk", "Hello!")


async def test_whom_the_agent_cannot_reach_is_left_to_its_model():
    lone = Agent("desk", model=routed(FunctionModel(lambda request: "I see to it."), WORDS))
    result = await Runner.run(lone, "my parcel is late")
    assert [fact.route for fact in decisions(result)] == [None]
    assert result.final_output == "I see to it."


async def test_what_tools_and_other_agents_say_is_not_routed():
    """The desk has the conversation again without a new message of the person: its model says what comes next."""
    orders = Agent("orders", model=ScriptedModel([call("transfer_to_desk"), "on its way"]), handoffs=["desk"])
    first = routed(FunctionModel(lambda request: "Let us see."), WORDS)
    result = await Runner.run(Team([Agent("desk", model=first, handoffs=[orders]), orders]), "my parcel is late")
    assert (result.last_agent.name if result.last_agent else None, result.final_output) == ("desk", "Let us see.")
    assert len(decisions(result)) == 1


@pytest.mark.parametrize("cut", range(1, 9))
async def test_a_crash_after_any_fact_keeps_one_decision(cut: int):
    journal = DyingJournal(lambda event: event.seq == cut)
    config = RunConfig(journal=journal)
    team = desk(FunctionModel(never))
    try:
        result = await Runner.run(team, "my parcel is late", conversation="c", config=config)
    except Died:
        result = await Runner.run(team, "my parcel is late", conversation="c", config=config)
    assert result.final_output == "orders here"
    kept = [event.fact for event in journal.read("c") if isinstance(event.fact, RouteDecided)]
    assert len({fact.route for fact in kept}) == 1


def test_a_router_that_asks_a_model_does_not_stand_before_one():
    with pytest.raises(UserError, match=r"Router 'model' asks a model itself"):
        routed(FunctionModel(never), ModelRouter(FunctionModel(never), ["orders"]))


async def test_what_the_model_took_over_is_mined_and_a_greeting_is_not():
    journal = MemoryJournal()
    config = RunConfig(journal=journal)

    def answer(request: ModelRequest) -> object:
        return "Hello!" if request.messages[-1].text == "hi" else call("transfer_to_orders")

    team = desk(FunctionModel(answer))  # pyright: ignore[reportArgumentType]
    await Runner.run(team, "where is my box?", conversation="c", config=config)
    await Runner.run(team, "hi", conversation="d", config=config)
    assert list(bounced(journal.read("c"))) == [Bounced("where is my box?", "orders", "", "left open", 1)]
    assert list(bounced(journal.read("d"))) == []


async def test_of_two_routers_the_word_of_the_one_that_was_sure_is_kept():
    inner = KeywordRouter({"billing": ["invoice"]}, name="inner")
    agents = [Agent(name, model=FunctionModel(lambda request: f"{request.agent} here")) for name in ("orders", "billing")]
    first = routed(routed(FunctionModel(never), inner), KeywordRouter({"orders": ["parcel"]}, name="outer"))
    result = await Runner.run(Team([Agent("desk", model=first, handoffs=["orders", "billing"]), *agents]), "my invoice")
    assert result.final_output == "billing here"
    assert [(fact.route, fact.by) for fact in decisions(result)] == [("billing", "inner")]


def test_what_is_no_router_is_refused():
    with pytest.raises(UserError, match="and then the router that stands before it"):
        routed(FunctionModel(never), None)  # pyright: ignore[reportArgumentType]
