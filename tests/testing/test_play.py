"""Playing: models, tools, people, clock and chance as they were on record, and everything else for real."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from switchroom import Agent, Message, RunConfig, RunContext, Runner, RunResult, Team, ToolContext, handoff, tool
from switchroom.events import HandoffCommitted, ModelAnswered, RunEvent, StepFailed, ToolReturned
from switchroom.guardrail import Pass, Replace, Trip, on_input, on_output
from switchroom.history import Summary
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.messages import Image, Text
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import Cassette, FunctionModel, Played, ScriptedModel, call, transcript
from tests.helpers import asked_by_person, kinds, last, run_of
from tests.laws.test_streams import told
from tests.laws.worlds import answering
from tests.patience import HANGS_S
from tests.testing.desk import CONVERSATION, Case, World, asked_for, busy, desk, recorded


def same(played: Played, cassette: Cassette) -> bool:
    """Whether the play noted what the record has, times apart."""
    return told(timeless(played.events)) == told(timeless(cassette.events))


def timeless(events: Iterable[RunEvent]) -> list[RunEvent]:
    """Events without until when a handoff's target had to answer."""

    def plain(event: RunEvent) -> RunEvent:
        fact = event.fact
        return replace(event, fact=replace(fact, due=None)) if isinstance(fact, HandoffCommitted) else event

    return [plain(event) for event in events]


class Gone(Exception):
    """What a tool of the tests raises."""

    def __init__(self, item: str) -> None:
        super().__init__(item)
        self.item = item


# conversations --------------------------------------------------------------------------------------------------------


async def test_a_conversation_plays_without_models_and_without_tools():
    cassette, result = await recorded(desk(World()), "hi", "I was charged twice")
    world = World()

    played = await cassette.play(desk(world))

    assert world.untouched
    assert same(played, cassette)
    assert [turn.final_output for turn in played.turns] == ["Hello! You said: hi", "One moment.\nDone: refunded $49.00."]
    assert played.result.last_agent is not None
    assert played.result.last_agent.name == "billing"
    assert list(played.result.messages) == list(result.messages)
    assert played.result.by_agent == result.by_agent
    assert played.error is None


async def test_it_plays_from_a_file_of_sqlite_in_another_process_as_it_were(tmp_path: Any):
    journal = SqliteJournal(tmp_path / "chats.db")
    await recorded(desk(World()), "I was charged twice", config=RunConfig(journal=journal))
    journal.close()

    played = await Cassette.from_journal(f"sqlite:///{tmp_path}/chats.db", CONVERSATION).play(desk(World()))

    assert played.result.final_output == "One moment.\nDone: refunded $49.00."


def test_a_test_that_is_no_coroutine_plays_too():
    cassette, _ = asyncio.run(recorded(desk(World()), "hi"))
    assert cassette.play_sync(desk(World())).result.final_output == "Hello! You said: hi"


async def test_a_run_without_a_journal_plays_from_its_result():
    result = await Runner.run(desk(World()), "I was charged twice")
    played = await Cassette.of(result).play(desk(World()))
    assert transcript(played) == transcript(result)


async def test_a_cassette_plays_twice_and_what_was_played_plays_as_well():
    cassette, _ = await recorded(desk(World()), "hi", "I was charged twice")
    played = await cassette.play(desk(World()))
    assert same(await cassette.play(desk(World())), cassette)
    assert same(await Cassette(CONVERSATION, tuple(played.events)).play(desk(World())), cassette)


async def test_a_recorded_list_of_messages_with_a_picture_is_the_input_again():
    agent = Agent("clerk", model=answering("a cat"))
    given = [
        Message("system", "be short"),
        Message("user", (Text("what is this?"), Image(data=b"\x89PNG", media_type="image/png"))),
    ]
    cassette, _ = await recorded(agent, given)
    assert same(await cassette.play(agent), cassette)


