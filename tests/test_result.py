"""What a run gives back: who answered, what it used, what happened, what a person is asked."""

from __future__ import annotations

from typing import Any

from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, RunResult, Team, tool
from switchroom.events import Delta, Fact
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.result import Waiting
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.usage import Usage
from tests.helpers import keeping, kinds, texts


def counting(model: Model, sent: int, received: int) -> Model:
    """A model whose server counts tokens."""

    async def counted(request: ModelRequest, emit: Emit) -> ModelResponse:
        return ModelResponse((await model(request, emit)).message, Usage(1, sent, received))

    return counted


def team() -> Team:
    triage = counting(ScriptedModel([call("transfer_to_billing", reason="an invoice"), "again?"]), 10, 1)
    billing = counting(ScriptedModel([call("look", n=7), "it is paid"]), 100, 20)

    @tool(effect="read")
    async def look(n: int) -> str:
        """Look."""
        return f"invoice {n}"

    return Team([Agent("triage", model=triage, handoffs=["billing"]), Agent("billing", model=billing, tools=[look])])


# who and how much -----------------------------------------------------------------------------------------------------


async def test_usage_is_added_up_over_all_answers_and_by_agent():
    result = await Runner.run(team(), "my invoice")
    assert result.usage == Usage(requests=3, input_tokens=210, output_tokens=41)
    assert result.usage.total_tokens == 251
    assert result.by_agent == {"triage": Usage(1, 10, 1), "billing": Usage(2, 200, 40)}


async def test_usage_is_the_turns_own_and_not_the_conversations():
    agent, config = Agent("clerk", model=FunctionModel(lambda request: "done")), keeping()
    first, second = [await Runner.run(agent, text, config=config, conversation="c") for text in ("one", "two")]
    assert [result.usage.requests for result in (first, second)] == [1, 1]
    assert [result.turn for result in (first, second)] == [1, 2]


async def test_answers_that_were_of_no_use_were_used_too():
    result = await Runner.run(Agent("clerk", model=ScriptedModel(["seven", "7"]), output_type=int), "how many?")
    assert (result.final_output, result.usage.requests) == (7, 2)


async def test_the_last_agent_is_who_has_the_conversation_at_the_end():
    step = team()
    result = await Runner.run(step, "my invoice")
    assert result.last_agent is step.agents[1]


async def test_the_last_agent_of_a_step_is_who_answered_last_in_it():
    first, second = [Agent(name, model=FunctionModel(lambda request: "done")) for name in ("first", "second")]

    async def work(input: str, scope: Scope) -> str:
        return await scope.call(second, await scope.call(first, input))

    result = await Runner.run(work, "go")
    assert (result.last_agent, result.by_agent) == (second, {"first": Usage(1), "second": Usage(1)})


async def test_a_step_without_agents_has_none_and_used_nothing():
    result = await Runner.run(lambda input: input * 2, 4)  # pyright: ignore[reportUnknownLambdaType]
    assert (result.final_output, result.last_agent, result.usage, result.by_agent) == (8, None, Usage(), {})
    assert list(result.messages) == []


# what happened --------------------------------------------------------------------------------------------------------


async def test_facts_are_what_happened_in_order_without_what_was_only_shown():
    async with Runner.stream(team(), "my invoice") as stream:
        events = [event async for event in stream]
        result = stream.result
    assert any(isinstance(event.fact, Delta) for event in events)
    assert result.facts == [event.fact for event in events if isinstance(event.fact, Fact)]
    assert kinds(result.events) == snapshot(
        [
            "turn_started",
            "step_started",
            "model_answered",
            "calls_judged",
            "handoff_proposed",
            "handoff_committed",
            "model_answered",
            "calls_judged",
            "tool_started",
            "tool_returned",
            "model_answered",
            "step_returned",
        ]
    )


async def test_messages_are_the_conversation_as_the_last_agent_knows_it():
    config, step = keeping(), Agent("clerk", model=FunctionModel(lambda request: f"answer {len(request.messages)}"))
    await Runner.run(step, "one", config=config, conversation="c")
    result = await Runner.run(step, [Message("user", "two"), Message("user", "three")], config=config, conversation="c")
    assert texts(result.messages) == [
        ("user", "one"),
        ("clerk", "answer 1"),
        ("user", "two"),
        ("user", "three"),
        ("clerk", "answer 4"),
    ]


