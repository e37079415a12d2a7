"""A process among several that answer the same conversations: it sends messages until it is killed or told to be quiet.

What happens outside of the journal is a line in a file, so that it is there after the process is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchroom import Agent, NotDone, RunConfig, Runner, Session, Team, ToolContext, tool
from switchroom.config import WHILE_WAITING, WhenBusy
from switchroom.errors import ConversationBusy, JournalBusy, RunError
from switchroom.events import RunEvent
from switchroom.journals import SqliteJournal
from switchroom.messages import Message
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.result import Waiting
from switchroom.testing import FunctionModel

LEFT_AFTER = 4
"""Events after which a caller leaves a stream, if it leaves one."""
CALLERS = 3
"""Callers in a process at the same time."""
ONCE = ("book", "pay", "send", "sign", "wire")
"""The tools that must not have their effect twice."""


@dataclass(frozen=True)
class Place:
    """Where the files are, and how many conversations there are; every fifth is had through sessions."""

    folder: Path
    conversations: int

    @property
    def url(self) -> str:
        """The URL of the journal."""
        return f"sqlite:///{self.folder / 'chats.db'}"

    def write(self, name: str, line: str, *, flush: bool = False) -> None:
        """Add a line to a file, in one piece."""
        file = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{line}\n".encode())
            if flush:
                os.fsync(file)
        finally:
            os.close(file)

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file so far."""
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def has_happened(self, key: str) -> bool:
        """Return True if the world knows of an effect."""
        return any(line.partition(" ")[2] == key for line in self.lines("effects"))

    def person(self, conversation: str, waiting: Sequence[Waiting]) -> dict[str, bool]:
        """Return a person's answers: all may be done, and what became of a call is looked up in the world."""
        return {
            one.id: one.question == "approval" or self.has_happened(f"{conversation}:{one.id.rpartition('@')[0]}")
            for one in waiting
        }


def is_session(conversation: str) -> bool:
    """Return True for the conversations that are had through sessions."""
    return int(conversation[1:]) % 5 == 0


def team_at(place: Place) -> Team:
    """Return the agents. Both call the tools that a message names, and then answer with the message's name."""

    async def does(context: ToolContext[Any], name: str) -> str:
        await asyncio.sleep(random.uniform(0, 0.03))
        place.write("effects", f"{name} {context.effect_key}", flush=True)
        await asyncio.sleep(random.uniform(0, 0.03))
        return f"{name} done"

    async def find_out(ctx: ToolContext[Any], args: dict[str, Any]) -> str | NotDone:
        return "pay done" if place.has_happened(ctx.effect_key) else NotDone()

    @tool(effect="read")
    async def look(ctx: ToolContext[Any]) -> str:
        """Look something up."""
        return await does(ctx, "look")

    @tool(effect="idempotent")
    async def save(ctx: ToolContext[Any]) -> str:
        """Save something."""
        return await does(ctx, "save")

    @tool(effect="compensable")
    async def book(ctx: ToolContext[Any]) -> str:
        """Book something."""
        return await does(ctx, "book")

    @tool(effect="irreversible", reconcile=find_out)
    async def pay(ctx: ToolContext[Any]) -> str:
        """Pay something."""
        return await does(ctx, "pay")

    @tool(effect="irreversible")
    async def send(ctx: ToolContext[Any]) -> str:
        """Send something."""
        return await does(ctx, "send")

    @tool(effect="irreversible", needs_approval=True)
    async def sign(ctx: ToolContext[Any]) -> str:
        """Sign something."""
        return await does(ctx, "sign")

    @tool(effect="irreversible")
    def wire(ctx: ToolContext[Any]) -> str:
        """Wire money, in a thread."""
        time.sleep(random.uniform(0, 0.03))
        place.write("effects", f"wire {ctx.effect_key}", flush=True)
        time.sleep(random.uniform(0, 0.03))
        return "wire done"

    @tool(effect="read")
    async def hold(ctx: ToolContext[Any]) -> str:
        """Hold the turn up until the file "go" is there."""
        place.write("effects", f"hold {ctx.effect_key}")
        while not place.lines("go"):
            await asyncio.sleep(0.01)
        return "held"

    tools = [look, save, book, pay, send, sign, wire, hold]

    def agent(name: str, other: str) -> Agent[str]:
        async def answers(request: ModelRequest) -> Reply:
            await asyncio.sleep(random.uniform(0, 0.02))
            label, done, todo = asked_in(request.messages)
            if done == len(todo):
                return f"echo {label}"
            return call(f"transfer_to_{other}", reason=label) if todo[done] == "hop" else call(todo[done])

        return Agent(name, model=FunctionModel(answers), tools=tools, handoffs=[other])

    return Team([agent("ann", "bob"), agent("bob", "ann")], name="desk")


def asked_in(messages: Sequence[Message]) -> tuple[str, int, list[str]]:
    """Return the name of the message to answer, how much of it is done, and what is to be done for it."""
    for place in range(len(messages) - 1, -1, -1):
        after = messages[place + 1] if place + 1 < len(messages) else None
        if messages[place].role == "user" and (after is None or after.text != WHILE_WAITING):
            label, *todo = messages[place].text.split()
            done = sum(1 for message in messages[place:] if message.role == "assistant" and message.calls)
            return label, done, todo
    raise AssertionError("nothing was asked")


