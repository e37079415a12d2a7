"""From the objects of an application to its blueprint: each step is met once, and nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, TypeAlias, cast

from msgspec.structs import replace

from switchroom._handoff import Handoff, transfer_names
from switchroom.agent import Agent
from switchroom.blueprint.habits import habits_of
from switchroom.blueprint.mentions import function_of, functions_behind, is_of_user, mentioned, place_of
from switchroom.blueprint.parts import Blueprint, Deeds, Line, LineKind, Part, PartKind, Stranger, Unused
from switchroom.blueprint.roles import labels_of, labels_of_function, labels_of_router, roles_in
from switchroom.blueprint.source import deeds_of, source_of
from switchroom.blueprint.steps import is_step, is_translatable
from switchroom.blueprint.texts import texts_given
from switchroom.blueprint.tools import guard_name, model_guards, tool_part
from switchroom.config import RunConfig
from switchroom.defaults import model_for
from switchroom.errors import UserError
from switchroom.roster import roster_of
from switchroom.routing import Router
from switchroom.session import Graph, Node, OutputNode, Session
from switchroom.session.graph import Edge
from switchroom.session.node import StepNode
from switchroom.step import step_name
from switchroom.team import Team
from switchroom.workflow.base import Workflow
from switchroom.workflow.route import Route
from switchroom.wrap import GuardedStep

Read: TypeAlias = Callable[[Any], Deeds | None]
"""Reads what a function does; None if that is not known."""

ORDERED = ("sequential", "fallback")
"""Workflows that run their steps in their order."""


def blueprint_of(app: Any, config: RunConfig | None = None, unused: Sequence[Unused] = (), read: Read = deeds_of) -> Blueprint:
    """The blueprint of an application.

    Args:
        app: an agent, a team, a workflow, a session or its graph, or a function of (input, scope).
        config: the options that it is run with.
        unused: what stands beside it.
        read: reads what a function does; by default from its source, which takes a while for many.

    Raises:
        UserError: it is nothing that can be run.
    """
    drawing = Drawing(config or RunConfig(), read)
    entry = drawing.part_of(app)
    drawing.settle()
    graph = app.graph if isinstance(app, Session) else app
    deadline = graph.deadline if isinstance(graph, Graph) else drawing.config.deadline
    return Blueprint(
        drawing.parts[entry].name,
        entry,
        tuple(drawing.parts.values()),
        tuple(dict.fromkeys(drawing.lines)),
        tuple(dict.fromkeys(drawing.strangers)),
        tuple(unused),
        deadline,
    )


def unread(function: Any) -> Deeds | None:
    """What is known of a function without reading its source."""
    return None


def steps_in(app: Any) -> list[Any]:
    """The agents, workflows, nodes and functions that are parts of something, itself excepted."""
    drawing = Drawing(RunConfig(), unread)
    entry = drawing.part_of(app)
    inner = [thing for id_, thing in drawing.objects.items() if id_ != entry]
    return [*inner, *(original for original in drawing.originals if original is not app)]


class Drawing:
    """A blueprint in the making.

    Attributes:
        parts: those that were met, by id.
        lines: those that were met.
        strangers: ways that lead to nobody.
        objects: what parts are, by id.
        originals: agents of other SDKs, of which parts were made.
    """

    def __init__(self, config: RunConfig, read: Read) -> None:
        self.config = config
        self._read = read
        self.parts: dict[str, Part] = {}
        self.lines: list[Line] = []
        self.strangers: list[Stranger] = []
        self.objects: dict[str, Any] = {}
        self.originals: list[Any] = []
        self._behind: dict[int, Any] = {}
        self._ids: dict[int, str] = {}
        self._named: dict[str, list[Handoff]] = {}

    def part_of(self, given: Any) -> str:
        """The id of the part that something is; it and all that it leads to are drawn when it is met first."""
        if isinstance(given, Session):
            given = given.graph
        known = self._ids.get(id(given))
        if known is not None:
            return known
        match given:
            case Agent():
                return self._agent(cast("Agent[Any]", given))
            case Team():
                return self._team(given)
            case Graph():
                return self._session(given)
            case Node():
                return self._node(given)
            case GuardedStep():
                return self._guard(cast("GuardedStep[Any, Any]", given))
            case Workflow():
                return self._workflow(cast("Workflow[Any, Any]", given))
            case _ if is_translatable(given):
                return self._translated(given)
            case _:
                return self._function(given)

    def line(self, source: str, target: Any, kind: LineKind, label: str = "", conditional: bool = False) -> None:
        """Draw a line to a step."""
        self.lines.append(Line(source, self.part_of(target), kind, label, conditional))

    def settle(self) -> None:
        """Draw what agents outside of any team name, and find what keeps agents from being run at all."""
        led_to = {line.target for line in self.lines if line.kind != "handoff" and self.parts[line.source].kind != "team"}
        led_to.add(next(iter(self.parts)))
        run = [id_ for id_, part in self.parts.items() if part.kind == "agent" and id_ in led_to]
        for id_ in (*run, *self._named):
            if self._named:
                self._resolve([id_])
        if self.strangers:  # which is why a roster could not be made
            return
        for id_ in (*run, *(id_ for id_, part in self.parts.items() if part.kind == "team")):
            try:
                roster = roster_of(self.objects[id_])
                _ = [roster[name] for name in roster.agents]
            except UserError as error:
                self.strangers.append(Stranger(id_, "", "handoff", why=str(error)))

    # the kinds -------------------------------------------------------------------------------------------------------

    def _agent(self, agent: Agent[Any]) -> str:
        try:
            model, no_model = _model_name(model_for(agent, self.config.model)), ""
        except UserError as error:
            model, no_model = "", str(error)
        id_ = self._new(
            agent,
            "agent",
            description=agent.description,
            model=model,
            no_model=no_model,
            misnamed=bool(no_model and (agent.model or self.config.model)),
            guards=(*(f"{guard.where}: {guard.name}" for guard in agent.guardrails), *model_guards(agent.model)),
            labels=labels_of(agent.output_type),
            only_hands_over=_only_hands_over(agent),
        )
        tools = tuple(tool_part(made, self.part_of, self._read) for made in agent.all_tools)
        self.parts[id_] = replace(self.parts[id_], tools=tools)
        for made, part in zip(agent.all_tools, tools, strict=True):
            if part.runs:
                self.lines.append(Line(id_, part.runs, "tool", made.name))
            else:
                self._calls(id_, source_of(made.invoke), made.name)
        for terms in agent.terms:
            if isinstance(terms.target, str):
                self._named.setdefault(id_, []).append(terms)
            else:
                self.line(id_, terms.target, "handoff", _terms(terms))
        return id_

    def _translated(self, given: Any) -> str:
        """Draw an agent of another SDK as its team, and without handoffs as the one agent that it is."""
        team: Team = given.team_to_inspect()
        self._remember(team)
        return self.part_of(team if len(team.agents) > 1 else team.first)

    def _remember(self, team: Team) -> None:
        """Note the agents of another SDK that a team was made of, so that each is drawn once."""
        originals: Mapping[str, Any] = getattr(team, "originals", {})
        self.originals += originals.values()
        self._behind |= {id(agent): originals[agent.name] for agent in team.agents if agent.name in originals}

    def _team(self, team: Team) -> str:
        self._remember(team)
        id_ = self._new(team, "team", description=team.description, answers=False)
        members = [self.part_of(agent) for agent in team.agents]
        self.line(id_, team.first, "entry")
        if team.last_resort is not None:
            self.line(id_, team.last_resort, "fallback", "fallback")
        self._resolve(members)
        return id_

    def _resolve(self, starts: Sequence[str]) -> None:
        """Draw the handoffs that name agents, of some agents and those that they lead to, which are who can be named."""
        reached: dict[str, str] = {}
        waiting = list(starts)
        while waiting:
            id_ = waiting.pop(0)
            if reached.setdefault(self.parts[id_].name, id_) == id_:
                waiting += [
                    line.target
                    for line in self.lines
                    if line.source == id_ and line.kind == "handoff" and line.target not in reached.values()
                ]
        for id_ in reached.values():
            for terms in self._named.pop(id_, ()):
                self._handoff(id_, terms, reached)

    def _handoff(self, source: str, terms: Handoff, names: Mapping[str, str]) -> None:
        target = names.get(terms.target_name)
        if target is None:
            self.strangers.append(Stranger(source, terms.target_name, "handoff", tuple(names)))
        else:
            self.lines.append(Line(source, target, "handoff", _terms(terms)))

    def _workflow(self, workflow: Workflow[Any, Any]) -> str:
        id_ = self._new(workflow, "workflow", what=workflow.KIND, description=workflow.description, answers=False)
        if isinstance(workflow, Route):
            self.parts[id_] = replace(self.parts[id_], sure_from=workflow.at_least, asks_back=workflow.clarify is not None)
            self.line(id_, workflow.classifier, "part", "classifier")
            self._classifier(workflow.classifier)
            for label, step in workflow.routes.items():
                self.line(id_, step, "route", label)
            if workflow.clarify is not None and not isinstance(workflow.clarify, str):
                self.line(id_, workflow.clarify, "part", "clarify")
            if workflow.fallback is not None:
                self.line(id_, workflow.fallback, "fallback", "fallback")
            return id_
        roles = roles_in(workflow)
        for number, (name, step) in enumerate(workflow.parts.items(), start=1):
            role = str(number) if workflow.KIND in ORDERED else roles.get(id(step), "")
            own = name if name != step_name(step) else ""
            self.line(id_, step, "part", ": ".join(filter(None, (role, own))))
        return id_

    def _classifier(self, given: Any) -> None:
        """What a function can say whose type does not say it, for others go by that."""
        id_ = self.part_of(given)
        if self.parts[id_].kind == "function" and self.parts[id_].labels is None:
            self.parts[id_] = replace(self.parts[id_], labels=texts_given(source_of(given)))

    def _guard(self, guard: GuardedStep[Any, Any]) -> str:
        id_ = self._new(guard, "guard", what=guard_name(guard.through))
        self.line(id_, guard.guarded, "part")
        return id_

    def _function(self, given: Any) -> str:
        function = source_of(given) or given
        doc = function_of(function)
        routes = labels_of_router(given)
        about = (doc.__doc__ or "").strip().partition("\n")[0] if doc is not None else ""
        id_ = self._new(
            given,
            "function",
            what="router" if isinstance(given, Router) else "",
            description=getattr(given, "description", "") or ("" if isinstance(given, Router) else about),
            labels=routes if routes is not None else labels_of_function(function),
            abstains=routes is not None,
            deeds=self._read(function),
            where=place_of(function),
        )
        self._calls(id_, function, "")
        for held in _held(given):
            self.line(id_, held, "calls")
        return id_

    def _session(self, graph: Graph) -> str:
        alone = list(graph.nodes.values())
        id_ = self._new(graph, "session", answers=False)
        for node in alone:
            self.part_of(node)
        for node in graph.entries:
            self.line(id_, node, "entry")
        for name, edges in graph.edges.items():
            for edge in edges:
                self.line(self.part_of(graph.nodes[name]), edge.target, "edge", _condition(edge), edge.when is not None)
        if graph.fallback is not None:
            self.line(id_, graph.fallback, "fallback", "fallback")
        names = {node.name: self.part_of(node) for node in alone}
        for node in alone:
            source = names[node.name]
            habits = self.parts[source].habits
            for target in habits.hands_to if habits is not None else ():
                if target in names:
                    self.lines.append(Line(source, names[target], "handoff"))
                else:
                    self.strangers.append(Stranger(source, target, "handoff", tuple(names)))
        return id_

    def _node(self, node: Node) -> str:
        step = node.step if isinstance(node, OutputNode) else None
        if isinstance(node, StepNode):  # the one node of a session over a step
            id_ = self._ids[id(node)] = self.part_of(step)
            return id_
        own = [kind for kind in type(node).__mro__ if is_of_user(kind)]
        kind: PartKind = "speaker" if node.speaks else "listener" if node.listens_only else "node"
        id_ = self._new(
            node,
            kind,
            what=type(node).__name__,
            description=(type(node).__doc__ or "").strip().partition("\n")[0] if own else "",
            answers=node.speaks,
            habits=habits_of(node, is_step),
            where=place_of(type(node)) if own else "",
        )
        if step is not None:
            self.line(id_, step, "runs")
        for held in _held(node):
            if held is not step and held is not node.graph:
                self.line(id_, held, "calls")
        for method in [method for kind in own for method in vars(kind).values() if isinstance(method, FunctionType)]:
            self._calls(id_, method, "", node.graph)
        return id_

    # what they have in common ----------------------------------------------------------------------------------------

    def _new(self, given: Any, kind: PartKind, **about: Any) -> str:
        called = getattr(given, "name", None)
        name = called if isinstance(called, str) and called else step_name(given)
        id_ = name if name not in self.parts else f"{name} ({kind})"
        count = 1
        while id_ in self.parts:
            count += 1
            id_ = f"{name} ({kind} {count})"
        self._ids[id(given)] = id_
        if id(given) in self._behind:
            self._ids[id(self._behind[id(given)])] = id_
        self.objects[id_] = given
        self.parts[id_] = Part(id_, kind, name, **about)
        return id_

    def _calls(self, source: str, function: Any, label: str, but: Any = None) -> None:
        """Lines to the steps that a function and the user's functions that it calls name."""
        for behind in functions_behind(function):
            for _, value in mentioned(behind):
                for step in _steps_in(value):
                    graph = step.graph if isinstance(step, Session) else step
                    if graph is not but and self._ids.get(id(step)) != source:
                        self.line(source, step, "calls", label)


