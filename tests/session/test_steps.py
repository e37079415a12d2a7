"""Sessions over steps: agents keep what they know from turn to turn, are heard while they speak, and may ask a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Message, OutputNode, RunConfig, RunError, Runner, Session, Team, handoff, sequential, tool
from switchroom.config import WHILE_WAITING
from switchroom.events import ModelAnswered, StepStarted
from switchroom.guardrail import Pass, Replace, Trip, on_input, on_output
from switchroom.journals import MemoryJournal
from switchroom.messages import Image, Text
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.session import SENTENCE
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from tests.helpers import facts_of, texts
from tests.patience import HANGS_S
from tests.session.nodes import Handing, Router, Sayer, graph, started
from tests.virtual import in_no_time


def scripted(*answers: Any) -> RunConfig:
    return RunConfig(model=ScriptedModel(list(answers)))


async def test_an_agent_answers_and_knows_what_was_said_before():
    seen: list[list[tuple[str, str]]] = []

    def model(request: ModelRequest) -> str:
        seen.append(texts(request.messages))
        return f"answer {len(seen)}"

    session = Session(Agent("clerk", model=FunctionModel(model)))
    replies = [await session.send(text) for text in ("one", "two")]
    assert [(reply.text, reply.answered_by) for reply in replies] == [("answer 1", "clerk"), ("answer 2", "clerk")]
    assert seen == snapshot([[("user", "one")], [("user", "one"), ("clerk", "answer 1"), ("user", "two")]])
    assert session.active == "clerk"


async def test_a_team_hands_over_inside_and_its_new_agent_keeps_the_conversation():
    team = Team([Agent("triage", handoffs=["billing"]), Agent("billing", handoffs=["triage"])])
    transfer = ["One moment.", call("transfer_to_billing", reason="invoices")]
    session = Session(team, config=scripted(transfer, "You were charged twice.", "Anything else?"))
    assert session.active == "triage"
    first = await session.send("my invoice")
    assert (first.parts, first.answered_by) == (["One moment.", "You were charged twice."], "billing")
    assert session.active == "billing"
    assert (await session.send("thanks")).answered_by == "billing"
    assert [(message.agent or message.role, message.text) for message in session.messages] == snapshot(
        [
            ("user", "my invoice"),
            ("triage", "One moment."),
            ("billing", "You were charged twice."),
            ("user", "thanks"),
            ("billing", "Anything else?"),
        ]
    )


async def test_what_tools_told_is_known_in_the_next_turn():
    @tool(effect="read")
    async def look_up(order: str) -> str:
        """Look an order up."""
        return f"order {order} is shipped"

    seen: list[str] = []

    def model(request: ModelRequest) -> Any:
        if len(request.messages) == 1:
            return ["Let me look.", call("look_up", order="7")]
        seen.append(" | ".join(message.text for message in request.messages))
        return "It is shipped."

    session = Session(Agent("clerk", model=FunctionModel(model), tools=[look_up]))
    assert (await session.send("where is it?")).parts == ["Let me look.", "It is shipped."]
    await session.send("really?")
    assert "order 7 is shipped" in seen[1]
    assert [message.text for message in session.messages][:3] == ["where is it?", "Let me look.", "It is shipped."]


async def test_who_was_asked_to_return_still_may_on_the_next_turn():
    class Outcome(BaseModel):
        paid: bool

    triage = Agent("triage", handoffs=[handoff("billing", returns=Outcome)])
    team = Team([triage, Agent("billing")])
    session = Session(
        team,
        config=scripted(
            call("transfer_to_billing", reason="pay"),
            "Which card?",
            call("return_to_triage", paid=True),
            "All done, triage says.",
        ),
    )
    assert (await session.send("pay")).answered_by == "billing"
    reply = await session.send("the blue one")
    assert (reply.text, reply.answered_by, session.active) == ("All done, triage says.", "triage", "triage")


async def test_agents_in_nodes_of_a_graph_share_one_history_and_the_node_is_who_answers():
    seen: list[list[tuple[str, str]]] = []

    def model(request: ModelRequest) -> str:
        seen.append(texts(request.messages))
        return f"{request.agent} answers"

    agents = [Agent(f"{name} agent", model=FunctionModel(model)) for name in ("sales", "support")]

    class Routed(OutputNode):
        async def process_event(self, event: Any) -> None:
            if event.metadata["route"] == self.name:
                await super().process_event(event)

    session = await started(Router(), *(Routed(agent.name.split()[0], step=agent) for agent in agents))
    told = [await session.send(text) for text in ("to sales", "to support")]
    assert [(reply.text, reply.answered_by) for reply in told] == [
        ("sales agent answers", "sales"),
        ("support agent answers", "support"),
    ]
    assert [text for _, text in seen[1]] == ["to sales", "sales agent answers", "to support"]


async def test_the_target_of_a_handoff_reads_the_brief():
    seen: list[str] = []

    def model(request: ModelRequest) -> str:
        seen.append(request.messages[-1].text)
        return "Gladly."

    session = await started(
        Handing("greeter", "closer", budget=5), OutputNode("closer", step=Agent("c", model=FunctionModel(model)))
    )
    assert (await session.send("hello")).parts == ["One moment.", "Gladly."]
    assert seen == snapshot(['greeter puts the conversation through to you.\nReason: theirs\nBrief: {"budget":5}'])


async def test_the_agents_of_a_workflow_know_what_was_said_in_the_session():
    def model(request: ModelRequest) -> str:
        return f"{request.agent} knows {len(request.messages)}"

    session = Session(sequential(Agent("one", model=FunctionModel(model)), Agent("two", model=FunctionModel(model))))
    told = [await session.send(text) for text in ("hello", "and now?")]
    assert [reply.text for reply in told] == ["two knows 1", "two knows 1"]
    first = [fact for fact in facts_of(ModelAnswered, told[1].events) if fact.agent == "one"]
    assert [fact.message.text for fact in first] == ["one knows 3"]


async def test_a_function_answers_the_text():
    async def shout(input: str, scope: Any) -> str:
        return input.upper()

    session = Session(shout)
    reply = await session.send("hello")
    assert (reply.text, reply.answered_by, session.active) == ("HELLO", "shout", "shout")


async def test_what_is_no_text_is_said_as_json():
    async def count(input: str) -> dict[str, int]:
        return {"length": len(input)}

    assert (await Session(count).send("hello")).text == '{"length":5}'


async def test_an_agent_is_heard_while_it_speaks():
    session = Session(Agent("clerk"), config=scripted(deltas(["It ", "is ", "shipped."])))
    async with session.stream("where?") as events:
        pieces = [(event.text, event.agent) async for event in events if event.kind == "text_delta"]
    assert pieces == [("It ", "clerk"), ("is ", "clerk"), ("shipped.", "clerk")]
    assert events.reply.text == "It is shipped."


async def test_what_agents_say_that_a_node_asks_for_itself_is_not_heard():
    class Asking(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            result = await Runner.run(Agent("thinker"), "hm")
            yield f"thought: {result.final_output}"

    session = await started(Asking("asking"), config=scripted("deeply and long"))
    async with session.stream("hello") as events:
        pieces = [event.text async for event in events if event.kind == "text_delta"]
    assert pieces == ["thought: deeply and long"]


async def test_an_answer_that_a_guardrail_replaces_is_kept_as_it_was_replaced():
    async def clean(ctx: Any, value: Any) -> Any:
        return Replace(str(value).replace("damned", "kind"))

    agent = Agent("clerk", guardrails=[on_output(clean, hold=True)])
    session = Session(agent, config=scripted("you damned person"))
    assert (await session.send("hello")).text == "you kind person"
    assert session.messages[-1].text == "you kind person"


async def test_a_guardrail_that_trips_leaves_nobody_without_an_answer_and_the_next_turn_goes_on(
    caplog: pytest.LogCaptureFixture,
):
    async def polite(ctx: Any, value: Any) -> Any:
        return Trip("rude") if "damn" in str(value) else Pass()

    session = Session(Agent("clerk", guardrails=[on_input(polite)]), config=scripted("fine"))
    assert (await session.send("damn you")).text == SENTENCE
    assert (await session.send("sorry")).text == "fine"
    assert "GuardrailTripped" in caplog.text


async def test_a_model_that_is_not_there_is_followed_by_the_fallback_step():
    async def down(request: ModelRequest, emit: Emit) -> ModelResponse:
        raise ConnectionError("no line")

    session = Session(Agent("clerk", model=down), fallback=Agent("last", model=ScriptedModel(["I can take your number."])))
    reply = await session.send("hello")
    assert (reply.text, reply.answered_by, reply.fallback) == ("I can take your number.", "last", True)


async def test_a_person_is_asked_and_the_same_turn_goes_on_with_the_answer():
    @tool(effect="irreversible", needs_approval=True)
    async def refund(cents: int) -> str:
        """Refund."""
        return "refunded"

    agent = Agent("clerk", tools=[refund])
    session = Session(agent, config=scripted(["One moment.", call("refund", cents=500)], "You have it back."))
    reply = await session.send("my money")
    assert (reply.text, [one.tool for one in reply.waiting]) == ("", ["refund"])
    meanwhile = await session.send("well?")
    assert (meanwhile.text, meanwhile.turn, meanwhile.waiting) == (WHILE_WAITING, 1, reply.waiting)
    answered = await session.answer({reply.waiting[0].id: True})
    assert (answered.parts, answered.turn, answered.waiting) == (["One moment.", "You have it back."], 1, ())
    said = ["my money", "One moment.", "well?", WHILE_WAITING, "You have it back."]
    assert [message.text for message in session.messages] == said


async def test_a_person_is_asked_from_within_a_graph_and_in_another_process():
    @tool(effect="irreversible", needs_approval=True)
    async def refund(cents: int) -> str:
        """Refund."""
        return "refunded"

    answers = iter([call("refund", cents=500), "You have it back."])
    journal = MemoryJournal()

    def session() -> Session:
        agent = Agent("clerk", tools=[refund], model=FunctionModel(lambda request: next(answers)))
        clerk = OutputNode("clerk", step=agent)
        return graph(Router(), clerk, conversation="c", journal=journal)

    first = session()
    await first.start()
    reply = await first.send("to clerk")
    await first.stop()
    assert reply.waiting
    second = session()
    still = await second.start()
    assert still is not None
    assert still.waiting == reply.waiting
    assert (await second.answer({reply.waiting[0].id: True})).text == "You have it back."


async def test_steps_in_sessions_begin_with_what_is_new_so_that_a_long_conversation_costs_no_more():
    session = Session(Agent("clerk", model=FunctionModel(lambda request: "yes")))
    replies = [await session.send(f"message {n}") for n in range(30)]
    sizes = [sum(len(fact.messages) for fact in facts_of(StepStarted, reply.events)) for reply in replies]
    assert sizes == [2] * 30
    assert len(facts_of(ModelAnswered, replies[-1].events)) == 1


def test_a_step_that_waits_beyond_the_deadline_is_stopped():
    async def main() -> None:
        stopped = asyncio.Event()

        async def slow(input: str, scope: Any) -> str:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()
            return ""

        session = Session(slow, deadline=0.05)
        assert (await session.send("hello")).text == SENTENCE
        await asyncio.wait_for(stopped.wait(), HANGS_S)
        await session.stop()

    in_no_time(main())


async def test_a_message_with_a_picture_reaches_the_agent_whole():
    seen: list[Message] = []

    def model(request: ModelRequest) -> str:
        seen.append(request.messages[-1])
        return "nice"

    session = Session(Agent("clerk", model=FunctionModel(model)))
    await session.send([Text("look"), Image(url="https://example.org/cat.png")])
    assert seen[0].content == (Text("look"), Image(url="https://example.org/cat.png"))


async def test_what_may_not_be_kept_is_redacted_before_it_is_kept():
    config = RunConfig(
        model=FunctionModel(lambda request: f"heard {request.messages[-1].text}"),
        redact=lambda message: Message(message.role, message.text.replace("4711", "****")),
    )
    session = Session(Agent("clerk"), config=config)
    assert (await session.send("my pin is 4711")).text == "heard my pin is ****"
    assert session.messages[0].text == "my pin is ****"


async def test_usage_of_all_agents_of_a_turn_is_in_its_events():
    class Asking(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield await self.call(Agent("one"), "hm")
            yield await self.call(Agent("two"), "hm")

    session = await started(Asking("asking"), config=scripted("a ", "b"))
    reply = await session.send("hello")
    assert reply.text == "a b"
    assert [(fact.agent, fact.usage.requests) for fact in facts_of(ModelAnswered, reply.events)] == [("one", 1), ("two", 1)]


async def test_a_graph_is_a_step_and_nests():
    inner = await started(Router(), Sayer("sales"))

    async def outer(input: str, scope: Any) -> str:
        return f"inner said: {await scope.call(inner.graph, input)}"

    assert (await Session(outer).send("to sales")).text == "inner said: sales here"
    assert (await Runner.run(inner.graph, "to sales")).final_output == "sales here"


async def test_a_session_that_ended_answers_no_more():
    session = Session(Agent("clerk"), config=scripted("hi"))
    await session.send("hello")
    await session.stop()
    with pytest.raises(RunError, match="was stopped"):
        await session.send("again")


async def test_who_spoke_before_a_person_is_asked_says_it_again_with_the_rest_and_the_question_stays():
    paid: list[int] = []

    @tool(effect="irreversible", needs_approval=True)
    async def pay(cents: int) -> str:
        """Pay."""
        paid.append(cents)
        return "paid"

    answers = iter([call("pay", cents=500), "It is paid."])
    agent = Agent("clerk", tools=[pay], model=FunctionModel(lambda request: next(answers)))

    class Clerk(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield "One moment. "
            yield str(await self.call(agent, "pay"))

    journal = MemoryJournal()
    first = graph(Router(), Clerk("clerk"), conversation="c", journal=journal)
    await first.start()
    reply = await first.send("to clerk")
    assert ([one.tool for one in reply.waiting], paid) == (["pay"], [])
    assert (await first.send("well?")).waiting == reply.waiting
    await first.stop()
    second = graph(Router(), Clerk("clerk"), conversation="c", journal=journal)
    await second.start()
    answered = await second.answer({reply.waiting[0].id: True})
    assert (answered.text, paid) == ("One moment. It is paid.", [500])
    assert [message.text for message in second.messages] == ["to clerk", "One moment. It is paid."]
