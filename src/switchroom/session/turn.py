"""One message on its way through the graph: deliveries made and counted, failures kept where they happen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from switchroom.errors import Fenced
from switchroom.events import (
    AnyFact,
    CallEnded,
    EventRouted,
    NodeDidNotHandOver,
    NodeFailed,
    NodeLogged,
    RunEvent,
    Seat,
    TextDelta,
)
from switchroom.failure import log_error, told
from switchroom.history import History
from switchroom.model import Emit, nobody
from switchroom.rules.live import NO_SESSION, Live
from switchroom.rules.session import messages_of
from switchroom.scope import Scope
from switchroom.session.context import Known
from switchroom.session.delivery import DELIVERY, Delivery, Queue, Via
from switchroom.session.event import (
    EndCallEvent,
    Event,
    LogEvent,
    TransferEvent,
    copied,
    handoff_to,
)
from switchroom.session.floor import Claim, Floor, Speech
from switchroom.session.handoffs import Handoffs
from switchroom.session.parts import part_of
from switchroom.session.plain import plain, plain_value
from switchroom.session.record import LEVELS, record
from switchroom.session.work import work

log = logging.getLogger("switchroom.session")

HOPS = 1_000
"""Nodes that one event may come through in a turn; beyond, it goes in a circle."""

BURST = 64
"""Events that nodes may send, or pieces of text that they may say, before others have their turn on the loop."""


class Turn:
    """One turn of a graph, from its event to the quiet after its answer.

    Attributes:
        graph: the nodes and edges.
        scope: where the session's own facts are noted.
        floor: who is heard.
        handoffs: what nodes hand over to one another.
        message: what the person said, as an event; None if they said nothing.
        main: what the message caused; quiet when nothing of it is under way.
        queues: what nodes have before them, by their names.
        known_before: how many messages of the history are older than this turn.
        tasks: the nodes at work, each a task of the node's name.
        seats: where agents inside of nodes go on, those that changed.
        over: nobody may send any more.
        suspended: something waits for a person.
        fatal: what ends the session's turn as a whole.
        failed: a node failed.
        late: the time in which somebody has to answer is over.
    """

    __slots__ = (
        "_aside",
        "_facts",
        "_history",
        "_known",
        "_sent",
        "_waker",
        "ending",
        "failed",
        "fatal",
        "floor",
        "graph",
        "handoffs",
        "known_before",
        "late",
        "main",
        "message",
        "number",
        "over",
        "queues",
        "scope",
        "seats",
        "suspended",
        "tasks",
    )

    def __init__(self, graph: Any, scope: Scope) -> None:
        self.graph = graph
        self.scope = scope
        self.number = scope.attempt.root.turn
        self.floor = Floor(self)
        self.main = Delivery(self, None, None, Delivery(self, None, None, None))
        self._aside: Delivery | None = None
        self.message: Event | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self.seats: dict[str, Seat] = {}
        self.over = False
        self.suspended = False
        self.failed = False
        self.late = False
        self.fatal: BaseException | None = None
        self.ending: CallEnded | None = None
        self.queues: dict[str, Queue] = {}
        self._facts: list[AnyFact] = []
        self._waker: asyncio.Future[None] | None = None
        self._sent = 0
        self.known_before = scope.fold.history.length - scope.fold.fresh
        self._history: tuple[History, int, History] | None = None
        self._known: Known | None = None
        self.handoffs = Handoffs(self)

    # what is known -------------------------------------------------------------------------------------------------

    @property
    def live(self) -> Live:
        """What the session knows besides what was said."""
        return self.scope.fold.live or NO_SESSION

    @property
    def history(self) -> History:
        """All that was said, what was heard of this answer included."""
        history = self.scope.fold.history
        said = [] if self.live.answered else self.floor.past
        if not said:
            return history
        made = self._history
        if made is None or made[0] is not history or made[1] != len(said):
            made = self._history = history, len(said), history.plus(*messages_of([part_of(part) for part in said]))
        return made[2]

    @property
    def known(self) -> Known:
        """What nodes see of the conversation."""
        history = self.history
        if self._known is None or self._known.messages is not history:
            self._known = Known(history, self.live.caller, self.live.variables)
        return self._known

    @property
    def aside(self) -> Delivery:
        """What nodes that only listen were given, for which no answer waits."""
        if self._aside is None:
            self._aside = Delivery(self, None, None, self.main.parent)
        return self._aside

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way from which an answer could come."""
        return not self.main.open

    # what the floor asks -------------------------------------------------------------------------------------------

    def record(self, fact: AnyFact) -> None:
        """Have a fact noted, after those before it."""
        record(fact, self.scope.attempt)
        self._facts.append(fact)
        self.wake()

    def show(self, speech: Speech, text: str) -> None:
        """Show a piece of text that is heard."""
        attempt = self.scope.attempt
        if attempt.streamed:
            parts = self.floor.parts
            place = next(place for place in range(len(parts), 0, -1) if parts[place - 1] is speech)  # one of the last
            attempt.show(RunEvent(self.scope.path, TextDelta(text, speech.speaker, place)))

    def hand_over(self, claim: Claim, event: Event) -> None:
        """Carry out the handoff with which a speaker ended."""
        self.handoffs.carry_out(claim.node, event, claim.delivery, claim)

    def wake(self) -> None:
        """Have it looked what came of the turn."""
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    def is_late(self) -> None:
        """The time is over."""
        self.late = True
        channel = self.scope.attempt.channel
        if channel is not None:
            channel.widen()  # an answer does not wait for who does not read
        self.wake()

    async def awake(self) -> None:
        """Wait until something has come of it, and note what was recorded meanwhile."""
        if not self._facts:
            self._waker = asyncio.get_running_loop().create_future()
            await self._waker
        await self.flush()

    async def flush(self) -> None:
        """Note what was recorded."""
        facts, self._facts = self._facts, []
        if facts:
            await self.scope.note(*facts)

    # delivering ----------------------------------------------------------------------------------------------------

    def enter(self, event: Event, nodes: Sequence[Any]) -> None:
        """Let an event in at some nodes."""
        for node in nodes:
            self.deliver(copied(event, "", self.number), node, self.main)

    async def send(self, node: Any, event: Event) -> None:
        """Send an event on from a node: along its edges, or to whom it is addressed."""
        delivery = DELIVERY.get()
        if delivery is None or delivery.turn is not self:
            delivery = self.main
        if self.over:
            log.warning("Node '%s' sent %s after its turn had ended; it was dropped.", node.name, _about(event))
            return
        target = handoff_to(event)
        if target is not None:
            self.handoffs.offer(node, event, target, delivery)
        elif isinstance(event, EndCallEvent | TransferEvent):
            self._end_call(node.name, event)
        elif isinstance(event, LogEvent):
            level = event.level if event.level in LEVELS else "info"
            self.record(NodeLogged(node.name, str(plain_value(event.message)), level, plain(event.data)))
        else:
            self._forward(node, event, delivery)
        await self.breathe()

    async def breathe(self) -> None:
        """Let others have their turn, now and then: a node may send and say without end."""
        self._sent += 1
        if self._sent % BURST == 0:
            await asyncio.sleep(0)

    def _forward(self, node: Any, event: Event, delivery: Delivery) -> None:
        route = event.metadata.get("route")
        if route is not None and route != delivery.route and isinstance(route, str):
            delivery.route = route
            self.record(EventRouted(node.name, str(plain_value(route)), str(plain_value(event.type))))
        for edge in self.graph.edges[node.name]:
            if edge.when is None or edge.when(event):
                self.deliver(copied(event, node.name, self.number), edge.target, delivery)

    def deliver(self, event: Event, node: Any, parent: Delivery, via: Via | None = None) -> None:
        """Put an event before a node; it deals with what it gets one by one, in order."""
        if parent.depth >= HOPS:
            return self._circle(node.name, parent)
        if node.aside and via is None:
            parent = self.aside
        delivery = Delivery(self, node, event, parent, via)
        delivery.route = event.metadata.get("route")
        queue = self.queues.get(node.name)
        if queue is not None:
            return queue.put(delivery)
        queue = self.queues[node.name] = Queue(delivery)
        task = asyncio.get_running_loop().create_task(work(self, node, queue), name=node.name)
        self.tasks.append(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.remove(task)
        if not task.cancelled() and (error := task.exception()) is not None and self.fatal is None:
            self.fatal = error
        self.wake()

    def wait(self, delivery: Delivery) -> None:
        """A person is asked: nobody else answers in the place of who asked, whose own answer is not complete either."""
        self.suspended = True
        claim = delivery.claim
        if self.floor.heard is None or self.floor.heard is claim:
            self.floor.shut = True
            delivery.claim = delivery.handoffs = None  # once the person has answered, all of it is done again

    def scope_of(self, delivery: Delivery) -> Scope:
        """Where steps run that the node calls: a place of its own for each delivery."""
        if delivery.scope is None:
            delivery.scope = Scope(self.scope.attempt, f"{self.scope.path}/{delivery.node.place}#{delivery.key}", self.scope)
            delivery.scope.ear = _unheard
        return delivery.scope

    def close(self, delivery: Delivery, failed: bool) -> None:
        """A node is through with a delivery."""
        node, claim, handoffs = delivery.node, delivery.claim, delivery.handoffs or ()
        first = None if failed or not handoffs else handoffs[0]
        for dropped in handoffs[1:] if first is not None else handoffs:
            why = "the node failed" if failed else "it had handed over already"
            self.record(NodeDidNotHandOver(node.name, str(handoff_to(dropped)), why))
        if claim is not None:
            if claim.state == "lost" and first is not None:
                self.record(NodeDidNotHandOver(node.name, str(handoff_to(first)), "somebody else was heard"))
            if first is None and not failed and not self.floor.shut and claim.is_silent:
                _warn_of_silence(node, self.graph.fallback is not None)
            self.floor.close(claim, first, failed)
        elif first is not None:
            self.handoffs.carry_out(node.name, first, delivery, None)
        delivery.close()
        self.floor.decide()
        if not self.main.open or claim is not None:
            self.wake()

    def fail(self, node: Any, error: Exception) -> None:
        """Keep a node's failure where it is: it is told in the log, and never to the person."""
        if isinstance(error, Fenced):
            self.fatal = error
        self.failed = True
        log_error(log, error, "Node '%s' failed: %s: %s", node.name, type(error).__name__, told(error), fact="node_failed")
        through = self.scope.attempt.through(error)
        self._facts.append(NodeFailed(node.name, type(error).__name__, str(plain_value(told(error))), through))
        self.wake()

    def _circle(self, node: str, delivery: Delivery) -> None:
        names = [node]
        here: Delivery | None = delivery
        while here is not None and here.node is not None and here.node.name not in names[1:]:
            names.append(here.node.name)
            here = here.parent
        way = " -> ".join(reversed(names))
        log.error("An event went round %s more than %d times; it was dropped. Give the circle an exit.", way, HOPS)
        self.failed = True
        self._facts.append(NodeFailed(names[-1], "Circle", f"an event went round: {way}"))
        self.wake()

    def _end_call(self, node: str, event: EndCallEvent | TransferEvent) -> None:
        to = event.to if isinstance(event, TransferEvent) else ""
        if self.ending is None:
            self.ending = CallEnded(node, str(plain_value(event.reason)), str(plain_value(to)))

    # speaking ------------------------------------------------------------------------------------------------------

    def claim(self, node: Any) -> Claim | None:
        """Claim the turn for a node that wants to speak; None if it is not to."""
        delivery = DELIVERY.get()
        if self.over or delivery is None or delivery.turn is not self:
            log.warning("Node '%s' wanted to speak when no turn was its own; it was not heard.", node.name)
            return None
        return self.floor.claim(node.name, delivery)

    # ending --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop who is at work."""
        for task in self.tasks:
            task.cancel()


def _warn_of_silence(node: Any, has_fallback: bool) -> None:
    """Log that a speaker said nothing, unless that may be wanted: a `generate_response` may leave the answer to a fallback."""
    if node.answers_by_step:
        log.warning("Node '%s' was to answer, and says nothing: its step returned no text.", node.name)
    elif not has_fallback and not node.has_no_words:  # of which `generate_response` warns by itself
        log.warning("Node '%s' was to answer, and says nothing: its generate_response yielded no text.", node.name)


def _about(event: Event) -> str:
    return f"an event of type '{event.type}'"


def _unheard(scope: Scope, agent: str, answer: int) -> Emit:
    """What agents say that a node asks for its own purposes is not heard."""
    return nobody
