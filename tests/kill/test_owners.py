"""Processes killed and stopped at random over one file: each message has its own answer, and no effect happens twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from switchroom.conversation import NEW
from switchroom.errors import ConversationBusy, Fenced, UserError
from switchroom.events import (
    AnsweredWhileWaiting,
    AttemptReleased,
    EffectCleared,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    StepFailed,
    StepReturned,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
    TurnCut,
    TurnStarted,
)
from switchroom.journals import Conversations, SqliteJournal
from switchroom.result import waiting_of
from tests.kill.chaos import ONCE, Place, ask, is_session

ROOT = Path(__file__).parent.parent.parent
TAKEOVER_S = 10.0
"""Seconds in which a waiting caller has to take over a killed owner's turn: ten times what is promised."""


@dataclass
class Life:
    """A process, from its beginning to its end.

    Attributes:
        owner: the id of the process at the journal.
        killed: when the process was killed, in seconds since the epoch.
        stopped: the times between which the process was stopped.
    """

    name: str
    pid: int
    owner: str = ""
    killed: float | None = None
    stopped: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])


class Harness:
    """Starts, stops and kills processes, and answers what a person is asked."""

    def __init__(self, place: Place, processes: int, seed: int) -> None:
        self.place = place
        self.lives: list[Life] = []
        self.running: list[Life] = []
        self.held: list[tuple[float, Life]] = []
        self.waited: dict[tuple[str, float], str] = {}
        self.questions: Counter[str] = Counter()
        self._chance = random.Random(seed)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.chaos", str(place.folder), str(place.conversations)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.journal = SqliteJournal.at(place.url)
        for _ in range(processes):
            self._start()

    def _start(self) -> None:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        name = f"p{len(self.lives)}"
        self._nursery.stdin.write(f"{name}\n")
        self._nursery.stdin.flush()
        life = Life(name, int(self._nursery.stdout.readline()))
        self.lives.append(life)
        self.running.append(life)

    async def torment(self, seconds: float) -> None:
        """Kill and stop processes at random for a while; a killed one is replaced by another."""
        end = time.time() + seconds
        while time.time() < end:
            await asyncio.sleep(self._chance.uniform(0.02, 0.3))
            self._let_go_on(time.time())
            self._learn_owners()
            free = [life for life in self.running if life.owner and all(life is not held for _, held in self.held)]
            if not free:
                continue
            life = self._chance.choice(free)
            if self._chance.random() < 0.75:
                self._kill(life)
                self._start()
            else:
                now = time.time()
                os.kill(life.pid, signal.SIGSTOP)
                until = now + self._chance.choice([0.05, 0.3, 1.0, 2.0])
                self.held.append((until, life))
                life.stopped.append((now, now))

    def _kill(self, life: Life) -> None:
        os.kill(life.pid, signal.SIGKILL)
        life.killed = time.time()
        self.running.remove(life)
        stopped = {held.owner for _, held in self.held}
        owners = {other.owner for other in self.running}
        with closing(sqlite3.connect(self.place.folder / "chats.db", timeout=5)) as db:
            rows = db.execute("SELECT conversation, owner FROM tickets ORDER BY number DESC").fetchall()
        for conversation, owner in rows:  # the first in the queue comes last
            if owner in owners and owner not in stopped:
                self.waited[conversation, life.killed] = owner
            elif owner in stopped:
                self.waited.pop((conversation, life.killed), None)

    def _let_go_on(self, now: float) -> None:
        for until, life in list(self.held):
            if until <= now:
                os.kill(life.pid, signal.SIGCONT)
                life.stopped[-1] = (life.stopped[-1][0], time.time())
                self.held.remove((until, life))

    def _learn_owners(self) -> None:
        known = {life.name: life for life in self.lives}
        for line in self.log():
            if "owner" in line:
                known[line["by"]].owner = line["owner"]

    def log(self) -> list[dict[str, Any]]:
        """Return what the processes said so far."""
        return [json.loads(line) for line in self.place.lines("log")]

    async def be_the_person(self) -> None:
        """Answer what is asked, until cancelled."""
        conversations = Conversations(self.journal)
        while True:
            for one in await conversations.list(waiting=True, limit=20):
                await self._answer(one.id)
            await asyncio.sleep(0.05)

    async def _answer(self, conversation: str) -> None:
        waiting = await Conversations(self.journal).waiting(conversation)
        answers = self.place.person(conversation, waiting)
        try:
            await ask(self.place, self.journal, conversation, answers)
        except (ConversationBusy, Fenced, UserError) as error:  # somebody else went on with the turn meanwhile
            self.questions[type(error).__name__] += 1
        else:
            self.questions.update(one.question for one in waiting)

    async def quiet(self) -> list[str]:
        """Let all processes end what they do; return the owners that still have a place in a queue."""
        self._let_go_on(float("inf"))
        await self._said("owner")
        for life in self.running:
            os.kill(life.pid, signal.SIGTERM)
        await self._said("quiet")
        self._learn_owners()
        living = {life.owner for life in self.running} | {self.journal.owner}
        with closing(sqlite3.connect(self.place.folder / "chats.db", timeout=5)) as db:
            return [owner for (owner,) in db.execute("SELECT owner FROM tickets") if owner in living]

    async def _said(self, what: str) -> None:
        end = time.time() + 60
        names = {life.name for life in self.running}
        while names - {line["by"] for line in self.log() if what in line}:
            assert time.time() < end, f"processes never said '{what}'; callers that wait: {self.open_calls()}"
            await asyncio.sleep(0.1)

    def open_calls(self) -> list[dict[str, Any]]:
        """Return the messages of living processes that have neither an answer nor an error."""
        names = {life.name for life in self.running}
        open_calls: dict[tuple[str, str], dict[str, Any]] = {}
        for line in self.log():
            if "sent" in line:
                open_calls[line["by"], line["sent"]] = line
            elif "got" in line:
                open_calls.pop((line["by"], line["got"]), None)
        return [line for (by, _), line in open_calls.items() if by in names]

    async def finish(self) -> None:
        """Go on with every conversation until nothing of it is open."""
        for conversation in self.journal.conversations():
            for _ in range(50):
                root = NEW.after(await _read(self.journal, conversation)).root
                if root.phase == "returned":
                    break
                self.questions.update(one.question for one in waiting_of(root))
                await ask(self.place, self.journal, conversation, self.place.person(conversation, waiting_of(root)))
            else:
                raise AssertionError(f"conversation {conversation} never ends")

    def close(self) -> None:
        """End all processes that were started here."""
        for life in self.running:
            with suppress(ProcessLookupError):
                os.kill(life.pid, signal.SIGKILL)
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait()
        self._nursery.stdout.close()
        self.journal.close()


