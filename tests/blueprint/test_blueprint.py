"""What a blueprint knows of an application without running it, and what it says of graphs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Agent, Event, HandoffEvent, Node, OutputNode, RunConfig, Runner, Session, UserError, parallel, sequential
from switchroom.blueprint import Blueprint, Habits, Line, Part, blueprint_of, is_step, steps_in
from switchroom.step import Scope
from switchroom.testing import FunctionModel

CONFIG = RunConfig(model=FunctionModel(lambda request: "hello"))
writer = Agent("writer")
critics = {"first": Agent("first"), "second": Agent("second")}


def lines_of(app: Any) -> list[tuple[str, str, str, str]]:
    return [(line.source, line.kind, line.target, line.label) for line in blueprint_of(app, CONFIG).lines]


# whom functions name ------------------------------------------------------------------------------------------------------


async def judged(text: str) -> list[str]:
    return [(await Runner.run(critic, text)).final_output for critic in critics.values()]


async def written(text: str, scope: Scope) -> str:
    """Have a text written and judged."""
    draft = await scope.call(writer, text)
    return " ".join([draft, *await judged(draft)])


def test_a_function_calls_whom_it_names_also_by_functions_of_its_own_and_in_dicts():
    assert lines_of(written) == [
        ("written", "calls", "writer", ""),
        ("written", "calls", "first", ""),
        ("written", "calls", "second", ""),
    ]


def test_an_attribute_of_the_same_name_is_nobody():
    async def other(text: str, scope: Any) -> str:
        return scope.writer

    assert lines_of(other) == []


def test_what_stands_around_a_function_is_named_as_well():
    inner = Agent("inner")

    def made(step: Any) -> Any:
        async def run(text: str, scope: Scope) -> str:
            return await scope.call(step, text)

        return run

    assert lines_of(made(inner)) == [("run", "calls", "inner", "")]


def test_a_function_of_a_notebook_is_described_by_its_own_docstring():
    code = """
from supportgenie.policy import dollars
from switchroom import parallel
from switchroom.blueprint import blueprint_of

def price(text: str) -> str:
    'Say a price.'
    return dollars(500)

print([part.description for part in blueprint_of(parallel(price)).parts])
"""
    # As in a notebook, the functions of a program that is passed as an argument belong to no file.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['', 'Say a price.']\n"


def test_an_object_that_is_a_step_calls_what_it_holds():
    class Chain:
        """Calls two."""

        def __init__(self) -> None:
            self.steps = [Agent("one"), parallel(Agent("two"), Agent("three"))]

        async def __call__(self, text: str, scope: Scope) -> str:
            return text

    lines = lines_of(Chain())
    assert [line for line in lines if line[0] == "Chain"] == [("Chain", "calls", "one", ""), ("Chain", "calls", "parallel", "")]


def test_parts_are_met_once_however_many_lead_to_them():
    shared = Agent("shared")
    blueprint = blueprint_of(sequential(parallel(a=shared, b=shared), shared), CONFIG)
    assert [part.id for part in blueprint.parts] == ["sequential", "parallel", "shared"]


def test_the_steps_in_something_are_its_parts_and_not_itself():
    one, two = Agent("one"), Agent("two", handoffs=[writer])
    assert steps_in(sequential(one, two)) == [one, two, writer]
    assert all(map(is_step, [one, sequential(one, two), Session(one)]))
    assert not any(map(is_step, [written, Node("n"), "text"]))


def test_what_is_no_step_is_refused():
    with pytest.raises(UserError, match="is not a step"):
        blueprint_of(3)


# what nodes do -------------------------------------------------------------------------------------------------------------

TILL = "till"


class Busy(OutputNode):
    """Does much."""

    async def process_event(self, event: Event) -> None:
        where = "front" if self.context.messages else "back"
        event.metadata["route"] = where
        if event.metadata.get("again"):
            event.metadata["route"] = TILL
        await self.send_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target=TILL, reason="pays"))
        for name in ("x", "y"):
            await self.send_event(HandoffEvent(target=name, reason="any"))
        yield "hello"


class Inherits(Busy):
    """Does the same, and says nothing else."""


@pytest.mark.parametrize("kind", [Busy, Inherits])
def test_routes_and_handoffs_are_read_from_the_source(kind: type[Node]):
    session = Session()
    session.add_node(kind("busy"))
    [habits] = [part.habits for part in blueprint_of(session, CONFIG).parts if part.id == "busy"]
    assert habits == Habits(
        own_way=True,
        passes_on=True,
        sends=True,
        routes=("back", "front", "till"),
        hands_to=("till",),
        hands_to_any=True,
    )


@pytest.mark.parametrize(
    ("node", "passes_on"), [(Node("n"), True), (OutputNode("n"), False), (Inherits("n"), True)], ids=["node", "speaker", "own"]
)
def test_who_passes_messages_on(node: Node, passes_on: bool):
    session = Session()
    session.add_node(node)
    habits = blueprint_of(session, CONFIG)["n"].habits
    assert habits is not None
    assert habits.passes_on is passes_on


def test_a_session_over_a_step_begins_with_that():
    assert lines_of(Session(writer)) == [("session", "entry", "writer", "")]


# graphs --------------------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, set[tuple[int, int]]]:
    count = draw(st.integers(1, 7))
    ends = st.integers(0, count - 1)
    return count, set(draw(st.lists(st.tuples(ends, ends), max_size=14)))


def of(count: int, pairs: set[tuple[int, int]]) -> Blueprint:
    parts = tuple(Part(str(number), "agent", str(number)) for number in range(count))
    return Blueprint("app", "0", parts, tuple(Line(str(a), str(b), "handoff") for a, b in sorted(pairs)))


def closed(count: int, pairs: set[tuple[int, int]]) -> list[list[bool]]:
    """Which leads to which, by Warshall's algorithm."""
    leads = [[(a, b) in pairs for b in range(count)] for a in range(count)]
    for middle in range(count):
        for a in range(count):
            for b in range(count):
                leads[a][b] = leads[a][b] or (leads[a][middle] and leads[middle][b])
    return leads


@given(graphs())
def test_reach_and_circles_are_those_of_the_graph(graph: tuple[int, set[tuple[int, int]]]):
    count, pairs = graph
    leads, blueprint = closed(count, pairs), of(count, pairs)
    for start in range(count):
        assert blueprint.reached([str(start)]) == {str(end) for end in range(count) if leads[start][end] or end == start}
    circles = {frozenset(map(int, circle)) for circle in blueprint.circles("handoff")}
    assert circles == {frozenset(b for b in range(count) if leads[a][b] and leads[b][a]) for a in range(count) if leads[a][a]}
    assert list(blueprint.circles("edge")) == []