async def test_answers_of_the_record_are_streamed_to_who_listens():
    cassette, _ = await recorded(desk(World()), "hi")
    heard: list[RunEvent] = []
    await cassette.play(desk(World()), config=RunConfig(listeners=(heard.append,)))
    assert "".join(event.text for event in heard if event.kind == "text_delta") == "Hello! You said: hi"


async def test_a_play_writes_nothing_to_the_journal_of_its_config_and_its_wrappers_see_each_command():
    journal = MemoryJournal()
    seen: list[str] = []

    def around(perform: Any) -> Any:
        async def noted(run: Any, command: Any, note: Any) -> None:
            seen.append(type(command).__name__)
            await perform(run, command, note)

        return noted

    cassette, _ = await recorded(desk(World()), "hi")
    await cassette.play(desk(World()), config=RunConfig(journal=journal, wrappers=(around,)))
    assert not journal.entries
    assert seen == ["AskModel", "Finish"]


async def test_what_was_redacted_before_it_was_kept_is_not_redacted_again():
    def redact(message: Message) -> Message:
        return replace(message, content=f"<{message.text}>")

    agent = Agent("clerk", model=answering("done"))
    cassette, _ = await recorded(agent, "4111", config=RunConfig(journal=MemoryJournal(), redact=redact))
    assert same(await cassette.play(agent, config=RunConfig(redact=redact)), cassette)


async def test_typed_outputs_come_back_as_their_type():
    agent = Agent("clerk", output_type=Case, model=answering("not yet", '{"order": "7"}'))
    cassette, _ = await recorded(agent, "which order?")
    played = await cassette.play(Agent("clerk", output_type=Case))
    assert played.result.final_output == Case(order="7")
    assert "answer_rejected" in kinds(played.events)


async def test_an_answer_that_no_encoding_held_is_lost_again():
    agent = Agent("clerk", model=answering("\ud800", "well"))
    cassette, _ = await recorded(agent, "go")
    assert same(await cassette.play(agent), cassette)


# code under test ------------------------------------------------------------------------------------------------------


async def test_instructions_guardrails_and_accepts_run_for_real_and_draw_what_they_drew():
    ran: list[str] = []

    async def instructions(ctx: RunContext) -> str:
        ran.append("instructions")
        return f"It is {await ctx.scope.now()}, your lucky number is {await ctx.scope.random()}."

    async def polite(ctx: RunContext, text: str) -> Pass | Replace:
        ran.append(f"guard {await ctx.scope.uuid()}")
        return Replace(text.upper())

    async def free(ctx: RunContext, brief: Any) -> None:
        ran.append(f"accepts {await ctx.scope.uuid()}")

    def team() -> Team:
        asker = Agent(
            "a",
            instructions,
            model=answering(call("transfer_to_b", reason="x")),
            guardrails=[on_input(polite)],
            handoffs=[handoff("b", accepts=free)],
        )
        return Team([asker, Agent("b", instructions, model=answering("done"), guardrails=[on_output(polite)])])

    cassette, _ = await recorded(team(), "hi")
    first, ran = ran, []
    played = await cassette.play(team())

    assert played.result.final_output == "DONE"
    assert ran == first
    assert same(played, cassette)


async def test_the_shared_state_is_given_and_changed_as_it_was():
    class Customer(BaseModel):
        name: str
        refunds: int = 0

    @tool(effect="irreversible")
    async def refund(ctx: ToolContext) -> str:
        await ctx.update(refunds=ctx.state.refunds + 1)
        return "refunded"

    def greet(ctx: RunContext) -> str:
        return f"You talk to {ctx.state.name}, who had {ctx.state.refunds} refunds."

    agent = Agent("clerk", greet, tools=[refund], model=answering(call("refund"), "done"))
    config = RunConfig(journal=MemoryJournal(), state_type=Customer)
    cassette, _ = await recorded(agent, "go", "and again", config=config, state=Customer(name="Ann"))
    played = await cassette.play(agent, config=RunConfig(state_type=Customer))
    assert same(played, cassette)

    made = RunConfig(state=lambda conversation: Customer(name="nobody"))
    assert same(await cassette.play(agent, config=made), cassette)


