"""The last resort: the fallback speaks when nobody else did, and a sentence of ours when it does not either."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from switchroom.context import CURRENT
from switchroom.events import NodeDidNotHandOver
from switchroom.failure import log_error, told
from switchroom.session.delivery import DELIVERY, Delivery
from switchroom.session.event import Event, handoff_to, made
from switchroom.session.floor import Claim, Speech
from switchroom.session.speaking import answer

log = logging.getLogger("switchroom.session")

SENTENCE = "I am sorry, I cannot answer that just now. Please try again in a moment, or ask for a person."
"""What is said when nothing else is left to be said."""

NAME = "fallback"
"""Who says it."""


class Last:
    """Speaks last.

    Args:
        turn: the turn that nobody answered.
        over: when its time is over, by the loop's clock.
    """

    def __init__(self, turn: Any, over: float) -> None:
        self._turn = turn
        self._over = over

    async def speak(self) -> None:
        """Let the fallback speak as long as there is time and nobody interrupts, and see to it that something is said."""
        floor = self._turn.floor
        before = len(floor.parts)
        node = self._turn.graph.fallback
        if node is not None:
            await self._try(node)
        interrupted = self._turn.graph.exchange.cut is not None
        if not interrupted and not any(part.text.strip() for part in floor.parts[before:]):
            speech = Speech(NAME if node is None else node.name)
            floor.parts.append(speech)
            speech.pieces.append(SENTENCE)
            self._turn.show(speech, SENTENCE)

    async def _try(self, node: Any) -> None:
        turn = self._turn
        floor = turn.floor
        delivery = Delivery(turn, node, made(Event, type="internal.fallback", turn=turn.number), turn.main)
        claim = Claim(node.name, delivery)
        claim.state = "heard"
        delivery.claim = floor.speaking = claim

        async def speak() -> None:
            DELIVERY.set(delivery)
            CURRENT.set(turn.scope_of(delivery))
            await answer(turn, node, claim)

        def ended(task: asyncio.Task[None]) -> None:
            turn.tasks.remove(task)
            turn.wake()

        task = asyncio.get_running_loop().create_task(speak(), name=node.name)
        turn.tasks.append(task)
        task.add_done_callback(ended)
        turn.late = False
        alarm = asyncio.get_running_loop().call_at(self._over, turn.is_late)
        while not (task.done() or turn.late or turn.graph.exchange.cut is not None):
            await turn.awake()
        alarm.cancel()
        if not task.done():
            if turn.late:
                log.error("The fallback '%s' took too long.", node.name)
            claim.state = "over"
            task.cancel()
        elif not task.cancelled() and (error := task.exception()) is not None:
            log_error(log, error, "The fallback '%s' failed: %s: %s", node.name, type(error).__name__, told(error))
        for event in delivery.handoffs or ():
            turn.record(NodeDidNotHandOver(node.name, str(handoff_to(event)), "the fallback speaks last"))
        floor.speaking = None
        delivery.close()
        await turn.flush()
