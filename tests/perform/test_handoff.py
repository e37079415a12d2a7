"""Handoffs as transactions: proposed, accepted or declined, committed, given back; and no way round in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, Field

from switchroom import Agent, Decline, Message, RunError, Runner, Team, ToolContext, UserError, handoff, tool
from switchroom.errors import ModelMisbehaved
from switchroom.events import (
    CircleBroken,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffProposed,
    HandoffReturned,
)
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import facts_of, keeping, kinds, last, soon, texts
from tests.virtual import in_no_time


class Case(BaseModel):
    """What billing needs to know."""

    invoice: str = Field(description="its number")
    cents: int = 0


class Outcome(BaseModel):
    settled: bool


def billing(model: Any = None, **options: Any) -> Agent[str]:
    return Agent("billing", model=model or FunctionModel(lambda request: f"billing: {last(request)}"), **options)


def triage(*answers: Any, to: Any = None, tools: Sequence[Any] = ()) -> Agent[str]:
    return Agent("triage", model=ScriptedModel(answers), handoffs=[to or billing()], tools=tools)


def requests_of(agent: Agent[Any]) -> list[ModelRequest]:
    """What an agent's scripted model was asked."""
    assert isinstance(agent.model, ScriptedModel)
    return agent.model.requests


# proposed and committed ----------------------------------------------------------------------------------------------


async def test_a_handoff_is_a_tool_that_asks_for_a_reason_and_the_brief():
    model = ScriptedModel(["hi"])
    target = billing(description="invoices and refunds")
    await Runner.run(Agent("triage", model=model, handoffs=[handoff(target, requires=Case)]), "x")
    [spec] = model.requests[0].tools
    assert (spec.name, spec.description) == snapshot(
        ("transfer_to_billing", "Hand the conversation over to billing: invoices and refunds")
    )
    assert spec.parameters == snapshot(
        {
            "description": "What billing needs to know.",
            "properties": {
                "reason": {"type": "string", "description": "why, in a few words"},
                "invoice": {"description": "its number", "type": "string"},
                "cents": {"default": 0, "type": "integer"},
            },
            "required": ["invoice"],
            "type": "object",
        }
    )


async def test_the_brief_is_the_calls_result_and_the_targets_newest_message():
    target = billing(ScriptedModel(["paid"]))
    agent = triage(call("transfer_to_billing", reason="charged twice", invoice="F-1"), to=handoff(target, requires=Case))
    result = await Runner.run(agent, "help")
    [request] = requests_of(target)
    assert (request.messages[-1].role, request.messages[-1].text) == snapshot(
        (
            "tool",
            """\
triage puts the conversation through to you.
Reason: charged twice
Brief: {"invoice":"F-1","cents":0}\
""",
        )
    )
    assert request.messages[-1].call_id == request.messages[-2].calls[0].id
    assert (result.final_output, result.last_agent) == ("paid", target)


async def test_a_handoff_is_proposed_and_committed_with_what_was_learned():
    @tool(effect="read")
    async def find() -> str:
        return "F-1 is open"

    agent = triage(call("find"), call("transfer_to_billing", reason="open"), tools=[find])
    result = await Runner.run(agent, "help")
    assert facts_of(HandoffProposed, result.events) == [HandoffProposed(0, "triage", "billing", "open")]
    [committed] = facts_of(HandoffCommitted, result.events)
    assert (committed.reason, committed.learned) == ("open", ("find: F-1 is open",))


async def test_the_target_sees_what_the_asker_learned():
    @tool(effect="read")
    async def find() -> str:
        return "F-1 is open"

    target = billing(FunctionModel(lambda request: "; ".join(message.text for message in request.messages)))
    result = await Runner.run(triage(call("find"), call("transfer_to_billing"), to=target, tools=[find]), "help")
    assert result.final_output == snapshot("help; ; F-1 is open; ; triage puts the conversation through to you.")