async def test_handles_are_passed_to_what_runs():
    def instructions(ctx: RunContext[str]) -> str:
        return f"Your shop is {ctx.deps}."

    agent = Agent("clerk", instructions, model=answering("done"))
    cassette, _ = await recorded(agent, "go", deps="the corner")
    assert same(await cassette.play(agent, deps="the corner"), cassette)


async def test_an_old_history_that_was_summarised_is_so_again_and_the_summariser_is_played():
    asked: list[str] = []

    def model(request: ModelRequest) -> Reply:
        asked.append(request.agent)
        return "they said hello" if request.agent == "scribe" else "a long answer " * 20

    scribe = Agent("scribe", model=FunctionModel(model))
    clerk = Agent("clerk", model=FunctionModel(model), history=Summary(scribe, over=30, keep=1))
    cassette, _ = await recorded(clerk, "hello", "and again", "and again")
    assert "scribe" in asked
    asked.clear()

    assert same(await cassette.play(clerk), cassette)
    assert not asked


# functions, agents as tools, supervisors ------------------------------------------------------------------------------


def supervised(ran: list[str]) -> Any:
    """A function that runs a supervisor, whose workers are: an agent as a tool, and an agent run in a tool's body."""

    def model(request: ModelRequest) -> Reply:
        ran.append(request.agent)
        if request.agent == "boss" and asked_by_person(request):
            return [call("research", input="cats"), call("write", topic="cats")]
        return f"{request.agent} about {last(request)}"

    writer = Agent("writer", model=FunctionModel(model))

    @tool(effect="read")
    async def write(topic: str) -> str:
        ran.append("write")
        return (await Runner.run(writer, topic)).final_output

    research = Agent("research", model=FunctionModel(model), description="looks things up").as_tool()
    boss = Agent("boss", model=FunctionModel(model), tools=[research, write])

    async def report(input: Case, scope: Any) -> Case:
        ran.append(f"report {await scope.uuid()}")
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(scope.call(step, input.order)) for step in (boss, writer)]
        return Case(order=" / ".join(str(part.result()) for part in parts))

    return report


async def test_functions_run_for_real_and_what_they_run_is_played():
    ran: list[str] = []
    cassette, result = await recorded(supervised(ran), Case(order="a report"))
    [drawn] = [what for what in ran if what.startswith("report")]
    ran.clear()

    played = await cassette.play(supervised(ran))

    assert ran == [drawn]
    assert same(played, cassette)
    assert isinstance(played.result.final_output, Case)
    assert played.result.final_output == result.final_output
    assert played.result.usage == result.usage


@pytest.mark.parametrize("first", ["slow", "fast"])
async def test_who_was_quicker_on_record_is_quicker_again(first: str):
    def worker(name: str, seconds: float) -> Agent[str]:
        async def answer(request: ModelRequest) -> Reply:
            await asyncio.sleep(seconds)
            return name

        return Agent(name, model=FunctionModel(answer))

    fast, slow = worker("fast", 0.001), worker("slow", 0.05)
    started = [slow, fast] if first == "slow" else [fast, slow]

    async def race(input: str, scope: Any) -> list[str]:
        tasks = [asyncio.ensure_future(scope.call(step, input)) for step in started]
        return [await one for one in asyncio.as_completed(tasks)]

    cassette, result = await recorded(race, "go")
    assert result.final_output == ["fast", "slow"]
    assert same(await cassette.play(race), cassette)


