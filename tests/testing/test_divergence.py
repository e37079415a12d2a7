"""The first thing that goes another way than the record is shown: where, what was recorded, what is now, and what differs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

import switchroom.testing.tape
from switchroom import Agent, RunConfig, RunContext, Runner, Team, UserError, tool
from switchroom.errors import Diverged
from switchroom.guardrail import Pass, Replace, on_input, on_output, on_tool
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import Cassette, FunctionModel, ScriptedModel, call
from tests.helpers import run_of
from tests.laws.worlds import answering
from tests.patience import HANGS_S
from tests.testing.desk import Case, World, busy, desk, recorded


async def divergence(cassette: Cassette, step: Any, **options: Any) -> str:
    """What is said of the first difference."""
    with pytest.raises(Diverged) as raised:
        await asyncio.wait_for(cassette.play(step, **options), HANGS_S)
    return str(raised.value)


async def of_desk(before: dict[str, Any] | None = None, **now: Any) -> str:
    """The first difference between a desk as it was and as it is now, each agent's prompt being known."""
    cassette, _ = await recorded(desk(World(), **(before or {})), "I was charged twice")
    known = (await cassette.play(desk(World(), **(before or {})))).cassette
    return await divergence(known, desk(World(), **now))


# what a model is asked ------------------------------------------------------------------------------------------------


