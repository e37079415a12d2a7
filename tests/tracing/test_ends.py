"""How traces end: with what a run gave, with a failure, cut off, waiting for a person; and how a later attempt goes on."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, tool
from switchroom.errors import ConversationWaiting, DeadlineExceeded, MaxTurnsExceeded
from switchroom.journals import SqliteJournal
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import World, keeping, soon
from tests.laws.worlds import CONVERSATION, Died, DyingJournal
from tests.tracing.book import Book, book_of, book_of_failure, traced
from tests.virtual import in_no_time

# how it ends ---------------------------------------------------------------------------------------------------------


async def test_a_failure_is_told_where_it_was_and_all_the_way_up():
    world = World()

    @tool(effect="read")
    async def look() -> str:
        world.touch()
        return "seen"

    book = await book_of_failure(Agent("clerk", model=ScriptedModel([call("look")]), tools=[look]), ConnectionError)
    assert book.tree() == snapshot(
        [
            "turn clerk failed (ConnectionError: the line is down)",
            "  agent clerk failed (ConnectionError: the line is down)",
            "    generation model",
            "    tool look failed (ConnectionError: the line is down)",
        ]
    )


async def test_a_failure_that_somebody_deals_with_stays_where_it_was():
    async def broken(input: str) -> str:
        raise LookupError("nobody")

    async def careful(input: str, scope: Any) -> str:
        try:
            return await scope.call(broken, input)
        except LookupError:
            return "dealt with"

    assert (await book_of(careful)).tree() == snapshot(
        ["turn careful", "  step careful", "    step broken failed (LookupError: nobody)"]
    )


async def test_a_tool_whose_failure_the_model_is_told_has_failed():
    @tool(effect="read", on_error="tell_model")
    async def look() -> str:
        raise LookupError("no such order")

    book = await book_of(Agent("clerk", model=ScriptedModel([call("look"), "Sorry."]), tools=[look]))
    [span] = book.of("tool")
    assert (span.outcome, span.error) == ("failed", "the tool failed: [failed: LookupError: no such order]")


def test_a_run_past_its_deadline_or_its_answers_has_failed_and_what_it_cut_off_is_cancelled():
    @tool(effect="read")
    async def wait() -> str:
        await asyncio.Event().wait()
        return "never"

    waiting = Agent("clerk", model=ScriptedModel([call("wait")]), tools=[wait])
    assert in_no_time(book_of_failure(waiting, DeadlineExceeded, deadline=0.02)).tree() == snapshot(
        [
            "turn clerk failed (DeadlineExceeded: The run of 'clerk' took longer than its deadli)",
            "  agent clerk failed (DeadlineExceeded: The run of 'clerk' took longer than its deadli)",
            "    generation model",
            "    tool wait cancelled",
        ]
    )
    endless = Agent("clerk", model=FunctionModel(lambda request: call("nothing")))
    book = in_no_time(book_of_failure(endless, MaxTurnsExceeded, max_turns=2))
    assert [span.outcome for span in book.spans if span.kind in ("turn", "agent")] == ["failed", "failed"]


async def test_a_run_that_is_cancelled_or_left_ends_its_spans_as_cancelled():
    reached = asyncio.Event()

    @tool(effect="read")
    async def wait() -> str:
        reached.set()
        await asyncio.Event().wait()
        return "never"

    def clerk() -> Agent[str]:
        return Agent("clerk", model=ScriptedModel([call("wait")]), tools=[wait])

    expected = ["turn clerk cancelled", "  agent clerk cancelled", "    generation model", "    tool wait cancelled"]
    book = Book()
    task = asyncio.create_task(Runner.run(clerk(), "hello", config=traced(book)))
    await soon(reached.wait())
    task.cancel()
    await asyncio.wait([task])
    assert (book.faults(), book.tree()) == ([], expected)

    book = Book()
    async with Runner.stream(clerk(), "hello", config=traced(book)) as events:
        async for event in events:
            if event.kind == "tool_started":
                break
    assert (book.faults(), book.tree()) == ([], expected)


async def test_a_child_that_nobody_waits_for_any_more_is_cancelled_with_its_parent():
    async def forever(input: str) -> str:
        await asyncio.Event().wait()
        return "never"

    async def impatient(input: str, scope: Any) -> str:
        try:
            async with asyncio.timeout(0.01):
                await scope.call(forever, input)
        except TimeoutError:
            pass
        forgotten.append(asyncio.ensure_future(scope.call(forever, input)))
        await asyncio.sleep(0.01)
        return "gone on"

    forgotten: list[asyncio.Future[Any]] = []
    assert (await book_of(impatient)).tree() == snapshot(
        ["turn impatient", "  step impatient", "    step forever cancelled", "    step forever cancelled"]
    )


async def test_an_interruption_cuts_the_answer_and_cancels_the_calls():
    spoke, reached = asyncio.Event(), asyncio.Event()

    @tool(effect="read")
    async def wait() -> str:
        reached.set()
        await asyncio.Event().wait()
        return "never"

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        match request.messages[-1].text:
            case "hello":
                emit("Let me tell ")
                spoke.set()
                await asyncio.Event().wait()
            case "look it up":
                return ModelResponse(Message("assistant", calls=(call("wait"),)))
            case _:
                pass
        return ModelResponse(Message("assistant", "All right."))

    book = Book()
    async with Runner.stream(Agent("clerk", model=model, tools=[wait]), "hello", config=traced(book)) as events:

        async def drain() -> None:
            async for _ in events:
                pass

        drained = asyncio.ensure_future(drain())
        await soon(spoke.wait())
        await events.interrupt("look it up", heard=6)
        await soon(reached.wait())
        await events.interrupt("never mind")
        await soon(drained)
    assert not book.faults()
    assert book.tree("cut", "text", "heard") == snapshot(
        [
            "turn clerk",
            "  agent clerk {'cut': 2}",
            "    generation model cancelled {'cut': True, 'text': 'Let me tell ', 'heard': 'Let me'}",
            "    generation model {'text': ''}",
            "    tool wait cancelled",
            "    generation model {'text': 'All right.'}",
        ]
    )
    [waiting], last = book.of("tool"), book.of("generation")[-1]
    assert waiting.ended_at is not None
    assert waiting.ended_at <= last.started_at, "what is cancelled ends when the person speaks"


# waiting, crashes, later attempts ------------------------------------------------------------------------------------


def payer() -> Agent[str]:
    @tool(effect="irreversible", needs_approval=True)
    async def pay(cents: int) -> str:
        return f"paid {cents}"

    return Agent("payer", model=ScriptedModel([call("pay", cents=500), "Paid."]), tools=[pay])


def boss(inner: Agent[str]) -> Agent[str]:
    @tool(effect="read")
    async def delegate() -> str:
        return (await Runner.run(inner, "pay it")).final_output

    return Agent("boss", model=ScriptedModel([call("delegate"), "It is done."]), tools=[delegate])


async def test_a_run_that_waits_for_a_person_ends_as_waiting_and_goes_on_in_the_same_trace():
    book = Book()
    config = keeping(trace_processors=(book,), trace_include_sensitive_data=True, workflow_name="payments")
    step = boss(payer())
    first = await Runner.run(step, "hello", config=config, conversation="c-1")
    [asked] = first.waiting
    then = await Runner.resume(step, conversation="c-1", config=config, answers={asked.id: True})
    assert not book.faults()
    assert book.tree("text", "arguments") == snapshot(
        [
            "turn boss waiting",
            "  agent boss waiting",
            "    generation model {'text': '', 'arguments': [{}]}",
            "    tool delegate waiting {'arguments': {}}",
            "      agent payer waiting",
            "        generation model {'text': '', 'arguments': [{'cents': 500}]}",
            "turn boss",
            "  agent boss",
            "    tool delegate {'text': 'Paid.', 'arguments': {}}",
            "      agent payer",
            "        tool pay {'text': 'paid 500', 'arguments': {'cents': 500}}",
            "        generation model {'text': 'Paid.', 'arguments': []}",
            "    generation model {'text': 'It is done.', 'arguments': []}",
        ]
    )
    assert [trace.trace_id for trace in book.traces] == [first.trace_id] * 2 == [then.trace_id] * 2
    assert [(trace.name, trace.group, trace.metadata) for trace in book.traces] == snapshot(
        [
            ("payments", "c-1", {"step": "boss", "turn": 1, "attempt": 1}),
            ("payments", "c-1", {"step": "boss", "turn": 1, "attempt": 2}),
        ]
    )


async def say(text: str) -> str:
    return "One moment."


async def fail(text: str) -> str:
    raise ConnectionError(text)


@pytest.mark.parametrize(
    ("answer", "inner"),
    [
        ("One moment.", []),
        (say, ["  step say"]),
        (Agent("host", model=ScriptedModel(["One moment."])), ["  agent host", "    generation model"]),
        (fail, ["  step fail failed (ConnectionError: are you there?)"]),
    ],
)
async def test_an_answer_while_a_person_is_asked_is_an_attempt_of_its_own_in_the_trace_of_the_turn(
    answer: Any, inner: list[str]
):
    book = Book()
    config = keeping(trace_processors=(book,), trace_include_sensitive_data=True, while_waiting=answer)
    step = payer()
    first = await Runner.run(step, "pay it", config=config, conversation="c-1")
    begun = len(book.traces)
    meanwhile = await Runner.run(step, "are you there?", config=config, conversation="c-1")
    assert not book.faults()
    [asked] = meanwhile.waiting
    await Runner.resume(step, conversation="c-1", config=config, answers={asked.id: True})
    assert not book.faults()
    assert begun == 1
    assert [trace.trace_id for trace in book.traces] == [first.trace_id] * 3 == [meanwhile.trace_id] * 3
    assert [trace.metadata["attempt"] for trace in book.traces] == [1, 2, 3]
    tree = book.tree("answered_while_waiting")
    turns = [place for place, line in enumerate(tree) if line.startswith("turn")]
    assert tree[turns[1] : turns[2]] == ["turn payer waiting {'answered_while_waiting': 1}", *inner]
    span = book.of("turn")[1]
    assert (span.data["input"], span.data["output"]) == (
        [{"role": "user", "content": "are you there?"}],
        meanwhile.final_output,
    )


async def test_an_answer_while_a_person_is_asked_by_a_turn_that_a_crash_left_open_is_sound():
    """The message first finishes the turn, which comes to a question, and is then answered itself."""
    book = Book()
    journal = DyingJournal(lambda event: event.kind == "calls_judged")
    config = RunConfig(journal=journal, trace_processors=(book,))
    with pytest.raises(Died):
        await Runner.run(payer(), "hello", config=config, conversation=CONVERSATION)
    result = await Runner.run(payer(), "hello again", config=config, conversation=CONVERSATION)
    assert result.waiting
    assert not book.faults()
    assert [span.outcome for span in book.of("turn")] == ["failed", "waiting", "waiting"]
    assert {trace.trace_id for trace in book.traces} == {result.trace_id}


async def test_turns_and_conversations_have_traces_of_their_own_also_under_one_name_in_two_journals():
    book, ids = Book(), set[str]()
    for _ in range(2):
        config = keeping(trace_processors=(book,))
        for _ in range(2):
            result = await Runner.run(Agent("clerk", model=ScriptedModel(["hi"])), "hello", config=config, conversation="c")
            ids.add(result.trace_id)
    assert ids == {trace.trace_id for trace in book.traces}
    assert len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)
    assert all(re.fullmatch("[0-9a-f]{16}", span.span_id) for span in book.spans)
    assert len({span.span_id for span in book.spans}) == len(book.spans)


async def test_a_turn_that_a_crash_left_unfinished_is_a_trace_of_its_own_before_the_next_turn():
    book = Book()
    journal = DyingJournal(lambda event: event.kind == "model_answered")
    config = RunConfig(journal=journal, trace_processors=(book,))
    model = FunctionModel(lambda request: f"{request.messages[-1].text}!")
    clerk = Agent("clerk", model=model)
    with pytest.raises(Died):
        await Runner.run(clerk, "hello", config=config, conversation=CONVERSATION)
    result = await Runner.run(clerk, "and now?", config=config, conversation=CONVERSATION)
    assert not book.faults()
    told = [(span.data["turn"], span.data["attempt"], span.outcome) for span in book.of("turn")]
    assert told == [(1, 1, "failed"), (1, 2, "done"), (2, 1, "done")]
    assert len({trace.trace_id for trace in book.traces}) == 2
    assert book.traces[-1].trace_id == result.trace_id


async def test_a_crashed_turn_that_is_found_to_wait_ends_as_waiting():
    book = Book()
    journal = DyingJournal(lambda event: event.kind == "calls_judged")
    config = RunConfig(journal=journal, trace_processors=(book,), while_waiting=None)
    with pytest.raises(Died):
        await Runner.run(payer(), "hello", config=config, conversation=CONVERSATION)
    with pytest.raises(ConversationWaiting):
        await Runner.run(payer(), "hello again", config=config, conversation=CONVERSATION)
    assert not book.faults()
    assert [span.outcome for span in book.of("turn")] == ["failed", "waiting"]


async def test_an_attempt_in_another_process_has_the_same_trace(tmp_path: Any):
    ids: list[str] = []
    for answers in (None, {"turn#1/payer#0/pay#1.0": True}):
        book = Book()
        journal = SqliteJournal(tmp_path / "chats.db")
        config = RunConfig(journal=journal, trace_processors=(book,))
        if answers is None:
            await Runner.run(payer(), "hello", config=config, conversation="c-1")
        else:
            approved = Agent("payer", model=ScriptedModel(["Paid."]), tools=payer().tools)
            await Runner.resume(approved, conversation="c-1", config=config, answers=answers)
        ids += [trace.trace_id for trace in book.traces]
    assert ids == ids[:1] * 2


async def test_a_turn_that_is_over_is_not_traced_again():
    book = Book()
    config = keeping(trace_processors=(book,))
    clerk = Agent("clerk", model=ScriptedModel(["hi"]))
    await Runner.run(clerk, "hello", config=config, conversation="c")
    again = await Runner.resume(clerk, conversation="c", config=config)
    assert again.final_output == "hi"
    assert len(book.traces) == 1


async def test_a_call_that_a_crash_cut_off_is_opened_again_for_what_goes_on_in_it():
    book = Book()
    journal = DyingJournal(lambda event: event.kind == "model_answered" and event.path.endswith("/helper#0"))
    config = RunConfig(journal=journal, trace_processors=(book,), trace_include_sensitive_data=True)

    @tool(effect="read")
    async def look(order: str) -> str:
        helper = Agent("helper", model=FunctionModel(lambda request: "paid"))
        return (await Runner.run(helper, order)).final_output

    script = FunctionModel(lambda request: call("look", order="A-1") if len(request.messages) == 1 else "It is paid.")
    clerk = Agent("clerk", model=script, tools=[look])
    with pytest.raises(Died):
        await Runner.run(clerk, "hello", config=config, conversation=CONVERSATION)
    await Runner.resume(clerk, conversation=CONVERSATION, config=config)
    assert not book.faults()
    assert book.tree("arguments", "text")[5:] == snapshot(
        [
            "turn clerk",
            "  agent clerk",
            "    tool look {'arguments': {'order': 'A-1'}, 'text': 'paid'}",
            "      agent helper",
            "        generation model {'arguments': [], 'text': 'paid'}",
            "    generation model {'arguments': [], 'text': 'It is paid.'}",
        ]
    )