async def test_a_loser_that_was_given_up_on_record_is_given_up_again():
    started = asyncio.Event()

    async def never(request: ModelRequest) -> Reply:
        started.set()
        return await asyncio.Future[Any]()

    async def once_started(request: ModelRequest) -> Reply:
        await started.wait()
        return "quick"

    loser, winner = Agent("loser", model=FunctionModel(never)), Agent("winner", model=FunctionModel(once_started))

    async def hedge(input: str, scope: Any) -> str:
        tasks = [asyncio.ensure_future(scope.call(step, input)) for step in (loser, winner)]
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.wait(left)
        return done.pop().result()

    cassette, _ = await recorded(hedge, "go")
    played = await cassette.play(hedge)
    assert played.result.final_output == "quick"
    assert same(played, cassette)


# what failed ----------------------------------------------------------------------------------------------------------


async def failed(step: Any, error: type[Exception], **options: Any) -> RunResult[Any]:
    """The run so far, of a run that fails."""
    with pytest.raises(error) as raised:
        await Runner.run(step, "go", config=RunConfig(**options))
    return run_of(raised.value)


async def test_a_tool_that_failed_fails_as_its_own_type_and_code_that_catches_it_goes_on():
    @tool(effect="read")
    async def fetch(item: str) -> str:
        raise Gone(item)

    clerk = Agent("clerk", tools=[fetch], model=answering(call("fetch", item="7")))
    careful = Agent("careful", model=answering("not there"))

    async def either(input: str, scope: Any) -> str:
        try:
            return await scope.call(clerk, input)
        except Gone as error:
            return f"{error.item}: {await scope.call(careful, input)}"

    cassette, _ = await recorded(either, "go")
    assert same(await cassette.play(either), cassette)

    result = await failed(clerk, Gone)
    played = await Cassette.of(result).play(clerk)
    assert isinstance(played.error, Gone)
    assert played.error.item == "7"
    assert played.result.final_output is None
    assert same(played, Cassette.of(result))


async def test_a_failure_that_the_model_was_told_is_told_again():
    ran: list[str] = []

    @tool(effect="read", on_error="tell_model")
    def fetch() -> str:
        ran.append("fetch")
        raise Gone("7")

    clerk = Agent("clerk", tools=[fetch], model=answering(call("fetch"), "sorry"))
    cassette, _ = await recorded(clerk, "go")
    assert same(await cassette.play(clerk), cassette)
    assert len(ran) == 1


async def test_a_model_that_failed_and_a_deadline_that_passed_do_so_again():
    async def sleeps(request: ModelRequest) -> Reply:
        return await asyncio.Future[Any]()

    def breaks(request: ModelRequest) -> Reply:
        raise Gone("model")

    for model, error, options in ((breaks, Gone, {}), (sleeps, TimeoutError, {"deadline": 0.02})):
        inner = Agent("inner", model=FunctionModel(model))
        for step in (inner, Agent("outer", tools=[inner.as_tool()], model=answering(call("inner", input="x")))):
            cassette = Cassette.of(await failed(step, error, **options))
            played = await cassette.play(step)
            assert isinstance(played.error, error)
            assert same(played, cassette)


async def test_a_failure_of_a_type_that_this_process_does_not_know_is_still_the_recorded_one():
    cassette = Cassette.of(await failed(Agent("clerk", model=FunctionModel(_breaks)), Gone))
    strange = Cassette(cassette.conversation, tuple(_renamed(event) for event in cassette.events))
    played = await strange.play(Agent("clerk"))
    assert (type(played.error).__name__, str(played.error)) == ("Elsewhere", "model")


def _breaks(request: ModelRequest) -> Reply:
    raise Gone("model")


def _renamed(event: RunEvent) -> RunEvent:
    if isinstance(event.fact, StepFailed):
        return replace(event, fact=replace(event.fact, error="Elsewhere", of="elsewhere:Elsewhere"))
    return event


async def test_a_guardrail_that_tripped_trips_again():
    async def no_secrets(ctx: RunContext, text: str) -> Trip:
        return Trip("secrets")

    agent = Agent("clerk", model=answering("done"), guardrails=[on_output(no_secrets)])
    cassette = Cassette.of(await failed(agent, Exception))
    played = await cassette.play(agent)
    assert same(played, cassette)
    assert "secrets" in str(played.error)


