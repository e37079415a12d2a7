"""The demonstration: customers who play themselves, a process that is killed, and the desk's books as witness."""

from __future__ import annotations

import asyncio
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
from switchroom.cli.dialogue import Dialogue, Wish, question
from switchroom.cli.faults import told
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
    """Who writes to the desk, and what."""

    name: str
    tier: str
    messages: tuple[str, ...]


JOHN = Customer("John Smith", "gold", ("Hi, I want to cancel order 370795561790, please.",))
ANN = Customer("Ann Ortega", "gold", ("I was charged twice for order 900100200302. I want my money back!",))
GRACE = Customer(
    "Grace Hawkings", "platinum", ("My Phone 6 won't start any more.", "I tried all of that. It is still dead, I need a person.")
)


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
        self._say(self._stage.app.honest, "dim")
        victim = await Victim.started(self._folder, "ann", "refund")  # early: it loads while the first customer is served
        try:
            await self._customer("john", JOHN)
            await self._killed("ann", ANN, victim)
            await self._customer("grace", GRACE)
        finally:
            await victim.kill()
        self._sum_up()

    async def scripted(self, customers: Customers) -> None:
        """Customers from a file. A question to a person is answered by their next message if that is yes or no, else by yes."""
        self._say(self._stage.app.honest, "dim")
        for number, messages in enumerate(customers, start=1):
            await self._customer(f"customer-{number}", Customer(f"Customer {number}", "", tuple(messages)))
        self._sum_up()

    async def visitor(self) -> None:
        """The visitor's turn: a conversation at the terminal."""
        self._say("\nNow you. You are John Smith's neighbour and a customer, too: ask about an order (732201349959),", "bold")
        self._say("an invoice, a refund, a broken device. Ctrl-D leaves.", "bold")
        try:
            await Dialogue(self._stage.app, Wish(), sys.stdout).many()
        except Left:
            pass

    def close(self) -> None:
        """Close the stage."""
        self._stage.close()
