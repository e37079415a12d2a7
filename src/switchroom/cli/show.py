"""The demonstration: customers who play themselves, a process that is killed, and the desk's books as witness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from supportgenie.policy import dollars
from supportgenie.state import CustomerState
from switchroom.cli import faults
from switchroom.cli.dialogue import Dialogue, Wish, question
from switchroom.cli.report import report
from switchroom.cli.screen import Screen, console, shape_of
from switchroom.cli.script import Customers
from switchroom.cli.stage import Stage
from switchroom.cli.terminal import NO, YES, Left
from switchroom.cli.turns import Line, Turn
from switchroom.cli.victim import Victim
from switchroom.events import HandoffCommitted, RunEvent, StepReturned, TextDelta, ToolReturned

PACES: dict[type[Any], float] = {TextDelta: 0.012, HandoffCommitted: 0.25, ToolReturned: 0.15, StepReturned: 0.3}
"""Seconds that a person at a terminal gets to see each kind of event."""
PATIENCE = 5.0
"""Seconds that all of these may take together; then the rest is shown as it comes."""


@dataclass(frozen=True)
class Customer:
    """Who writes to the desk, and what; the id is of the account whose owner has signed in at the shop, if somebody has."""

    name: str
    tier: str
    messages: tuple[str, ...]
    id: str = ""

    @property
    def known(self) -> CustomerState:
        """What the shop tells the desk of them."""
        return CustomerState(name=self.name if self.tier else "", tier=self.tier, customer_id=self.id)


JOHN = Customer("John Smith", "gold", ("Hi, I want to cancel order 370795561790, please.",), "C1001")
ANN = Customer("Ann Ortega", "gold", ("I was charged twice for order 900100200302. I want my money back!",), "C1006")
GRACE = Customer(
    "Grace Hawkings",
    "platinum",
    ("My Phone 6 won't start any more.", "I tried all of that. It is still dead, I need a person."),
    "C1003",
)
VISITOR = Customer("Robert Jones", "standard", ("where is my order 732201349959?",), "C1002")
"""As whom the visitor writes."""


class Show:
    """Plays customers on a stage, at a pace that can be followed on a terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stage = Stage(folder)
        talk, shape = console(sys.stdout), shape_of(sys.stdout)
        self._screen = Screen(talk, sys.stdout, "wrapped" if shape == "raw" else shape)
        self._patience = PATIENCE if shape == "live" else 0.0
        self._began = time.monotonic()
        self._turns: list[dict[str, Any]] = []
        self.failed = False

    async def built_in(self) -> None:
        """Three customers; in the middle of the second one's turn the process dies."""
        self._say(f"{self._stage.app.honest}\nThe three customers have signed in at the shop.", "dim")
        victim = await Victim.started(self._folder, "ann", "refund")  # early: it loads while the first customer is served
        try:
            await self._customer("john", JOHN)
            await self._killed("ann", ANN, victim)
            await self._customer("grace", GRACE)
        finally:
            await victim.kill()
        self._sum_up()

    async def scripted(self, customers: Customers) -> None:
        """Customers from a file, each signed in as the owner of the first order or invoice that they name.

        A question to a person is answered by their next message if that is yes or no, else by yes.
        """
        self._say(self._stage.app.honest, "dim")
        for number, messages in enumerate(customers, start=1):
            signed_in = self._stage.owner_of(messages)
            await self._customer(f"customer-{number}", Customer(f"Customer {number}", "", tuple(messages), signed_in))
        self._sum_up()

    async def visitor(self) -> None:
        """The visitor's turn: a conversation at the terminal."""
        self._say(f"\nYour turn: write to the desk as {VISITOR.name}, who is signed in. Try: {VISITOR.messages[0]}", "bold")
        with contextlib.suppress(Left):
            await Dialogue(self._stage.app_for(VISITOR.known), Wish(), sys.stdout).many()

    def goodbye(self) -> None:
        """Say how to go on."""
        self._say("Go on with: switchroom chat supportgenie   (or your own: switchroom chat app.py)", "dim")

    def interrupted(self) -> None:
        """The visitor has seen enough."""
        self._screen.pause()
        self._say("")
        self.goodbye()

    def close(self) -> None:
        """Close the stage."""
        self._stage.close()

    # scenes ----------------------------------------------------------------------------------------------------------

    async def _customer(self, conversation: str, customer: Customer) -> None:
        """A customer who is served in this process, message after message."""
        line = Line(self._stage.app, conversation, self._shown)
        waiting = list(customer.messages)
        first = True
        while waiting:
            turn = await self._said(line, customer, waiting.pop(0), first=first)
            first = False
            while turn.result.waiting and turn.error is None:
                word = waiting.pop(0) if waiting and waiting[0].lower() in (*YES, *NO) else "yes"
                turn = await line.go_on(await self._answered(turn, word))
            await self._over(turn)

    async def _killed(self, conversation: str, customer: Customer, victim: Victim) -> None:
        """A customer whose turn is gone on with in another process, which is killed; this one takes it up from the journal."""
        line = Line(self._stage.app, conversation, self._shown)
        turn = await self._said(line, customer, customer.messages[0])
        order = str(turn.result.waiting[0].args.get("order")) if turn.result.waiting else ""
        answers = await self._answered(turn, "yes")
        self._say(f"\n  Process {victim.pid} goes on with it.", "dim")
        died = await victim.go_on(answers, self._shown)
        self._screen.pause()
        if died:
            self._say(f"  ✗ Process {victim.pid} is killed (SIGKILL), its refund made and not yet recorded.", "bold red")
        else:
            self._fault(f"  Process {victim.pid} ended before it could be killed.")
        self._books(order, "have")
        await self._rest(0.8)
        self._say(f"\n  ↻ Process {os.getpid()} takes the turn up from the journal.", "bold")
        self._screen.begin()
        await self._over(await line.go_on())
        self._books(order, "still have")

    def _books(self, order: str, have: str) -> None:
        """What the desk's own database says."""
        made = self._stage.refunds(order)
        told = f"The desk's books {have} {_count(len(made), 'refund')} for order {order}"
        if len(made) == 1:
            self._say(f"  ✓ {told}, of {dollars(made[0].cents)}.", "green")
        else:
            self._fault(f"  ✗ {told}.")

    # steps of a scene ------------------------------------------------------------------------------------------------

    async def _said(self, line: Line, customer: Customer, message: str, *, first: bool = True) -> Turn:
        self._say("")
        self._screen.line(Text.assemble((f"{customer.name} › ", "bold"), message), 0)
        await self._rest(0.5)
        self._screen.begin()
        return await line.say(message, customer.known if first else None)

    async def _answered(self, turn: Turn, word: str) -> dict[str, bool]:
        """The answers of the person at the desk, who says the same to all that is asked."""
        self._screen.pause()
        for waiting in turn.result.waiting:
            self._say(f"\n  {question(waiting)}", "yellow")
            await self._rest(0.5)
            self._screen.line(Text.assemble(("supervisor › ", "bold yellow"), word))
            await self._rest(0.3)
        return {waiting.id: word.lower() in YES for waiting in turn.result.waiting}

    async def _over(self, turn: Turn) -> None:
        self._screen.pause()
        self._turns.append(report(turn.result, turn.error))
        if turn.error is not None:
            self._fault(f"Error: {faults.told(turn.error)}")
        await self._rest(0.4)

    def _sum_up(self) -> None:
        turns = self._turns
        once = sum(turn["answers"] == 1 for turn in turns)
        handoffs = sum(len(turn["handoffs"]) for turn in turns)
        took = time.monotonic() - self._began
        summary = f"{_count(len(turns), 'message')}, {once} of them answered exactly once, {_count(handoffs, 'handoff')}"
        self._say(f"\n{summary}, {took:.1f} s.", "bold")

    # showing ---------------------------------------------------------------------------------------------------------

    async def _shown(self, event: RunEvent) -> None:
        self._screen.show(event)
        await self._rest(PACES.get(type(event.fact), 0.0))

    async def _rest(self, seconds: float) -> None:
        """Wait, as long as the patience lasts."""
        seconds = min(seconds, self._patience)
        if seconds > 0:
            self._patience -= seconds
            await asyncio.sleep(seconds)

    def _fault(self, text: str) -> None:
        self.failed = True
        self._say(text, "bold red")

    def _say(self, text: str, style: str = "") -> None:
        for line in text.split("\n"):
            self._screen.line(Text(line.lstrip(), style=style), len(line) - len(line.lstrip()))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def play(customers: Customers | None) -> int:
    """Play, and let the visitor write if one is there.

    Args:
        customers: from a script; None for those who are built in.

    Returns:
        the exit code.
    """
    with tempfile.TemporaryDirectory(prefix="switchroom-demo-", ignore_cleanup_errors=True) as folder:
        show = Show(Path(folder))
        try:
            asyncio.run(_played(show, customers))
        except KeyboardInterrupt:
            show.interrupted()
        finally:
            show.close()
    return 1 if show.failed else 0


async def _played(show: Show, customers: Customers | None) -> None:
    if customers is not None:
        await show.scripted(customers)
        return
    await show.built_in()
    if sys.stdin.isatty() and sys.stdout.isatty():
        await show.visitor()
    show.goodbye()