async def test_messages_of_one_result_stay_as_they_were_when_the_conversation_goes_on():
    config, step = keeping(), Agent("clerk", model=FunctionModel(lambda request: "done"))
    first = await Runner.run(step, "one", config=config, conversation="c")
    await Runner.run(step, "two", config=config, conversation="c")
    assert texts(first.messages) == [("user", "one"), ("clerk", "done")]


async def test_the_conversation_has_an_id_only_where_it_is_kept():
    step = Agent("clerk", model=FunctionModel(lambda request: "done"))
    assert (await Runner.run(step, "one")).conversation == ""
    assert (await Runner.run(step, "one", config=keeping(), conversation="c")).conversation == "c"
    config = keeping()
    made_up = await Runner.run(step, "one", config=config)
    assert (await Runner.resume(step, conversation=made_up.conversation, config=config)).final_output == "done"


# a part of a run ------------------------------------------------------------------------------------------------------


async def inner_and_outer() -> tuple[RunResult[Any], RunResult[Any]]:
    inner: list[RunResult[Any]] = []

    async def work(input: str, scope: Scope) -> str:
        inner.append(await Runner.run(team(), input))
        return "done"

    return (outer := await Runner.run(work, "my invoice")) and (inner[0], outer)


async def test_the_result_of_a_run_inside_another_is_its_own_part():
    inner, outer = await inner_and_outer()
    assert (inner.usage, inner.path) == (outer.usage, "turn#1/work#0/triage#0")
    assert {event.path for event in inner.events} == {inner.path}
    assert (inner.conversation, inner.turn) == (outer.conversation, outer.turn)


async def test_the_last_agent_of_a_run_inside_another_is_who_answered_last_there():
    inner, _ = await inner_and_outer()
    assert inner.last_agent is not None
    assert inner.last_agent.name == "billing"


async def test_a_run_inside_another_has_its_messages():
    inner, _ = await inner_and_outer()
    assert texts(inner.messages)[-1:] == [("billing", "it is paid")]


async def test_a_run_inside_another_is_of_its_parents_trace():
    inner, outer = await inner_and_outer()
    assert inner.trace_id == outer.trace_id


async def test_each_run_has_a_trace_id_that_stays():
    step = Agent("clerk", model=FunctionModel(lambda request: "done"))
    first, second = [await Runner.run(step, "one") for _ in range(2)]
    assert first.trace_id == first.trace_id
    assert (len(first.trace_id), first.trace_id == second.trace_id) == (32, False)


# waiting --------------------------------------------------------------------------------------------------------------


@tool(needs_approval=True)
async def refund(cents: int) -> str:
    """Refund."""
    return "refunded"


async def test_a_run_that_waits_says_for_what_and_has_no_output_yet():
    model = ScriptedModel([[call("refund", cents=7), call("refund", cents=8)], "done"])
    result = await Runner.run(Agent("clerk", model=model, tools=[refund]), "go", config=keeping(), conversation="c")
    assert result.final_output is None
    assert result.waiting == snapshot(
        (
            Waiting(id="turn#1/clerk#0/refund#1.0", agent="clerk", tool="refund", args={"cents": 7}, question="approval"),
            Waiting(id="turn#1/clerk#0/refund#1.1", agent="clerk", tool="refund", args={"cents": 8}, question="approval"),
        )
    )


async def test_a_run_that_waits_for_nobody_says_so_and_so_does_one_that_was_answered():
    model = ScriptedModel([call("refund", cents=7), "done"])
    agent, config = Agent("clerk", model=model, tools=[refund]), keeping()
    waiting = await Runner.run(agent, "go", config=config, conversation="c")
    answers = {question.id: True for question in waiting.waiting}
    over = await Runner.resume(agent, conversation="c", config=config, answers=answers)
    assert (over.waiting, over.final_output) == ((), "done")
    assert (await Runner.run(Agent("clerk", model=ScriptedModel(["done"])), "go")).waiting == ()
    assert (over.turn, over.usage.requests) == (1, 2)


def test_a_question_is_about_approval_unless_it_says_otherwise():
    assert Waiting("q", "clerk", "refund", {}).question == "approval"


async def test_a_result_shows_its_output_and_what_it_waits_for():
    config = RunConfig(model=ScriptedModel(["done"]))
    assert repr(await Runner.run(Agent("clerk"), "go", config=config)) == "RunResult('done')"
    asking = ScriptedModel([call("refund", cents=7)])
    waiting = await Runner.run(Agent("clerk", model=asking, tools=[refund]), "go", config=keeping(), conversation="c")
    assert repr(waiting).startswith("RunResult(None, waiting=[Waiting(id=")
