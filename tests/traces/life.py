"""One life of a conversation over HTTP: it is taken up where it is, and goes on until it is over or the process dies.

As a program it forks such lives, one for each order on stdin, and says on stdout how each ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from switchroom import RunConfig, Runner, RunResult
from switchroom.events import PersonAnswered, RunEvent, TextDelta, ToolReturned, TurnStarted
from switchroom.journals import SqliteJournal
from switchroom.models import OpenAIChat, OpenAIResponses
from tests.kill.desk import DeadlyJournal, die
from tests.servers.asked import Api
from tests.traces.desk import Desk, Ledger
from tests.traces.recordings import ENTRY, Recording, airline

ROOT = Path(__file__).parents[2]

Moment: TypeAlias = Literal["before a fact", "after a fact", "before an effect", "after an effect", "while speaking"]
Kept: TypeAlias = SqliteJournal | DeadlyJournal
End: TypeAlias = Literal["over", "killed", "failed"]


@dataclass(frozen=True)
class Order:
    """What a life is to do.

    Args:
        folder: where the journal and the ledger are.
        id: the recording.
        url: where its model is.
        api: how that is spoken to.
        moment: when the life ends.
        count: how many of its kind this life sees; 0 lets it live.
    """

    folder: str
    id: str
    url: str
    api: Api
    moment: Moment = "after a fact"
    count: int = 0


def recorded(id: str) -> Recording:
    """The conversation of that name."""
    return next(recording for recording in airline() if recording.id == id)


def ledger_of(folder: str) -> Path:
    """Where a conversation's effects are kept."""
    return Path(folder) / "ledger"


def journal_of(folder: str) -> Path:
    """Where a conversation's facts are kept."""
    return Path(folder) / "journal.db"


class DeadlyLedger(Ledger):
    """A ledger at which the process dies, before or after an effect."""

    def __init__(self, order: Order) -> None:
        super().__init__(ledger_of(order.folder))
        self._order = order
        self._effects = 0

    def write(self, line: str) -> None:
        """Add an effect, or die before or after."""
        self._effects += 1
        now = self._effects == self._order.count
        if now and self._order.moment == "before an effect":
            die()
        super().write(line)
        if now and self._order.moment == "after an effect":
            die()


async def go_on(order: Order, journal: Kept, ledger: Ledger, listener: Callable[[RunEvent], None]) -> None:
    """Finish the turn that is unfinished, then say what the customer says next, until nothing is left to say."""
    recording = recorded(order.id)
    model = {"chat": OpenAIChat, "responses": OpenAIResponses}[order.api]("gpt-test", base_url=order.url, api_key="any")
    config = RunConfig(model=model, journal=journal, max_turns=1000, listeners=(listener,))
    team = Desk(recording, ledger).team

    async def finished(turn: Awaitable[RunResult[Any]]) -> None:
        result = await turn
        while result.waiting:
            [question] = result.waiting
            assert question.question == "unknown_effect"
            answers = {question.id: word(order, journal, ledger)}
            result = await Runner.resume(team, conversation=order.id, config=config, answers=answers)

    begun = sum(isinstance(event.fact, TurnStarted) and event.fact.attempt == 1 for event in journal.read_sync(order.id))
    if begun:
        await finished(Runner.resume(team, conversation=order.id, config=config))
    for turn in recording.turns[begun:]:
        await finished(Runner.run(team, turn.said, conversation=order.id, config=config))


def word(order: Order, journal: Kept, ledger: Ledger) -> tuple[bool, str]:
    """A person's word for the effect that is unknown: whether the ledger has one more than the journal, and what it told."""
    known = 0
    for event in journal.read_sync(order.id):
        match event.fact:
            case ToolReturned(agent=agent):
                known += agent != ENTRY
            case PersonAnswered(yes=True):
                known += 1
            case _:
                pass
    happened = len(ledger.lines) > known
    return happened, recorded(order.id).effects[known].observation if happened else ""


def live(order: Order) -> None:
    """Live until the moment has come, then die as a process does that is killed."""
    file = journal_of(order.folder)
    entries = DeadlyJournal(file, {}).read(order.id)
    at = {"before a fact": "before", "after a fact": "after"}.get(order.moment)
    journal = DeadlyJournal(file, {at: len(entries) + order.count} if at else {})
    pieces = 0

    def listener(event: RunEvent) -> None:
        nonlocal pieces
        pieces += isinstance(event.fact, TextDelta)
        if order.moment == "while speaking" and pieces == order.count:
            die()

    asyncio.run(go_on(order, journal, DeadlyLedger(order), listener))


@asynccontextmanager
async def lives() -> AsyncGenerator[Callable[[Order], Awaitable[End]]]:
    """A clean process that has all loaded and forks one for each life: a function that has one lived, and says how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.traces.life", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    async def lived(order: Order) -> End:
        stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        return json.loads(await stdout.readline())

    try:
        yield lived
    finally:
        stdin.close()
        await process.wait()


def fork_for_each_order() -> None:
    """Fork for each order, wait, and say how the life ended."""
    import openai as openai  # once, and not in each life anew

    airline()
    gc.collect()
    gc.freeze()  # a collection in a forked process leaves alone what it shares with this one
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(Order(**json.loads(line)))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        end: End = "killed" if os.WIFSIGNALED(status) else "failed" if os.WEXITSTATUS(status) else "over"
        print(json.dumps(end), flush=True)


if __name__ == "__main__":
    fork_for_each_order()