async def _read(journal: SqliteJournal, conversation: str) -> list[RunEvent]:
    events = journal.read(conversation)
    return events if isinstance(events, list) else await events


@contextmanager
def harness_at(folder: Path, processes: int, conversations: int, seed: int) -> Iterator[Harness]:
    """Give a harness, and end its processes afterwards."""
    harness = Harness(Place(folder, conversations), processes, seed)
    try:
        yield harness
    finally:
        harness.close()


# checks ----------------------------------------------------------------------------------------------------------------


def check_the_answers(harness: Harness) -> Counter[str]:
    """Each caller got the answer to its own message, or an error; count what they got."""
    ends: Counter[str] = Counter()
    messages = {line["sent"]: line for line in harness.log() if "sent" in line}
    for line in harness.log():
        if "got" not in line:
            continue
        ends[line["end"]] += 1
        assert line["end"] not in ("error", "journal"), line
        if line["end"] == "answered" and not is_session(line["conversation"]):
            assert line["text"] == f"echo {line['got']}", line
        elif line["end"] == "answered":
            assert line["text"].split("\n")[-1] == f"echo {line['got']}", line
        for text in line.get("earlier", ()):
            label = text.split("\n")[-1].removeprefix("echo ")
            assert messages[label]["by"] == line["by"], line
            ends["earlier"] += 1
    return ends


def check_the_turns(conversation: str, events: list[RunEvent], lives: dict[str, Life]) -> int:
    """Turns follow one another, each answers its own message, and only a dead owner's turn was taken over; count the turns."""
    turns = 0
    label, output, owner, is_live = "", None, "", False
    recorded: Counter[str] = Counter()
    for place, event in enumerate(events):
        assert event.seq == place + 1
        match event.fact:
            case TurnStarted() as started:
                if is_live and started.owner != owner:
                    killed = lives[owner].killed
                    assert killed is not None, f"{conversation}: the turn of a living process was taken over"
                    assert event.at >= killed - 0.5, f"{conversation}: a turn was taken over before its owner was killed"
                if started.attempt == 1:
                    assert turns == 0 or output is not None, f"{conversation}: turn {turns} has no answer"
                    turns += 1
                    assert started.turn == turns
                    label, output = started.messages[0].text.partition(" ")[0], None
                    recorded[label] += 1
                owner, is_live = started.owner, True
            case AttemptReleased():
                is_live = False
            case AnsweredWhileWaiting(message=message):
                recorded[message.text.partition(" ")[0]] += 1
            case StepReturned(output=text) if event.path.count("/") == 1:
                assert output is None, f"{conversation}: turn {turns} returned twice"
                output, is_live = text, False
                assert _is_answer(text, label, events), f"{conversation}: {label} got {text!r}"
            case StepFailed() if event.path.count("/") == 1:
                is_live = False
            case _:
                pass
    assert output is not None
    assert all(count == 1 for count in recorded.values()), f"{conversation}: {recorded}"
    return turns


def _is_answer(text: Any, label: str, events: list[RunEvent]) -> bool:
    """Return True for the answer to a message, or what of it had been shown when it was interrupted."""
    return text.split("\n")[-1] == f"echo {label}" or text == "" or any(isinstance(e.fact, TurnCut) for e in events)


