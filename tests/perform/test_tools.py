"""Calls made: in their order, as many at once as allowed, and cleared up where a crash left them unknown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, NotDone, RunConfig, RunError, Runner, Team, Tool, ToolContext, UserError, tool
from switchroom.errors import ToolCancelled, ToolTimeout
from switchroom.events import PersonAsked, ToolFailed, ToolReturned, ToolStarted
from switchroom.messages import ToolCall
from switchroom.testing import ScriptedModel, call
from tests.helpers import World, facts_of, keeping, run_of, soon
from tests.patience import HANGS_S


def results(result: Any) -> list[str]:
    """What the tools told, as the model reads it."""
    return [message.text for message in result.messages if message.role == "tool"]


def clerk(tools: list[Any], *answers: Any) -> Agent[str]:
    return Agent("clerk", model=ScriptedModel(answers), tools=tools)


# order ---------------------------------------------------------------------------------------------------------------


async def test_results_enter_the_history_in_call_order_though_they_finish_in_another():
    finished: list[int] = []
    gates = [asyncio.Event() for _ in range(3)]
    gates[2].set()

    @tool(effect="read")
    async def look(n: int) -> str:
        await gates[n].wait()
        finished.append(n)
        if n:
            gates[n - 1].set()
        return f"result {n}"

    result = await soon(Runner.run(clerk([look], [call("look", n=n) for n in range(3)], "done"), "x"))
    assert finished == [2, 1, 0]
    assert results(result) == ["result 0", "result 1", "result 2"]


async def test_one_constant_id_for_every_call_mixes_nothing_up():
    @tool(effect="read")
    async def look(n: int) -> str:
        return f"result {n}"

    answers = [[ToolCall("look", {"n": n}, "call_0") for n in (1, 2)], [ToolCall("look", {"n": 3}, "call_0")], "done"]
    result = await Runner.run(clerk([look], *answers), "x")
    asked = [(one.id, f"result {one.args['n']}") for message in result.messages for one in message.calls]  # pyright: ignore[reportArgumentType]
    answered = [(message.call_id, message.text) for message in result.messages if message.role == "tool"]
    assert asked == answered


async def test_calls_without_ids_get_ids_that_a_conversation_has_once():
    @tool(effect="read")
    async def look() -> str:
        return "seen"

    config = keeping()
    agent = clerk([look], [call("look"), call("look")], "one", call("look"), "two")
    await Runner.run(agent, "x", config=config, conversation="c")
    result = await Runner.run(agent, "y", config=config, conversation="c")
    ids = [message.call_id for message in result.messages if message.role == "tool"]
    assert len(ids) == len(set(ids)) == 3


async def test_free_tools_run_before_those_that_need_approval_and_these_before_the_handoff():
    order: list[str] = []

    def named(name: str, **options: Any) -> Tool:
        async def run() -> str:
            order.append(name)
            return name

        return tool(name=name, **options)(run)

    target = Agent("target", model=ScriptedModel(["done"]))
    answer = [call("transfer_to_target"), call("asks"), call("free")]
    tools = [named("asks", needs_approval=True), named("free")]
    agent = Agent("clerk", model=ScriptedModel([answer]), tools=tools, handoffs=[target])
    config = keeping()
    waiting = await Runner.run(agent, "x", config=config, conversation="c")
    assert order == ["free"]
    assert waiting.last_agent is agent
    result = await Runner.resume(agent, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert order == ["free", "asks"]
    assert result.last_agent is target
    assert results(result) == ["clerk puts the conversation through to you.", "asks", "free"]


async def test_at_most_so_many_calls_run_at_the_same_time():
    running, most = 0, 0

    @tool(effect="read")
    async def look(n: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        return n

    answers = [[call("look", n=n) for n in range(20)], "done"]
    result = await soon(Runner.run(clerk([look], *answers), "x", config=RunConfig(parallel_tools=4)))
    assert most == 4
    assert results(result) == [str(n) for n in range(20)]


async def test_a_lone_call_runs_in_the_runs_own_task():
    tasks: list[Any] = []

    @tool(effect="read")
    async def look() -> str:
        tasks.append(asyncio.current_task())
        return "seen"

    await Runner.run(clerk([look], call("look"), "done"), "x")
    assert tasks == [asyncio.current_task()]


# failures ------------------------------------------------------------------------------------------------------------


async def test_an_exception_reaches_the_caller_as_its_own_type_with_the_run_attached():
    world = World()
    with pytest.raises(ConnectionError, match="the line is down") as error:
        await Runner.run(clerk([tool(world.touch)], call("touch")), "x")
    run = run_of(error.value)
    assert facts_of(ToolFailed, run.events) == [ToolFailed(0, "clerk", "touch", "ConnectionError", "the line is down")]


async def test_a_failure_among_parallel_calls_is_raised_as_itself_when_the_others_have_finished():
    world = World()
    finished: list[str] = []

    @tool(effect="read")
    async def slow() -> str:
        await asyncio.sleep(0)
        finished.append("slow")
        return "slow"

    with pytest.raises(ConnectionError) as error:
        await Runner.run(clerk([tool(world.touch), slow], [call("touch"), call("slow")]), "x")
    assert finished == ["slow"]
    assert len(facts_of(ToolReturned, run_of(error.value).events)) == 1


async def test_of_several_failures_the_first_in_call_order_is_raised_and_names_the_others():
    first_may_fail = asyncio.Event()

    @tool(effect="read")
    async def first() -> str:
        await first_may_fail.wait()
        raise ValueError("first")

    @tool(effect="read")
    async def second() -> str:
        first_may_fail.set()
        raise KeyError("second")

    with pytest.raises(ValueError, match="first") as error:
        await soon(Runner.run(clerk([first, second], [call("first"), call("second")]), "x"))
    assert error.value.__notes__ == snapshot(["Another call of the same answer failed too: KeyError: 'second'"])


async def test_a_tool_may_tell_its_failure_to_the_model():
    world = World()
    told = tool(on_error="tell_model")(world.touch)
    result = await Runner.run(clerk([told], call("touch"), "sorry"), "x")
    assert results(result) == snapshot(["[failed: ConnectionError: the line is down]"])
    [returned] = facts_of(ToolReturned, result.events)
    assert returned.failed


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_tool_that_hangs_is_ended_by_its_timeout(is_async: bool):
    let_go = threading.Event()
    never = asyncio.Event()

    async def hang() -> str:
        await never.wait()
        return ""

    def hang_in_thread() -> str:
        let_go.wait(HANGS_S)
        return ""

    hanging = tool(name="hang", timeout=0.02, effect="read")(hang if is_async else hang_in_thread)
    try:
        with pytest.raises(ToolTimeout) as error:
            await soon(Runner.run(clerk([hanging], call("hang")), "x"))
    finally:
        let_go.set()
    assert str(error.value) == snapshot("Tool 'hang' took longer than its 0.02 s.")
    assert isinstance(error.value, TimeoutError)
    assert len(facts_of(ToolStarted, run_of(error.value).events)) == 1


async def test_a_tools_own_timeout_error_is_not_taken_for_ours():
    @tool(timeout=5)
    async def ask() -> str:
        raise TimeoutError("the server's")

    with pytest.raises(TimeoutError, match="the server's") as error:
        await Runner.run(clerk([ask], call("ask")), "x")
    assert not isinstance(error.value, ToolTimeout)


async def test_a_tool_that_raises_cancelled_error_ends_the_run_with_an_error_that_says_so():
    @tool
    async def leave() -> str:
        raise asyncio.CancelledError

    with pytest.raises(ToolCancelled) as error:
        await Runner.run(clerk([leave], call("leave")), "x")
    assert str(error.value) == snapshot("Tool 'leave' cancelled itself.")


async def test_a_tool_that_cancels_its_own_task_among_others_does_not_cancel_the_run():
    @tool
    async def leave() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return ""

    @tool
    async def stay() -> str:
        return "stayed"

    with pytest.raises(ToolCancelled):
        await soon(Runner.run(clerk([leave, stay], [call("leave"), call("stay")]), "x"))


async def test_cancelling_the_run_cancels_its_tools_and_waits_for_them():
    began, ended = asyncio.Event(), asyncio.Event()

    @tool
    async def work() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()
        return ""

    run = asyncio.ensure_future(Runner.run(clerk([work], [call("work"), call("work")]), "x"))
    await soon(began.wait())
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(run)
    assert ended.is_set()


# results -------------------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"


class Parcel(BaseModel):
    number: int
    sent: date


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('verbatim "text" {}', 'verbatim "text" {}'),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (1.5, "1.5"),
        (2**70, str(2**70)),
        ([1, "a", None], '[1,"a",null]'),
        ({"a": {"b": [1]}}, '{"a":{"b":[1]}}'),
        ({1: "a"}, '{"1":"a"}'),
        (("a", 1), '["a",1]'),
        (Colour.RED, '"red"'),
        (date(2025, 3, 14), '"2025-03-14"'),
        (Parcel(number=1, sent=date(2025, 3, 14)), '{"number":1,"sent":"2025-03-14"}'),
        ([Parcel(number=1, sent=date(2025, 3, 14))], '[{"number":1,"sent":"2025-03-14"}]'),
        ("مرحبا 👋 שלום", "مرحبا 👋 שלום"),
    ],
)
async def test_results_of_any_json_type_reach_the_model(value: Any, text: str):
    @tool(effect="read")
    async def give() -> Any:
        return value

    assert results(await Runner.run(clerk([give], call("give"), "done"), "x", config=keeping())) == [text]


@pytest.mark.parametrize("value", [object(), {"a": object()}, lambda: 1, b"\xff\xfe", "broken \ud800"])
async def test_a_result_that_json_cannot_hold_is_the_developers_fault(value: Any):
    @tool(effect="read")
    async def give() -> Any:
        return value

    with pytest.raises(UserError, match="Tool 'give' returned a ") as error:
        await Runner.run(clerk([give], call("give"), "done"), "x")
    run = run_of(error.value)
    assert len(facts_of(ToolStarted, run.events)) == 1


async def test_a_result_that_contains_itself_is_the_developers_fault():
    @tool(effect="read")
    async def give() -> Any:
        circle: list[Any] = []
        circle.append(circle)
        return circle

    with pytest.raises(UserError, match="Tool 'give' returned a list"):
        await Runner.run(clerk([give], call("give"), "done"), "x")


async def test_a_sync_tool_runs_in_a_thread_with_its_context():
    seen: list[Any] = []

    @tool(effect="read")
    def look(ctx: ToolContext, n: int) -> str:
        seen.append((threading.current_thread() is threading.main_thread(), ctx.agent, ctx.deps, n))
        return "seen"

    await Runner.run(clerk([look], call("look", n=1), "done"), "x", deps="a database")
    assert seen == [(False, "clerk", "a database", 1)]


async def test_more_sync_tools_than_pythons_default_threads_run_at_the_same_time():
    together = threading.Barrier(40, timeout=HANGS_S)

    @tool(effect="read")
    def meet() -> str:
        together.wait()
        return "met"

    answers = [[call("meet") for _ in range(40)], "done"]
    result = await soon(Runner.run(clerk([meet], *answers), "x", config=RunConfig(parallel_tools=40)))
    assert results(result) == ["met"] * 40


# effects -------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process dies here: nothing is noted after it."""