async def test_other_instructions_are_shown():
    told = await of_desk(
        {"billing": {"instructions": "You handle invoices.\nBe brief.\nBe kind."}},
        billing={"instructions": "You handle invoices.\nBe very brief.\nBe kind."},
    )
    assert told == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 7 of the record:
  record: billing calls look_up(order='A-17'), refund(order='A-17', cents=4900)
  now:    billing is asked with instructions changed
  instructions:
      You handle invoices.
    - Be brief.
    + Be very brief.
      Be kind.
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_other_tools_are_shown():
    assert await of_desk(refund="repay") == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 7 of the record:
  record: billing calls look_up(order='A-17'), refund(order='A-17', cents=4900)
  now:    billing is asked with tools changed
  tools:
    - look_up, refund
    + look_up, repay
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_another_version_and_another_output_type_are_shown():
    assert await of_desk(triage={"version": "2", "output_type": Case}) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 3 of the record:
  record: triage: "One moment.", calls transfer_to_billing(reason='charged twice', order='A-17')
  now:    triage is asked with version and output type changed
  version:
    + 2
  output type:
    + {
    +   "description": "What billing needs to know.",
    +   "properties": {
    +     "order": {
    +       "title": "Order",
    +       "type": "string"
    +     }
    +   },
    +   "required": [
    +     "order"
    +   ],
    +   "title": "Case",
    +   "type": "object"
    + }
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_where_the_record_has_only_digests_it_is_said_how_to_see_more():
    cassette, _ = await recorded(desk(World()), "I was charged twice")
    told = await divergence(cassette, desk(World(), billing={"instructions": "You handle invoices and refunds."}))
    assert told == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 7 of the record:
  record: billing calls look_up(order='A-17'), refund(order='A-17', cents=4900)
  now:    billing is told the same, and asked with something else changed
  It is its instructions, name, version, tools or output type: the record has no more than a digest of them.
  To see which: play it with the old code, save `played.cassette`, and play that with the new code.
  now it is asked with:
    instructions:
      You handle invoices and refunds.
    tools:
      look_up, refund
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_instructions_that_a_function_gives_are_compared_as_they_are_rendered():
    def agent(word: str) -> Agent[str]:
        async def instructions(ctx: RunContext) -> str:
            return f"You serve conversation {ctx.conversation}, {word}."

        return Agent("clerk", instructions, model=answering("done"))

    cassette, _ = await recorded(agent("kindly"), "go")
    known = (await cassette.play(agent("kindly"))).cassette
    assert await divergence(known, agent("swiftly")) == snapshot("""\
The code goes another way than the record at turn#1/clerk#0, entry 3 of the record:
  record: clerk: "done"
  now:    clerk is asked with instructions changed
  instructions:
    - You serve conversation c-1, kindly.
    + You serve conversation c-1, swiftly.
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_another_message_in_the_request_is_shown():
    async def shouted(ctx: RunContext, text: str) -> Pass | Replace:
        return Replace(text.upper())

    async def passed(ctx: RunContext, text: str) -> Pass | Replace:
        return Pass()

    def agent(guard: Any) -> Agent[str]:
        return Agent("clerk", model=answering("done"), guardrails=[on_input(guard)])

    cassette, _ = await recorded(agent(passed), "hello")
    assert await divergence(cassette, agent(shouted)) == snapshot("""\
The code goes another way than the record at turn#1/clerk#0, entry 3 of the record:
  record: clerk's guardrails pass the input
  now:    clerk's guardrails replace the input by person: "HELLO"
  input:
    - as it was given
    + user: HELLO
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_another_result_of_a_step_that_is_a_tool_is_shown():
    def boss(greeting: str) -> Agent[str]:
        async def greet(input: str) -> str:
            return f"{greeting} {input}"

        greet.name, greet.description = "greet", "greets"  # pyright: ignore[reportFunctionMemberAccess]
        return Agent("boss", tools=[greet], model=answering(call("greet", input="Ann"), "done"))

    cassette, _ = await recorded(boss("hello"), "go")
    assert await divergence(cassette, boss("goodbye")) == snapshot("""\
The code goes another way than the record at turn#1/boss#0/greet#1.0, entry 7 of the record:
  record: greet returns "hello Ann"
  now:    greet returns "goodbye Ann"
  output:
    - hello Ann
    + goodbye Ann
If this is meant, record the conversation anew.\
""")


async def test_what_is_asked_does_not_count_where_only_what_is_done_does():
    cassette, _ = await recorded(desk(World()), "hi", "I was charged twice")

    def newest(messages: Any) -> Any:
        return messages[-1:]

    changed = desk(World(), triage={"version": "2", "instructions": "Be new."}, transfer={"filter": newest})
    await divergence(cassette, changed)
    played = await cassette.play(changed, strict=False)
    assert played.result.final_output == "One moment.\nDone: refunded $49.00."


async def test_a_play_where_only_what_is_done_counts_records_what_is_asked_anew():
    cassette, _ = await recorded(desk(World()), "hi", "I was charged twice")
    changed = {"instructions": "You handle invoices and refunds."}
    anew = (await cassette.play(desk(World(), billing=changed), strict=False)).cassette
    await anew.play(desk(World(), billing=changed))
    assert "- You handle invoices and refunds." in await divergence(anew, desk(World()))


# who is asked ---------------------------------------------------------------------------------------------------------


async def test_another_agent_who_is_asked_is_shown():
    def team(entry: str) -> Team:
        return Team([Agent("a", model=answering("I am a")), Agent("b", model=answering("I am b"))], entry=entry, name="team")

    cassette, _ = await recorded(team("a"), "go")
    assert await divergence(cassette, team("b")) == snapshot("""\
The code goes another way than the record at turn#1/team#0, entry 2 of the record:
  record: team (a) begins, person: "go"
  now:    team (b) begins, person: "go"
  agent:
    - a
    + b
If this is meant, record the conversation anew.\
""")


async def test_another_step_than_the_recorded_one_is_refused():
    cassette, _ = await recorded(desk(World()), "hi")
    assert await divergence(cassette, Agent("triage", model=answering("hi"))) == snapshot(
        "The record is of the agent or team 'desk', and the agent or team 'triage' is to be played. "
        "Pass the step that was recorded, as it is now."
    )


async def test_a_function_in_place_of_an_agent_is_refused():
    async def desk_(input: str, scope: Any) -> str:
        return "hi"

    desk_.__name__ = "desk"
    cassette, _ = await recorded(desk(World()), "hi")
    assert await divergence(cassette, desk_) == snapshot(
        "The record is of the agent or team 'desk', and the function 'desk' is to be played. "
        "Pass the step that was recorded, as it is now."
    )


# what is called -------------------------------------------------------------------------------------------------------


async def test_a_tool_that_is_gone_is_shown_where_only_what_is_done_counts():
    cassette, _ = await recorded(desk(World()), "I was charged twice")
    assert await divergence(cassette, desk(World(), refund="repay"), strict=False) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 8 of the record:
  record: billing's calls are judged: look_up may be called, refund may be called
  now:    billing's calls are judged: look_up may be called, refund refused
  refund(order='A-17', cents=4900):
    - may be called
    + refused
If this is meant, record the conversation anew.\
""")


async def test_a_call_that_a_person_has_to_approve_now_is_shown():
    assert await of_desk(approve=True) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 8 of the record:
  record: billing's calls are judged: look_up may be called, refund may be called
  now:    billing's calls are judged: look_up may be called, refund needs a person's approval
  refund(order='A-17', cents=4900):
    - may be called
    + needs a person's approval
If this is meant, record the conversation anew.\
""")