async def test_a_brief_that_does_not_validate_goes_back_to_the_model():
    target = billing(ScriptedModel(["paid"]))
    model = ScriptedModel([call("transfer_to_billing", cents="many"), call("transfer_to_billing", invoice="F-1")])
    agent = Agent("triage", model=model, handoffs=[handoff(target, requires=Case)])
    assert (await Runner.run(agent, "help")).final_output == "paid"
    assert last(model.requests[1]) == snapshot(
        "[refused: invoice: Field required; cents: Input should be a valid integer, unable to parse string as an integer]"
    )


async def test_a_brief_with_other_names_in_json_reaches_the_target():
    class Camel(BaseModel):
        order_id: str = Field(alias="orderId")

    seen: list[Any] = []

    async def accepts(ctx: Any, brief: Any) -> None:
        seen.append(brief)

    agent = triage(call("transfer_to_billing", orderId="7"), to=handoff(billing(), requires=Camel, accepts=accepts))
    await Runner.run(agent, "help")
    assert seen == [Camel(orderId="7")]


async def test_an_unknown_target_goes_back_to_the_model_with_those_that_are_there():
    model = ScriptedModel([call("transfer_to_biling"), "sorry"])
    await Runner.run(Agent("triage", model=model, handoffs=[billing()]), "help")
    assert last(model.requests[1]) == snapshot(
        "[refused: you called a tool that is not there: the agent has no tool "
        "'transfer_to_biling'; it has ['transfer_to_billing']. Did you mean 'transfer_to_billing'?]"
    )


async def test_of_two_handoffs_in_one_answer_the_first_wins_and_the_other_is_told():
    sales = Agent("sales", model=ScriptedModel(["sold"]))
    target = billing(ScriptedModel(["paid"]))
    model = ScriptedModel([[call("transfer_to_billing"), call("transfer_to_sales")]])
    result = await Runner.run(Agent("triage", model=model, handoffs=[target, sales]), "help")
    assert result.final_output == "paid"
    assert [message.text for message in result.messages if message.role == "tool"] == snapshot(
        [
            "triage puts the conversation through to you.",
            "[refused: an answer hands over once; transfer_to_billing goes first]",
        ]
    )


# accepted or declined ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_declined_handoff_goes_back_to_the_asker_with_its_reason(is_async: bool):
    def closed(ctx: Any, brief: Any) -> Decline:
        return Decline("we are closed")

    async def closed_too(ctx: Any, brief: Any) -> Decline:
        return Decline("we are closed")

    model = ScriptedModel([call("transfer_to_billing"), "come back tomorrow"])
    terms = handoff(billing(), accepts=closed_too if is_async else closed)
    result = await Runner.run(Agent("triage", model=model, handoffs=[terms]), "help")
    assert (result.final_output, result.last_agent and result.last_agent.name) == ("come back tomorrow", "triage")
    assert last(model.requests[1]) == snapshot("[billing declined: we are closed]")
    assert facts_of(HandoffDeclined, result.events) == [HandoffDeclined(0, "triage", "billing", "we are closed")]
    assert facts_of(HandoffCommitted, result.events) == []


async def test_accepts_is_given_the_typed_brief_and_the_targets_context():
    seen: list[Any] = []

    async def accepts(ctx: Any, brief: Case) -> None:
        seen.append((ctx.agent, ctx.deps, brief))

    agent = triage(
        call("transfer_to_billing", invoice="F-1"),
        to=handoff(billing(), requires=Case, accepts=accepts),  # pyright: ignore[reportArgumentType]
    )
    await Runner.run(agent, "help", deps="a database")
    assert seen == [("billing", "a database", Case(invoice="F-1"))]


async def test_accepts_that_gives_something_else_is_the_developers_fault():
    agent = triage(call("transfer_to_billing"), to=handoff(billing(), accepts=lambda ctx, brief: True))  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError) as error:
        await Runner.run(agent, "help")
    assert str(error.value) == snapshot(
        "accepts of the handoff 'triage' to 'billing' returned True; it returns None or Decline(reason)."
    )


# filter --------------------------------------------------------------------------------------------------------------