# handoffs -------------------------------------------------------------------------------------------------------------


async def test_a_handoff_that_was_declined_is_declined_by_the_code():
    cassette, _ = await recorded(desk(World(), transfer={"accepts": busy}), "I was charged twice")
    played = await cassette.play(desk(World(), transfer={"accepts": busy}))
    assert same(played, cassette)
    assert "handoff_declined" in kinds(played.events)


async def test_a_conversation_that_was_given_back_with_an_outcome_is_given_back_again():
    class Outcome(BaseModel):
        paid: int

    asker = Agent("a", model=answering(call("transfer_to_b", reason="x"), "thanks"), handoffs=[handoff("b", returns=Outcome)])
    team = Team([asker, Agent("b", model=answering(call("return_to_a", paid=5)))])
    cassette, _ = await recorded(team, "go", "and now?")
    assert same(await cassette.play(team), cassette)


async def test_a_handoff_whose_deadline_passed_expires_again_and_one_that_was_answered_in_time_does_not():
    async def answer(request: ModelRequest) -> Reply:
        if request.agent == "late":
            return await asyncio.Future[Any]()
        asked = [message.text for message in request.messages if message.role == "user"]
        if request.agent == "a" and asked_by_person(request):
            return call(f"transfer_to_{asked[-1]}", reason="x")
        return f"{request.agent} answers"

    model = FunctionModel(answer)
    a = Agent("a", model=model, handoffs=[handoff("late", deadline=0.02), handoff("soon", deadline=HANGS_S)])
    team = Team([a, Agent("late", model=model), Agent("soon", model=model)])
    cassette, result = await recorded(team, "late", "soon")
    assert "handoff_expired" in kinds(cassette.events)
    assert result.final_output == "soon answers"
    assert same(await cassette.play(team), cassette)


async def test_a_circle_that_was_broken_is_broken_again():
    def answer(request: ModelRequest) -> Reply:
        others = {"a": "b", "b": "a"}
        if request.agent in others:
            return call(f"transfer_to_{others[request.agent]}", reason="not mine")
        return "I answer"

    model = FunctionModel(answer)
    team = Team(
        [Agent("a", model=model, handoffs=["b"]), Agent("b", model=model, handoffs=["a"]), Agent("c", model=model)],
        fallback="c",
    )
    cassette, _ = await recorded(team, "go")
    assert "circle_broken" in kinds(cassette.events)
    assert same(await cassette.play(team), cassette)


# people ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [True, False, (False, "too much")])
async def test_a_persons_answer_is_given_again(answer: Any):
    cassette, result = await asked_for(desk(World(), approve=True), answer)
    world = World()
    played = await cassette.play(desk(world, approve=True))
    assert world.untouched
    assert played.result.final_output == result.final_output
    assert same(played, cassette)


async def test_a_conversation_that_waits_on_record_waits_at_the_end_of_its_play():
    cassette, result = await asked_for(desk(World(), approve=True))
    played = await cassette.play(desk(World(), approve=True))
    assert played.result.waiting == result.waiting
    assert played.result.waiting


async def interrupted(first: str, kind: str) -> tuple[Any, RunResult[Any]]:
    """A run that a person interrupts at the first event of a kind."""

    @tool(effect="read")
    async def look() -> str:
        await asyncio.sleep(1)
        return "seen"

    @tool(effect="irreversible")
    async def pay() -> str:
        await asyncio.sleep(0.01)
        return "paid"

    def answer(request: ModelRequest) -> Reply:
        said = last(request)
        if said == "stop":
            return "stopped"
        return {"look": call("look"), "both": [call("pay"), call("look")]}.get(said, "an answer that takes its time")

    inner = Agent("inner", tools=[look, pay], model=FunctionModel(answer))
    outer = Agent("outer", tools=[inner.as_tool(), look], model=FunctionModel(lambda request: _put_to_inner(request)))
    step = outer if first.startswith("inner ") else inner
    begun = False
    async with Runner.stream(step, first.removeprefix("inner ")) as events:
        async for event in events:
            if event.kind == kind and not begun:
                begun = True
                events.interrupt("stop")
    return step, events.result