async def test_a_question_that_nobody_asks_now_is_shown():
    assert await of_desk({"approve": True}) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 8 of the record:
  record: billing's calls are judged: look_up may be called, refund needs a person's approval
  now:    billing's calls are judged: look_up may be called, refund may be called
  refund(order='A-17', cents=4900):
    - needs a person's approval
    + may be called
If this is meant, record the conversation anew.\
""")


async def test_a_person_asked_about_other_arguments_is_shown():
    def agent(guard: Any) -> Agent[str]:
        @tool(effect="irreversible", needs_approval=True)
        async def refund(cents: int) -> str:
            return "refunded"

        return Agent("clerk", tools=[refund], model=answering(call("refund", cents=500), "done"), guardrails=[on_tool(guard)])

    async def passed(ctx: RunContext, call: Any) -> Pass | Replace:
        return Pass()

    async def halved(ctx: RunContext, call: Any) -> Pass | Replace:
        return Replace({"cents": call.args["cents"] // 2})

    cassette, _ = await recorded(agent(passed), "go")
    assert await divergence(cassette, agent(halved)) == snapshot("""\
The code goes another way than the record at turn#1/clerk#0, entry 4 of the record:
  record: clerk's calls are judged: refund needs a person's approval
  now:    clerk's calls are judged: refund needs a person's approval as refund(cents=250)
  refund(cents=500):
    - needs a person's approval
    + needs a person's approval as refund(cents=250)
If this is meant, record the conversation anew.\
""")


# handoffs -------------------------------------------------------------------------------------------------------------


async def test_a_handoff_that_is_declined_now_is_shown():
    assert await of_desk(transfer={"accepts": busy}) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 6 of the record:
  record: triage -> billing (charged twice) {"order":"A-17"}
  now:    triage -> billing declined (we are closed)
If this is meant, record the conversation anew.\
""")


async def test_a_handoff_that_is_not_declined_any_more_is_shown():
    assert await of_desk({"transfer": {"accepts": busy}}) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 6 of the record:
  record: triage -> billing declined (we are closed)
  now:    triage -> billing (charged twice) {"order":"A-17"}
If this is meant, record the conversation anew.\
""")


async def test_another_brief_is_shown():
    class Longer(BaseModel):
        order: str
        urgent: bool = False

    cassette, _ = await recorded(desk(World()), "I was charged twice")
    assert await divergence(cassette, desk(World(), transfer={"requires": Longer}), strict=False) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 5 of the record:
  record: triage proposes to billing (charged twice) {"order":"A-17"}
  now:    triage proposes to billing (charged twice) {"order":"A-17","urgent":false}
  brief:
      {
    -   "order": "A-17"
    +   "order": "A-17",
    +   "urgent": false
      }
If this is meant, record the conversation anew.\
""")


