"""The result of a turn is the same, attribute by attribute, from the run and from a resume after the turn has finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from switchroom import (
    Agent,
    OutputNode,
    RunConfig,
    Runner,
    RunResult,
    Session,
    Team,
    ToolContext,
    debate,
    fallback,
    parallel,
    refine,
    route,
    sequential,
    supervisor,
    tool,
    vote,
)
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.session import Graph
from switchroom.testing import FunctionModel, call
from switchroom.wrap import retrying, timed
from tests.helpers import asked_by_person, last
from tests.laws.worlds import CONVERSATION, cut, kept
from tests.workflow.cuts import World, failing


class Case(BaseModel):
    """The shared state."""

    open: bool = True
    notes: list[str] = []


class Report(BaseModel):
    """A typed output."""

    title: str


class Options(NamedTuple):
    """What a run and a resume of its turn are given.

    Args:
        run: to `Runner.run`.
        config: to both.
        resumed: to the config of the resume besides.
    """

    run: dict[str, Any] = {}
    config: dict[str, Any] = {}
    resumed: dict[str, Any] = {}


async def count(conversation: str) -> dict[str, str]:
    return {"of": conversation}


OPTIONS: dict[str, Options] = {
    "no state": Options(),
    "a state": Options({"state": Case(notes=["first"])}, {}, {"state_type": Case}),
    "a declared state": Options({"state": Case(notes=["first"])}, {"state_type": Case}),
    "a factory": Options({}, {"state": lambda conversation: Case(notes=[conversation])}),  # pyright: ignore[reportUnknownLambdaType]
    "a factory and its type": Options({}, {"state": lambda conversation: Case(), "state_type": Case}),  # pyright: ignore[reportUnknownLambdaType]
    "handles": Options({"deps": {"of": "the caller"}}, {}),
    "made handles": Options({}, {"deps": count}),
}


@tool(effect="idempotent")
async def close(ctx: ToolContext) -> str:
    """Close the case, where there is one."""
    if ctx.state is not None:
        await ctx.update(open=False)
    return "closed"


def closing(name: str = "clerk", answer: str = "It is closed.", **options: Any) -> Agent[Any]:
    model = FunctionModel(lambda request: call("close") if asked_by_person(request) else answer)
    return Agent(name, model=model, tools=[close], **options)


def team() -> Team:
    first = Agent("first", model=FunctionModel(lambda request: call("transfer_to_clerk", reason="theirs")), handoffs=["clerk"])
    clerk = Agent("clerk", model=FunctionModel(lambda request: f"Read: {last(request)}"))
    return Team([first, clerk])


def greets(request: ModelRequest) -> str:
    return f"{request.agent} heard: {last(request)}"


def echo(name: str, **options: Any) -> Agent[Any]:
    return Agent(name, model=FunctionModel(greets), **options)


async def typed(text: str) -> Report:
    return Report(title=text)


async def closes(text: str, scope: Any) -> Report:
    if scope.state is not None:
        await scope.update(open=False, notes=[text])
    return Report(title=text)


def graph(*steps: Any) -> Graph:
    session = Session()
    for number, step in enumerate(steps):
        session.add_node(OutputNode(f"node{number}", step=step))
    return session.graph


STEPS: dict[str, Callable[[], Any]] = {
    "agent": lambda: closing(),
    "typed agent": lambda: closing(answer='{"title": "bees"}', output_type=Report),
    "team": team,
    "function": lambda: closes,
    "typed function": lambda: typed,
    "sequential": lambda: sequential(echo("first"), closing(), typed),
    "ending with an agent": lambda: sequential(typed, echo("first"), closing()),
    "parallel": lambda: parallel(a=echo("first"), b=typed, c=failing("third")),
    "joined": lambda: parallel(a=echo("first"), b=typed, join=closing()),
    "route": lambda: route(str.upper, {"GO": closing(), "AND ON": echo("second")}),
    "vote": lambda: vote(echo("first"), echo("second"), echo("third")),
    "debate": lambda: debate(echo("for"), echo("against"), judge=closing()),
    "refine": lambda: refine(echo("writer"), World().agent("critic", "true", output_type=bool)),
    "fallback": lambda: fallback(failing("first"), closing()),
    "supervisor": lambda: supervisor(closing("boss"), workers={"typed": typed}),
    "timed": lambda: timed(closing(), 30),
    "guards in one another": lambda: timed(retrying(sequential(typed, closing())), 30),
    "graph": lambda: graph(closing()),
    "graph of functions": lambda: graph(str.upper),
    "graph in a workflow": lambda: sequential(graph(closing()), typed),
    "graph of a workflow": lambda: graph(sequential(str.upper, closing())),
}


def seen(result: RunResult[Any]) -> dict[str, Any]:
    """All that a result says; agents by name, for a fresh process has its own."""
    found = {name: getattr(result, name) for name in dir(RunResult) if not name.startswith("_")}
    agent = found["last_agent"]
    found["last_agent"] = None if agent is None else agent.name
    found["events"], found["messages"] = list(found["events"]), list(found["messages"])
    return found


@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@pytest.mark.parametrize("build", STEPS.values(), ids=list(STEPS))
async def test_a_finished_turn_gives_the_same_result_again(build: Callable[[], Any], options: Options):
    journal = MemoryJournal()
    step = build()
    config = RunConfig(journal=journal, **options.config)
    for input in ("go", "and on"):
        live = seen(await Runner.run(step, input, conversation=CONVERSATION, config=config, **options.run))
        for again, where in ((step, journal), (build(), cut(kept(journal)))):
            resuming = RunConfig(journal=where, **options.config, **options.resumed)
            resumed = seen(await Runner.resume(again, conversation=CONVERSATION, config=resuming))
            assert resumed == live
            assert type(resumed["final_output"]) is type(live["final_output"])
