"""A journal that is busy or full for a moment, at any write: what happened is recorded later, and every message is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, RunConfig, Runner, Session, ToolContext, tool
from switchroom.conversation import NEW
from switchroom.errors import JournalBusy, JournalUnwritable
from switchroom.events import (
    RunEvent,
    StateChanged,
    ToolReturned,
    ToolStarted,
    TurnStarted,
)
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from tests.helpers import last
from tests.laws.callers import World, team_in
from tests.laws.processes import Fault, Process, Store, Trouble
from tests.laws.worlds import answering, kept
from tests.virtual import in_no_time


class Count(BaseModel):
    """A state that agents share."""

    value: int = 0


def turns(journal: MemoryJournal) -> list[str]:
    """Return the messages that have a turn, in order."""
    return [e.fact.messages[0].text for e in kept(journal) if isinstance(e.fact, TurnStarted) and e.fact.attempt == 1]


class BusyOnce(MemoryJournal):
    """A journal that is busy for a second when it is to take the first fact of a kind."""

    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self._kind = kind
        self.is_busy = False
        self._was_busy = False

    def append(self, conversation: str, events: Sequence[RunEvent]) -> Awaitable[None] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._was_busy or not isinstance(events[-1].fact, self._kind):
            return super().append(conversation, events)
        self._was_busy = True
        return self._append_later(conversation, events)

    async def _append_later(self, conversation: str, events: Sequence[RunEvent]) -> None:
        self.is_busy = True
        await asyncio.sleep(1)
        self.is_busy = False
        super().append(conversation, events)


def test_a_result_that_waited_for_the_journal_is_known_to_the_run_that_goes_on():
    made: list[str] = []

    @tool(effect="irreversible", on_interrupt="cancel")
    async def pay() -> str:
        made.append("paid")
        return "paid"

    def answers(request: ModelRequest) -> Any:
        return f"echo {last(request)}" if last(request) != "pay" else call("pay")

    async def main() -> tuple[str, list[str]]:
        journal = BusyOnce(ToolReturned)
        agent = Agent("clerk", tools=[pay], model=FunctionModel(answers))
        async with Runner.stream(agent, "pay", conversation="c", config=RunConfig(journal=journal)) as events:

            async def interrupt() -> None:
                while not journal.is_busy:
                    await asyncio.sleep(0.01)
                await events.interrupt("wait")

            interrupting = asyncio.ensure_future(interrupt())
            async for _ in events:
                pass
            await interrupting
        started = [event for event in kept(journal) if isinstance(event.fact, ToolStarted)]
        returned = [event for event in kept(journal) if isinstance(event.fact, ToolReturned)]
        assert (len(started), len(returned)) == (1, 1)
        recorded = NEW.after(kept(journal)).state.history
        assert list(events.result.messages) == list(recorded), "the run knows what the journal holds"
        return events.result.final_output, made

    assert in_no_time(main()) == ("echo wait", ["paid"])


def test_a_change_of_the_state_that_waits_for_the_journal_is_not_overtaken():
    @tool(effect="read")
    async def look(ctx: ToolContext[Any]) -> str:
        ctx.update(value=7)  # nobody awaits it
        return "seen"

    async def main() -> tuple[str, int]:
        agent = Agent("clerk", tools=[look], model=answering(call("look"), "done"))
        config = RunConfig(journal=BusyOnce(StateChanged))
        result = await Runner.run(agent, "go", conversation="c", config=config, state=Count())
        return result.final_output, result.state.value

    assert in_no_time(main()) == ("done", 7)


@pytest.mark.parametrize("trouble", ["busy", "unwritable"])
@pytest.mark.parametrize("writes", [1, 3])
def test_wherever_the_journal_fails_for_a_moment_a_session_delivers_each_answer_once(trouble: Trouble, writes: int):
    async def main(first: int) -> bool:
        store = Store((Fault(first, writes, trouble),))
        world = World()
        process = Process(store, "p")
        session = Session(team_in(process, world), conversation="c", journal=process)
        heard: list[str] = []
        failed: list[str] = []
        for text in ("m1 send", "m2", "m3", "m4", "last"):
            if text == "last":
                store.faults = ()
            label = text.partition(" ")[0]
            try:
                reply = await session.send(text)
            except (JournalBusy, JournalUnwritable):
                failed.append(label)
                continue
            for earlier in reply.earlier:
                heard.append(failed[0] if earlier.fallback else earlier.text.removeprefix("echo "))
            assert reply.fallback or reply.text == f"echo {label}"
            heard.append(label)
        await session.stop()
        recorded = turns(store.memory)
        assert heard == [text.partition(" ")[0] for text in recorded], "each recorded message is answered, in order, once"
        assert set(world.happened.values()) <= {1}
        return store.writes > first

    assert [in_no_time(main(first)) for first in range(1, 30)].count(True)


def test_answers_that_the_journal_does_not_take_leave_the_questions_open_and_the_conversation_free():
    """A person answers two questions while the journal fails for a moment, at any of its writes, and answers again."""

    @tool(effect="irreversible", needs_approval=True)
    async def pay(to: str) -> str:
        return f"paid {to}"

    async def main(first: int) -> bool:
        store = Store()
        process = Process(store, "p")
        config = RunConfig(journal=process, busy_timeout=1.0)
        agent = Agent("clerk", tools=[pay], model=answering([call("pay", to="a"), call("pay", to="b")], "done"))
        asked = await Runner.run(agent, "go", conversation="c", config=config)
        answers = {one.id: True for one in asked.waiting}
        store.faults = (Fault(store.writes + first, 1, "unwritable"),)
        try:
            result = await Runner.resume(agent, conversation="c", config=config, answers=answers)
        except JournalUnwritable:
            open_questions = (await Runner.resume(agent, conversation="c", config=config)).waiting
            assert len(open_questions) in (0, 2), "all answers are recorded, or none"
            again = {one.id: True for one in open_questions}
            result = await Runner.resume(agent, conversation="c", config=config, answers=again)
            assert result.final_output == "done"
            return True
        assert result.final_output == "done"
        return False

    assert [in_no_time(main(first)) for first in range(1, 20)].count(True) > 3