async def test_a_filter_says_what_the_target_sees_and_the_brief_carries_what_was_learned():
    @tool(effect="read")
    async def find() -> str:
        return "F-1 is open"

    def only_the_person(messages: Sequence[Message]) -> Sequence[Message]:
        return [message for message in messages if message.role == "user"]

    target = billing(ScriptedModel(["paid"]))
    agent = triage(
        call("find"),
        call("transfer_to_billing", reason="open"),
        to=handoff(target, filter=only_the_person),
        tools=[find],
    )
    await Runner.run(agent, "help")
    [request] = requests_of(target)
    assert [(message.role, message.text) for message in request.messages] == snapshot(
        [
            ("user", "help"),
            (
                "system",
                """\
triage puts the conversation through to you.
Reason: open
Learned so far: find: F-1 is open\
""",
            ),
        ]
    )


async def test_a_filter_that_keeps_everything_leaves_no_call_without_its_result():
    @tool(effect="read")
    async def find() -> str:
        return "F-1 is open"

    target = billing(ScriptedModel(["paid"]))
    agent = triage(
        [call("transfer_to_billing"), call("find")], to=handoff(target, filter=lambda messages: messages), tools=[find]
    )
    await Runner.run(agent, "help")
    [request] = requests_of(target)
    asked = [call.id for message in request.messages for call in message.calls]
    answered = [message.call_id for message in request.messages if message.role == "tool"]
    assert asked == answered
    assert len(asked) == 1


# returns -------------------------------------------------------------------------------------------------------------


def asks_back(target_model: Any, triage_model: Any) -> Agent[str]:
    return Agent("triage", model=triage_model, handoffs=[handoff(billing(target_model), returns=Outcome)])


async def test_a_target_that_was_asked_to_return_gives_the_conversation_back_with_the_outcome():
    target = ScriptedModel([call("return_to_triage", settled=True, reason="paid")])
    asker = ScriptedModel([call("transfer_to_billing"), "all settled"])
    result = await Runner.run(asks_back(target, asker), "help")
    assert [spec.name for spec in target.requests[0].tools] == ["return_to_triage"]
    assert (result.final_output, result.last_agent and result.last_agent.name) == ("all settled", "triage")
    assert last(asker.requests[1]) == snapshot('billing gives the conversation back. Outcome: {"settled":true} Reason: paid')
    assert [fact.outcome for fact in facts_of(HandoffReturned, result.events)] == [{"settled": True}]


async def test_an_outcome_that_does_not_validate_goes_back_to_the_target():
    target = ScriptedModel([call("return_to_triage", settled="perhaps"), call("return_to_triage", settled=False)])
    asker = ScriptedModel([call("transfer_to_billing"), "not settled"])
    assert (await Runner.run(asks_back(target, asker), "help")).final_output == "not settled"
    assert last(target.requests[1]).startswith("[refused: settled: ")


async def test_a_misspelt_return_is_told_of_the_right_one():
    target = ScriptedModel([call("return_to_triag", settled=True), call("return_to_triage", settled=True)])
    asker = ScriptedModel([call("transfer_to_billing"), "done"])
    await Runner.run(asks_back(target, asker), "help")
    assert "'return_to_triage'" in last(target.requests[1])


async def test_nobody_has_a_way_back_who_was_not_asked_to_return():
    target = ScriptedModel(["paid"])
    await Runner.run(triage(call("transfer_to_billing"), to=billing(target)), "help")
    assert target.requests[0].tools == ()


async def test_the_way_back_is_still_there_on_the_next_turn():
    config = keeping()
    target = ScriptedModel(["which invoice?", call("return_to_triage", settled=True)])
    agent = asks_back(target, ScriptedModel([call("transfer_to_billing"), "all settled"]))
    first = await Runner.run(agent, "help", config=config, conversation="c")
    assert first.final_output == "which invoice?"
    second = await Runner.run(agent, "F-1", config=config, conversation="c")
    assert (second.final_output, second.last_agent) == ("all settled", agent)