async def test_another_window_that_the_target_sees_is_shown():
    def newest(messages: Any) -> Any:
        return messages[-1:]

    def all_but_triage(messages: Any) -> Any:
        return [message for message in messages if message.agent != "triage"]

    assert await of_desk({"transfer": {"filter": newest}}, transfer={"filter": all_but_triage}) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 6 of the record:
  record: triage -> billing (charged twice) {"order":"A-17"}
  now:    triage -> billing (charged twice) {"order":"A-17"}
  messages kept:
    - triage: One moment.
    + user: I was charged twice
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_another_handoff_target_is_shown():
    def team(target: str) -> Team:
        model = answering(call("transfer_to_b_c", reason="x"))
        asker = Agent("a", model=model, handoffs=[target])
        return Team([asker, Agent(target, model=answering("done"))], name="team")

    cassette, _ = await recorded(team("b c"), "go")
    assert await divergence(cassette, team("b/c"), strict=False) == snapshot("""\
The code goes another way than the record at turn#1/team#0, entry 4 of the record:
  record: a's calls are judged: transfer_to_b_c handoff to b c
  now:    a's calls are judged: transfer_to_b_c handoff to b/c
  transfer_to_b_c(reason='x'):
    - handoff to b c
    + handoff to b/c
If this is meant, record the conversation anew.\
""")


# what functions run ---------------------------------------------------------------------------------------------------


def pipeline(*workers: str, ask: str = "{}", output: str = "{}") -> Any:
    """A function that runs workers one after the other."""

    async def write(input: str, scope: Any) -> str:
        text = input
        for name in workers:
            text = await scope.call(Agent(name, model=answering(f"{name} was here")), ask.format(text))
        return output.format(text)

    return write


async def test_a_step_that_the_record_does_not_have_is_shown():
    cassette, _ = await recorded(pipeline("writer"), "go")
    assert await divergence(cassette, pipeline("editor")) == snapshot("""\
The code goes another way than the record at turn#1/write#0/writer#0, entry 3 of the record:
  record: writer begins, person: "go"
  now:    editor begins, person: "go" (at turn#1/write#0/editor#0)
If this is meant, record the conversation anew.\
""")


async def test_a_step_more_than_the_record_has_is_shown():
    cassette, _ = await recorded(pipeline("writer"), "go")
    assert await divergence(cassette, pipeline("writer", "editor")) == snapshot("""\
The code goes another way than the record at turn#1/write#0, entry 6 of the record:
  record: write returns "writer was here"
  now:    editor begins, person: "writer was here" (at turn#1/write#0/editor#0)
If this is meant, record the conversation anew.\
""")


async def test_an_answer_on_record_that_nobody_asks_for_is_shown():
    cassette, _ = await recorded(pipeline("writer", "editor"), "go")
    assert await divergence(cassette, pipeline("writer")) == snapshot("""\
The code goes another way than the record at turn#1/write#0/editor#0, entry 6 of the record:
  record: editor begins, person: "writer was here"
  now:    write returns "writer was here" (at turn#1/write#0)
If this is meant, record the conversation anew.\
""")


