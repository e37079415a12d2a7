"""Handoffs of a turn: offered, carried out, declined, and refused when they go round with nothing new."""

from __future__ import annotations

from typing import Any

from switchroom._handoff import Decline
from switchroom.context import settled
from switchroom.errors import UserError, unknown
from switchroom.events import NodeDidNotHandOver
from switchroom.session.delivery import Delivery, Via
from switchroom.session.event import Event, HandoffDeclinedEvent, copied, handoff_to, made
from switchroom.session.floor import Claim
from switchroom.session.plain import plain, plain_value

MOST = 16
"""Handoffs one after the other in one turn; beyond, they go in a circle."""


class Handoffs:
    """What nodes hand over to one another in a turn.

    Args:
        turn: the turn.
    """

    __slots__ = ("_trail", "_turn")

    def __init__(self, turn: Any) -> None:
        self._turn = turn
        self._trail: list[tuple[str, str, str, str]] = []

    def offer(self, node: Any, event: Event, target: str, delivery: Delivery) -> None:
        """A node hands over: that is carried out when it is through with what it has before it.

        Raises:
            UserError: there is no such target, it is the node itself, or it only listens.
        """
        nodes = self._turn.graph.nodes
        if target == node.name:
            if delivery.via is not None and delivery.event is not None and delivery.event.id == event.id:
                return  # it passes on what was addressed to it, which has arrived
            raise UserError(f"Node '{node.name}' hands over to itself; answer instead.")
        if target not in nodes:
            raise UserError(unknown(f"Node '{node.name}' hands over: the session", "node", target, nodes))
        if nodes[target].aside:
            raise UserError(f"Node '{node.name}' hands over to '{target}', which only listens. Name a node that speaks.")
        if not delivery.running or delivery.node is not node:
            self.carry_out(node.name, event, delivery, None)
        elif delivery.handoffs is None:
            delivery.handoffs = [event]
        else:
            delivery.handoffs.append(event)

    def carry_out(self, source: str, event: Event, parent: Delivery, claim: Claim | None) -> None:
        """Give the event to its target, unless the same handoff was made before and nothing is new since."""
        turn = self._turn
        target = str(handoff_to(event))
        step = (source, target, repr(plain(getattr(event, "context", None))), repr(turn.graph.states()))
        if step in self._trail or len(parent.vias()) >= MOST:
            turn.record(NodeDidNotHandOver(source, target, "round in a circle, with nothing new"))
            return
        self._trail.append(step)
        via = Via(source, target, event, claim)
        turn.deliver(copied(event, source, turn.number), turn.graph.nodes[target], parent, via)

    async def accepted(self, node: Any, delivery: Delivery) -> bool:
        """Whether the target takes the conversation; else the asker is told why, and answers.

        Raises:
            UserError: it gave something else than None or a `Decline`.
        """
        turn, via = self._turn, delivery.via
        assert via is not None, "a handoff is carried out"
        verdict = await settled(node.accepts(delivery.event))
        if verdict is None:
            return True
        if not isinstance(verdict, Decline):
            raise UserError(f"Node '{node.name}': accepts gave {verdict!r}; it gives None or Decline(reason).")
        via.settled = True
        reason = str(plain_value(verdict.reason))
        turn.record(NodeDidNotHandOver(via.source, via.target, f"declined: {reason}"))
        declined = made(HandoffDeclinedEvent, target=via.target, reason=reason, source=node.name, turn=turn.number)
        turn.deliver(declined, turn.graph.nodes[via.source], delivery)
        return False
