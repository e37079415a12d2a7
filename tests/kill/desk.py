"""The conversation that is killed: effects of each class, calls side by side, a handoff, approvals, a run inside a tool.

All that happens outside of the journal is a line in a file, so that it can be counted after the process is gone. Models and
tools keep nothing: they go by what they read.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from switchroom import Agent, Message, NotDone, RunConfig, Runner, RunResult, Team, ToolContext, tool
from switchroom.events import RunEvent
from switchroom.journals import SqliteJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.testing import FunctionModel

CONVERSATION = "kill"
QUESTION = "I was charged twice."
ONCE = ("reserve", "announce", "charge", "refund", "sign_off", "settle", "mail")
"""The tools that must not have their effect twice."""


def die() -> None:
    """End this process as a crash does: nothing is flushed, closed or unwound."""
    os.kill(os.getpid(), signal.SIGKILL)


class World:
    """What is outside of the process, and when it is to die.

    Args:
        folder: where the files are.
        death: {"before": n} or {"after": n}: the append of entry n; {"within": tool, "done": bool}: a tool's effect;
            {"commit": n}: the n-th write of several entries, half done; {"every": n}: the n-th append.
    """

    def __init__(self, folder: Path, death: Mapping[str, Any]) -> None:
        self.folder = folder
        self.death = death

    def write(self, name: str, line: str) -> None:
        """Add a line to a file, in one piece."""
        file = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{line}\n".encode())
        os.close(file)

    def lines(self, name: str) -> list[str]:
        """The lines of a file so far."""
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def does(self, tool: str, key: str) -> str:
        """A tool's effect, with a death before or after it."""
        within = self.death.get("within") == tool
        if within and not self.death["done"]:
            die()
        self.write("effects", f"{tool} {key}")
        if within:
            die()
        return f"done:{tool}"


world = World(Path(), {})


