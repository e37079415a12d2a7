"""Random callers of one conversation: what they say, from which process, how they wait, and what happens meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from switchroom import Agent, NotDone, RunConfig, Team, ToolContext, tool
from switchroom.config import WHILE_WAITING, WhenBusy
from switchroom.messages import Message
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.result import Waiting
from switchroom.testing import FunctionModel
from tests.laws.processes import Fault, Process, Trouble
from tests.laws.worlds import CONVERSATION

Way: TypeAlias = Literal["whole", "stream", "left"]
"""How an answer is taken: at once, piece by piece, or piece by piece and left after some events."""

TOOLS = ("look", "save", "book", "pay", "send", "sign")
ONCE = ("book", "pay", "send", "sign")
"""The tools that must not have their effect twice."""

PROCESSES = 3
STEP_S = 0.05


@dataclass(frozen=True)
class Says:
    """A caller says something.

    Args:
        at: when, in steps of the clock.
        process: from which process.
        todo: the tools that are called for it, one after the other; "hop" hands over to the other agent.
        way: how the answer is taken.
        busy: the option for a busy conversation.
        patience_s: the option `busy_timeout`.
        again: the number of an earlier message that is sent again under its id; None for a message of its own.
        named: the message has an id.
        cancelled: after how many steps the caller is cancelled; None for never.
    """

    at: int
    process: int
    todo: tuple[str, ...] = ()
    way: Way = "whole"
    busy: WhenBusy = "wait"
    patience_s: float = 60.0
    again: int | None = None
    named: bool = False
    cancelled: int | None = None


@dataclass(frozen=True)
class Resumes:
    """A caller goes on with the last turn; with `takes_over`, also if the turn is live."""

    at: int
    process: int
    takes_over: bool = False


@dataclass(frozen=True)
class Person:
    """A person answers what is asked, if anything is."""

    at: int
    process: int


@dataclass(frozen=True)
class Kill:
    """A process dies, and another takes its place."""

    at: int
    process: int


@dataclass(frozen=True)
class Plan:
    """What happens in a conversation."""

    says: tuple[Says, ...]
    others: tuple[Resumes | Person | Kill, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass
class World:
    """The effects that happened, by their keys, and those that the process that died had begun."""

    happened: Counter[str] = field(default_factory=Counter[str])

    async def does(self, process: Process, context: ToolContext[Any], name: str) -> str:
        """Have an effect after a while, and return after another."""
        await asyncio.sleep(0.07)
        if not process.is_alive(process.owner):
            raise ConnectionError("the process is dead")
        self.happened[context.effect_key] += 1
        await asyncio.sleep(0.07)
        return f"{name} done"

    def person(self, waiting: Sequence[Waiting]) -> dict[str, bool]:
        """Return a person's answers: all may be done, and what became of a call is looked up."""
        return {one.id: one.question == "approval" or self.happened[effect_key(one.id)] > 0 for one in waiting}


def effect_key(id: str) -> str:
    """Return the effect key of the call that a question is about."""
    return f"{CONVERSATION}:{id.rpartition('@')[0]}"


def team_in(process: Process, world: World) -> Team:
    """Return the agents as a process has them. Both do what a message says, and answer with its name."""

    @tool(effect="read")
    async def look(ctx: ToolContext[Any]) -> str:
        """Look something up."""
        return await world.does(process, ctx, "look")

    @tool(effect="idempotent")
    async def save(ctx: ToolContext[Any]) -> str:
        """Save something."""
        return await world.does(process, ctx, "save")

    @tool(effect="compensable")
    async def book(ctx: ToolContext[Any]) -> str:
        """Book something."""
        return await world.does(process, ctx, "book")

    async def find_out(ctx: ToolContext[Any], args: dict[str, Any]) -> str | NotDone:
        await asyncio.sleep(0.01)
        return "pay done" if world.happened[ctx.effect_key] else NotDone()

    @tool(effect="irreversible", reconcile=find_out)
    async def pay(ctx: ToolContext[Any]) -> str:
        """Pay something."""
        return await world.does(process, ctx, "pay")

    @tool(effect="irreversible")
    async def send(ctx: ToolContext[Any]) -> str:
        """Send something."""
        return await world.does(process, ctx, "send")

    @tool(effect="irreversible", needs_approval=True)
    async def sign(ctx: ToolContext[Any]) -> str:
        """Sign something."""
        return await world.does(process, ctx, "sign")

    def agent(name: str, other: str) -> Agent[str]:
        async def answers(request: ModelRequest) -> Reply:
            await asyncio.sleep(0.03)
            label, done, todo = asked_in(request.messages)
            if done == len(todo):
                return f"echo {label}"
            return call(f"transfer_to_{other}", reason=label) if todo[done] == "hop" else call(todo[done])

        return Agent(name, model=FunctionModel(answers), tools=[look, save, book, pay, send, sign], handoffs=[other])

    return Team([agent("ann", "bob"), agent("bob", "ann")], name="desk")


