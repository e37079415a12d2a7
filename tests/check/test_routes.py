"""Findings about routes: what is said of each, and that its remedy is one."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import (
    Agent,
    Event,
    Node,
    Session,
    Team,
    route,
)
from switchroom.session import MessageEvent
from tests.check.findings import Picks, Says, findings, found, graph


class Kind(Enum):
    """What may be asked."""

    DATA = "data"
    CHARTS = "charts"


class Sorted(BaseModel):
    """What is asked."""

    category: Kind
    confidence: float = 1.0


class Place(Enum):
    """Where something is."""

    MAP = "maps"


def sort(text: str) -> Kind:
    """Sort a text."""
    return Kind.DATA


@pytest.mark.parametrize("classifier", [sort, Agent("classifier", output_type=Sorted)], ids=["function", "agent"])
def test_a_route_without_a_target(classifier: Any):
    data, charts = Agent("data"), Agent("charts")
    wrong = route(classifier, {"data": data})
    [finding] = findings(wrong, "route-without-target")
    assert "'charts'" in finding.says
    assert finding.level == "error"
    for mended in (
        route(classifier, {"data": data, "charts": charts}),
        route(classifier, {"Data": data, "CHARTS": charts}),
        route(classifier, {"data": data}, fallback=Agent("general")),
        route(classifier, {"data": data}, clarify="Which?"),
    ):
        assert findings(mended, "route-without-target") == []


def test_a_literal_says_what_there_is_as_well():
    def sort(text: str) -> Literal["data", "charts"]:
        return "data"

    assert len(findings(route(sort, {"data": Agent("data")}), "route-without-target")) == 1


def test_nobody_for_what_is_no_route():
    def sort(text: str) -> str:
        return text

    routes = {"data": Agent("data")}
    wrong, mended = route(sort, routes), route(sort, routes, fallback=Agent("general"))
    assert found(wrong, mended, "missing-fallback") == snapshot(
        (
            "error",
            "Nobody answers when the classifier of 'route' names none of ['data'].",
            "Pass route(..., fallback=...), who takes what no route does, or clarify=, which asks back.",
        )
    )
    assert findings(route(sort, routes, clarify=Agent("asks")), "missing-fallback") == []


def test_nobody_for_what_is_not_sure():
    typed = Agent("classifier", output_type=Sorted)
    routes = {"data": Agent("data"), "charts": Agent("charts")}
    wrong, mended = route(typed, routes, at_least=0.6), route(typed, routes)
    assert found(wrong, mended, "missing-fallback") == snapshot(
        (
            "error",
            "Nobody answers when the classifier of 'route' is not sure, or names none of ['data', 'charts'].",
            "Pass route(..., fallback=...), who takes what no route does, or clarify=, which asks back.",
        )
    )


def test_a_router_says_which_routes_it_knows_and_may_name_nobody():
    class ByWords:
        """Sorts by words, if there are any that it knows."""

        name = "by_words"
        routes = ("data", "charts")

        async def __call__(self, input: str, scope: Any) -> str | None:
            return next((route for route in self.routes if route in input), None)

    data, charts, general = Agent("data"), Agent("charts"), Agent("general")
    assert found(
        route(ByWords(), {"data": data}), route(ByWords(), {"data": data}, fallback=general), "route-without-target"
    ) == snapshot(
        (
            "error",
            "The classifier of 'route' may say 'charts', and no route of that name leads anywhere.",
            "Add the route, or route(..., fallback=...), who takes what no route does. There is ['data'].",
        )
    )
    both = {"data": data, "charts": charts}
    assert found(route(ByWords(), both), route(ByWords(), both, fallback=general), "missing-fallback") == snapshot(
        (
            "error",
            "Nobody answers when the classifier of 'route' is not sure, or names none of ['data', 'charts'].",
            "Pass route(..., fallback=...), who takes what no route does, or clarify=, which asks back.",
        )
    )


def test_a_route_that_is_never_named():
    routes = {"data": Agent("data"), "charts": Agent("charts"), "maps": Agent("maps")}
    wrong = route(sort, routes, fallback=Agent("general"))
    mended = route(sort, {name: step for name, step in routes.items() if name != "maps"}, fallback=Agent("general"))
    assert found(wrong, mended, "unused-route") == snapshot(
        (
            "warning",
            "'route' has the route 'maps', and its classifier only says 'data' or 'charts'.",
            "Let the classifier say it, or remove the route and who stands behind it.",
        )
    )


class Routes(Node):
    """Routes to sales, or to support."""

    async def process_event(self, event: Event) -> None:
        text = getattr(event, "content", "")
        event.metadata["route"] = "sales" if "buy" in text else "support"
        await self.send_event(event)


class RoutesAnywhere(Node):
    """Routes to whom the first word names."""

    async def process_event(self, event: Event) -> None:
        event.metadata["route"] = getattr(event, "content", "x").split()[0]
        await self.send_event(event)


def routed(router: Node, *routes: str, **options: Any) -> Session:
    nodes = [router, *(Says(name) for name in routes)]
    return graph(nodes, [(router, name, name) for name in routes], **options)


def test_a_route_that_no_edge_takes_and_an_edge_whose_route_is_never_written():
    wrong, mended = routed(Routes("hall"), "sales", "billing"), routed(Routes("hall"), "sales", "support")
    assert found(wrong, mended, "route-without-target") == snapshot(
        (
            "error",
            "Node 'hall' routes to 'support', and no edge takes that: such a message reaches nobody.",
            "Add session.add_edge('hall', '...', when='support'), or an edge without a condition.",
        )
    )
    [caught] = findings(routed(Routes("hall"), "sales", "billing", fallback=Says("last")), "route-without-target")
    assert (caught.level, "only the fallback answers such a message" in caught.says) == ("warning", True)
    wrong, mended = routed(Routes("hall"), "sales", "billing"), routed(Routes("hall"), "sales", "support")
    assert found(wrong, mended, "unused-route") == snapshot(
        (
            "warning",
            "An edge of node 'hall' takes the route 'billing', which it never writes on an event.",
            "Write the route where it belongs, or remove the edge and who stands behind it.",
        )
    )
    assert findings(routed(RoutesAnywhere("hall"), "sales"), "route-without-target") == []
    assert findings(routed(RoutesAnywhere("hall"), "sales"), "unused-route") == []


def test_a_session_in_which_a_message_may_meet_no_condition():
    wrong = routed(RoutesAnywhere("hall"), "sales")
    mended = routed(RoutesAnywhere("hall"), "sales", fallback=Agent("reception"))
    assert found(wrong, mended, "missing-fallback") == snapshot(
        (
            "error",
            "Each edge of node 'hall' has a condition; what meets none of them is answered by nobody.",
            "Pass Session(fallback=...), an OutputNode or an agent that helps, apologises, or offers a person.",
        )
    )
    with_an_else = routed(RoutesAnywhere("hall"), "sales")
    with_an_else.add_node(Says("general"))
    with_an_else.add_edge("hall", "general")
    assert findings(with_an_else, "missing-fallback") == []
    assert findings(routed(Routes("hall"), "sales", "support"), "missing-fallback") == []


class RoutesSome(Node):
    """Routes what it knows, and passes on the rest as it is."""

    async def process_event(self, event: Event) -> None:
        if "buy" in str(getattr(event, "content", "")):
            event.metadata["route"] = "sales"
        await self.send_event(event)


class RoutesMessages(Node):
    """Routes each message, and passes on other events as they are."""

    async def process_event(self, event: Event) -> None:
        if isinstance(event, MessageEvent):
            event.metadata["route"] = "sales"
        await self.send_event(event)


def test_a_message_on_which_no_route_is_written():
    wrong, mended = routed(RoutesSome("hall"), "sales"), routed(RoutesMessages("hall"), "sales")
    level, says, _ = found(wrong, mended, "missing-fallback")
    assert (level, says) == snapshot(
        ("error", "Each edge of node 'hall' has a condition; what meets none of them is answered by nobody.")
    )
    upstream = graph(
        [RoutesMessages("door"), RoutesSome("hall"), Says("sales")], [("door", "hall"), ("hall", "sales", "sales")]
    )
    assert [finding.level for finding in findings(upstream, "missing-fallback")] == ["warning"]


def test_conditions_that_are_functions_may_take_everything_together():
    nodes = [Node("hall"), Says("a"), Says("b")]

    def early(event: Event) -> bool:
        return event.id < "5"

    def late(event: Event) -> bool:
        return not early(event)

    edges = [("hall", "a", early), ("hall", "b", late)]
    assert [finding.level for finding in findings(graph(nodes, edges), "missing-fallback")] == ["warning"]


def test_what_a_function_returns_says_which_routes_there_are():
    def sort(text: str) -> str:
        if "chart" in text:
            return "charts"
        return "data" if "number" in text else Place.MAP.value

    routes = {"data": Agent("data"), "charts": Agent("charts")}
    assert [finding.code for finding in findings(route(sort, routes), "route-without-target")] == ["route-without-target"]
    assert findings(route(sort, routes), "missing-fallback") == []
    assert findings(route(sort, {**routes, "maps": Agent("maps")}), "route-without-target") == []


def test_specialists_who_may_all_pass_are_a_warning():
    wrong = graph([Routes("hall"), Picks("sales"), Picks("support")], [("hall", "sales"), ("hall", "support")])
    [finding] = findings(wrong, "missing-fallback")
    assert finding.level == "warning"


def test_a_team_whose_handoffs_go_round_with_nobody_who_breaks_the_circle():
    agents = [Agent("a", handoffs=["b"]), Agent("b", handoffs=["a"])]
    assert found(Team(agents), Team(agents, fallback="a"), "missing-fallback") == snapshot(
        (
            "warning",
            "Handoffs of team 'a' can go in a circle (a -> b -> a), and nobody is there who breaks it.",
            "Pass Team(..., fallback=...), who answers when the others only hand over.",
        )
    )
    assert findings(Team([Agent("a", handoffs=["b"]), Agent("b")]), "missing-fallback") == []
