"""Findings about routes: those without a target, those that nobody takes, and what happens to what fits none."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Line, Part
from switchroom.check.finding import Finding, quoted


def without_target(app: Blueprint) -> Iterator[Finding]:
    """A route can be named to which nothing leads, and nobody takes what is left."""
    for flow, routes, labels in _workflows(app):
        missing = [label for label in labels or () if _bare(label) not in map(_bare, routes)]
        if missing and not flow.asks_back and not app.out_of(flow.id, "fallback"):
            yield Finding(
                "route-without-target",
                "error",
                flow.who,
                f"The classifier of '{flow.name}' may say {quoted(missing, 'or')}, and no route of that name leads anywhere.",
                f"Add the route, or route(..., fallback=...), who takes what no route does. There is {list(routes)}.",
                flow.where,
            )
    for node, edges in _routers(app):
        assert node.habits is not None, "a router is a node"
        missing = [route for route in node.habits.routes if route not in (line.label for line in edges)]
        if missing:
            caught = any(app.out_of(session.id, "fallback") for session in app.of_kind("session"))
            rest = "only the fallback answers such a message" if caught else "such a message reaches nobody"
            yield Finding(
                "route-without-target",
                "warning" if caught else "error",
                node.who,
                f"Node '{node.name}' routes to {quoted(missing)}, and no edge takes that: {rest}.",
                f"Add session.add_edge('{node.name}', '...', when='{missing[0]}'), or an edge without a condition.",
                node.where,
            )


def unused(app: Blueprint) -> Iterator[Finding]:
    """A route leads somewhere, and is never named."""
    for flow, routes, labels in _workflows(app):
        if labels is not None:
            never = [route for route in routes if _bare(route) not in map(_bare, labels)]
            if never:
                yield Finding(
                    "unused-route",
                    "warning",
                    flow.who,
                    f"'{flow.name}' has the route {quoted(never)}, and its classifier only says {quoted(labels, 'or')}.",
                    "Let the classifier say it, or remove the route and who stands behind it.",
                    flow.where,
                )
    for node, edges in _routers(app):
        assert node.habits is not None, "a router is a node"
        never = [line.label for line in edges if line.label not in node.habits.routes]
        if never and node.habits.routes and not node.habits.any_route:
            yield Finding(
                "unused-route",
                "warning",
                node.who,
                f"An edge of node '{node.name}' takes the route {quoted(never)}, which it never writes on an event.",
                "Write the route where it belongs, or remove the edge and who stands behind it.",
                node.where,
            )


def missing_fallback(app: Blueprint) -> Iterator[Finding]:
    """There is nobody for what nobody takes."""
    for flow, routes, labels in _workflows(app):
        unsure = flow.sure_from is not None or _classifier(app, flow).abstains
        typed = labels is not None and not unsure  # then what is missing is a route
        if not flow.asks_back and not app.out_of(flow.id, "fallback") and not typed:
            case = "is not sure, or " if unsure else ""
            yield Finding(
                "missing-fallback",
                "error",
                flow.who,
                f"Nobody answers when the classifier of '{flow.name}' {case}names none of {list(routes)}.",
                "Pass route(..., fallback=...), who takes what no route does, or clarify=, which asks back.",
                flow.where,
            )
    yield from _of_teams(app)
    yield from _of_sessions(app)


def _of_teams(app: Blueprint) -> Iterator[Finding]:
    circles = list(app.circles("handoff"))
    for team in app.of_kind("team"):
        [entry] = [line.target for line in app.out_of(team.id, "entry")]
        members = app.reached([entry], "handoff")
        round_about = [circle for circle in circles if circle[0] in members]
        if round_about and not app.out_of(team.id, "fallback"):
            names = " -> ".join([app[id].name for id in [*round_about[0], round_about[0][0]]])
            yield Finding(
                "missing-fallback",
                "warning",
                team.who,
                f"Handoffs of team '{team.name}' can go in a circle ({names}), and nobody is there who breaks it.",
                "Pass Team(..., fallback=...), who answers when the others only hand over.",
                team.where,
            )


def _of_sessions(app: Blueprint) -> Iterator[Finding]:
    for session in app.of_kind("session"):
        if app.out_of(session.id, "fallback"):
            continue
        starts = [line.target for line in app.out_of(session.id, "entry")]
        below = [app[id] for id in app.reached(starts, "edge", "handoff")]
        if not any(part.answers for part in below) or any(surely_answered(app, start) for start in starts):
            continue
        dropping = [node for node in app.parts if node.habits is not None and _drops(app, node)]
        surely = [node for node in dropping if _drops_surely(app, node)]
        level = "error" if surely else "warning"
        says = "Nobody takes what no node answers: the person hears only that something went wrong."
        if dropping:
            node = (surely or dropping)[0]
            says = f"Each edge of node '{node.name}' has a condition; what meets none of them is answered by nobody."
        remedy = "Pass Session(fallback=...), an OutputNode or an agent that helps, apologises, or offers a person."
        yield Finding("missing-fallback", level, session.who, says, remedy)


def _drops(app: Blueprint, node: Part) -> bool:
    """Whether a node may pass on what meets the condition of none of its edges."""
    edges = _to_others_than_listeners(app, node)
    return not node.answers and bool(edges) and all(line.conditional for line in edges) and not _covers(app, node)


def _drops_surely(app: Blueprint, node: Part) -> bool:
    """Whether no edge takes what a node can write, or does not write: any route at all, or none where messages enter."""
    habits = node.habits
    by_name = not any(line.label.endswith("?") for line in _to_others_than_listeners(app, node))
    if habits is None or not by_name:
        return False
    return (habits.any_route and not habits.routes) or (habits.may_not_route and not app.into(node.id, "edge"))


def _to_others_than_listeners(app: Blueprint, node: Part) -> list[Line]:
    return [line for line in app.out_of(node.id, "edge") if app[line.target].kind != "listener"]


def _covers(app: Blueprint, node: Part) -> bool:
    """Whether a node writes routes on events that are all known, and each is taken by an edge."""
    habits = node.habits
    taken = [line.label for line in app.out_of(node.id, "edge") if line.conditional]
    if habits is None or not habits.routes or habits.any_route or habits.may_not_route:
        return False
    return all(route in taken for route in habits.routes)


def surely_answered(app: Blueprint, id: str, above: tuple[str, ...] = ()) -> bool:
    """Whether a message that comes to a node is answered there, or reaches a speaker who answers all that reaches it."""
    node = app[id]
    if node.habits is None or id in above:
        return False
    if node.answers and not node.habits.own_way:
        return True
    if not node.habits.passes_on:
        return False
    edges = app.out_of(id, "edge")
    if any(surely_answered(app, line.target, (*above, id)) for line in edges if not line.conditional):
        return True
    routed = [line for line in edges if line.conditional and line.label in node.habits.routes]
    return _covers(app, node) and all(surely_answered(app, line.target, (*above, id)) for line in routed)


def _workflows(app: Blueprint) -> Iterator[tuple[Part, list[str], tuple[str, ...] | None]]:
    """The workflows that route: each with its routes, and what its classifier can say."""
    for flow in app.of_kind("workflow"):
        if flow.what == "route":
            yield flow, [line.label for line in app.out_of(flow.id, "route")], _classifier(app, flow).labels


def _classifier(app: Blueprint, flow: Part) -> Part:
    [classifier] = [line.target for line in app.out_of(flow.id, "part") if line.label == "classifier"]
    return app[classifier]


def _routers(app: Blueprint) -> Iterator[tuple[Part, list[Line]]]:
    """The nodes whose edges all take a route by its name."""
    for node in app.parts:
        edges = _to_others_than_listeners(app, node)
        if node.habits is not None and edges and all(line.conditional and not line.label.endswith("?") for line in edges):
            yield node, edges


def _bare(label: str) -> str:
    return label.strip().replace("-", "_").replace(" ", "_").casefold()