async def test_another_input_of_a_step_is_shown_unless_only_what_is_done_counts():
    cassette, _ = await recorded(pipeline("writer"), "go")
    asked = pipeline("writer", ask="please {}")
    assert await divergence(cassette, asked) == snapshot("""\
The code goes another way than the record at turn#1/write#0/writer#0, entry 3 of the record:
  record: writer begins, person: "go"
  now:    writer begins, person: "please go"
  input:
    - user: go
    + user: please go
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")
    await cassette.play(asked, strict=False)


async def test_another_output_is_shown():
    cassette, _ = await recorded(pipeline("writer"), "go")
    assert await divergence(cassette, pipeline("writer", output="<{}>"), strict=False) == snapshot("""\
The code goes another way than the record at turn#1/write#0, entry 6 of the record:
  record: write returns "writer was here"
  now:    write returns "<writer was here>"
  output:
    - writer was here
    + <writer was here>
If this is meant, record the conversation anew.\
""")


async def test_another_final_answer_of_an_agent_is_shown():
    async def kindly(ctx: RunContext, text: str) -> Pass | Replace:
        return Replace(f"{text}, kindly")

    cassette, _ = await recorded(Agent("clerk", model=answering("done")), "go")
    now = Agent("clerk", model=answering("done"), guardrails=[on_output(kindly)])
    assert await divergence(cassette, now) == snapshot("""\
The code goes another way than the record at turn#1/clerk#0, entry 4 of the record:
  record: clerk returns "done"
  now:    clerk's answer is replaced by "done, kindly"
If this is meant, record the conversation anew.\
""")


async def test_another_draw_is_shown():
    def step(*sources: str) -> Any:
        async def draws(input: str, scope: Any) -> str:
            for source in sources:
                await getattr(scope, source)()
            return "done"

        return draws

    cassette, _ = await recorded(step("uuid"), "go")
    assert "draws random" in await divergence(cassette, step("random"))
    more = await divergence(cassette, step("uuid", "now"))
    assert more.splitlines()[1] == snapshot('  record: draws returns "done"')


async def test_another_change_of_the_state_is_shown():
    class Count(BaseModel):
        n: int = 0

    def step(by: int) -> Any:
        async def counts(input: str, scope: Any) -> str:
            await scope.update(n=scope.state.n + by)
            return "done"

        return counts

    cassette, _ = await recorded(step(1), "go", state=Count())
    assert await divergence(cassette, step(2), config=RunConfig(state_type=Count)) == snapshot("""\
The code goes another way than the record at turn#1, entry 3 of the record:
  record: state: n=1
  now:    state: n=2
  changes:
      {
    -   "n": 1
    +   "n": 2
      }
If this is meant, record the conversation anew.\
""")


# what fails -----------------------------------------------------------------------------------------------------------


async def test_code_that_fails_now_is_shown_with_its_exception_behind():
    def broken(ctx: RunContext) -> str:
        raise ZeroDivisionError("division by zero")

    cassette, _ = await recorded(desk(World()), "I was charged twice")
    with pytest.raises(Diverged) as raised:
        await cassette.play(desk(World(), billing={"instructions": broken}))
    assert str(raised.value) == snapshot("""\
The code goes another way than the record at turn#1/desk#0, entry 7 of the record:
  record: billing calls look_up(order='A-17'), refund(order='A-17', cents=4900)
  now:    desk fails with ZeroDivisionError: division by zero
If this is meant, record the conversation anew.\
""")
    assert isinstance(raised.value.__context__, ZeroDivisionError)


async def test_a_failure_on_record_that_is_caught_now_is_shown():
    def step(catches: bool) -> Any:
        def breaks(request: ModelRequest) -> Reply:
            raise ValueError("no")

        clerk = Agent("clerk", model=FunctionModel(breaks))

        async def careful(input: str, scope: Any) -> str:
            try:
                return await scope.call(clerk, input)
            except ValueError:
                if catches:
                    return "well"
                raise

        return careful

    with pytest.raises(ValueError, match="no") as raised:
        await Runner.run(step(False), "go")
    assert await divergence(Cassette.of(run_of(raised.value)), step(True)) == snapshot("""\
The code goes another way than the record at turn#1/careful#0, entry 5 of the record:
  record: careful fails with ValueError: no
  now:    careful returns "well"
If this is meant, record the conversation anew.\
""")


async def test_code_that_swallows_the_difference_does_not_hide_it():
    def step(name: str) -> Any:
        async def careless(input: str, scope: Any) -> str:
            try:
                return await scope.call(Agent(name, model=answering("done")), input)
            except Exception:
                return "done"

        return careless

    cassette, _ = await recorded(step("writer"), "go")
    assert "editor begins" in await divergence(cassette, step("editor"))


async def test_a_record_whose_state_or_input_is_not_taken_any_more_says_so():
    class Before(BaseModel):
        name: str = "Ann"

    class Now(BaseModel):
        name: int

    agent = Agent("clerk", model=answering("done"))
    cassette, _ = await recorded(agent, "go", state=Before())
    assert await divergence(cassette, agent, config=RunConfig(state_type=Now)) == snapshot(
        "The recorded state is no Now any more: name: Input should be a valid integer, unable to parse string as an integer."
    )
    with pytest.raises(UserError) as raised:
        await cassette.play(agent)
    assert str(raised.value) == snapshot(
        "The record of 'clerk' begins with a shared state, and its type is not known. Pass config=RunConfig(state_type=...)."
    )

    def typed(kind: Any) -> Any:
        async def step(input: Any, scope: Any) -> str:
            return "done"

        step.__annotations__["input"] = kind
        return step

    cassette, _ = await recorded(typed(Before), Before())
    assert await divergence(cassette, typed(Now)) == snapshot(
        "'step' does not take the recorded input any more: "
        "name: Input should be a valid integer, unable to parse string as an integer."
    )


async def test_code_that_does_not_give_up_what_was_given_up_on_record_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(switchroom.testing.tape, "PATIENCE", 0.05)
    slow = Agent("slow", model=FunctionModel(_never))

    def step(seconds: float | None) -> Any:
        async def patient(input: str, scope: Any) -> str:
            try:
                return await asyncio.wait_for(scope.call(slow, input), seconds)
            except TimeoutError:
                return "too late"

        return patient

    cassette, _ = await recorded(step(0.02), "go")
    assert (await cassette.play(step(0.02))).result.final_output == "too late"
    assert await divergence(cassette, step(None)) == snapshot("""\
The code goes another way than the record at turn#1/patient#0, entry 4 of the record:
  record: patient returns "too late"
  now:    waits for what was given up on record (at turn#1/patient#0/slow#0)
If this is meant, record the conversation anew.\
""")


async def _never(request: ModelRequest) -> Reply:
    return await asyncio.Future[Any]()


# after a live agent ---------------------------------------------------------------------------------------------------


async def test_what_a_live_agent_gives_to_its_caller_is_a_difference_where_what_is_asked_counts():
    def boss(said: str) -> Agent[str]:
        worker = Agent("worker", model=ScriptedModel([said]))
        return Agent("boss", tools=[worker.as_tool()], model=answering(call("worker", input="x"), "done"))

    cassette, _ = await recorded(boss("old"), "go")
    assert await divergence(cassette, boss("new"), live=["worker"]) == snapshot("""\
The code goes another way than the record at turn#1/boss#0, entry 10 of the record:
  record: boss: "done"
  now:    boss is told something else
  messages:
    - tool: old
    + tool: new
If this is meant, record the conversation anew; strict=False compares what is done, and not what is asked.\
""")


async def test_live_takes_names():
    cassette, _ = await recorded(desk(World()), "hi")
    with pytest.raises(UserError, match=r"pass the names of agents, such as live=\['billing'\]"):
        await cassette.play(desk(World()), live="billing")


# a record that was tampered with --------------------------------------------------------------------------------------


async def test_an_answer_that_is_changed_in_the_file_is_given_as_it_is_there(tmp_path: Any):
    cassette, _ = await recorded(Agent("clerk", model=answering("done")), "go")
    cassette.save(tmp_path / "c.jsonl")
    file = tmp_path / "c.jsonl"
    file.write_text(file.read_text().replace('"content":"done"', '"content":"well done"'))
    assert await divergence(Cassette.load(file), Agent("clerk")) == snapshot("""\
The code goes another way than the record at turn#1/clerk#0, entry 4 of the record:
  record: clerk returns "done"
  now:    clerk returns "well done"
  output:
    - done
    + well done
If this is meant, record the conversation anew.\
""")
