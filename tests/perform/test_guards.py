"""Guardrails: inputs, answers and calls pass, are replaced, or trip; and nobody sees what was not to be seen."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, UserError, tool
from switchroom.errors import GuardrailTripped
from switchroom.events import AnswerReplaced, AnswerWithdrawn, GuardTripped, RunEvent, TextDelta
from switchroom.guardrail import Pass, Replace, Trip, on_input, on_output, on_tool
from switchroom.messages import Image, Message, Text, ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from tests.helpers import facts_of, keeping, last


async def politely(ctx: Any, text: str) -> Replace:
    return Replace(text.replace("damn", "d..."))


async def no_secrets(ctx: Any, text: str) -> Pass | Trip:
    return Trip("it names the secret") if "secret" in text else Pass()


def echo(*guardrails: Any) -> Agent[str]:
    return Agent("clerk", model=FunctionModel(lambda request: f"heard: {last(request)}"), guardrails=guardrails)


def displayed(events: list[RunEvent]) -> str:
    """What stands on a screen that clears what was withdrawn."""
    shown = ""
    for event in events:
        if event.kind == "text_delta":
            shown += event.text
        elif event.kind == "answer_withdrawn":
            shown = ""
    return shown


async def streamed(agent: Agent[Any], input: Any = "x") -> tuple[list[RunEvent], Any]:
    async with Runner.stream(agent, input) as events:
        seen = [event async for event in events]
    return seen, events.result


# input ---------------------------------------------------------------------------------------------------------------


async def test_an_input_that_passes_reaches_the_model():
    assert (await Runner.run(echo(on_input(no_secrets)), "hello")).final_output == "heard: hello"


async def test_an_input_may_be_replaced_before_the_model_sees_it():
    result = await Runner.run(echo(on_input(politely)), "damn")
    assert result.final_output == "heard: d..."
    assert [message.text for message in result.messages] == ["d...", "heard: d..."]


async def test_guardrails_judge_one_after_the_other_what_the_one_before_let_through():
    seen: list[str] = []

    async def look(ctx: Any, text: str) -> Pass:
        seen.append(text)
        return Pass()

    await Runner.run(echo(on_input(politely), on_input(look)), "damn")
    assert seen == ["d..."]


async def test_an_input_that_trips_ends_the_run_before_any_model_is_asked():
    model = ScriptedModel([])
    agent = Agent("clerk", model=model, guardrails=[on_input(no_secrets)])
    with pytest.raises(GuardrailTripped) as error:
        await Runner.run(agent, "the secret")
    assert str(error.value) == snapshot("Guardrail 'no_secrets' tripped: it names the secret")
    assert (error.value.guardrail, error.value.reason) == ("no_secrets", "it names the secret")
    assert facts_of(GuardTripped, error.value.run.events) == [GuardTripped("clerk", "no_secrets", "it names the secret")]
    assert model.requests == []


async def test_an_input_that_tripped_is_not_shown_to_the_model_on_the_next_turn():
    config = keeping()
    model = ScriptedModel(["hi"])
    agent = Agent("clerk", model=model, guardrails=[on_input(no_secrets)])
    with pytest.raises(GuardrailTripped):
        await Runner.run(agent, "the secret", config=config, conversation="c")
    await Runner.run(agent, "hello", config=config, conversation="c")
    assert all("secret" not in message.text for message in model.requests[0].messages)


async def test_a_replaced_input_keeps_its_pictures():
    picture = Image(url="https://example.org/a.png")
    result = await Runner.run(echo(on_input(politely)), [Text("damn"), picture])
    assert result.messages[0].content == (Text("d..."), picture)


async def test_each_turns_input_is_judged():
    config = keeping()
    agent = echo(on_input(no_secrets))
    await Runner.run(agent, "hello", config=config, conversation="c")
    with pytest.raises(GuardrailTripped):
        await Runner.run(agent, "the secret", config=config, conversation="c")


async def test_the_input_guardrails_of_an_agent_used_as_a_tool_judge_its_input():
    child = Agent("child", model=ScriptedModel([]), guardrails=[on_input(no_secrets)])
    boss = Agent("boss", model=ScriptedModel([call("child", input="the secret")]), tools=[child])
    with pytest.raises(GuardrailTripped):
        await Runner.run(boss, "x")


# output --------------------------------------------------------------------------------------------------------------


async def test_an_answer_that_trips_ends_the_run():
    agent = Agent("clerk", model=ScriptedModel(["the secret is 42"]), guardrails=[on_output(no_secrets)])
    with pytest.raises(GuardrailTripped):
        await Runner.run(agent, "x")


async def test_an_answer_may_be_replaced_and_the_history_says_what_was_said():
    agent = Agent("clerk", model=ScriptedModel(["damn"]), guardrails=[on_output(politely)])
    result = await Runner.run(agent, "x")
    assert result.final_output == "d..."
    assert result.messages[-1].text == "d..."
    assert facts_of(AnswerReplaced, result.events) == [AnswerReplaced("clerk", "d...")]


async def test_without_hold_what_was_shown_is_withdrawn_when_the_answer_trips():
    agent = Agent("clerk", model=ScriptedModel([deltas(["the ", "secret"])]), guardrails=[on_output(no_secrets)])
    seen: list[RunEvent] = []
    with pytest.raises(GuardrailTripped):
        async with Runner.stream(agent, "x") as events:
            async for event in events:
                seen.append(event)
    assert [event.text for event in seen if event.kind == "text_delta"] == ["the ", "secret"]
    assert displayed(seen) == ""
    assert facts_of(AnswerWithdrawn, seen) == [AnswerWithdrawn("clerk", "it names the secret")]


async def test_without_hold_what_was_shown_is_withdrawn_when_the_answer_is_replaced():
    agent = Agent("clerk", model=ScriptedModel(["damn"]), guardrails=[on_output(politely)])
    seen, _ = await streamed(agent)
    assert len(facts_of(AnswerWithdrawn, seen)) == 1


async def test_hold_shows_nothing_of_an_answer_that_trips():
    agent = Agent("clerk", model=ScriptedModel(["the secret"]), guardrails=[on_output(no_secrets, hold=True)])
    seen: list[RunEvent] = []
    with pytest.raises(GuardrailTripped):
        async with Runner.stream(agent, "x") as events:
            async for event in events:
                seen.append(event)
    assert "text_delta" not in [event.kind for event in seen]
    assert "answer_withdrawn" not in [event.kind for event in seen]


@pytest.mark.parametrize(("judge", "text"), [(no_secrets, "damn"), (politely, "d...")])
async def test_hold_shows_the_answer_as_it_was_let_through(judge: Any, text: str):
    agent = Agent("clerk", model=ScriptedModel(["damn"]), guardrails=[on_output(judge, hold=True)])
    seen, result = await streamed(agent)
    assert displayed(seen) == result.final_output == text


async def test_hold_shows_the_answer_although_who_handed_over_had_said_something():
    target = Agent("target", model=ScriptedModel(["damn"]), guardrails=[on_output(politely, hold=True)])
    model = ScriptedModel([["One moment.", call("transfer_to_target")]])
    seen, result = await streamed(Agent("clerk", model=model, handoffs=[target]))
    assert result.final_output == "One moment.\nd..."
    assert displayed(seen) == "One moment.d..."


async def test_nothing_is_withdrawn_of_an_answer_that_was_never_shown():
    target: Agent[Any] = Agent(
        "target", model=ScriptedModel(["many", "5"]), output_type=int, guardrails=[on_output(_pass, hold=True)]
    )
    model = ScriptedModel([["One moment.", call("transfer_to_target")]])
    seen, _ = await streamed(Agent("clerk", model=model, handoffs=[target]))
    assert facts_of(AnswerWithdrawn, seen) == []


async def _pass(ctx: Any, value: Any) -> Pass:
    return Pass()


async def test_an_answer_that_does_not_validate_is_withdrawn_from_who_saw_it():
    agent: Agent[Any] = Agent("clerk", model=ScriptedModel(["many", "5"]), output_type=int)
    seen, result = await streamed(agent)
    assert result.final_output == 5
    assert displayed(seen) == "5"


async def test_nobody_listening_means_nothing_to_withdraw():
    agent = Agent("clerk", model=ScriptedModel(["damn"]), guardrails=[on_output(politely)])
    result = await Runner.run(agent, "x")
    assert facts_of(AnswerWithdrawn, result.events) == []


# calls ---------------------------------------------------------------------------------------------------------------


def payer(judge: Any, *answers: Any) -> tuple[Agent[str], list[int]]:
    paid: list[int] = []

    @tool
    async def pay(cents: int) -> str:
        paid.append(cents)
        return f"paid {cents}"

    return Agent("clerk", model=ScriptedModel(answers), tools=[pay], guardrails=[on_tool(judge)]), paid


async def test_a_call_is_judged_before_it_runs():
    async def not_much(ctx: Any, call: ToolCall) -> Pass | Trip:
        assert isinstance(call.args, dict)
        return Trip(f"{call.args['cents']} is too much") if call.args["cents"] > 5 else Pass()

    agent, paid = payer(not_much, [call("pay", cents=5), call("pay", cents=6)])
    with pytest.raises(GuardrailTripped, match="6 is too much"):
        await Runner.run(agent, "x")
    assert paid == []


async def test_a_calls_arguments_may_be_replaced():
    async def half(ctx: Any, call: ToolCall) -> Replace:
        assert isinstance(call.args, dict)
        return Replace({"cents": call.args["cents"] // 2})

    agent, paid = payer(half, call("pay", cents=10), "done")
    await Runner.run(agent, "x")
    assert paid == [5]


async def test_replaced_arguments_are_what_a_person_is_asked_about():
    async def half(ctx: Any, call: ToolCall) -> Replace:
        return Replace({"cents": 5})

    @tool(needs_approval=True)
    async def pay(cents: int) -> str:
        return f"paid {cents}"

    agent = Agent("clerk", model=ScriptedModel([call("pay", cents=10), "ok"]), tools=[pay], guardrails=[on_tool(half)])
    config = keeping()
    waiting = await Runner.run(agent, "x", config=config, conversation="c")
    assert waiting.waiting[0].args == {"cents": 5}
    result = await Runner.resume(agent, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert [message.text for message in result.messages if message.role == "tool"] == ["paid 5"]


async def test_replaced_arguments_that_do_not_validate_are_refused():
    async def nonsense(ctx: Any, call: ToolCall) -> Replace:
        return Replace({"cents": "nonsense"})

    agent, paid = payer(nonsense, call("pay", cents=10), "done")
    result = await Runner.run(agent, "x")
    assert result.messages[2].text.startswith("[refused: cents: ")
    assert paid == []


@pytest.mark.parametrize("replacement", ["text", None, [1]])
async def test_arguments_replaced_by_no_object_are_the_developers_fault(replacement: Any):
    async def nonsense(ctx: Any, call: ToolCall) -> Replace:
        return Replace(replacement)

    agent, _ = payer(nonsense, call("pay", cents=10))
    with pytest.raises(UserError, match="Guardrail 'nonsense' replaced a call's arguments by "):
        await Runner.run(agent, "x")


# what is no guardrail ------------------------------------------------------------------------------------------------


async def test_a_guardrail_that_gives_something_else_is_the_developers_fault():
    async def careless(ctx: Any, text: str) -> Any:
        return True

    with pytest.raises(UserError) as error:
        await Runner.run(echo(on_input(careless)), "x")
    assert str(error.value) == snapshot(
        "Guardrail 'careless' returned True; it returns Pass(), Replace(value) or Trip(reason)."
    )


def test_a_guardrail_that_is_not_async_is_refused():
    def careless(ctx: Any, text: str) -> Any:
        return Pass()

    with pytest.raises(UserError, match=r"A guardrail is an async function of \(ctx, value\)"):
        on_input(careless)


async def test_a_guardrails_exception_reaches_the_caller_as_itself():
    async def broken(ctx: Any, text: str) -> Any:
        raise LookupError("no list of words")

    with pytest.raises(LookupError, match="no list of words"):
        await Runner.run(echo(on_output(broken)), "x")


async def test_a_retry_after_text_was_shown_is_refused_where_a_listener_does_not_clear():
    tries: list[bool] = []

    async def model(request: Any, emit: Any) -> Any:
        emit("half an ")
        tries.append(await emit.withdraw("the connection broke"))
        raise ConnectionError("the line is down")

    def listener(event: RunEvent) -> None: ...

    with pytest.raises(ConnectionError):
        await Runner.run(Agent("clerk", model=model), "x", config=RunConfig(listeners=(listener,)))
    assert tries == [False]


async def test_a_new_attempt_withdraws_what_was_shown_and_its_pieces_say_so():
    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        emit("half an ")
        assert await emit.withdraw("the connection broke")
        emit("whole")
        return ModelResponse(Message("assistant", "whole"))

    class Screen:
        withdraws = True

        def __init__(self) -> None:
            self.events: list[RunEvent] = []

        def __call__(self, event: RunEvent) -> None:
            self.events.append(event)

    screen = Screen()
    await Runner.run(Agent("clerk", model=model), "x", config=RunConfig(listeners=(screen,)))
    shown = facts_of(TextDelta, screen.events)
    assert [(delta.text, delta.attempt) for delta in shown] == [("half an ", 1), ("whole", 2)]
    assert displayed(screen.events) == "whole"


# what guardrails give that is of no use ------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [42, None, "broken \ud800"])
async def test_an_input_is_replaced_by_text_only(given: Any):
    async def odd(ctx: Any, text: str) -> Replace:
        return Replace(given)

    with pytest.raises(UserError, match="Guardrail 'odd'"):
        await Runner.run(echo(on_input(odd)), "x")


async def test_an_answer_replaced_by_nothing_is_the_developers_fault_and_costs_no_further_answer():
    async def emptied(ctx: Any, text: str) -> Replace:
        return Replace("")

    model = ScriptedModel(["hello"])
    with pytest.raises(UserError, match="which is no answer of it"):
        await Runner.run(Agent("clerk", model=model, guardrails=[on_output(emptied)]), "x")
    assert len(model.requests) == 1


async def test_an_answer_that_tripped_is_not_shown_to_the_model_on_the_next_turn():
    model = ScriptedModel(["the secret is 42", "hello"])
    agent = Agent("clerk", model=model, guardrails=[on_output(no_secrets)])
    config = keeping()
    with pytest.raises(GuardrailTripped):
        await Runner.run(agent, "tell me", conversation="c", config=config)
    await Runner.run(agent, "hi", conversation="c", config=config)
    assert all("secret" not in message.text for message in model.requests[1].messages)


async def test_a_call_is_replaced_by_arguments_only():
    async def another(ctx: Any, asked: ToolCall) -> Replace:
        return Replace(ToolCall(asked.name, {"n": 2}))

    @tool(effect="read")
    async def look(n: int) -> str:
        return str(n)

    agent = Agent("clerk", model=ScriptedModel([call("look", n=1)]), tools=[look], guardrails=[on_tool(another)])
    with pytest.raises(UserError, match="give a dict"):
        await Runner.run(agent, "x")


async def test_of_an_input_of_several_messages_each_of_the_persons_is_judged_and_the_others_stay():
    given = [
        {"role": "user", "content": "damn printer"},
        {"role": "assistant", "content": "damn, I am sorry"},
        {"role": "user", "content": "it is still broken"},
    ]
    result = await Runner.run(echo(on_input(politely)), given)
    assert [(message.role, message.text) for message in result.messages[:3]] == [
        ("user", "d... printer"),
        ("assistant", "damn, I am sorry"),
        ("user", "it is still broken"),
    ]
