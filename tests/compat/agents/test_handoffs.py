"""Handoffs: how models see them, on which terms they take place, and between whom."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom.compat.agents import (
    Agent,
    Handoff,
    HandoffInputData,
    RunConfig,
    RunContextWrapper,
    Runner,
    UserError,
    function_tool,
    handoff,
)
from switchroom.compat.agents.extensions.handoff_filters import remove_all_tools
from switchroom.compat.agents.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX, prompt_with_handoff_instructions
from switchroom.events import HandoffCommitted
from switchroom.model import ModelRequest
from switchroom.models import Reply
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.compat.ways import told


class Escalation(BaseModel):
    reason: str
    level: int = 1


@function_tool
def look(at: int = 1) -> str:
    """Look something up."""
    return f"found {at}"


def _seen(model: ScriptedModel, request: int) -> list[tuple[str, str, list[str]]]:
    """The messages of a request: by whom, the text, the calls."""
    asked = model.requests[request].messages
    return [(message.role, message.text, [f"{made.name}({made.args})" for made in message.calls]) for message in asked]


async def test_a_model_is_shown_a_handoff_as_that_sdk_shows_it() -> None:
    agent = Agent("Billing-Desk 1", handoff_description="invoices")
    model = ScriptedModel([call("transfer_to_billing_desk_1"), "Hello."])
    result = await Runner.run(Agent("triage", handoffs=[agent]), "hi", run_config=RunConfig(model=model))
    [spec] = model.requests[0].tools
    assert (spec.name, spec.description) == (
        "transfer_to_billing_desk_1",
        "Hand the conversation over to Billing-Desk 1: invoices",
    )
    assert spec.parameters == {"type": "object", "properties": {}, "additionalProperties": False, "required": []}
    assert _seen(model, 1) == snapshot(
        [
            ("user", "hi", []),
            ("assistant", "", ["transfer_to_billing_desk_1({})"]),
            ("tool", '{"assistant": "Billing-Desk 1"}', []),
        ]
    )
    assert [request.agent for request in model.requests] == ["triage", "Billing-Desk 1"]
    assert result.last_agent is agent


async def test_a_reason_that_a_model_gives_all_the_same_is_kept_in_the_facts() -> None:
    model = ScriptedModel([call("transfer_to_b", reason="a refund"), "Hello."])
    result = await Runner.run(Agent("a", handoffs=[Agent("b")]), "hi", run_config=RunConfig(model=model))
    [committed] = [fact for fact in result.switchroom.facts if isinstance(fact, HandoffCommitted)]
    assert (committed.reason, committed.text) == ("a refund", "a puts the conversation through to you.\nReason: a refund")
    assert told(result) == snapshot(['a calls transfer_to_b({"reason":"a refund"})', "a hands over to b", "b: Hello."])


async def test_name_and_description_can_be_given() -> None:
    way = handoff(Agent("b"), tool_name_override="escalate", tool_description_override="For what is urgent.")
    model = ScriptedModel([call("escalate"), "Hello."])
    result = await Runner.run(Agent("a", handoffs=[way]), "hi", run_config=RunConfig(model=model))
    [spec] = model.requests[0].tools
    assert (spec.name, spec.description) == ("escalate", "For what is urgent.")
    assert told(result) == snapshot(["a calls escalate({})", "a hands over to b", "b: Hello."])


async def test_on_handoff_is_called_with_the_context_before_the_target_answers() -> None:
    happened: list[str] = []

    def on_handoff(context: RunContextWrapper[str]) -> None:
        happened.append(f"handed over for {context.context}")

    def answer(request: ModelRequest) -> Reply:
        happened.append(request.agent)
        return call("transfer_to_b") if request.agent == "a" else "Hello."

    agent = Agent[str]("a", handoffs=[handoff(Agent("b"), on_handoff=on_handoff)])
    await Runner.run(agent, "hi", context="Ann", run_config=RunConfig(model=FunctionModel(answer)))
    assert happened == ["a", "handed over for Ann", "b"]


async def test_the_input_of_a_handoff_is_typed_and_the_target_sees_the_call() -> None:
    given: list[Escalation] = []

    async def on_handoff(context: RunContextWrapper[Any], data: Escalation) -> None:
        given.append(data)

    agent = Agent("a", handoffs=[handoff(Agent("b"), on_handoff=on_handoff, input_type=Escalation)])
    model = ScriptedModel([call("transfer_to_b", level=2), call("transfer_to_b", reason="late", level=2), "Hello."])
    result = await Runner.run(agent, "hi", run_config=RunConfig(model=model))
    assert given == [Escalation(reason="late", level=2)]
    assert model.requests[0].tools[0].parameters == snapshot(
        {
            "properties": {
                "reason": {"title": "Reason", "type": "string"},
                "level": {"default": 1, "title": "Level", "type": "integer"},
            },
            "required": ["reason", "level"],
            "title": "Escalation",
            "type": "object",
            "additionalProperties": False,
        }
    )
    assert told(result) == snapshot(
        [
            'a calls transfer_to_b({"level":2})',
            "a is told [refused: input.reason: Field required]",
            'a calls transfer_to_b({"reason":"late","level":2})',
            "a hands over to b",
            "b: Hello.",
        ]
    )
    assert _seen(model, 2) == snapshot(
        [
            ("user", "hi", []),
            ("assistant", "", ["transfer_to_b({'level': 2})"]),
            ("tool", "[refused: input.reason: Field required]", []),
            ("assistant", "", ["transfer_to_b({'reason': 'late', 'level': 2})"]),
            ("tool", '{"assistant": "b"}', []),
        ]
    )


async def test_a_model_that_calls_a_handoff_by_switchroom_s_own_name_is_understood() -> None:
    given: list[Escalation] = []

    def on_handoff(context: RunContextWrapper[Any], data: Escalation) -> None:
        given.append(data)

    agent = Agent("a", handoffs=[handoff(Agent("Desk One"), on_handoff=on_handoff, input_type=Escalation)])
    model = ScriptedModel([call("transfer_to_Desk_One", reason="late"), "Hello."])
    result = await Runner.run(agent, "hi", run_config=RunConfig(model=model))
    assert given == [Escalation(reason="late")]
    assert told(result)[1] == "a hands over to Desk One"


async def test_what_on_handoff_raises_ends_the_run() -> None:
    def on_handoff(context: RunContextWrapper[Any]) -> None:
        raise ConnectionError("the line is down")

    agent = Agent("a", handoffs=[handoff(Agent("b"), on_handoff=on_handoff)], model=ScriptedModel([call("transfer_to_b")]))
    with pytest.raises(ConnectionError, match="the line is down"):
        await Runner.run(agent, "hi")


def _when_open(context: RunContextWrapper[str], agent: Agent[str]) -> bool:
    return context.context == "open"


@pytest.mark.parametrize("enabled", [False, _when_open])
async def test_a_handoff_that_is_switched_off_is_not_shown_and_cannot_be_called(enabled: Any) -> None:
    agent = Agent("a", handoffs=[handoff(Agent("b"), is_enabled=enabled)])
    model = ScriptedModel([call("transfer_to_b"), "I stay."])
    result = await Runner.run(agent, "hi", context="closed", run_config=RunConfig(model=model))
    assert model.requests[0].tools == ()
    assert (result.final_output, result.last_agent) == ("I stay.", agent)
    assert told(result)[1].startswith(("a is told [refused: you called a tool that is not there", "a is told [b declined"))


async def test_agents_hand_over_in_circles_and_back() -> None:
    one, two = Agent("one"), Agent("two")
    one.handoffs.append(two)
    two.handoffs.append(one)
    model = ScriptedModel([call("transfer_to_two"), call("transfer_to_one"), "Here I am again."])
    result = await Runner.run(one, "hi", run_config=RunConfig(model=model))
    assert result.last_agent is one
    assert told(result) == snapshot(
        [
            "one calls transfer_to_two({})",
            "one hands over to two",
            "two calls transfer_to_one({})",
            "two hands over to one",
            "one: Here I am again.",
        ]
    )


async def test_a_handoff_that_goes_round_with_nothing_new_is_refused() -> None:
    one, two = Agent("one"), Agent("two")
    one.handoffs.append(two)
    two.handoffs.append(one)
    model = ScriptedModel([call("transfer_to_two"), call("transfer_to_one"), call("transfer_to_two"), "Then I answer."])
    result = await Runner.run(one, "hi", run_config=RunConfig(model=model))
    assert told(result)[-2:] == snapshot(
        [
            "one is told [not put through: two and you have handed this back and forth with nothing new. Answer yourself.]",
            "one: Then I answer.",
        ]
    )


async def test_of_two_handoffs_in_one_answer_the_first_takes_place() -> None:
    agent = Agent("a", handoffs=[Agent("b"), Agent("c")])
    model = ScriptedModel([[call("transfer_to_b"), call("transfer_to_c")], "Hello."])
    result = await Runner.run(agent, "hi", run_config=RunConfig(model=model))
    assert told(result) == snapshot(
        [
            "a calls transfer_to_b({})",
            "a calls transfer_to_c({})",
            "a hands over to b",
            "a is told [refused: an answer hands over once; transfer_to_b goes first]",
            "b: Hello.",
        ]
    )


async def test_one_agent_may_be_the_target_of_several_handoffs_of_another() -> None:
    happened: list[str] = []
    desk = Agent("desk")
    ways = [handoff(desk, tool_name_override=name) for name in ("refund", "complain")]
    for way in ways:
        way.on_invoke_handoff = _noting(happened, way)
    model = ScriptedModel([call("complain"), "Sorry."])
    result = await Runner.run(Agent("a", handoffs=list(ways)), "hi", run_config=RunConfig(model=model))
    assert [spec.name for spec in model.requests[0].tools] == ["refund", "complain"]
    assert model.requests[1].agent == "desk"
    assert result.last_agent is desk
    assert happened == ["complain"]


def _noting(happened: list[str], way: Handoff[Any, Any]) -> Any:
    async def invoke(context: Any, arguments: str) -> Any:
        happened.append(way.tool_name)
        return way.agent

    return invoke


async def test_an_agent_may_hand_over_to_itself() -> None:
    agent = Agent("a")
    agent.handoffs.append(handoff(agent, tool_name_override="start_again"))
    model = ScriptedModel([call("start_again"), "Again."])
    result = await Runner.run(agent, "hi", run_config=RunConfig(model=model))
    assert result.last_agent is agent
    assert told(result) == snapshot(["a calls start_again({})", "a hands over to a", "a: Again."])


async def test_two_agents_of_one_name_are_two() -> None:
    inner = Agent("expert", instructions="the inner one")
    outer = Agent("expert", instructions="the outer one", handoffs=[handoff(inner, tool_name_override="go_in")])
    model = ScriptedModel([call("transfer_to_expert"), call("go_in"), "Deep."])
    result = await Runner.run(Agent("triage", handoffs=[outer]), "hi", run_config=RunConfig(model=model))
    assert result.last_agent is inner
    assert [request.instructions for request in model.requests] == ["", "the outer one", "the inner one"]
    assert [request.agent for request in model.requests] == ["triage", "expert", "expert"]


async def test_a_filter_says_what_the_target_sees() -> None:
    given: list[HandoffInputData] = []

    def only_said(data: HandoffInputData) -> HandoffInputData:
        given.append(data)
        return remove_all_tools(data)

    agent = Agent("a", tools=[look], handoffs=[handoff(Agent("b"), input_filter=only_said)])
    model = ScriptedModel([call("look", at=1), ["One moment.", call("look", at=2), call("transfer_to_b")], "Hello."])
    result = await Runner.run(agent, "hi", run_config=RunConfig(model=model))
    [data] = given
    assert data.input_history == "hi"
    assert data.run_context is result.context_wrapper
    assert [type(item).__name__ for item in data.pre_handoff_items] == ["ToolCallItem", "ToolCallOutputItem"]
    assert [type(item).__name__ for item in data.new_items] == snapshot(
        ["MessageOutputItem", "ToolCallItem", "HandoffCallItem", "ToolCallOutputItem", "HandoffOutputItem"]
    )
    assert _seen(model, 2) == snapshot([("user", "hi", []), ("assistant", "One moment.", [])])
    assert told(result) == snapshot(['a calls look({"at":1})', "a is told found 1", "a: One moment.", "b: Hello."])
    said = [item.get("role") for item in result.to_input_list(mode="normalized")]
    assert said == ["user", "assistant", "assistant"]


async def test_a_filter_of_the_run_holds_for_handoffs_without_one_and_filters_follow_one_another() -> None:
    given: list[HandoffInputData] = []

    def last_words(data: HandoffInputData) -> HandoffInputData:
        given.append(data)
        return data.clone(input_history="in short", pre_handoff_items=(), input_items=())

    third = Agent("c")
    second = Agent("b", tools=[look], handoffs=[third])
    first = Agent("a", handoffs=[second])
    model = ScriptedModel([call("transfer_to_b"), call("look"), call("transfer_to_c"), "Hello."])
    config = RunConfig(model=model, handoff_input_filter=last_words)
    result = await Runner.run(first, "hi", run_config=config)
    assert [data.input_history for data in given] == ["hi", "in short"]
    assert [len(data.pre_handoff_items) for data in given] == [0, 4]
    assert _seen(model, 1) == [("user", "in short", [])]
    assert _seen(model, 3) == [("user", "in short", [])]
    assert told(result) == snapshot(
        [
            "a calls transfer_to_b({})",
            "a hands over to b",
            "b calls look({})",
            "b is told found 1",
            "b calls transfer_to_c({})",
            "b hands over to c",
            "c: Hello.",
        ]
    )
    assert result.input == "in short"


async def test_a_filter_that_gives_something_else_is_refused() -> None:
    def nothing(data: HandoffInputData) -> Any:
        return []

    agent = Agent("a", handoffs=[handoff(Agent("b"), input_filter=nothing)], model=ScriptedModel([call("transfer_to_b")]))
    with pytest.raises(UserError, match="it gives HandoffInputData"):
        await Runner.run(agent, "hi")


def _of_nothing() -> None: ...


def _of_context(context: Any) -> None: ...


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input_type": Escalation}, "input_type without on_handoff"),
        ({"on_handoff": _of_nothing}, r"is called as f\(context\)"),
        ({"on_handoff": _of_context, "input_type": Escalation}, r"is called as f\(context, input\)"),
        ({"nest_handoff_history": True}, "input_filter=f"),
    ],
)
def test_terms_that_do_not_fit_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        handoff(Agent("b"), **options)


def test_an_async_filter_is_refused() -> None:
    async def later(data: HandoffInputData) -> HandoffInputData:
        return data

    with pytest.raises(UserError, match="Await what it needs in on_handoff"):
        handoff(Agent("b"), input_filter=later)  # pyright: ignore[reportArgumentType]


async def test_a_handoff_made_by_hand_is_refused() -> None:
    async def invoke(context: Any, arguments: str) -> Any:
        return Agent("b")

    agent = Agent("a", handoffs=[Handoff("go", "Go.", {}, invoke, "b")], model=ScriptedModel([]))
    with pytest.raises(UserError, match=r"Make it by handoff\(agent"):
        await Runner.run(agent, "hi")
    strange = Agent("a", handoffs=["b"], model=ScriptedModel([]))  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="handoffs holds 'b'"):
        await Runner.run(strange, "hi")


async def test_a_handoff_that_gives_another_agent_than_its_own_is_refused() -> None:
    way = handoff(Agent("b"))
    way.on_invoke_handoff = _noting([], handoff(Agent("c")))
    with pytest.raises(UserError, match="not the agent that it was made for"):
        await Runner.run(Agent("a", handoffs=[way], model=ScriptedModel([call("transfer_to_b")])), "hi")


def test_the_recommended_beginning_of_instructions_is_there() -> None:
    assert "transfer_to_" in RECOMMENDED_PROMPT_PREFIX
    assert prompt_with_handoff_instructions("You sell.") == f"{RECOMMENDED_PROMPT_PREFIX}\n\nYou sell."
