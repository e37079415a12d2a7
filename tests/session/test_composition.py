"""A session's graph as a step of a larger run: wherever an agent may stand, also when that run fails and is resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from switchroom import (
    Budget,
    OutputNode,
    Runner,
    Session,
    debate,
    fallback,
    parallel,
    refine,
    route,
    sequential,
    supervisor,
    vote,
)
from switchroom.model import ModelRequest
from switchroom.session import Graph
from switchroom.testing import call
from switchroom.workflow import Branches, budgeted
from switchroom.wrap import (
    Bulkhead,
    CircuitBreaker,
    RateLimit,
    breaking,
    bulkhead,
    hedged,
    rate_limited,
    retrying,
    timed,
)
from tests.helpers import World as Line
from tests.helpers import asked_by_person, keeping, last
from tests.workflow.cuts import World, check_every_cut, failing

Build: TypeAlias = Callable[[World, "Answer"], Any]
Answer: TypeAlias = str | Callable[[ModelRequest], Any]


def graph(world: World, answer: Answer = "from the graph", name: str = "inside") -> Graph:
    """A graph of one node, whose agent is counted."""
    session = Session()
    session.add_node(OutputNode("desk", step=world.agent(name, answer)))
    return session.graph


def joined(found: Branches) -> str:
    return "; ".join(f"{name}={value}" for name, value in found.items())


def manages(request: ModelRequest) -> Any:
    return call("session", input="look") if asked_by_person(request) else f"It says: {last(request)}"


def critic(world: World) -> Any:
    return world.agent("critic", "true", output_type=bool)


def by_a_function(world: World, answer: Answer) -> Any:
    inner = graph(world, answer)

    async def by_function(input: Any, scope: Any) -> str:
        return f"called: {await scope.call(inner, input)}"

    return by_function


COMPOSITIONS: dict[str, Build] = {
    "itself": lambda world, answer: graph(world, answer),
    "sequential": lambda world, answer: sequential(graph(world, answer), str.upper),
    "after a function": lambda world, answer: sequential(str.upper, graph(world, answer)),
    "after typed data": lambda world, answer: sequential(lambda text: {"asked": text}, graph(world, answer)),  # pyright: ignore[reportUnknownLambdaType]
    "over a state": lambda world, answer: sequential(graph(world, answer), state={"begun": True}),
    "parallel": lambda world, answer: parallel(a=graph(world, answer), b=str.upper),
    "joined": lambda world, answer: parallel(a=str.upper, join=graph(world, answer)),
    "two at once": lambda world, answer: parallel(a=graph(world, answer), b=graph(world, answer, "other"), join=joined),
    "route": lambda world, answer: route(str.upper, {"GO": graph(world, answer)}),
    "classifier": lambda world, answer: route(graph(world, "go"), {"go": str.upper}),
    "vote": lambda world, answer: vote(graph(world, "yes"), str.lower, world.agent("voter", "yes")),
    "debate": lambda world, answer: debate(graph(world, answer), world.agent("against", "no"), rounds=2),
    "judge": lambda world, answer: debate(world.agent("for", "yes"), world.agent("against", "no"), judge=graph(world, answer)),
    "writer": lambda world, answer: refine(graph(world, answer), critic(world)),
    "fallback": lambda world, answer: fallback(failing("first"), graph(world, answer)),
    "supervisor": lambda world, answer: supervisor(world.agent("boss", manages), workers={"session": graph(world, answer)}),
    "tool": lambda world, answer: world.agent("boss", manages, tools=[graph(world, answer)]),
    "budgeted": lambda world, answer: budgeted(graph(world, answer), Budget(turns=5)),
    "function": by_a_function,
    "node": lambda world, answer: within(graph(world, answer)),
    "timed": lambda world, answer: timed(graph(world, answer), 30),
    "retrying": lambda world, answer: retrying(graph(world, answer), wait=0),
    "breaking": lambda world, answer: breaking(graph(world, answer), CircuitBreaker()),
    "bulkhead": lambda world, answer: bulkhead(graph(world, answer), Bulkhead(at_once=1)),
    "rate limited": lambda world, answer: rate_limited(graph(world, answer), RateLimit(requests=1000)),
    "hedged": lambda world, answer: hedged(graph(world, answer), 30, repeat_effects=True),
    "guards in one another": lambda world, answer: timed(retrying(sequential(graph(world, answer)), wait=0), 30),
}


def within(inner: Graph) -> Graph:
    """A graph whose node is answered by another graph."""
    session = Session()
    session.add_node(OutputNode("outer", step=inner))
    return session.graph


composition = pytest.mark.parametrize("build", COMPOSITIONS.values(), ids=list(COMPOSITIONS))


@composition
async def test_what_fails_after_a_graph_is_resumed_and_the_graph_is_not_asked_again(build: Build):
    whole, world, line = World(), World(), Line()

    def once(found: Any) -> str:
        line.touch()
        return f"at last: {found}"

    line.down = False
    expected = await Runner.run(sequential(build(whole, "from the graph"), once), "go")
    line.down = True
    step, config = sequential(build(world, "from the graph"), once), keeping()
    with pytest.raises(ConnectionError):
        await Runner.run(step, "go", conversation="c", config=config)
    line.down = False
    result = await Runner.resume(step, conversation="c", config=config)
    assert result.final_output == expected.final_output
    assert world.asked == whole.asked
    assert world.asked["inside"] > 0


@composition
async def test_what_a_graph_stands_in_goes_on_after_a_crash_at_any_fact(build: Build):
    await check_every_cut(lambda world: build(world, lambda request: f"heard {last(request)}"))
