"""A second message while the first is being answered: each gets its own answer, and no effect happens twice."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, Tool, ToolContext, UserError, sequential, tool
from switchroom.errors import ConversationBusy, DeadlineExceeded, Fenced
from switchroom.events import AttemptHeld, RunEvent, ToolReturned, ToolReturnedLate
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.testing import FunctionModel, call
from tests.helpers import facts_of, keeping, last, soon
from tests.journals.waiting import WaitingJournal
from tests.patience import HANGS_S
from tests.virtual import in_no_time


class Bank:
    """Pays, which takes a second, and knows every payment by its key."""

    def __init__(self, **options: Any) -> None:
        self.paid: list[str] = []
        self._options = options

    @property
    def pay(self) -> Tool:
        async def pay(ctx: ToolContext) -> str:
            """Pay."""
            await asyncio.sleep(1)
            self.paid.append(ctx.effect_key)
            return "paid"

        return tool(effect="irreversible", **self._options)(pay)


def clerk(*tools: Tool) -> Agent[str]:
    """An agent that calls its first tool on each message, and then answers the message."""

    def answer(request: Any) -> Any:
        said = [message.text for message in request.messages if message.role == "user"][-1]
        return f"re {said}" if last(request) != said else call(tools[0].name)

    return Agent("clerk", model=FunctionModel(answer), tools=[*tools])


JOURNALS = ["memory", "waiting", "sqlite"]


@pytest.fixture(params=JOURNALS)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> RunConfig:
    match request.param:
        case "memory":
            return RunConfig(journal=MemoryJournal())
        case "waiting":
            return RunConfig(journal=WaitingJournal())
        case _:
            return RunConfig(journal=SqliteJournal(tmp_path / "chats.db"))


async def _sent(agent: Agent[str], config: RunConfig, *texts: str) -> list[Any]:
    """Send messages to one conversation a tenth of a second apart; return the outputs or errors."""

    async def send(index: int, text: str) -> Any:
        await asyncio.sleep(index / 10)
        return (await Runner.run(agent, text, conversation="c", config=config)).final_output

    return await asyncio.gather(*(send(*each) for each in enumerate(texts)), return_exceptions=True)


@pytest.mark.parametrize("reconciled", [False, True])
def test_a_second_message_waits_for_the_first_and_no_effect_is_repeated(config: RunConfig, reconciled: bool):
    async def happened(ctx: ToolContext, args: dict[str, Any]) -> str:
        raise AssertionError("the first attempt is alive, so its effect is not unknown")

    bank = Bank(reconcile=happened) if reconciled else Bank()
    assert in_no_time(_sent(clerk(bank.pay), config, "one", "two")) == ["re one", "re two"]
    assert len(bank.paid) == len(set(bank.paid)) == 2


def test_messages_are_answered_in_the_order_of_their_arrival(config: RunConfig):
    bank = Bank()
    texts = [f"message {n}" for n in range(8)]
    assert in_no_time(_sent(clerk(bank.pay), config, *texts)) == [f"re {text}" for text in texts]

    async def messages() -> list[str]:
        return [message.text for message in (await Runner.resume(clerk(bank.pay), conversation="c", config=config)).messages]

    assert [text for text in in_no_time(messages()) if text.startswith("message")] == texts


def test_a_refused_message_leaves_the_running_turn_and_the_journal_as_they_were(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> tuple[str, BaseException, str]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        with pytest.raises(ConversationBusy) as refused:
            await Runner.run(agent, "two", conversation="c", config=replace(config, when_busy="refuse"))
        output = (await first).final_output
        return output, refused.value, (await Runner.run(agent, "three", conversation="c", config=config)).final_output

    output, error, third = in_no_time(scene())
    assert (output, third) == ("re one", "re three")
    assert isinstance(error, ConversationBusy)
    assert (error.turn, error.tools) == (1, ("pay",))
    assert error.owner
    assert "busy" in str(error)


def test_a_message_that_has_waited_for_its_time_is_refused_and_was_not_recorded(config: RunConfig):
    bank = Bank()

    async def scene() -> list[Any]:
        await_less = replace(config, busy_timeout=0.5)
        first = asyncio.ensure_future(Runner.run(clerk(bank.pay), "one", conversation="c", config=config))
        await asyncio.sleep(0.1)
        with pytest.raises(ConversationBusy):
            await Runner.run(clerk(bank.pay), "two", conversation="c", config=await_less)
        assert asyncio.get_running_loop().time() == pytest.approx(0.6)
        await first
        return [message.text for message in (await Runner.resume(clerk(), conversation="c", config=config)).messages]

    assert in_no_time(scene()) == ["one", "", "paid", "re one"]


def test_the_deadline_counts_from_the_call_although_the_conversation_was_busy(config: RunConfig):
    bank = Bank()

    async def scene() -> float:
        first = asyncio.ensure_future(Runner.run(clerk(bank.pay), "one", conversation="c", config=config))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceeded):
            await Runner.run(clerk(bank.pay), "two", conversation="c", config=replace(config, deadline=1.5))
        ended = asyncio.get_running_loop().time()
        await first
        return ended

    assert in_no_time(scene()) == pytest.approx(1.5)
    assert len(bank.paid) == 1


def test_a_caller_that_leaves_the_queue_lets_the_next_one_pass(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> tuple[str, str]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.1)
        second = asyncio.ensure_future(Runner.run(agent, "two", conversation="c", config=config))
        await asyncio.sleep(0.1)
        third = asyncio.ensure_future(Runner.run(agent, "three", conversation="c", config=config))
        await asyncio.sleep(0.1)
        second.cancel()
        return (await first).final_output, (await third).final_output

    assert in_no_time(scene()) == ("re one", "re three")


# interrupting ----------------------------------------------------------------------------------------------------------


def test_an_interrupting_message_ends_the_running_turn_with_what_was_shown_and_is_answered_next(config: RunConfig):
    async def slowly(request: Any, emit: Any = None) -> str:
        if last(request) == "one":
            await asyncio.sleep(10)
        return f"re {last(request)}"

    agent = Agent("talker", model=FunctionModel(slowly))

    async def scene() -> tuple[Any, Any]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(1)
        second = await Runner.run(agent, "two", conversation="c", config=replace(config, when_busy="interrupt"))
        assert asyncio.get_running_loop().time() < 2
        return await first, second

    first, second = in_no_time(scene())
    assert (first.interrupted, first.final_output) == (True, "")
    assert (second.interrupted, second.final_output, second.turn) == (False, "re two", 2)
    assert [message.text for message in second.messages] == ["one", "two", "re two"]


def test_an_interrupted_run_lets_a_tool_finish_that_is_not_to_be_cut(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> tuple[Any, Any]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        second = await Runner.run(agent, "two", conversation="c", config=replace(config, when_busy="interrupt"))
        return await first, second

    first, second = in_no_time(scene())
    assert first.interrupted
    assert [fact.text for fact in facts_of(ToolReturned, first.events)] == ["paid"]
    assert second.final_output == "re two"
    assert len(bank.paid) == 2


def test_a_run_that_cannot_be_interrupted_is_waited_for(config: RunConfig):
    async def slow(text: str) -> str:
        await asyncio.sleep(1)
        return f"re {text}"

    flow = sequential(slow)

    async def scene() -> list[Any]:
        first = asyncio.ensure_future(Runner.run(flow, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        second = await Runner.run(flow, "two", conversation="c", config=replace(config, when_busy="interrupt"))
        return [(await first).final_output, (await first).interrupted, second.final_output]

    assert in_no_time(scene()) == ["re one", False, "re two"]


def test_resume_interrupts_nobody():
    with pytest.raises(UserError, match="when_busy"):
        Runner.resume(clerk(), conversation="c", config=keeping(when_busy="interrupt")).close()


# resuming --------------------------------------------------------------------------------------------------------------


def test_resuming_a_live_turn_waits_for_it_and_gives_its_result(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> list[str]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        resumed = await Runner.resume(agent, conversation="c", config=config)
        return [(await first).final_output, resumed.final_output]

    assert in_no_time(scene()) == ["re one", "re one"]
    assert len(bank.paid) == 1


def test_resuming_a_live_turn_is_refused_on_request(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> str:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        with pytest.raises(ConversationBusy):
            await Runner.resume(agent, conversation="c", config=replace(config, when_busy="refuse"))
        return (await first).final_output

    assert in_no_time(scene()) == "re one"


def test_a_forced_takeover_fences_the_live_attempt(config: RunConfig):
    async def unknown(ctx: ToolContext, args: dict[str, Any]) -> str:
        return "found paid"

    bank = Bank(reconcile=unknown)
    agent = clerk(bank.pay)

    async def scene() -> tuple[str, BaseException | None]:
        first = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        taken = await Runner.resume(agent, conversation="c", config=config, takeover=True)
        await asyncio.wait([first])
        return taken.final_output, first.exception()

    output, error = in_no_time(scene())
    assert output == "re one"
    assert isinstance(error, Fenced)


# a run within itself ---------------------------------------------------------------------------------------------------


def test_a_run_that_enters_its_own_conversation_is_told_so_at_once(config: RunConfig):
    entered: list[str] = []

    @tool(effect="read")
    async def again(ctx: ToolContext) -> str:
        """Run the same conversation again."""
        entered.append(ctx.conversation)
        inner = await Runner.run(agent, "inner", conversation=ctx.conversation, config=replace(config, detached=True))
        return inner.final_output

    agent = clerk(again)
    with pytest.raises(UserError, match="waits for this run"):
        in_no_time(Runner.run(agent, "outer", conversation="c", config=config))
    assert entered == ["c"]


def test_runs_that_would_wait_for_one_another_in_a_circle_are_told_so(config: RunConfig):
    def asking(other: str) -> Agent[str]:
        @tool(effect="read")
        async def ask(ctx: ToolContext) -> str:
            """Ask in the other conversation."""
            await asyncio.sleep(1)  # both are in their tools by then
            return (await Runner.run(asking("?"), "question", conversation=other, config=apart)).final_output

        return clerk(ask)

    apart = replace(config, detached=True)

    async def scene() -> list[Any]:
        runs = (
            Runner.run(asking("b"), "x", conversation="a", config=apart),
            Runner.run(asking("a"), "x", conversation="b", config=apart),
        )
        return list(await asyncio.gather(*runs, return_exceptions=True))

    outcomes = in_no_time(scene())
    assert any(isinstance(outcome, UserError) for outcome in outcomes)


def test_a_finished_run_does_not_keep_its_code_from_its_conversation(config: RunConfig):
    """A task that a tool started and left behind may use the conversation once the turn is over."""
    later: list[asyncio.Task[Any]] = []

    @tool(effect="read")
    async def leave(ctx: ToolContext) -> str:
        """Start something for later."""

        async def afterwards() -> Any:
            await asyncio.sleep(5)
            return await Runner.run(agent, "later", conversation="c", config=replace(config, detached=True))

        if not later:
            later.append(asyncio.ensure_future(afterwards()))
        return "left"

    agent = clerk(leave)

    async def scene() -> str:
        await Runner.run(agent, "one", conversation="c", config=config)
        return (await later[0]).final_output

    assert in_no_time(scene()) == "re later"


# tools that outlive their run ------------------------------------------------------------------------------------------


def _recorded(config: RunConfig) -> list[RunEvent]:
    journal: Any = config.journal
    return journal.read("c")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_thread_that_outlives_its_deadline_holds_the_conversation_and_its_result_is_recorded(kind: str, tmp_path: Path):
    config = RunConfig(journal=MemoryJournal() if kind == "memory" else SqliteJournal(tmp_path / "chats.db"))
    go_on = threading.Event()
    paid: list[int] = []

    @tool
    def pay() -> str:
        """Pay, as a plain function that cannot be stopped."""
        assert go_on.wait(HANGS_S)
        paid.append(1)
        return "paid"

    agent = clerk(pay)
    with pytest.raises(DeadlineExceeded):
        await Runner.run(agent, "one", conversation="c", config=replace(config, deadline=0.5))
    with pytest.raises(ConversationBusy) as busy:
        await Runner.run(agent, "two", conversation="c", config=replace(config, when_busy="refuse"))
    assert busy.value.tools == ("pay",)
    assert "pay" in str(busy.value)
    resumed = asyncio.ensure_future(Runner.resume(agent, conversation="c", config=config))
    await asyncio.sleep(0)
    go_on.set()
    assert (await soon(resumed)).final_output == "re one"
    assert paid == [1]
    assert [fact.tools for fact in facts_of(AttemptHeld, _recorded(config))] == [("pay",)]
    assert [fact.text for fact in facts_of(ToolReturnedLate, _recorded(config))] == ["paid"]


async def test_a_thread_that_fails_late_is_recorded_as_failed():
    config = keeping()
    go_on = threading.Event()

    @tool
    def pay() -> str:
        """Pay, and fail."""
        assert go_on.wait(HANGS_S)
        raise ConnectionError("the bank is closed")

    agent = clerk(pay)
    with pytest.raises(DeadlineExceeded):
        await Runner.run(agent, "one", conversation="c", config=replace(config, deadline=0.5))
    go_on.set()
    assert (await soon(Runner.resume(agent, conversation="c", config=config))).final_output == "re one"
    [late] = facts_of(ToolReturnedLate, _recorded(config))
    assert late.failed
    assert late.text == "[failed: ConnectionError: the bank is closed]"


# the same message twice ------------------------------------------------------------------------------------------------


def test_a_message_that_is_sent_twice_under_its_id_is_answered_once(config: RunConfig):
    bank = Bank()
    agent = clerk(bank.pay)

    async def scene() -> list[Any]:
        def send() -> Any:
            return Runner.run(agent, "one", conversation="c", config=config, message_id="m-1")

        first = asyncio.ensure_future(send())
        await asyncio.sleep(0.5)
        joined = await send()
        await Runner.run(agent, "two", conversation="c", config=config, message_id="m-2")
        repeated = await send()
        return [await first, joined, repeated]

    results = in_no_time(scene())
    assert [result.final_output for result in results] == ["re one"] * 3
    assert [result.turn for result in results] == [1, 1, 1]
    assert len(bank.paid) == 2


def test_a_double_click_is_one_message(config: RunConfig):
    bank = Bank()

    async def scene() -> list[str]:
        def send() -> Any:
            return Runner.run(clerk(bank.pay), "one", conversation="c", config=config, message_id="m-1")

        results: list[Any] = await asyncio.gather(*(send() for _ in range(3)))
        return [result.final_output for result in results]

    assert in_no_time(scene()) == ["re one"] * 3
    assert len(bank.paid) == 1


def test_another_message_under_a_spent_id_is_an_error(config: RunConfig):
    agent = Agent("echo", model=FunctionModel(last))

    async def scene() -> None:
        await Runner.run(agent, "one", conversation="c", config=config, message_id="m-1")
        with pytest.raises(UserError, match="another message"):
            await Runner.run(agent, "two", conversation="c", config=config, message_id="m-1")

    in_no_time(scene())


def test_a_repeated_message_finishes_the_turn_that_failed(config: RunConfig):
    tries: list[int] = []

    def answer(request: Any) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("the line is down")
        return f"re {last(request)}"

    agent = Agent("echo", model=FunctionModel(answer))

    async def scene() -> Any:
        with pytest.raises(ConnectionError):
            await Runner.run(agent, "one", conversation="c", config=config, message_id="m-1")
        return await Runner.run(agent, "one", conversation="c", config=config, message_id="m-1")

    result = in_no_time(scene())
    assert (result.final_output, result.turn) == ("re one", 1)