class Bank:
    """A tool whose process dies after the effect and before its result was noted."""

    def __init__(self, **options: Any) -> None:
        self.keys: list[str] = []
        self.dies = True

        async def pay(ctx: ToolContext, cents: int) -> str:
            self.keys.append(ctx.effect_key)
            if self.dies:
                raise Killed
            return f"paid {cents}"

        self.tool = tool(**options)(pay)
        self.agent = clerk([self.tool], call("pay", cents=5), "done")
        self.config = keeping()

    async def crash(self) -> None:
        with pytest.raises(Killed):
            await Runner.run(self.agent, "x", config=self.config, conversation="c")
        self.dies = False

    def resume(self, **answers: Any) -> Any:
        return Runner.resume(self.agent, config=self.config, conversation="c", **answers)


@pytest.mark.parametrize("effect", ["read", "idempotent"])
async def test_an_effect_that_may_be_repeated_runs_again_after_a_crash_under_the_same_key(effect: Any):
    bank = Bank(effect=effect)
    await bank.crash()
    result = await bank.resume()
    assert result.final_output == "done"
    assert bank.keys == ["c:turn#1/clerk#0/pay#1.0"] * 2


@pytest.mark.parametrize("options", [{}, {"effect": "irreversible"}, {"effect": "compensable"}])
async def test_any_other_effect_that_a_crash_left_unknown_asks_a_person(options: dict[str, Any]):
    bank = Bank(**options)
    await bank.crash()
    waiting = await bank.resume()
    [asked] = waiting.waiting
    assert (asked.tool, asked.args, asked.question) == ("pay", {"cents": 5}, "unknown_effect")
    assert len(bank.keys) == 1