async def test_whoever_the_target_hands_on_to_may_give_the_conversation_back():
    cash = ScriptedModel([call("return_to_triage", settled=True)])
    target = billing(ScriptedModel([call("transfer_to_cash")]), handoffs=[Agent("cash", model=cash)])
    asker = ScriptedModel([call("transfer_to_billing"), "all settled"])
    agent = Agent("triage", model=asker, handoffs=[handoff(target, returns=Outcome)])
    assert (await Runner.run(agent, "help")).final_output == "all settled"


async def test_returns_may_be_nested():
    cash = Agent("cash", model=ScriptedModel([call("return_to_billing", settled=True)]))
    target = billing(
        ScriptedModel([call("transfer_to_cash"), call("return_to_triage", settled=True)]),
        handoffs=[handoff(cash, returns=Outcome)],
    )
    asker = ScriptedModel([call("transfer_to_billing"), "all settled"])
    result = await Runner.run(Agent("triage", model=asker, handoffs=[handoff(target, returns=Outcome)]), "help")
    assert [(fact.source, fact.target) for fact in facts_of(HandoffReturned, result.events)] == [
        ("cash", "billing"),
        ("billing", "triage"),
    ]
    assert result.final_output == "all settled"


async def test_a_conversation_whose_asker_no_longer_knows_the_target_goes_on():
    config = keeping()
    target = billing()
    before = Team(
        [
            Agent("triage", model=ScriptedModel([call("transfer_to_billing")]), handoffs=[handoff(target, returns=Outcome)]),
            target,
        ]
    )
    await Runner.run(before, "help", config=config, conversation="c")
    after = Team([Agent("triage", model=ScriptedModel([])), target])
    result = await Runner.run(after, "and now?", config=config, conversation="c")
    assert result.final_output == "billing: and now?"


# deadline ------------------------------------------------------------------------------------------------------------


def slow_target(pieces: Sequence[str] = ()) -> tuple[Agent[str], asyncio.Event]:
    cancelled = asyncio.Event()
    never = asyncio.Event()

    async def model(request: ModelRequest, emit: Any) -> Any:
        for piece in pieces:
            emit(piece)
        try:
            await never.wait()
        finally:
            cancelled.set()

    return Agent("billing", model=model), cancelled


async def test_a_target_that_does_not_answer_in_time_gives_control_back_to_the_asker():
    target, cancelled = slow_target()
    asker = ScriptedModel([call("transfer_to_billing"), "I will help you myself"])
    agent = Agent("triage", model=asker, handoffs=[handoff(target, deadline=0.02)])
    result = await soon(Runner.run(agent, "help"))
    assert (result.final_output, result.last_agent) == ("I will help you myself", agent)
    assert facts_of(HandoffExpired, result.events) == [HandoffExpired("triage", "billing")]
    assert last(asker.requests[1]) == snapshot("[billing did not answer in time. Go on yourself.]")
    assert cancelled.is_set()


async def test_what_the_late_target_had_begun_to_say_is_withdrawn():
    target, _ = slow_target(["half an "])
    asker = ScriptedModel([call("transfer_to_billing"), "mine"])
    agent = Agent("triage", model=asker, handoffs=[handoff(target, deadline=0.02)])
    async with Runner.stream(agent, "help") as events:
        seen = [event async for event in events]
    shown = kinds(seen)
    assert shown.index("answer_withdrawn") > shown.index("text_delta")
    assert shown.index("answer_withdrawn") < len(shown) - 1 - shown[::-1].index("text_delta")


def test_the_deadline_ends_with_the_targets_first_answer():
    @tool(effect="read")
    async def slow() -> str:
        await asyncio.sleep(0.1)
        return "seen"

    target = billing(ScriptedModel([call("slow"), "paid"]), tools=[slow])
    agent = triage(call("transfer_to_billing"), to=handoff(target, deadline=0.08))
    assert in_no_time(Runner.run(agent, "help")).final_output == "paid"


