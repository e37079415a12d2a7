"""Names of agents as names of tools: accepted by servers, different for different agents, the same in each run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import create_model

from switchroom import Agent, RunConfig, Runner, Team, handoff, supervisor
from switchroom.events import CallsJudged, ModelAnswered, RunEvent
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.roster import Roster
from switchroom.routing import KeywordRouter
from switchroom.routing import routed as routed_model
from switchroom.testing import FunctionModel, call
from switchroom.tool_names import distinct_tool_names, step_tool_name
from tests import forked
from tests.helpers import asked_by_person
from tests.laws.worlds import CONVERSATION, Died, DyingJournal

ACCEPTED = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NAMES = ["возврат", "возвраты", "退货", "换货", "🤖", "🤖🤖", "!!!", "...", "a b", "a.b", "a_b", "é", "e\u0301", "x" * 60]


def taking(target: str, said: str = "done") -> FunctionModel:
    """A model that hands over by the tool whose description names the target, and answers whatever else it is asked."""

    def answer(request: ModelRequest) -> Reply:
        tools = [tool.name for tool in request.tools if f"over to {target}." in tool.description]
        return call(tools[0], reason="x") if tools and asked_by_person(request) else f"{request.agent}: {said}"

    return FunctionModel(answer)


@given(st.lists(st.text(min_size=1, max_size=80).filter(str.strip), min_size=2, max_size=6, unique=True))
def test_agents_of_any_names_have_different_tools_that_servers_accept(names: list[str]):
    first, *others = (Agent(name, model=taking("")) for name in names)
    roster = Roster(Agent(first.name, handoffs=others))
    made = [spec.name for spec in roster[first.name].specs]
    assert len(set(made)) == len(others)
    assert [name for name in made if not ACCEPTED.fullmatch(name)] == []
    assert [name for name in map(step_tool_name, names) if not ACCEPTED.fullmatch(name)] == []
    assert len(set(map(roster.transfer_name, names))) == len(names)


@given(st.permutations(NAMES))
def test_the_order_of_the_agents_does_not_change_the_names(names: list[str]):
    assert distinct_tool_names(names) == distinct_tool_names(NAMES)


@pytest.mark.parametrize("target", NAMES)
async def test_a_handoff_reaches_the_agent_of_any_name_among_agents_of_similar_names(target: str):
    team = Team([Agent("desk", handoffs=NAMES), *map(Agent, NAMES)])
    result = await Runner.run(team, "go", config=RunConfig(model=taking(target)))
    assert result.final_output == f"{target}: done"


def test_names_of_letters_digits_and_dashes_stay_as_they_are():
    names = ["billing", "Billing Agent", "tech-2", "payment_investigator", "x" * 50]
    assert list(distinct_tool_names(names).values()) == ["billing", "Billing_Agent", "tech-2", "payment_investigator", "x" * 50]


def test_of_two_names_that_become_the_same_the_one_without_a_change_keeps_it():
    made = distinct_tool_names(["a b", "a_b", "a.b"])
    assert made["a_b"] == "a_b"
    assert re.fullmatch(r"a_b_[0-9a-f]{8}", made["a b"])
    assert made["a b"] != made["a.b"]


def test_letters_of_other_alphabets_leave_what_can_be_read():
    made = distinct_tool_names(["Rückgabe", "возврат"])
    assert re.fullmatch(r"Ruckgabe_[0-9a-f]{8}", made["Rückgabe"])
    assert re.fullmatch(r"agent_[0-9a-f]{8}", made["возврат"])


def test_the_names_are_the_same_in_another_process(tmp_path: Path):
    (tmp_path / "names.py").write_text(
        f"from switchroom.tool_names import distinct_tool_names\nprint(ascii(distinct_tool_names({NAMES!r})))", encoding="utf-8"
    )
    told = forked.run("names.py", cwd=tmp_path)
    assert told.stdout.strip() == ascii(distinct_tool_names(NAMES))


async def test_the_tool_that_gives_the_conversation_back_has_such_a_name_too():
    def answer(request: ModelRequest) -> Reply:
        if request.agent == "退货":
            back = [tool.name for tool in request.tools if tool.name.startswith("return_to_")]
            assert ACCEPTED.fullmatch(back[0])
            return call(back[0], sum=7)
        newest = request.messages[-1].text
        return "refunded" if "Outcome" in newest else call(request.tools[0].name, reason="x")

    outcome = create_model("Outcome", sum=(int, ...))
    desk = Agent("前台", handoffs=[handoff(Agent("退货"), returns=outcome)])
    assert (await Runner.run(desk, "go", config=RunConfig(model=FunctionModel(answer)))).final_output == "refunded"


async def test_an_agent_of_any_name_is_a_tool_and_a_worker():
    tools = [Agent(name).as_tool() for name in ("研究", "检索", "!!!", "???")]
    assert len({made.name for made in tools}) == 4
    boss = supervisor(Agent("boss"), [Agent("исследователь"), Agent("проверяющий")])
    assert len({made.name for made in boss.all_tools}) == 2
    assert [made.name for made in (*tools, *boss.all_tools) if not ACCEPTED.fullmatch(made.name)] == []


async def test_a_router_before_a_model_finds_the_agents_of_any_name():
    router = KeywordRouter({"возврат": ["refund"], "a b": ["swap"], "a_b": ["lend"]})
    team = Team(
        [
            Agent("desk", model=routed_model(taking(""), router), handoffs=["возврат", "a b", "a_b"]),
            *(Agent(name, model=taking("")) for name in ("возврат", "a b", "a_b")),
        ]
    )
    answers = [(await Runner.run(team, text)).final_output for text in ("refund it", "swap it", "lend it")]
    assert answers == ["возврат: done", "a b: done", "a_b: done"]


async def test_a_handoff_that_an_older_version_called_otherwise_is_finished():
    team = Team([Agent("desk", handoffs=["возврат"]), Agent("возврат")])
    journal = DyingJournal(lambda event: event.kind == "handoff_proposed")
    with pytest.raises(Died):
        await Runner.run(team, "go", conversation=CONVERSATION, config=RunConfig(journal=journal, model=taking("возврат")))
    old = MemoryJournal()
    old.append(CONVERSATION, [as_before(event) for event in journal.read(CONVERSATION)])
    assert any(event.kind == CallsJudged("", ()).kind for event in old.read(CONVERSATION))
    config = RunConfig(journal=old, model=taking("возврат"))
    assert (await Runner.resume(team, conversation=CONVERSATION, config=config)).final_output == "возврат: done"


def as_before(event: RunEvent) -> RunEvent:
    """An answer with the name that the tool of a handoff had in the version before."""
    if not isinstance(event.fact, ModelAnswered):
        return event
    calls = tuple(ToolCall("transfer_to__", made.args, made.id) for made in event.fact.message.calls)
    return replace(event, fact=replace(event.fact, message=replace(event.fact.message, calls=calls)))
