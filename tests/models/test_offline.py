"""The offline model: what rules hear, which of them answers, and that it says what it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, Team, UserError, tool
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import ModelRequest, ToolSpec
from switchroom.models import Heard, OfflineModel, after, otherwise, when
from switchroom.models.offline import Returned
from switchroom.testing import call
from tests.helpers import run_of


def heard(*messages: Message, tools: Sequence[str] = ()) -> Heard:
    """What rules hear of a conversation."""
    return Heard(ModelRequest("clerk", "", messages, [ToolSpec(name, "", {}) for name in tools]))


def person(text: str) -> Message:
    return Message("user", text)


def asking(*calls: ToolCall) -> Message:
    return Message("assistant", calls=calls, agent="clerk")


def result(id: str, text: str) -> Message:
    return Message("tool", text, call_id=id)


FIRST, SECOND = ToolCall("look", {"n": 1}, "a"), ToolCall("count", {}, "b")
LOOKED = (person("where is it?"), asking(FIRST, SECOND), result("a", "here"), result("b", "7"))


# what rules hear ------------------------------------------------------------------------------------------------------


def test_the_text_is_what_the_person_said_last_whatever_came_after():
    assert heard(person("one"), Message("assistant", "two"), person("three"), Message("system", "four")).text == "three"
    assert heard(Message("system", "nobody spoke")).text == ""


def test_all_that_the_person_said_is_there_a_line_each():
    assert heard(person("one"), Message("assistant", "two"), person("three")).said == "one\nthree"


def test_results_are_known_by_the_calls_that_they_answer():
    assert heard(*LOOKED).results == (Returned("look", "here"), Returned("count", "7"))


def test_results_in_another_order_than_their_calls_keep_their_tools():
    assert heard(*LOOKED[:2], *LOOKED[:1:-1]).results == (Returned("count", "7"), Returned("look", "here"))


def test_an_id_that_comes_again_means_the_newest_call():
    again = (asking(ToolCall("move", {}, "a")), result("a", "moved"))
    assert [returned.tool for returned in heard(*LOOKED, *again).results] == ["look", "count", "move"]


def test_a_result_of_a_call_that_nobody_made_has_no_tool():
    assert heard(person("x"), result("z", "lost")).results == (Returned("", "lost"),)


def test_results_of_the_turn_before_are_over():
    now = heard(*LOOKED, Message("assistant", "it is here"), person("thanks"))
    assert (now.results, now.result("look")) == ((), None)


def test_what_a_tool_returned_last_is_found_by_its_name():
    again = (asking(FIRST), result("a", "gone"))
    assert heard(*LOOKED, *again).result("look") == Returned("look", "gone")
    assert heard(*LOOKED).result("move") is None


def test_handoffs_are_results_and_nothing_learned():
    handed = (asking(ToolCall("transfer_to_sales", {}, "c")), result("c", "[brief]"))
    assert [returned.tool for returned in heard(*LOOKED, *handed).results] == ["look", "count", "transfer_to_sales"]
    assert [returned.tool for returned in heard(*LOOKED, *handed).learned] == ["look", "count"]


def test_a_result_is_plain_data_where_it_is_json():
    assert [Returned("look", text).data for text in ('{"n": [1]}', "7", "here", "")] == [{"n": [1]}, 7, "here", ""]


def test_the_agents_tools_are_known_by_name():
    assert heard(person("x"), tools=["look", "transfer_to_sales"]).tools == {"look", "transfer_to_sales"}


def test_what_the_person_said_is_searched_whatever_the_case():
    match = heard(person("Order A-77, please")).find(r"order (\S+\d)")
    assert match is not None
    assert match[1] == "A-77"
    assert heard(person("hello")).find("order") is None


# rules ----------------------------------------------------------------------------------------------------------------


def test_when_answers_to_what_the_person_said_as_long_as_no_tool_told_anything():
    rule = when("where (is|are)", lambda heard, match: f"{match[1]} it?")
    assert rule(heard(person("WHERE IS my parcel"))) == "IS it?"
    assert rule(heard(person("hello"))) is None
    assert rule(heard(*LOOKED)) is None


def test_when_answers_after_a_handoff_too():
    rule = when("where", lambda heard, match: "here")
    assert rule(heard(person("where?"), asking(ToolCall("transfer_to_clerk", {}, "a")), result("a", "[brief]"))) == "here"


def test_after_answers_only_right_after_its_tool():
    rule = after("count", lambda heard, returned: f"there are {returned.data}")
    assert rule(heard(*LOOKED)) == "there are 7"
    assert rule(heard(*LOOKED[:3])) is None
    assert rule(heard(person("x"))) is None


def test_otherwise_always_answers():
    assert otherwise(lambda heard: heard.text)(heard(person("x"))) == "x"


# the model ------------------------------------------------------------------------------------------------------------


@tool(effect="read")
def look(n: int) -> dict[str, int]:
    """Look."""
    return {"found": n}


def clerk(*rules: object) -> Agent[str]:
    return Agent("clerk", model=OfflineModel({"clerk": rules}), tools=[look])  # pyright: ignore[reportArgumentType]


async def test_the_first_rule_with_an_answer_is_followed():
    agent = clerk(
        when("nothing", lambda heard, match: "never"),
        when(r"(\d+)", lambda heard, match: call("look", n=match[1])),
        after("look", lambda heard, returned: f"found {returned.data['found']}"),
        otherwise(lambda heard: "what?"),
    )
    assert (await Runner.run(agent, "number 7")).final_output == "found 7"
    assert (await Runner.run(agent, "hello")).final_output == "what?"


async def test_a_rule_may_pass_after_it_matched():
    agent = clerk(when("a", lambda heard, match: None), otherwise(lambda heard: "what?"))
    assert (await Runner.run(agent, "a")).final_output == "what?"


async def test_a_rule_may_be_async():
    async def rule(heard: Heard) -> str:
        return heard.text.upper()

    assert (await Runner.run(clerk(rule), "a")).final_output == "A"


async def test_each_agent_has_rules_of_its_own():
    model = OfflineModel(
        {
            "triage": [otherwise(lambda heard: call("transfer_to_sales", reason="buys"))],
            "sales": [otherwise(lambda heard: "sold")],
        }
    )
    team = Team([Agent("triage", handoffs=["sales"]), Agent("sales")])
    result = await Runner.run(team, "hello", config=RunConfig(model=model))
    assert (result.final_output, list(result.by_agent)) == ("sold", ["triage", "sales"])


async def test_an_answer_is_streamed_as_any_models_is():
    async with Runner.stream(clerk(otherwise(lambda heard: "one two")), "a") as events:
        assert [event.text async for event in events if event.kind == "text_delta"] == ["one", " two"]


async def test_without_a_rule_that_answers_the_error_says_what_was_said_and_what_to_do():
    with pytest.raises(UserError) as error:
        await Runner.run(clerk(when("a", lambda heard, match: None)), "hello", config=RunConfig(journal=MemoryJournal()))
    assert str(error.value) == snapshot(
        "None of the 1 offline rules of agent 'clerk' answers 'hello'. End its rules with otherwise(...)."
    )
    assert run_of(error.value).usage.requests == 0


async def test_an_agent_without_rules_is_told_so():
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("stranger", model=OfflineModel({})), "hello")
    assert str(error.value) == snapshot(
        "None of the 0 offline rules of agent 'stranger' answers 'hello'. End its rules with otherwise(...)."
    )


async def test_a_rule_that_gives_something_else_is_named():
    def rule(heard: Heard) -> int:
        return 7

    with pytest.raises(UserError) as error:
        await Runner.run(clerk(rule), "hello")
    assert str(error.value) == snapshot(
        "An offline rule of agent 'clerk' gave 7; it gives text, call(...), a list of both, deltas([...]) or a Message."
    )


def test_it_says_what_it_is():
    assert OfflineModel.honest == snapshot("Answers come from rules and records, not from a language model.")
