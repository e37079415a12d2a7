"""A plan of callers played in no time: what became of each caller, and what the journal holds at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from switchroom import RunConfig, Runner, UserError
from switchroom.config import WHILE_WAITING
from switchroom.conversation import NEW, Conversation
from switchroom.errors import ConversationBusy, Fenced, JournalBusy, JournalUnwritable
from switchroom.ownership import LOOK_S
from switchroom.result import RunResult, waiting_of
from tests.laws.callers import (
    PROCESSES,
    STEP_S,
    Kill,
    Person,
    Plan,
    Resumes,
    Says,
    World,
    id_of,
    options_of,
    team_in,
    text_of,
)
from tests.laws.processes import Process, Store
from tests.laws.worlds import CONVERSATION

End: TypeAlias = Literal["answered", "interrupted", "meanwhile", "waits", "busy", "journal", "fenced", "cancelled", "fallback"]
LONGEST_S = 600.0
"""Seconds of the virtual clock after which a caller is waiting for what never happens."""


@dataclass
class Outcome:
    """What became of a caller."""

    end: End
    text: str = ""
    turn: int = 0


@dataclass
class Played:
    """What came of a plan.

    Attributes:
        outcomes: what became of the callers, by number.
        arrived: the numbers of the callers in the order in which they arrived.
        queued: the living processes whose callers were still in the queue when all callers had ended.
    """

    plan: Plan
    store: Store
    world: World
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    arrived: list[int] = field(default_factory=list[int])
    queued: list[str] = field(default_factory=list[str])

    @property
    def known(self) -> Conversation:
        """The conversation as the journal has it."""
        return NEW.after(self.store.memory.read(CONVERSATION))


class Desk:
    """The processes that play a plan."""

    def __init__(self, plan: Plan) -> None:
        self.played = Played(plan, Store(plan.faults), World())
        self._processes = [self._started(place) for place in range(PROCESSES)]
        self._tasks: dict[Process, list[asyncio.Task[None]]] = {}
        self._lives = 0

    def _started(self, place: int) -> Process:
        return Process(self.played.store, f"p{place}")

    async def play(self) -> Played:
        """Play the plan to its end, and then finish what was left open."""
        plan = self.played.plan
        events: list[tuple[int, int, int | Resumes | Person | Kill]] = []
        events += [(said.at, 0, number) for number, said in enumerate(plan.says)]
        events += [(other.at, 1, other) for other in plan.others]
        now = 0
        for at, _, event in sorted(events, key=lambda one: one[:2]):
            await asyncio.sleep((at - now) * STEP_S)
            now = at
            self._happen(event)
        while tasks := [task for tasks in self._tasks.values() for task in tasks if not task.done()]:
            await asyncio.wait(tasks)
        for task in [task for tasks in self._tasks.values() for task in tasks]:
            if not task.cancelled():
                task.result()
        tries = 2 + sum(fault.writes for fault in plan.faults)
        await asyncio.sleep(tries * LOOK_S)  # places in the queue that could not be given up at once
        store = self.played.store
        self.played.queued = [owner for queue in store.tickets.values() for owner in queue.values() if owner in store.alive]
        await self._finish()
        return self.played

    def _happen(self, event: int | Resumes | Person | Kill) -> None:
        match event:
            case int():
                said = self.played.plan.says[event]
                process = self._processes[said.process]
                self.played.arrived.append(event)
                task = self._begin(process, self._say(event, said, process))
                if said.cancelled is not None:
                    asyncio.get_running_loop().call_later(said.cancelled * STEP_S, task.cancel)
            case Kill():
                self._kill(event.process)
            case _:
                process = self._processes[event.process]
                self._begin(process, self._go_on(event, process))

    def _begin(self, process: Process, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(within(work))
        self._tasks.setdefault(process, []).append(task)
        return task

    def _kill(self, place: int) -> None:
        process = self._processes[place]
        process.die()
        for task in self._tasks.pop(process, ()):
            task.cancel()
        self._lives += 1
        self._processes[place] = Process(self.played.store, f"p{place}.{self._lives}")

    async def _say(self, number: int, said: Says, process: Process) -> None:
        outcomes = self.played.outcomes
        outcomes[number] = Outcome("cancelled")
        try:
            result = await self._answer(number, said, process)
        except ConversationBusy:
            outcomes[number] = Outcome("busy")
        except (JournalBusy, JournalUnwritable):
            outcomes[number] = Outcome("journal")
        except Fenced:
            outcomes[number] = Outcome("fenced")
        else:
            if result is not None:
                outcomes[number] = Outcome(_end_of(result), result.final_output or "", result.turn)

    async def _answer(self, number: int, said: Says, process: Process) -> RunResult[Any] | None:
        team = team_in(process, self.played.world)
        text, id = text_of(self.played.plan, number), id_of(self.played.plan, number)
        config = options_of(said, process)
        if said.way == "whole":
            return await Runner.run(team, text, conversation=CONVERSATION, config=config, message_id=id)
        async with Runner.stream(team, text, conversation=CONVERSATION, config=config, message_id=id) as events:
            count = 0
            async for _ in events:
                count += 1
                if said.way == "left" and count == 5:
                    return None
        return events.result

    async def _go_on(self, event: Resumes | Person, process: Process) -> None:
        step, config = self._step(process), RunConfig(journal=process)
        answers: dict[str, bool] = {}
        if isinstance(event, Person):
            answers = self.played.world.person(waiting_of(self.played.known.root))
            if not answers:
                return
        takes_over = isinstance(event, Resumes) and event.takes_over
        try:
            await Runner.resume(step, conversation=CONVERSATION, config=config, answers=answers, takeover=takes_over)
        except (JournalBusy, JournalUnwritable, Fenced):
            pass
        except UserError as error:  # nothing was said yet, or somebody else has given the answer
            if "to resume" not in str(error) and "open question" not in str(error):
                raise

    def _step(self, process: Process) -> Any:
        """Return what answers the conversation, as a process has it."""
        return team_in(process, self.played.world)

    async def _finish(self) -> None:
        """Finish what was left open, in a fresh process with a journal that works."""
        self.played.store.faults = ()
        for process in self._processes:
            process.die()
        process = Process(self.played.store, "last")
        step, config = self._step(process), RunConfig(journal=process)
        for _ in range(50):
            root = self.played.known.root
            if root.phase in ("new", "returned"):
                return
            answers = self.played.world.person(waiting_of(root))
            await within(Runner.resume(step, conversation=CONVERSATION, config=config, answers=answers))
        raise AssertionError("the conversation never ends")


async def within(work: Awaitable[Any]) -> None:
    async with asyncio.timeout(LONGEST_S):
        await work


def _end_of(result: RunResult[Any]) -> End:
    if result.final_output == WHILE_WAITING:
        return "meanwhile"
    if result.waiting:
        return "waits"
    return "interrupted" if result.interrupted else "answered"
