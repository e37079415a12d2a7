"""Waiting for a person: what is asked, how it is answered, and what a conversation does meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, Team, Tool, UserError, tool
from switchroom.errors import ConversationWaiting
from switchroom.journals import MemoryJournal
from switchroom.messages import ValidCall
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import World, asked_by_person, keeping


class Till:
    """Counts what was paid back."""

    def __init__(self) -> None:
        self.refunded: list[int] = []

    @property
    def refund(self) -> Tool:
        async def refund(cents: int) -> str:
            """Pay money back."""
            self.refunded.append(cents)
            return f"refunded {cents}"

        def much(call: ValidCall) -> bool:
            return cast("dict[str, int]", call.args)["cents"] > 50

        return tool(needs_approval=much)(refund)


async def test_a_call_that_needs_approval_ends_the_run_as_waiting():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80)]), tools=[till.refund])
    result = await Runner.run(clerk, "x", config=keeping(), conversation="c")
    [asked] = result.waiting
    assert (asked.agent, asked.tool, asked.args, asked.question) == ("clerk", "refund", {"cents": 80}, "approval")
    assert result.final_output is None
    assert till.refunded == []


async def test_an_approved_call_runs_and_the_same_turn_goes_on():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80), "done"]), tools=[till.refund])
    config = keeping()
    waiting = await Runner.run(clerk, "x", config=config, conversation="c")
    result = await Runner.resume(clerk, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert result.final_output == "done"
    assert result.turn == 1
    assert result.waiting == ()
    assert till.refunded == [80]


async def test_a_call_that_was_not_approved_is_told_to_the_model_with_the_persons_note():
    till = Till()
    model = ScriptedModel([call("refund", cents=80), "sorry"])
    clerk = Agent("clerk", model=model, tools=[till.refund])
    config = keeping()
    waiting = await Runner.run(clerk, "x", config=config, conversation="c")
    answers = {waiting.waiting[0].id: (False, "ask the manager")}
    await Runner.resume(clerk, config=config, conversation="c", answers=answers)
    assert model.requests[1].messages[-1].text == snapshot("[a person did not approve this: ask the manager]")
    assert till.refunded == []


async def test_a_call_below_the_limit_needs_nobody():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=50), "done"]), tools=[till.refund])
    assert (await Runner.run(clerk, "x", config=keeping())).final_output == "done"


async def test_the_answer_may_come_in_another_process_of_which_nothing_is_live(tmp_path: Path):
    till = Till()
    url = f"sqlite:///{tmp_path}/chats.db"

    def model(request: Any) -> Any:
        return call("refund", cents=80) if asked_by_person(request) else "done"

    def clerk() -> Agent[str]:
        return Agent("clerk", model=FunctionModel(model), tools=[till.refund])

    waiting = await Runner.run(clerk(), "x", config=RunConfig(journal=url), conversation="c")
    answers = {waiting.waiting[0].id: True}
    again = RunConfig(journal=url + "?synchronous=full")  # another URL, so another connection
    assert (await Runner.resume(clerk(), config=again, conversation="c", answers=answers)).final_output == "done"
    assert till.refunded == [80]


async def test_answering_one_of_two_questions_leaves_the_other():
    till = Till()
    model = ScriptedModel([[call("refund", cents=80), call("refund", cents=90)], "done"])
    clerk = Agent("clerk", model=model, tools=[till.refund])
    config = keeping()
    first, second = (await Runner.run(clerk, "x", config=config, conversation="c")).waiting
    result = await Runner.resume(clerk, config=config, conversation="c", answers={second.id: True})
    assert result.waiting == (first,)
    assert till.refunded == [90]
    result = await Runner.resume(clerk, config=config, conversation="c", answers={first.id: True})
    assert result.final_output == "done"
    assert [message.text for message in result.messages if message.role == "tool"] == ["refunded 80", "refunded 90"]


async def test_a_question_stays_open_when_another_call_of_the_answer_fails():
    world = World()
    asked = tool(effect="read", needs_approval=True)
    touch = asked(world.touch)

    @asked
    async def look() -> str:
        return "seen"

    clerk = Agent("clerk", model=ScriptedModel([[call("touch"), call("look")], "done"]), tools=[touch, look])
    config = keeping()
    first, second = (await Runner.run(clerk, "x", config=config, conversation="c")).waiting
    with pytest.raises(ConnectionError):
        await Runner.resume(clerk, config=config, conversation="c", answers={first.id: True})
    world.down = False
    result = await Runner.resume(clerk, config=config, conversation="c")
    assert result.waiting == (second,)
    result = await Runner.resume(clerk, config=config, conversation="c", answers={second.id: True})
    assert result.final_output == "done"


async def test_the_question_of_a_child_stays_open_when_its_sibling_fails():
    world = World()
    till = Till()
    cashier = Agent("cashier", model=ScriptedModel([call("refund", cents=80), "paid"]), tools=[till.refund])
    model = ScriptedModel([[call("touch"), call("cashier", input="pay")], "done"])
    manager = Agent("manager", model=model, tools=[cashier, tool(effect="read")(world.touch)])
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(manager, "x", config=config, conversation="c")
    world.down = False
    waiting = await Runner.resume(manager, config=config, conversation="c")
    [asked] = waiting.waiting
    result = await Runner.resume(manager, config=config, conversation="c", answers={asked.id: True})
    assert result.final_output == "done"


async def test_a_wait_is_not_overtaken_by_the_failure_of_a_later_call():
    world = World()
    cashier = Agent("cashier", model=ScriptedModel([call("refund", cents=80), "paid"]), tools=[Till().refund])
    model = ScriptedModel([[call("cashier", input="pay"), call("touch")], "done"])
    manager = Agent("manager", model=model, tools=[cashier, tool(effect="read")(world.touch)])
    config = keeping()
    waiting = await Runner.run(manager, "x", config=config, conversation="c")
    answers = {asked.id: True for asked in waiting.waiting}
    with pytest.raises(ConnectionError):
        await Runner.resume(manager, config=config, conversation="c", answers=answers)
    world.down = False
    assert (await Runner.resume(manager, config=config, conversation="c")).final_output == "done"


async def test_an_answer_to_nothing_that_was_asked_is_refused():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80)]), tools=[till.refund])
    config = keeping()
    await Runner.run(clerk, "x", config=config, conversation="c")
    with pytest.raises(UserError) as error:
        await Runner.resume(clerk, config=config, conversation="c", answers={"turn#1/clerk#0/refund#1.1": True})
    assert str(error.value) == snapshot(
        "Conversation 'c' has no open question 'turn#1/clerk#0/refund#1.1'; it has "
        "['turn#1/clerk#0/refund#1.0']. Did you mean 'turn#1/clerk#0/refund#1.0'?"
    )


@pytest.mark.parametrize("answer", ["no", "false", [False, "a list from JSON"], None, 1, (False,), ("no", "x")])
async def test_an_answer_that_is_neither_yes_nor_no_is_refused_and_approves_nothing(answer: Any):
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80), "done"]), tools=[till.refund])
    config = keeping()
    waiting = await Runner.run(clerk, "x", config=config, conversation="c")
    with pytest.raises(UserError):
        await Runner.resume(clerk, config=config, conversation="c", answers={waiting.waiting[0].id: cast("bool", answer)})
    assert till.refunded == []


# what else a conversation does ---------------------------------------------------------------------------------------


async def test_a_run_on_a_waiting_conversation_is_refused_on_request():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80)]), tools=[till.refund])
    config = keeping(while_waiting=None)
    await Runner.run(clerk, "x", config=config, conversation="c")
    with pytest.raises(ConversationWaiting) as error:
        await Runner.run(clerk, "y", config=config, conversation="c")
    assert str(error.value) == snapshot(
        "Conversation 'c' waits for a person to answer ['turn#1/clerk#0/refund#1.0']. Answer with "
        "Runner.resume(..., answers={'turn#1/clerk#0/refund#1.0': True}), or False; of 'refund' that "
        "says: may it be called?"
    )


async def test_resuming_without_an_answer_waits_again_for_the_same():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80)]), tools=[till.refund])
    config = keeping()
    waiting = await Runner.run(clerk, "x", config=config, conversation="c")
    assert (await Runner.resume(clerk, config=config, conversation="c")).waiting == waiting.waiting


async def test_resuming_a_finished_conversation_gives_the_last_turns_result():
    config = keeping()
    clerk = Agent("clerk", model=ScriptedModel(["one", "two"]))
    await Runner.run(clerk, "x", config=config, conversation="c")
    last = await Runner.run(clerk, "y", config=config, conversation="c")
    again = await Runner.resume(clerk, config=config, conversation="c")
    assert (again.final_output, again.turn, again.last_agent, again.usage) == ("two", 2, clerk, last.usage)


async def test_resuming_an_unknown_conversation_is_refused():
    with pytest.raises(UserError) as error:
        await Runner.resume(Agent("clerk", model=ScriptedModel([])), config=keeping(), conversation="nobody")
    assert str(error.value) == snapshot(
        "There is no conversation 'nobody' in this journal to resume. Start it with Runner.run."
    )


async def test_after_a_crash_a_run_finishes_the_old_turn_first():
    world = World()
    journal = MemoryJournal()

    class Killed(BaseException):
        """The process dies here."""

    def model(request: Any) -> str:
        if world.down:
            raise Killed
        return f"answer to {request.messages[-1].text}"

    clerk = Agent("clerk", model=FunctionModel(model))
    with pytest.raises(Killed):
        await Runner.run(clerk, "first", config=RunConfig(journal=journal), conversation="c")
    world.down = False
    result = await Runner.run(clerk, "second", config=RunConfig(journal=journal), conversation="c")
    assert result.turn == 2
    assert [message.text for message in result.messages] == [
        "first",
        "answer to first",
        "second",
        "answer to second",
    ]


async def test_a_turn_that_failed_is_not_taken_again_by_the_next_run():
    world = World()

    def model(request: Any) -> str:
        world.touch()
        return "answered"

    clerk = Agent("clerk", model=FunctionModel(model))
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(clerk, "first", config=config, conversation="c")
    world.down = False
    result = await Runner.run(clerk, "second", config=config, conversation="c")
    assert (result.turn, world.touched) == (2, 2)


async def test_every_attempt_begins_with_a_fact_that_counts_it():
    world = World()

    def model(request: Any) -> str:
        world.touch()
        return "answered"

    clerk = Agent("clerk", model=FunctionModel(model))
    config = keeping()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await (
                Runner.resume(clerk, config=config, conversation="c")
                if world.touched
                else Runner.run(clerk, "x", config=config, conversation="c")
            )
    world.down = False
    result = await Runner.resume(clerk, config=config, conversation="c")
    attempts = [cast("Any", event.fact).attempt for event in result.events if event.kind == "turn_started"]
    assert attempts == [1, 2, 3]


# without a journal ---------------------------------------------------------------------------------------------------


async def test_a_conversation_without_a_journal_is_refused_at_the_start():
    model = ScriptedModel(["never"])
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("clerk", model=model), "x", conversation="c")
    assert str(error.value) == snapshot(
        "conversation='c' needs a journal to be kept in: RunConfig(journal='sqlite:///chats.db')."
    )
    assert model.requests == []


def agents_with_approval() -> list[Any]:
    refund = Till().refund
    cashier = Agent("cashier", model=ScriptedModel([]), tools=[refund])
    return [
        cashier,
        Agent("triage", model=ScriptedModel(["hello"]), handoffs=[cashier]),
        Team([Agent("triage", model=ScriptedModel(["hello"]), handoffs=["cashier"]), cashier]),
        Agent("manager", model=ScriptedModel(["hello"]), tools=[cashier]),
        Agent("manager", model=ScriptedModel(["hello"]), tools=[cashier.as_tool("pay")]),
    ]


@pytest.mark.parametrize("which", range(5))
async def test_a_tool_that_needs_approval_is_refused_at_the_start_without_a_journal(which: int):
    with pytest.raises(UserError, match="approval"):
        await Runner.run(agents_with_approval()[which], "x")


async def test_a_run_with_a_journal_and_no_conversation_is_kept_under_an_id_of_its_own():
    till = Till()
    clerk = Agent("clerk", model=ScriptedModel([call("refund", cents=80), "done"]), tools=[till.refund])
    config = keeping()
    waiting = await Runner.run(clerk, "x", config=config)
    assert waiting.conversation
    answers = {waiting.waiting[0].id: True}
    result = await Runner.resume(clerk, config=config, conversation=waiting.conversation, answers=answers)
    assert result.final_output == "done"


async def test_two_runs_without_a_conversation_do_not_meet_in_one_journal():
    config = keeping()
    clerk = Agent("clerk", model=ScriptedModel(["one", "two"]))
    first = await Runner.run(clerk, "x", config=config)
    second = await Runner.run(clerk, "y", config=config)
    assert (first.final_output, second.final_output) == ("one", "two")
    assert first.conversation != second.conversation
    assert second.turn == 1
