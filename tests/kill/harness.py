"""Starts processes over one journal, kills and stops them at random, and answers what a person is asked."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from switchroom.conversation import NEW
from switchroom.errors import ConversationBusy, Fenced, UserError
from switchroom.journals import Conversations, SqliteJournal
from switchroom.journals.database import settled
from switchroom.result import waiting_of
from tests.kill.chaos import Place, ask

ROOT = Path(__file__).parent.parent.parent


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

    def was_free(self, since: float, until: float) -> bool:
        """Return True if the process was neither killed nor stopped between two times."""
        return (self.killed or until) >= until and not any(begin < until and end > since for begin, end in self.stopped)


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
            self.start()

    def start(self, says: str = "") -> Life:
        """Start a process, which sends messages until it ends, or says one thing."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        name = f"p{len(self.lives)}"
        self._nursery.stdin.write(f"{name} {says}\n")
        self._nursery.stdin.flush()
        life = Life(name, int(self._nursery.stdout.readline()))
        self.lives.append(life)
        self.running.append(life)
        return life

    async def torment(self, seconds: float) -> None:
        """Kill and stop processes at random for a while; a killed one is replaced by another."""
        end = time.time() + seconds
        while time.time() < end:
            await asyncio.sleep(self._chance.uniform(0.02, 0.3))
            self._let_go_on(time.time())
            self.learn_owners()
            free = [life for life in self.running if life.owner and all(life is not held for _, held in self.held)]
            if not free:
                continue
            life = self._chance.choice(free)
            if self._chance.random() < 0.75:
                self.kill(life)
                self.start()
            else:
                now = time.time()
                os.kill(life.pid, signal.SIGSTOP)
                until = now + self._chance.choice([0.05, 0.3, 1.0, 2.0])
                self.held.append((until, life))
                life.stopped.append((now, now))

    def kill(self, life: Life) -> None:
        """Kill a process, and note which callers waited at that moment."""
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

    def learn_owners(self) -> None:
        """Read which owner ids the processes have."""
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
        self.learn_owners()
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
                root = NEW.after(await settled(self.journal.read(conversation))).root
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


@contextmanager
def harness_at(folder: Path, processes: int, conversations: int, seed: int) -> Generator[Harness]:
    """Give a harness, and end its processes afterwards."""
    harness = Harness(Place(folder, conversations), processes, seed)
    try:
        yield harness
    finally:
        harness.close()