async def test_an_effect_that_a_person_says_happened_is_not_repeated():
    bank = Bank()
    await bank.crash()
    waiting = await bank.resume()
    result = await bank.resume(answers={waiting.waiting[0].id: (True, "booked at noon")})
    assert results(result) == snapshot(["[a person confirmed that this was done: booked at noon]"])
    assert len(bank.keys) == 1


async def test_an_effect_that_a_person_says_did_not_happen_runs_under_the_same_key():
    bank = Bank()
    await bank.crash()
    waiting = await bank.resume()
    result = await bank.resume(answers={waiting.waiting[0].id: False})
    assert results(result) == ["paid 5"]
    assert len(bank.keys) == 2
    assert len(set(bank.keys)) == 1


async def test_reconcile_finds_out_what_the_call_had_returned():
    async def reconcile(ctx: ToolContext, args: dict[str, Any]) -> str:
        return f"paid {args['cents']} under {ctx.effect_key}"

    bank = Bank(reconcile=reconcile)
    await bank.crash()
    result = await bank.resume()
    assert results(result) == ["paid 5 under c:turn#1/clerk#0/pay#1.0"]
    assert len(bank.keys) == 1


@pytest.mark.parametrize("not_done", [NotDone(), NotDone])
async def test_reconcile_finds_out_that_the_call_did_not_happen(not_done: Any):
    async def reconcile(ctx: ToolContext, args: dict[str, Any]) -> Any:
        return not_done

    bank = Bank(reconcile=reconcile)
    await bank.crash()
    result = await bank.resume()
    assert results(result) == ["paid 5"]
    assert len(bank.keys) == 2