def asked_in(messages: Sequence[Message]) -> tuple[str, int, list[str]]:
    """Return the name of the message to answer, how much of it is done, and what is to be done for it.

    A message that was answered while a person was asked stands before the answer that it got.
    """
    for place in range(len(messages) - 1, -1, -1):
        after = messages[place + 1] if place + 1 < len(messages) else None
        if messages[place].role == "user" and (after is None or after.text != WHILE_WAITING):
            label, *todo = messages[place].text.split()
            done = sum(1 for message in messages[place:] if message.role == "assistant" and message.calls)
            return label, done, todo
    raise AssertionError("nothing was asked")


def text_of(plan: Plan, number: int) -> str:
    """Return the text of a message."""
    said = plan.says[number]
    return text_of(plan, said.again) if said.again is not None else " ".join([f"m{number}", *said.todo])


def id_of(plan: Plan, number: int) -> str | None:
    """Return the id of a message."""
    said = plan.says[number]
    if said.again is not None:
        return id_of(plan, said.again)
    return f"id{number}" if said.named else None


def options_of(said: Says, process: Process) -> RunConfig:
    """Return the options with which a caller runs."""
    return RunConfig(journal=process, when_busy=said.busy, busy_timeout=said.patience_s)


@st.composite
def plans(draw: st.DrawFn, *, calm: bool = False) -> Plan:
    """Return a strategy of plans; in calm ones the journal works and no process dies."""
    count = draw(st.integers(2, 5))
    moments = st.integers(0, 20)
    says: list[Says] = []
    for number in range(count):
        named = [earlier for earlier, said in enumerate(says) if said.named and said.again is None]
        again = draw(st.sampled_from([None, *named])) if named else None
        says.append(
            Says(
                draw(moments),
                draw(st.integers(0, PROCESSES - 1)),
                tuple(draw(st.lists(st.sampled_from([*TOOLS, "hop"]), max_size=2))),
                draw(st.sampled_from(["whole", "whole", "stream", "left"])),
                draw(st.sampled_from(["wait", "wait", "wait", "refuse", "interrupt"])),
                draw(st.sampled_from([60.0, 60.0, 0.4])),
                again,
                again is not None or draw(st.booleans()),
                draw(st.sampled_from([None, None, None, 1, 2, 3, 5, 8])),
            )
        )
        assert number < count
    if calm:
        return Plan(tuple(says))
    others: list[Resumes | Person | Kill] = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["resume", "takeover", "person", "person", "kill", "kill"]))
        at, process = draw(moments), draw(st.integers(0, PROCESSES - 1))
        match kind:
            case "person":
                others.append(Person(at, process))
            case "kill":
                others.append(Kill(at, process))
            case _:
                others.append(Resumes(at, process, kind == "takeover"))
    troubles: list[Trouble] = ["slow", "slow", "busy", "unwritable"]
    faults = tuple(
        Fault(draw(st.integers(1, 40)), draw(st.sampled_from([1, 1, 2, 5])), draw(st.sampled_from(troubles)))
        for _ in range(draw(st.integers(0, 2)))
    )
    return Plan(tuple(says), tuple(others), faults)