async def test_an_asker_that_got_the_conversation_back_is_not_owed_a_return():
    target, _ = slow_target()
    asker = ScriptedModel([call("transfer_to_billing"), "mine"])
    agent = Agent("triage", model=asker, handoffs=[handoff(target, deadline=0.02, returns=Outcome)])
    await soon(Runner.run(agent, "help"))
    assert [spec.name for spec in asker.requests[1].tools] == ["transfer_to_billing"]


# circles -------------------------------------------------------------------------------------------------------------


def ping_pong(asked: list[str], tools: Sequence[Any] = (), first: Any = None) -> list[Agent[str]]:
    """Two agents that hand everything to one another."""

    def model(request: ModelRequest) -> Any:
        asked.append(request.agent)
        to = call("transfer_to_pong" if request.agent == "ping" else "transfer_to_ping")
        return [call(first), to] if first else to

    return [
        Agent("ping", model=FunctionModel(model), handoffs=["pong"], tools=tools),
        Agent("pong", model=FunctionModel(model), handoffs=["ping"], tools=tools),
    ]


async def test_a_circle_without_progress_is_broken_to_the_fallback():
    asked: list[str] = []
    rescue = Agent("rescue", model=FunctionModel(lambda request: "a person will call you"))
    result = await Runner.run(Team([*ping_pong(asked), rescue], fallback="rescue"), "help")
    assert result.final_output == "a person will call you"
    assert asked == ["ping", "pong", "ping"]
    assert facts_of(CircleBroken, result.events) == [CircleBroken(0, "ping", "pong", "rescue")]
    assert result.messages[-2].text == snapshot(
        "[The other agents have handed this back and forth. Answer the person, as far as you can.]"
    )


async def test_without_a_fallback_the_asker_is_told_to_answer():
    ping = ScriptedModel([call("transfer_to_pong"), call("transfer_to_pong"), "then I answer"])
    pong = ScriptedModel([call("transfer_to_ping")])
    team = Team([Agent("ping", model=ping, handoffs=["pong"]), Agent("pong", model=pong, handoffs=["ping"])])
    result = await Runner.run(team, "help")
    assert result.final_output == "then I answer"
    assert last(ping.requests[2]) == snapshot(
        "[not put through: pong and you have handed this back and forth with nothing new. Answer yourself.]"
    )


async def test_an_agent_that_insists_on_the_circle_is_given_up_soon():
    asked: list[str] = []
    with pytest.raises(ModelMisbehaved):
        await Runner.run(Team(ping_pong(asked)), "help")
    assert len(asked) <= 7


async def test_giving_a_conversation_back_once_is_no_circle():
    ping = ScriptedModel([call("transfer_to_pong"), "it was for me"])
    pong = ScriptedModel([call("transfer_to_ping", reason="not mine")])
    team = Team([Agent("ping", model=ping, handoffs=["pong"]), Agent("pong", model=pong, handoffs=["ping"])])
    assert (await Runner.run(team, "help")).final_output == "it was for me"


async def test_a_tools_new_result_is_progress():
    counter: list[int] = []

    @tool(effect="read")
    async def count() -> int:
        counter.append(1)
        return len(counter)

    asked: list[str] = []
    with pytest.raises(RunError, match="model answers and is not finished"):
        await Runner.run(Team(ping_pong(asked, [count], "count")), "help")
    assert len(asked) == 20


async def test_a_tools_same_result_again_is_a_try_and_after_three_rounds_more_the_circle_is_broken():
    @tool(effect="read")
    async def look() -> str:
        return "nothing new"

    asked: list[str] = []
    rescue = Agent("rescue", model=FunctionModel(lambda request: "rescued"))
    result = await Runner.run(Team([*ping_pong(asked, [look], "look"), rescue], fallback="rescue"), "help")
    assert result.final_output == "rescued"
    assert len(asked) == 9


class Stage(BaseModel):
    name: str = "new"
    visits: int = 0


