"""Metrics of agents: what the facts of a run add up to, also of one that failed, and over many runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Decline, Message, RunConfig, RunError, Runner, Team, UserError, handoff, tool
from switchroom.errors import ConversationWaiting
from switchroom.events import ModelAnswered, RunEvent, StepReturned, StepStarted, TurnStarted
from switchroom.guardrail import Trip, on_output
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.observe import AgentMetrics, Metrics
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.tokens import count_message
from switchroom.usage import Usage
from tests.examples import times
from tests.helpers import World, keeping, run_of
from tests.laws.facts import facts
from tests.laws.plans import Plan, build, plans
from tests.laws.plans import World as PlannedWorld
from tests.laws.worlds import CONVERSATION, kept, resumed


def counting(used: Usage, *answers: Any, name: str = "openai:gpt-4o", seconds: float = 0.0) -> Model:
    """A model whose server counts tokens."""
    script = ScriptedModel(answers)

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.sleep(seconds)
        return ModelResponse((await script(request, emit)).message, used, name)

    return model


@tool(effect="read")
async def look(order: str) -> str:
    return f"{order} is paid"


def desk() -> Team:
    """Triage, and billing with a tool; the servers count."""
    triage = Agent("triage", model=counting(Usage(1, 100, 10), call("transfer_to_billing")), handoffs=["billing"])
    calls = [call("look", order="A-1"), call("look", order="A-2")]
    billing = Agent("billing", model=counting(Usage(1, 1000, 100), calls, "Paid."), tools=[look])
    return Team([triage, billing])


def without_times(metrics: dict[str, AgentMetrics]) -> dict[str, dict[str, Any]]:
    """What is told of each agent and is not the default, without what is different each time."""
    plain: dict[str, dict[str, Any]] = {}
    for name, one in metrics.items():
        still = replace(one, execution_time=0.0, model_seconds=0.0, tool_seconds=0.0)
        usual = vars(AgentMetrics(name))
        plain[name] = {field: value for field, value in vars(still).items() if value != usual[field]}
    return plain


# one run -------------------------------------------------------------------------------------------------------------


async def test_the_metrics_of_a_run_are_told_for_each_agent():
    result = await Runner.run(desk(), "was I charged twice?")
    assert without_times(AgentMetrics.of(result)) == snapshot(
        {
            "triage": {
                "input_tokens": 100,
                "output_tokens": 10,
                "calls": 1,
                "runs": 1,
                "cost": Decimal("0.00035"),
                "handoffs_given": 1,
            },
            "billing": {
                "input_tokens": 2000,
                "output_tokens": 200,
                "calls": 2,
                "runs": 1,
                "cost": Decimal("0.0070"),
                "tools": {"look": 2},
                "handoffs_taken": 1,
            },
        }
    )


async def test_events_of_a_journal_say_the_same_as_the_result():
    journal = MemoryJournal()
    result = await Runner.run(desk(), "hello", config=RunConfig(journal=journal), conversation="c")
    assert AgentMetrics.of(journal.read("c")) == AgentMetrics.of(result)
    assert AgentMetrics.of(iter(result.events)) == AgentMetrics.of(result)


async def test_time_is_that_of_models_and_of_tools_and_calls_beside_one_another_count_once():
    @tool(effect="read")
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    calls = [call("wait", seconds=0.02), call("wait", seconds=0.01)]
    clerk = Agent("clerk", model=counting(Usage(1, 1, 1), calls, "done", seconds=0.01), tools=[wait])
    result = await Runner.run(clerk, "hello")
    clerks = AgentMetrics.of(result)["clerk"]
    began, asked, _, started, _, _, returned, answered, _ = [event.at for event in result.events[1:]]
    assert clerks.model_seconds == pytest.approx(asked - began + answered - returned)
    assert clerks.tool_seconds == pytest.approx(returned - started)
    assert clerks.execution_time == clerks.model_seconds + clerks.tool_seconds


def test_the_time_between_two_attempts_is_nobodys_work():
    def event(path: str, fact: Any, at: float) -> RunEvent:
        return RunEvent(path, fact, 1, at)

    answered = ModelAnswered("clerk", Message("assistant", "hi"), Usage(1, 1, 1))
    events = [
        event("turn#1", TurnStarted(1, 1, "clerk"), 10.0),
        event("turn#1/clerk#0", StepStarted("clerk", "f", agent="clerk"), 10.0),
        event("turn#1/clerk#0", answered, 12.0),
        event("turn#1", TurnStarted(1, 2, "clerk"), 1000.0),
        event("turn#1/clerk#0", answered, 1003.0),
    ]
    assert AgentMetrics.of(events)["clerk"].execution_time == 5.0
    assert AgentMetrics.of(events[3:])["clerk"].execution_time == 3.0


async def test_a_failed_run_has_metrics_too():
    world = World()

    @tool(effect="read")
    async def reach() -> str:
        world.touch()
        return "there"

    clerk = Agent("clerk", model=counting(Usage(1, 50, 5), call("reach")), tools=[reach])
    with pytest.raises(ConnectionError) as raised:
        await Runner.run(clerk, "hello")
    told = without_times(AgentMetrics.of(raised.value))
    assert told == without_times(AgentMetrics.of(run_of(raised.value)))
    assert told == snapshot(
        {
            "clerk": {
                "success": False,
                "error": "ConnectionError: the line is down",
                "input_tokens": 50,
                "output_tokens": 5,
                "calls": 1,
                "runs": 1,
                "failures": 1,
                "cost": Decimal("0.000175"),
                "tools": {"reach": 1},
            }
        }
    )


async def test_the_one_who_had_the_conversation_is_the_one_who_failed():
    async def no(context: Any, answer: Any) -> Trip:
        return Trip("no")

    triage = Agent("triage", model=ScriptedModel([call("transfer_to_billing")]), handoffs=["billing"])
    billing = Agent("billing", model=ScriptedModel(["Paid."]), guardrails=[on_output(no)])
    with pytest.raises(RunError) as raised:
        await Runner.run(Team([triage, billing]), "hello")
    metrics = AgentMetrics.of(raised.value)
    assert [(name, one.success, one.error) for name, one in metrics.items()] == [
        ("triage", True, None),
        ("billing", False, "GuardrailTripped: Guardrail 'no' tripped: no"),
    ]


async def test_a_failure_that_is_tried_again_and_comes_off_is_none():
    world, config = World(), keeping()

    @tool(effect="read")
    async def reach() -> str:
        world.touch()
        return "there"

    clerk = Agent("clerk", model=ScriptedModel([call("reach"), "done"]), tools=[reach])
    with pytest.raises(ConnectionError) as raised:
        await Runner.run(clerk, "hello", config=config, conversation="c")
    assert not AgentMetrics.of(raised.value)["clerk"].success
    with pytest.raises(ConnectionError) as raised:
        await Runner.resume(clerk, conversation="c", config=config)
    assert AgentMetrics.of(raised.value)["clerk"].failures == 1, "it is one run that fails"
    world.down = False
    result = await Runner.resume(clerk, conversation="c", config=config)
    clerks = AgentMetrics.of(result)["clerk"]
    assert (clerks.success, clerks.error, clerks.failures, clerks.tools) == (True, None, 0, {"reach": 1})


async def test_an_exception_of_no_run_is_refused_and_of_a_run_that_did_not_begin_there_is_nothing():
    with pytest.raises(UserError, match="needs a result, events, or an exception that a run raised"):
        AgentMetrics.of(ValueError("mine"))
    assert AgentMetrics.of(ConversationWaiting("c")) == {}


class Verdict(BaseModel):
    label: str
    confidence: float


async def test_confidence_is_what_the_last_output_says_of_itself():
    sure = Agent("judge", model=ScriptedModel(['{"label": "spam", "confidence": 0.9}']), output_type=Verdict)
    assert AgentMetrics.of(await Runner.run(sure, "hello"))["judge"].confidence == 0.9
    silent = Agent("judge", model=ScriptedModel(["spam"]))
    assert AgentMetrics.of(await Runner.run(silent, "hello"))["judge"].confidence is None


async def test_answers_of_no_use_handoffs_declined_and_given_back_are_counted():
    busy = Agent("busy", model=ScriptedModel([]))
    able = Agent("able", model=ScriptedModel(["no JSON", call("return_to_desk", label="x", confidence=1)]), output_type=Verdict)
    terms = [handoff(busy, accepts=lambda context, brief: Decline("at lunch")), handoff(able, returns=Verdict)]
    clerk = Agent("desk", model=ScriptedModel([call("transfer_to_busy"), call("transfer_to_able"), "Done."]), handoffs=terms)
    metrics = AgentMetrics.of(await Runner.run(clerk, "hello"))
    assert {name: (one.runs, one.handoffs_given, one.handoffs_taken) for name, one in metrics.items()} == {
        "desk": (2, 1, 0),
        "busy": (0, 0, 0),
        "able": (1, 0, 1),
    }
    assert (metrics["busy"].handoffs_declined, metrics["able"].handoffs_returned) == (1, 1)
    assert metrics["able"].answers_rejected == 1


# tokens and money ----------------------------------------------------------------------------------------------------


async def test_tokens_that_no_server_counted_are_counted_and_say_so():
    model = ScriptedModel([call("look", order="A-1"), "It is paid."])
    result = await Runner.run(Agent("clerk", model=model, tools=[look]), "is A-1 paid?")
    clerks = AgentMetrics.of(result)["clerk"]
    asked, called, told, answered = result.messages
    read = [count_message(asked), sum(map(count_message, (asked, called))) + count_message(told) - 4]
    assert clerks.counted
    assert clerks.input_tokens == sum(read)
    assert clerks.output_tokens == count_message(called) + count_message(answered)
    assert clerks.cost is None
    assert result.usage.input_tokens == 0


async def test_usage_that_an_adapter_estimated_is_marked_and_what_a_server_counted_is_not():
    estimated = Agent("clerk", model=counting(Usage(1, 40, 4, estimated=1), "hi", name="vllm:qwen3"))
    told = AgentMetrics.of(await Runner.run(estimated, "hello"))["clerk"]
    assert (told.counted, told.input_tokens, told.cost) == (True, 40, None)
    counted = Agent("clerk", model=counting(Usage(1, 40, 4), "hi"))
    assert not AgentMetrics.of(await Runner.run(counted, "hello"))["clerk"].counted


async def test_a_cost_is_only_told_if_the_price_of_every_answer_is_known():
    known = counting(Usage(1, 1000, 100), call("look", order="A-1"))
    unknown = counting(Usage(1, 1000, 100), "done", name="vllm:qwen3")

    async def either(request: ModelRequest, emit: Emit) -> ModelResponse:
        return await (known if request.messages[-1].role == "user" else unknown)(request, emit)

    clerk = Agent("clerk", model=either, tools=[look])
    metrics = AgentMetrics.of(await Runner.run(clerk, "hello"))["clerk"]
    assert (metrics.calls, metrics.cost) == (2, None)


def conversation_of(answers: int) -> Iterator[RunEvent]:
    """A run whose model no server counts for, with as many answers."""
    yield RunEvent("turn#1", TurnStarted(1, 1, "clerk"), 1, 0.0)
    yield RunEvent("turn#1/clerk#0", StepStarted("clerk", "f", agent="clerk", messages=(Message("user", "x" * 400),)), 2, 0.0)
    for _ in range(answers):
        yield RunEvent("turn#1/clerk#0", ModelAnswered("clerk", Message("assistant", "word " * 80), Usage(1)), 3, 0.0)
    yield RunEvent("turn#1/clerk#0", StepReturned("done"), 4, 0.0)


def test_counting_costs_the_same_for_each_answer_however_much_was_said_before():
    def seconds(answers: int) -> float:
        events = list(conversation_of(answers))
        began = time.process_time()
        AgentMetrics.of(events)
        return time.process_time() - began

    seconds(200)
    assert min(seconds(4000) for _ in range(3)) < 40 * max(0.001, min(seconds(200) for _ in range(3)))  # 400 if it were not


# many runs -----------------------------------------------------------------------------------------------------------


async def test_a_listener_adds_up_over_runs():
    metrics = Metrics()
    config = RunConfig(listeners=(metrics,))
    one = AgentMetrics.of(await Runner.run(desk(), "hello", config=config))
    two = AgentMetrics.of(await Runner.run(desk(), "hello", config=config))
    assert without_times(metrics.by_agent) == without_times({name: one[name] + two[name] for name in one})
    assert metrics.by_agent["billing"].tools == {"look": 4}


async def test_runs_beside_one_another_are_told_apart():
    metrics = Metrics()
    config = RunConfig(listeners=(metrics,))

    def clerk(seconds: float) -> Agent[str]:
        return Agent("clerk", model=counting(Usage(1, 1, 1), call("look", order="A"), "done", seconds=seconds), tools=[look])

    results = await asyncio.gather(*[Runner.run(clerk(0.01 * n), "hello", config=config) for n in range(1, 5)])
    alone = [AgentMetrics.of(result)["clerk"] for result in results]
    together = metrics.by_agent["clerk"]
    assert together.model_seconds == pytest.approx(sum(one.model_seconds for one in alone))
    assert together.tool_seconds == pytest.approx(sum(one.tool_seconds for one in alone))
    assert (together.calls, together.runs, together.success) == (8, 4, True)


async def test_a_failure_is_counted_among_the_runs_that_came_off():
    world, metrics = World(), Metrics()
    config = RunConfig(listeners=(metrics,))

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        world.touch()
        return ModelResponse(Message("assistant", "hi"), Usage(1, 10, 1))

    with pytest.raises(ConnectionError):
        await Runner.run(Agent("clerk", model=model), "hello", config=config)
    world.down = False
    for _ in range(2):
        await Runner.run(Agent("clerk", model=model), "hello", config=config)
    clerks = metrics.by_agent["clerk"]
    assert (clerks.runs, clerks.failures, clerks.success, clerks.error) == snapshot(
        (3, 1, False, "ConnectionError: the line is down")
    )


async def test_events_may_be_fed_by_hand_one_run_after_the_other():
    metrics = Metrics()
    result = await Runner.run(desk(), "hello")
    for _ in range(2):
        for event in result.events:
            metrics(event)
    assert metrics.by_agent["billing"].calls == 4


# laws ----------------------------------------------------------------------------------------------------------------

EXAMPLES = settings(max_examples=times(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def check_the_sums(plan: Plan) -> None:
    """The metrics are those of the result, agent by agent, live as from the journal."""
    world, journal, metrics = PlannedWorld(), MemoryJournal(), Metrics()
    config = RunConfig(journal=journal, max_turns=1000, listeners=(metrics,))
    step = build(plan, world)
    result = await Runner.run(step, "go", config=config, conversation=CONVERSATION)
    if result.waiting:
        result = await resumed(step, config, world.person, result.waiting)
    events = kept(journal)
    told = AgentMetrics.of(events)
    assert told == AgentMetrics.of(result)
    assert {name: one.calls for name, one in told.items()} == {name: one.requests for name, one in result.by_agent.items()}
    assert sum(one.calls for one in told.values()) == result.usage.requests
    assert sum(sum(one.tools.values()) for one in told.values()) == sum(event.kind == "tool_started" for event in events)
    assert sum(one.handoffs_given for one in told.values()) == sum(one.handoffs_taken for one in told.values())
    assert all(one.counted and one.execution_time >= 0 for one in told.values())
    for name, live in metrics.by_agent.items():
        assert (live.calls, live.tools, live.handoffs_taken) == (told[name].calls, told[name].tools, told[name].handoffs_taken)


@EXAMPLES
@given(plans())
def test_the_metrics_add_up_to_the_usage_of_the_result(plan: Plan):
    asyncio.run(check_the_sums(plan))


async def test_tokens_that_servers_counted_add_up_to_the_usage_of_the_result():
    result = await Runner.run(desk(), "hello")
    metrics = AgentMetrics.of(result).values()
    assert sum(one.input_tokens for one in metrics) == result.usage.input_tokens == 2100
    assert sum(one.output_tokens for one in metrics) == result.usage.output_tokens == 210


@settings(max_examples=times(30), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(facts().filter(lambda fact: getattr(fact, "agent", "clerk") != ""), max_size=10))
def test_no_order_of_facts_is_too_much_to_count(noted: Sequence[Any]):
    metrics = AgentMetrics.of([RunEvent("turn#1/a#0", fact, 1, 1.0) for fact in noted])
    assert sum(one.calls for one in metrics.values()) == sum(
        fact.usage.requests for fact in noted if isinstance(fact, ModelAnswered)
    )


def test_metrics_are_made_by_hand_as_well():
    mine = AgentMetrics(
        agent_name="QueryAgent",
        execution_time=1.5,
        success=False,
        error="timeout",
        input_tokens=12,
        output_tokens=0,
        confidence=0.0,
    )
    both = mine + AgentMetrics("other", 0.5, confidence=0.7, tools={"look": 1})
    assert (both.agent_name, both.execution_time, both.success, both.error) == ("QueryAgent", 2.0, False, "timeout")
    assert (both.confidence, both.tools) == (0.7, {"look": 1})


def test_function_steps_have_no_metrics():
    async def plain(input: str) -> str:
        return input

    assert AgentMetrics.of(Runner.run_sync(plain, "hello")) == {}


def test_a_function_model_is_counted_too():
    clerk = Agent("clerk", model=FunctionModel(lambda request: "hi"))
    assert AgentMetrics.of(Runner.run_sync(clerk, "hello"))["clerk"].output_tokens == count_message(Message("assistant", "hi"))
