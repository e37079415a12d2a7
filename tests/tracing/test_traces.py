"""The traces of runs: what has a span, and what it tells."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Decline, Message, RunConfig, Runner, Team, handoff, tool
from switchroom.errors import GuardrailTripped
from switchroom.events import RunEvent, StepStarted, TurnStarted
from switchroom.guardrail import Pass, Replace, Trip, on_input, on_output, on_tool
from switchroom.history import Summary
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.tracing.tracer import Tracer
from switchroom.usage import Usage
from tests.helpers import run_of
from tests.tracing.book import Book, book_of, book_of_failure, traced

# what has a span -----------------------------------------------------------------------------------------------------


def desk() -> Team:
    """Triage, whose input is judged by an agent, and billing with a tool that asks an agent."""

    async def polite(context: Any, text: str) -> Pass:
        await Runner.run(Agent("judge", model=ScriptedModel(["polite"])), text)
        return Pass()

    @tool(effect="read")
    async def look(order: str) -> str:
        helper = Agent("helper", model=ScriptedModel([f"{order} is paid"]))
        return (await Runner.run(helper, f"what of {order}?")).final_output

    triage = ScriptedModel([call("transfer_to_billing", reason="charged twice")])
    billing = ScriptedModel([[call("look", order="A-1"), call("look", order="A-2"), call("luck")], "Both are paid."])
    return Team(
        [
            Agent("triage", model=triage, handoffs=["billing"], guardrails=[on_input(polite)]),
            Agent("billing", model=billing, tools=[look], version="3"),
        ],
        name="desk",
    )


async def test_a_run_is_told_as_a_tree_of_spans():
    book = await book_of(desk())
    assert book.tree("text", "arguments", "output", "reason") == snapshot(
        [
            "turn desk",
            "  agent triage",
            "    guardrail on_input0",
            "      agent judge {'output': 'polite'}",
            "        generation model {'text': 'polite', 'arguments': []}",
            "    generation model {'text': '', 'arguments': [{'reason': 'charged twice'}]}",
            "    handoff triage to billing {'reason': 'charged twice'}",
            "  agent billing {'output': 'Both are paid.'}",
            "    generation model {'text': '', 'arguments': [{'order': 'A-1'}, {'order': 'A-2'}, {}]}",
            "    tool luck failed (refused: you called a tool that is not there: the agent has no t) {'arguments': {}}",
            "    tool look {'text': 'A-1 is paid', 'arguments': {'order': 'A-1'}}",
            "      agent helper {'output': 'A-1 is paid'}",
            "        generation model {'text': 'A-1 is paid', 'arguments': []}",
            "    tool look {'text': 'A-2 is paid', 'arguments': {'order': 'A-2'}}",
            "      agent helper {'output': 'A-2 is paid'}",
            "        generation model {'text': 'A-2 is paid', 'arguments': []}",
            "    generation model {'text': 'Both are paid.', 'arguments': []}",
        ]
    )


async def test_functions_are_steps_and_what_they_run_is_in_them():
    async def write(input: str, scope: Any) -> str:
        draft = await scope.call(Agent("writer", model=ScriptedModel(["a draft"])), input)
        return await scope.call(shorten, draft)

    async def shorten(input: str) -> str:
        return input[:7]

    book = await book_of(write)
    assert book.tree("input", "output") == snapshot(
        [
            "turn write {'input': 'hello'}",
            "  step write {'input': 'hello', 'output': 'a draft'}",
            "    agent writer {'input': [{'role': 'user', 'content': 'hello'}], 'output': 'a draft'}",
            "      generation model",
            "    step shorten {'input': 'a draft', 'output': 'a draft'}",
        ]
    )


async def test_an_agent_as_a_tool_is_in_the_span_of_its_call():
    expert = Agent("expert", model=ScriptedModel(["42"]), description="knows")
    asker = Agent("asker", model=ScriptedModel([call("expert", input="why?"), "It is 42."]), tools=[expert.as_tool()])
    book = await book_of(asker)
    assert book.tree() == snapshot(
        [
            "turn asker",
            "  agent asker",
            "    generation model",
            "    tool expert",
            "      agent expert",
            "        generation model",
            "    generation model",
        ]
    )


async def test_a_generation_tells_the_model_and_its_usage_and_begins_when_something_was_noted_last():
    used = Usage(1, 120, 30, cached_tokens=100, reasoning_tokens=8)

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.sleep(0.01)
        return ModelResponse(Message("assistant", "hi"), used, "openai:gpt-5-mini")

    book = Book()
    result = await Runner.run(Agent("clerk", model=model), "hello", config=RunConfig(trace_processors=(book,)))
    [generation] = book.of("generation")
    started, answered = [event.at for event in result.events if event.kind in ("step_started", "model_answered")]
    assert (generation.name, generation.data) == snapshot(
        (
            "openai:gpt-5-mini",
            {
                "model": "openai:gpt-5-mini",
                "requests": 1,
                "input_tokens": 120,
                "output_tokens": 30,
                "cached_tokens": 100,
                "reasoning_tokens": 8,
                "calls": [],
            },
        )
    )
    assert (generation.started_at, generation.ended_at) == (started, answered)
    assert answered - started >= 0.01


async def test_the_spans_of_calls_beside_one_another_overlap():
    both = asyncio.Barrier(2)

    @tool(effect="read")
    async def meet() -> str:
        await both.wait()
        return "met"

    book = await book_of(Agent("clerk", model=ScriptedModel([[call("meet"), call("meet")], "done"]), tools=[meet]))
    first, second = book.of("tool")
    assert first.ended_at is not None
    assert second.started_at <= first.ended_at
    assert first.parent_id == second.parent_id == book.of("agent")[0].span_id


async def test_what_an_agents_own_functions_run_is_in_spans_of_theirs():
    async def instructions(context: Any) -> str:
        return (await Runner.run(Agent("poet", model=ScriptedModel(["Be kind."])), "instruct")).final_output

    async def accepts(context: Any, brief: Any) -> None:
        await Runner.run(Agent("gate", model=ScriptedModel(["come in"])), "may they?")

    target = Agent("target", instructions, model=ScriptedModel(["done"]))
    source = Agent("source", model=ScriptedModel([call("transfer_to_target")]), handoffs=[handoff(target, accepts=accepts)])
    assert (await book_of(source)).tree() == snapshot(
        [
            "turn source",
            "  agent source",
            "    generation model",
            "    step accepts",
            "      agent gate",
            "        generation model",
            "    handoff source to target",
            "  agent target",
            "    step instructions",
            "      agent poet",
            "        generation model",
            "    generation model",
        ]
    )


async def test_whatever_one_function_of_an_agents_own_runs_is_in_one_span():
    async def twice(context: Any, text: str) -> Pass:
        for name in ("first", "second"):
            await Runner.run(Agent(name, model=ScriptedModel(["fine"])), text)
        return Pass()

    book = await book_of(Agent("clerk", model=ScriptedModel(["done"]), guardrails=[on_input(twice)]))
    [guardrail] = book.of("guardrail")
    assert [span.name for span in book.of("agent") if span.parent_id == guardrail.span_id] == ["first", "second"]


async def test_the_span_of_an_agents_own_function_ends_with_what_it_ran():
    async def instructions(context: Any) -> str:
        return (await Runner.run(Agent("poet", model=ScriptedModel(["Be kind."])), "instruct")).final_output

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.sleep(0.01)
        return ModelResponse(Message("assistant", "done"))

    book = await book_of(Agent("clerk", instructions, model=model))
    [step], [poet, clerk] = book.of("step"), book.of("agent")
    assert step.ended_at == poet.ended_at
    assert clerk.ended_at is not None
    assert poet.ended_at is not None
    assert clerk.ended_at - poet.ended_at >= 0.01


async def test_a_summary_of_what_is_old_is_a_step_of_its_own():
    policy = Summary(Agent("scribe", model=ScriptedModel(["They said hello."])), over=1, keep=1)
    clerk = Agent("clerk", model=ScriptedModel(["done"]), history=policy)
    book = await book_of(clerk, [{"role": "user", "content": "hello"}, {"role": "user", "content": "well?"}])
    assert book.tree("summaries") == snapshot(
        [
            "turn clerk",
            "  agent clerk {'summaries': 1}",
            "    step summary",
            "      agent scribe",
            "        generation model",
            "    generation model",
        ]
    )


# handoffs ------------------------------------------------------------------------------------------------------------


class Outcome(BaseModel):
    settled: bool


async def test_a_handoff_that_is_declined_and_one_that_comes_back():
    busy = Agent("busy", model=ScriptedModel([]))
    able = Agent("able", model=ScriptedModel([call("return_to_desk", settled=True)]))
    answers = [call("transfer_to_busy"), call("transfer_to_able"), "All settled."]
    terms = [handoff(busy, accepts=lambda context, brief: Decline("at lunch")), handoff(able, returns=Outcome)]
    book = await book_of(Agent("desk", model=ScriptedModel(answers), handoffs=terms))
    assert book.tree("result", "reason", "outcome") == snapshot(
        [
            "turn desk",
            "  agent desk",
            "    generation model",
            "    handoff desk to busy {'result': 'declined', 'reason': 'at lunch'}",
            "    generation model",
            "    handoff desk to able {'result': 'committed', 'reason': ''}",
            "  agent able",
            "    generation model",
            "    handoff able to desk {'result': 'returned', 'outcome': {'settled': True}}",
            "  agent desk",
            "    generation model",
        ]
    )


async def test_a_handoff_that_is_not_answered_in_time():
    async def never(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.Event().wait()
        raise AssertionError

    slow = Agent("slow", model=never)
    desk = Agent("desk", model=ScriptedModel([call("transfer_to_slow"), "I do it."]), handoffs=[handoff(slow, deadline=0.01)])
    assert (await book_of(desk)).tree("result") == snapshot(
        [
            "turn desk",
            "  agent desk",
            "    generation model",
            "    handoff desk to slow {'result': 'committed'}",
            "  agent slow",
            "    handoff desk to slow {'result': 'expired'}",
            "  agent desk",
            "    generation model",
        ]
    )


async def test_a_handoff_that_goes_in_a_circle():
    ping = Agent("ping", model=FunctionModel(lambda request: call("transfer_to_pong")), handoffs=["pong"])
    pong = Agent("pong", model=FunctionModel(lambda request: call("transfer_to_ping")), handoffs=["ping"])
    last = Agent("last", model=ScriptedModel(["I take it."]))
    book = await book_of(Team([ping, pong, last], fallback="last"))
    assert [span.data["result"] for span in book.of("handoff")] == ["committed", "committed", "circle"]
    assert [span.name for span in book.of("agent")] == ["ping", "pong", "ping", "last"]


# guardrails, and answers that do not hold ----------------------------------------------------------------------------


async def test_guardrails_that_let_replace_and_trip():
    async def clean(context: Any, text: str) -> Replace:
        return Replace(text.replace("4111", "[card]"))

    async def sign(context: Any, answer: str) -> Replace:
        return Replace(answer + " Yours, the desk.")

    clerk = Agent("clerk", model=ScriptedModel(["Done."]), guardrails=[on_input(clean), on_output(sign)])
    assert (await book_of(clerk)).tree("replaced", "text") == snapshot(
        [
            "turn clerk",
            "  agent clerk",
            "    guardrail on_input {'replaced': False}",
            "    generation model {'text': 'Done.'}",
            "    guardrail on_output {'replaced': True, 'text': 'Done. Yours, the desk.'}",
        ]
    )


async def test_a_call_is_told_with_the_arguments_that_a_guardrail_put_in_place():
    async def cap(context: Any, call: Any) -> Replace:
        return Replace({"cents": min(call.args["cents"], 100)})

    @tool(effect="irreversible")
    async def pay(cents: int) -> str:
        return f"paid {cents}"

    clerk = Agent("clerk", model=ScriptedModel([call("pay", cents=500), "done"]), tools=[pay], guardrails=[on_tool(cap)])
    [span] = (await book_of(clerk)).of("tool")
    assert (span.data["arguments"], span.data["text"]) == ({"cents": 100}, "paid 100")


async def test_a_guardrail_that_trips_ends_its_span_with_the_reason():
    async def no_calls(context: Any, call: Any) -> Trip:
        await Runner.run(Agent("judge", model=ScriptedModel(["no"])), "may it?")
        return Trip("not today")

    @tool(effect="read")
    async def look() -> str:
        return "seen"

    async def no_cards(context: Any, text: str) -> Trip:
        return Trip("a card number")

    clerk = Agent("clerk", model=ScriptedModel([call("look")]), tools=[look], guardrails=[on_tool(no_calls)])
    assert (await book_of_failure(clerk, GuardrailTripped)).tree("guardrail") == snapshot(
        [
            "turn clerk failed (GuardrailTripped: Guardrail 'no_calls' tripped: not today)",
            "  agent clerk failed (GuardrailTripped: Guardrail 'no_calls' tripped: not today)",
            "    generation model",
            "    guardrail on_tool0 failed (GuardrailTripped: not today) {'guardrail': 'no_calls'}",
            "      agent judge",
            "        generation model",
        ]
    )
    book = await book_of_failure(Agent("clerk", model=ScriptedModel([]), guardrails=[on_input(no_cards)]), GuardrailTripped)
    assert [(span.name, span.error) for span in book.of("guardrail")] == [("no_cards", "GuardrailTripped: a card number")]


async def test_answers_that_are_of_no_use_or_taken_back_are_counted():
    clerk = Agent("clerk", model=ScriptedModel(["no JSON", '{"settled": true}']), output_type=Outcome)
    book = Book()
    async with Runner.stream(clerk, "hello", config=traced(book, withdraws=True)) as events:
        async for _ in events:
            pass
    assert not book.faults()
    [agent] = book.of("agent")
    assert (agent.data["answers"], agent.data["rejected"], agent.data["withdrawn"]) == (2, 1, 1)
    [rejected] = book.of("guardrail")
    assert (rejected.name, rejected.outcome, rejected.error.partition(":")[0]) == ("answer", "failed", "AnswerRejected")


# what is told, and what not ------------------------------------------------------------------------------------------


class Case(BaseModel):
    secret: str


def secretive(secret: str) -> Agent[str]:
    """An agent whose run has a secret in each of its texts."""

    async def nod(context: Any, value: Any) -> Pass:
        return Pass()

    async def swap(context: Any, value: Any) -> Replace:
        return Replace(f"{secret} replaced")

    @tool(effect="read")
    async def look(what: str) -> str:
        return f"{secret} seen"

    @tool(effect="read", on_error="tell_model")
    async def fail(what: str) -> str:
        raise LookupError(secret)

    @tool(effect="read")
    async def count(number: int) -> str:
        return "counted"

    target = Agent("target", model=ScriptedModel(["", f"{secret} done"]), guardrails=[on_output(swap)])
    calls = [call("look", what=secret), call("fail", what=secret), call("count", number=secret)]
    answers = [calls, [f"{secret} said", call("transfer_to_target", reason=secret, secret=secret)]]
    terms = handoff(target, requires=Case)
    return Agent(
        "source", model=ScriptedModel(answers), tools=[look, fail, count], handoffs=[terms], guardrails=[on_input(nod)]
    )


async def test_without_sensitive_data_no_text_of_anybodys_is_told_and_names_counts_and_times_are():
    told: dict[bool, Book] = {}
    for sensitive in (False, True):
        book = told[sensitive] = Book()
        config = RunConfig(trace_processors=(book,), trace_include_sensitive_data=sensitive)
        await Runner.run(secretive("xyzzy"), "xyzzy asked", config=config)
        assert not book.faults()
    assert b"xyzzy" not in msgspec.json.encode([told[False].traces, told[False].spans])
    shapes = [[(span.kind, span.name, span.outcome, bool(span.error)) for span in book.spans] for book in told.values()]
    assert shapes[0] == shapes[1]
    hidden = [f"{span.kind} {span.name}" for span in told[True].spans if b"xyzzy" in msgspec.json.encode(span)]
    assert hidden == snapshot(
        [
            "generation model",
            "tool count",
            "tool look",
            "tool fail",
            "generation model",
            "handoff source to target",
            "agent source",
            "generation model",
            "guardrail on_output",
            "agent target",
            "turn source",
        ]
    )


async def test_of_an_error_only_its_type_is_told_without_sensitive_data():
    async def broken(input: str) -> str:
        raise LookupError("Ann Miller, 4 Elm Street")

    book = Book()
    with pytest.raises(LookupError):
        await Runner.run(broken, "x", config=RunConfig(trace_processors=(book,)))
    assert [span.error for span in book.spans] == ["LookupError", "LookupError"]


async def test_the_result_and_the_error_carry_the_id_of_the_trace():
    book = Book()
    config = RunConfig(trace_processors=(book,))
    result = await Runner.run(Agent("clerk", model=ScriptedModel(["hi"])), "hello", config=config)
    with pytest.raises(UserWarning) as raised:
        await Runner.run(failing, "hello", config=config)
    assert [trace.trace_id for trace in book.traces] == [result.trace_id, run_of(raised.value).trace_id]


async def failing(input: str) -> str:
    raise UserWarning(input)


async def test_a_detached_run_inside_another_has_a_trace_of_its_own():
    book = Book()
    config = RunConfig(trace_processors=(book,), detached=True)

    async def outer(input: str, scope: Any) -> str:
        return (await Runner.run(Agent("inner", model=ScriptedModel(["hi"])), input, config=config)).final_output

    await Runner.run(outer, "hello", config=RunConfig(trace_processors=(other := Book(),)))
    assert (book.faults(), other.faults()) == ([], [])
    assert book.tree() == ["turn inner", "  agent inner", "    generation model"]
    assert other.tree() == ["turn outer", "  step outer"]


def test_times_never_go_back_whatever_the_clock_does():
    book = Book()
    tracer = Tracer((book,), "", False)
    tracer.begin("")
    tracer(RunEvent("turn#1", TurnStarted(1, 1, "clerk"), 1, 100.0))
    tracer(RunEvent("turn#1/clerk#0", StepStarted("clerk", "f", agent="clerk"), 2, 90.0))
    tracer.close()
    assert [(span.kind, span.started_at) for span in book.spans] == [("agent", 100.0), ("turn", 100.0)]
    assert book.spans[-1].ended_at == pytest.approx(time.time(), abs=5)
