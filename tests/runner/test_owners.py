"""One owner for a conversation, where callers, loops, threads and processes meet at the wrong moment."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, ToolContext, tool
from switchroom.errors import ConversationBusy, DeadlineExceeded, Fenced
from switchroom.events import (
    AnsweredWhileWaiting,
    RunEvent,
    ToolReturnedLate,
    TurnStarted,
)
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.helpers import last
from tests.laws.processes import Process, Store
from tests.laws.worlds import answering, kept
from tests.patience import HANGS_S
from tests.virtual import in_no_time


class Count(BaseModel):
    """A state that agents share."""

    value: int = 0


def echo(seconds: float = 1.0) -> Agent[str]:
    """An agent that takes its time to say what it was asked last."""

    async def answers(request: ModelRequest) -> str:
        await asyncio.sleep(seconds)
        return f"echo {last(request)}"

    return Agent("echo", model=FunctionModel(answers))


def turns(journal: MemoryJournal) -> list[str]:
    """Return the messages that have a turn, in order."""
    return [e.fact.messages[0].text for e in kept(journal) if isinstance(e.fact, TurnStarted) and e.fact.attempt == 1]


# a place in the queue --------------------------------------------------------------------------------------------------


def test_a_repeated_message_that_waited_finishes_the_turn_that_its_first_caller_left():
    async def main() -> str:
        config = RunConfig(journal=MemoryJournal())
        agent = echo()
        before = asyncio.ensure_future(Runner.run(agent, "before", conversation="c", config=config))
        await asyncio.sleep(0.1)
        first = asyncio.ensure_future(Runner.run(agent, "it", conversation="c", config=config, message_id="m"))
        await asyncio.sleep(0.1)
        again = asyncio.ensure_future(Runner.run(agent, "it", conversation="c", config=config, message_id="m"))
        await before
        await asyncio.sleep(0.5)
        first.cancel()
        return (await again).final_output

    assert in_no_time(main()) == "echo it"


def test_a_repeated_message_gets_its_own_answer_when_others_go_on_before_it():
    async def main() -> tuple[str, str, list[str]]:
        journal = MemoryJournal()
        config = RunConfig(journal=journal)
        agent = echo()
        first = asyncio.ensure_future(Runner.run(agent, "it", conversation="c", config=config, message_id="m"))
        await asyncio.sleep(0.1)
        other = asyncio.ensure_future(Runner.run(agent, "other", conversation="c", config=config))
        await asyncio.sleep(0.1)
        again = asyncio.ensure_future(Runner.run(agent, "it", conversation="c", config=config, message_id="m"))
        await asyncio.sleep(0.1)
        first.cancel()
        return (await again).final_output, (await other).final_output, turns(journal)

    assert in_no_time(main()) == ("echo it", "echo other", ["it", "other"])


def test_a_resume_that_waits_gives_the_turn_that_was_the_last_when_it_was_called():
    async def main() -> str:
        config = RunConfig(journal=MemoryJournal())
        agent = echo()
        runs = [asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))]
        await asyncio.sleep(0.1)
        runs.append(asyncio.ensure_future(Runner.run(agent, "two", conversation="c", config=config)))
        await asyncio.sleep(0.1)
        resumed = await Runner.resume(agent, conversation="c", config=config)
        await asyncio.gather(*runs)
        return resumed.final_output

    assert in_no_time(main()) == "echo one"


def test_a_message_is_answered_although_the_turn_before_it_was_left_and_fails_when_it_is_finished():
    async def main() -> tuple[str, list[str]]:
        journal = MemoryJournal()
        config = RunConfig(journal=journal)

        async def answers(request: ModelRequest) -> str:
            await asyncio.sleep(1)
            if last(request) == "one":
                raise ValueError("no answer to one")
            return f"echo {last(request)}"

        agent = Agent("echo", model=FunctionModel(answers))
        left = asyncio.ensure_future(Runner.run(agent, "one", conversation="c", config=config))
        await asyncio.sleep(0.5)
        left.cancel()
        result = await Runner.run(agent, "two", conversation="c", config=config)
        return result.final_output, turns(journal)

    assert in_no_time(main()) == ("echo two", ["one", "two"])


def test_a_caller_that_finishes_the_turn_before_its_own_keeps_its_place_before_later_callers():
    async def main() -> list[str]:
        journal = MemoryJournal()
        config = RunConfig(journal=journal)
        agent = echo()
        left = asyncio.ensure_future(Runner.run(agent, "left", conversation="c", config=config))
        await asyncio.sleep(0.1)
        left.cancel()
        await asyncio.wait([left])
        first = asyncio.ensure_future(Runner.run(agent, "first", conversation="c", config=config))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, Runner.run(agent, "second", conversation="c", config=config))
        return turns(journal)

    assert in_no_time(main()) == ["left", "first", "second"]


def test_a_message_that_is_repeated_while_it_is_answered_beside_a_waiting_turn_is_answered_once():
    @tool(effect="irreversible", needs_approval=True)
    async def pay() -> str:
        return "paid"

    async def slowly(text: str) -> str:
        await asyncio.sleep(1)
        return f"later: {text}"

    async def main() -> tuple[list[str], int]:
        journal = MemoryJournal()
        config = RunConfig(journal=journal, while_waiting=slowly)
        agent = Agent("clerk", tools=[pay], model=answering(call("pay"), "done"))
        await Runner.run(agent, "pay", conversation="c", config=config)
        first = asyncio.ensure_future(Runner.run(agent, "hurry", conversation="c", config=config, message_id="m"))
        await asyncio.sleep(0.1)
        again = await Runner.run(agent, "hurry", conversation="c", config=config, message_id="m")
        answered = [event for event in kept(journal) if isinstance(event.fact, AnsweredWhileWaiting)]
        return [(await first).final_output, again.final_output], len(answered)

    assert in_no_time(main()) == (["later: hurry"] * 2, 1)


class SlowQueue(MemoryJournal):
    """A journal from which a place in the queue cannot be removed at once."""

    def drop_ticket(self, conversation: str, number: int) -> Awaitable[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        async def drop() -> None:
            await asyncio.sleep(0.2)
            super(SlowQueue, self).drop_ticket(conversation, number)

        return drop()


def test_a_place_in_the_queue_is_given_up_although_the_loop_ends_before():
    journal = SlowQueue()
    config = RunConfig(journal=journal, busy_timeout=0.05)

    async def main() -> None:
        running = asyncio.ensure_future(Runner.run(echo(30), "one", conversation="c", config=config))
        await asyncio.sleep(0.01)
        with pytest.raises(ConversationBusy):
            await Runner.run(echo(), "two", conversation="c", config=config)
        running.cancel()

    asyncio.run(main())
    end = time.monotonic() + HANGS_S
    while journal.first_ticket("c") is not None:
        assert time.monotonic() < end, "the place is never given up"
        time.sleep(0.01)


class Refusing(MemoryJournal):
    """A journal that refuses each claim, at once or after a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def claim(self, conversation: str, events: Sequence[RunEvent], generation: int, ticket: int = 0) -> Awaitable[None] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._seconds:
            return self._refuse_later()
        raise Fenced("Another caller has it.")

    async def _refuse_later(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(self._seconds)
        raise Fenced("Another caller has it.")


def test_a_caller_whose_claims_are_refused_lets_others_go_on_and_ends_when_its_patience_does():
    async def main() -> None:
        with pytest.raises(ConversationBusy):
            await Runner.run(echo(), "go", conversation="c", config=RunConfig(journal=Refusing(0), busy_timeout=5.0))

    in_no_time(main())


def test_a_caller_that_is_cancelled_while_its_claim_is_refused_is_cancelled():
    async def main() -> None:
        running = asyncio.ensure_future(
            Runner.run(echo(), "go", conversation="c", config=RunConfig(journal=Refusing(1), busy_timeout=50.0))
        )
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.wait([running], timeout=0.1)
        assert running.cancelled()

    in_no_time(main())


# takeovers -------------------------------------------------------------------------------------------------------------


def test_a_takeover_that_loses_a_race_leaves_the_live_attempt_live_and_tries_again():
    async def main() -> tuple[str, str]:
        journal = MemoryJournal()
        agent = Agent("clerk", tools=[look], model=slow_model)

        async def handles(conversation: str) -> None:
            await asyncio.sleep(1.5)  # the live attempt records something meanwhile

        running = asyncio.ensure_future(Runner.run(agent, "go", conversation="c", config=RunConfig(journal=journal)))
        await asyncio.sleep(0.1)
        config = RunConfig(journal=journal, deps=handles)
        taken = await Runner.resume(agent, conversation="c", config=config, takeover=True)
        try:
            return taken.final_output, (await running).final_output
        except Fenced:
            return taken.final_output, "fenced"

    async def answers(request: ModelRequest) -> Any:
        await asyncio.sleep(1)
        return "done" if request.messages[-1].role == "tool" else call("look")

    slow_model = FunctionModel(answers)
    assert in_no_time(main())[0] == "done"


@tool(effect="read")
async def look() -> str:
    """Look."""
    return "seen"


# loops and threads -----------------------------------------------------------------------------------------------------


def test_a_thread_that_outlives_the_loop_of_its_run_keeps_the_conversation_until_it_has_ended():
    journal = MemoryJournal()
    may_end = threading.Event()

    @tool(effect="irreversible")
    def pay() -> str:
        may_end.wait(HANGS_S)
        return "paid"

    agent = Agent("clerk", tools=[pay], model=answering(call("pay"), "done"))
    with pytest.raises(DeadlineExceeded):
        Runner.run_sync(agent, "pay", conversation="c", config=RunConfig(journal=journal, deadline=0.2))

    with pytest.raises(ConversationBusy, match="pay"):
        Runner.run_sync(agent, "again", conversation="c", config=RunConfig(journal=journal, when_busy="refuse"))
    threading.Timer(0.1, may_end.set).start()
    result = Runner.run_sync(agent, "again", conversation="c", config=RunConfig(journal=journal))

    late = [event.fact.text for event in kept(journal) if isinstance(event.fact, ToolReturnedLate)]
    assert (late, result.turn) == (["paid"], 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
async def test_a_forked_child_does_not_record_for_its_parents_run():
    @tool(effect="read")
    async def look(ctx: ToolContext[Any]) -> str:
        child = os.fork()
        if child == 0:
            try:
                await ctx.update(value=1)
            except Fenced:
                os._exit(0)
            os._exit(1)
        return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    agent = Agent("clerk", tools=[look], model=FunctionModel(lambda request: last(request) if _told(request) else call("look")))
    config = RunConfig(journal=MemoryJournal())
    result = await Runner.run(agent, "go", conversation="c", config=config, state=Count())
    assert result.final_output == "0"


def _told(request: ModelRequest) -> bool:
    return request.messages[-1].role == "tool"


# interruption ----------------------------------------------------------------------------------------------------------


def test_the_request_of_another_process_is_seen_before_the_next_command():
    """With commands that take 50 ms each, the run ends at the next of them, and its caller is not cancelled afterwards."""

    async def main() -> tuple[bool, float]:
        store = Store()
        here, there = Process(store, "here"), Process(store, "there")

        def answers(request: ModelRequest) -> Any:
            done = sum(message.role == "tool" for message in request.messages)
            return "done" if last(request) == "stop" else call("look") if done < 100 else "done"

        @tool(effect="idempotent")
        async def look() -> str:
            await asyncio.sleep(0.05)
            return "seen"

        agent = Agent("clerk", tools=[look], model=FunctionModel(answers))
        running = asyncio.ensure_future(
            Runner.run(agent, "go", conversation="c", config=RunConfig(journal=here, max_turns=200))
        )
        await asyncio.sleep(0.21)
        config = RunConfig(journal=there, when_busy="interrupt")
        stopping = asyncio.ensure_future(Runner.run(agent, "stop", conversation="c", config=config))
        began = asyncio.get_running_loop().time()
        result = await running
        seconds = asyncio.get_running_loop().time() - began
        await asyncio.sleep(0)
        await stopping
        return result.interrupted, seconds

    interrupted, seconds = in_no_time(main())
    assert interrupted
    assert seconds < 0.1


def test_a_caller_whose_run_was_interrupted_by_another_process_is_not_cancelled_later():
    async def main() -> str:
        store = Store()
        here, there = Process(store, "here"), Process(store, "there")
        agent = Agent("clerk", tools=[look], model=FunctionModel(lambda request: call("look")))

        async def caller() -> str:
            await Runner.run(
                agent, "go", conversation="c", config=RunConfig(journal=here, max_turns=1_000_000, wrappers=(slow,))
            )
            await asyncio.sleep(1)
            return "went on"

        running = asyncio.ensure_future(caller())
        await asyncio.sleep(0.1)
        there.request_interrupt("c", 1)
        return await running

    def slow(perform: Any) -> Any:
        async def performs(run: Any, command: Any, note: Any) -> None:
            await asyncio.sleep(0.02)
            await perform(run, command, note)

        return performs

    assert in_no_time(main()) == "went on"
