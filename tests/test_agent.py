"""Agents: what they are made of, what cannot be one, and which model answers for them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, RunContext, Runner, Team, UserError, handoff, set_default_model, tool
from switchroom.adapters import ADAPTERS
from switchroom.model import Settings
from switchroom.testing import FunctionModel, ScriptedModel
from tests.helpers import last


def refusal(*args: Any, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        Agent(*args, **options)
    return str(error.value)


async def refusal_of_a_run(step: Any, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        await Runner.run(step, "go", config=RunConfig(**options))
    return str(error.value)


def look(n: int) -> int:
    """Look."""
    return n


def saying(text: str) -> FunctionModel:
    return FunctionModel(lambda request: text)


# what an agent is -----------------------------------------------------------------------------------------------------


def test_an_agent_needs_a_name_and_no_more():
    agent = Agent("clerk")
    assert (agent.instructions, agent.model, agent.all_tools, agent.terms, agent.output_type) == ("", None, (), (), str)
    assert (agent.description, agent.version, agent.settings, repr(agent)) == ("", "", Settings(), "Agent('clerk')")


def test_agents_are_compared_by_identity_and_never_change():
    assert Agent("clerk") != Agent("clerk")
    assert len({Agent("clerk"), Agent("clerk")}) == 2
    with pytest.raises(AttributeError):
        Agent("clerk").name = "x"  # pyright: ignore[reportAttributeAccessIssue]


def test_functions_tools_and_steps_become_tools_once():
    made = tool(name="other")(look)
    agent = Agent("clerk", tools=[look, made, Agent("worker")])
    assert [each.name for each in agent.all_tools] == ["look", "other", "worker"]
    assert agent.all_tools[1] is made
    assert agent.all_tools is agent.all_tools


def test_handoffs_are_agents_names_or_terms():
    sales = Agent("sales")
    agent = Agent("triage", handoffs=[sales, "tech", handoff("billing", deadline=5)])
    assert [terms.target_name for terms in agent.terms] == ["sales", "tech", "billing"]


async def test_instructions_may_be_a_function_of_the_context_sync_or_async():
    def plain(ctx: RunContext[Any]) -> str:
        return f"You are {ctx.agent}."

    async def later(ctx: RunContext[Any]) -> str:
        return f"You speak {ctx.deps}."

    model = FunctionModel(lambda request: request.instructions)
    assert (await Runner.run(Agent("clerk", plain, model=model), "go")).final_output == "You are clerk."
    assert (await Runner.run(Agent("clerk", later, model=model), "go", deps="Frisian")).final_output == "You speak Frisian."


async def test_an_agent_is_a_step_of_others():
    child = Agent("child", model=FunctionModel(last))

    async def work(input: str, scope: Any) -> str:
        return await child(input, scope)

    assert (await Runner.run(work, "go")).final_output == "go"


# what cannot be one ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_an_agent_is_refused_where_it_stands():
    sales = Agent("sales")
    given: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("  ", {}),
        (cast("str", None), {}),
        ("a", {"tools": [look, tool(look)]}),
        ("a", {"tools": [Agent("look"), look]}),
        ("a", {"tools": ["look"]}),
        ("a", {"handoffs": ["a"]}),
        ("a", {"handoffs": [Agent("a")]}),
        ("a", {"handoffs": [handoff("a")]}),
        ("a", {"handoffs": [sales, "sales"]}),
        ("a", {"handoffs": [handoff(sales), Agent("sales")]}),
        ("a", {"handoffs": [7]}),
        ("a", {"guardrails": [7]}),
    ]
    assert [refusal(name, **options) for name, options in given] == snapshot(
        [
            "An agent is called ''; give it a name.",
            "An agent is called '  '; give it a name.",
            "An agent is called None; give it a name.",
            "Agent 'a' has two tools called 'look'; rename one with tool(name=...).",
            "Agent 'a' has two tools called 'look'; rename one with tool(name=...).",
            "Agent 'a': tools holds 'look'; it takes tools, functions, and steps with name and description.",
            "Agent 'a' hands over to itself; remove 'a' from its handoffs.",
            "Agent 'a' hands over to itself; remove 'a' from its handoffs.",
            "Agent 'a' hands over to itself; remove 'a' from its handoffs.",
            "Agent 'a' has two handoffs to 'sales'; keep one.",
            "Agent 'a' has two handoffs to 'sales'; keep one.",
            "Agent 'a': handoffs holds 7; it takes Agent, Handoff, str.",
            "Agent 'a': guardrails holds 7; it takes Guardrail.",
        ]
    )


def test_a_team_is_no_target_of_a_handoff():
    team = Team([Agent("b")], name="pair")
    assert refusal("a", handoffs=[team]).startswith("Agent 'a': handoffs holds Team(")


@pytest.mark.parametrize("target", [Team([Agent("b")], name="pair"), 7, None])
def test_terms_with_a_target_that_is_none_are_refused(target: Any):
    with pytest.raises(UserError):
        Agent("a", handoffs=[handoff(target)])


@pytest.mark.parametrize("options", [{"tools": look}, {"handoffs": "returns"}, {"guardrails": 7}])
def test_one_thing_in_place_of_a_list_is_refused_by_the_name_of_the_option(options: dict[str, Any]):
    (option,) = options
    told = refusal("a", **options)
    assert option in told
    assert "'r'" not in told  # the letters of a text are no list of names


async def test_instructions_that_are_neither_text_nor_a_function_are_refused():
    with pytest.raises(UserError):
        await Runner.run(Agent("a", cast("Any", 7), model=saying("x")), "go")


# which model answers --------------------------------------------------------------------------------------------------


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch):
    """Nothing says which model answers, nor does it after the test."""
    monkeypatch.delenv("SWITCHROOM_MODEL", raising=False)
    set_default_model(None)
    yield
    set_default_model(None)


def made(name: str) -> FunctionModel:
    """A model of a provider that is there for these tests only."""
    return saying(name)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch):
    """A provider called "made", and no other."""
    monkeypatch.setitem(ADAPTERS, "model", {"made": f"{__name__}:made"})


@pytest.mark.usefixtures("no_models", "provider")
async def test_the_own_model_comes_before_the_runs_before_the_default_before_the_environments(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SWITCHROOM_MODEL", "made:environment")
    answers: list[str] = [(await Runner.run(Agent("clerk"), "go")).final_output]
    set_default_model(saying("default"))
    answers.append((await Runner.run(Agent("clerk"), "go")).final_output)
    config = RunConfig(model=saying("config"))
    answers.append((await Runner.run(Agent("clerk"), "go", config=config)).final_output)
    answers.append((await Runner.run(Agent("clerk", model=saying("own")), "go", config=config)).final_output)
    assert answers == ["made:environment", "default", "config", "own"]


@pytest.mark.usefixtures("no_models", "provider")
async def test_a_model_may_be_a_name_wherever_it_is_said():
    answers = [(await Runner.run(Agent("clerk", model="made:own"), "go")).final_output]
    answers.append((await Runner.run(Agent("clerk"), "go", config=RunConfig(model="made:config"))).final_output)
    set_default_model("made:default")
    answers.append((await Runner.run(Agent("clerk"), "go")).final_output)
    assert answers == ["made:own", "made:config", "made:default"]


@pytest.mark.usefixtures("no_models")
async def test_each_agent_of_a_team_has_its_own_model_or_the_runs():
    team = Team([Agent("a", model=ScriptedModel(["not asked"])), Agent("b")], entry="b")
    assert (await Runner.run(team, "go", config=RunConfig(model=saying("config")))).final_output == "config"


@pytest.mark.usefixtures("no_models")
async def test_without_a_model_there_are_three_ways_out():
    assert await refusal_of_a_run(Agent("clerk")) == snapshot(
        "Agent 'clerk' has no model. Three ways out: Agent('clerk', ..., model=...), set_default_model(...), "
        "or RunConfig(model=...). Without a provider, switchroom.testing.FunctionModel answers by a function."
    )


@pytest.mark.usefixtures("no_models", "provider")
async def test_a_name_that_leads_nowhere_is_refused():
    assert [await refusal_of_a_run(Agent("clerk", model=name)) for name in ("gpt", "maid:x")] == snapshot(
        [
            "The model 'gpt' of agent 'clerk' names no provider. Write 'provider:gpt'.",
            "Switchroom has no model adapter 'maid'; it has ['made']. Did you mean 'made'?",
        ]
    )


@pytest.mark.usefixtures("no_models")
async def test_a_model_that_is_none_is_refused():
    with pytest.raises(UserError):
        await Runner.run(Agent("clerk", model=cast("Any", 7)), "go")