def check_the_unknown(conversation: str, events: list[RunEvent]) -> Counter[str]:
    """A call that must not happen twice begins anew only when it is clear that it did not happen; count how that was found."""
    found: Counter[str] = Counter()
    unknown: dict[tuple[str, int], str] = {}
    for event in events:
        match event.fact:
            case ToolStarted(index=index, tool=name) if name in ONCE:
                assert (event.path, index) not in unknown, f"{conversation}: {name} began twice at {event.path}"
                unknown[event.path, index] = name
            case ToolReturned(index=index) | ToolReturnedLate(index=index) | ToolSuspended(index=index):
                unknown.pop((event.path, index), None)
            case EffectCleared(index=index, tool=name):
                found[f"{name} reconciled"] += 1
                unknown.pop((event.path, index), None)
            case PersonAsked(question="unknown_effect", tool=name):
                found[f"{name} put to a person"] += 1
                assert name != "pay"
            case PersonAnswered(index=index):
                unknown.pop((event.path, index), None)
            case _:
                pass
    return found


def takeovers(harness: Harness) -> list[float]:
    """Return the seconds after which a caller that waited took over the turn of a killed owner."""
    lives = {life.owner: life for life in harness.lives}
    seconds: list[float] = []
    for (conversation, at), waiter in harness.waited.items():
        killed = next(life for life in harness.lives if life.killed == at)
        life = lives[waiter]
        last: RunEvent | None = None
        ended = False
        for event in harness.journal.read(conversation):
            match event.fact:
                case TurnStarted(owner=owner) if event.at > at:
                    if last is not None and not ended and owner != killed.owner:
                        until = event.at
                        quiet = (life.killed or until) >= until and not any(a < until and b > at for a, b in life.stopped)
                        if quiet and last.fact.owner == killed.owner:  # pyright: ignore[reportAttributeAccessIssue]
                            seconds.append(event.at - at)
                    break
                case TurnStarted():
                    last, ended = event, False
                case AttemptReleased():
                    ended = True
                case StepReturned() | StepFailed() if event.path.count("/") == 1:
                    ended = True
                case _:
                    pass
    return seconds


async def run_chaos(folder: Path, seconds: float, processes: int, conversations: int, seed: int) -> dict[str, Any]:
    """Let processes answer conversations while they are killed and stopped, check what came of it, and return the figures."""
    with harness_at(folder, processes, conversations, seed) as harness:
        person = asyncio.ensure_future(harness.be_the_person())
        try:
            await harness.torment(seconds)
            left = await harness.quiet()
            assert not harness.open_calls(), "messages of living processes have no answer"
        finally:
            person.cancel()
            await asyncio.wait([person])
        assert not left, "living processes left places in queues"
        for life in harness.running:
            os.kill(life.pid, signal.SIGKILL)
            life.killed = time.time()
        await harness.finish()
        ends = check_the_answers(harness)
        lives = {life.owner: life for life in harness.lives}
        found: Counter[str] = Counter()
        turns = 0
        for conversation in harness.journal.conversations():
            events = await _read(harness.journal, conversation)
            turns += check_the_turns(conversation, events, lives)
            found += check_the_unknown(conversation, events)
        effects = Counter(harness.place.lines("effects"))
        twice = [line for line, count in effects.items() if count > 1 and line.partition(" ")[0] in ONCE]
        assert not twice, f"effects happened twice: {twice}"
        with closing(sqlite3.connect(folder / "chats.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        waits = takeovers(harness)
        assert all(wait < TAKEOVER_S for wait in waits), waits
        return {
            "turns": turns,
            "kills": sum(life.killed is not None for life in harness.lives) - len(harness.running),
            "stops": sum(len(life.stopped) for life in harness.lives),
            "effects": sum(count for line, count in effects.items() if line.partition(" ")[0] in ONCE),
            "effects twice": len(twice),
            "callers": dict(ends),
            "unknown effects": dict(found),
            "a person answered": dict(harness.questions),
            "takeovers": len(waits),
            "takeover, longest ms": round(max(waits, default=0) * 1000),
            "takeover, median ms": round(statistics.median(waits) * 1000) if waits else 0,
        }


@pytest.mark.timeout(180)
async def test_four_processes_that_are_killed_and_stopped_lose_nothing_and_do_nothing_twice(tmp_path: Path):
    figures = await run_chaos(tmp_path, 8.0, 4, 8, seed=1)

    assert figures["turns"] > 20
    assert figures["kills"] > 5


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_ten_processes_over_fifty_conversations_for_two_minutes(tmp_path: Path):
    figures = await run_chaos(
        tmp_path, float(os.environ.get("CHAOS_S", "120")), 10, 50, seed=int(os.environ.get("CHAOS_SEED", "2"))
    )

    print(json.dumps(figures, indent=2))
    assert figures["turns"] > 200