def _only_hands_over(agent: Agent[Any]) -> bool:
    """Whether the settings make a model call what can only be a handoff; after a tool's result they do not hold any more."""
    choice = agent.settings.tool_choice
    if choice in (None, "auto", "none") or not agent.terms:
        return False
    if choice == "required":
        return not agent.all_tools
    return any(choice in transfer_names(terms.target_name) for terms in agent.terms)


def _held(given: Any) -> Iterator[Any]:
    """The steps that an object holds in its attributes, other nodes excepted."""
    for value in getattr(given, "__dict__", {}).values():
        yield from _steps_in(value)


def _steps_in(value: Any) -> Iterator[Any]:
    match value:
        case _ if is_step(value):
            yield value
        case dict():
            yield from filter(is_step, cast("dict[Any, Any]", value).values())
        case list() | tuple() | set() | frozenset():
            yield from filter(is_step, cast("list[Any]", value))
        case _:
            pass


def _condition(edge: Edge) -> str:
    """An edge's condition as it is drawn: a route by its name, a function by its own with a question mark."""
    if edge.when is None:
        return ""
    is_route = edge.label != "condition" and getattr(edge.when, "__name__", "") == "<lambda>"
    return edge.label if is_route else f"{edge.label}?"


def _terms(terms: Handoff) -> str:
    """What a handoff is drawn with: what it has to bring along, and what comes back."""
    wanted = terms.requires.__name__ if terms.requires is not None else ""
    return f"{wanted} → {terms.returns.__name__}".strip() if terms.returns is not None else wanted


def _model_name(model: Any) -> str:
    name: Any = getattr(model, "name", None)
    return name if isinstance(name, str) and name else type(model).__name__