async def test_an_effect_that_failed_with_an_exception_is_unknown_too():
    world = World()
    agent = clerk([tool(world.touch)], call("touch"), "done")
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(agent, "x", config=config, conversation="c")
    world.down = False
    waiting = await Runner.resume(agent, config=config, conversation="c")
    assert [asked.question for asked in waiting.waiting] == ["unknown_effect"]
    assert world.touched == 1


async def test_an_unknown_effect_is_told_to_the_model_when_the_person_speaks_of_something_else():
    world = World()
    agent = clerk([tool(world.touch)], call("touch"), "hello again")
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(agent, "x", config=config, conversation="c")
    result = await Runner.run(agent, "y", config=config, conversation="c")
    assert results(result) == snapshot(["[not known whether this happened: the turn broke off]"])
    assert world.touched == 1


async def test_calls_that_had_returned_are_not_made_again():
    world = World()
    made: list[str] = []

    @tool
    async def pay() -> str:
        made.append("paid")
        return "paid"

    agent = clerk([pay, tool(effect="read")(world.touch)], [call("pay"), call("touch")], "done")
    config = keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(agent, "x", config=config, conversation="c")
    world.down = False
    assert (await Runner.resume(agent, config=config, conversation="c")).final_output == "done"
    assert made == ["paid"]