def _put_to_inner(request: ModelRequest) -> Reply:
    return "stopped" if last(request) == "stop" else [call("inner", input=last(request)), call("look")]


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("talk", "text_delta"),
        ("look", "tool_started"),
        ("both", "tool_started"),
        ("both", "tool_returned"),
        ("inner talk", "tool_started"),
        ("inner both", "tool_returned"),
    ],
)
async def test_an_interruption_cuts_the_run_where_it_did(first: str, kind: str):
    step, result = await interrupted(first, kind)
    cassette = Cassette.of(result)
    assert "answer_cut" in kinds(cassette.events)
    played = await asyncio.wait_for(cassette.play(step), HANGS_S)
    assert played.result.final_output.splitlines()[-1] == "stopped"
    assert sorted(told(list(played.events))) == sorted(told(list(cassette.events)))


# after a crash --------------------------------------------------------------------------------------------------------


async def test_an_effect_that_a_crash_left_unknown_is_cleared_up_as_it_was():
    def team(reconciled: list[str]) -> Agent[str]:
        async def find_out(ctx: ToolContext, args: dict[str, Any]) -> str:
            reconciled.append("asked the bank")
            return "paid before"

        @tool(effect="irreversible", reconcile=find_out)
        async def pay() -> str:
            return "paid"

        return Agent("clerk", tools=[pay], model=answering(call("pay"), "done"))

    reconciled: list[str] = []
    cassette, _ = await recorded(team([]), "go")
    started = next(event.seq for event in cassette.events if event.kind == "tool_started")
    journal = MemoryJournal()
    journal.append(CONVERSATION, cassette.events[:started])
    await Runner.resume(team(reconciled), config=RunConfig(journal=journal), conversation=CONVERSATION)
    assert reconciled == ["asked the bank"]

    crashed = Cassette.from_journal(journal, CONVERSATION)
    played = await crashed.play(team(reconciled))
    assert reconciled == ["asked the bank"]
    assert "paid before" in [fact.text for fact in played.result.facts if isinstance(fact, ToolReturned)]
    assert same(played, crashed)


# live -----------------------------------------------------------------------------------------------------------------


async def test_one_agent_live_asks_its_model_and_calls_its_tools_and_the_others_are_played():
    cassette, _ = await recorded(desk(World()), "I was charged twice")
    world = World()
    played = await cassette.play(desk(world, billing={"instructions": "Be new."}), live=["billing"])
    assert world.asked == ["billing", "billing"]
    assert world.ran == ["look_up", "refund"]
    assert played.result.final_output == "One moment.\nDone: refunded $49.00."
    again = World()
    await played.cassette.play(desk(again, billing={"instructions": "Be new."}))
    assert again.untouched


async def test_what_a_live_agent_gives_to_its_caller_may_be_something_else_where_only_what_is_done_counts():
    def boss(said: str) -> Agent[str]:
        worker = Agent("worker", model=ScriptedModel([said]))
        return Agent("boss", tools=[worker.as_tool()], model=answering(call("worker", input="x"), "done"))

    cassette, _ = await recorded(boss("old"), "go")
    played = await cassette.play(boss("new"), strict=False, live=["worker"])
    answers = [fact.message.text for fact in played.result.facts if isinstance(fact, ModelAnswered)]
    assert answers == ["", "new", "done"]


async def test_a_live_agent_may_ask_a_person_something_that_nobody_answered_on_record():
    cassette, _ = await recorded(desk(World()), "I was charged twice")
    played = await cassette.play(desk(World(), approve=True), live=["billing"])
    assert [one.tool for one in played.result.waiting] == ["refund"]