class Worker:
    """The callers of one process.

    Args:
        place: where the files are.
        name: the name of the process.
    """

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self._name = name
        self._team = team_at(place)
        self._sent = 0
        self._sessions: dict[tuple[str, WhenBusy], Session] = {}
        self.is_quiet = False

    async def work(self) -> None:
        """Send messages until the process is to be quiet, and then wait to be ended."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._become_quiet)
        journal = SqliteJournal.at(self._place.url)
        self._note({"owner": journal.owner, "pid": os.getpid()})
        await asyncio.gather(*(self._call() for _ in range(CALLERS)))
        self._note({"quiet": journal.owner})
        while True:
            await asyncio.sleep(1)

    async def say(self, text: str) -> None:
        """Say one thing, and wait to be ended."""
        journal = SqliteJournal.at(self._place.url)
        self._note({"owner": journal.owner, "pid": os.getpid()})
        await Runner.run(self._team, text, conversation="c1", config=RunConfig(journal=journal))
        await asyncio.sleep(3600)

    def _become_quiet(self) -> None:
        self.is_quiet = True

    def _note(self, what: dict[str, Any]) -> None:
        self._place.write("log", json.dumps({"by": self._name, "at": time.time(), **what}))

    async def _call(self) -> None:
        while not self.is_quiet:
            self._sent += 1
            text, conversation, id = self._message()
            label = text.partition(" ")[0]
            busy = random.choices(["wait", "refuse", "interrupt"], [8, 1, 1])[0]
            self._note({"sent": label, "conversation": conversation, "id": id, "busy": busy})
            try:
                got = await self._answer(text, conversation, id, busy)  # pyright: ignore[reportArgumentType]
            except ConversationBusy:
                got = {"end": "busy"}
            except JournalBusy as error:
                got = {"end": "journal", "text": str(error)}
            except RunError as error:
                got = {"end": "error", "text": f"{type(error).__name__}: {error}"}
            except Exception as error:
                got = {"end": "error", "text": f"{type(error).__name__}: {error}"}
            self._note({"got": label, "conversation": conversation, **got})
            await asyncio.sleep(random.uniform(0, 0.1))

    def _message(self) -> tuple[str, str, str | None]:
        """Return a message, its conversation and its id. Some are sent by several processes under one id."""
        if random.random() < 0.15:
            number = int(time.time() * 4)
            chance = random.Random(number)
            return _text(f"shared{number}", chance), f"c{chance.randrange(self._place.conversations)}", f"id{number}"
        conversation = f"c{random.randrange(self._place.conversations)}"
        return _text(f"{self._name}-{self._sent}", random.Random()), conversation, None

    async def _answer(self, text: str, conversation: str, id: str | None, busy: WhenBusy) -> dict[str, Any]:
        way = random.choices(["whole", "stream", "left"], [6, 3, 1])[0]
        if is_session(conversation):
            return await self._reply(text, conversation, id, busy, way)
        config = RunConfig(journal=self._place.url, when_busy=busy, busy_timeout=20.0)
        if way == "whole":
            result = await Runner.run(self._team, text, conversation=conversation, config=config, message_id=id)
        else:
            async with Runner.stream(self._team, text, conversation=conversation, config=config, message_id=id) as events:
                if not await is_read(events, way == "left"):
                    return {"end": "left"}
            result = events.result
        meanwhile = result.final_output == WHILE_WAITING
        end = "meanwhile" if meanwhile else "waits" if result.waiting else "interrupted" if result.interrupted else "answered"
        return {"end": end, "text": result.final_output, "turn": result.turn}

    async def _reply(self, text: str, conversation: str, id: str | None, busy: WhenBusy, way: str) -> dict[str, Any]:
        session = self._sessions.get((conversation, busy))
        if session is None:
            session = session_at(self._place, self._team, conversation, busy)
            self._sessions[conversation, busy] = session
        if way == "whole":
            reply = await session.send(text, message_id=id)
        else:
            async with session.stream(text, message_id=id) as events:
                if not await is_read(events, way == "left"):
                    return {"end": "left"}
            reply = events.reply
        meanwhile = reply.text == WHILE_WAITING
        end = "meanwhile" if meanwhile else "waits" if reply.waiting else "fallback" if reply.fallback else "answered"
        end = "interrupted" if reply.interrupted else end
        earlier = [one.text for one in reply.earlier if not (one.interrupted or one.waiting)]
        return {"end": end, "text": reply.text, "turn": reply.turn, "earlier": earlier}


def session_at(place: Place, team: Team, conversation: str, busy: WhenBusy = "wait") -> Session:
    """Return a session of a process."""
    return Session(team, conversation=conversation, journal=place.url, when_busy=busy, busy_timeout=20.0, deadline=60.0)


async def is_read(events: AsyncIterable[RunEvent], leaves: bool) -> bool:
    """Read a stream to its end; return False if the reader leaves it before."""
    shown = 0
    async for _ in events:
        shown += 1
        if leaves and shown == LEFT_AFTER:
            return False
    return True


def _text(label: str, chance: random.Random) -> str:
    """Return a message with what is to be done for it."""
    todo = [
        chance.choice(["look", "save", "book", "pay", "send", "wire", "wire", "hop", "hop"] * 3 + ["sign"])
        for _ in range(chance.choice([0, 1, 1, 2]))
    ]
    return " ".join([label, *todo])


async def ask(place: Place, journal: SqliteJournal, conversation: str, answers: dict[str, bool]) -> None:
    """Go on with the last turn of a conversation, with a person's answers."""
    team = team_at(place)
    step: Any = session_at(place, team, conversation).graph if is_session(conversation) else team
    config = RunConfig(journal=journal, busy_timeout=20.0)
    await Runner.resume(step, conversation=conversation, config=config, answers=answers)


def serve() -> None:
    """Fork a process for each line, which is its name and what it says, if it is to say one thing; tell its process id.

    Nothing is reaped, so that no process id comes again.
    """
    place = Place(Path(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.close(0)
            name, _, says = line.strip().partition(" ")
            worker = Worker(place, name)
            asyncio.run(worker.say(says) if says else worker.work())
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    serve()
