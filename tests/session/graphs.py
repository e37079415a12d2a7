"""Random graphs, as plans that are built anew: nodes that pass on, speak, fail, dawdle, hand over, and people who interrupt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import strategies as st

from switchroom.session import Event, HandoffEvent, MessageEvent, Node, OutputNode, Session

DEADLINE = 10.0

Act = Literal["pass", "drop", "fail", "speak", "mumble", "break off", "hand over", "stand still", "swallow", "round"]


@dataclass(frozen=True)
class NodePlan:
    """What a node does with each event: after a delay, something; a speaker waits between its words."""

    act: Act
    delay: float = 0.0
    to: int = 0
    words: int = 1


@dataclass(frozen=True)
class GraphPlan:
    """Nodes, edges by their places, and what people do: messages one after the other, or cut off after a while."""

    nodes: tuple[NodePlan, ...]
    edges: tuple[tuple[int, int], ...]
    cuts: tuple[float | None, ...]
    fallback: Literal["none", "speaks", "fails", "dawdles"] = "none"
    together: bool = False


@dataclass
class World:
    """What went through the nodes, by turn: events sent along edges and got."""

    sent: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    got: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])


class Planned(OutputNode):
    """A node that does what its plan says."""

    def __init__(self, index: int, plan: NodePlan, world: World) -> None:
        super().__init__(name=f"n{index}")
        self.plan = plan
        self.world = world
        self.leads_to: list[str] = []

    async def process_event(self, event: Event) -> None:
        self.world.got[event.turn, self.name] += 1
        if isinstance(event, HandoffEvent):
            self.world.got[event.turn, self.name] -= 1  # addressed: no edge led here
        plan = self.plan
        if plan.delay:
            await asyncio.sleep(plan.delay)
        match plan.act:
            case "pass":
                await self.forward(event)
            case "round":
                seen = event.metadata.get(self.name, 0)
                event.metadata[self.name] = seen + 1
                if seen < 3:
                    await self.forward(event)
            case "drop":
                pass
            case "fail":
                raise ValueError(self.name)
            case "speak" | "mumble" | "break off":
                await super().process_event(MessageEvent(content="go on", metadata=event.metadata))
            case "hand over":
                await self.send_event(HandoffEvent(target=f"n{plan.to}", reason="theirs"))
            case "stand still":
                await asyncio.Event().wait()
            case "swallow":
                for _ in range(3):
                    try:
                        await asyncio.sleep(4 * DEADLINE)
                    except asyncio.CancelledError:
                        continue
                await self.send_event(event)

    async def forward(self, event: Event) -> None:
        for name in self.leads_to:
            self.world.sent[event.turn, name] += 1
        await self.send_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        for word in range(self.plan.words):
            if word:
                await asyncio.sleep(self.plan.delay)
            if self.plan.act != "mumble":
                yield f"{self.name}.{word} "
        if self.plan.act == "break off":
            raise ValueError(self.name)
        if self.plan.to and self.plan.act == "speak":
            await self.send_event(HandoffEvent(target=f"n{self.plan.to - 1}", reason="theirs"))


class Last(OutputNode):
    """The fallback."""

    def __init__(self, does: str) -> None:
        super().__init__(name="last")
        self.does = does

    async def generate_response(self) -> AsyncIterator[str]:
        if self.does == "fails":
            raise ValueError(self.name)
        if self.does == "dawdles":
            await asyncio.sleep(DEADLINE)
        yield "the last word"


def build(plan: GraphPlan, world: World, **options: Any) -> Session:
    """The session that a plan describes; its first node is where messages enter."""
    fallback = None if plan.fallback == "none" else Last(plan.fallback)
    session = Session(fallback=fallback, deadline=DEADLINE, **options)
    entry = Node("entry")
    nodes = [Planned(index, node, world) for index, node in enumerate(plan.nodes)]
    session.add_node(entry)
    for node in nodes:
        session.add_node(node)
    led_to = {target for _, target in plan.edges}
    for index, node in enumerate(nodes):
        if index == 0 or index not in led_to:
            session.add_edge(entry, node)
    for source, target in plan.edges:
        session.add_edge(nodes[source], nodes[target])
        nodes[source].leads_to.append(nodes[target].name)
    return session


ACTS: list[Act] = ["pass", "drop", "fail", "speak", "mumble", "break off", "hand over", "stand still", "swallow", "round"]
DELAYS = st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 9.5, 20.0])


@st.composite
def plans(draw: st.DrawFn, *, calm: bool = False) -> GraphPlan:
    """Any graph; a calm one has nobody who fails, dawdles beyond the deadline, hands over or is interrupted."""
    count = draw(st.integers(1, 7))
    acts = ["pass", "drop", "speak", "mumble"] if calm else [*ACTS, "pass", "speak"]
    nodes: list[NodePlan] = []
    for _ in range(count):
        act: Any = draw(st.sampled_from(acts))
        delay = draw(st.sampled_from([0.0, 0.1, 0.2, 0.3]) if calm else DELAYS)
        to = 0 if calm else draw(st.integers(0, count - 1))
        nodes.append(NodePlan(act, delay, to, draw(st.integers(1, 3))))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=10)) if pairs else []
    if not calm:
        rounds = [index for index in range(count) if nodes[index].act == "round"]
        back = [(a, b) for a in rounds for b in rounds if b < a]
        edges += draw(st.lists(st.sampled_from(back), unique=True, max_size=3)) if back else []
    nodes = [_leading_nowhere_else(node, index) for index, node in enumerate(nodes)]
    cuts = draw(st.lists(st.none() if calm else st.none() | st.floats(0, DEADLINE + 2), min_size=1, max_size=3))
    fallback: Any = draw(st.sampled_from(["none", "speaks", "fails", "dawdles"]))
    return GraphPlan(tuple(nodes), tuple(edges), tuple(cuts), fallback, not calm and draw(st.booleans()))


def _leading_nowhere_else(node: NodePlan, index: int) -> NodePlan:
    """Nobody hands over to itself."""
    if node.act == "hand over" and node.to == index:
        return NodePlan("drop", node.delay)
    if node.act == "speak" and node.to - 1 == index:
        return NodePlan("speak", node.delay, 0, node.words)
    return node


def first_speaker(plan: GraphPlan) -> str | None:
    """Who is to be heard of a calm graph: the first speaker in the order of edges, whoever is quicker."""
    led_to = {target for _, target in plan.edges}
    speaking: list[str] = []

    def walk(index: int) -> bool:
        match plan.nodes[index].act:
            case "speak":
                speaking.append(f"n{index}")
                return True
            case "pass":
                return any(walk(target) for source, target in plan.edges if source == index)
            case _:
                return False

    _ = any(walk(index) for index in range(len(plan.nodes)) if index == 0 or index not in led_to)
    return speaking[0] if speaking else None