class DeadlyJournal:
    """A journal under which the process dies at a chosen entry."""

    keeps = True
    waits = False

    def __init__(self, file: Path, death: Mapping[str, Any]) -> None:
        self._journal = SqliteJournal(file)
        self._death = death
        self._appends = 0

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        """Keep events, or die before or after."""
        if any(event.seq == self._death.get("before") for event in events):
            die()
        self._journal.append(conversation, events)
        self._appends += 1
        if any(event.seq == self._death.get("after") for event in events):
            die()
        if self._appends == self._death.get("every"):
            die()

    def read(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events."""
        return self.read_sync(conversation, after)

    def read_sync(self, conversation: str, after: int = 0) -> list[RunEvent]:
        """The events, as of a journal that nothing is in the way of."""
        return self._journal.read_sync(conversation, after)


@tool(effect="read")
async def look_up(ctx: ToolContext[Any], invoice: str) -> str:
    """Look up an invoice."""
    if invoice == "A":
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    world.does("look_up", ctx.effect_key)
    return f"done:look_up_{invoice} {'.' * 70_000 if invoice == 'B' else ''}"


@tool(effect="read")
async def tariff(ctx: ToolContext[Any]) -> str:
    """Look up the tariff."""
    return world.does("tariff", ctx.effect_key)


@tool(effect="idempotent")
async def remember(ctx: ToolContext[Any]) -> str:
    """Remember the customer's wish."""
    return world.does("remember", ctx.effect_key)


@tool(effect="idempotent")
def tidy(ctx: ToolContext[Any]) -> str:
    """Tidy up, in a thread."""
    return world.does("tidy", ctx.effect_key)


@tool(effect="compensable")
async def reserve(ctx: ToolContext[Any]) -> str:
    """Reserve a credit."""
    await asyncio.sleep(0)
    return world.does("reserve", ctx.effect_key)


@tool(effect="irreversible")
async def announce(ctx: ToolContext[Any]) -> str:
    """Announce the matter."""
    return world.does("announce", ctx.effect_key)


@tool
async def charge(ctx: ToolContext[Any]) -> str:
    """Charge the right amount. No effect is declared, so it counts as irreversible."""
    return world.does("charge", ctx.effect_key)


@tool(effect="irreversible", needs_approval=True)
async def refund(ctx: ToolContext[Any]) -> str:
    """Refund the wrong amount."""
    return world.does("refund", ctx.effect_key)


@tool(effect="idempotent", needs_approval=True)
async def waive(ctx: ToolContext[Any]) -> str:
    """Waive the fee."""
    return world.does("waive", ctx.effect_key)


@tool(effect="compensable", needs_approval=True)
async def sign_off(ctx: ToolContext[Any]) -> str:
    """Sign the case off."""
    return world.does("sign_off", ctx.effect_key)


@tool(effect="irreversible")
async def settle(ctx: ToolContext[Any]) -> str:
    """Settle the case once the auditor has signed it off."""
    await Runner.run(auditor, "Is the case in order?")
    return world.does("settle", ctx.effect_key)


async def was_mailed(ctx: ToolContext[Any], args: Mapping[str, Any]) -> Any:
    """Whether the mail went out before the crash: the mail server knows."""
    return "done:mail" if f"mail {ctx.effect_key}" in world.lines("effects") else NotDone()


@tool(effect="irreversible", reconcile=was_mailed)
async def mail(ctx: ToolContext[Any]) -> str:
    """Mail a confirmation."""
    return world.does("mail", ctx.effect_key)


ROUNDS: dict[str, list[list[Any]]] = {
    "desk": [
        [
            call("look_up", invoice="A"),
            call("look_up", invoice="B"),
            call("remember"),
            call("tidy"),
            call("reserve"),
            call("advisor", input="What would the tariff be?"),
        ],
        [call("announce"), call("transfer_to_billing", reason="invoices")],
    ],
    "advisor": [[call("tariff")]],
    "auditor": [[call("sign_off")]],
    "billing": [[call("charge"), call("refund"), call("settle"), call("waive"), call("mail")]],
}


def answers(request: ModelRequest) -> Reply:
    """The next answer of whoever is asked, under a label that no other has."""
    said = sum(message.role == "assistant" and message.agent == request.agent for message in request.messages)
    label = f"{request.agent}:{said}"
    world.write("asked", label)
    rounds = ROUNDS[request.agent]
    return [label, *rounds[said]] if said < len(rounds) else f"{label} {', '.join(known(request.messages))}"


def known(messages: Sequence[Message]) -> list[str]:
    """What was done, by the results of tools; a person who confirms a call says its result."""
    texts = [message.text for message in messages if message.role == "tool"]
    return sorted(set(re.findall(r"done:(\w+)", " ".join(texts))))


model = FunctionModel(answers)
advisor = Agent("advisor", tools=[tariff], model=model, description="knows the tariffs")
auditor = Agent("auditor", tools=[sign_off], model=model)
billing = Agent("billing", tools=[charge, refund, settle, waive, mail], model=model)
desk = Agent("desk", tools=[look_up, remember, tidy, reserve, announce, advisor], handoffs=["billing"], model=model)
team = Team([desk, billing], entry="desk")


def live(folder: Path, said: str | None, given: Mapping[str, Any], death: Mapping[str, Any]) -> dict[str, Any]:
    """One process's share of the conversation: say something, or go on with what was said, with a person's answers."""
    global world
    world = World(folder, death)
    if "commit" in death:
        watch_commits(death["commit"])
    config = RunConfig(journal=DeadlyJournal(folder / "journal.db", death))
    answered = {id: (bool(yes), str(note)) for id, (yes, note) in given.items()}

    async def run() -> RunResult[Any]:
        if said is not None:
            return await Runner.run(team, said, conversation=CONVERSATION, config=config)
        return await Runner.resume(team, conversation=CONVERSATION, config=config, answers=answered)

    result = asyncio.run(run())
    return {
        "output": result.final_output,
        "agent": result.last_agent.name if result.last_agent else "",
        "waiting": [(asked.id, asked.tool, asked.question) for asked in result.waiting],
    }


def watch_commits(deadly: int) -> None:
    """Die when several entries are written and not yet committed, the given time it comes to that in the conversation."""
    connect = sqlite3.connect

    def watched(statement: str) -> None:
        if statement == "COMMIT":
            world.write("commits", statement)
            if len(world.lines("commits")) == deadly:
                die()

    def connecting(*args: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*args, **options)
        database.set_trace_callback(watched)
        return database

    sqlite3.connect = connecting