async def test_an_effect_class_never_asks_for_approval_by_itself():
    @tool(effect="irreversible")
    async def erase() -> str:
        return "erased"

    result = await Runner.run(clerk([erase], call("erase"), "done"), "x")
    assert facts_of(PersonAsked, result.events) == []


async def test_each_calls_effect_key_is_its_own():
    keys: list[str] = []

    @tool(effect="read")
    async def pay(ctx: ToolContext) -> str:
        keys.append(ctx.effect_key)
        return "paid"

    config = keeping()
    agent = clerk([pay], [call("pay"), call("pay")], call("pay"), "done", call("pay"), "done")
    await Runner.run(agent, "x", config=config, conversation="c")
    await Runner.run(agent, "y", config=config, conversation="c")
    assert len(keys) == len(set(keys)) == 4


async def test_effect_keys_of_two_runs_without_a_journal_differ():
    keys: list[str] = []

    @tool(effect="read")
    async def pay(ctx: ToolContext) -> str:
        keys.append(ctx.effect_key)
        return "paid"

    for _ in range(2):
        await Runner.run(clerk([pay], [call("pay"), call("pay")], "done"), "x")
    assert len(set(keys)) == 4


# owners --------------------------------------------------------------------------------------------------------------


async def test_approval_is_judged_by_the_askers_policy_although_a_handoff_stands_in_the_same_answer():
    paid: list[str] = []

    def pay(**options: Any) -> Tool:
        async def pay(cents: int) -> str:
            paid.append(f"{cents} by {options.get('description')}")
            return "paid"

        return tool(**options)(pay)

    strict = pay(needs_approval=True, description="strict")
    lax = pay(description="lax")
    target = Agent("target", model=ScriptedModel(["done"]), tools=[lax])
    model = ScriptedModel([[call("transfer_to_target"), call("pay", cents=5)]])
    asker = Agent("asker", model=model, tools=[strict], handoffs=[target])
    config = keeping()
    waiting = await Runner.run(asker, "x", config=config, conversation="c")
    assert [(asked.agent, asked.tool) for asked in waiting.waiting] == [("asker", "pay")]
    assert paid == []
    result = await Runner.resume(asker, config=config, conversation="c", answers={waiting.waiting[0].id: True})
    assert paid == ["5 by strict"]
    assert result.last_agent is target


async def test_a_call_of_the_targets_tool_beside_the_handoff_is_refused_by_the_asker():
    @tool(effect="read")
    async def secret() -> str:
        raise AssertionError("the asker has no such tool")

    target = Agent("target", model=ScriptedModel(["done"]), tools=[secret])
    model = ScriptedModel([[call("transfer_to_target"), call("secret")]])
    result = await Runner.run(Agent("asker", model=model, handoffs=[target]), "x")
    assert results(result)[1].startswith("[refused: you called a tool that is not there")
    assert result.final_output == "done"


async def test_tools_of_one_name_belong_each_to_its_agent():
    def who(name: str) -> Callable[[], Any]:
        async def who() -> str:
            return name

        return who

    second = Agent("second", model=ScriptedModel([call("who"), "done"]), tools=[tool(who("second's"))])
    first = Agent(
        "first",
        model=ScriptedModel([[call("who"), call("transfer_to_second")]]),
        tools=[tool(who("first's"))],
        handoffs=["second"],
    )
    result = await Runner.run(Team([first, second]), "x")
    assert [text for text in results(result) if "'s" in text] == ["first's", "second's"]


async def test_a_run_error_of_a_tool_carries_the_run():
    @tool
    async def fail() -> str:
        raise RunError("the world is at fault")

    with pytest.raises(RunError) as error:
        await Runner.run(clerk([fail], call("fail")), "x")
    assert run_of(error.value).usage.requests == 1