async def test_a_changed_state_is_progress():
    @tool(effect="read")
    async def visit(ctx: ToolContext) -> str:
        await ctx.update(visits=ctx.state.visits + 1)
        return "ok"

    asked: list[str] = []
    with pytest.raises(RunError, match="model answers and is not finished"):
        await Runner.run(Team(ping_pong(asked, [visit], "visit")), "help", state=Stage())


async def test_a_state_that_is_set_to_what_it_was_is_no_progress():
    @tool(effect="read")
    async def touch(ctx: ToolContext) -> str:
        await ctx.update(name="open")
        return "ok"

    asked: list[str] = []
    rescue = Agent("rescue", model=FunctionModel(lambda request: "rescued"))
    team = Team([*ping_pong(asked, [touch], "touch"), rescue], fallback="rescue")
    assert (await Runner.run(team, "help", state=Stage())).final_output == "rescued"


# who is active -------------------------------------------------------------------------------------------------------


async def test_the_active_agent_stays_active_on_the_next_turn():
    config = keeping()
    agent = triage(call("transfer_to_billing"))
    await Runner.run(agent, "help", config=config, conversation="c")
    result = await Runner.run(agent, "and now?", config=config, conversation="c")
    assert result.final_output == "billing: and now?"
    assert result.by_agent.keys() == {"billing"}


async def test_the_active_agent_stays_active_for_another_process():
    config = keeping()
    await Runner.run(triage(call("transfer_to_billing")), "help", config=config, conversation="c")
    result = await Runner.run(triage("never"), "and now?", config=config, conversation="c")
    assert result.final_output == "billing: and now?"


async def test_where_the_active_agent_is_no_longer_in_the_team_its_entry_answers():
    config = keeping()
    await Runner.run(triage(call("transfer_to_billing")), "help", config=config, conversation="c")
    alone = Agent("triage", model=FunctionModel(lambda request: f"triage knows {len(request.messages)} messages"))
    result = await Runner.run(alone, "and now?", config=config, conversation="c")
    assert result.final_output == "triage knows 5 messages"


async def test_each_conversation_has_its_own_active_agent():
    config = keeping()
    agent = triage(call("transfer_to_billing"), "triage here")
    await Runner.run(agent, "help", config=config, conversation="one")
    assert (await Runner.run(agent, "help", config=config, conversation="two")).final_output == "triage here"


async def test_a_conversation_with_two_handoffs_reads_like_this():
    sales = Agent("sales", model=ScriptedModel(["sold"]))
    target = billing(ScriptedModel([["Not mine.", call("transfer_to_sales", reason="an order")]]), handoffs=[sales])
    model = ScriptedModel([["One moment.", call("transfer_to_billing", reason="an invoice")]])
    result = await Runner.run(Agent("triage", model=model, handoffs=[target]), "help")
    assert texts(result.messages) == snapshot(
        [
            ("user", "help"),
            ("triage", "One moment."),
            ("tool", "triage puts the conversation through to you.\nReason: an invoice"),
            ("billing", "Not mine."),
            ("tool", "billing puts the conversation through to you.\nReason: an order"),
            ("sales", "sold"),
        ]
    )


# what is refused when it is declared ---------------------------------------------------------------------------------


async def test_terms_that_cannot_hold_are_refused():
    class Reasoned(BaseModel):
        reason: str

    cases: list[dict[str, Any]] = [
        {"deadline": 0},
        {"deadline": -1},
        {"requires": dict},
        {"returns": "Outcome"},
        {"requires": Reasoned},
    ]
    said: list[str] = []
    for options in cases:
        with pytest.raises(UserError) as error:
            handoff(billing(), **options)
        said.append(str(error.value))
    assert said == snapshot(
        [
            "handoff(deadline=0): give seconds above 0.",
            "handoff(deadline=-1): give seconds above 0.",
            "handoff(requires=<class 'dict'>): pass a pydantic model's class.",
            "handoff(returns='Outcome'): pass a pydantic model's class.",
            "handoff(requires=Reasoned): the field 'reason' is there anyway; give it another name.",
        ]
    )
