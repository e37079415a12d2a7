"""The graph of a session: nodes, edges between them, where messages enter, and who speaks when nobody else does."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from pydantic import BaseModel, ValidationError

from switchroom.errors import UserError, unknown
from switchroom.rules.live import NO_SESSION, Live
from switchroom.rules.state import State
from switchroom.runner.executor import StepExecutor
from switchroom.schema import as_json, as_model, explained
from switchroom.session.context import Context, Known
from switchroom.session.event import Event
from switchroom.session.exchange import Exchange
from switchroom.session.node import Node, OutputNode

log = logging.getLogger("switchroom.session")

When: TypeAlias = "Callable[[Event], bool] | str | None"
"""Which events go along an edge: a function, the name of a route, or None for all."""


class Edge(msgspec.Struct, frozen=True):
    """A way from one node to another.

    Args:
        target: where it leads.
        when: which events go along; None for all.
        label: how that is drawn.
    """

    target: Node
    when: Callable[[Event], bool] | None = None
    label: str = ""


class Graph:
    """Nodes and edges. It is a step: it answers one message, as a part of whatever runs it.

    Attributes:
        session_id: the conversation's id.
        nodes: by name, in the order in which they were added.
        edges: those that go out of each node, in the order in which they were added.
        fallback: who speaks when nobody else does; None for a sentence of ours.
        deadline: seconds in which each turn has its answer.
        turn: the turn that goes on, if one does.
        muted: nobody speaks.
        live: what is known of the session between turns.
    """

    name = "session"
    description = ""  # with the name, it makes a tool of the graph where it stands among an agent's tools

    def __init__(self, session_id: str, deadline: float) -> None:
        self.session_id = session_id
        self.deadline = deadline
        self.nodes: dict[str, Node] = {}
        self.edges: dict[str, list[Edge]] = {}
        self.fallback: OutputNode | None = None
        self.turn: Any = None
        self.muted = False
        self.context = Context(self)
        self.live: Live = NO_SESSION
        self.at_rest = Known()
        self.entry: tuple[int, int] | None = None
        self._initial: dict[str, Any] | None = None
        self.exchange = Exchange(self)
        self._spoken: StepExecutor = self.exchange

    @property
    def known(self) -> Known:
        """What nodes see of the conversation."""
        return self.at_rest if self.turn is None else self.turn.known

    def rest(self, state: State, entry: tuple[int, int] | None = None) -> None:
        """Know the conversation as it is between turns.

        Args:
            state: the fold of the session.
            entry: the generation of the conversation and the number of its last entry, if the nodes' states are those of that
                entry. A conversation that was deleted and begun again has another generation.
        """
        self.live = state.live or NO_SESSION
        self.entry = entry
        self.at_rest = Known(state.history, self.live.caller, self.live.variables)

    # building ------------------------------------------------------------------------------------------------------

    def add_node(self, node: Node) -> None:
        """Add a node.

        Raises:
            UserError: it is none, was added before, is in another session, or has the name of another.
        """
        self.adopt(node)
        if node.name in self.nodes:
            again = "was added already" if self.nodes[node.name] is node else "is another node's name; names are unique"
            raise UserError(f"Node '{node.name}' {again}.")
        self.nodes[node.name] = node
        self.edges[node.name] = []

    def adopt(self, node: Node) -> None:
        """Let a node see this session.

        Raises:
            UserError: it is no node, its constructor did not call ours, or it is in another session.
        """
        if not isinstance(node, Node):  # pyright: ignore[reportUnnecessaryIsInstance]
            hint = f"Pass an instance: {node.__name__}()." if isinstance(node, type) else "Pass a Node or an OutputNode."
            raise UserError(f"A session has no place for {node!r}. {hint}")
        if not hasattr(node, "graph"):
            kind = type(node).__name__
            raise UserError(f"{kind}.__init__ does not call Node's. Begin it with super().__init__(name=...).")
        if node.graph is not None and node.graph is not self:
            raise UserError(
                f"Node '{node.name}' is in another session. Make one for each session: nodes keep what they are told."
            )
        node.graph = self
        node.context = self.context

    def add_edge(self, source: Node | str, target: Node | str, when: When = None) -> None:
        """Connect two nodes.

        Raises:
            UserError: one of them was not added, or they are connected already.
        """
        start, end = self._known(source), self._known(target)
        if when == "" or not (when is None or isinstance(when, str) or callable(when)) or inspect.iscoroutinefunction(when):
            raise UserError(
                f"The edge '{start.name}' to '{end.name}' has when={when!r}; give a plain function of the event, or a route."
            )
        if when is None and any(edge.target is end and edge.when is None for edge in self.edges[start.name]):
            raise UserError(f"'{start.name}' is connected to '{end.name}' already.")
        self.edges[start.name].append(Edge(end, _condition(when), _label(when)))

    def _known(self, given: Node | str) -> Node:
        name = given if isinstance(given, str) else getattr(given, "name", None)
        found = self.nodes.get(name) if isinstance(name, str) else None
        if found is None or (not isinstance(given, str) and found is not given):
            shown = name if isinstance(name, str) else repr(given)
            raise UserError(unknown("An edge leads to or from a stranger: the session", "node", shown, self.nodes))
        return found

    # what holds of it ------------------------------------------------------------------------------------------------

    @property
    def entries(self) -> list[Node]:
        """Where messages enter while no node has the conversation: the nodes without incoming edges."""
        led_to = {edge.target.name for edges in self.edges.values() for edge in edges}
        return [node for name, node in self.nodes.items() if name not in led_to]

    def check(self) -> None:
        """Whether a session over it can begin.

        Raises:
            UserError: nobody speaks, no message can enter, a circle has no exit, the fallback has a node's name, or a node
                keeps what JSON cannot hold.
        """
        if not self.nodes:
            raise UserError("The session has no nodes. Add them with session.add_node(...), or pass a step: Session(agent).")
        if self.fallback is None and not any(node.speaks for node in self.nodes.values()):
            raise UserError("The session has no node that speaks. Add an OutputNode, or pass Session(fallback=...).")
        fallback = self.fallback
        if fallback is not None and self.nodes.get(fallback.name, fallback) is not fallback:
            raise UserError(f"The fallback and another node are called '{fallback.name}'; names are unique.")
        if not self.entries:
            raise UserError(
                f"No message can enter: each of {list(self.nodes)} has an incoming edge. "
                "Leave one without, where messages begin."
            )
        for name, node in self.members.items():
            if node.state is not None and not isinstance(node.state, BaseModel):
                log.warning(
                    "Node '%s' has a %s as its state, which is not kept. Make it a pydantic model.",
                    name,
                    type(node.state).__name__,
                )
            if isinstance(node.state, BaseModel):
                try:
                    _kept(node.state)
                except Exception as error:
                    raise UserError(f"Node '{name}' keeps a state that JSON cannot hold: {error}.") from error
        for name in self.nodes:
            below = self._below(name)
            if name in below and not any(self.nodes[other].speaks or not self._leads_back(other, name) for other in below):
                names = " -> ".join(other for other in self.nodes if other in below)
                raise UserError(f"The circle {names} has no exit: no node in it speaks, and no edge leads out of it.")

    def _below(self, name: str) -> set[str]:
        """The nodes that edges lead to from a node, directly or not."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for edge in self.edges[waiting.pop()]:
                if edge.target.name not in found:
                    found.add(edge.target.name)
                    waiting.append(edge.target.name)
        return found

    def _leads_back(self, name: str, to: str) -> bool:
        return to in self._below(name)

    # states ----------------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, Any]:
        """What nodes keep, as JSON, by node."""
        found: dict[str, Any] = {}
        for name, node in self.members.items():
            if isinstance(node.state, BaseModel):
                try:
                    found[name] = _kept(node.state)
                except Exception as error:
                    log.error("What node '%s' keeps now is not kept: %s", name, error)
        return found

    @property
    def members(self) -> dict[str, Node]:
        """All that may speak: the fallback, if there is one, and the nodes."""
        return self.nodes if self.fallback is None else {self.fallback.name: self.fallback, **self.nodes}

    def restore(self, states: Mapping[str, Any], again: bool) -> None:
        """Give nodes back what they kept, as the type that they have now: in a new process, and when a turn is taken `again`.

        Raises:
            UserError: it is not of that type any more.
        """
        if self._initial is None:
            self._initial = self.states()
        elif not again:
            return
        members = self.members
        for name, kept in {**self._initial, **states}.items():
            node = members.get(name)
            if node is not None and isinstance(node.state, BaseModel):
                kind = type(node.state)
                try:
                    node.state = as_model(kind, kept)
                except ValidationError as error:
                    raise UserError(f"What node '{name}' kept is no {kind.__name__} any more: {explained(error)}.") from error

    async def __call__(self, input: Any, scope: Any) -> Any:
        """Answer as a step of a larger run."""
        return await scope.call(self, input)


def _kept(state: BaseModel) -> dict[str, Any]:
    plain = as_json(state)
    msgspec.json.encode(plain)  # text may be none that an encoding holds
    return plain


def _condition(when: When) -> Callable[[Event], bool] | None:
    if isinstance(when, str):
        return lambda event: event.metadata.get("route") == when
    return when


def _label(when: When) -> str:
    if when is None or isinstance(when, str):
        return when or ""
    name = getattr(when, "__name__", "")
    return "condition" if name in ("", "<lambda>") else name
